import contextlib
import time

import pytest
from celery import Celery
from django.db import transaction
from kombu.exceptions import OperationalError

from marketplace.celery import enqueue, enqueue_on_commit, unqueued
from marketplace.launcher.valkey import Valkey
from marketplace.settings.base import CELERY_TASK_PUBLISH_RETRY_POLICY, broker_transport_options


class Task:
    """Records what it was queued with; fails as the broker does when told to."""

    name = "test.task"

    def __init__(self, error=None):
        self.error = error
        self.queued = []

    def delay(self, *args):
        if self.error:
            raise self.error
        self.queued.append(args)


def test_enqueue_queues():
    task = Task()
    assert enqueue(task, 7) is True
    assert task.queued == [(7,)]


def test_replayed_story_queues_nothing():
    task = Task()
    with unqueued():
        assert enqueue(task, 7) is False
    assert enqueue(task, 8) is True
    assert task.queued == [(8,)]


@pytest.mark.parametrize("error", [OperationalError("gone"), ConnectionRefusedError()])
def test_enqueue_without_broker_is_left_to_the_sweep(error):
    assert enqueue(Task(error), 7) is False


def test_enqueue_raises_what_is_a_fault_of_ours():
    with pytest.raises(TypeError):
        enqueue(Task(TypeError()), 7)


@pytest.mark.django_db(transaction=True)
def test_enqueue_on_commit_waits_for_the_commit():
    task = Task()
    with transaction.atomic():
        enqueue_on_commit(task, 7)
        assert task.queued == []
    assert task.queued == [(7,)]


@pytest.mark.django_db(transaction=True)
def test_enqueue_on_commit_is_forgotten_on_rollback():
    task = Task()
    with transaction.atomic():
        enqueue_on_commit(task, 7)
        transaction.set_rollback(True)
    assert task.queued == []


@contextlib.contextmanager
def queued_at(url):
    """A task of an application that publishes as ours does, on the broker at `url`."""
    app = Celery("client", broker=url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        broker_transport_options=broker_transport_options(url),
        task_publish_retry_policy=CELERY_TASK_PUBLISH_RETRY_POLICY,
    )

    def work():
        """Never run here."""

    yield app.task(name="test.task")(work)
    app.close()


@pytest.mark.services
def test_enqueue_gives_up_soon_without_a_broker(tmp_path):
    with queued_at(f"redis+socket://{tmp_path}/nobody.sock") as task:
        started = time.monotonic()
        assert enqueue(task) is False
        assert time.monotonic() - started < 3


@pytest.mark.services
def test_enqueue_survives_a_restart_of_the_broker(root):
    with Valkey(root).in_use() as broker, queued_at(broker.url) as task:
        assert enqueue(task) is True
        broker.stop()
        broker.start()
        assert enqueue(task) is True
