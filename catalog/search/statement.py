"""The SQL of a search: a page of listings, the total and the counts of every facet, in one round trip.

The planner cannot estimate an AND of tokens (it was seen wrong by a factor of 400) and does not price reading the
out-of-line vectors. So it is left few choices: steps are MATERIALIZED, and only bitmap scans are allowed.
"""

from dataclasses import dataclass

from django.db import DatabaseError, connection
from psycopg.errors import QueryCanceled

from ..pricing import Size
from . import tokens
from .facets import BY_NAME, COUNTED_TOGETHER, FACETS
from .filters import Filters
from .prices import yearly_prices
from .query import Query

TABLE = "catalog_searchdocument"
SLICE = "catalog_searchslice"
TIMEOUT_MS = 2000
CHECKED, CHECKED_LOOSE = 100, 3000
"""Up to so many candidates are compared with the text itself. Beyond, the tokens decide alone: without any error seen for
words, and not exactly for loose terms (see ``Term.is_loose`` and decision 0008)."""
NOTED = 10_000
"""Up to so many candidates of several words are noted for what is asked of them next."""
DEEPEST = 1000
"""Results that can be paged through. Whoever is still reading there is helped by narrowing, not by page 51."""

PAGE, ALONE = -1, 10
"""Kinds of rows: the listings of the page, and from where on facets counted without their own choice. Between them are
the sets of ``COUNTED_TOGETHER``."""

ORDER = {
    "relevance": "seed, listing_id",
    "newest": "listed_at DESC, seed, listing_id",
    "price": "price NULLS LAST, seed, listing_id",
    "adoptions": "adoptions DESC, seed, listing_id",
}


class SearchTimeout(Exception):
    """The search took longer than ``TIMEOUT_MS``. A narrower one will not."""


@dataclass(frozen=True)
class Asked:
    """Which of the results, in which order. ``buyer``: whose yearly price orders them, None for the reference size."""

    sort: str = "relevance"
    offset: int = 0
    limit: int = 20
    buyer: Size | None = None


