"""What a year costs a body of any size, answered by SQL for every listing found.

The calculator (``catalog.pricing``) is the truth. A buyer tells two quantities, users (who have a device each) and
residents; all others are those of the reference size. So an offer's price is a plane over users and residents, in as many
pieces as its tiers cut it into. The pieces are worked out when a listing is indexed, with the periods of a year and the tax
multiplied in; at search time each costs two multiplications. Where the calculator has no price, there is no piece.
See docs/decisions/0014-price-at-any-size.md.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from django.db import connection

from ..enums import PriceTiming
from ..pricing import PriceLine, Size, TaxRate, periods_a_year, quantity_needed

TABLE = "catalog_searchprice"
AXES = {"users": "users", "devices": "users", "residents": "residents"}
"""The quantities a buyer may tell, by the field of Size they decide."""
LARGEST = 2**31 - 1
PLACES = Decimal("0.000001")


class PricePiece(NamedTuple):
    """For so many users and so many residents (bounds inclusive) a year costs ``fixed_yen + per_user × users +
    per_resident × residents`` yen, tax included."""

    users_from: int
    users_to: int
    residents_from: int
    residents_to: int
    fixed_yen: Decimal
    per_user: Decimal
    per_resident: Decimal


def price_pieces(lines: Iterable[PriceLine], reference: Size, tax: TaxRate) -> Iterator[PricePiece]:
    """Take an offer's price table apart. What is paid once must have a price, but costs nothing every year."""
    tables: dict[tuple, list[PriceLine]] = {}
    for line in lines:
        tables.setdefault(line.table, []).append(line)
    if not tables:
        return
    fixed = Decimal(0)
    along: dict[str, list[list[PriceLine]]] = {"users": [], "residents": []}
    for (_item, timing, unit), tiers in tables.items():
        needed = quantity_needed(timing, unit)
        if needed in AXES:
            along[AXES[needed]].append(tiers)
            continue
        quantity = getattr(reference, needed)
        line = _only(tiers, quantity)
        if line is None:
            return  # no size has a price
        fixed += _yearly(line, tax) * quantity
    for users_from, users_to, per_user in _stretches(along["users"], tax):
        for residents_from, residents_to, per_resident in _stretches(along["residents"], tax):
            yield PricePiece(
                users_from,
                users_to,
                residents_from,
                residents_to,
                *(n.quantize(PLACES) for n in (fixed, per_user, per_resident)),
            )


def _stretches(tables: list[list[PriceLine]], tax: TaxRate) -> Iterator[tuple[int, int, Decimal]]:
    """The stretches of a quantity in which each of the tables has exactly one price, with these prices added up."""
    tiers = [tier for table in tables for tier in table]
    ends = {1, LARGEST + 1} | {tier.from_quantity for tier in tiers}
    ends |= {tier.to_quantity + 1 for tier in tiers if tier.to_quantity is not None}
    for low, following in pairwise(sorted(end for end in ends if 1 <= end <= LARGEST + 1)):
        fitting = [_only(table, low) for table in tables]
        if None not in fitting:
            yield low, following - 1, sum((_yearly(line, tax) for line in fitting), Decimal(0))


def _only(tiers: list[PriceLine], quantity: int) -> PriceLine | None:
    fitting = [tier for tier in tiers if tier.covers(quantity)]
    return fitting[0] if len(fitting) == 1 else None


def _yearly(line: PriceLine, tax: TaxRate) -> Decimal:
    """What one unit costs a year with tax; exact, because a rate has few decimals."""
    periods = 0 if line.timing == PriceTiming.INITIAL else periods_a_year(line.timing, line.unit)
    yearly = line.amount_yen * periods
    return yearly if line.tax_included else yearly * (100 + tax.percent) / 100


def own_prices(size: Size, pks: Iterable[int]) -> dict[int, int]:
    """Yearly prices as ``yearly_prices`` has them, by primary key; a listing without one at this size is left out."""
    with connection.cursor() as cursor:
        cursor.execute(yearly_prices(size, "%s"), [list(pks)])
        return {pk: int(yen) for pk, yen in cursor.fetchall()}


def yearly_prices(size: Size, among: str) -> str:
    """The SQL that gives ``listing_id, own_price`` for the listings whose keys are in the array ``among``.

    ``own_price`` is the lowest of the listing's offers, in whole yen a later year, tax included and fractions cut off.
    """
    users, residents = int(size.users or 0), int(size.residents or 0)
    if not (users and residents):
        raise ValueError(f"Users and residents must be told and positive: {size}")
    # An array of keys, not a join: the planner then reads as many rows as are found, never the whole table.
    return (
        f"SELECT listing_id, trunc(min(fixed_yen + per_user * {users} + per_resident * {residents})) AS own_price"
        f" FROM {TABLE} WHERE listing_id = ANY ({among}) AND {users} BETWEEN users_from AND users_to"
        f" AND {residents} BETWEEN residents_from AND residents_to GROUP BY listing_id"
    )
