"""The evaluation: a document in, a result out. Nothing else in the product computes points."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from .document import DIVISION_COMPONENT, Bid, Criterion, Document
from .exact import Amount, decimal_text, rounded
from .formulas import FORMULAS, Terms
from .ranking import Entry, rank
from .result import BidResult, Reason, Result
from .vocabulary import Aggregate, BidStatus, CriterionKind, MandatoryRule, Outcome

RULES_VERSION: Final = "1"  # raised whenever a document could get another result than before
ZERO: Final = Fraction(0)


@dataclass(frozen=True)
class Assessment:
    """What can be said of one bid without looking at the others. `outcome` is None while it is in the running."""

    bid: Bid
    outcome: Outcome | None = None
    reasons: tuple[Reason, ...] = ()
    technical: Amount | None = None
    bonus: Amount | None = None

    @property
    def merit(self) -> Fraction:
        """Technical points with bonuses."""
        return sum((points.value for points in (self.technical, self.bonus) if points is not None), ZERO)


@dataclass(frozen=True)
class Score:
    """What the price makes of an admitted bid."""

    total: Amount
    price_points: Amount | None = None
    components: Mapping[str, Amount] | None = None
    outcome: Outcome = Outcome.RANKED
    reasons: tuple[Reason, ...] = ()


def evaluate(document: Document) -> Result:
    """Score and rank every bid of a document.

    Raises DocumentError only if a lot must be drawn for which the document lacks a number or an order.
    """
    assessments = [assess(document, bid) for bid in document.bids]
    admitted = [assessment for assessment in assessments if assessment.outcome is None]
    standard = standard_value(document)
    if document.division is None:
        scores = score_by_addition(document, admitted)
    else:
        scores = score_by_division(document, admitted, standard)

    entries = [
        Entry(assessment.bid, score.total.value, assessment.merit, assessment.bid.total_price)
        for assessment in admitted
        if (score := scores[assessment.bid.id]).outcome is Outcome.RANKED
    ]
    standing = rank(entries, document)
    return Result(
        document_digest=document.digest,
        rules_version=RULES_VERSION,
        standard_value=standard,
        bids=tuple(_bid_result(assessment, scores, standing.ranks) for assessment in assessments),
        tie=standing.tie,
        winner=standing.winner,
        provisional=standing.provisional,
        next=standing.next,
    )


def _bid_result(assessment: Assessment, scores: Mapping[str, Score], ranks: Mapping[str, int]) -> BidResult:
    bid = assessment.bid
    if assessment.outcome is not None:
        return BidResult(
            id=bid.id,
            outcome=assessment.outcome,
            reasons=assessment.reasons,
            technical_points=assessment.technical,
        )
    score = scores[bid.id]
    return BidResult(
        id=bid.id,
        outcome=score.outcome,
        reasons=score.reasons,
        technical_points=assessment.technical,
        bonus_points=assessment.bonus,
        price_points=score.price_points,
        price_components=score.components,
        total=score.total,
        rank=ranks.get(bid.id),
    )


# One bid by itself


def assess(document: Document, bid: Bid) -> Assessment:
    """Admit a bid to scoring or say why not.

    In the order in which a tender excludes: not a valid bid; above the ceiling (会計法29条の6: 予定価格の制限の範囲内); a
    mandatory criterion unmet (rules.md C.4: no score); technical points below the minimum.
    """
    if bid.status is not BidStatus.VALID:
        return Assessment(bid, Outcome(bid.status.value))
    if document.ceiling_price is not None and bid.total_price > document.ceiling_price:
        texts = {"price": decimal_text(bid.total_price), "ceiling": decimal_text(document.ceiling_price)}
        return Assessment(bid, Outcome.OVER_CEILING, (Reason("over_ceiling", texts),))
    unmet = tuple(unmet_criteria(document, bid))
    if unmet:
        return Assessment(bid, Outcome.DISQUALIFIED, unmet)
    technical = technical_points(document, bid)
    minimum = document.technical.minimum
    if minimum is not None and technical.value < minimum:
        texts = {"technical_points": str(technical), "minimum": decimal_text(minimum)}
        return Assessment(bid, Outcome.BELOW_MINIMUM, (Reason("below_minimum", texts),), technical)
    return Assessment(bid, technical=technical, bonus=Amount(bonus_points(document, bid)))


def unmet_criteria(document: Document, bid: Bid) -> Iterable[Reason]:
    """The mandatory criteria that fail the bid. A bid with given technical points was judged before it came here."""
    if bid.marks is None:
        return
    for criterion in document.criteria:
        if criterion.kind is CriterionKind.MANDATORY:
            unmet = sum(marks[criterion.id] is False for marks in bid.marks.values())
            if fails(document.mandatory_rule, unmet, len(bid.marks)):
                yield Reason(
                    "mandatory_unmet", {"criterion": criterion.id, "unmet": unmet, "evaluators": len(bid.marks)}
                )


def fails(rule: MandatoryRule, unmet: int, evaluators: int) -> bool:
    """Whether `unmet` of `evaluators` are enough (岩手県: one; 長崎県: 過半数を超える; 京都市: all; rules.md C.4)."""
    if rule is MandatoryRule.UNANIMOUS:
        return unmet == evaluators
    if rule is MandatoryRule.MAJORITY:
        return 2 * unmet > evaluators
    return unmet > 0


def technical_points(document: Document, bid: Bid) -> Amount:
    """The technical points: as given, or each criterion aggregated and rounded, summed, scaled, based and rounded."""
    if bid.marks is None:
        return Amount(bid.technical_points or ZERO)
    rule = document.technical
    raw = ZERO
    for criterion in document.criteria:
        if criterion.kind is CriterionKind.SCORED:
            points = aggregate(_marks_of(criterion, bid), rule.aggregate)
            raw += rounded(points, rule.criterion_rounding).value
    if rule.raw_maximum is not None and rule.points is not None:
        raw = raw * rule.points / rule.raw_maximum
    return rounded(raw + rule.base_points, rule.rounding)


def _marks_of(criterion: Criterion, bid: Bid) -> list[Fraction]:
    return [Fraction(marks[criterion.id]) for marks in (bid.marks or {}).values()]


def aggregate(marks: Sequence[Fraction], how: Aggregate) -> Fraction:
    """One number from the evaluators' marks (rules.md C.5). At least one mark, three for the trimmed mean.

    The median of an even number is the mean of the middle two; the trimmed mean drops one highest and one lowest.
    """
    if how is Aggregate.MEAN:
        return sum(marks, ZERO) / len(marks)
    ordered = sorted(marks)
    if how is Aggregate.MEDIAN:
        return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return sum(ordered[1:-1], ZERO) / (len(ordered) - 2)


def bonus_points(document: Document, bid: Bid) -> Fraction:
    """The bid's bonuses. Of one group only the highest counts (ワーク・ライフ・バランス, rules.md C.10)."""
    points = ZERO
    groups: dict[str, Fraction] = {}
    for bonus in document.bonuses:
        if bonus.id not in bid.bonuses:
            continue
        if bonus.group is None:
            points += bonus.points
        else:
            groups[bonus.group] = max(bonus.points, groups.get(bonus.group, bonus.points))
    return points + sum(groups.values(), ZERO)


