"""The one clock of the domain: aware, and movable for a replayed story (demonstration data, tests), never in a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.utils import timezone

_moment: ContextVar[datetime | None] = ContextVar("moment", default=None)


def now() -> datetime:
    return _moment.get() or timezone.now()


def today() -> date:
    """The calendar day in Tokyo."""
    return timezone.localdate(now(), timezone=timezone.get_default_timezone())


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let the domain believe it is ``moment`` (aware) in this thread."""
    if timezone.is_naive(moment):
        raise ValueError("The clock needs an aware time.")
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)
