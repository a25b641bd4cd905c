import datetime
from decimal import Decimal

import pytest

from procurement.documents import formats


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-11-23", "令和8年11月23日"),
        ("2019-05-01", "令和元年5月1日"),
        ("2019-04-30", "平成31年4月30日"),
        ("1989-01-08", "平成元年1月8日"),
        ("1989-01-07", "昭和64年1月7日"),
        ("1926-12-25", "昭和元年12月25日"),
        ("1912-07-30", "大正元年7月30日"),
        ("1912-07-29", "1912年7月29日"),
        (datetime.date(2026, 1, 2), "令和8年1月2日"),
        # 15:00 in UTC is the next day in Tokyo.
        (datetime.datetime(2019, 4, 30, 15, tzinfo=datetime.UTC), "令和元年5月1日"),
        ("2019-04-30T14:59:59Z", "平成31年4月30日"),
    ],
)
def test_wareki(day, expected):
    assert formats.wareki(day) == expected


def test_wareki_time_is_tokyo_time():
    assert formats.wareki_time("2026-11-23T05:05:09Z") == "令和8年11月23日 14時05分09秒"


@pytest.mark.parametrize("function", [formats.wareki, formats.wareki_time, formats.fiscal_year])
def test_naive_time_is_refused(function):
    with pytest.raises(ValueError, match="zone"):
        function("2026-11-23T05:05:09")


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-04-01", "令和8年度"),
        ("2027-03-31", "令和8年度"),
        ("2026-03-31", "令和7年度"),
        ("2019-04-30", "令和元年度"),
        ("2020-03-31", "令和元年度"),
        ("2019-03-31", "平成30年度"),
        ("1989-04-01", "平成元年度"),
        ("1989-03-31", "昭和63年度"),
    ],
)
def test_fiscal_year(day, expected):
    assert formats.fiscal_year(day) == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("3300000", "¥3,300,000"),
        (0, "¥0"),
        ("500.00", "¥500"),
        ("0.50", "¥0.5"),
        (Decimal("1E+6"), "¥1,000,000"),
        ("-1200", "−¥1,200"),
        ("1000", "¥1,000"),
        ("999999999999999999", "¥999,999,999,999,999,999"),
    ],
)
def test_yen(amount, expected):
    assert formats.yen(amount) == expected


def test_number_keeps_digits_as_given():
    assert formats.number("1166.0800") == "1,166.0800"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2027-04-01", "2030-03-31", "令和9年4月1日から令和12年3月31日まで（3年）"),
        ("2027-04-01", "2027-09-30", "令和9年4月1日から令和9年9月30日まで（6か月）"),
        ("2027-04-01", "2028-09-30", "令和9年4月1日から令和10年9月30日まで（1年6か月）"),
        ("2027-01-31", "2027-02-27", "令和9年1月31日から令和9年2月27日まで（1か月）"),
        ("2027-04-01", "2027-04-15", "令和9年4月1日から令和9年4月15日まで"),
        ("2027-04-01", None, "令和9年4月1日から"),
        (None, "2027-04-01", "令和9年4月1日まで"),
        (None, None, "定めなし"),
    ],
)
def test_term(start, end, expected):
    assert formats.term(start, end) == expected
