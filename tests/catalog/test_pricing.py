"""The price calculator: tiers, tax, rounding, missing quantities, and what is wrong with a price table."""

import json
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from catalog import price_wording
from catalog.enums import PriceTiming, PriceUnit
from catalog.pricing import (
    Fault,
    FaultCode,
    PriceLine,
    Problem,
    Size,
    Total,
    faults,
    periods_a_year,
    quantity_needed,
    tax_rate,
    total,
)
from marketplace.dated import NoRuleInForce

TEN_PERCENT = tax_rate(date(2026, 11, 23))
CITY = Size(users=250, residents=84_000, devices=60, cases_per_year=12_000, gigabytes=500, gigabytes_per_year=900)


def line(amount="1000", unit="organization", timing="month", item="基本料", **values):
    return PriceLine(item=item, timing=PriceTiming(timing), unit=PriceUnit(unit), amount_yen=Decimal(amount), **values)


def tiers(*rows, **values):
    return [line(amount, from_quantity=start, to_quantity=end, **values) for amount, start, end in rows]


USERS = {"unit": "user", "item": "利用料"}
BY_USERS = tiers(("600", 1, 100), ("500", 101, 300), ("400", 301, None), **USERS)


# --- Totals ---


@pytest.mark.parametrize(
    ("timing", "unit", "quantity", "periods"),
    [
        ("initial", "organization", 1, 1),
        ("month", "organization", 1, 36),
        ("year", "organization", 1, 3),
        ("usage", "organization", 1, 3),
        ("month", "user", 250, 36),
        ("year", "resident", 84_000, 3),
        ("month", "device", 60, 36),
        ("usage", "case", 12_000, 3),
        ("month", "case", 12_000, 3),  # the cases are those of a year, however often they are billed
        ("year", "case", 12_000, 3),
        ("initial", "case", 12_000, 1),
        ("month", "gb", 500, 36),  # kept
        ("usage", "gb", 900, 3),  # transferred
    ],
)
def test_total_multiplies_quantity_amount_and_periods(timing, unit, quantity, periods):
    estimate = total([line("7", unit, timing)], CITY, 3, TEN_PERCENT)

    (item,) = estimate.items
    assert (item.quantity, item.periods, item.charge) == (quantity, periods, 7 * quantity * periods)
    assert estimate.total.excluding_tax == 7 * quantity * periods


def test_total_of_a_whole_table_shows_its_calculation():
    lines = [
        line("300000", timing="initial", item="初期設定"),
        line("20000"),
        *BY_USERS,
        line("11000", timing="year", item="保守", tax_included=True),
    ]

    estimate = total(lines, CITY, 3, TEN_PERCENT)

    assert [(item.item, item.quantity, item.line.amount_yen, item.periods, item.charge) for item in estimate.items] == [
        ("初期設定", 1, 300_000, 1, 300_000),
        ("基本料", 1, 20_000, 36, 720_000),
        ("利用料", 250, 500, 36, 4_500_000),
        ("保守", 1, 11_000, 3, 33_000),
    ]
    assert estimate.total == Total(excluding_tax=5_550_000, including_tax=6_105_000)
    assert estimate.by_year == (
        Total(excluding_tax=2_050_000, including_tax=2_255_000),
        Total(excluding_tax=1_750_000, including_tax=1_925_000),
        Total(excluding_tax=1_750_000, including_tax=1_925_000),
    )
    assert estimate.running_year == Total(excluding_tax=1_750_000, including_tax=1_925_000)
    assert estimate.missing == ()


def test_total_of_one_year_still_tells_a_running_year():
    estimate = total([line("300000", timing="initial", item="初期設定"), line("20000")], CITY, 1, TEN_PERCENT)

    assert estimate.by_year == (estimate.total,) == (Total(excluding_tax=540_000, including_tax=594_000),)
    assert estimate.running_year == Total(excluding_tax=240_000, including_tax=264_000)


