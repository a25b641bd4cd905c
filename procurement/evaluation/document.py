"""The evaluation document (`evaluation/1`): what it may say, and how it is read.

`parse_document` accepts decoded JSON and answers with a frozen `Document`, or raises `DocumentError` naming every fault by
its JSON path. A document that parses can be scored; only a lot can still fail, because whether one is needed shows when
the totals are known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeVar

from .canonical import digest
from .exact import Rounding
from .faults import DocumentError, Fault
from .formulas import FORMULAS
from .reading import Cursor, quote
from .vocabulary import Aggregate, BidStatus, CriterionKind, Formula, MandatoryRule, Method, RoundingMode, TieRule

DIVISION_COMPONENT: Final = "total"  # a division document prices this one component
ROUNDING_DIGITS: Final = 10
TRIMMED_MEAN_EVALUATORS: Final = 3  # with fewer nothing is left once the highest and the lowest are dropped
MAX_EVALUATORS: Final = 100
MAX_CRITERIA: Final = 1_000
MAX_COMPONENTS: Final = 100
ONE: Final = Fraction(1)

T = TypeVar("T")


class _Format(StrEnum):
    EVALUATION_1 = "evaluation/1"


@dataclass(frozen=True)
class Technical:
    """How technical points are computed (rules.md C.4, C.5)."""

    points: Fraction | None  # the maximum that `raw_maximum` is scaled to
    base_points: Fraction  # 基礎点, for having met every mandatory criterion
    raw_maximum: Fraction | None
    minimum: Fraction | None  # below it a bid is out; bonuses do not help
    aggregate: Aggregate
    criterion_rounding: Rounding | None
    rounding: Rounding | None

    @property
    def most(self) -> Fraction | None:
        """The most a bid can have; None where the document sets no maximum."""
        return None if self.points is None else self.points + self.base_points


@dataclass(frozen=True)
class Criterion:
    """One criterion. A mandatory one has no points; a scored one is marked by letters if it has a scale."""

    id: str
    kind: CriterionKind
    points: Fraction = Fraction(0)
    scale: Mapping[str, Fraction] | None = None  # letter -> share of the points


@dataclass(frozen=True)
class Bonus:
    """Points on top of the technical points; negative ones deduct (賃上げ未達の減点, rules.md C.10)."""

    id: str
    label: str
    points: Fraction
    group: str | None


@dataclass(frozen=True)
class Component:
    """One component of the price and what it can earn."""

    id: str
    points: Fraction
    formula: Formula
    ratio: Fraction | None  # floor_ratio or peak_ratio, for the formula that has one
    rounding: Rounding | None


@dataclass(frozen=True)
class Division:
    """評価値 = technical points ÷ price × scale (rules.md C.2 P6)."""

    scale: Fraction
    standard_points: Fraction | None
    rounding: Rounding


Mark = bool | Fraction  # met or unmet; points


@dataclass(frozen=True)
class Bid:
    """One bid. `marks` holds points, scale letters already resolved: evaluator -> criterion -> mark."""

    id: str
    status: BidStatus
    prices: Mapping[str, Fraction]
    technical_points: Fraction | None
    marks: Mapping[str, Mapping[str, Mark]] | None
    bonuses: frozenset[str]
    lot_number: int | None
    lot_order: int | None
    path: str = field(compare=False)  # where the bid stands in the file, for faults found only when ranking

    @property
    def total_price(self) -> Fraction:
        return sum(self.prices.values(), Fraction(0))


@dataclass(frozen=True)
class Document:
    """A whole evaluation document, free of faults."""

    title: str
    source: str | None
    held_on: date | None
    method: Method
    ceiling_price: Fraction | None
    low_price_threshold: Fraction | None
    technical: Technical
    criteria: tuple[Criterion, ...]
    mandatory_rule: MandatoryRule
    bonuses: tuple[Bonus, ...]
    components: tuple[Component, ...]  # empty in a division document
    division: Division | None  # None in an addition document
    total_rounding: Rounding | None
    ties: tuple[TieRule, ...]
    missing_lot_number: int | None
    bids: tuple[Bid, ...]
    digest: str


def parse_document(data: object, *, path: str = "$") -> Document:
    """Read a decoded JSON document.

    `path` is where `data` stands in its file. Raises DocumentError with every fault found.
    """
    faults: list[Fault] = []
    root = Cursor(data, faults, key=path).record(
        required=(
            "format",
            "title",
            "method",
            "ceiling_price",
            "low_price_threshold",
            "technical",
            "criteria",
            "bonuses",
            "total",
            "ties",
            "lot",
            "bids",
        ),
        optional=("source", "held_on", "mandatory_rule", "price", "division"),
    )
    root["format"].choice(_Format)
    method = root["method"].choice(Method)
    ceiling = root["ceiling_price"].optional(Cursor.positive)
    threshold = root["low_price_threshold"].optional(Cursor.positive)
    before = len(faults)
    technical = _read_technical(root["technical"])
    technical_sound = len(faults) == before
    criteria = _read_criteria(root["criteria"])
    bonuses = _read_bonuses(root["bonuses"])

    components: dict[str, Component | None] | None = None  # None: not known which a bid must price
    division = None
    if not root["method"].sound:
        pass  # which of `price` and `division` belongs here cannot be said
    elif method is Method.ADDITION:
        _refuse_other_method(root["division"], method)
        components = _read_components(root["price"])
        _check_formula_prices(components, root)
    else:
        _refuse_other_method(root["price"], method)
        division = _read_division(root["division"])
        components = {DIVISION_COMPONENT: None}
        if division.standard_points is not None and root["ceiling_price"].value is None:
            root["ceiling_price"].fault("price_needed", needed_by="standard_points")

    setting = _BidSetting(
        components=None if components is None else tuple(components),
        criteria=criteria,
        bonuses=None if bonuses is None else {bonus.id for bonus in bonuses},
        aggregate=technical.aggregate,
        most_technical=technical.most if technical_sound else None,
        ceiling=ceiling if root["ceiling_price"].sound else None,
    )
    total = root["total"].record(required=("rounding",))
    lot = root["lot"].record(required=("missing_number",))
    document = Document(
        title=root["title"].text(),
        source=root["source"].optional(Cursor.text),
        held_on=root["held_on"].optional(Cursor.date),
        method=method,
        ceiling_price=ceiling,
        low_price_threshold=threshold,
        technical=technical,
        criteria=tuple(_sound(criteria)),
        mandatory_rule=root["mandatory_rule"].optional(_read_mandatory_rule) or MandatoryRule.ANY,
        bonuses=tuple(bonuses or ()),
        components=tuple(_sound(components)) if method is Method.ADDITION else (),
        division=division,
        total_rounding=total["rounding"].optional(_read_rounding),
        ties=_read_ties(root["ties"]),
        missing_lot_number=lot["missing_number"].optional(Cursor.integer),
        bids=_read_bids(root["bids"], setting),
        digest="" if faults else digest(data),
    )
    if faults:
        raise DocumentError(faults)
    return document


# The rule


def _read_rounding(cursor: Cursor) -> Rounding:
    record = cursor.record(required=("mode", "digits"))
    return Rounding(record["mode"].choice(RoundingMode), record["digits"].integer(high=ROUNDING_DIGITS))


def _read_mandatory_rule(cursor: Cursor) -> MandatoryRule:
    return cursor.choice(MandatoryRule)


def _read_technical(cursor: Cursor) -> Technical:
    record = cursor.record(
        required=(
            "points",
            "base_points",
            "raw_maximum",
            "minimum",
            "aggregate",
            "criterion_rounding",
            "rounding",
        )
    )
    if record["raw_maximum"].given and record["points"].value is None:
        record["points"].fault("points_needed")
    return Technical(
        points=record["points"].optional(Cursor.decimal),
        base_points=record["base_points"].decimal(),
        raw_maximum=record["raw_maximum"].optional(Cursor.positive),
        minimum=record["minimum"].optional(Cursor.decimal),
        aggregate=record["aggregate"].choice(Aggregate),
        criterion_rounding=record["criterion_rounding"].optional(_read_rounding),
        rounding=record["rounding"].optional(_read_rounding),
    )


def _read_criteria(cursor: Cursor) -> dict[str, Criterion | None] | None:
    """The criteria by id; None stands for one whose own faults leave open what a mark of it may be."""
    criteria: dict[str, Criterion | None] = {}
    for item in cursor.items(limit=MAX_CRITERIA):
        record = item.record(required=("id", "kind"), optional=("points", "scale"))
        key, kind = record["id"].identifier(), record["kind"].choice(CriterionKind)
        if not record["id"].sound:
            continue
        criterion: Criterion | None = Criterion(key, kind)
        if not record["kind"].sound:
            criterion = None
        elif kind is CriterionKind.MANDATORY:
            _refuse_key(record["points"])
            _refuse_key(record["scale"])
        else:
            points, scale = record["points"].decimal(), record["scale"].optional(_read_scale)
            sound = record["points"].sound and record["scale"].sound
            criterion = Criterion(key, kind, points, scale) if sound else None
        _add_unique(criteria, key, criterion, record["id"])
    return criteria if cursor.sound else None


def _read_scale(cursor: Cursor) -> dict[str, Fraction]:
    letters = cursor.members()
    if cursor.sound and not letters:
        cursor.refuse("empty")
    return {letter: share.decimal(high=ONE) for letter, share in letters.items()}


def _read_bonuses(cursor: Cursor) -> list[Bonus] | None:
    bonuses: dict[str, Bonus] = {}
    for item in cursor.items(limit=MAX_CRITERIA):
        record = item.record(required=("id", "label", "points"), optional=("group",))
        bonus = Bonus(
            id=record["id"].identifier(),
            label=record["label"].text(),
            points=record["points"].decimal(low=None),
            group=record["group"].optional(Cursor.identifier),
        )
        if record["id"].sound:
            _add_unique(bonuses, bonus.id, bonus, record["id"])
    return list(bonuses.values()) if cursor.sound else None


def _read_components(cursor: Cursor) -> dict[str, Component | None] | None:
    """The components by id; None stands for one whose formula is unknown."""
    if cursor.value is None:
        cursor.refuse("object_expected")
    items = cursor.record(required=("components",))["components"]
    components: dict[str, Component | None] = {}
    for item in items.items(limit=MAX_COMPONENTS):
        record = item.record(required=("id", "points", "formula", "rounding"), optional=("floor_ratio", "peak_ratio"))
        key, formula = record["id"].identifier(), record["formula"].choice(Formula)
        points, rounding = record["points"].decimal(), record["rounding"].optional(_read_rounding)
        component = None
        if record["formula"].sound:
            component = Component(key, points, formula, _read_ratio(record, formula), rounding)
        if record["id"].sound:
            _add_unique(components, key, component, record["id"])
    if items.sound and not items.value:
        items.refuse("empty")
    return components if items.sound else None


def _read_ratio(record: Mapping[str, Cursor], formula: Formula) -> Fraction | None:
    ratio = None
    for key in ("floor_ratio", "peak_ratio"):
        if key == FORMULAS[formula].ratio_key:
            ratio = record[key].decimal(high=ONE)
        else:
            _refuse_key(record[key])
    return ratio


def _check_formula_prices(components: dict[str, Component | None] | None, root: Mapping[str, Cursor]) -> None:
    """A formula that uses the ceiling price or the threshold demands it."""
    used = {component.formula: FORMULAS[component.formula] for component in _sound(components)}
    for key, needing in (
        ("ceiling_price", [word for word, formula in used.items() if formula.needs_ceiling]),
        ("low_price_threshold", [word for word, formula in used.items() if formula.needs_threshold]),
    ):
        if needing and root[key].value is None:
            root[key].fault("price_needed", needed_by=", ".join(needing))


def _read_division(cursor: Cursor) -> Division:
    if cursor.value is None:
        cursor.refuse("object_expected")
    record = cursor.record(required=("scale", "standard_points", "rounding"))
    return Division(
        scale=record["scale"].positive(),
        standard_points=record["standard_points"].optional(Cursor.positive),
        rounding=_read_rounding(record["rounding"]),
    )


def _read_ties(cursor: Cursor) -> tuple[TieRule, ...]:
    ties: dict[str, TieRule] = {}
    for item in cursor.items(limit=len(TieRule)):
        rule = item.choice(TieRule)
        if item.sound:
            _add_unique(ties, rule, rule, item)
    return tuple(ties.values())


def _refuse_key(cursor: Cursor) -> None:
    if cursor.given:
        cursor.fault("unknown_key")


def _refuse_other_method(cursor: Cursor, method: Method) -> None:
    if cursor.given:
        cursor.fault("wrong_method", method=method.value)


def _add_unique(known: dict[str, T], key: str, value: T, cursor: Cursor) -> None:
    if key in known:
        cursor.fault("duplicate_id", found=quote(key))
    else:
        known[key] = value


def _sound(found: Mapping[str, T | None] | None) -> list[T]:
    return [value for value in (found or {}).values() if value is not None]


# The bids


@dataclass(frozen=True)
class _BidSetting:
    """What of the rule a bid is read against; None where the rule's own faults leave it open."""

    components: tuple[str, ...] | None
    criteria: Mapping[str, Criterion | None] | None
    bonuses: set[str] | None
    aggregate: Aggregate
    most_technical: Fraction | None
    ceiling: Fraction | None