class Statement:
    """A search statement under construction: steps, answers to unite, and parameters by name.

    Its rows are (kind, a, b, c, count).
    """

    def __init__(self, query: Query, filters: Filters):
        self.query = query
        self.filters = filters
        self.params: dict[str, object] = {}
        self._steps: dict[str, str] = {}
        self._answers: list[str] = []

    @property
    def sql(self) -> str:
        steps = ", ".join(f"{name} AS MATERIALIZED ({sql})" for name, sql in self._steps.items())
        answers = " UNION ALL ".join(f"({answer})" for answer in self._answers)
        return f"WITH {steps} {answers}" if steps else answers

    def run(self) -> list[tuple]:
        """Send the statement. Raises ``SearchTimeout``."""
        return run(self.sql, self.params)

    def found(self) -> list[int]:
        """The keys of everything found, in no order. Raises ``SearchTimeout``."""
        found = self._found("listing_id")
        self._answers.append(f"SELECT listing_id FROM {found} AS found")
        return [pk for (pk,) in self.run()]

    def add_counts(self, *, table: str = TABLE) -> "Statement":
        """The total and the facets of what is found."""
        self._answers.append(counts_of(self._found(_COLUMNS, table=table)))
        return self

    def add_counts_alone(self, facet: str, *, table: str = TABLE) -> "Statement":
        """The counts of one facet as if nothing were chosen in it."""
        kind = BY_NAME[facet]
        found = self._found(kind.column, without=facet, table=table)
        self._answers.append(
            f"SELECT {ALONE + FACETS.index(kind)}, {kind.column}, 0, 0, count(*) FROM {found} AS found GROUP BY {kind.column}"
        )
        return self

    def add_page(self, asked: Asked, *, is_broad: bool = False) -> "Statement":
        """The listings asked for, in order.

        ``is_broad``: too many are found to rank them all. The slice holds the first listings of the neutral order, so where
        it has enough of a rank, the others of that rank come later and need not be looked up.
        """
        sort = asked.sort
        if sort == "relevance" and self.query.wanted:
            results, order = self._ranked(asked.offset + asked.limit, is_broad), f"rank, is_apart, {ORDER[sort]}"
        elif sort == "price" and asked.buyer:
            self._steps["found"] = f"SELECT listing_id, seed FROM {self._found('listing_id, seed')} AS found"
            self._steps["own_prices"] = yearly_prices(asked.buyer, "ARRAY(SELECT listing_id FROM found)")
            results = "found LEFT JOIN own_prices USING (listing_id)"
            order = f"own_price NULLS LAST, {ORDER['relevance']}"
        else:
            table = SLICE if is_broad and sort == "relevance" else TABLE
            by = {"newest": ", listed_at", "price": ", price", "adoptions": ", adoptions"}.get(sort, "")
            results, order = f"{self._found('listing_id, seed' + by, table=table)} AS found", ORDER[sort]
        self._answers.insert(
            0,
            f"SELECT {PAGE}, listing_id::bigint, 0, 0, 0::bigint FROM"
            f" (SELECT listing_id FROM {results} ORDER BY {order} LIMIT {asked.limit} OFFSET {asked.offset}) AS page",
        )
        return self

    def _param(self, value: object) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def _matches(self, vector: str, literal: str, among: Filters | None = None) -> str:
        """The condition that a vector matches a literal, and the ranges of ``among``."""
        among = self.filters if among is None else among
        conditions = [f"{vector} @@ {self._param(literal)}::tsquery"]
        conditions += [sql % self._param(value) for sql, value in among.conditions()]
        return " AND ".join(conditions)

    def _found(self, columns: str, *, without: str = "", table: str = TABLE) -> str:
        """The rows found, by the filters less one facet, to select from.

        Where several words must be looked up together, the candidates are noted unless they are many, lest it be done
        for the counts and again for the page. Those few are left out whose text turns out not to have the words in a row.
        """
        among = self.filters.without(without) if without else self.filters
        matches = self._matches("grams", self.query.anywhere(facet_literals(among)), among)
        noted = NOTED if len(self.query.wanted) > 1 and not without else self._checked if self.query.checks else 0
        if table != TABLE or not noted:
            return f"(SELECT {columns} FROM {table} WHERE {matches} OFFSET 0)"
        name = f"candidates_{without}"
        all_columns = BY_NAME[without].column if without else f"seed, {_COLUMNS}, listed_at, price, adoptions"
        self._steps.setdefault(name, f"SELECT listing_id, {all_columns} FROM {TABLE} WHERE {matches} LIMIT {noted + 1}")
        fits = f"(SELECT count(*) FROM {name}) <= {noted}"
        return (
            f"(SELECT {columns} FROM {name} WHERE {' AND '.join([fits, *self._right(name)])}"
            f" UNION ALL SELECT {columns} FROM {TABLE} WHERE {matches} AND NOT {fits})"
        )

    @property
    def _checked(self) -> int:
        return CHECKED_LOOSE if self.query.is_loose else CHECKED

    def _right(self, candidates: str) -> list[str]:
        """The condition that the text has the words in a row, where that takes a look and there are few to look at."""
        if not self.query.checks:
            return []
        wrong = candidates.replace("candidates", "wrong")
        if wrong not in self._steps:
            has = " AND ".join(
                "(" + " OR ".join(f"strpos(body, {self._param(text)}) > 0" for text in needles) + ")"
                for needles in self.query.checks
            )
            self._steps[wrong] = (
                f"SELECT listing_id FROM {candidates} AS candidate WHERE (SELECT count(*) FROM {candidates}) <= {self._checked}"
                f" AND NOT (SELECT {has} FROM {TABLE} AS document WHERE document.listing_id = candidate.listing_id)"
            )
        return [_not_in(wrong)]

    def _ranked(self, need: int, is_broad: bool) -> str:
        """All that may be among the ``need`` first, with ``rank`` and ``is_apart``. A rank is only looked up while the
        better ones do not suffice; the last ones, which the name and the summary do not decide, all together."""
        query, typed, facets = self.query, self.query.typed_only, facet_literals(self.filters)
        table = SLICE if is_broad else TABLE
        found = self._found("listing_id, seed", table=table)
        akin = query.partly_in_name()

        very_name = f"{query.is_name()} & {query.in_name(facets)}"
        summary = [typed.in_name_or_summary(facets), query.in_name_or_summary(facets)]
        named = [typed.in_name(facets), query.in_name(facets)]
        if akin:  # a name that begins like what was typed (勤怠 of 勤怠管理) goes before one with a synonym of it
            near = [f"{literal} & {akin}" for literal in summary]
            in_front = [very_name, named[0], near[0], named[1], summary[0], near[1], summary[1]]
        else:
            in_front = [very_name, *named, *summary]
        in_front = list(dict.fromkeys(in_front))  # without synonyms some are the same

        # What the head alone cannot tell: whether something excluded is elsewhere in the listing, or a word is none.
        but = [_not_in(name) for name in self._steps if name == "wrong_"]
        if query.excluded:
            self._steps["excluded"] = (
                f"SELECT listing_id FROM {table} WHERE {self._matches('grams', query.exclusion())}"
            )
            but.append(_not_in("excluded"))

        # Where the candidates are noted and there are none, there is nothing to rank.
        short = [f"EXISTS (SELECT FROM {name})" for name in self._steps if name == "candidates_"]
        ranked = []
        for rank, literal in enumerate(in_front):
            conditions = [self._matches("head", literal), *but]
            sources = [table]
            if is_broad and not query.excluded:
                # Where the slice has enough of a rank, these are its first. The very name is rare: ask the table at once.
                sources = [SLICE, TABLE] if rank else [TABLE]
            for source in sources:
                step = f"rank_{rank}_{source.rpartition('_')[2]}"
                self._steps[step] = f"SELECT listing_id, seed FROM {source} WHERE {' AND '.join([*conditions, *short])}"
                ranked.append(f"SELECT listing_id, seed, {rank} FROM {step}")
                short.append(f"NOT EXISTS (SELECT FROM {step} OFFSET {need - 1})")
        self._steps["in_front"] = (
            "SELECT listing_id, seed, min(rank) AS rank"
            f" FROM ({' UNION ALL '.join(ranked)}) AS each (listing_id, seed, rank) GROUP BY listing_id, seed"
        )

        short = [f"NOT EXISTS (SELECT FROM in_front OFFSET {need - 1})"]
        ranks = [("remote", "grams", query.only_with_rest(facets), len(in_front) + 2)]
        if query != typed:
            ranks.append(("typed", "grams", typed.anywhere(facets), len(in_front)))
        if akin:
            ranks.append(("akin", "head", akin, 0))
        for name, vector, literal, _rank in ranks:
            conditions = " AND ".join([self._matches(vector, literal), *short])
            self._steps[name] = f"SELECT listing_id FROM {table} WHERE {conditions}"
        whens = " ".join(f"WHEN {_in(name)} THEN {rank}" for name, _vector, _literal, rank in ranks if name != "akin")
        self._steps["behind"] = (
            f"SELECT listing_id, seed, CASE {whens} ELSE {len(in_front) + 1} END AS rank,"
            f" {'NOT ' + _in('akin') if akin else 'false'} AS is_apart"
            f" FROM {found} AS found WHERE {' AND '.join([_not_in('in_front'), *short])}"
        )
        return "(SELECT *, false AS is_apart FROM in_front UNION ALL SELECT * FROM behind) AS ranked"