@pytest.mark.parametrize(
    ("users", "amount"),
    [(1, 600), (100, 600), (101, 500), (300, 500), (301, 400), (100_000, 400)],
)
def test_total_charges_the_whole_quantity_at_its_tier(users, amount):
    estimate = total(BY_USERS, Size(users=users), 1, TEN_PERCENT)

    assert estimate.total.excluding_tax == users * amount * 12


def test_total_keeps_items_of_one_name_but_other_timing_or_unit_apart():
    lines = [line("100", timing="initial"), line("10"), line("1", "user")]

    assert total(lines, CITY, 1, TEN_PERCENT).total.excluding_tax == 100 + 10 * 12 + 250 * 12


# --- Tax and rounding ---


@pytest.mark.parametrize(
    ("amount", "tax_included", "expected"),
    [
        ("999", False, Total(excluding_tax=999, including_tax=1_098)),  # 1,098.9
        ("1000", True, Total(excluding_tax=909, including_tax=1_000)),  # 909.09…
        ("1100", True, Total(excluding_tax=1_000, including_tax=1_100)),
        ("0.99", False, Total(excluding_tax=0, including_tax=1)),  # 1.089: the tax is of the exact amount
        ("0", False, Total(excluding_tax=0, including_tax=0)),
    ],
)
def test_total_cuts_off_a_fraction_of_a_yen(amount, tax_included, expected):
    assert total([line(amount, timing="initial", tax_included=tax_included)], CITY, 1, TEN_PERCENT).total == expected


def test_total_cuts_off_once_not_for_every_line():
    lines = [line("0.6", timing="initial", item=item) for item in ("甲", "乙")]

    assert total(lines, CITY, 1, TEN_PERCENT).total.excluding_tax == 1


def test_total_of_all_years_is_cut_off_by_itself():
    """0.5 a year: nothing in any single year, one yen in two."""
    estimate = total([line("0.5", timing="year")], CITY, 2, TEN_PERCENT)

    assert [year.excluding_tax for year in estimate.by_year] == [0, 0]
    assert estimate.total.excluding_tax == 1


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        ("1989-04-01", "3"),
        ("1997-03-31", "3"),
        ("1997-04-01", "5"),
        ("2014-03-31", "5"),
        ("2014-04-01", "8"),
        ("2019-09-30", "8"),
        ("2019-10-01", "10"),
        ("2026-11-23", "10"),
    ],
)
def test_tax_rate_by_date(on, percent):
    rate = tax_rate(date.fromisoformat(on))

    assert rate.percent == Decimal(percent)
    assert rate.factor == 1 + Fraction(int(percent), 100)
    assert "消費税法" in rate.source


def test_tax_rate_before_there_was_one():
    with pytest.raises(NoRuleInForce):
        tax_rate(date(1989, 3, 31))


# --- What cannot be told ---


def test_total_names_every_quantity_not_given():
    lines = [line("10"), line("1", "user", item="利用料"), line("1", "user", "year", "保守"), line("2", "resident")]

    estimate = total(lines, Size(), 5, TEN_PERCENT)

    assert estimate.missing == ("users", "residents")
    assert (estimate.total, estimate.by_year, estimate.running_year) == (None, (), None)
    assert [item.problem for item in estimate.items] == [None, *[Problem.QUANTITY_MISSING] * 3]
    assert estimate.items[0].charge == 600  # what can be told is still shown
    assert estimate.items[1].charge is None


def test_total_of_zero_is_not_missing():
    estimate = total([*BY_USERS, line("10")], Size(users=0), 1, TEN_PERCENT)

    assert estimate.missing == ()
    assert estimate.total.excluding_tax == 120


@pytest.mark.parametrize("users", [9, 101])
def test_total_outside_the_tiers_has_no_price(users):
    estimate = total(tiers(("500", 10, 100), **USERS), Size(users=users), 1, TEN_PERCENT)

    assert estimate.items[0].problem == Problem.NO_TIER
    assert (estimate.total, estimate.missing) == (None, ())


