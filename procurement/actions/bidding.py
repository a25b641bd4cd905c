"""Sealed bids until the deadline, to the second."""

import secrets
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace import clock, malware
from marketplace.accounts import permissions as people
from marketplace.audit.trail import record
from marketplace.celery import enqueue_on_commit
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, locked

from .. import permissions, scoring, sealing
from ..enums import BidStatus, BonusKind, ProcurementStatus, TenderStatus
from ..models import Bid, BidAttachment, BonusClaim, Invitation
from ..tasks import scan_bid_attachment
from .moves import locked_tender, move_procurement, move_tender


@transaction.atomic
def submit_bid(
    invitation,
    *,
    prices: dict[str, Decimal],
    proposal: str,
    by,
    lot_number: int | None = None,
    claims: dict[int, str] | None = None,
    attachment: dict | None = None,
    seen: str | None = None,
) -> tuple[Bid, str]:
    """Hand in a bid, replacing an earlier one of the same invitation. Return it and the salt of its receipt.

    ``prices``: yen by price component of the rule. ``claims``: bonus pk → statement. ``attachment``: the fields of
    BidAttachment. ``seen``: reference of the bid the bidder knew to stand ("" for none), so that a second click, or a
    colleague's bid, is not replaced unawares; None does not ask. Raises RuleViolation from the deadline on.
    """
    invitation = Invitation.objects.select_related("company", "tender").get(pk=invitation.pk)
    tender = locked_tender(invitation.tender)
    permissions.check_can_bid(by, invitation)
    now = clock.now()
    _check_accepting(tender, now=now)
    expected = scoring.price_components(tender.rule)
    if prices.keys() != set(expected) or any(price <= 0 for price in prices.values()):
        raise RuleViolation(_("入札価格をすべて1円以上で入力してください。"))
    if lot_number is None and scoring.needs_lot_number(tender):
        raise RuleViolation(_("くじ番号を入力してください。"))

    earlier = Bid.objects.select_for_update(no_key=True).filter(invitation=invitation).standing().first()
    standing = earlier.reference if earlier else ""
    if seen is not None and seen != standing:
        raise RuleViolation(
            _("この入札書の確認中に、別の入札書（%(reference)s）が提出されています。受付の内容を確かめてください。")
            % {"reference": standing}
            if standing
            else _("差し替える入札書は、すでに辞退されています。内容を確かめて、もう一度提出してください。")
        )
    if earlier:
        _end(earlier, BidStatus.REPLACED, by=by, now=now, reason=_("差し替え"))
    bid = Bid(
        tender=tender,
        invitation=invitation,
        company=invitation.company,
        proposal=proposal,
        lot_number=lot_number,
        submitted_at=now,
        submitted_by=by,
    )
    values = {component: scoring.text(price) for component, price in prices.items()}
    bid.sealed_prices, bid.price_digest, salt = sealing.seal(values, bound_to=bid.reference)
    bid.save()
    for bonus in tender.bonuses.filter(pk__in=(claims or {}).keys()):
        statement = claims[bonus.pk]
        BonusClaim.objects.create(
            bid=bid,
            bonus=bonus,
            statement=statement,
            derivation=scoring.startup_derivation(tender, invitation.company, statement=statement)
            if bonus.kind == BonusKind.STARTUP
            else {},
        )
    if attachment:
        enqueue_on_commit(scan_bid_attachment, BidAttachment.objects.create(bid=bid, uploaded_at=now, **attachment).pk)
    record("bid:submitted", bid, by=by, tender=tender.reference, digest=bid.price_digest, replaces=bool(earlier))
    return bid, salt


@transaction.atomic
def withdraw_bid(bid, *, reason: str, by) -> Bid:
    """Take a bid back before the deadline. It stays on record."""
    tender = locked_tender(bid.tender)
    bid = locked(Bid.objects.select_related("company"), bid)
    people.check_can_submit(by, bid.company)
    now = clock.now()
    _check_accepting(tender, now=now)
    if bid.status != BidStatus.SUBMITTED:
        raise RuleViolation(_("この入札は「%(status)s」です。") % {"status": bid.get_status_display()})
    _end(bid, BidStatus.WITHDRAWN, by=by, now=now, reason=reason)
    record("bid:withdrawn", bid, by=by, tender=tender.reference)
    return bid


@transaction.atomic
def close_bids(tender):
    """Stop taking bids once the deadline has passed, give each a letter for blind marking, tell the evaluators.

    Run by the sweep, any number of times.
    """
    tender = locked_tender(tender)
    now = clock.now()
    if tender.status != TenderStatus.OPEN or tender.bids_due_at > now:
        return tender
    bids = list(tender.bids.standing().select_for_update(no_key=True).order_by("pk"))
    # A random order: the letters must not tell who was first.
    secrets.SystemRandom().shuffle(bids)
    for position, bid in enumerate(bids):
        bid.label = _letters(position)
        bid.save(update_fields=["label"])
    tender.closed_at = now
    move_tender(tender, TenderStatus.MARKING, by=None, update_fields=["closed_at"], bids=len(bids))
    move_procurement(tender.procurement, ProcurementStatus.EVALUATING, by=None)
    evaluators = [assignment.evaluator for assignment in tender.assignments.select_related("evaluator")]
    notify(
        evaluators,
        "marking_started",
        room="procurement",
        path=tender.get_absolute_url(),
        tender=tender,
        procurement=tender.procurement,
    )
    notify(
        [tender.procurement.officer],
        "bids_closed",
        room="procurement",
        path=tender.get_absolute_url(),
        tender=tender,
        procurement=tender.procurement,
        count=len(bids),
    )
    return tender


def scan_attachment(attachment) -> BidAttachment:
    """Ask the malware scanner about a file nobody has judged; without an answer it stays shut and the sweep asks again.

    Reads the file outside any transaction: a scan takes seconds.
    """
    if attachment.is_clean is not None:
        return attachment
    with attachment.file.open("rb") as file:
        try:
            outcome = malware.scan(file).outcome
        except malware.ScanError:
            return attachment
    if outcome == malware.Outcome.NOT_SCANNED:
        return attachment
    with transaction.atomic():
        attachment = BidAttachment.objects.select_for_update(of=("self",), no_key=True).get(pk=attachment.pk)
        if attachment.is_clean is None:
            attachment.is_clean = outcome == malware.Outcome.CLEAN
            attachment.save(update_fields=["is_clean"])
            record("bid_attachment:scanned", attachment, by=None, clean=attachment.is_clean)
    return attachment


def _check_accepting(tender, *, now):
    if tender.status != TenderStatus.OPEN or now >= tender.bids_due_at:
        raise RuleViolation(_("入札書の提出期限を過ぎたため、受け付けられません。"))


def _end(bid, status, *, by, now, reason):
    bid.status, bid.ended_at, bid.ended_by, bid.end_reason = status, now, by, reason
    bid.save(update_fields=["status", "ended_at", "ended_by", "end_reason"])


def _letters(position: int) -> str:
    """A … Z, AA, AB …"""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
