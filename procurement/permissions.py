"""Who may act in a procurement. ``check_x`` raises PermissionDenied with a reason a person can read."""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from marketplace.accounts import permissions as people


def check_can_search(user, procurement):
    """Buyers and officers of the agency search, drop candidates and compare."""
    people.check_can_buy(user, procurement.agency)


def check_can_manage(user, procurement):
    """Only the agency's officers lock a selection, publish, open, award and contract."""
    people.check_can_procure(user, procurement.agency)


def check_can_decide(user, tender):
    """Close marks, decide claims, open, disqualify, award: an officer of the agency who did not judge the proposals."""
    check_can_manage(user, tender.procurement)
    if tender.assignments.filter(evaluator=user).exists():
        raise PermissionDenied(
            _("評価委員は、この入札の開札や落札者の決定を行えません。別の契約担当官が行ってください。")
        )


def check_can_bid(user, invitation):
    people.check_can_submit(user, invitation.company)


def check_can_mark(user, assignment):
    """Only the evaluator it was assigned to, after declaring that there is no conflict of interest."""
    agency = assignment.tender.procurement.agency
    is_in_office = people.is_evaluator(user, agency) or people.is_buyer(user, agency)
    if assignment.evaluator_id != user.pk or not is_in_office:  # nor whoever has left the agency since
        raise PermissionDenied(_("割り当てられた評価委員だけが採点できます。"))
    if assignment.has_conflict is None:
        raise PermissionDenied(_("採点の前に、利害関係の有無を申告してください。"))
    if assignment.has_conflict:
        raise PermissionDenied(_("利害関係があると申告したため、採点できません。"))


def check_can_be_evaluator(user, tender):
    """A person of the agency, who belongs to no company: nobody judges their own."""
    agency = tender.procurement.agency
    if not (people.is_evaluator(user, agency) or people.is_buyer(user, agency)):
        raise PermissionDenied(_("評価委員は、調達機関に所属する人から選んでください。"))
    if any(membership.company_id for membership in user.active_memberships):
        raise PermissionDenied(_("事業者に所属する人は評価委員になれません。"))


def can_still_mark(evaluator, tender) -> bool:
    """Whether an assigned evaluator can still hand in: active, and of the agency."""
    agency = tender.procurement.agency
    return evaluator.is_active and (people.is_evaluator(evaluator, agency) or people.is_buyer(evaluator, agency))


def can_manage(user, procurement) -> bool:
    return people.can_procure(user, procurement.agency)


def can_search(user, procurement) -> bool:
    return people.can_buy(user, procurement.agency)
