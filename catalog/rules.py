"""When things may happen to listings. Pure: no queries, request, settings or clock."""

from .enums import ReviewStatus as R
from .enums import SoftwareStatus as S

REVIEW_TRANSITIONS = {
    R.SUBMITTED: frozenset({R.CHECKING, R.WITHDRAWN}),
    R.CHECKING: frozenset({R.IN_REVIEW, R.APPROVED, R.WITHDRAWN}),  # approved at once: only low-risk fields changed
    R.IN_REVIEW: frozenset({R.APPROVED, R.RETURNED, R.REJECTED, R.WITHDRAWN}),
    R.APPROVED: frozenset(),
    R.RETURNED: frozenset(),  # mending makes new revisions and a new review
    R.REJECTED: frozenset(),
    R.WITHDRAWN: frozenset(),
}

SOFTWARE_TRANSITIONS = {
    S.UNLISTED: frozenset({S.LISTED}),
    S.LISTED: frozenset({S.SUSPENDED, S.LAPSED}),
    S.SUSPENDED: frozenset({S.LISTED, S.LAPSED}),
    S.LAPSED: frozenset({S.LISTED}),  # a newly approved disclosure
}