def _read_bids(cursor: Cursor, setting: _BidSetting) -> tuple[Bid, ...]:
    ids: dict[str, Cursor] = {}
    bids: list[Bid] = []
    marked: list[tuple[Cursor, Bid]] = []
    for item in cursor.items():
        record = item.record(
            required=("id", "status"),
            optional=("prices", "technical_points", "marks", "bonuses", "lot_number", "lot_order"),
        )
        bid = _read_bid(record, setting, item.path)
        bids.append(bid)
        if record["id"].sound:
            _add_unique(ids, bid.id, item, record["id"])
        if bid.status is BidStatus.VALID and bid.marks is not None and record["marks"].sound:
            marked.append((record["marks"], bid))
    _check_panel(marked)
    return tuple(bids)


def _read_bid(record: Mapping[str, Cursor], setting: _BidSetting, path: str) -> Bid:
    status = record["status"].choice(BidStatus)
    valid = status is BidStatus.VALID and record["status"].sound
    prices = _read_prices(record["prices"], setting, valid=valid)
    # An over-ceiling bid is not scored, so nobody need have marked it: where prices are opened first, nobody has.
    over_ceiling = prices is not None and setting.ceiling is not None and sum(prices.values()) > setting.ceiling
    if valid and record["technical_points"].given and record["marks"].given:
        record["marks"].fault("technical_twice")
    elif valid and not over_ceiling and not (record["technical_points"].given or record["marks"].given):
        record["technical_points"].fault("technical_missing")
    return Bid(
        id=record["id"].identifier(),
        status=status,
        prices=prices or {},
        technical_points=record["technical_points"].optional(lambda cursor: _read_technical_points(cursor, setting)),
        marks=record["marks"].optional(lambda cursor: _read_marks(cursor, setting, complete=valid)),
        bonuses=record["bonuses"].optional(lambda cursor: _read_claims(cursor, setting)) or frozenset(),
        lot_number=record["lot_number"].optional(Cursor.integer),
        lot_order=record["lot_order"].optional(Cursor.integer),
        path=path,
    )


