import datetime as dt

from celery import shared_task
from django.conf import settings

from marketplace import clock
from marketplace.celery import enqueue

from .enums import TenderStatus
from .models import BidAttachment, Tender
from .proposal_files import clear_unconfirmed

# A scan that gave no answer is asked for again after this time.
SCAN_RETRY = dt.timedelta(minutes=2)


@shared_task
def close_tender(tender_id):
    """Close a tender whose deadline passed. Safe to run twice: the locked row decides."""
    from .actions import close_bids

    if tender := Tender.objects.filter(pk=tender_id).first():
        close_bids(tender)


@shared_task
def scan_bid_attachment(attachment_id):
    """Scan one proposal. Safe to run twice: what is judged stays judged."""
    from .actions import scan_attachment

    if attachment := BidAttachment.objects.filter(pk=attachment_id).first():
        scan_attachment(attachment)


@shared_task
def sweep():
    """Drive whatever is due by its stored state."""
    due = Tender.objects.filter(status=TenderStatus.OPEN, bids_due_at__lte=clock.now()).order_by("pk")
    for pk in due.values_list("pk", flat=True)[:500]:
        enqueue(close_tender, pk)
    if settings.CLAMD_SOCKET:
        unscanned = BidAttachment.objects.filter(is_clean=None, uploaded_at__lte=clock.now() - SCAN_RETRY)
        for pk in unscanned.order_by("pk").values_list("pk", flat=True)[:500]:
            enqueue(scan_bid_attachment, pk)
    # Forms of the day before yesterday have lapsed, whatever the hour.
    clear_unconfirmed(clock.today() - dt.timedelta(days=2))
