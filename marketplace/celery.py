"""The Celery application, and the one way our code hands work to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog
from celery import Celery
from django.db import transaction
from django_structlog.celery.steps import DjangoStructLogInitStep
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.prod")

app = Celery("marketplace")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)  # a task's log lines carry the id of the request that queued it

logger = structlog.get_logger(__name__)


_is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)


@contextmanager
def unqueued() -> Iterator[None]:
    """Queue nothing meanwhile: for a replayed story, whose due steps were taken in their own time or are the sweep's."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def enqueue(task, *args) -> bool:
    """Queue ``task(*args)`` now; ``False`` if the broker cannot be reached.

    That is logged, not raised: the stored state says what is due, so the sweep queues it again within a minute, and a
    person's form must not fail over it.
    """
    if _is_quiet.get():
        return False
    try:
        task.delay(*args)
    except (OperationalError, OSError) as error:
        logger.warning("task_not_queued", task=task.name, reason=type(error).__name__)
        return False
    return True


def enqueue_on_commit(task, *args) -> None:
    """Queue ``task(*args)`` once the current transaction has committed (at once if there is none).

    ``args`` are ids, never objects: the worker reads what was committed. Tasks are hints; see `enqueue`.
    """
    transaction.on_commit(lambda: enqueue(task, *args))
