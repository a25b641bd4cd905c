"""One page of results with its total and facet counts, in one statement and one round trip."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import QueryCanceled

from ..pricing import Size
from . import suggest, tokens
from .facets import BY_NAME, COUNTED_TOGETHER, FACETS, category_tree
from .filters import Filters
from .prices import price_at
from .query import Query, parse
from .synonyms import known_synonyms

PAGE_SIZE = 20
DEEPEST = 1000
"""Results that can be paged through. Whoever is still reading there is helped by narrowing, not by page 51."""
CHECKED, CHECKED_LOOSE = 100, 3000
"""Up to so many candidates are compared with the text itself. Beyond, the tokens decide alone: without any error seen for
words, and not exactly for loose terms (see ``Term.is_loose`` and decision 0008)."""
TIMEOUT_MS = 2000

TABLE = "catalog_searchdocument"

SORTS = {
    "relevance": gettext_lazy("関連順"),
    "newest": gettext_lazy("新着順"),
    "price": gettext_lazy("価格の安い順"),
    "adoptions": gettext_lazy("導入実績の多い順"),
}
_ORDER = {
    "relevance": "seed, listing_id",
    "newest": "listed_at DESC, seed, listing_id",
    "price": "price NULLS LAST, seed, listing_id",
    "adoptions": "adoptions DESC, seed, listing_id",
}


class SearchTimeout(Exception):
    """The search took longer than ``TIMEOUT_MS``. A narrower one will not."""


@dataclass(frozen=True)
class Choice:
    """A value of a facet. ``count``: listings found with it, as if nothing were chosen in this facet."""

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

    @property
    def chosen(self) -> tuple[Choice, ...]:
        return tuple(choice for choice in self.choices if choice.chosen)


@dataclass(frozen=True)
class Page:
    """The answer. ``ids``: primary keys of software in order. ``terms``: what to highlight, canonical."""

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

    @property
    def last_number(self) -> int:
        """The last page that can be opened, at least 1."""
        return max(1, -(-min(self.total, DEEPEST) // self.size))

    @property
    def is_cut(self) -> bool:
        """Whether there are more results than can be paged through."""
        return self.total > DEEPEST

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
) -> Page:
    """Find listings.

    ``query``: as typed (see ``query.parse``). ``sort``: one of ``SORTS``; anything else is relevance. ``page`` counts
    from 1; beyond ``Page.last_number`` the page is empty. ``size``: the buyer's, for the order by price; None is the
    reference size. Raises ``SearchTimeout``.
    """
    filters = filters or Filters()
    sort = sort if sort in SORTS else "relevance"
    parsed = parse(query, known_synonyms() if synonyms and query.strip() else {})
    offset = (page - 1) * page_size
    limit = max(0, min(page_size, DEEPEST - offset))
    statement, params = build_statement(
        parsed, filters, sort=sort, offset=min(offset, DEEPEST), limit=limit, buyer=size
    )
    ids, counts = decode(run(statement, params))
    total = sum(counts["sme"].values())
    for name in filters.restricted:
        counts[name] = counts.pop(f"alone:{name}", Counter())
    return Page(
        query=parsed,
        filters=filters,
        sort=sort,
        number=page,
        size=page_size,
        ids=ids,
        total=total,
        total_is_exact=not parsed.is_loose or total <= CHECKED_LOOSE,
        facets=_facets(counts, filters.chosen),
        terms=tuple(text for term in parsed.wanted for text in term.texts),
        did_you_mean=suggest.correction(parsed) if not total and parsed.wanted else None,
        explanation=explanation(sort, parsed, size),
    )


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


# The statement


def build_statement(
    query: Query, filters: Filters, *, sort: str, offset: int, limit: int, buyer: Size | None = None
) -> tuple[str, list]:
    """Return the one statement, and its parameters, that answers with rows (kind, a, b, c, count).

    Kind -1 are the page's listings in order; kind 0 to 4 the sets of ``COUNTED_TOGETHER``; from 10 on the facets counted
    as if nothing were chosen in them. Every step is MATERIALIZED: the planner cannot estimate an AND of tokens (it was
    seen wrong by a factor of 400) and must not rearrange what follows from it.
    """
    steps: list[str] = []
    params: list = []
    ranked = sort == "relevance" and bool(query.wanted)
    columns = ["seed", "listing_id", *(["listed_at"] if sort == "newest" else []),
               *([sort] if sort in ("price", "adoptions") else []),
               *(kind.column for kind in FACETS)]  # fmt: skip
    everything = _facet_literals(filters)

    def step(name: str, what: str, vector: str, literal: str, among: Filters, gate: str = "") -> None:
        conditions = among.conditions()
        where = "".join(f" AND {sql}" for sql, _ in conditions)
        steps.append(f"{name} AS MATERIALIZED (SELECT {what} FROM {TABLE} WHERE {vector} @@ %s::tsquery{where}{gate})")
        params.extend([literal, *(value for _, value in conditions)])

    def matches(name: str, what: Iterable[str], among: Filters) -> None:
        """A step with the listings found, less those whose text turns out not to have the words in a row."""
        what = ", ".join(what)
        if not query.checks:
            return step(name, what, "grams", query.anywhere(_facet_literals(among)), among)
        step(f"{name}_candidate", f"listing_id AS candidate, {what}", "grams",
             query.anywhere(_facet_literals(among)), among)  # fmt: skip
        has = " AND ".join("(" + " OR ".join(["strpos(body, %s) > 0"] * len(needles)) + ")" for needles in query.checks)
        steps.append(
            f"{name} AS MATERIALIZED (SELECT {what} FROM {name}_candidate"
            f" WHERE (SELECT count(*) FROM {name}_candidate) > {CHECKED_LOOSE if query.is_loose else CHECKED}"
            f" OR (SELECT {has} FROM {TABLE} AS document WHERE document.listing_id = candidate))"
        )
        params.extend(text for needles in query.checks for text in needles)
        return None

    matches("found", columns, filters)
    results, order = "found", _ORDER[sort]
    if ranked:
        # Each tier is only looked up while the better ones do not fill the page.
        need = offset + limit
        step("same_name", "listing_id", "head", query.is_name(), Filters())
        step("named", "listing_id", "head", query.in_name(everything), filters)
        step("summarised", "listing_id", "head", query.in_name_or_summary(everything), filters,
             f" AND (SELECT count(*) FROM named) < {need}")  # fmt: skip
        step("remote", "listing_id", "grams", query.only_with_rest(everything), filters,
             f" AND (SELECT count(*) FROM named) < {need} AND (SELECT count(*) FROM summarised) < {need}")  # fmt: skip
        tiers = " UNION ALL ".join(
            f"SELECT listing_id, {tier} FROM {name}"
            for tier, name in ((0, "same_name"), (1, "named"), (2, "summarised"), (4, "remote"))
        )
        steps.append(
            f"tiers AS (SELECT listing_id, min(tier) AS tier FROM ({tiers}) AS t (listing_id, tier) GROUP BY 1)"
        )
        results, keys = "found LEFT JOIN tiers USING (listing_id)", ["coalesce(tier, 3)"]
        if query != query.typed_only:  # what was typed goes before what only its synonyms find
            step("typed", "listing_id AS typed_id", "grams", query.typed_only.anywhere(everything), filters)
            results += " LEFT JOIN typed ON typed_id = listing_id"
            keys.append("typed_id IS NULL")
        if partly := query.partly_in_name(everything):
            step("partly", "listing_id AS partly_id", "head", partly, filters,
                 f" AND (SELECT count(*) FROM named) < {need}")  # fmt: skip
            results += " LEFT JOIN partly ON partly_id = listing_id"
            keys.append("partly_id IS NULL")
        order = ", ".join([*keys, order])
    if sort == "price" and buyer:
        priced, quantities = price_at(buyer)
        steps.append(priced)
        params.extend(quantities)
        results, order = "found LEFT JOIN own_prices USING (listing_id)", "own_price NULLS LAST, seed, listing_id"
    for facet in filters.restricted:
        matches(f"without_{facet}", [BY_NAME[facet].column], filters.without(facet))

    answers = []
    if limit:
        steps.append(f"page AS (SELECT listing_id FROM {results} ORDER BY {order} LIMIT {limit} OFFSET {offset})")
        answers.append("SELECT -1, listing_id, 0, 0, 0 FROM page")
    answers.append(_COUNTS)
    for facet in filters.restricted:
        column = BY_NAME[facet].column
        answers.append(
            f"SELECT {10 + FACETS.index(BY_NAME[facet])}, {column}, 0, 0, count(*) FROM without_{facet} GROUP BY {column}"
        )
    return f"WITH {', '.join(steps)} {' UNION ALL '.join(answers)}", params


def _counts_sql() -> str:
    """The grouping sets over ``found``. Columns are never NULL, so coalesce picks those of the set a row belongs to."""
    groups = [[BY_NAME[name].column for name in names] for names in COUNTED_TOGETHER]
    kinds = " ".join(f"WHEN grouping({columns[0]}) = 0 THEN {number}" for number, columns in enumerate(groups))
    parts = [
        "coalesce(" + ", ".join(f"{c[place]}::{kind}" for c in groups if len(c) > place) + ", 0)"
        for place, kind in enumerate(("bigint", "int", "int"))
    ]
    sets = ", ".join(f"({', '.join(columns)})" for columns in groups)
    return f"SELECT CASE {kinds} END, {', '.join(parts)}, count(*) FROM found GROUP BY GROUPING SETS ({sets})"


_COUNTS = _counts_sql()


def _facet_literals(filters: Filters) -> list[str]:
    return [f"({' | '.join(map(tokens.quoted, values))})" for values in filters.lexemes().values()]


_SETTINGS = "; ".join(
    f"SET LOCAL {name} = {value}"
    for name, value in {
        "enable_seqscan": "off",  # never right here: the planner does not price reading the out-of-line vectors
        "enable_nestloop": "off",  # nor is this: an AND of tokens finds up to 400 times what it expects
        "jit": "off",
        "statement_timeout": TIMEOUT_MS,
    }.items()
)


def run(statement: str, params: list) -> list[tuple]:
    """Send settings and statement together: one round trip, and the settings end with it.

    Outside a transaction the whole string is one implicit transaction; inside one, a savepoint gives the settings back.
    """
    before, after = (
        ("SAVEPOINT search; ", "; ROLLBACK TO SAVEPOINT search; RELEASE SAVEPOINT search")
        if connection.in_atomic_block
        else ("", "")
    )
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"{before}{_SETTINGS}; {statement}{after}", params)
            while cursor.description is None:
                cursor.nextset()
            return cursor.fetchall()
        except DatabaseError as error:
            if before:
                cursor.execute("ROLLBACK TO SAVEPOINT search; RELEASE SAVEPOINT search")
            if isinstance(error.__cause__, QueryCanceled):
                raise SearchTimeout from error
            raise


# What came back


def decode(rows: Iterable[tuple]) -> tuple[tuple[int, ...], dict[str, Counter]]:
    """Return the page's ids and, by facet (``alone:<facet>`` where counted without its own choice), listings by mask
    or code."""
    ids: list[int] = []
    counts: dict[str, Counter] = {kind.name: Counter() for kind in FACETS}
    for kind, first, second, third, count in rows:
        if kind < 0:
            ids.append(first)
        elif kind < 10:
            for name, value in zip(COUNTED_TOGETHER[kind], (first, second, third), strict=False):
                counts[name][value] += count
        else:
            counts.setdefault(f"alone:{FACETS[kind - 10].name}", Counter())[first] += count
    return tuple(ids), counts


def _facets(counts: Mapping[str, Counter], chosen: Mapping[str, tuple[str, ...]]) -> tuple[Facet, ...]:
    facets = []
    for kind in FACETS:
        found, selected = counts[kind.name], chosen.get(kind.name, ())
        if kind.name == "category":
            values = [(node.slug, node.label, node.mask, node.depth) for node in category_tree()]
        elif kind.many:
            values = [(value, label, 1 << kind.codes[value], 0) for value, label in kind.labels.items()]
        else:
            values = [(value, label, kind.codes[value], 0) for value, label in kind.labels.items()]
        choices = tuple(
            Choice(
                value,
                label,
                sum(n for mask, n in found.items() if mask & code) if kind.many else found[code],
                value in selected,
                depth,
            )
            for value, label, code, depth in values
        )
        facets.append(Facet(kind.name, kind.label, choices))
    return tuple(facets)