def test_total_where_tiers_overlap_takes_neither():
    estimate = total(tiers(("500", 1, 100), ("400", 100, None), **USERS), Size(users=100), 1, TEN_PERCENT)

    assert estimate.items[0].problem == Problem.TIERS_OVERLAP
    assert estimate.total is None


def test_total_of_no_line_is_unknown_not_zero():
    assert total([], CITY, 1, TEN_PERCENT).total is None


def test_total_leaves_out_lines_not_valid_on_the_day():
    old = line("900", valid_until=date(2027, 3, 31))
    new = line("1000", valid_from=date(2027, 4, 1))

    def monthly(on):
        return total([old, new], CITY, 1, TEN_PERCENT, on=on).total.excluding_tax / 12

    assert monthly(date(2027, 3, 31)) == 900
    assert monthly(date(2027, 4, 1)) == 1000
    assert total([old], CITY, 1, TEN_PERCENT, on=date(2027, 4, 1)).total is None


@pytest.mark.parametrize("years", [0, -1])
def test_total_refuses_less_than_a_year(years):
    with pytest.raises(ValueError, match="at least one year"):
        total([line()], CITY, years, TEN_PERCENT)


@pytest.mark.parametrize("quantity", [-1, 1.5, True])
def test_size_refuses_what_is_no_quantity(quantity):
    with pytest.raises(ValueError, match="whole number"):
        Size(users=quantity)


def test_every_timing_and_unit_has_a_quantity_with_a_label():
    needed = {quantity_needed(timing, unit) for timing in PriceTiming for unit in PriceUnit}

    assert needed == {field.name for field in fields(Size)} == set(price_wording.QUANTITIES)
    assert {periods_a_year(timing, unit) for timing in PriceTiming for unit in PriceUnit} == {1, 12}


# --- A line's written form ---


def test_price_line_comes_back_from_its_written_form():
    for original in (BY_USERS[0], line("0.10", tax_included=True, valid_from=date(2027, 4, 1))):
        assert PriceLine.from_dict(json.loads(json.dumps(original.as_dict()))) == original


def test_price_line_is_written_as_the_interchange_says():
    assert line("1E+3", "user").as_dict() == {
        "item": "基本料",
        "timing": "month",
        "unit": "user",
        "amount_yen": "1000",
        "from_quantity": 1,
        "to_quantity": None,
        "tax_included": False,
    }


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"amount_yen": 500}, TypeError),
        ({"amount_yen": 0.5}, TypeError),
        ({"amount_yen": "五百"}, InvalidOperation),
        ({"amount_yen": "NaN"}, ValueError),
        ({"amount_yen": "Infinity"}, ValueError),
        ({"timing": "weekly"}, ValueError),
        ({"unit": "desk"}, ValueError),
        ({"discount": "1"}, TypeError),
    ],
)
def test_price_line_of_the_wrong_shape_is_refused(wrong, error):
    with pytest.raises(error):
        PriceLine.from_dict({**line().as_dict(), **wrong})


def test_estimate_is_written_exactly():
    lines = [line("0.25", "user", item="通知"), line("1", "device")]

    written = json.loads(json.dumps(total(lines, Size(users=3), 1, TEN_PERCENT).as_dict()))

    assert written == {
        "years": 1,
        "tax_percent": "10",
        "items": [
            {
                "item": "通知",
                "timing": "month",
                "unit": "user",
                "needs": "users",
                "quantity": 3,
                "amount_yen": "0.25",
                "tax_included": False,
                "periods": 12,
                "charge_yen": "9",
                "problem": None,
            },
            {
                "item": "基本料",
                "timing": "month",
                "unit": "device",
                "needs": "devices",
                "quantity": None,
                "amount_yen": None,
                "tax_included": None,
                "periods": 12,
                "charge_yen": None,
                "problem": "quantity_missing",
            },
        ],
        "total": None,
        "by_year": [],
        "running_year": None,
        "missing": ["devices"],
    }