# The admitted bids together


def score_by_addition(document: Document, admitted: Sequence[Assessment]) -> dict[str, Score]:
    """加算方式: technical points, bonuses and the points of every price component."""
    # Only bids that are scored set the lowest price: a bid that is out must not push the others' points down.
    lowest = {
        component.id: min((assessment.bid.prices[component.id] for assessment in admitted), default=ZERO)
        for component in document.components
    }
    scores: dict[str, Score] = {}
    for assessment in admitted:
        components = {}
        for component in document.components:
            terms = Terms(
                price=assessment.bid.prices[component.id],
                lowest=lowest[component.id],
                ceiling=document.ceiling_price,
                threshold=document.low_price_threshold,
                ratio=component.ratio,
            )
            points = component.points * FORMULAS[component.formula].share(terms)
            components[component.id] = rounded(points, component.rounding)
        price_points = sum((points.value for points in components.values()), ZERO)
        total = rounded(assessment.merit + price_points, document.total_rounding)
        scores[assessment.bid.id] = Score(total, Amount(price_points), components)
    return scores


def standard_value(document: Document) -> Amount | None:
    """基準評価値 = standard points ÷ ceiling × scale, rounded as the values are (rules.md C.9); None where there is none."""
    division = document.division
    if division is None or division.standard_points is None or document.ceiling_price is None:
        return None
    return rounded(division.standard_points / document.ceiling_price * division.scale, division.rounding)


def score_by_division(document: Document, admitted: Sequence[Assessment], standard: Amount | None) -> dict[str, Score]:
    """除算方式: 評価値 = (technical points + bonuses) ÷ price × scale. A value below the standard is out."""
    division = document.division
    scores: dict[str, Score] = {}
    if division is None:
        return scores
    for assessment in admitted:
        price = assessment.bid.prices[DIVISION_COMPONENT]
        value = rounded(assessment.merit / price * division.scale, division.rounding)
        total = rounded(value.value, document.total_rounding, digits=value.digits)
        if standard is not None and value.value < standard.value:
            reason = Reason("below_standard", {"value": str(value), "standard": str(standard)})
            scores[assessment.bid.id] = Score(total, outcome=Outcome.BELOW_STANDARD, reasons=(reason,))
        else:
            scores[assessment.bid.id] = Score(total)
    return scores
