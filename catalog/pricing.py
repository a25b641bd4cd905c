"""What an offer costs a body of a given size: a price table in, a calculation anyone can check out.

Pure and exact: quantities are whole numbers, amounts Decimal, sums Fraction. A fraction of a yen is cut off once for every
total shown (as the state counts its debts: 国等の債権債務等の金額の端数計算に関する法律第2条), never for a line, so the year
totals may add up to a few yen less than the total of all years.

Lines with the same item, timing and unit are volume tiers: the whole quantity is charged at the price of the tier it falls
in. A quantity of zero costs nothing; a quantity not given makes the total unknown, and the estimate says which to give.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Self

from marketplace.dated import in_force, load

from .enums import PriceTiming, PriceUnit

TAX_DATA = Path(__file__).parent / "data" / "consumption_tax.toml"


# --- What goes in ---


@dataclass(frozen=True, kw_only=True)
class PriceLine:
    """One line of a price table: ``amount_yen`` for one unit, once, a month, a year, or a use.

    Bounds are inclusive; ``to_quantity`` None has no upper bound. The validity is inclusive too, None on either side is open.
    Takes any finite amount and any bounds: ``faults`` says what is wrong with them.
    """

    item: str
    timing: PriceTiming
    unit: PriceUnit
    amount_yen: Decimal
    from_quantity: int = 1
    to_quantity: int | None = None
    tax_included: bool = False
    valid_from: date | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.amount_yen, Decimal):
            raise TypeError("A price is a Decimal: binary fractions of a yen do not add up.")
        if not self.amount_yen.is_finite():
            raise ValueError(f"A price is a finite number, not {self.amount_yen}.")
        object.__setattr__(self, "timing", PriceTiming(self.timing))
        object.__setattr__(self, "unit", PriceUnit(self.unit))

    @property
    def table(self) -> tuple[str, PriceTiming, PriceUnit]:
        """Lines that share it are tiers of one price."""
        return self.item.strip(), self.timing, self.unit

    def in_force(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on <= self.valid_until
        )

    def covers(self, quantity: int) -> bool:
        return self.from_quantity <= quantity and (self.to_quantity is None or quantity <= self.to_quantity)

    def as_dict(self) -> dict[str, Any]:
        """As the catalogue interchange writes it; validity only where there is one."""
        written = {
            "item": self.item,
            "timing": str(self.timing.value),
            "unit": str(self.unit.value),
            "amount_yen": f"{self.amount_yen:f}",
            "from_quantity": self.from_quantity,
            "to_quantity": self.to_quantity,
            "tax_included": self.tax_included,
        }
        validity = {"valid_from": self.valid_from, "valid_until": self.valid_until}
        return written | {name: day.isoformat() for name, day in validity.items() if day}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``as_dict``. Raises TypeError, ValueError or decimal.InvalidOperation for the wrong shape."""
        if not isinstance(data["amount_yen"], str):
            raise TypeError("A price is given as text, so that it stays exact.")
        days = {
            name: date.fromisoformat(data[name]) for name in ("valid_from", "valid_until") if data.get(name) is not None
        }
        return cls(**{**data, "amount_yen": Decimal(data["amount_yen"]), **days})


@dataclass(frozen=True, kw_only=True)
class Size:
    """The quantities a buyer gives. None: not given; 0: there are none.

    Cases and transferred gigabytes are those of one year, everything else what there is at any time.
    """

    organizations: int | None = 1
    users: int | None = None
    residents: int | None = None
    devices: int | None = None
    cases_per_year: int | None = None
    gigabytes: int | None = None
    gigabytes_per_year: int | None = None

    def __post_init__(self) -> None:
        for name, quantity in asdict(self).items():
            if quantity is not None and (type(quantity) is not int or quantity < 0):
                raise ValueError(f"{name} is a whole number from 0, not {quantity!r}.")


@dataclass(frozen=True, kw_only=True)
class TaxRate:
    """Consumption tax, national and local together."""

    valid_from: date
    percent: Decimal
    source: str

    @property
    def factor(self) -> Fraction:
        """What an amount without tax is multiplied by to include it."""
        return 1 + Fraction(self.percent) / 100


@cache
def all_tax_rates() -> tuple[TaxRate, ...]:
    return tuple(
        TaxRate(valid_from=row["valid_from"], percent=Decimal(row["percent"]), source=row["source"])
        for row in load(TAX_DATA)["rate"]
    )


def tax_rate(on: date) -> TaxRate:
    """The rate in force on ``on``. Raises marketplace.dated.NoRuleInForce before there was such a tax."""
    return in_force(all_tax_rates(), on)


# --- The calculation ---


class Problem(StrEnum):
    QUANTITY_MISSING = "quantity_missing"  # the size does not give it
    NO_TIER = "no_tier"  # the vendor quotes no price for this quantity
    TIERS_OVERLAP = "tiers_overlap"  # the vendor quotes two


