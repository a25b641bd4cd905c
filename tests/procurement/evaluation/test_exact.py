from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procurement.evaluation.exact import Amount, Rounding, decimal_text, rounded
from procurement.evaluation.vocabulary import RoundingMode

DOWN, HALF_UP, UP = RoundingMode.DOWN, RoundingMode.HALF_UP, RoundingMode.UP


@pytest.mark.parametrize(
    ("value", "mode", "digits", "expected"),
    [
        # 京都市 rounds price points to whole points: 22.5 is 23, where banker's rounding would say 22.
        ("22.5", HALF_UP, 0, "23"),
        ("23.5", HALF_UP, 0, "24"),
        ("22.4999", HALF_UP, 0, "22"),
        ("22.5", DOWN, 0, "22"),
        ("22.0000000001", UP, 0, "23"),
        ("22", UP, 0, "22"),
        # Published stages: one decimal by 四捨五入 (大阪市), four decimals cut off (MLIT).
        ("86.25", HALF_UP, 1, "86.3"),
        ("66.66669", DOWN, 4, "66.6666"),
        ("36.974", DOWN, 4, "36.9740"),
        # By magnitude, so a deduction is rounded as the bonus of the same size.
        ("-22.5", HALF_UP, 0, "-23"),
        ("-22.5", DOWN, 0, "-22"),
        ("-22.1", UP, 0, "-23"),
        ("-0.4", HALF_UP, 0, "0"),
        ("0", UP, 2, "0.00"),
    ],
)
def test_rounding_by_mode_and_digits(value, mode, digits, expected):
    assert str(rounded(Fraction(value), Rounding(mode, digits))) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Fraction(0), "0"),
        (Fraction(100000000000000000000), "100000000000000000000"),
        (Fraction(1, 1000000), "0.000001"),
        (Fraction("90.50"), "90.5"),
        (Fraction(1, 2**20), "0.00000095367431640625"),  # terminates: written in full, however long
        (Fraction(1, 3), "0.333333333333"),
        (Fraction(2, 3), "0.666666666667"),
        (Fraction(-2, 3), "-0.666666666667"),
        (Fraction(1, 3 * 10**13), "0.000000000000"),
    ],
)
def test_unrounded_number_is_written_without_exponent(value, expected):
    assert decimal_text(value) == expected


def test_unrounded_amount_keeps_the_digits_it_came_with():
    assert str(rounded(Fraction("66.5"), None, digits=4)) == "66.5000"
    assert str(Amount(Fraction("66.5"))) == "66.5"


@given(st.fractions(), st.sampled_from(RoundingMode), st.integers(0, 10))
def test_rounding_moves_less_than_one_unit_and_is_idempotent(value, mode, digits):
    rule = Rounding(mode, digits)

    result = rule.apply(value)

    assert abs(result - value) < Fraction(1, 10**digits)
    assert rule.apply(result) == result
    assert Fraction(decimal_text(result, digits)) == result


@given(st.fractions())
def test_half_up_is_the_nearest(value):
    assert abs(Rounding(HALF_UP, 2).apply(value) - value) <= Fraction(1, 200)
