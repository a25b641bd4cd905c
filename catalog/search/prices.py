"""What a year costs a body of any size, answered by SQL for every listing found.

The calculator (``catalog.pricing``) is the truth. Here its price tables are taken apart once, when a listing is indexed,
into rows that only need multiplying and adding: each covers a stretch of quantities for which exactly one price is told,
with the periods of a year and the tax multiplied in. An offer has a price at a size where every item of its table has a
row for it: what the calculator cannot price, has none here either. See docs/decisions/0011-price-at-any-size.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db import connection

from ..enums import PriceTiming
from ..pricing import PriceLine, Size, TaxRate, periods_a_year, quantity_needed

TABLE = "catalog_searchprice"
NEEDS = (
    "organizations",
    "users",
    "residents",
    "devices",
    "cases_per_year",
    "gigabytes",
    "gigabytes_per_year",
)
"""The fields of a Size in the order stored; ``PriceRow.needs`` counts from 1, as SQL arrays do. Never reordered."""
PLACES = Decimal("0.000001")
LARGEST = 2**31 - 1


class PriceRow(NamedTuple):
    """``yearly_yen`` for one unit of ``needs``, tax included, where the quantity is from ``low`` to ``high``.

    ``items``: how many items the offer's price table has, each of which must be found.
    """

    needs: int
    low: int
    high: int
    yearly_yen: Decimal
    items: int


def price_rows(lines: Iterable[PriceLine], tax: TaxRate) -> Iterator[PriceRow]:
    """Take an offer's price table apart. What is paid once counts as 0 yen: it must have a price, but not every year."""
    tables: dict[tuple, list[PriceLine]] = {}
    for line in lines:
        tables.setdefault(line.table, []).append(line)
    for (_item, timing, unit), tiers in tables.items():
        needs = NEEDS.index(quantity_needed(timing, unit)) + 1
        periods = 0 if timing == PriceTiming.INITIAL else periods_a_year(timing, unit)
        for low, high, line in _stretches(tiers):
            yearly = line.amount_yen * periods
            if not line.tax_included:
                yearly = yearly * (100 + tax.percent) / 100
            yield PriceRow(needs, low, high, yearly.quantize(PLACES), len(tables))


def _stretches(tiers: list[PriceLine]) -> Iterator[tuple[int, int, PriceLine]]:
    """The stretches of quantities that exactly one of the tiers covers."""
    ends = sorted({tier.from_quantity for tier in tiers} | {_upper(tier) + 1 for tier in tiers})
    for low, following in pairwise(ends):
        fitting = [tier for tier in tiers if tier.covers(low)]
        if len(fitting) == 1 and following > 1:
            yield max(low, 1), following - 1, fitting[0]


def _upper(tier: PriceLine) -> int:
    return LARGEST if tier.to_quantity is None else tier.to_quantity


def price_at(size: Size) -> tuple[str, list]:
    """Return the step of the search statement, and its parameters, that gives ``listing_id, own_price`` for all found.

    ``own_price`` is the lowest of the listing's offers, in whole yen a later year, tax included and fractions cut off.
    Raises ValueError for a size that leaves a quantity open, or at 0, which these rows do not cover.
    """
    return f"own_prices AS MATERIALIZED ({_own_prices('ARRAY(SELECT listing_id FROM found)')})", [_quantities(size)]


def own_prices(size: Size, pks: Iterable[int]) -> dict[int, int]:
    """The same for some listings by primary key; one without a price at this size is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_own_prices("%s"), [_quantities(size), list(pks)])
        return {pk: int(yen) for pk, yen in cursor.fetchall()}


def _quantities(size: Size) -> list[int]:
    quantities = [getattr(size, name) for name in NEEDS]
    if not all(quantities):
        raise ValueError(f"Every quantity must be told and positive: {astuple(size)}")
    return quantities


def _own_prices(among: str) -> str:
    return (
        "SELECT listing_id, min(yen) AS own_price FROM ("
        "SELECT listing_id, offer_id, trunc(sum(yearly_yen * quantity)) AS yen"
        f" FROM (SELECT *, (%s::int[])[needs] AS quantity FROM {TABLE} WHERE listing_id = ANY ({among})) AS told"
        " WHERE quantity BETWEEN low AND high"
        " GROUP BY listing_id, offer_id HAVING count(*) = min(items)"
        ") AS offers GROUP BY listing_id"
    )
