import structlog
from celery import shared_task

from marketplace import clock
from marketplace.celery import enqueue

from .enums import ReviewStatus, SoftwareStatus
from .models import Attachment, Review, Software
from .watches import tasks as watch_tasks  # noqa: F401 - found by Celery through this module

log = structlog.get_logger(__name__)


@shared_task
def check_review(review_id):
    """Check one submission. Safe to run twice: the locked row decides."""
    from .actions import begin_check, finish_check

    if review := Review.objects.filter(pk=review_id).first():
        begin_check(review)
        finish_check(review)


@shared_task
def lapse_listing(software_id):
    from .actions import lapse_software

    if software := Software.objects.filter(pk=software_id).first():
        lapse_software(software)


@shared_task
def scan_attachment(attachment_id):
    """Scan one uploaded file. Safe to run twice: what is judged stays judged."""
    from .actions import scan_file

    if attachment := Attachment.objects.filter(pk=attachment_id).first():
        scan_file(attachment)


@shared_task
def mend_search():
    """Nightly: bring the search index to what is listed (a startup grows up without anybody's act), and say what differed."""
    from .search.index import check_index, rebuild

    found = check_index()
    if found:
        log.warning("search_index_differed", missing=found.missing, extra=found.extra, stale=found.stale)
        for _ in rebuild():
            pass


@shared_task
def sweep():
    """Drive whatever is due by its stored state: checks and scans the broker lost or a worker left, listings past their day."""
    due = Review.objects.filter(
        status__in=[ReviewStatus.SUBMITTED, ReviewStatus.CHECKING], due_at__lte=clock.now()
    ).order_by("pk")
    for pk in due.values_list("pk", flat=True)[:500]:
        enqueue(check_review, pk)
    lapsed = Software.objects.filter(status=SoftwareStatus.LISTED, lapses_on__lte=clock.today()).order_by("pk")
    for pk in lapsed.values_list("pk", flat=True)[:500]:
        enqueue(lapse_listing, pk)
    for pk in Attachment.objects.scan_due(clock.now()).order_by("pk").values_list("pk", flat=True)[:500]:
        enqueue(scan_attachment, pk)
