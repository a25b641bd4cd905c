"""One page of results with its total and facet counts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..pricing import Size
from . import suggest
from .document import katakana
from .facets import BY_NAME, COUNTED_TOGETHER, FACETS, FacetKind, Remembered, category_tree
from .filters import Filters
from .models import SLICES, SearchSlice
from .query import Query, Term, parse, take_apart
from .statement import ALONE, CHECKED_LOOSE, DEEPEST, PAGE, SLICE, Asked, Statement
from .synonyms import known_synonyms, spelt

PAGE_SIZE = 20
SORTS = {
    "relevance": gettext_lazy("関連順"),
    "newest": gettext_lazy("新着順"),
    "price": gettext_lazy("価格の安い順"),
    "adoptions": gettext_lazy("導入実績の多い順"),
}


class Choice(NamedTuple):
    """A value of a facet. ``count``: listings found with it, as if nothing were chosen in this facet; an estimate where
    the facet says so."""

    value: str
    label: str | Promise
    count: int
    chosen: bool
    depth: int = 0


@dataclass(frozen=True)
class Facet:
    name: str
    label: str | Promise
    choices: tuple[Choice, ...]
    is_exact: bool = True
    chosen: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Page:
    """The answer. ``ids``: primary keys of software in order. ``total`` is an estimate unless ``total_is_exact``.
    ``terms``: what to highlight, canonical."""

    query: Query
    filters: Filters
    sort: str
    number: int
    size: int
    ids: tuple[int, ...]
    total: int
    total_is_exact: bool
    facets: tuple[Facet, ...]
    terms: tuple[str, ...]
    did_you_mean: str | None
    explanation: str
    readable: int = DEEPEST  # results that can be paged through
    taken_apart: tuple[tuple[str, tuple[str, ...]], ...] = ()  # nothing has the first as a whole: what was found by

    @property
    def found_by(self) -> str:
        """The words to type that find the same by themselves."""
        return self.query.written if self.taken_apart else self.query.typed

    @property
    def synonyms(self) -> tuple[str, ...]:
        """The words looked for beside those of the query, as the operator wrote them."""
        return tuple(
            spelt(text) for term in self.query.wanted for text in term.alternatives if text != katakana(term.text)
        )

    @property
    def last_number(self) -> int:
        """The last page that can be opened, at least 1."""
        return max(1, -(-min(self.total, self.readable) // self.size))

    @property
    def is_cut(self) -> bool:
        """Whether there are more results than can be paged through."""
        return self.total > self.readable

    def facet(self, name: str) -> Facet:
        return next(facet for facet in self.facets if facet.name == name)


def search(
    query: str,
    filters: Filters | None = None,
    *,
    sort: str = "relevance",
    page: int = 1,
    page_size: int = PAGE_SIZE,
    synonyms: bool = True,
    size: Size | None = None,
    forgiving: bool = True,
) -> Page:
    """Find listings.

    ``query``: as typed (see ``query.parse``). ``sort``: one of ``SORTS``; anything else is relevance. ``page`` counts
    from 1; beyond ``Page.last_number`` the page is empty. ``size``: the buyer's, for the order by price; None is the
    reference size. ``forgiving``: where no listing has a compound as a whole, look for its words (``Page.taken_apart``).
    Raises ``SearchTimeout``.
    """
    filters = filters or Filters()
    sort = sort if sort in SORTS else "relevance"
    parsed = parse(query, known_synonyms() if synonyms and query.strip() else None)
    offset = min((page - 1) * page_size, DEEPEST)
    asked = Asked(sort, offset, limit=min(page_size, DEEPEST - offset), buyer=size)
    ask = _of_many if is_large() else exact
    answer, taken_apart = ask(parsed, filters, asked), ()
    if forgiving and not answer.total and (apart := _apart(parsed, known_synonyms() if synonyms else {})):
        looser = replace(parsed, terms=tuple(dict.fromkeys(word for _term, words in apart for word in words)))
        second = ask(looser, filters, asked)
        if second.total:
            parsed, answer = looser, second
            taken_apart = tuple((term.text, tuple(w.text for w in words)) for term, words in apart if words != (term,))
    return Page(
        query=parsed,
        filters=filters,
        sort=sort,
        number=page,
        size=page_size,
        ids=tuple(answer.ids),
        total=answer.total,
        total_is_exact=answer.total_is_exact and (not parsed.is_loose or answer.total <= CHECKED_LOOSE),
        facets=tuple(_facet(kind, answer, filters.chosen.get(kind.name, ())) for kind in FACETS),
        terms=tuple(text for term in parsed.wanted for text in term.texts),
        did_you_mean=suggest.correction(parsed) if not answer.total and parsed.wanted else None,
        explanation=explanation(sort, parsed, size),
        readable=answer.readable,
        taken_apart=taken_apart,
    )


def _apart(query: Query, synonyms: Mapping) -> list[tuple[Term, tuple[Term, ...]]]:
    """Each term with the words it is made of, where no listing has it as a whole; nothing if that changes nothing."""
    apart = [(term, (term,) if suggest.occurs(term) else take_apart(term, synonyms)) for term in query.terms]
    return apart if any(words != (term,) for term, words in apart) else []


# What is asked of the database


Counts = defaultdict[int, int]  # a Counter, but faster: a broad search has thousands of masks


@dataclass
class Answer:
    """What came back. ``counts``: by facet, listings by mask or code. ``alone``: of the facets something is chosen in, as
    if it were not. ``estimated``: the facets whose counts are of the slice only; None stands for the total."""

    ids: list[int] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=lambda: {kind.name: defaultdict(int) for kind in FACETS})
    alone: dict[str, Counts] = field(default_factory=dict)
    estimated: frozenset[str | None] = frozenset()

    @property
    def found(self) -> int:
        return sum(self.counts["sme"].values())

    @property
    def total(self) -> int:
        return self.found if self.total_is_exact else estimate(self.found)

    @property
    def total_is_exact(self) -> bool:
        return None not in self.estimated

    @property
    def readable(self) -> int:
        """Of an estimated search, what the slice has is there to be read for certain."""
        return DEEPEST if self.total_is_exact else min(DEEPEST, self.found)


def exact(query: Query, filters: Filters, asked: Asked) -> Answer:
    """Everything at once, in one round trip."""
    return read(exact_statement(query, filters, asked).run(), filters.restricted)


def exact_statement(query: Query, filters: Filters, asked: Asked, *, alone: Iterable[str] | None = None) -> Statement:
    statement = Statement(query, filters).add_counts()
    for facet in filters.restricted if alone is None else alone:
        statement.add_counts_alone(facet)
    return statement.add_page(asked) if asked.limit else statement


def _of_many(query: Query, filters: Filters, asked: Asked) -> Answer:
    """The slice is counted first. What turns out to be too much to count stays an estimate; the rest is counted exactly."""
    statement = Statement(query, filters).add_counts(table=SLICE)
    for facet in filters.restricted:
        statement.add_counts_alone(facet, table=SLICE)
    sliced = read(statement.run(), filters.restricted)
    broad = {facet for facet, counts in sliced.alone.items() if sum(counts.values()) >= TOO_MANY}
    if sliced.found < TOO_MANY:
        narrow = [facet for facet in filters.restricted if facet not in broad]
        answer = read(exact_statement(query, filters, asked, alone=narrow).run(), narrow)
        answer.alone |= {facet: sliced.alone[facet] for facet in broad}
        answer.estimated = frozenset(broad)
        return answer
    if asked.limit:
        sliced.ids = read(Statement(query, filters).add_page(asked, is_broad=True).run()).ids
    sliced.estimated = frozenset([None, *BY_NAME])
    return sliced


TOO_MANY = 200
"""Listings found in the slice, some 6,400 in all, from which on the others are not counted."""
LARGE = 200_000
"""Listings from which on counting them all takes too long; with fewer, a slice would tell too little."""

_listings = Remembered(lambda: SearchSlice.objects.count() * SLICES)


def is_large() -> bool:
    return _listings.get() >= LARGE


def forget_size() -> None:
    """Count the listings anew at the next search."""
    _listings.forget()


def estimate(in_slice: int) -> int:
    """How many listings so many in the slice stand for, in two significant digits: more would be made up."""
    number = in_slice * SLICES
    return round(number, min(0, 2 - len(str(number))))


def read(rows: Iterable[tuple], restricted: Iterable[str] = ()) -> Answer:
    answer = Answer(alone={name: defaultdict(int) for name in restricted})
    unused: Counts = defaultdict(int)
    together = [([answer.counts[name] for name in names] + [unused] * 2)[:3] for names in COUNTED_TOGETHER]
    for kind, first, second, third, count in rows:
        if kind == PAGE:
            answer.ids.append(first)
        elif kind < ALONE:
            one, two, three = together[kind]
            one[first] += count
            two[second] += count
            three[third] += count
        else:
            answer.alone[FACETS[kind - ALONE].name][first] += count
    return answer


# What a reader sees of it


def explanation(sort: str, query: Query, size: Size | None = None) -> str:
    """One sentence that says why the results stand in this order."""
    tie = _("同順位のものは、登録番号から機械的に決めた、事業者や登録時期によらない順に並べています。")
    if sort == "newest":
        return _("掲載日の新しい順です。") + tie
    if sort == "price" and size:
        return _("入力された規模で計算した年間価格の安い順です。計算できないものは最後です。") + tie
    if sort == "price":
        return _("標準的な規模で計算した年間価格の安い順です。価格の登録がないものは最後です。") + tie
    if sort == "adoptions":
        return _("導入した行政機関の数が多い順です。") + tie
    if query.wanted:
        return (
            _(
                "検索した言葉が名称、概要、説明、その他の項目のどこにあるかの順で、名称に言葉の初めの部分を含むものを優先します。"
            )
            + tie
        )
    return _("登録番号から機械的に決めた、事業者や登録時期によらない順に並べています。")


def _facet(kind: FacetKind, answer: Answer, chosen: tuple[str, ...]) -> Facet:
    is_exact = kind.name not in answer.estimated
    if kind.name == "category":
        tree = category_tree()
        labelled, values = [(node.slug, node.label, node.depth) for node in tree], tree.slugs
    else:
        labelled, values = [(value, label, 0) for value, label in kind.labels.items()], kind.values
    numbers: dict[str, int] = defaultdict(int)
    for stored, number in answer.alone.get(kind.name, answer.counts[kind.name]).items():
        for value in values(stored):
            numbers[value] += number
    choices = tuple(
        Choice(value, label, numbers[value] if is_exact else estimate(numbers[value]), value in chosen, depth)
        for value, label, depth in labelled
    )
    return Facet(kind.name, kind.label, choices, is_exact, tuple(c for c in choices if c.chosen) if chosen else ())
