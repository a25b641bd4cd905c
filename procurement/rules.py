"""When things may happen to a procurement. Pure: no queries, request, settings or clock."""

from .enums import ProcurementStatus as P
from .enums import TenderStatus as T

PROCUREMENT_TRANSITIONS = {
    P.DRAFT: frozenset({P.SEARCHING, P.CANCELLED}),
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
