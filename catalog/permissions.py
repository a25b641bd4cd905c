"""Who may act on listings. ``check_x`` raises PermissionDenied with a reason a person can read; ``can_x`` wraps it."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from marketplace.accounts import permissions as people


def check_can_edit(user, revision):
    """Drafts are written by the maker's staff (the software) or the seller's (an offer)."""
    people.check_can_draft(user, owner_of(revision))


def check_can_submit(user, company):
    people.check_can_submit(user, company)


def check_can_decide(user, review):
    """Reviewers decide, but never what they or a company of theirs submitted."""
    people.check_can_review(user)
    if review.submitted_by_id == user.pk or any(m.company_id == review.company_id for m in user.active_memberships):
        raise PermissionDenied(_("自分または自分の所属する事業者が提出したものを審査することはできません。"))


def check_can_comment(user, review):
    """The operator asks, the submitting company answers."""
    if not people.can_review(user):
        people.check_can_draft(user, review.company)


def check_can_suspend(user):
    people.check_can_operate(user)


def owner_of(revision):
    return revision.offer.seller if revision.offer_id else revision.software.maker


def can_edit(user, revision) -> bool:
    return people.can_draft(user, owner_of(revision))


def can_decide(user, review) -> bool:
    try:
        check_can_decide(user, review)
    except PermissionDenied:
        return False
    return True