def _read_prices(cursor: Cursor, setting: _BidSetting, *, valid: bool) -> dict[str, Fraction] | None:
    """A valid bid prices every component; any other may leave them out. None if a price is missing or unusable."""
    if not valid and not cursor.given:
        return {}
    if cursor.value is None or not isinstance(cursor.value, dict):
        cursor.refuse("object_expected")
        return None
    if setting.components is None:
        found: Mapping[str, Cursor] = cursor.members()
    elif valid:
        found = cursor.record(required=setting.components)
    else:
        found = cursor.record(required=(), optional=setting.components)
        found = {component: price for component, price in found.items() if price.given}
    prices = {component: price.positive() for component, price in found.items()}
    return prices if all(price.sound for price in found.values()) else None


def _read_technical_points(cursor: Cursor, setting: _BidSetting) -> Fraction:
    """Points given as such: never below zero nor above what marks could have earned."""
    return cursor.decimal(high=setting.most_technical)


def _read_claims(cursor: Cursor, setting: _BidSetting) -> frozenset[str]:
    """The ids of the bonuses that were accepted for this bid."""
    claims: dict[str, str] = {}
    for item in cursor.items(limit=MAX_CRITERIA):
        bonus = item.identifier()
        if not item.sound:
            continue
        if setting.bonuses is not None and bonus not in setting.bonuses:
            item.fault("unknown_reference", found=quote(bonus))
        _add_unique(claims, bonus, bonus, item)
    return frozenset(claims)


