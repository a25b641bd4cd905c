"""The price formulas of the addition method (rules.md C.2, P1 to P5).

Each gives the share of the component's points that a price earns. Y is the ceiling price (予定価格), P the bid's price for
this component, K the low-price threshold (調査基準価格). Prices are above zero; the document has been checked to hold what
its formula needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from .vocabulary import Formula

HALF: Final = Fraction(1, 2)


@dataclass(frozen=True)
class Terms:
    """What a formula may look at."""

    price: Fraction
    lowest: Fraction  # of this component, among the bids that are scored
    ceiling: Fraction | None
    threshold: Fraction | None
    ratio: Fraction | None  # floor_ratio or peak_ratio


@dataclass(frozen=True)
class PriceFormula:
    """A formula, and what a document that uses it must state."""

    share: Callable[[Terms], Fraction]
    needs_ceiling: bool = True
    needs_threshold: bool = False
    ratio_key: str | None = None


def linear(terms: Terms) -> Fraction:
    """P1: 1 − P/Y."""
    return 1 - terms.price / _stated(terms.ceiling)


def lowest_ratio(terms: Terms) -> Fraction:
    """P2: lowest P ÷ P."""
    return terms.lowest / terms.price


def linear_floored(terms: Terms) -> Fraction:
    """P3: as P1, but a price below the floor earns no more than the floor does."""
    ceiling = _stated(terms.ceiling)
    return 1 - max(terms.price, _stated(terms.ratio) * ceiling) / ceiling


def linear_kinked(terms: Terms) -> Fraction:
    """P4: as P1 down to K; each yen below K earns half of what a yen above it does."""
    ceiling, threshold = _stated(terms.ceiling), _stated(terms.threshold)
    if terms.price >= threshold:
        return linear(terms)
    return (1 - threshold / ceiling) + HALF * (threshold - terms.price) / ceiling


def tent(terms: Terms) -> Fraction:
    """P5, against dumping: all points at the peak, fewer the farther P/Y is from it on either side."""
    return 1 - abs(terms.price / _stated(terms.ceiling) - _stated(terms.ratio))


def _stated(value: Fraction | None) -> Fraction:
    assert value is not None, "parse_document lets no document pass that lacks what its formula needs"  # noqa: S101 - narrows the type
    return value


FORMULAS: Final[dict[Formula, PriceFormula]] = {
    Formula.LINEAR: PriceFormula(linear),
    Formula.LOWEST_RATIO: PriceFormula(lowest_ratio, needs_ceiling=False),
    Formula.LINEAR_FLOORED: PriceFormula(linear_floored, ratio_key="floor_ratio"),
    Formula.LINEAR_KINKED: PriceFormula(linear_kinked, needs_threshold=True),
    Formula.TENT: PriceFormula(tent, ratio_key="peak_ratio"),
}
