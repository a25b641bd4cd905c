"""What every action here does: lock, move, tell.

Order of locks everywhere: procurement, tender, bid, assignment.
"""

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.audit.trail import record
from marketplace.workflow import check_transition, locked

from ..models import Procurement, Step, Tender
from ..rules import PROCUREMENT_TRANSITIONS, TENDER_TRANSITIONS


def locked_tender(tender) -> Tender:
    """The tender with its procurement, both locked, in that order."""
    procurement = locked(Procurement.objects.select_related("agency", "officer"), Procurement(pk=tender.procurement_id))
    tender = locked(Tender.objects, tender)
    tender.procurement = procurement
    return tender


def move_procurement(procurement, target, *, by, **data):
    """Enter ``target``, note the day, and leave an audit event."""
    check_transition(PROCUREMENT_TRANSITIONS, procurement.status, target)
    old, procurement.status = procurement.status, target
    procurement.save(update_fields=["status"])
    Step.objects.create(procurement=procurement, status=target, entered_at=clock.now(), entered_by=by)
    record(f"procurement:{target.value}", procurement, by=by, old=old, **data)


def move_tender(tender, target, *, by, update_fields=(), **data):
    """Enter ``target`` together with the fields that belong to it."""
    check_transition(TENDER_TRANSITIONS, tender.status, target)
    old, tender.status = tender.status, target
    tender.save(update_fields=["status", *update_fields])
    record(f"tender:{target.value}", tender, by=by, old=old, **data)


def staff_of(company):
    return User.objects.filter(memberships__company=company, memberships__ended_at=None, is_active=True).distinct()
