"""Checks a plain JSON value against a TypedDict, and names every fault by its JSON path.

The TypedDicts in `content` are thus the one description of what goes into a document: for the reader, for the
type checker and for a stranger's file.
"""

import datetime
import re
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Union

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from procurement.evaluation.reading import step


class Fault(NamedTuple):
    """One thing wrong with a document: where (`$.candidates[3].price`), and what, in words for a person."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True)
class Shape:
    """What a text must look like, beside being text."""

    words: Any  # lazily translated
    pattern: str
    parse: Any = None  # raises ValueError on a text that only looks right, such as 31 February

    def admits(self, text: str) -> bool:
        if re.fullmatch(self.pattern, text) is None:
            return False
        try:
            if self.parse is not None:
                self.parse(text)
        except ValueError:
            return False
        return True


# Long enough for every amount, short enough that a stranger's file cannot keep the arithmetic busy.
DECIMAL = r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?"

Text = Annotated[str, Shape(gettext_lazy("空でない文字列"), r"(?s).*\S.*")]
Date = Annotated[str, Shape(gettext_lazy("日付（例: 2026-11-23）"), r"\d{4}-\d\d-\d\d", datetime.date.fromisoformat)]
Instant = Annotated[
    str,
    Shape(
        gettext_lazy("時差つきの日時（例: 2026-11-23T14:05:09+09:00）"),
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)",
        datetime.datetime.fromisoformat,
    ),
]
Yen = Annotated[str, Shape(gettext_lazy('金額を表す十進数の文字列（例: "3300000"）'), DECIMAL)]
Number = Annotated[str, Shape(gettext_lazy('十進数の文字列（例: "166.0800"）'), DECIMAL)]
Digest = Annotated[str, Shape(gettext_lazy("sha256: に続く16進数64桁"), r"sha256:[0-9a-f]{64}")]
CorporateNumber = Annotated[str, Shape(gettext_lazy("13桁の番号"), r"[0-9]{13}")]


def faults(value: Any, expected: Any, path: str = "$") -> Iterator[Fault]:
    """Everything in which `value` differs from the type `expected`, in the order of the document."""
    origin = typing.get_origin(expected)
    if origin is NotRequired:
        yield from faults(value, typing.get_args(expected)[0], path)
    elif origin in (Union, types.UnionType):
        members = typing.get_args(expected)
        if value is not None or type(None) not in members:
            [member] = [member for member in members if member is not type(None)]
            yield from faults(value, member, path)
    elif origin is Annotated:
        kind, shape = typing.get_args(expected)
        if type(value) is not kind or not shape.admits(value):
            yield Fault(path, _("%(expected)sではありません。") % {"expected": shape.words})
    elif origin is Literal:
        choices = typing.get_args(expected)
        if type(value) is not str or value not in choices:
            yield Fault(path, _("%(choices)sのいずれかではありません。") % {"choices": "・".join(choices)})
    elif origin is list:
        if type(value) is not list:
            yield Fault(path, _("配列ではありません。"))
            return
        [item] = typing.get_args(expected)
        for index, entry in enumerate(value):
            yield from faults(entry, item, f"{path}[{index}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield Fault(path, _("オブジェクトではありません。"))
            return
        yield from _duplicate_faults(value, path)
        for key, entry in value.items():
            yield from faults(entry, typing.get_args(expected)[1], path + step(key))
    elif typing.is_typeddict(expected):
        yield from _object_faults(value, expected, path)
    elif expected is not Any and type(value) is not expected:
        # `type`, not isinstance: JSON's true is not the number 1.
        words = {str: _("文字列"), int: _("整数"), bool: _("真偽値")}[expected]
        yield Fault(path, _("%(expected)sではありません。") % {"expected": words})


def _object_faults(value: Any, expected: Any, path: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, _("オブジェクトではありません。"))
        return
    yield from _duplicate_faults(value, path)
    hints = typing.get_type_hints(expected, include_extras=True)
    for key in sorted(value.keys() - hints.keys()):
        yield Fault(path + step(key), _("この形式にない項目です。"))
    for key, hint in hints.items():
        if key in value:
            yield from faults(value[key], hint, f"{path}.{key}")
        elif key in expected.__required_keys__:
            yield Fault(f"{path}.{key}", _("項目がありません。"))


def _duplicate_faults(value: dict[str, Any], path: str) -> Iterator[Fault]:
    """A key written twice: programs take the last, a reader may see the first. `evaluation.reading` remembers them."""
    for key in getattr(value, "duplicates", ()):
        yield Fault(path + step(key), _("同じ項目が二度書かれています。"))
