from celery import shared_task

from marketplace import clock
from marketplace.celery import enqueue

from .enums import TenderStatus
from .models import Tender


@shared_task
def close_tender(tender_id):
    """Close a tender whose deadline passed. Safe to run twice: the locked row decides."""
    from .actions import close_bids

    if tender := Tender.objects.filter(pk=tender_id).first():
        close_bids(tender)


@shared_task
def sweep():
    """Drive whatever is due by its stored state."""
    due = Tender.objects.filter(status=TenderStatus.OPEN, bids_due_at__lte=clock.now()).order_by("pk")
    for pk in due.values_list("pk", flat=True)[:500]:
        enqueue(close_tender, pk)
