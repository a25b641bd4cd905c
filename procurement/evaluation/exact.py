"""Exact numbers: declared roundings, and printing without exponent.

Everything is a `Fraction` until the document declares a rounding. Binary floating point appears nowhere.
"""

from dataclasses import dataclass
from fractions import Fraction

from .vocabulary import RoundingMode

UNROUNDED_DIGITS = 12  # decimal places printed of a value that does not terminate


@dataclass(frozen=True)
class Rounding:
    """A declared rounding to `digits` decimal places."""

    mode: RoundingMode
    digits: int

    def apply(self, value: Fraction) -> Fraction:
        """Round `value` by magnitude: "down" goes towards zero, "up" away from it.

        "half_up" is 四捨五入, never banker's rounding: 京都市 rounds 22.5 to 23 (rules.md C.6).
        """
        scale = 10**self.digits
        units, rest = divmod(abs(value.numerator) * scale, value.denominator)
        if self.mode is RoundingMode.UP:
            units += rest > 0
        elif self.mode is RoundingMode.HALF_UP:
            units += 2 * rest >= value.denominator
        return Fraction(units if value >= 0 else -units, scale)


@dataclass(frozen=True)
class Amount:
    """An exact value, and the decimal places it was rounded to; `digits` is None where no rounding was declared."""

    value: Fraction
    digits: int | None = None

    def __str__(self) -> str:
        return decimal_text(self.value, self.digits)


def rounded(value: Fraction, rounding: Rounding | None, *, digits: int | None = None) -> Amount:
    """Apply a declared rounding, if there is one; without it the value keeps the `digits` it already had."""
    if rounding is None:
        return Amount(value, digits)
    return Amount(rounding.apply(value), rounding.digits)


def decimal_text(value: Fraction, digits: int | None = None) -> str:
    """Write `value` as a decimal string without exponent.

    A value rounded to `digits` places shows all of them ("36.9740", as published sheets do). Any other value is written in
    full and without trailing zeros where it terminates, and to 12 places, rounded half up, where it does not.
    """
    if digits is None:
        digits = _terminating_digits(value)
    if digits is None:
        digits = UNROUNDED_DIGITS
        value = Rounding(RoundingMode.HALF_UP, digits).apply(value)
    units = value.numerator * 10**digits // value.denominator  # exact: nothing is left beyond `digits`
    whole, part = divmod(abs(units), 10**digits)
    text = f"{whole}.{part:0{digits}}" if digits else str(whole)
    return f"-{text}" if units < 0 else text


def _terminating_digits(value: Fraction) -> int | None:
    """How many decimal places `value` needs, or None where it does not terminate."""
    rest = value.denominator
    twos = (rest & -rest).bit_length() - 1
    rest >>= twos
    fives = 0
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    return max(twos, fives) if rest == 1 else None
