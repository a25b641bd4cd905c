"""The decision, its publication, and the contract."""

from django.db import transaction
from django.utils.translation import gettext as _

from catalog.actions import note_adoptions
from marketplace import clock
from marketplace.audit.trail import record
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, check_transition, locked

from .. import permissions, scoring
from ..enums import BidStatus, ProcurementStatus, TenderStatus
from ..models import Adoption, Award, Bid, Contract, Evaluation, Procurement
from ..rules import TENDER_TRANSITIONS
from .evaluation import evaluate_tender
from .moves import locked_tender, move_procurement, move_tender, staff_of


@transaction.atomic
def disqualify_bid(bid, *, reason: str, by) -> Evaluation:
    """Take a bid out after opening (e.g. it failed the low-price investigation); everything is computed anew."""
    tender = locked_tender(bid.tender)
    permissions.check_can_decide(by, tender)
    if tender.status != TenderStatus.EVALUATED:
        raise RuleViolation(_("開札後、落札者を決める前にだけ無効にできます。"))
    bid = locked(Bid.objects, bid)
    if bid.status != BidStatus.SUBMITTED:
        raise RuleViolation(_("この入札は「%(status)s」です。") % {"status": bid.get_status_display()})
    if not reason.strip():
        raise RuleViolation(_("無効とする理由を入力してください。"))
    bid.status, bid.ended_at, bid.ended_by, bid.end_reason = BidStatus.INVALID, clock.now(), by, reason.strip()
    bid.save(update_fields=["status", "ended_at", "ended_by", "end_reason"])
    record("bid:disqualified", bid, by=by, tender=tender.reference)
    return evaluate_tender(tender, reason=_("入札の無効：%(reason)s") % {"reason": reason.strip()}, by=by)


@transaction.atomic
def award_tender(tender, *, evaluation: int, reason: str, by) -> Award:
    """Award to the winner of the newest evaluation, whose number the officer saw.

    A provisional winner (below the low-price threshold) is awarded with the outcome of the investigation as reason.
    Raises RuleViolation when there is no winner, or the evaluation is no longer the newest.
    """
    tender = locked_tender(tender)
    permissions.check_can_decide(by, tender)
    check_transition(TENDER_TRANSITIONS, tender.status, TenderStatus.AWARDED)
    newest = tender.evaluations.order_by("-number").first()
    if newest is None or newest.number != evaluation:
        raise RuleViolation(_("評価が計算し直されました。新しい結果を確かめてから決定してください。"))
    if not reason.strip():
        raise RuleViolation(_("決定の理由を入力してください。"))
    winner = scoring.winning_bid(tender, newest)
    if winner is None:
        raise RuleViolation(_("落札者となる入札がありません。該当なしとして終えてください。"))
    award = Award.objects.create(
        tender=tender, evaluation=newest, bid=winner, reason=reason.strip(), awarded_at=clock.now(), awarded_by=by
    )
    move_tender(tender, TenderStatus.AWARDED, by=by, digest=newest.document_digest, bid=winner.reference)
    move_procurement(tender.procurement, ProcurementStatus.AWARDED, by=by)
    for bid in tender.bids.filter(status__in=[BidStatus.SUBMITTED, BidStatus.INVALID]).select_related("company"):
        notify(
            staff_of(bid.company),
            "tender_won" if bid.pk == winner.pk else "tender_lost",
            room="procurement",
            path=tender.get_absolute_url(),
            tender=tender,
            procurement=tender.procurement,
            bid=bid,
        )
    return award


@transaction.atomic
def publish_award(award, *, by) -> Award:
    """Make award, evaluation document and result public for anybody to recompute."""
    tender = locked_tender(award.tender)
    permissions.check_can_manage(by, tender.procurement)
    if tender.status != TenderStatus.AWARDED:  # cancelled after the decision: there is no winner to announce
        raise RuleViolation(_("この入札は「%(status)s」です。") % {"status": tender.get_status_display()})
    award = locked(Award.objects, award)
    if award.published_at:
        raise RuleViolation(_("すでに公表されています。"))
    award.published_at, award.published_by = clock.now(), by
    award.save(update_fields=["published_at", "published_by"])
    record("award:published", tender, by=by, digest=award.evaluation.document_digest)
    return award


@transaction.atomic
def record_contract(procurement, *, number: str, amount_yen: int, signed_on, term_from, term_to, by) -> Contract:
    """Record the contract with the winner (yen, tax in); for a catalogue software the adoption is published."""
    procurement = locked(Procurement.objects.select_related("agency"), procurement)
    permissions.check_can_manage(by, procurement)
    if procurement.status != ProcurementStatus.AWARDED:
        raise RuleViolation(_("落札者の決定後に契約を記録してください。"))
    bid = procurement.tender.award.bid
    candidate = bid.invitation.candidate
    contract = Contract.objects.create(
        procurement=procurement,
        company=bid.company,
        software=candidate.software if candidate else None,
        number=number,
        amount_yen=amount_yen,
        signed_on=signed_on,
        term_from=term_from,
        term_to=term_to,
        recorded_at=clock.now(),
        recorded_by=by,
    )
    if contract.software:
        Adoption.objects.create(
            software=contract.software, agency=procurement.agency, contract=contract, published_at=clock.now()
        )
        adopters = Adoption.objects.filter(software=contract.software).values("agency").distinct()
        note_adoptions(contract.software, count=adopters.count)  # a renewal does not make a second adopter
    move_procurement(procurement, ProcurementStatus.CONTRACTED, by=by)
    return contract
