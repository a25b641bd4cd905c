"""The rule of an evaluation document in the words a tender notice uses, in the language of the screen.

What is filed, sent or stored is Japanese whoever asks for it: its makers are marked ``in_japanese``.
"""

from fractions import Fraction
from functools import wraps

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from procurement.evaluation.document import Bonus, Component, Criterion, Document
from procurement.evaluation.exact import Rounding, decimal_text
from procurement.evaluation.messages import Language
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
    Aggregate.MEAN: _("評価者の採点の平均"),
    Aggregate.MEDIAN: _("評価者の採点の中央値"),
    Aggregate.TRIMMED_MEAN: _("評価者の採点から最高と最低を一つずつ除いた平均"),
}

MANDATORY_RULES = {
    MandatoryRule.ANY: _("一人でも不適合とした評価者があれば不合格"),
    MandatoryRule.MAJORITY: _("評価者の過半数が不適合とすれば不合格"),
    MandatoryRule.UNANIMOUS: _("評価者の全員が不適合とすれば不合格"),
}

OUTCOMES = {
    Outcome.RANKED: "",
    Outcome.OVER_CEILING: _("予定価格超過"),
    Outcome.DISQUALIFIED: _("必須項目不適合"),
    Outcome.BELOW_MINIMUM: _("技術点の最低基準未満"),
    Outcome.BELOW_STANDARD: _("基準評価値未満"),
    Outcome.WITHDRAWN: _("辞退"),
    Outcome.INVALID: _("無効"),
}

TIES = {
    TieRule.TECHNICAL: _("技術点（加点を含む）が高い者"),
    TieRule.PRICE: _("入札価格が低い者"),
    TieRule.LOT: _("くじで当選した者"),
}

ROUNDING_MODES = {RoundingMode.DOWN: _("切り捨て"), RoundingMode.HALF_UP: _("四捨五入"), RoundingMode.UP: _("切り上げ")}


def in_japanese(make):
    """``make``, with every text it asks for in Japanese."""

    @wraps(make)
    def made(*args, **kwargs):
        with override("ja"):
            return make(*args, **kwargs)

    return made


def language() -> Language:
    """The screen's language, for the engine's own messages."""
    return "en" if get_language() == "en" else "ja"


def total_name(document: Document) -> str:
    """What the tender calls the figure that ranks."""
    return _t("評価値") if document.method is Method.DIVISION else _t("総合評価点")


def rounding(rule: Rounding | None) -> str:
    """小数第5位を切り捨て: the place named is the one that goes away."""
    if rule is None:
        return _t("端数処理なし")
    return _t("小数第%(place)d位を%(mode)s") % {"place": rule.digits + 1, "mode": ROUNDING_MODES[rule.mode]}


def price_formula(component: Component) -> str:
    """The formula of one price component with its own figures in it."""
    values = {"points": _plain(component.points), "ratio": percent(component.ratio)}
    match component.formula:
        case Formula.LINEAR:
            return _t("%(points)s ×（1 − 入札価格 ÷ 予定価格）") % values
        case Formula.LOWEST_RATIO:
            return _t("%(points)s × 最低の入札価格 ÷ 入札価格") % values
        case Formula.LINEAR_FLOORED:
            return (
                _t("%(points)s ×（1 − 入札価格 ÷ 予定価格）。予定価格の%(ratio)sを下回る入札価格は、その額とみなす")
                % values
            )
        case Formula.LINEAR_KINKED:
            return (
                _t(
                    "調査基準価格以上は %(points)s ×（1 − 入札価格 ÷ 予定価格）。下回るときは %(points)s ×"
                    "｛（1 − 調査基準価格 ÷ 予定価格）＋ 0.5 ×（調査基準価格 − 入札価格）÷ 予定価格｝"
                )
                % values
            )
        case Formula.TENT:
            return _t("%(points)s ×（1 − ｜入札価格 ÷ 予定価格 − %(ratio)s｜）") % values


def scale(criterion: Criterion) -> str:
    """A 100％　B 70％: the share of the item's points each mark earns."""
    if criterion.kind is CriterionKind.MANDATORY:
        return _t("適合・不適合")
    if criterion.scale is None:
        return _t("0点から配点まで")
    return "　".join(f"{letter} {percent(share)}" for letter, share in criterion.scale.items())


