"""Rule data: TOML files whose rows say from when they hold and where they were read."""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar


class NoRuleInForce(LookupError):
    """The day asked for lies before the first rule of its kind."""


class Dated(Protocol):
    @property
    def valid_from(self) -> date: ...


Row = TypeVar("Row", bound=Dated)


@cache
def load(path: Path) -> dict[str, Any]:
    """Read a rule file once a process. Callers must not change what they get."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def in_force(rows: Sequence[Row], on: date | None) -> Row:
    """The newest row that holds on ``on`` (None: the newest of all). Raises NoRuleInForce before the first."""
    begun = [row for row in rows if on is None or row.valid_from <= on]
    if not begun:
        raise NoRuleInForce(f"No rule was in force on {on}.")
    return max(begun, key=lambda row: row.valid_from)
