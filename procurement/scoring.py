"""Between the tender's rows and the evaluation document. All arithmetic is the engine's."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.companies.facts import startup_verdict

from .documents import wording
from .enums import BidStatus, ClaimStatus, CriterionKind
from .evaluation import Document, DocumentError, evaluate, parse_document
from .evaluation.engine import aggregate
from .evaluation.exact import decimal_text, rounded
from .models import Bid, BonusClaim, Mark
from .sealing import unseal

_STATUS = {BidStatus.SUBMITTED: "valid", BidStatus.WITHDRAWN: "withdrawn", BidStatus.INVALID: "invalid"}


def text(number: Decimal) -> str:
    """A decimal as the document wants it: no exponent, no idle zeros."""
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def rule_document(tender) -> dict:
    """The published rule: an evaluation/1 document without bids and without the secret prices."""
    return compose_rule(tender.procurement.title, tender.rule, tender.criteria.all(), tender.bonuses.all())


def compose_rule(title: str, rule: dict, criteria, bonuses) -> dict:
    """As ``rule_document``, of rows that need not be stored yet: what a form holds can be shown to the engine."""
    return rule | {
        "format": "evaluation/1",
        "title": title,
        "ceiling_price": None,
        "low_price_threshold": None,
        "criteria": [_criterion(criterion) for criterion in criteria],
        "bonuses": [
            {"id": bonus.key, "label": bonus.label, "points": text(bonus.points), "group": bonus.group or None}
            for bonus in bonuses
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


_SECRET = {"ceiling_price": "2", "low_price_threshold": "1"}  # stand for prices that must not be told, to read a rule


def read_rule(rule: dict) -> Document:
    """The rule as the engine understands it, whatever its secret prices. Raises DocumentError with every fault."""
    return parse_document(rule | _SECRET)


def rule_in_words(rule: dict) -> list[tuple[str, str]]:
    """Label and words of every published part of the rule; the secret prices are named, not told."""
    words = wording.rule_facts(read_rule(rule))
    secret = {_("予定価格"), _("調査基準価格")}
    return [(label, _("開札まで公表しません") if label in secret else text) for label, text in words]


@dataclass(frozen=True)
class Weights:
    """What can be earned: ``bonus`` is the most over all groups; ``price`` None in the division method."""

    technical: Fraction
    bonus: Fraction
    price: Fraction | None

    @property
    def facts(self) -> list[tuple[str, str]]:
        named = [(_("技術点"), self.technical), (_("加点措置"), self.bonus), (_("価格点"), self.price)]
        whole = sum((points for _label, points in named if points), Fraction(0))
        return [(name, self._earned(points, of=whole)) for name, points in named if points]

    def _earned(self, points: Fraction, *, of: Fraction) -> str:
        words = _("%(points)s点") % {"points": decimal_text(points)}
        if self.price is None:
            return words
        return _("%(points)s（%(percent)s％）") % {"points": words, "percent": _percent(points / of)}


def weights(document: Document) -> Weights:
    """How technical merit, bonuses and price weigh against each other under the rule."""
    technical = document.technical.most
    if technical is None:
        technical = document.technical.base_points + sum((c.points for c in document.criteria), Fraction(0))
    groups: dict[str, Fraction] = {}
    for bonus in document.bonuses:
        key = f"group:{bonus.group}" if bonus.group else f"id:{bonus.id}"
        groups[key] = max(groups.get(key, Fraction(0)), bonus.points)
    price = sum((component.points for component in document.components), Fraction(0)) if document.components else None
    return Weights(technical, sum(groups.values(), Fraction(0)), price)


def _percent(share: Fraction) -> str:
    return decimal_text(Fraction(round(share * 1000), 10))


def trial(rule: dict, *, ceiling_price, low_price_threshold, bids: list[dict]) -> dict:
    """What invented bids would come to under ``rule``. ``bids`` as in the document, with technical_points.

    Raises DocumentError with every fault.
    """
    limits = {
        "ceiling_price": None if ceiling_price is None else str(ceiling_price),
        "low_price_threshold": None if low_price_threshold is None else str(low_price_threshold),
    }
    return result_of(rule | limits | {"bids": bids})


def criterion_points(document: Document) -> dict[str, dict[str, str]]:
    """What the marks of each bid came to on each criterion: bid id → criterion id → points, or 適合 2/3.

    A criterion nobody marked is left out: it is not zero.
    """
    rule = document.technical
    table: dict[str, dict[str, str]] = {}
    for bid in document.bids:
        cells = table.setdefault(bid.id, {})
        for criterion in document.criteria:
            marks = [marks[criterion.id] for marks in (bid.marks or {}).values() if criterion.id in marks]
            if not marks:
                continue
            if criterion.kind == CriterionKind.MANDATORY:
                cells[criterion.id] = _("適合 %(met)d/%(all)d") % {"met": marks.count(True), "all": len(marks)}
            else:
                points = aggregate([Fraction(mark) for mark in marks], rule.aggregate)
                cells[criterion.id] = str(rounded(points, rule.criterion_rounding))
    return table


def needs_lot_number(tender) -> bool:
    """A tie may come to a lot, and the rule puts no number in place of one that is missing."""
    rule = tender.rule
    return "lot" in rule["ties"] and rule["lot"]["missing_number"] is None and not tender.takes_given_points


def evaluation_document(tender) -> dict:
    """The complete document from the frozen rule, the opened prices, the marks and the accepted bonus claims."""
    bids = evaluated_bids(tender)
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
    document["held_on"] = timezone.localdate(tender.opened_at, timezone.get_default_timezone()).isoformat()
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


def evaluated_bids(tender) -> list[Bid]:
    """The bids an evaluation names, in the order they came. One taken back and handed in anew counts once."""
    newer = Bid.objects.filter(invitation=OuterRef("invitation"), pk__gt=OuterRef("pk"))
    return list(
        tender.bids.filter(status__in=_STATUS)
        .exclude(Exists(newer), status=BidStatus.WITHDRAWN)
        .select_related("company", "invitation__candidate__software")
        .order_by("pk")
    )


def bid_names(bids) -> dict[int, str]:
    """How each bid is called in the document: the bidder's name, with the software or the reference if that is not enough."""
    names = {bid.pk: bid.company.name for bid in bids}
    for make in (_with_software, _with_reference):
        doubled = {name for name, count in Counter(names.values()).items() if count > 1}
        names = {bid.pk: make(bid) if names[bid.pk] in doubled else names[bid.pk] for bid in bids}
    return names


