"""Dates, money and points as Japanese official documents write them. Pure."""

import calendar
import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

TOKYO = ZoneInfo("Asia/Tokyo")

# First day of each era; 元号を改める政令. Newest first, so that the first match is the era.
ERAS = (
    (datetime.date(2019, 5, 1), "令和"),
    (datetime.date(1989, 1, 8), "平成"),
    (datetime.date(1926, 12, 25), "昭和"),
    (datetime.date(1912, 7, 30), "大正"),
)


def as_date(value: datetime.date | str) -> datetime.date:
    """The calendar day, in Tokyo, of a date, an aware datetime or an ISO text of either.

    A naive time raises ValueError: it does not say which day it is in Tokyo.
    """
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value) if "T" in value else datetime.date.fromisoformat(value)
    if isinstance(value, datetime.datetime):
        return in_tokyo(value).date()
    return value


def in_tokyo(value: datetime.datetime | str) -> datetime.datetime:
    """An aware time (or its ISO text) on Tokyo's clock; a naive one raises ValueError."""
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value)
    if value.tzinfo is None:
        raise ValueError(f"a time without its zone: {value}")
    return value.astimezone(TOKYO)


def _year(first_gregorian_year: int, year: int) -> str:
    number = year - first_gregorian_year + 1
    return "元年" if number == 1 else f"{number}年"


def wareki(value: datetime.date | str) -> str:
    """令和8年11月23日. Days before 大正 keep the Gregorian year."""
    day = as_date(value)
    for first_day, era in ERAS:
        if day >= first_day:
            return f"{era}{_year(first_day.year, day.year)}{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def wareki_time(value: datetime.datetime | str) -> str:
    """令和8年11月23日 14時05分09秒, on Tokyo's clock; seconds because deadlines are met to the second."""
    moment = in_tokyo(value)
    return f"{wareki(moment)} {moment:%H時%M分%S秒}"


def fiscal_year(value: datetime.date | str) -> str:
    """令和8年度: the year from 1 April to 31 March that contains the day.

    Named by the era of its first day, save 平成31年度/令和元年度: from 1 May 2019 the whole year was 令和元年度
    (government practice of 2 April 2019), and a document made today speaks of it so.
    """
    day = as_date(value)
    year = day.year - (day.month < 4)
    if year == 2019:
        return "令和元年度"
    for first_day, era in ERAS:
        if datetime.date(year, 4, 1) >= first_day:
            return f"{era}{_year(first_day.year, year)}度"
    return f"{year}年度"


def number(value: str | int | Decimal) -> str:
    """Thousands separators, the digits after the point exactly as given: "166.0800" stays so."""
    return f"{Decimal(value):,f}"


def yen(value: str | int | Decimal) -> str:
    """¥1,234,567, a minus before the sign. Fractions of a yen, which unit prices may have, are kept: ¥0.5, ¥12.25."""
    digits = f"{abs(Decimal(value)):,f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return f"{'−' if Decimal(value) < 0 else ''}¥{digits}"


def term(start: datetime.date | str | None, end: datetime.date | str | None) -> str:
    """令和9年4月1日から令和12年3月31日まで（3年）; whole years and months are counted, odd days are not."""
    if start is None or end is None:
        return "".join((f"{wareki(start)}から" if start else "", f"{wareki(end)}まで" if end else "")) or "定めなし"
    first, last = as_date(start), as_date(end)
    text = f"{wareki(first)}から{wareki(last)}まで"
    months = _whole_months(first, last)
    if months is None:
        return text
    years, months = divmod(months, 12)
    return f"{text}（{f'{years}年' if years else ''}{f'{months}か月' if months else ''}）"


def _whole_months(first: datetime.date, last: datetime.date) -> int | None:
    """Months from first to last, both included; None when the term is not a number of whole months."""
    after = last + datetime.timedelta(days=1)
    months = (after.year - first.year) * 12 + after.month - first.month
    anniversary = min(first.day, calendar.monthrange(after.year, after.month)[1])
    return months if months > 0 and after.day == anniversary else None
