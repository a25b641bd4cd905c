"""What somebody typed, as terms and as the ``tsquery`` literals that find them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from . import tokens
from .document import SUMMARY, in_rest_only, katakana, name_lexeme, needle
from .facets import EVERY
from .normalise import RUN, canonical

LONGEST_QUERY = 200
MOST_TERMS = 8
MOST_SINGLE = 4
"""Terms of one character: each begins tokens of half the catalogue, and a fifth tells the others no further apart."""
MOST_ALTERNATIVES = 6
"""Synonyms looked up for one term: each costs an index scan."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]")
_LOOSE = re.compile("[ぁ-ゖ ]")
_PART = re.compile(
    r"(?P<minus>[-－−])?(?:[\"”“＂「『](?P<phrase>[^\"”“＂」』]*)(?:[\"”“＂」』]|$)|(?P<word>[^\s\"”“＂「『]+))"
)


@dataclass(frozen=True)
class Term:
    """Something a listing must (or must not) contain. ``text`` is canonical; ``alternatives`` do as well.

    ``quoted``: meant to the letter.
    """

    text: str
    excluded: bool = False
    alternatives: tuple[str, ...] = ()
    quoted: bool = False

    @property
    def written(self) -> str:
        """As one may type it."""
        word = f'"{self.text}"' if self.quoted or " " in self.text else self.text
        return f"-{word}" if self.excluded else word

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.text, *self.alternatives)

    @property
    def needs_check(self) -> bool:
        """Whether finding the tokens of one of its texts does not prove that the text is there."""
        return any(len(tokens.wanted(text)) > 1 for text in self.texts)

    @property
    def is_loose(self) -> bool:
        """Whether its tokens often stand apart. Those of words never did in 200,000 candidates; particles do
        (の記録は), and the ends of sentences."""
        return self.needs_check and any(_LOOSE.search(text) for text in self.texts)


@dataclass(frozen=True)
class Query:
    typed: str
    terms: tuple[Term, ...] = ()
    shortened: bool = False  # more was typed than is looked for

    @property
    def typed_only(self) -> "Query":
        """The same without synonyms."""
        return replace(self, terms=tuple(replace(term, alternatives=()) for term in self.terms))

    @property
    def written(self) -> str:
        return " ".join(term.written for term in self.terms)

    @property
    def wanted(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if not term.excluded)

    @property
    def excluded(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.excluded)

    @property
    def checks(self) -> tuple[tuple[str, ...], ...]:
        """For each term whose tokens do not prove it: the needles one of which the body must contain."""
        return tuple(tuple(map(needle, term.texts)) for term in self.wanted if term.needs_check)

    @property
    def is_loose(self) -> bool:
        return any(term.is_loose for term in self.wanted)

    def anywhere(self, facets: Iterable[str] = ()) -> str:
        """The literal for ``grams``: all terms, none of the excluded, and the facets' conditions."""
        return self._literal(("",), facets, excluding=True)

    def exclusion(self) -> str:
        """The literal for ``grams``: any of the excluded."""
        return _any(_tsquery(term.text, ("",)) for term in self.excluded)

    def in_name(self, facets: Iterable[str] = ()) -> str:
        """The literal for ``head``: all terms in the name."""
        return self._literal(("",), facets)

    def in_name_or_summary(self, facets: Iterable[str] = ()) -> str:
        return self._literal(("", SUMMARY), facets)

    def is_name(self) -> str:
        """The literal for ``head``: the name is what was typed."""
        return tokens.quoted(name_lexeme(" ".join(term.text for term in self.wanted)))

    def partly_in_name(self, facets: Iterable[str] = ()) -> str | None:
        """The literal for ``head``: the name has how one of the longer Japanese words begins (勤怠 of 勤怠管理)."""
        runs = (RUN.match(term.text) for term in self.wanted)
        beginnings = [run.group()[:2] for run in runs if run["cjk"] and len(run.group()) > 2]
        if not beginnings:
            return None
        return " & ".join([_any(f"{tokens.quoted(part)}:*" for part in beginnings), *facets])

    def only_with_rest(self, facets: Iterable[str] = ()) -> str:
        """The literal for ``grams``: found, but some token only in what is neither name, summary nor description."""
        rest = (
            tokens.quoted(in_rest_only(token.text))
            + (":*" if token.prefix and not tokens.is_japanese(token.text) else "")
            for term in self.wanted
            for text in term.texts
            for token in tokens.wanted(text)
        )
        return f"{self.anywhere(facets)} & ({' | '.join(rest)})"

    def _literal(self, leads: Sequence[str], facets: Iterable[str], excluding: bool = False) -> str:
        parts = [_any(_tsquery(text, leads) for text in term.texts) for term in self.wanted]
        parts += facets
        if not parts:  # something to take what is excluded from
            parts = [tokens.quoted(EVERY)]
        if excluding:
            parts += [f"!({_tsquery(term.text, leads)})" for term in self.excluded]
        return " & ".join(parts)