def names_in(evaluation, bids) -> dict[int, str]:
    """How ``evaluation`` calls each of ``bids``, the ``evaluated_bids`` of its tender.

    As on the day it was computed: a bidder that is called otherwise by now is still the bidder of that result.
    """
    return {bid.pk: entry["id"] for bid, entry in zip(bids, evaluation.document["bids"], strict=True)}


def _with_software(bid) -> str:
    candidate = bid.invitation.candidate
    return f"{bid.company.name}（{candidate.software.name}）" if candidate else bid.company.name


def _with_reference(bid) -> str:
    return f"{bid.company.name}（{bid.reference}）"


def _marks_of(tender):
    # An evaluator with a conflict, or who left without handing in, has no say, whatever was marked before.
    return Mark.objects.filter(
        assignment__tender=tender,
        assignment__has_conflict=False,
        assignment__submitted_at__isnull=False,
        bid__status__in=_STATUS,
    )


def _accepted_claims(tender):
    return BonusClaim.objects.filter(bid__tender=tender, bid__status__in=_STATUS, status=ClaimStatus.ACCEPTED)


def _mark(mark):
    if mark.is_met is not None:
        return mark.is_met
    return mark.letter or text(mark.points)


def result_of(document: dict) -> dict:
    """The engine's result as JSON. Raises DocumentError with every fault."""
    return evaluate(parse_document(document)).as_dict()


def winning_bid(tender, evaluation) -> Bid | None:
    """The bid that the evaluation names as winner, or None."""
    bids = evaluated_bids(tender)
    names = names_in(evaluation, bids)
    return next(
        (bid for bid in bids if names[bid.pk] == evaluation.result["winner"] and bid.status == BidStatus.SUBMITTED),
        None,
    )


def fault_lines(error: DocumentError) -> str:
    """Every fault the engine found, one a line, for whoever made the rule."""
    return "\n".join(fault_line(fault) for fault in error.faults)


def fault_line(fault) -> str:
    """What is wrong with the rule and where, in the language of the screen."""
    return _("%(message)s（%(path)s）") % {"message": fault.message(wording.language()), "path": fault.path}


def startup_derivation(tender, company, *, statement: str) -> dict:
    """Why ``company`` is, is not, or may be a startup at the tender's reference date: answer and reasons, as data."""
    return startup_verdict(
        company, tender.startup_reference_date, years=tender.startup_years, statement=statement
    ).as_dict()
