"""The order by price at any size agrees with the calculator, yen by yen."""

import random
from decimal import Decimal

import pytest

from catalog import pricing
from catalog.models import SearchPrice
from catalog.search.page import search
from catalog.search.prices import yearly_prices
from catalog.search.source import REFERENCE_SIZE
from marketplace import clock
from tests.factories.catalog import listed_software
from tests.factories.companies import CompanyFactory


def line(amount, *, item="基本", timing="month", unit="user", low=1, high=None, tax=False):
    return {
        "item": item,
        "timing": timing,
        "unit": unit,
        "amount_yen": str(amount),
        "from_quantity": low,
        "to_quantity": high,
        "tax_included": tax,
    }


def size(**told):
    base = {name: getattr(REFERENCE_SIZE, name) for name in REFERENCE_SIZE.__dataclass_fields__}
    return pricing.Size(**(base | told))


def calculated(software, at):
    """The truth: the lowest running year of the offers, None where nobody's table tells it."""
    tax = pricing.tax_rate(clock.today())
    prices = []
    for offer in software.offers.all():
        lines = [pricing.PriceLine.from_dict(each) for each in offer.listed_revision.content["price_lines"]]
        if year := pricing.total(lines, at, 1, tax).running_year:
            prices.append(year.including_tax)
    return min(prices, default=None)


def random_table(chance):
    lines = []
    for number in range(chance.randint(1, 3)):
        timing = chance.choice(["initial", "month", "year", "usage"])
        unit = chance.choice(["organization", "user", "resident", "device", "case", "gb"])
        taxed = chance.random() < 0.4
        bounds = [(1, None)] if chance.random() < 0.4 else [(1, 99), (100, 999), (1000, None)][: chance.randint(1, 3)]
        for low, high in bounds:
            amount = Decimal(chance.randint(0, 10**7)) / 100
            lines.append(line(amount, item=f"品目{number}", timing=timing, unit=unit, low=low, high=high, tax=taxed))
    return lines


@pytest.mark.django_db
def test_order_by_price_agrees_with_the_calculator():
    chance = random.Random(7)
    listings = [
        listed_software(
            name=f"製品{n}",
            sellers=[CompanyFactory()] if n % 3 == 0 else [],
            offer={"price_lines": random_table(chance)},
        )
        for n in range(25)
    ]
    for users, residents in ((1, 1), (99, 900), (100, 50_000), (1_000, 3_700_000), (999_999, 10_000_000)):
        at = size(users=users, devices=users, residents=residents)
        truth = {software.pk: calculated(software, at) for software in listings}
        found = search("", sort="price", size=at, page_size=100)
        prices = [truth[pk] for pk in found.ids]
        told = [price for price in prices if price is not None]
        assert told == sorted(told)
        assert prices[len(told) :] == [None] * (len(prices) - len(told))
        assert len(prices) == 25


@pytest.mark.django_db
def test_price_counts_only_where_every_item_has_exactly_one_price():
    whole = listed_software(name="全", offer={"price_lines": [line(10)]})
    listed_software(name="隙", offer={"price_lines": [line(1), line(1, item="追加", high=99)]})
    listed_software(name="重", offer={"price_lines": [line(1, high=200), line(2, low=50)]})
    assert search("", sort="price", size=size(users=150), page_size=1).ids == (whole.pk,)
    pieces = SearchPrice.objects.filter(listing__name="重").order_by("users_from")
    assert list(pieces.values_list("users_from", "users_to")) == [(1, 49), (201, 2**31 - 1)]


@pytest.mark.django_db
def test_what_is_paid_once_is_not_in_the_yearly_price():
    dear = listed_software(name="毎年", offer={"price_lines": [line(100, timing="year", unit="organization")]})
    once = listed_software(name="初期", offer={"price_lines": [line(9999, timing="initial", unit="organization")]})
    assert search("", sort="price", size=size()).ids == (once.pk, dear.pk)


@pytest.mark.django_db
def test_prices_leave_with_their_listing():
    from catalog.search.index import remove_listing

    software = listed_software()
    assert SearchPrice.objects.count() == 1
    remove_listing(software.pk)
    assert SearchPrice.objects.count() == 0


def test_size_must_tell_users_and_residents():
    with pytest.raises(ValueError, match="must be told"):
        yearly_prices(pricing.Size(users=5), "ARRAY[1]")