# --- Faults ---


def found(lines):
    return [(fault.code, fault.lines) for fault in faults(lines)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], [("empty", ())]),
        ([line()], []),
        (BY_USERS, []),
        (list(reversed(BY_USERS)), []),
        ([line(item=" ")], [("item_blank", (0,))]),
        ([line("-1")], [("amount_negative", (0,))]),
        ([line("0")], []),
        ([line(from_quantity=0)], [("from_below_one", (0,))]),
        ([line(from_quantity=5, to_quantity=4)], [("to_below_from", (0,))]),
        ([line(from_quantity=5, to_quantity=5)], []),
        ([line(from_quantity=10)], []),  # a minimum order
        (tiers(("2", 1, 10), ("1", 10, None)), [("tiers_overlap", (0, 1))]),
        (tiers(("2", 1, None), ("1", 11, None)), [("tiers_overlap", (0, 1))]),
        (tiers(("2", 1, 10), ("1", 12, None)), [("tiers_gap", (0, 1))]),
        (tiers(("1", 12, None), ("2", 1, 10)), [("tiers_gap", (0, 1))]),
        # One tier inside another, then a third that continues the outer one: a single overlap, no gap.
        (tiers(("3", 1, 100), ("2", 20, 30), ("1", 101, None)), [("tiers_overlap", (0, 1))]),
        ([line(), line()], [("tiers_overlap", (0, 1))]),
        ([line(), line(item="基本料 ")], [("tiers_overlap", (0, 1))]),
        ([line(), line(timing="initial"), line(unit="user"), line(item="保守")], []),
        ([line(timing="initial"), line(tax_included=True)], [("tax_mixed", (0, 1))]),
        ([line(), line(item="保守", tax_included=True)], []),
        (
            [line(valid_from=date(2027, 4, 1), valid_until=date(2027, 3, 31))],
            [("validity_reversed", (0,))],
        ),
        ([line("1", valid_until=date(2027, 3, 31)), line("2", valid_from=date(2027, 4, 1))], []),
        (
            [line("1", valid_until=date(2027, 4, 1)), line("2", valid_from=date(2027, 4, 1))],
            [("tiers_overlap", (0, 1))],
        ),
        (  # the middle tier ends before its neighbours do
            [
                line("3", from_quantity=1, to_quantity=10),
                line("2", from_quantity=11, to_quantity=20, valid_until=date(2027, 3, 31)),
                line("1", from_quantity=21),
            ],
            [("tiers_gap", (0, 2))],
        ),
        (
            [line("-1", item="", from_quantity=0), line("1", from_quantity=3, to_quantity=1)],
            [("item_blank", (0,)), ("amount_negative", (0,)), ("from_below_one", (0,)), ("to_below_from", (1,))],
        ),
    ],
)
def test_faults_of_a_table(lines, expected):
    assert found(lines) == [(FaultCode(code), positions) for code, positions in expected]


def test_wording_has_a_sentence_for_every_fault_and_problem():
    assert set(price_wording.FAULTS) == set(FaultCode)
    assert set(price_wording.PROBLEMS) == set(Problem)
    with translation.override("ja"):
        for code in FaultCode:
            assert "%" not in price_wording.fault_sentence(Fault(code=code, lines=(0, 2), item="利用料"))
        assert (
            price_wording.fault_sentence(Fault(code=FaultCode.TIERS_GAP, lines=(0, 2), item="利用料"))
            == "1・3行目：「利用料」の数量の範囲の間に、価格のない数量があります。"
        )


# --- Properties ---

