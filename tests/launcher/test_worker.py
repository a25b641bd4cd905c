"""A real worker on a real broker: what kill -9 of either may cost, which is nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.utils import timezone

from marketplace.launcher.valkey import Valkey
from marketplace.notifications.models import Notification
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

DELIVER, SWEEP = "marketplace.notifications.tasks.deliver", "marketplace.notifications.tasks.sweep"


@pytest.fixture
def broker(root):
    with Valkey(root).in_use() as broker:
        yield broker


@pytest.fixture
def queue(broker):
    """Puts a task on the real broker; the application of this process runs its tasks on the spot."""
    client = Celery("client", broker=broker.url, set_as_current=False)
    client.conf.task_publish_retry = False
    yield lambda name, *arguments: client.send_task(name, arguments, ignore_result=True)
    client.close()


@pytest.fixture
def notification():
    return Notification.objects.create(
        user=UserFactory(contact_email="person@vendor.example"),
        event="test",
        subject="審査結果のお知らせ",
        body="本文",
        mail_due_at=timezone.now(),
    )


@contextlib.contextmanager
def worker(root, broker):
    database = settings.DATABASES["default"]
    url = f"postgres://{database['USER']}@/{database['HOST']}/{connection.settings_dict['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "marketplace.celery", "--quiet", "worker", "--concurrency", "1"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tests.launcher.worker_settings",
            "MARKETPLACE_PROCESS": "worker",
            "MARKETPLACE_VAR": str(root),
            "DATABASE_URL": (settings.EMBEDDED_DATABASE and url) or os.environ["DATABASE_URL"],
            "CELERY_BROKER_URL": broker.url,
            "PYTHONWARNINGS": "",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def mails(root):
    return list((root / "mail").glob("*.eml"))


def test_mail_is_sent_once_though_worker_and_broker_were_killed(root, broker, queue, notification):
    sending, may_finish = root / "mail" / "sending", root / "mail" / "may-finish"

    # The worker dies in the middle of the task.
    queue(DELIVER, notification.pk)
    with worker(root, broker) as process:
        until(sending.exists)
        os.killpg(process.pid, signal.SIGKILL)
    notification.refresh_from_db()
    assert (notification.mailed_at, mails(root)) == (None, [])

    # The next worker's sweep finds what is due in the stored state, long before the broker gives the task out again.
    may_finish.touch()
    with worker(root, broker):
        queue(SWEEP)
        until(lambda: mails(root))
        until(lambda: Notification.objects.filter(pk=notification.pk).exclude(mailed_at=None).exists())

        # The broker dies under the worker, which finds it again; what was done is not done twice.
        os.kill(broker.processes()[0], signal.SIGKILL)
        broker.wait_until(lambda: not broker.answers())
        broker.revive()
        queue(SWEEP)
        queue(DELIVER, notification.pk)
        second = Notification.objects.create(
            user=notification.user, event="test", subject="二通目", body="本文", mail_due_at=timezone.now()
        )
        queue(DELIVER, second.pk)
        until(lambda: Notification.objects.filter(pk=second.pk).exclude(mailed_at=None).exists())
    assert len(mails(root)) == 2
