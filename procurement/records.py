"""From rows to what the documents print (``documents.content``): plain, dated, complete."""

from fractions import Fraction

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from catalog.models import Offer, Software
from catalog.pricing import Estimate, PriceLine, Size, tax_rate, total
from catalog.search.facets import BY_NAME, category_tree
from catalog.search.filters import Filters
from catalog.search.page import SORTS
from marketplace.accounts.enums import Role

from .documents import content
from .rules import term_years


def person(user, agency) -> content.Person:
    """A person as documents name them: with the post held in that agency."""
    memberships = [m for m in user.active_memberships if m.agency_id == agency.pk]
    officer_first = sorted(memberships, key=lambda m: m.role != Role.OFFICER)
    return {"name": user.name, "post": officer_first[0].post if officer_first else ""}


def procurement_content(procurement) -> content.Procurement:
    return {
        "reference": procurement.reference,
        "title": procurement.title,
        "agency": procurement.agency.name,
        "officer": person(procurement.officer, procurement.agency),
        "purpose": procurement.purpose,
        "budget_yen": str(procurement.budget_yen),
        "budget_tax": "included",
        "term": {"start": procurement.term_from.isoformat(), "end": procurement.term_to.isoformat()},
    }


def company_content(company) -> content.Company:
    # A sole proprietor's number is GビズID's own, not a 法人番号.
    number = None if company.is_sole_proprietor else company.corporate_number
    return {"name": company.name, "corporate_number": number}


def estimate(offer, procurement) -> Estimate:
    """What ``offer`` costs this procurement over its term. Uses prefetched price lines; no query then."""
    lines = [
        PriceLine(
            item=row.item,
            timing=row.timing,
            unit=row.unit,
            amount_yen=row.amount_yen,
            from_quantity=row.from_quantity,
            to_quantity=row.to_quantity,
            tax_included=row.tax_included,
        )
        for row in offer.price_lines.all()
    ]
    size = Size(users=procurement.users, residents=procurement.residents)
    years = term_years(procurement.term_from, procurement.term_to)
    return total(lines, size, years, tax_rate(procurement.term_from))


def price_content(found: Estimate) -> content.Price | None:
    """The calculation behind a price, tax in; None where the seller publishes no price for this size."""
    if found.total is None:
        return None
    lines: list[content.PriceLine] = []
    for item in found.items:
        if item.line is None:
            continue  # a quantity of zero: nothing is charged
        lines.append(
            {
                "item": item.item,
                "unit": str(item.unit.label),
                "amount_yen": _decimal(Fraction(item.line.amount_yen)),
                "quantity": str(item.quantity),
                "times": item.periods,
                "subtotal_yen": _decimal(item.charge),
            }
        )
    adjustment = found.total.including_tax - sum((item.charge or Fraction(0) for item in found.items), Fraction(0))
    return {
        "lines": lines,
        "adjustment_yen": _decimal(adjustment),
        "total_yen": str(found.total.including_tax),
        "tax": "included",
    }


def criteria_in_words(params: dict) -> list[content.Criterion]:
    """The search's conditions as a person reads them, in the order of the form."""
    words: list[content.Criterion] = []
    if query := params.get("q"):
        words.append({"label": _("検索語"), "value": query if isinstance(query, str) else query[-1]})
    filters = Filters.from_params(params)
    for name, values in filters.chosen.items():
        kind = BY_NAME[name]
        labels = {node.slug: node.label for node in category_tree()} if name == "category" else kind.labels
        words.append({"label": str(kind.label), "value": _("または").join(str(labels[value]) for value in values)})
    if filters.price_min is not None:
        words.append({"label": _("年間価格（下限）"), "value": f"{filters.price_min:,}円"})
    if filters.price_max is not None:
        words.append({"label": _("年間価格（上限）"), "value": f"{filters.price_max:,}円"})
    if filters.availability_min is not None:
        words.append({"label": _("稼働率（下限）"), "value": f"{filters.availability_min}%"})
    return words


def selection_content(procurement, search, candidates, *, locked_at, locked_by, note) -> content.SelectionContent:
    """Everything the selection rests on. ``candidates`` with software, offer, their makers, sellers and revisions."""
    listed = Software.objects.listed().count()
    query = [
        (key, value)
        for key, values in search.params.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {
        "procurement": procurement_content(procurement),
        "round": procurement.searches.count(),
        "search": {
            "criteria": criteria_in_words(search.params),
            "query": urlencode(query),
            "ordering": str(SORTS["relevance"]),
            "price_basis": _("利用者%(users)s人、%(years)d年間の総額")
            % {
                "users": f"{procurement.users:,}",
                "years": term_years(procurement.term_from, procurement.term_to),
            },
            "searched_at": search.searched_at.isoformat(),
            "result_count": len(candidates),
        },
        "catalogue": {
            "as_of": search.searched_at.isoformat(),
            "software": listed,
            "offers": Offer.objects.listed().filter(software__status="listed").count(),
        },
        "candidates": [_candidate(candidate, procurement) for candidate in candidates],
        "note": note,
        "locked_at": locked_at.isoformat(),
        "locked_by": person(locked_by, procurement.agency),
    }


def _candidate(candidate, procurement) -> content.Candidate:
    return {
        "number": candidate.position,
        "software": {
            **_revision(candidate.software, candidate.software_revision),
            "name": candidate.software_revision.content["name"],
            "maker": company_content(candidate.software.maker),
        },
        "offer": {**_revision(candidate.offer, candidate.offer_revision), "kind": candidate.offer.kind},
        "seller": company_content(candidate.offer.seller),
        "price": price_content(estimate(candidate.offer, procurement)),
        "decision": "dropped" if candidate.is_dropped else "kept",
        "reason": candidate.drop_reason,
    }


def _revision(subject, revision) -> content.Revision:
    return {"reference": subject.reference, "number": revision.number, "digest": f"sha256:{revision.digest}"}


def _decimal(amount: Fraction) -> str:
    """Plain decimal text: amounts have two places at most, so this always ends."""
    cents = amount * 100
    whole, rest = divmod(abs(cents.numerator // cents.denominator), 100)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:02}".removesuffix(".00") if rest else f"{sign}{whole}"
