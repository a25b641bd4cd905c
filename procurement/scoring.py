"""Between the tender's rows and the evaluation document. All arithmetic is the engine's."""

from collections import Counter
from decimal import Decimal

from marketplace.companies.facts import startup_verdict

from .enums import BidStatus, ClaimStatus, CriterionKind
from .evaluation import evaluate, parse_document
from .models import BonusClaim, Mark
from .sealing import unseal

_STATUS = {BidStatus.SUBMITTED: "valid", BidStatus.WITHDRAWN: "withdrawn", BidStatus.INVALID: "invalid"}


def text(number: Decimal) -> str:
    """A decimal as the document wants it: no exponent, no idle zeros."""
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def rule_document(tender) -> dict:
    """The published rule: an evaluation/1 document without bids and without the secret prices."""
    return tender.rule | {
        "format": "evaluation/1",
        "title": tender.procurement.title,
        "ceiling_price": None,
        "low_price_threshold": None,
        "criteria": [_criterion(criterion) for criterion in tender.criteria.all()],
        "bonuses": [
            {"id": bonus.key, "label": bonus.label, "points": text(bonus.points), "group": bonus.group or None}
            for bonus in tender.bonuses.all()
        ],
        "bids": [],
    }


def _criterion(criterion) -> dict:
    if criterion.kind == CriterionKind.MANDATORY:
        return {"id": criterion.key, "kind": "mandatory"}
    return {"id": criterion.key, "kind": "scored", "points": text(criterion.points), "scale": criterion.scale}


def price_components(rule: dict) -> list[str]:
    """The prices a bid must name, by component id."""
    if rule.get("method") == "division":
        return ["total"]
    return [component["id"] for component in rule["price"]["components"]]


def evaluation_document(tender) -> dict:
    """The complete document from the frozen rule, the opened prices, the marks and the accepted bonus claims."""
    bids = list(
        tender.bids.filter(status__in=_STATUS)
        .select_related("company", "invitation__candidate__software")
        .order_by("pk")
    )
    names = bid_names(bids)
    marks: dict[int, dict[str, dict]] = {}
    for row in (
        _marks_of(tender).select_related("assignment", "criterion").order_by("assignment__pk", "criterion__position")
    ):
        by_evaluator = marks.setdefault(row.bid_id, {}).setdefault(row.assignment.key, {})
        by_evaluator[row.criterion.key] = _mark(row)
    claims: dict[int, list[str]] = {}
    for bid_id, key in _accepted_claims(tender).order_by("bonus__pk").values_list("bid_id", "bonus__key"):
        claims.setdefault(bid_id, []).append(key)

    document = tender.rule | unseal(tender.sealed_limits, bound_to=tender.reference)
    document["held_on"] = tender.opened_at.astimezone().date().isoformat()
    document["bids"] = []
    for order, bid in enumerate(bids, start=1):
        entry: dict = {"id": names[bid.pk], "status": _STATUS[BidStatus(bid.status)]}
        if bid.prices is not None:
            entry["prices"] = bid.prices
        if tender.takes_given_points:
            if bid.technical_points is not None:
                entry["technical_points"] = f"{bid.technical_points:f}"
        elif bid.pk in marks:
            entry["marks"] = marks[bid.pk]
        if bid.pk in claims:
            entry["bonuses"] = claims[bid.pk]
        if bid.lot_number is not None:
            entry["lot_number"] = bid.lot_number
        entry["lot_order"] = order
        document["bids"].append(entry)
    return document


def bid_names(bids) -> dict[int, str]:
    """How each bid is called in the document: the bidder's name, with the software or the reference if that is not enough."""
    names = {bid.pk: bid.company.name for bid in bids}
    for make in (_with_software, _with_reference):
        doubled = {name for name, count in Counter(names.values()).items() if count > 1}
        names = {bid.pk: make(bid) if names[bid.pk] in doubled else names[bid.pk] for bid in bids}
    return names


def _with_software(bid) -> str:
    candidate = bid.invitation.candidate
    return f"{bid.company.name}（{candidate.software.name}）" if candidate else bid.company.name


def _with_reference(bid) -> str:
    return f"{bid.company.name}（{bid.reference}）"


def _marks_of(tender):
    # An evaluator with a conflict has no say, whatever was marked before.
    return Mark.objects.filter(assignment__tender=tender, assignment__has_conflict=False, bid__status__in=_STATUS)


def _accepted_claims(tender):
    return BonusClaim.objects.filter(bid__tender=tender, bid__status__in=_STATUS, status=ClaimStatus.ACCEPTED)


def _mark(mark):
    if mark.is_met is not None:
        return mark.is_met
    return mark.letter or text(mark.points)


def result_of(document: dict) -> dict:
    """The engine's result as JSON. Raises DocumentError with every fault."""
    return evaluate(parse_document(document)).as_dict()


def winning_bid(tender, evaluation):
    """The bid that the evaluation names as winner, or None."""
    bids = list(
        tender.bids.filter(status=BidStatus.SUBMITTED)
        .select_related("company", "invitation__candidate__software")
        .order_by("pk")
    )
    every = list(
        tender.bids.filter(status__in=_STATUS)
        .select_related("company", "invitation__candidate__software")
        .order_by("pk")
    )
    names = bid_names(every)
    return next((bid for bid in bids if names[bid.pk] == evaluation.result["winner"]), None)


def startup_derivation(tender, company, *, statement: str) -> dict:
    """Why ``company`` is, is not, or may be a startup at the tender's reference date: answer and reasons, as data."""
    return startup_verdict(
        company, tender.startup_reference_date, years=tender.startup_years, statement=statement
    ).as_dict()
