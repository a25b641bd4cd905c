"""Reading untrusted JSON without stopping at the first fault.

`load_json` turns bytes into Python values and keeps what JSON would quietly lose (numbers written as floats, keys written
twice). A `Cursor` then walks these values: each read returns a usable value and records a fault where there is none, so
that one pass finds everything. Values read after a fault are placeholders; whoever reads must throw the lot away if
`faults` is not empty.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import isfinite
from typing import Final, TypeVar, cast

from .exact import decimal_text
from .faults import DocumentError, Fault

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

# Far above any real tender; they keep a hostile file from costing more than its size.
FILE_BYTES: Final = 64 * 1024 * 1024
LIST_LENGTH: Final = 100_000
TEXT_LENGTH: Final = 2_000
ID_LENGTH: Final = 200
WHOLE_DIGITS: Final = 18
PART_DIGITS: Final = 12
INTEGER_LIMIT: Final = 10**18

_DECIMAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN_NAME = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*")
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTE_LENGTH = 60

_ABSENT: Final = object()  # an optional key that is not there
_FAULTY: Final = object()  # a value whose fault is already recorded: every read of it is silent


@dataclass(frozen=True)
class RefusedNumber:
    """A JSON number we never compute with, kept as it was written so that the fault can quote it."""

    text: str
    code: str


class Members(dict[str, object]):
    """A JSON object that remembers which of its keys were written more than once."""

    duplicates: tuple[str, ...] = ()


def load_json(source: bytes) -> object:
    """Decode a UTF-8 JSON text (a byte order mark is allowed). Raises DocumentError with line and column."""
    if len(source) > FILE_BYTES:
        raise DocumentError([Fault("$", "file_too_large", {"limit": FILE_BYTES})])
    try:
        text = source.decode("utf-8-sig")
        return json.loads(
            text,
            parse_float=lambda text: RefusedNumber(text, "float_refused"),
            parse_constant=lambda text: RefusedNumber(text, "not_finite"),
            parse_int=_parse_int,
            object_pairs_hook=_members,
        )
    except UnicodeDecodeError as error:
        raise DocumentError([Fault("$", "not_utf8", {"offset": error.start})]) from None
    except json.JSONDecodeError as error:
        where: dict[str, str | int] = {"line": error.lineno, "column": error.colno, "detail": error.msg}
        raise DocumentError([Fault("$", "not_json", where)]) from None
    except RecursionError:
        raise DocumentError([Fault("$", "too_deep")]) from None


def _parse_int(text: str) -> int | RefusedNumber:
    # Python refuses to convert thousands of digits; such a number is a fault like any other.
    return int(text) if len(text) <= 2 * WHOLE_DIGITS else RefusedNumber(text, "integer_expected")


def _members(pairs: list[tuple[str, object]]) -> Members:
    members = Members(pairs)
    if len(members) < len(pairs):
        written = Counter(key for key, _ in pairs)
        members.duplicates = tuple(key for key, times in written.items() if times > 1)
    return members


def quote(value: object) -> str:
    """`value` as short JSON on one line, for a message."""
    if isinstance(value, RefusedNumber):
        text = value.text
    elif isinstance(value, dict):
        text = "{…}"
    elif isinstance(value, list):
        text = "[…]"
    elif value is None or isinstance(value, str | int | float):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = type(value).__name__
    text = _SURROGATE.sub("\ufffd", text)
    return text if len(text) <= _QUOTE_LENGTH else text[: _QUOTE_LENGTH - 1] + "…"


def step(key: str | int) -> str:
    """One step of a JSON path (RFC 9535): `.total`, `[2]`, or `['a b']` where the name needs quoting."""
    if isinstance(key, int):
        return f"[{key}]"
    key = _SURROGATE.sub("\ufffd", key)
    if _PLAIN_NAME.fullmatch(key) and key.isprintable():
        return f".{key}"
    inner = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in key.replace("\\", "\\\\").replace("'", "\\'"))
    return f"['{inner}']"


class Cursor:
    """A place in the document: its value, how to name it, and where its faults go."""

    __slots__ = ("_faults", "_key", "_parent", "value")

    def __init__(
        self, value: object, faults: list[Fault], *, key: str | int = "$", parent: "Cursor | None" = None
    ) -> None:
        self.value = value
        self._faults = faults
        self._key = key
        self._parent = parent

    # Places

    @property
    def path(self) -> str:
        # Built only when a fault needs it: a large document has a million places and rarely a fault.
        steps: list[str] = []
        place = self
        while place._parent is not None:
            steps.append(step(place._key))
            place = place._parent
        return str(place._key) + "".join(reversed(steps))

    @property
    def given(self) -> bool:
        """Whether the document states a value here; null states none."""
        return self.value is not _ABSENT and self.value is not None and self.value is not _FAULTY

    @property
    def sound(self) -> bool:
        """Whether this value, so far as it was read, can be used."""
        return self.value is not _FAULTY

    def child(self, key: str | int, value: object) -> "Cursor":
        return Cursor(value, self._faults, key=key, parent=self)

    # Faults

    def fault(self, code: str, **params: str | int) -> None:
        self._faults.append(Fault(self.path, code, params))

    def refuse(self, code: str, **params: str | int) -> None:
        """Record that this value is unusable; a value already refused is not refused twice."""
        if self.value is _FAULTY:
            return
        if self.value is _ABSENT:
            self.fault("missing_key")
        elif isinstance(self.value, RefusedNumber):
            self.fault(self.value.code, found=quote(self.value))
        elif isinstance(self.value, float):
            self.fault("float_refused" if isfinite(self.value) else "not_finite", found=quote(self.value))
        else:
            self.fault(code, **({"found": quote(self.value)} | params))
        self.value = _FAULTY

    # Objects and lists

    def members(self) -> dict[str, "Cursor"]:
        """The members of an object whose keys are the document's own names."""
        if not isinstance(self.value, dict):
            self.refuse("object_expected")
            return {}
        for key in getattr(self.value, "duplicates", ()):
            self.child(key, None).fault("duplicate_key")
        members = {}
        for key, value in self.value.items():
            member = self.child(str(key), value)
            if isinstance(key, str):
                member._check_text(key, ID_LENGTH)
                members[key] = member
            else:  # possible only in data that never was JSON
                member.fault("unknown_key")
        return members

    def record(self, *, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, "Cursor"]:
        """The members of an object whose keys the format fixes. Every named key has a cursor, found or not."""
        required, optional = tuple(required), tuple(optional)
        found = self.members()
        absent = _ABSENT if self.value is not _FAULTY else _FAULTY
        record: dict[str, Cursor] = {}
        for key in required + optional:
            record[key] = found.pop(key) if key in found else self.child(key, absent)
            if key in required and record[key].value is _ABSENT:
                record[key].refuse("missing_key")
        for cursor in found.values():
            cursor.fault("unknown_key")
        return record

    def items(self, *, limit: int = LIST_LENGTH) -> list["Cursor"]:
        """The items of a list."""
        if not isinstance(self.value, list):
            self.refuse("list_expected")
            return []
        if len(self.value) > limit:
            self.refuse("too_many", limit=limit)
            return []
        return [self.child(index, value) for index, value in enumerate(self.value)]

    # Values

    def optional(self, read: Callable[["Cursor"], T]) -> T | None:
        """What `read` reads, or None where the document says null or nothing."""
        return None if self.value is None or self.value is _ABSENT else read(self)

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse("text_expected")
            return ""
        self._check_text(self.value, TEXT_LENGTH)
        return self.value

    def identifier(self) -> str:
        """Text that names something: not empty, and short."""
        if not isinstance(self.value, str):
            self.refuse("text_expected")
            return ""
        if not self.value:
            self.refuse("empty")
            return ""
        self._check_text(self.value, ID_LENGTH)
        return self.value

    def _check_text(self, text: str, limit: int) -> None:
        if len(text) > limit:
            self.fault("too_long", limit=limit)
        if not text.isascii() and _SURROGATE.search(text):
            self.fault("bad_text")

    def choice(self, words: type[E]) -> E:
        """One of the words of an enumeration."""
        options = list(words)
        if isinstance(self.value, str) and self.value in options:
            return words(self.value)
        self.refuse("unknown_choice", choices=", ".join(map(quote, options)))
        return options[0]

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            self.refuse("boolean_expected")
        return self.value is True

    def integer(self, *, low: int = 0, high: int = INTEGER_LIMIT) -> int:
        """A JSON number without point or exponent, from `low` to `high`."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.refuse("integer_expected")
        elif self.value < low:
            self.refuse("too_small", limit=low)
        elif self.value > high:
            self.refuse("too_large", limit=high)
        else:
            return self.value
        return low

    def date(self) -> date:
        if isinstance(self.value, str) and _ISO_DATE.fullmatch(self.value):
            try:
                return date.fromisoformat(self.value)
            except ValueError:
                pass  # 30 February has the right shape
        self.refuse("date_expected")
        return date.min

    def decimal(self, *, low: Fraction | None = Fraction(0), high: Fraction | None = None) -> Fraction:
        """A decimal string, from `low` to `high`; None sets no bound."""
        value = self._plain_decimal()
        if value is None:
            pass
        elif low is not None and value < low:
            self.refuse("too_small", limit=decimal_text(low))
        elif high is not None and value > high:
            self.refuse("too_large", limit=decimal_text(high))
        else:
            return value
        return Fraction(1)

    def positive(self) -> Fraction:
        """A decimal string above zero."""
        value = self._plain_decimal()
        if value is not None and value <= 0:
            self.refuse("not_above_zero")
        elif value is not None:
            return value
        return Fraction(1)

    def _plain_decimal(self) -> Fraction | None:
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            self.refuse("number_not_string")
        elif not isinstance(self.value, str):
            self.refuse("decimal_expected")
        elif match := _DECIMAL.fullmatch(self.value):
            sign, whole, part = cast(tuple[str, str, str | None], match.groups())
            part = part or ""
            if len(whole) <= WHOLE_DIGITS and len(part) <= PART_DIGITS:
                return Fraction(int(sign + whole + part), 10 ** len(part))
            self.refuse("too_many_digits", whole=WHOLE_DIGITS, part=PART_DIGITS)
        else:
            self.refuse("exponent_refused" if _EXPONENT.fullmatch(self.value) else "decimal_expected")
        return None
