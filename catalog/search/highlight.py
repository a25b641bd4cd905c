"""Marks the words found in a text as it was written, however differently it is spelt. Returns segments, never markup."""

import re
from collections.abc import Sequence

from .normalise import CJK, RUN, fold_with_offsets
from .tokens import SHORTEST_PREFIX

Segments = list[tuple[str, bool]]

_LETTER = f"(?:(?![{CJK}])[^\\W_])"
_BETWEEN = f"(?:(?![{CJK}])[\\W_])+"


def segments(text: str, terms: Sequence[str]) -> Segments:
    """Split ``text`` into (piece, whether it matches one of the canonical ``terms``). The pieces joined are ``text``."""
    spans = matches(text, terms)
    pieces: Segments = []
    position = 0
    for start, end in spans:
        if start > position:
            pieces.append((text[position:start], False))
        pieces.append((text[start:end], True))
        position = end
    if position < len(text) or not pieces:
        pieces.append((text[position:], False))
    return pieces


def snippet(text: str, terms: Sequence[str], width: int = 120) -> Segments:
    """Segments of about ``width`` characters of ``text`` around its first match, with … where something is left out."""
    spans = matches(text, terms)
    if len(text) <= width:
        return segments(text, terms)
    first = spans[0][0] if spans else 0
    start = max(0, min(first - width // 4, len(text) - width))
    pieces = segments(text[start : start + width], terms)
    before, after = [("…", False)] if start else [], [("…", False)] if start + width < len(text) else []
    return before + pieces + after


def matches(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """The stretches of ``text`` that match, in order and without overlaps."""
    if not terms:
        return []
    folded = fold_with_offsets(text)
    pattern = "|".join(_pattern(term) for term in sorted(terms, key=len, reverse=True))
    spans: list[tuple[int, int]] = []
    for match in re.finditer(pattern, folded.text):
        start, end = folded.starts[match.start()], folded.ends[match.end() - 1]
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _pattern(term: str) -> str:
    """A canonical term in folded text: punctuation is free where the term has a space, Latin words start as words."""
    runs = list(RUN.finditer(term))
    first, last = runs[0], runs[-1]
    begin = "" if first["cjk"] else f"(?<!{_LETTER})"
    end = f"(?!{_LETTER})" if not last["cjk"] and len(last.group()) < SHORTEST_PREFIX else ""
    return begin + _BETWEEN.join(map(re.escape, term.split(" "))) + end
