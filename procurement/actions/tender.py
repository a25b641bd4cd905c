"""The published rule: made, checked by the engine, and frozen before bids."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.audit.trail import record
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, check_transition, locked

from .. import permissions, scoring, sealing
from ..enums import BonusKind, ProcurementStatus, TenderStatus
from ..evaluation import DocumentError, digest, parse_document
from ..models import Bonus, Criterion, Invitation, Procurement, Tender
from ..rules import TENDER_TRANSITIONS
from .moves import locked_tender, move_procurement, move_tender, staff_of


@transaction.atomic
def draft_tender(procurement, *, by, past_sheet: bool = False) -> Tender:
    """Begin the tender of a procurement whose selection is locked.

    ``past_sheet``: re-enter an award sheet that was published elsewhere; its technical points are given, not marked.
    """
    procurement = locked(Procurement.objects.select_related("agency"), procurement)
    permissions.check_can_manage(by, procurement)
    if procurement.status != (ProcurementStatus.DRAFT if past_sheet else ProcurementStatus.SELECTED):
        raise RuleViolation(_("選定を確定してから入札を作成してください。"))
    tender, created = Tender.objects.get_or_create(procurement=procurement, defaults={"takes_given_points": past_sheet})
    if created:
        record("tender:drafted", tender, by=by, procurement=procurement.reference)
    return tender


@transaction.atomic
def save_rule(tender, *, values: dict, criteria: list[dict], bonuses: list[dict], by) -> Tender:
    """Replace the draft rule. ``values``: Tender fields; ``criteria`` and ``bonuses``: their fields, in order."""
    tender = locked_tender(tender)
    permissions.check_can_manage(by, tender.procurement)
    if tender.status != TenderStatus.DRAFT:
        raise RuleViolation(_("公告後は評価の方法を変更できません。"))
    for name, value in values.items():
        setattr(tender, name, value)
    tender.save(update_fields=[*values])
    tender.criteria.all().delete()
    Criterion.objects.bulk_create(criterion_rows(tender, criteria))
    tender.bonuses.all().delete()
    Bonus.objects.bulk_create(bonus_rows(tender, bonuses))
    return tender


def criterion_rows(tender, criteria: list[dict]) -> list[Criterion]:
    """The criteria as rows, not stored; their place gives the key that the document names them by."""
    return [
        Criterion(tender=tender, position=position, key=f"c{position}", **criterion)
        for position, criterion in enumerate(criteria, start=1)
    ]


def bonus_rows(tender, bonuses: list[dict]) -> list[Bonus]:
    return [Bonus(tender=tender, key=f"b{position}", **bonus) for position, bonus in enumerate(bonuses, start=1)]


@transaction.atomic
def publish_tender(
    tender, *, ceiling_price: Decimal | None, low_price_threshold: Decimal | None = None, companies=(), by
) -> Tender:
    """Freeze the rule and invite the sellers of every kept candidate (of a past sheet: ``companies``).

    ``ceiling_price`` (予定価格) and ``low_price_threshold`` (調査基準価格), in yen on the tax basis of the bids, are
    sealed until opening. Raises RuleViolation with every fault the engine finds in the rule.
    """
    tender = locked_tender(tender)
    procurement = tender.procurement
    permissions.check_can_manage(by, procurement)
    check_transition(TENDER_TRANSITIONS, tender.status, TenderStatus.OPEN)
    now = clock.now()
    if tender.bids_due_at is None or tender.opening_at is None:
        raise RuleViolation(_("入札書の提出期限と開札予定日時を入力してください。"))
    if tender.bids_due_at <= now:
        raise RuleViolation(_("入札書の提出期限が過ぎています。"))
    _check_can_be_evaluated(tender)
    limits = {
        "ceiling_price": None if ceiling_price is None else scoring.text(ceiling_price),
        "low_price_threshold": None if low_price_threshold is None else scoring.text(low_price_threshold),
    }
    tender.rule = scoring.rule_document(tender)
    try:
        parse_document(tender.rule | limits)
    except DocumentError as error:
        raise RuleViolation(scoring.fault_lines(error)) from error
    tender.rule_digest = digest(tender.rule)
    tender.sealed_limits, _digest, _salt = sealing.seal(limits, bound_to=tender.reference)
    tender.published_at, tender.published_by = now, by
    # One save: the trigger that freezes the rule looks at the row as it was before.
    move_tender(
        tender,
        TenderStatus.OPEN,
        by=by,
        digest=tender.rule_digest,
        update_fields=["rule", "rule_digest", "sealed_limits", "published_at", "published_by"],
    )
    move_procurement(procurement, ProcurementStatus.TENDERING, by=by)
    if tender.takes_given_points:
        for company in companies:
            invite(tender, company)
        return tender
    for candidate in procurement.selection.search.candidates.filter(is_dropped=False).select_related("offer__seller"):
        invite(tender, candidate.offer.seller, candidate=candidate)
    return tender


def invite(tender, company, *, candidate=None) -> Invitation:
    """Let ``company`` bid; it is told. Inside the transaction of whoever publishes."""
    invitation = Invitation.objects.create(tender=tender, company=company, candidate=candidate, invited_at=clock.now())
    notify(
        staff_of(company),
        "tender_invited",
        room="procurement",
        path=tender.get_absolute_url(),
        tender=tender,
        procurement=tender.procurement,
    )
    return invitation


def _check_can_be_evaluated(tender):
    """Refuse now what would only show at the opening, when nobody may mend the rule any more."""
    if not tender.takes_given_points and not tender.criteria.exists():
        raise RuleViolation(_("評価項目を一つ以上入力してください。"))
    if tender.bonuses.filter(kind=BonusKind.STARTUP).exists() and not (
        tender.startup_reference_date and tender.startup_years
    ):
        raise RuleViolation(_("スタートアップ加点には、基準日と設立からの年数の上限が必要です。"))
