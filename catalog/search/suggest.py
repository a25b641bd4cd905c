"""What somebody is about to type, and what somebody may have meant to type."""

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.apps import apps

from ..wording import names_of
from . import tokens
from .document import bigrams, katakana
from .facets import category_tree
from .highlight import matches
from .models import SearchName, SearchWord
from .normalise import canonical
from .query import Query, Term
from .statement import SLICE, TABLE, run

LONGEST_PREFIX = 40
READINGS = Path(__file__).with_name("category_readings.json")
_COMPARED = 2000
_MEASURED = 20
"""Of the words that share character pairs, so many of the most alike are measured letter by letter."""
LONGEST_WORD = 30
"""Of a word that is corrected; those known are no longer than 20 (see ``document.words``)."""


@dataclass(frozen=True)
class Suggestion:
    """``value``: a category's slug, or a software's public reference."""

    label: str
    value: str


@dataclass(frozen=True)
class Suggestions:
    categories: tuple[Suggestion, ...] = ()
    listings: tuple[Suggestion, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.categories or self.listings)


def suggest(prefix: str, limit: int = 8) -> Suggestions:
    """Complete what was typed so far, by writing or by reading (かな), from the start of any word of a name.

    At most ``limit`` of each kind. A word caught half-way through conversion (電子け) is completed without its tail.
    """
    typed = canonical(prefix[:LONGEST_PREFIX])
    while typed:
        found = _complete(typed, limit)
        if found or not _UNCONVERTED.search(typed):
            return found
        typed = _UNCONVERTED.sub("", typed).strip()
    return Suggestions()


_UNCONVERTED = re.compile("(?<=.)(?:[ぁ-ゖ]+|(?<=[^a-z ])[a-z]{1,2})$")


def _complete(typed: str, limit: int) -> Suggestions:
    forms = {typed, katakana(typed)}
    categories = [
        Suggestion(node.label, node.slug)
        for node in category_tree()
        if any(part.startswith(form) for part in _starts(node.slug, node.name, node.name_en) for form in forms)
    ]
    pks: dict[int, None] = {}
    for rank in (0, 1):  # from the start of the name first
        for form in sorted(forms):  # one by one: each is a walk along the index that ends after a few names
            names = SearchName.objects.filter(form__startswith=form, rank=rank).order_by("form", "listing_id")
            pks.update(dict.fromkeys(names.values_list("listing_id", flat=True)[: 3 * limit]))
        if len(pks) >= limit:
            break
    wanted = list(pks)[:limit]
    labels = {}
    software = apps.get_model("catalog", "Software").objects.filter(pk__in=wanted)
    for pk, name, name_en, reference in software.values_list("pk", "name", "name_en", "reference"):
        labels[pk] = Suggestion(names_of(name, name_en)[0], reference)
    return Suggestions(tuple(categories[:limit]), tuple(labels[pk] for pk in wanted if pk in labels))


@cache
def _readings() -> dict[str, list[str]]:
    return json.loads(READINGS.read_text(encoding="utf-8"))


@cache
def _starts(slug: str, *labels: str) -> tuple[str, ...]:
    texts = [canonical(label) for label in labels] + [katakana(reading) for reading in _readings().get(slug, ())]
    return tuple(part for text in texts for part in (text, *text.split(" ")[1:]))


# もしかして


def correction(query: Query) -> str | None:
    """For a query without results: one that has some, with each unknown word replaced by the most alike known one."""
    corrected: list[Term] = []
    for term in query.terms:
        better = term.text if term.excluded or occurs(term) else _most_alike(term.text)
        if better is None:
            return None
        corrected.append(replace(term, text=better, alternatives=()))
    found = Query("", tuple(corrected))
    if found.written == query.typed_only.written or not _occurs(found):
        return None
    known = {term.text for term in query.terms}
    return replace(found, terms=tuple(t if t.text in known else replace(t, text=_spelt(t)) for t in corrected)).written


def _spelt(term: Term) -> str:
    """A known word as a listing writes it: of ワークフロー the index has but ワークフロ."""
    (row,) = run(f"SELECT listing_id FROM {TABLE} WHERE grams @@ %s::tsquery LIMIT 1", [Query("", (term,)).anywhere()])
    software = apps.get_model("catalog", "Software").objects.filter(pk=row[0])
    for text in software.values_list("name", "summary", "description").get():
        for start, end in matches(text, [term.text]):
            return text[start:end]
    return term.text


def occurs(term: Term) -> bool:
    """Whether any listing has the term, or what it excludes."""
    return _occurs(Query("", (replace(term, excluded=False),)))


def _occurs(query: Query) -> bool:
    """The slice is asked first: it has most words, and a bitmap of the whole is made whole however little is wanted."""
    has = "EXISTS (SELECT FROM {} WHERE grams @@ %(literal)s::tsquery)"
    ((occurs,),) = run(f"SELECT {has.format(SLICE)} OR {has.format(TABLE)}", {"literal": query.anywhere()})
    return occurs


def _most_alike(word: str) -> str | None:
    """The known word that is most likely meant: it differs in one letter of four at most."""
    if len(word) > LONGEST_WORD:
        return None
    pairs = bigrams(word)
    spread = most = max(1, len(word) // 4)
    candidates = (
        SearchWord.objects.extra(
            where=["grams @@ %s::tsquery", "char_length(form) BETWEEN %s AND %s"],
            params=[" | ".join(map(tokens.quoted, sorted(pairs))), len(word) - spread, len(word) + spread],
        )
        .order_by("form")
        .values_list("form", flat=True)[:_COMPARED]
    )

    def likeness(form: str) -> float:
        other = bigrams(form)
        return 2 * len(pairs & other) / (len(pairs) + len(other))

    alike = sorted((form for form in candidates if form != word), key=lambda form: (-likeness(form), form))[:_MEASURED]
    meant = [(distance, -likeness(form), form) for form in alike if (distance := _distance(word, form)) <= most]
    return min(meant)[2] if meant else None


def _distance(one: str, other: str) -> int:
    """How many characters must be changed, put in or left out to make one of the other."""
    row = list(range(len(other) + 1))
    for place, character in enumerate(one, start=1):
        row, above = [place], row
        for column, letter in enumerate(other, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (character != letter)))
    return row[-1]
