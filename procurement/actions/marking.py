"""Blind marks: each evaluator sees proposals under letters, and only their own marks."""

from decimal import Decimal
from itertools import count

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.audit.trail import record
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, locked

from .. import permissions
from ..enums import BidStatus, CriterionKind, TenderStatus
from ..models import Assignment, Mark
from .moves import locked_tender


@transaction.atomic
def assign_evaluator(tender, *, evaluator, by) -> Assignment:
    """Name an evaluator, until technical marks close. Never the officer in charge, and nobody who belongs to a company."""
    tender = locked_tender(tender)
    permissions.check_can_manage(by, tender.procurement)
    permissions.check_can_be_evaluator(evaluator, tender)
    # While marking too: somebody has to stand in for an evaluator who declares a conflict.
    if tender.status not in (TenderStatus.DRAFT, TenderStatus.OPEN, TenderStatus.MARKING):
        raise RuleViolation(_("評価委員は、技術評価を確定するまでに割り当ててください。"))
    if evaluator.pk in (by.pk, tender.procurement.officer_id):
        raise RuleViolation(_("落札者を決める担当官自身は評価委員になれません。"))
    if tender.assignments.filter(evaluator=evaluator).exists():
        raise RuleViolation(_("この人はすでに評価委員です。"))
    assignment = Assignment.objects.create(
        tender=tender,
        evaluator=evaluator,
        key=_next_key(tender),
        assigned_at=clock.now(),
        assigned_by=by,
    )
    record("evaluator:assigned", tender, by=by, evaluator=assignment.key)
    notify(
        [evaluator],
        "evaluator_assigned",
        room="procurement",
        path=tender.get_absolute_url(),
        tender=tender,
        procurement=tender.procurement,
    )
    return assignment


@transaction.atomic
def remove_evaluator(assignment, *, by) -> None:
    """Take back an assignment nobody has begun to act on. Whoever declared stays on record."""
    tender = locked_tender(assignment.tender)
    permissions.check_can_manage(by, tender.procurement)
    assignment = Assignment.objects.select_for_update(of=("self",)).filter(pk=assignment.pk).first()
    if assignment is None:
        raise RuleViolation(_("この割当てはすでに取り消されています。"))
    if assignment.declared_at or tender.status not in (TenderStatus.DRAFT, TenderStatus.OPEN, TenderStatus.MARKING):
        raise RuleViolation(_("申告を済ませた評価委員の割当ては取り消せません。"))
    record("evaluator:removed", tender, by=by, evaluator=assignment.key)
    assignment.delete()


@transaction.atomic
def declare_conflict(assignment, *, has_conflict: bool, by) -> Assignment:
    """Say whether one has an interest in any bidder. With one, the evaluator is out.

    Proposals are blind, so a conflict may show only while marking: it can still be declared until marks are handed in.
    """
    tender = locked_tender(assignment.tender)
    assignment = locked(Assignment.objects, assignment)
    if assignment.evaluator_id != by.pk:
        raise permissions.PermissionDenied(_("割り当てられた評価委員だけが申告できます。"))
    if assignment.declared_at and (assignment.has_conflict or not has_conflict or assignment.submitted_at):
        raise RuleViolation(_("利害関係はすでに申告済みです。"))
    if tender.status != TenderStatus.MARKING:
        raise RuleViolation(_("入札の締切後に申告してください。"))
    assignment.declared_at, assignment.has_conflict = clock.now(), has_conflict
    assignment.save(update_fields=["declared_at", "has_conflict"])
    record("evaluator:declared", tender, by=by, evaluator=assignment.key, has_conflict=has_conflict)
    if has_conflict:
        notify(
            [tender.procurement.officer],
            "evaluator_conflicted",
            room="procurement",
            path=tender.get_absolute_url(),
            tender=tender,
            procurement=tender.procurement,
        )
    return assignment


@transaction.atomic
def save_mark(
    assignment,
    *,
    bid,
    criterion,
    by,
    is_met: bool | None = None,
    letter: str = "",
    points: Decimal | None = None,
    comment: str = "",
) -> Mark:
    """Set one mark. Exactly one of ``is_met`` (mandatory), ``letter`` (by scale), ``points`` (0 to the maximum)."""
    assignment = _open_assignment(assignment, by=by)
    if bid.tender_id != assignment.tender_id or criterion.tender_id != assignment.tender_id:
        raise RuleViolation(_("この入札の提案と評価項目ではありません。"))
    if bid.status != BidStatus.SUBMITTED:
        raise RuleViolation(_("この提案は評価の対象ではありません。"))
    if criterion.kind == CriterionKind.MANDATORY:
        fits = is_met is not None and not letter and points is None
    elif criterion.scale:
        fits = letter in criterion.scale and is_met is None and points is None
    else:
        fits = points is not None and 0 <= points <= criterion.points and is_met is None and not letter
    if not fits:
        raise RuleViolation(_("「%(name)s」の採点を、決められた範囲で入力してください。") % {"name": criterion.name})
    mark, _created = Mark.objects.update_or_create(
        assignment=assignment,
        bid=bid,
        criterion=criterion,
        defaults={"is_met": is_met, "letter": letter, "points": points, "comment": comment, "marked_at": clock.now()},
    )
    return mark


@transaction.atomic
def hand_in_marks(assignment, *, by) -> Assignment:
    """Declare one's marks final. Raises RuleViolation while any is missing: a missing mark is not a zero."""
    assignment = _open_assignment(assignment, by=by)
    tender = assignment.tender
    wanted = tender.bids.standing().count() * tender.criteria.count()
    given = assignment.marks.filter(bid__status=BidStatus.SUBMITTED).count()
    if given < wanted:
        raise RuleViolation(_("採点していない項目が%(count)d件あります。") % {"count": wanted - given})
    assignment.submitted_at = clock.now()
    assignment.save(update_fields=["submitted_at"])
    record("marks:handed_in", tender, by=by, evaluator=assignment.key)
    # Under the tender's lock, so of the last two evaluators exactly one finds nobody waiting.
    if not tender.assignments.filter(submitted_at=None).exclude(has_conflict=True).exists():
        notify(
            [tender.procurement.officer],
            "marks_complete",
            room="procurement",
            path=tender.get_absolute_url(),
            tender=tender,
            procurement=tender.procurement,
        )
    return assignment


def _open_assignment(assignment, *, by):
    tender = locked_tender(assignment.tender)
    assignment = locked(Assignment.objects, assignment)
    assignment.tender = tender
    permissions.check_can_mark(by, assignment)
    if tender.status != TenderStatus.MARKING:
        raise RuleViolation(
            _("この入札は「%(status)s」のため、採点できません。") % {"status": tender.get_status_display()}
        )
    if assignment.submitted_at:
        raise RuleViolation(_("採点はすでに提出済みのため、変更できません。"))
    return assignment


def _next_key(tender) -> str:
    """e1, e2 …; a number that was taken back is free again."""
    taken = set(tender.assignments.values_list("key", flat=True))
    return next(key for key in map("e{}".format, count(1)) if key not in taken)
