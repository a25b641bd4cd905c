from celery import shared_task
from django.db import transaction

from marketplace import clock

from .models import Notification


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def deliver(notification_id):
    """Send one mail. Safe to run twice: the locked row decides, not the queue.

    At least once: a crash between the mail server's answer and our commit sends this one mail again.
    """
    with transaction.atomic():
        notification = (
            Notification.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("user")
            .filter(pk=notification_id, mailed_at=None, mail_due_at__isnull=False)
            .first()
        )
        if notification is None:  # sent, being sent by another worker, or erased
            return
        notification.as_email().send()
        notification.mailed_at = clock.now()
        notification.save(update_fields=["mailed_at"])


@shared_task
def sweep():
    """Send every mail that is due: what the broker lost, and what a dead worker left."""
    for pk in Notification.objects.mail_due(clock.now()).order_by("pk").values_list("pk", flat=True)[:500]:
        deliver.delay(pk)