def bonus_points(bonus: Bonus) -> str:
    return _plain(bonus.points)


def ties(document: Document) -> str:
    steps = (
        _t("（%(number)d）%(rule)s") % {"number": index, "rule": TIES[rule]}
        for index, rule in enumerate(document.ties, start=1)
    )
    return _t("、").join(steps) or _t("定めなし")


def percent(ratio: Fraction | None) -> str:
    return "―" if ratio is None else _t("%(percent)s％") % {"percent": decimal_text(ratio * 100)}


def rule_facts(document: Document) -> list[tuple[str, str]]:
    """Label and words for every part of the rule, in the order of the calculation."""
    return [
        *_method_facts(document),
        *_technical_facts(document),
        *(_division_facts(document) if document.method is Method.DIVISION else _addition_facts(document)),
        (_t("同点のとき"), ties(document)),
    ]


def _method_facts(document: Document) -> list[tuple[str, str]]:
    if document.division is not None:
        method = _t("除算方式（評価値 ＝ 技術点 ÷ 入札価格 × %(scale)s）") % {"scale": _plain(document.division.scale)}
    else:
        method = _t("加算方式（総合評価点 ＝ 技術点 ＋ 価格点）")
    return [
        (_t("方式"), method),
        (_t("予定価格"), _yen(document.ceiling_price)),
        (_t("調査基準価格"), _yen(document.low_price_threshold)),
    ]


def _technical_facts(document: Document) -> list[tuple[str, str]]:
    rule = document.technical
    facts = []
    if rule.points is not None:
        base = _t("（ほかに基礎点 %(points)s点）") % {"points": _plain(rule.base_points)} if rule.base_points else ""
        facts.append((_t("技術点の満点"), _points(rule.points) + base))
    elif rule.base_points:
        facts.append((_t("基礎点"), _points(rule.base_points)))
    if rule.raw_maximum is not None and rule.points is not None:
        values = {"points": _plain(rule.points), "raw": _plain(rule.raw_maximum)}
        facts.append((_t("技術点の換算"), _t("素点の合計 × %(points)s ÷ %(raw)s") % values))
    if rule.minimum is not None:
        minimum = _t("%(points)s点（加点前）。下回れば不合格") % {"points": _plain(rule.minimum)}
        facts.append((_t("技術点の最低基準"), minimum))
    kinds = {criterion.kind for criterion in document.criteria}
    if CriterionKind.SCORED in kinds:
        facts.append((_t("採点の集約"), _with_rounding(AGGREGATES[rule.aggregate], rule.criterion_rounding)))
    if CriterionKind.MANDATORY in kinds:
        facts.append((_t("必須項目の判定"), str(MANDATORY_RULES[document.mandatory_rule])))
    return [*facts, (_t("技術点の端数"), rounding(rule.rounding))]


def _addition_facts(document: Document) -> list[tuple[str, str]]:
    only_one = len(document.components) == 1
    return [
        *(
            (
                _t("価格点") if only_one else _t("価格点（%(name)s）") % {"name": component.id},
                _with_rounding(price_formula(component), component.rounding),
            )
            for component in document.components
        ),
        (_t("総合評価点の端数"), rounding(document.total_rounding)),
    ]


def _division_facts(document: Document) -> list[tuple[str, str]]:
    division = document.division
    if division is None:
        return []
    facts = [(_t("評価値の端数"), rounding(division.rounding))]
    if division.standard_points is not None:
        values = {"points": _plain(division.standard_points), "scale": _plain(division.scale)}
        standard = _t("%(points)s ÷ 予定価格 × %(scale)s。下回れば落札者としない") % values
        facts.append((_t("基準評価値"), standard))
    return facts


def _with_rounding(words, rule: Rounding | None) -> str:
    return _t("%(words)s（%(rounding)s）") % {"words": words, "rounding": rounding(rule)}


def _points(value: Fraction) -> str:
    return _t("%(points)s点") % {"points": _plain(value)}


def _plain(value: Fraction) -> str:
    return number(decimal_text(value))


def _yen(amount: Fraction | None) -> str:
    return _t("定めなし") if amount is None else yen(decimal_text(amount))
