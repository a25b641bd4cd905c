"""When things may happen to a procurement. Pure: no queries, request, settings or clock."""

from datetime import date, timedelta

from django.utils.translation import gettext as _

from marketplace.workflow import RuleViolation

from .enums import ProcurementStatus as P
from .enums import TenderStatus as T

PROCUREMENT_TRANSITIONS = {
    # Straight to tendering: a past award sheet, re-entered without a catalogue search.
    P.DRAFT: frozenset({P.SEARCHING, P.TENDERING, P.CANCELLED}),
    P.SEARCHING: frozenset({P.SELECTED, P.NONE_SUITABLE, P.CANCELLED}),
    P.SELECTED: frozenset({P.TENDERING, P.CANCELLED}),
    P.TENDERING: frozenset({P.EVALUATING, P.NONE_SUITABLE, P.CANCELLED}),
    P.EVALUATING: frozenset({P.AWARDED, P.NONE_SUITABLE, P.CANCELLED}),
    P.AWARDED: frozenset({P.CONTRACTED, P.CANCELLED}),
    P.CONTRACTED: frozenset({P.CLOSED}),
    P.CLOSED: frozenset(),
    P.CANCELLED: frozenset(),
    P.NONE_SUITABLE: frozenset(),
}

TENDER_TRANSITIONS = {
    T.DRAFT: frozenset({T.OPEN, T.CANCELLED}),
    T.OPEN: frozenset({T.MARKING, T.CANCELLED}),
    T.MARKING: frozenset({T.MARKED, T.CANCELLED}),
    T.MARKED: frozenset({T.EVALUATED, T.CANCELLED}),
    T.EVALUATED: frozenset({T.AWARDED, T.CANCELLED}),
    T.AWARDED: frozenset({T.CANCELLED}),
    T.CANCELLED: frozenset(),
}

MIN_EVALUATORS = 2  # product rule: nobody's judgement decides alone
MIN_EVALUATORS_TRIMMED = 3  # with fewer nothing is left once the highest and the lowest mark are dropped


def evaluators_needed(aggregate: str) -> int:
    """How many evaluators without conflict a tender needs. ``aggregate`` as in the rule: mean, median, trimmed_mean."""
    return MIN_EVALUATORS_TRIMMED if aggregate == "trimmed_mean" else MIN_EVALUATORS


def check_marking_complete(
    *,
    takes_given_points: bool,
    bids_without_points: int,
    bids: int,
    handed_in: list[bool],
    needed: int = MIN_EVALUATORS,
) -> None:
    """Raise RuleViolation unless every technical judgement is there.

    ``handed_in``: one entry an evaluator without conflict; ``needed``: how many of them there must be.
    """
    if bids == 0:
        raise RuleViolation(_("有効な入札がありません。該当なしとして終えてください。"))
    if takes_given_points:
        if bids_without_points:
            raise RuleViolation(
                _("技術点が入力されていない入札が%(count)d件あります。") % {"count": bids_without_points}
            )
        return
    if len(handed_in) < needed:
        raise RuleViolation(_("利害関係のない評価委員が%(count)d人以上必要です。") % {"count": needed})
    if waiting := handed_in.count(False):
        raise RuleViolation(_("採点を提出していない評価委員が%(count)d人います。") % {"count": waiting})


def term_years(term_from: date, term_to: date) -> int:
    """Years begun between two days, both inclusive: prices are compared over this many years.

    1 April 2027 to 31 March 2030 are three years; one day more begins a fourth.
    """
    end = term_to + timedelta(days=1)
    years = end.year - term_from.year
    if (end.month, end.day) > (term_from.month, term_from.day):
        years += 1
    return max(years, 1)
