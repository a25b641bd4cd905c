"""The only writer of notifications."""

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from marketplace import clock
from marketplace.celery import enqueue_on_commit

from .models import Notification


def notify(
    users, event: str, *, path: str = "", unsubscribe_path: str = "", room: str, **context
) -> list[Notification]:
    """Tell each of ``users`` of ``event``, in the application and by mail, in the caller's transaction.

    The texts are ``<room>/email/<event>_subject.txt`` and ``_body.txt``; mail leaves after commit. Japanese: the
    language of public procurement, and a stored text must not depend on who happened to trigger it. Mails of a kind
    people asked for say at ``unsubscribe_path`` how to end them.
    """
    from .tasks import deliver

    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A notification belongs to the transaction of the act it tells of.")
    now = clock.now()
    with translation.override("ja"):
        subject = " ".join(render_to_string(f"{room}/email/{event}_subject.txt", context).split())
        body = render_to_string(f"{room}/email/{event}_body.txt", context).strip()
    notifications = Notification.objects.bulk_create(
        Notification(
            user=user,
            event=event,
            subject=subject[:200],
            body=body,
            path=path,
            unsubscribe_path=unsubscribe_path,
            mail_due_at=now if user.mail_address else None,
        )
        for user in dict.fromkeys(users)
    )
    for notification in notifications:
        if notification.mail_due_at:
            enqueue_on_commit(deliver, notification.pk)
    return notifications


def mark_read(notifications, *, by):
    """Mark ``by``'s own notifications of the queryset as read."""
    return notifications.filter(user=by, read_at=None).update(read_at=clock.now())