def parse(typed: str, synonyms: Mapping[str, tuple[str, ...]] | None = None) -> Query:
    """Understand a query: words are ANDed, ``"…"`` or 「…」 is a phrase, ``-word`` must not occur.

    Never fails: what has no letters is no term, what is too long is cut (``shortened``). ``synonyms`` gives the
    alternatives of a canonical word, or of several in a row; what is written in hiragana may also be a reading. A phrase
    is meant to the letter and gets none; with None nothing does.
    """
    text, shortened = _CONTROL.sub(" ", typed[:LONGEST_QUERY]), len(typed) > LONGEST_QUERY
    terms: dict[str, Term] = {}
    row: list[str] = []  # words with nothing else between them

    def add(term: Term) -> None:
        if term.text:
            terms.setdefault(term.text, term)

    def add_row() -> None:
        for word in _joined(row, synonyms or {}):
            add(Term(word, alternatives=_alternatives(word, synonyms)))
        row.clear()

    for part in _PART.finditer(text):
        if part["phrase"] is None and part["minus"] is None:
            row += _words(part["word"])
            continue
        add_row()
        # -a・b excludes what has both in a row, not what has either.
        quoted = part["phrase"] is not None
        add(Term(canonical(part["phrase"] if quoted else part["word"]), part["minus"] is not None, quoted=quoted))
    add_row()
    single = [term for term in terms.values() if len(term.text) == 1][MOST_SINGLE:]
    kept = tuple(term for term in terms.values() if term not in single)[:MOST_TERMS]
    return Query(typed=text.strip(), terms=kept, shortened=shortened or len(terms) > len(kept))


def _joined(words: Sequence[str], synonyms: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    """The words, but several that together have synonyms (Google Workspace) as one; the longest first."""
    place = 0
    while place < len(words):
        end = next(
            (end for end in range(min(len(words), place + 4), place + 1, -1) if " ".join(words[place:end]) in synonyms),
            place + 1,
        )
        yield " ".join(words[place:end])
        place = end


def _alternatives(word: str, synonyms: Mapping[str, tuple[str, ...]] | None) -> tuple[str, ...]:
    if synonyms is None:
        return ()
    reading = (katakana(word),) if len(word) > 1 and _HIRAGANA.fullmatch(word) else ()
    return tuple(dict.fromkeys((*reading, *synonyms.get(word, ()))))[:MOST_ALTERNATIVES]


GENERIC = frozenset(
    map(
        canonical,
        [
            "システム",
            "サービス",
            "ソフト",
            "ソフトウェア",
            "ツール",
            "アプリ",
            "アプリケーション",
            "パッケージ",
            "プラットフォーム",
            "ソリューション",
        ],
    )
)
"""What officials put behind the name of what they look for, and few vendors do: every listing is one."""

LONGEST_COMPOUND = 30
"""Characters of what is taken apart; more is a sentence, and every part of it would be looked up."""

_SCRIPT_RUNS = re.compile("[一-鿿㐀-䶿々〆〇]+|[ァ-ヺー]+|[ぁ-ゖー]+|[^\\W_ぁ-ヿ一-鿿㐀-䶿々〆〇]+")


def take_apart(term: Term, synonyms: Mapping[str, tuple[str, ...]]) -> tuple[Term, ...]:
    """The words that a compound is made of, for when nothing has it as a whole: クラウド型勤怠管理システム is クラウド and
    勤怠管理.

    It is cut where the script changes and around the words that ``synonyms`` knows. Single characters, particles and what
    every listing is (``GENERIC``) are left out. A term that is quoted, excluded, too long or no compound comes back as it
    is.
    """
    if term.quoted or term.excluded or len(term.text) > LONGEST_COMPOUND:
        return (term,)
    pieces: dict[str, None] = {}
    for run in _SCRIPT_RUNS.findall(term.text):
        pieces.update(dict.fromkeys(_known_words(run, synonyms)))
    words = [piece for piece in pieces if len(piece) > (2 if _HIRAGANA.fullmatch(piece) else 1)]
    kept = [word for word in words if word not in GENERIC] or words
    if not kept or kept == [term.text]:
        return (term,)
    return tuple(Term(word, alternatives=_alternatives(word, synonyms)) for word in kept)


_HIRAGANA = re.compile("[ぁ-ゖー]+")


def _known_words(run: str, synonyms: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A run of one script, cut around the known words in it, the longest first."""
    for length in range(len(run), 1, -1):
        for start in range(len(run) - length + 1):
            if run[start : start + length] in synonyms:
                before, after = run[:start], run[start + length :]
                return [*_known_words(before, synonyms), run[start : start + length], *_known_words(after, synonyms)]
    return [run] if run else []


def _words(word: str) -> list[str]:
    """Split at punctuation, except between Latin words: 勤怠・給与 is two terms, Google-Cloud is one."""
    found: list[str] = []
    latin_before = False
    for piece in canonical(word).split(" "):
        runs = list(RUN.finditer(piece))
        if not runs:
            continue
        if latin_before and runs[0]["cjk"] is None:
            found[-1] += " " + piece
        else:
            found.append(piece)
        latin_before = runs[-1]["cjk"] is None
    return found


def _tsquery(term: str, leads: Sequence[str]) -> str:
    parts = (
        _any(tokens.quoted(lead + token.text) + (":*" if token.prefix else "") for lead in leads)
        for token in tokens.wanted(term)
    )
    return f"({' & '.join(parts)})"


def _any(parts: Iterable[str]) -> str:
    parts = list(parts)
    return parts[0] if len(parts) == 1 else f"({' | '.join(parts)})"
