"""Marks the words found in a text as it was written, however differently it is spelt. Returns segments, never markup."""

import re
from collections.abc import Sequence
from functools import lru_cache

from .normalise import CJK, RUN, fold_with_offsets
from .tokens import SHORTEST_PREFIX

Segments = list[tuple[str, bool]]

_LETTER = f"(?:(?![{CJK}])[^\\W_])"
_BETWEEN = f"(?:(?![{CJK}])[\\W_])+"


def segments(text: str, terms: Sequence[str]) -> Segments:
    """Split ``text`` into (piece, whether it matches one of the canonical ``terms``). The pieces joined are ``text``."""
    return _cut(text, matches(text, terms), 0, len(text))


def snippet(text: str, terms: Sequence[str], width: int = 120) -> Segments:
    """Segments of about ``width`` characters of ``text`` around its first match, with … where something is left out."""
    spans = matches(text, terms)
    first = spans[0][0] if spans else 0
    start = max(0, min(first - width // 4, len(text) - width))
    end = min(len(text), start + width)
    before, after = [("…", False)] if start else [], [("…", False)] if end < len(text) else []
    return before + _cut(text, spans, start, end) + after


def _cut(text: str, spans: Sequence[tuple[int, int]], start: int, end: int) -> Segments:
    """The part of ``text`` from ``start`` to ``end`` as pieces."""
    pieces: Segments = []
    for begin, finish in spans:
        begin, finish = max(begin, start), min(finish, end)
        if begin < finish:
            if start < begin:
                pieces.append((text[start:begin], False))
            pieces.append((text[begin:finish], True))
            start = finish
    if start < end or not pieces:
        pieces.append((text[start:end], False))
    return pieces


def matches(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """The stretches of ``text`` that match, in order and without overlaps."""
    if not terms:
        return []
    pattern = _pattern(tuple(terms))
    folded = fold_with_offsets(text)
    spans: list[tuple[int, int]] = []
    for match in pattern.finditer(folded.text):
        start, end = folded.origin(*match.span())
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


@lru_cache(maxsize=64)
def _pattern(terms: tuple[str, ...]) -> re.Pattern:
    return re.compile("|".join(_of(term) for term in sorted(terms, key=len, reverse=True)))


def _of(term: str) -> str:
    """A canonical term in folded text: punctuation is free where the term has a space, Latin words start as words."""
    runs = list(RUN.finditer(term))
    first, last = runs[0], runs[-1]
    begin = "" if first["cjk"] else f"(?<!{_LETTER})"
    end = f"(?!{_LETTER})" if not last["cjk"] and len(last.group()) < SHORTEST_PREFIX else ""
    return begin + _BETWEEN.join(map(re.escape, term.split(" "))) + end