def facet_literals(filters: Filters) -> list[str]:
    """The chosen values, and what follows from the ranges, as ``tsquery`` literals."""
    choices = [*filters.lexemes().values(), *filters.implied()]
    return [f"({' | '.join(map(tokens.quoted, values))})" for values in choices]


def _in(step: str) -> str:
    return f"listing_id IN (SELECT listing_id FROM {step})"


def _not_in(step: str) -> str:
    return f"listing_id NOT IN (SELECT listing_id FROM {step})"


def counts_of(found: str) -> str:
    """The SQL of the grouping sets over ``found``. Columns are never NULL, so coalesce picks those of a row's set."""
    groups = [[BY_NAME[name].column for name in names] for names in COUNTED_TOGETHER]
    kinds = " ".join(f"WHEN grouping({columns[0]}) = 0 THEN {number}" for number, columns in enumerate(groups))
    parts = [
        "coalesce(" + ", ".join(f"{c[place]}::{kind}" for c in groups if len(c) > place) + ", 0)"
        for place, kind in enumerate(("bigint", "int", "int"))
    ]
    sets = ", ".join(f"({', '.join(columns)})" for columns in groups)
    return (
        f"SELECT CASE {kinds} END, {', '.join(parts)}, count(*) FROM {found} AS found GROUP BY GROUPING SETS ({sets})"
    )


_COLUMNS = ", ".join(kind.column for kind in FACETS)


_SETTINGS = "; ".join(
    f"SET LOCAL {name} = {value}"
    for name, value in {
        "enable_seqscan": "off",  # never right here: the planner does not price reading the out-of-line vectors
        "enable_indexscan": "off",  # nor is walking an index in order and looking at the vectors one by one
        "enable_nestloop": "off",  # nor is this: an AND of tokens finds up to 400 times what it expects
        "jit": "off",
        "statement_timeout": TIMEOUT_MS,
    }.items()
)


def run(statement: str, params: dict | list) -> list[tuple]:
    """Send settings and statement together: one round trip, and the settings end with it. Raises ``SearchTimeout``.

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
