"""The search turned round: which of many searches find one listing."""

from collections.abc import Iterable

from django.db import connection

from .filters import Filters
from .query import Query
from .statement import TABLE, facet_literals

AT_ONCE = 100
"""Searches asked in one statement: the listing's vectors are read once for all of them."""


def finds(listing_pk: int, searches: Iterable[tuple[Query, Filters]]) -> list[bool]:
    """For each of ``searches`` whether it finds the listing now. Words in a row are always checked in the text."""
    searches = list(searches)
    found: list[bool] = []
    for start in range(0, len(searches), AT_ONCE):
        columns, params = [], []
        for query, filters in searches[start : start + AT_ONCE]:
            parts = ["grams @@ %s::tsquery"]
            params.append(query.anywhere(facet_literals(filters)))
            for sql, value in filters.conditions():
                parts.append(sql)
                params.append(value)
            for needles in query.checks:
                parts.append("(" + " OR ".join(["strpos(body, %s) > 0"] * len(needles)) + ")")
                params += needles
            columns.append(f"coalesce({' AND '.join(parts)}, false)")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(columns)} FROM {TABLE} WHERE listing_id = %s", [*params, listing_pk])
            row = cursor.fetchone()
        found += row or [False] * len(columns)
    return found