@dataclass(frozen=True, kw_only=True)
class ItemCost:
    """One item's cost over the term: ``quantity`` × ``line.amount_yen`` × ``periods``, or the ``problem`` that hides it.

    ``needs`` names the Size field the quantity is taken from; ``charge`` is in yen, in the line's own tax basis.
    """

    item: str
    timing: PriceTiming
    unit: PriceUnit
    needs: str
    quantity: int | None
    periods: int
    line: PriceLine | None
    problem: Problem | None = None

    @property
    def charge(self) -> Fraction | None:
        """Exact. None where there is a problem."""
        if self.problem or self.quantity is None:
            return None
        return self.quantity * Fraction(self.line.amount_yen) * self.periods if self.line else Fraction(0)

    def as_dict(self) -> dict[str, Any]:
        """As JSON; money as text, ``charge_yen`` exact."""
        charge = self.charge
        return {
            "item": self.item,
            "timing": str(self.timing.value),
            "unit": str(self.unit.value),
            "needs": self.needs,
            "quantity": self.quantity,
            "amount_yen": f"{self.line.amount_yen:f}" if self.line else None,
            "tax_included": self.line.tax_included if self.line else None,
            "periods": self.periods,
            "charge_yen": None if charge is None else _decimal_text(charge),
            "problem": self.problem and self.problem.value,
        }


@dataclass(frozen=True, kw_only=True)
class Total:
    """Whole yen, each cut off by itself from the exact sum."""

    excluding_tax: int
    including_tax: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """``total`` over all years, ``by_year`` year by year (the initial lines fall in the first), ``running_year`` a later year.

    All three are None or empty where any item has a problem, or where there is no line to price.
    """

    years: int
    tax: TaxRate
    items: tuple[ItemCost, ...]
    total: Total | None
    by_year: tuple[Total, ...]
    running_year: Total | None

    @property
    def missing(self) -> tuple[str, ...]:
        """The Size fields to give before a total can be told."""
        return tuple(dict.fromkeys(item.needs for item in self.items if item.problem == Problem.QUANTITY_MISSING))

    def as_dict(self) -> dict[str, Any]:
        return {
            "years": self.years,
            "tax_percent": str(self.tax.percent),
            "items": [item.as_dict() for item in self.items],
            "total": self.total and asdict(self.total),
            "by_year": [asdict(year) for year in self.by_year],
            "running_year": self.running_year and asdict(self.running_year),
            "missing": list(self.missing),
        }


QUANTITIES = {
    PriceUnit.ORGANIZATION: "organizations",
    PriceUnit.USER: "users",
    PriceUnit.RESIDENT: "residents",
    PriceUnit.DEVICE: "devices",
    PriceUnit.CASE: "cases_per_year",
    PriceUnit.GB: "gigabytes",
}


def quantity_needed(timing: PriceTiming, unit: PriceUnit) -> str:
    """The Size field that prices of this timing and unit are multiplied by."""
    if (timing, unit) == (PriceTiming.USAGE, PriceUnit.GB):
        return "gigabytes_per_year"  # transferred, not kept
    return QUANTITIES[unit]


def periods_a_year(timing: PriceTiming, unit: PriceUnit) -> int:
    """How often a year a line is charged, apart from initial lines.

    A price by the case is charged for each case of the year, however often it is billed.
    """
    return 12 if timing == PriceTiming.MONTH and unit != PriceUnit.CASE else 1


def total(lines: Iterable[PriceLine], size: Size, years: int, tax: TaxRate, *, on: date | None = None) -> Estimate:
    """Price ``years`` years of an offer for a body of ``size``.

    ``on`` leaves out lines not valid on that day (None: all lines count). Items come in the order of their first line.
    Raises ValueError for fewer than one year.
    """
    if years < 1:
        raise ValueError("A contract lasts at least one year.")
    tables: dict[tuple[str, PriceTiming, PriceUnit], list[PriceLine]] = {}
    for line in lines:
        if on is None or line.in_force(on):
            tables.setdefault(line.table, []).append(line)

    items = tuple(_item_cost(tiers, size, years) for tiers in tables.values())
    if not items or any(item.problem for item in items):
        return Estimate(years=years, tax=tax, items=items, total=None, by_year=(), running_year=None)

    first_year = _total([_item_cost(tiers, size, 1) for tiers in tables.values()], tax)
    recurring = [tiers for (_, timing, _), tiers in tables.items() if timing != PriceTiming.INITIAL]
    running_year = _total([_item_cost(tiers, size, 1) for tiers in recurring], tax)
    return Estimate(
        years=years,
        tax=tax,
        items=items,
        total=_total(items, tax),
        by_year=(first_year, *[running_year] * (years - 1)),
        running_year=running_year,
    )


def _item_cost(tiers: Sequence[PriceLine], size: Size, years: int) -> ItemCost:
    item, timing, unit = tiers[0].table
    needs = quantity_needed(timing, unit)
    quantity: int | None = getattr(size, needs)
    fitting = [] if quantity is None else [line for line in tiers if line.covers(quantity)]
    if quantity is None:
        problem: Problem | None = Problem.QUANTITY_MISSING
    elif len(fitting) > 1:
        problem = Problem.TIERS_OVERLAP
    elif not fitting and quantity > 0:
        problem = Problem.NO_TIER
    else:
        problem = None
    return ItemCost(
        item=item,
        timing=timing,
        unit=unit,
        needs=needs,
        quantity=quantity,
        periods=1 if timing == PriceTiming.INITIAL else periods_a_year(timing, unit) * years,
        line=fitting[0] if len(fitting) == 1 else None,
        problem=problem,
    )


