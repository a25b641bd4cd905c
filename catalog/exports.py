"""From listings to interchange lines: what `imports` reads, in the order of registration."""

from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Prefetch

from marketplace.companies.facts import facts_of
from marketplace.companies.models import Company

from .interchange import Line, OfferLine, Party
from .models import Offer, Software

CHUNK = 250


def export_catalog() -> Iterator[Line]:
    """Yield every listed software with its listed offers, from approved revisions, as of one moment. Memory stays flat."""
    offers = (
        Offer.objects.listed()
        .select_related("seller", "listed_revision")
        .prefetch_related("seller__snapshots")
        .order_by("pk")
    )
    software = (
        Software.objects.listed()
        .select_related("maker", "listed_revision")
        .prefetch_related("maker__snapshots", Prefetch("offers", offers, to_attr="listed_offers"))
        .order_by("pk")
    )
    own = not connection.in_atomic_block
    with transaction.atomic():
        if own:
            # One snapshot for the cursor and for what is fetched beside it.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for row in software.iterator(chunk_size=CHUNK):
            if row.listed_offers:
                yield _line(row)


def _line(software: Software) -> Line:
    return Line(
        reference=software.reference,
        maker=_party(software.maker),
        content=software.listed_revision.content,
        offers=tuple(
            OfferLine(seller=_party(offer.seller), content=offer.listed_revision.content)
            for offer in software.listed_offers
        ),
    )


def _party(company: Company) -> Party:
    facts = facts_of(company).facts
    return Party(
        corporate_number=company.corporate_number,
        name=company.name,
        established_on=facts.established_on,
        capital_yen=facts.capital_yen,
        employees=facts.employees,
        jsic=facts.jsic_code,
        sole_proprietor=company.is_sole_proprietor,
    )