amounts = st.decimals(0, 10**9, places=2)
any_line = st.builds(
    line,
    amount=amounts,
    unit=st.sampled_from(PriceUnit.values),
    timing=st.sampled_from(PriceTiming.values),
    item=st.sampled_from(["甲", "乙", "丙"]),
    tax_included=st.booleans(),
)
tables = st.lists(any_line, min_size=1, max_size=6, unique_by=lambda each: each.table)
quantities = st.integers(0, 10**8)
full_sizes = st.builds(Size, **{field.name: quantities for field in fields(Size)})
terms = st.integers(1, 10)


@given(tables, full_sizes, terms, st.data())
def test_total_cheaper_line_never_costs_more(lines, size, years, data):
    position = data.draw(st.integers(0, len(lines) - 1))
    cheaper = list(lines)
    cheaper[position] = replace(
        lines[position], amount_yen=data.draw(st.decimals(0, lines[position].amount_yen, places=2))
    )

    before, after = (total(table, size, years, TEN_PERCENT).total for table in (lines, cheaper))

    assert after.excluding_tax <= before.excluding_tax
    assert after.including_tax <= before.including_tax


@given(tables, full_sizes, terms, st.randoms())
def test_total_order_of_lines_never_matters(lines, size, years, random):
    shuffled = list(lines)
    random.shuffle(shuffled)

    assert total(shuffled, size, years, TEN_PERCENT).total == total(lines, size, years, TEN_PERCENT).total


@given(tables, full_sizes, terms)
def test_total_years_add_up_but_for_the_cut_off_yen(lines, size, years):
    estimate = total(lines, size, years, TEN_PERCENT)

    for basis in ("excluding_tax", "including_tax"):
        lost = getattr(estimate.total, basis) - sum(getattr(year, basis) for year in estimate.by_year)
        assert 0 <= lost < years


@given(tables, full_sizes, terms)
def test_total_tax_is_the_rate_to_within_a_yen(lines, size, years):
    estimate = total(lines, size, years, TEN_PERCENT).total

    assert abs(estimate.including_tax - Fraction(11, 10) * estimate.excluding_tax) < 2


@given(tables, full_sizes, terms, st.sampled_from([field.name for field in fields(Size)]), quantities)
def test_total_a_larger_body_never_pays_less_at_a_single_price(lines, size, years, name, more):
    larger = replace(size, **{name: getattr(size, name) + more})

    assert (
        total(lines, larger, years, TEN_PERCENT).total.including_tax
        >= total(lines, size, years, TEN_PERCENT).total.including_tax
    )


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(1, 400), st.randoms())
def test_total_a_table_without_faults_has_one_price_for_every_quantity(widths, users, random):
    rows, start = [], 1
    for width in widths:
        rows.append(("100", start, start + width - 1))
        start += width
    rows.append(("100", start, None))
    table = tiers(*rows, **USERS)
    random.shuffle(table)

    assert faults(table) == ()
    assert total(table, Size(users=users), 1, TEN_PERCENT).total.excluding_tax == users * 1200


@given(
    st.lists(st.tuples(st.integers(1, 20), st.none() | st.integers(1, 20)), min_size=1, max_size=5), st.integers(1, 25)
)
def test_faults_of_tiers_mean_what_the_calculator_meets(bounds, users):
    """Oracle by enumeration: overlap or gap is reported exactly if some quantity has two prices, or none between two."""
    table = tiers(*(("1", start, end) for start, end in bounds if end is None or start <= end), **USERS)
    covered = {quantity: sum(each.covers(quantity) for each in table) for quantity in range(1, 30)}
    used = [quantity for quantity, count in covered.items() if count]
    codes = {fault.code for fault in faults(table)}

    if table:
        assert (FaultCode.TIERS_OVERLAP in codes) == any(count > 1 for count in covered.values())
        assert (FaultCode.TIERS_GAP in codes) == any(not covered[each] for each in range(min(used), max(used)))
        problem = total(table, Size(users=users), 1, TEN_PERCENT).items[0].problem
        assert problem == {0: Problem.NO_TIER, 1: None}.get(covered[users], Problem.TIERS_OVERLAP)
