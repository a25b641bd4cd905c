"""The rule of an evaluation document in the words a Japanese tender notice uses."""

from fractions import Fraction

from procurement.evaluation.document import Bonus, Component, Criterion, Document
from procurement.evaluation.exact import Rounding, decimal_text
from procurement.evaluation.vocabulary import (
    Aggregate,
    CriterionKind,
    Formula,
    MandatoryRule,
    Method,
    Outcome,
    RoundingMode,
    TieRule,
)

from .formats import number, yen

AGGREGATES = {
    Aggregate.MEAN: "評価者の採点の平均",
    Aggregate.MEDIAN: "評価者の採点の中央値",
    Aggregate.TRIMMED_MEAN: "評価者の採点から最高と最低を一つずつ除いた平均",
}

MANDATORY_RULES = {
    MandatoryRule.ANY: "一人でも不適合とした評価者があれば不合格",
    MandatoryRule.MAJORITY: "評価者の過半数が不適合とすれば不合格",
    MandatoryRule.UNANIMOUS: "評価者の全員が不適合とすれば不合格",
}

OUTCOMES = {
    Outcome.RANKED: "",
    Outcome.OVER_CEILING: "予定価格超過",
    Outcome.DISQUALIFIED: "必須項目不適合",
    Outcome.BELOW_MINIMUM: "技術点の最低基準未満",
    Outcome.BELOW_STANDARD: "基準評価値未満",
    Outcome.WITHDRAWN: "辞退",
    Outcome.INVALID: "無効",
}

TIES = {
    TieRule.TECHNICAL: "技術点（加点を含む）が高い者",
    TieRule.PRICE: "入札価格が低い者",
    TieRule.LOT: "くじで当選した者",
}

ROUNDING_MODES = {RoundingMode.DOWN: "切り捨て", RoundingMode.HALF_UP: "四捨五入", RoundingMode.UP: "切り上げ"}


def total_name(document: Document) -> str:
    """What the tender calls the figure that ranks."""
    return "評価値" if document.method is Method.DIVISION else "総合評価点"


def rounding(rule: Rounding | None) -> str:
    """小数第5位を切り捨て: the place named is the one that goes away."""
    return "端数処理なし" if rule is None else f"小数第{rule.digits + 1}位を{ROUNDING_MODES[rule.mode]}"


def price_formula(component: Component) -> str:
    """The formula of one price component with its own figures in it."""
    points, ratio = _plain(component.points), component.ratio
    match component.formula:
        case Formula.LINEAR:
            return f"{points} ×（1 − 入札価格 ÷ 予定価格）"
        case Formula.LOWEST_RATIO:
            return f"{points} × 最低の入札価格 ÷ 入札価格"
        case Formula.LINEAR_FLOORED:
            return (
                f"{points} ×（1 − 入札価格 ÷ 予定価格）。予定価格の{percent(ratio)}を下回る入札価格は、その額とみなす"
            )
        case Formula.LINEAR_KINKED:
            return (
                f"調査基準価格以上は {points} ×（1 − 入札価格 ÷ 予定価格）。下回るときは {points} ×"
                "｛（1 − 調査基準価格 ÷ 予定価格）＋ 0.5 ×（調査基準価格 − 入札価格）÷ 予定価格｝"
            )
        case Formula.TENT:
            return f"{points} ×（1 − ｜入札価格 ÷ 予定価格 − {percent(ratio)}｜）"


def scale(criterion: Criterion) -> str:
    """A 100％　B 70％: the share of the item's points each mark earns."""
    if criterion.kind is CriterionKind.MANDATORY:
        return "適合・不適合"
    if criterion.scale is None:
        return "0点から配点まで"
    return "　".join(f"{letter} {percent(share)}" for letter, share in criterion.scale.items())


def bonus_points(bonus: Bonus) -> str:
    return _plain(bonus.points)


def ties(document: Document) -> str:
    return "、".join(f"（{index}）{TIES[rule]}" for index, rule in enumerate(document.ties, start=1)) or "定めなし"


def percent(ratio: Fraction | None) -> str:
    return "―" if ratio is None else f"{decimal_text(ratio * 100)}％"


def rule_facts(document: Document) -> list[tuple[str, str]]:
    """Label and words for every part of the rule, in the order of the calculation."""
    return [
        *_method_facts(document),
        *_technical_facts(document),
        *(_division_facts(document) if document.method is Method.DIVISION else _addition_facts(document)),
        ("同点のとき", ties(document)),
    ]


def _method_facts(document: Document) -> list[tuple[str, str]]:
    if document.division is not None:
        method = f"除算方式（評価値 ＝ 技術点 ÷ 入札価格 × {_plain(document.division.scale)}）"
    else:
        method = "加算方式（総合評価点 ＝ 技術点 ＋ 価格点）"
    return [
        ("方式", method),
        ("予定価格", _yen(document.ceiling_price)),
        ("調査基準価格", _yen(document.low_price_threshold)),
    ]


def _technical_facts(document: Document) -> list[tuple[str, str]]:
    rule = document.technical
    facts = []
    if rule.points is not None:
        base = f"（ほかに基礎点 {_plain(rule.base_points)}点）" if rule.base_points else ""
        facts.append(("技術点の満点", f"{_plain(rule.points)}点{base}"))
    elif rule.base_points:
        facts.append(("基礎点", f"{_plain(rule.base_points)}点"))
    if rule.raw_maximum is not None and rule.points is not None:
        facts.append(("技術点の換算", f"素点の合計 × {_plain(rule.points)} ÷ {_plain(rule.raw_maximum)}"))
    if rule.minimum is not None:
        facts.append(("技術点の最低基準", f"{_plain(rule.minimum)}点（加点前）。下回れば不合格"))
    kinds = {criterion.kind for criterion in document.criteria}
    if CriterionKind.SCORED in kinds:
        facts.append(("採点の集約", f"{AGGREGATES[rule.aggregate]}（{rounding(rule.criterion_rounding)}）"))
    if CriterionKind.MANDATORY in kinds:
        facts.append(("必須項目の判定", MANDATORY_RULES[document.mandatory_rule]))
    return [*facts, ("技術点の端数", rounding(rule.rounding))]


def _addition_facts(document: Document) -> list[tuple[str, str]]:
    only_one = len(document.components) == 1
    return [
        *(
            (
                "価格点" if only_one else f"価格点（{component.id}）",
                f"{price_formula(component)}（{rounding(component.rounding)}）",
            )
            for component in document.components
        ),
        ("総合評価点の端数", rounding(document.total_rounding)),
    ]


def _division_facts(document: Document) -> list[tuple[str, str]]:
    division = document.division
    if division is None:
        return []
    facts = [("評価値の端数", rounding(division.rounding))]
    if division.standard_points is not None:
        standard = f"{_plain(division.standard_points)} ÷ 予定価格 × {_plain(division.scale)}。下回れば落札者としない"
        facts.append(("基準評価値", standard))
    return facts


def _plain(value: Fraction) -> str:
    return number(decimal_text(value))


def _yen(amount: Fraction | None) -> str:
    return "定めなし" if amount is None else yen(decimal_text(amount))
