"""Reads listings from the live rows as the plain dictionaries ``document.build_document`` takes."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db.models import Prefetch, prefetch_related_objects

from marketplace import clock
from marketplace.companies.enums import Answer, Question
from marketplace.companies.facts import startup_verdict
from marketplace.companies.models import Company
from marketplace.companies.rules.verdicts import every, negate

from .. import pricing
from ..enums import SoftwareStatus
from .facets import millipercent
from .prices import price_pieces

REFERENCE_SIZE = pricing.Size(
    users=100, residents=50_000, devices=100, cases_per_year=10_000, gigabytes=100, gigabytes_per_year=100
)
"""The body whose yearly price is compared where a buyer gave no size of their own: a city of 50,000, 100 users."""


def listed_pks() -> Iterator[int]:
    """Primary keys of all listed software, in order."""
    software = apps.get_model("catalog", "Software").objects.filter(status=SoftwareStatus.LISTED)
    return software.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5000)


def read_listings(pks: Iterable[int]) -> Iterator[dict]:
    """Yield those of ``pks`` that are listed, in a fixed number of queries."""
    Software, Offer, Category = (apps.get_model("catalog", name) for name in ("Software", "Offer", "Category"))
    offers = Offer.objects.listed().select_related("seller").prefetch_related("price_lines").order_by("pk")
    found = (
        Software.objects.filter(pk__in=pks, status=SoftwareStatus.LISTED)
        .select_related("maker")
        .prefetch_related(
            Prefetch("categories", Category.objects.select_related("parent").order_by("pk")),
            "certifications",
            Prefetch("offers", offers, to_attr="listed_offers"),
        )
        .order_by("pk")
    )
    found = list(found)
    verdicts = _verdicts({offer.seller_id: offer.seller for each in found for offer in each.listed_offers}.values())
    tax = pricing.tax_rate(clock.today())
    for software in found:
        sellers = [verdicts[offer.seller_id] for offer in software.listed_offers]
        yield {
            "id": software.pk,
            "reference": software.reference,
            "name": software.name,
            "name_kana": software.name_kana,
            **({"name_en": software.name_en} if software.name_en else {}),  # few have one: the others' digest stays
            "summary": software.summary,
            "description": software.description,
            "maker": software.maker.name,
            "sellers": sorted({offer.seller.name for offer in software.listed_offers}),
            "categories": [_category(category) for category in software.categories.all()],
            "target": sorted(software.target_bodies),
            "delivery": sorted(software.delivery),
            "certification": sorted({certification.scheme for certification in software.certifications.all()}),
            "integration": sorted(software.integrations),
            "standard_task": sorted(software.standard_tasks),
            "sme": _any_yes(sme for sme, _ in sellers),
            "startup": _any_yes(startup for _, startup in sellers),
            "price": min(
                filter(_is_known, (_yearly_price(offer, tax) for offer in software.listed_offers)), default=None
            ),
            "availability": millipercent(software.availability_percent),
            "prices": [
                piece for offer in software.listed_offers for piece in price_pieces(_lines(offer), REFERENCE_SIZE, tax)
            ],
            "more": sorted({line.item for offer in software.listed_offers for line in offer.price_lines.all()}),
            "adoptions": software.adoption_count,
            "listed_at": software.listed_at,
        }


def _category(category) -> dict:
    """A category with its ancestors, root first."""
    path = [category.parent, category] if category.parent else [category]
    return {
        "bit": category.bit,
        "path": [each.slug for each in path],
        "names": [text for each in path for text in (each.name, each.name_en)],
    }


def _yearly_price(offer, tax) -> int | None:
    """What a later year costs the reference body, in yen with tax; None where the price table does not tell."""
    estimate = pricing.total(_lines(offer), REFERENCE_SIZE, 1, tax)
    return estimate.running_year and estimate.running_year.including_tax


def _lines(offer) -> list[pricing.PriceLine]:
    fields = ("item", "timing", "unit", "amount_yen", "from_quantity", "to_quantity", "tax_included")
    return [pricing.PriceLine(**{name: getattr(line, name) for name in fields}) for line in offer.price_lines.all()]


def _is_known(price: int | None) -> bool:
    return price is not None  # 0 is a price


def _any_yes(answers: Iterable[Answer]) -> str:
    """A listing is a startup's (an SME's) when one of its sellers is: the buyer can buy it from them."""
    answers = set(answers)
    if Answer.YES in answers:
        return "yes"
    return "no" if answers == {Answer.NO} else "cannot_tell"


def _verdicts(companies: Iterable[Company]) -> dict[int, tuple[Answer, Answer]]:
    """For each company whether it is an SME (and not deemed large), and whether it is a startup, today."""
    companies = list(companies)
    prefetch_related_objects(companies, "snapshots")
    today = clock.today()
    answers = {}
    for company in companies:
        verdict = startup_verdict(company, today)
        sme = every([verdict.part(Question.SME).answer, negate(verdict.part(Question.DEEMED_LARGE).answer)])
        answers[company.pk] = (sme, verdict.answer)
    return answers
