"""When things may happen to listings. Pure: no queries, request, settings or clock."""

from datetime import date

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

LISTING_YEARS = 2  # product rule: a disclosure is good for two years


def lapse_date(disclosed_on: date) -> date:
    """The first day on which a disclosure is too old to be listed. 29 February lapses on 1 March."""
    try:
        return disclosed_on.replace(year=disclosed_on.year + LISTING_YEARS)
    except ValueError:
        return disclosed_on.replace(year=disclosed_on.year + LISTING_YEARS, month=3, day=1)
