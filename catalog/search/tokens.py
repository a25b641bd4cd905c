"""What is indexed for a text, and what a query must find.

Japanese has no spaces, so of a run of it every three characters in a row are indexed, and at its end the last two and the
last one; a Latin word is indexed as it is. Where one run follows another ("AI議事録", "google cloud", "連携・分析") a
*junction* of the two ends is indexed as well. So without any positions

* one or two characters are found as the beginning of a token, three characters and a Latin word as a token: exactly;
* longer ones are found by the AND of their triples, and ``page`` checks the few candidates against the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from .normalise import RUN

VERSION = 1
"""Raise when anything here or in ``normalise`` changes: rows of another version are stale and get rebuilt."""

LONGEST_WORD = 60  # of a Latin word; more is data, not language
SHORTEST_PREFIX = 2  # one Latin letter is not completed: it would match most of the catalogue
SPAN = 3
"""Characters in a token of Japanese. Two would find 管理者 where 管理 and 処理者 stand apart; four would double the index."""


def lexemes(text: str) -> set[str]:
    """Return the lexemes to index for a canonical text; lines are fields, nothing reaches across them."""
    found: set[str] = set()
    for line in text.split("\n"):
        previous = None
        for match in RUN.finditer(line):
            run = match.group()
            if japanese := match["cjk"] is not None:
                found.update([run[i : i + SPAN] for i in range(len(run))])  # every character begins one
            else:
                found.add(run[:LONGEST_WORD])
            current = (run, japanese, match.start(), match.end())
            if previous:
                found.add(_junction(previous, current))
            previous = current
    return found


def beginnings(found: Iterable[str]) -> set[str]:
    """The lexemes, and what one or two characters of Japanese find them by."""
    return {
        part for lexeme in found for part in ((lexeme[:1], lexeme[:2], lexeme) if is_japanese(lexeme) else (lexeme,))
    }


def is_japanese(lexeme: str) -> bool:
    return RUN.match(lexeme)["cjk"] is not None


@dataclass(frozen=True, slots=True)
class Token:
    """One lexeme to find, or all that begin with it."""

    text: str
    prefix: bool = False


@lru_cache(maxsize=1000)  # a search asks some ten times for each of its terms
def wanted(term: str) -> tuple[Token, ...]:
    """Return the tokens all of which a text must have to contain the canonical ``term``.

    A single token decides alone. Several are necessary, not sufficient: they may stand apart in the text.
    """
    runs = [(m.group(), m["cjk"] is not None, m.start(), m.end()) for m in RUN.finditer(term)]
    tokens: dict[Token, None] = {}
    for position, (run, japanese, *_) in enumerate(runs):
        last = position == len(runs) - 1
        completed = last and not japanese and SHORTEST_PREFIX <= len(run) <= LONGEST_WORD
        if position:
            tokens[Token(_junction(runs[position - 1], runs[position]), prefix=completed)] = None
        if japanese and len(run) >= SPAN:
            tokens.update((Token(run[i : i + SPAN]), None) for i in range(len(run) - SPAN + 1))
        elif japanese and len(run) > 1:
            tokens[Token(run, prefix=True)] = None
        elif len(runs) == 1:  # else a junction holds the word, or the single character, already
            tokens[Token(run[:LONGEST_WORD], prefix=japanese or completed)] = None
    return tuple(tokens)


def _junction(left: tuple, right: tuple) -> str:
    """The token of a run and the next: the last letter or word of the one, the first of the other."""
    (left_run, left_japanese, _, left_end), (right_run, right_japanese, right_start, _) = left, right
    tail = left_run[-1] if left_japanese else left_run[:LONGEST_WORD]
    head = right_run[0] if right_japanese else right_run[:LONGEST_WORD]
    return tail + ("" if left_end == right_start else " ") + head


def tsvector(found: Iterable[str]) -> str:
    """Write lexemes as a ``tsvector`` literal, without positions."""
    return quoted("\n".join(found)).replace("\n", "' '")  # no lexeme holds a line break


def quoted(lexeme: str) -> str:
    """Quote for a ``tsvector`` or ``tsquery`` literal. (``to_tsquery`` would parse lexemes again and break them.)"""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
