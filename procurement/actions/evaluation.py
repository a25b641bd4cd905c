"""From closed marks to computed ranks. Technical marks close before prices open."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.audit.trail import record
from marketplace.workflow import RuleViolation, check_transition, locked

from .. import permissions, scoring, sealing
from ..enums import BidStatus, ClaimStatus, TenderStatus
from ..evaluation import DocumentError
from ..models import Bid, BonusClaim, Evaluation
from ..rules import TENDER_TRANSITIONS, check_marking_complete, evaluators_needed
from .moves import locked_tender, move_tender


@transaction.atomic
def enter_technical_points(bid, *, points: Decimal, by) -> Bid:
    """Enter a bid's technical points where the rule takes given points instead of marks."""
    tender = locked_tender(bid.tender)
    permissions.check_can_decide(by, tender)
    if tender.status != TenderStatus.MARKING or not tender.takes_given_points:
        raise RuleViolation(_("この入札には技術点を直接入力できません。"))
    bid = locked(Bid.objects, bid)
    bid.technical_points = points
    bid.save(update_fields=["technical_points"])
    record("bid:points_entered", bid, by=by, tender=tender.reference, points=str(points))
    return bid


@transaction.atomic
def close_marking(tender, *, by):
    """Fix the technical marks. From here on nobody can change one, and only now may prices open."""
    tender = locked_tender(tender)
    permissions.check_can_decide(by, tender)
    check_transition(TENDER_TRANSITIONS, tender.status, TenderStatus.MARKED)
    bids = list(tender.bids.standing())
    check_marking_complete(
        takes_given_points=tender.takes_given_points,
        bids_without_points=sum(bid.technical_points is None for bid in bids),
        bids=len(bids),
        handed_in=[
            assignment.submitted_at is not None
            for assignment in tender.assignments.select_related("evaluator")
            # Who has a conflict is out; nobody waits for somebody who left the agency without handing in.
            if assignment.has_conflict is not True
            and (assignment.submitted_at or permissions.can_still_mark(assignment.evaluator, tender))
        ],
        needed=evaluators_needed(tender.rule["technical"]["aggregate"]),
    )
    tender.marked_at, tender.marked_by = clock.now(), by
    move_tender(tender, TenderStatus.MARKED, by=by, update_fields=["marked_at", "marked_by"])
    return tender


@transaction.atomic
def decide_claim(claim, *, accept: bool, reason: str, by) -> BonusClaim:
    """Accept or refuse a bonus claim, with the reason. Before prices open, so that no price sways it."""
    tender = locked_tender(claim.bid.tender)
    permissions.check_can_decide(by, tender)
    if tender.status not in (TenderStatus.MARKING, TenderStatus.MARKED):
        raise RuleViolation(_("加点の判断は、締切後から開札までの間に行ってください。"))
    claim = locked(BonusClaim.objects.select_related("bid", "bonus"), claim)
    if claim.bid.status != BidStatus.SUBMITTED:
        raise RuleViolation(_("この入札は「%(status)s」です。") % {"status": claim.bid.get_status_display()})
    if not reason.strip():
        raise RuleViolation(_("判断の理由を入力してください。"))
    claim.status = ClaimStatus.ACCEPTED if accept else ClaimStatus.REFUSED
    claim.decided_at, claim.decided_by, claim.reason = clock.now(), by, reason.strip()
    claim.save(update_fields=["status", "decided_at", "decided_by", "reason"])
    record(f"claim:{claim.status}", claim.bid, by=by, tender=tender.reference, bonus=claim.bonus.key)
    return claim


@transaction.atomic
def open_prices(tender, *, by) -> Evaluation:
    """開札: open every sealed price and the sealed limits, and compute the evaluation, all or nothing."""
    tender = locked_tender(tender)
    permissions.check_can_decide(by, tender)
    now = clock.now()
    check_transition(TENDER_TRANSITIONS, tender.status, TenderStatus.EVALUATED)
    if now < tender.opening_at:
        raise RuleViolation(_("開札予定日時より前に開札することはできません。"))
    if BonusClaim.objects.filter(
        bid__tender=tender, bid__status=BidStatus.SUBMITTED, status=ClaimStatus.CLAIMED
    ).exists():
        raise RuleViolation(_("加点の申告をすべて確認してから開札してください。"))
    tender.opened_at, tender.opened_by = now, by
    move_tender(tender, TenderStatus.EVALUATED, by=by, update_fields=["opened_at", "opened_by"])
    for bid in tender.bids.standing().select_for_update(no_key=True).order_by("pk"):
        try:
            bid.prices = sealing.unseal(bid.sealed_prices, bound_to=bid.reference, digest=bid.price_digest)
        except sealing.BrokenSeal as error:
            raise RuleViolation(
                _("入札%(reference)sの封印を開けません。開札は行われていません。運営にお問い合わせください。")
                % {"reference": bid.reference}
            ) from error
        bid.save(update_fields=["prices"])
    return evaluate_tender(tender, reason=_("開札"), by=by)


def evaluate_tender(tender, *, reason: str, by) -> Evaluation:
    """Compute everything anew from the stored marks and opened prices, inside the caller's transaction."""
    document = scoring.evaluation_document(tender)
    try:
        result = scoring.result_of(document)
    except DocumentError as error:
        raise RuleViolation(scoring.fault_lines(error)) from error
    evaluation = Evaluation.objects.create(
        tender=tender,
        number=tender.evaluations.count() + 1,
        document=document,
        result=result,
        document_digest=result["document_digest"],
        reason=reason,
        computed_at=clock.now(),
    )
    record("tender:computed", tender, by=by, number=evaluation.number, digest=evaluation.document_digest)
    return evaluation
