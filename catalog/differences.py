"""What changed between two values of a field, as people look for it: words in a text, items of a list, cells of a table.

Pure. Every difference is told by ``op``: "same", "added", "removed" and, for rows and cells, "changed".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from . import content as fields
from .content import Field, Kind
from .wording import in_words

# Japanese has no spaces: runs of one script are what a reader takes for words.
_WORDS = re.compile(r"[一-鿿々〆]+|[ぁ-ゖー]+|[ァ-ヺー]+|[A-Za-z0-9.,%]+|\s+|.", re.DOTALL)
# What makes two rows of a table the same row with other values.
_ROW_KEYS = {"price_lines": ("item", "timing", "unit", "from_quantity"), "certifications": ("scheme",)}


@dataclass(frozen=True)
class Segment:
    op: str
    text: str


@dataclass(frozen=True)
class Cell:
    op: str
    before: str
    after: str


@dataclass(frozen=True)
class Row:
    op: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Difference:
    """``op`` of the whole value. ``segments`` for text and choices, ``rows`` (under ``field.items``) for lists of objects."""

    field: Field
    op: str
    segments: tuple[Segment, ...] = ()
    rows: tuple[Row, ...] = ()


def difference(field: Field, before: Any, after: Any, names: Mapping[str, str]) -> Difference:
    """How ``after`` differs from ``before``, in words. ``names``: the category labels."""
    before, after = (None if fields.is_blank(value) else value for value in (before, after))
    if before == after:
        op = "same"
    elif before is None:
        op = "added"
    else:
        op = "removed" if after is None else "changed"
    match field.kind:
        case Kind.LIST:
            return Difference(field, op, rows=row_differences(field, before or [], after or [], names))
        case Kind.CHOICES | Kind.CATEGORIES:
            old, new = ([in_words(field, [item], names) for item in value or []] for value in (before, after))
            return Difference(field, op, segments=item_segments(old, new))
        case Kind.TEXT:
            return Difference(field, op, segments=text_segments(before or "", after or ""))
        case _:
            old, new = (in_words(field, value, names) for value in (before, after))
            return Difference(field, op, segments=item_segments([old] * bool(old), [new] * bool(new)))


def text_segments(before: str, after: str) -> tuple[Segment, ...]:
    """The two texts woven into one, word by word."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    segments = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            segments.append(Segment("same", "".join(new[k:m])))
            continue
        if i < j:
            segments.append(Segment("removed", "".join(old[i:j])))
        if k < m:
            segments.append(Segment("added", "".join(new[k:m])))
    return tuple(segments)


def item_segments(before: Sequence[str], after: Sequence[str]) -> tuple[Segment, ...]:
    """What stays and what is new in the order of ``after``, then what is gone."""
    return (
        *(Segment("same" if item in before else "added", item) for item in after),
        *(Segment("removed", item) for item in before if item not in after),
    )


def row_differences(field: Field, before: list, after: list, names: Mapping[str, str]) -> tuple[Row, ...]:
    """The rows in the order of ``after``, removed ones where they stood. A row with the same key is one row changed."""
    old_keys, new_keys = ([_key(field, row) for row in rows] for rows in (before, after))
    rows = []
    for tag, i, j, k, m in SequenceMatcher(None, old_keys, new_keys, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [_row(field, old, new, names) for old, new in zip(before[i:j], after[k:m], strict=True)]
        else:
            rows += [_row(field, old, None, names) for old in before[i:j]]
            rows += [_row(field, None, new, names) for new in after[k:m]]
    return tuple(rows)


def _key(field: Field, row: dict) -> tuple:
    return tuple(row.get(name) for name in _ROW_KEYS.get(field.name, [part.name for part in field.items]))


def _row(field: Field, old: dict | None, new: dict | None, names: Mapping[str, str]) -> Row:
    if old is None or new is None:
        op = "added" if old is None else "removed"
        words = [in_words(part, (old or new or {}).get(part.name), names) for part in field.items]
        return Row(op, tuple(Cell("same", text, text) for text in words))
    cells = []
    for part in field.items:
        before, after = (in_words(part, row.get(part.name), names) for row in (old, new))
        cells.append(Cell("same" if before == after else "changed", before, after))
    return Row("same" if old == new else "changed", tuple(cells))