def _read_marks(cursor: Cursor, setting: _BidSetting, *, complete: bool) -> dict[str, dict[str, Mark]]:
    """Every evaluator's marks. A `complete` set has one for each criterion from each: a missing mark is not a zero."""
    evaluators = cursor.members()
    if len(evaluators) > MAX_EVALUATORS:
        cursor.refuse("too_many", limit=MAX_EVALUATORS)
        return {}
    if complete and cursor.sound:
        needed = TRIMMED_MEAN_EVALUATORS if setting.aggregate is Aggregate.TRIMMED_MEAN else 1
        if len(evaluators) < needed:
            cursor.fault(
                "too_few_evaluators",
                found=len(evaluators),
                needed=needed,
                aggregate=setting.aggregate.value,
            )
    return {
        evaluator: _read_evaluator(marks, setting.criteria, complete=complete)
        for evaluator, marks in evaluators.items()
    }


def _read_evaluator(
    cursor: Cursor, criteria: Mapping[str, Criterion | None] | None, *, complete: bool
) -> dict[str, Mark]:
    found = cursor.members()
    marks: dict[str, Mark] = {}
    if criteria is None or not cursor.sound:
        return marks
    for key, criterion in criteria.items():
        mark = found.pop(key, None)
        if mark is None:
            if complete:
                cursor.child(key, None).fault("missing_mark")
        elif mark.value is None:
            mark.fault("missing_mark")
        elif criterion is not None:
            marks[key] = _read_mark(mark, criterion)
    for mark in found.values():
        mark.fault("unknown_key")
    return marks


def _read_mark(cursor: Cursor, criterion: Criterion) -> Mark:
    if criterion.kind is CriterionKind.MANDATORY:
        return cursor.boolean()
    if criterion.scale is None:
        return cursor.decimal(high=criterion.points)
    if isinstance(cursor.value, str) and cursor.value in criterion.scale:
        return criterion.points * criterion.scale[cursor.value]
    cursor.refuse("unknown_choice", choices=", ".join(map(quote, criterion.scale)))
    return criterion.points


def _check_panel(marked: list[tuple[Cursor, Bid]]) -> None:
    """Whoever marks one bid marks them all: points from different panels cannot be compared."""
    panel = {evaluator: None for _, bid in marked for evaluator in bid.marks or ()}
    if len(panel) > MAX_EVALUATORS:  # every bid within the limit, but each by other people
        marked[0][0].fault("too_many", limit=MAX_EVALUATORS)
        return
    for cursor, bid in marked:
        if bid.marks is not None and len(bid.marks) < len(panel):
            for evaluator in panel:
                if evaluator not in bid.marks:
                    cursor.child(evaluator, None).fault("missing_evaluator")