def _total(items: Iterable[ItemCost], tax: TaxRate) -> Total:
    excluding = including = Fraction(0)
    for item in items:
        charge = item.charge or Fraction(0)
        if item.line and item.line.tax_included:
            excluding += charge / tax.factor
            including += charge
        else:
            excluding += charge
            including += charge * tax.factor
    return Total(excluding_tax=_cut_off(excluding), including_tax=_cut_off(including))


def _cut_off(amount: Fraction) -> int:
    """切捨て. Amounts are never negative in a table without faults."""
    return int(amount)


def _decimal_text(amount: Fraction) -> str:
    """A sum of decimals as a plain decimal: its denominator divides a power of ten."""
    digits = 0
    while (amount * 10**digits).denominator != 1:
        digits += 1
    return f"{Decimal((amount * 10**digits).numerator).scaleb(-digits):f}"


# --- Consistency of a price table ---


class FaultCode(StrEnum):
    EMPTY = "empty"
    ITEM_BLANK = "item_blank"
    AMOUNT_NEGATIVE = "amount_negative"
    FROM_BELOW_ONE = "from_below_one"
    TO_BELOW_FROM = "to_below_from"
    VALIDITY_REVERSED = "validity_reversed"
    TIERS_OVERLAP = "tiers_overlap"
    TIERS_GAP = "tiers_gap"
    TAX_MIXED = "tax_mixed"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``lines`` are positions in the table, from 0: those to correct. ``item`` is "" for the table as a whole."""

    code: FaultCode
    lines: tuple[int, ...] = ()
    item: str = ""


def faults(lines: Sequence[PriceLine]) -> tuple[Fault, ...]:
    """Everything wrong with a price table, all in one go: first line by line, then across lines."""
    if not lines:
        return (Fault(code=FaultCode.EMPTY),)
    found = [
        Fault(code=code, lines=(position,), item=line.item.strip())
        for position, line in enumerate(lines)
        for code in _line_faults(line)
    ]
    return tuple(dict.fromkeys([*found, *_tier_faults(lines), *_tax_faults(lines)]))


def _line_faults(line: PriceLine) -> Iterator[FaultCode]:
    if not line.item.strip():
        yield FaultCode.ITEM_BLANK
    if line.amount_yen < 0:
        yield FaultCode.AMOUNT_NEGATIVE
    if line.from_quantity < 1:
        yield FaultCode.FROM_BELOW_ONE
    if line.to_quantity is not None and line.to_quantity < line.from_quantity:
        yield FaultCode.TO_BELOW_FROM
    if line.valid_from and line.valid_until and line.valid_until < line.valid_from:
        yield FaultCode.VALIDITY_REVERSED


def _tier_faults(lines: Sequence[PriceLine]) -> Iterator[Fault]:
    """Tiers valid on the same day must neither overlap nor leave a gap. A table may start above 1: a minimum order."""
    tables: dict[tuple[str, PriceTiming, PriceUnit], list[tuple[int, PriceLine]]] = {}
    for position, line in enumerate(lines):
        sound = line.to_quantity is None or line.from_quantity <= line.to_quantity
        if sound:
            tables.setdefault(line.table, []).append((position, line))

    for (item, _, _), tiers in tables.items():
        for day in _days_of_change(line for _, line in tiers):
            standing = sorted((each for each in tiers if each[1].in_force(day)), key=lambda each: each[1].from_quantity)
            if not standing:
                continue
            reaching = standing[0]  # the tier that reaches furthest so far
            for tier in standing[1:]:
                end = reaching[1].to_quantity
                if end is None or tier[1].from_quantity <= end:
                    yield Fault(code=FaultCode.TIERS_OVERLAP, lines=tuple(sorted((reaching[0], tier[0]))), item=item)
                elif tier[1].from_quantity > end + 1:
                    yield Fault(code=FaultCode.TIERS_GAP, lines=tuple(sorted((reaching[0], tier[0]))), item=item)
                further = end is not None and (tier[1].to_quantity is None or tier[1].to_quantity > end)
                reaching = tier if further else reaching


def _days_of_change(lines: Iterable[PriceLine]) -> list[date]:
    """One day of every stretch of time in which the same lines are in force."""
    days = {date.min}
    for line in lines:
        if line.valid_from:
            days.add(line.valid_from)
        if line.valid_until and line.valid_until < date.max:
            days.add(line.valid_until + timedelta(days=1))
    return sorted(days)


def _tax_faults(lines: Sequence[PriceLine]) -> Iterator[Fault]:
    by_item: dict[str, list[int]] = {}
    for position, line in enumerate(lines):
        by_item.setdefault(line.item.strip(), []).append(position)
    for item, positions in by_item.items():
        if len({lines[position].tax_included for position in positions}) > 1:
            yield Fault(code=FaultCode.TAX_MIXED, lines=tuple(positions), item=item)
