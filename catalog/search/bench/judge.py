"""Whether search finds what the texts contain: every listing's folded text against every query, the slow way."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection, transaction

from ..document import needle
from ..filters import Filters
from ..query import parse
from ..statement import TABLE, Statement


class Verdict(NamedTuple):
    """Over all queries together, and the worst of them by each measure."""

    recall: float
    precision: float
    worst: list[str]


def judge(typed: Iterable[str]) -> Verdict:
    """Compare what is found, without synonyms, with the texts. Listings are numbered from 1."""
    queries = {query.typed: query for query in map(parse, typed) if query.terms}
    right = _contained(queries.values())
    hits = found = contained = 0
    worst = []
    for query in queries.values():
        pks = Statement(query, Filters()).found()
        among = sum(right[query.typed][pk] for pk in pks)
        hits, found, contained = hits + among, found + len(pks), contained + right[query.typed].count(1)
        if among != len(pks) or among != right[query.typed].count(1):
            worst.append(query.typed)
    return Verdict(hits / (contained or 1), hits / (found or 1), worst)


def _contained(queries) -> dict[str, bytearray]:
    """By query, a flag for each listing: whether its text has all wanted terms and none of the excluded."""
    with transaction.atomic(), connection.connection.cursor(name="bodies") as cursor:
        cursor.execute(f"SELECT count(*), max(listing_id) FROM {TABLE}")
        size = cursor.fetchone()[1]
    flags = {query.typed: bytearray(size + 1) for query in queries}
    asked = [
        (
            flags[query.typed],
            [needle(term.text) for term in query.wanted],
            [needle(term.text) for term in query.excluded],
        )
        for query in queries
    ]
    with transaction.atomic(), connection.connection.cursor(name="bodies") as cursor:
        cursor.itersize = 2000
        cursor.execute(f"SELECT listing_id, body FROM {TABLE}")
        for pk, body in cursor:
            for flag, wanted, excluded in asked:
                if all(text in body for text in wanted) and not any(text in body for text in excluded):
                    flag[pk] = 1
    return flags
