from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils.http import urlencode

from catalog.search.facets import (
    AVAILABILITY_BANDS,
    BY_NAME,
    FACETS,
    PRICE_BANDS,
    availability_band,
    millipercent,
    price_band,
)
from catalog.search.filters import Filters

pytestmark = pytest.mark.django_db


def read(query):
    return Filters.from_params(QueryDict(query))


def test_filters_of_an_address(plain):
    filters = read("q=x&category=attendance&target=ministry&target=union&startup=true&price_max=1,000,000&page=2")
    assert filters == Filters(
        chosen={"category": ("attendance",), "target": ("ministry", "union"), "startup": ("yes",)},
        price_max=1_000_000,
    )
    assert filters.restricted == ("category", "target", "startup", "price")


def test_filters_report_what_means_nothing(plain):
    filters = read(
        "category=nowhere&target=mars&target=ministry&sme=perhaps&price_min=cheap&price_max=-1&availability_min=200"
    )
    assert filters.chosen == {"target": ("ministry",)}
    assert set(filters.unknown) == {
        ("category", "nowhere"),
        ("target", "mars"),
        ("sme", "perhaps"),
        ("price_min", "cheap"),
        ("price_max", "-1"),
        ("availability_min", "200"),
    }


@pytest.mark.parametrize("typed", ["NaN", "Infinity", "1e999", "", "９９.9", "99.9%"])
def test_filters_take_any_percent_without_failing(typed):
    filters = read(urlencode({"availability_min": typed}))
    assert filters.availability_min in (None, Decimal("99.9"))


@pytest.mark.parametrize("typed", ["9" * 19, "9" * 30, "１０００", "0", "²"])
def test_filters_take_any_price_without_failing(typed):
    filters = read(urlencode({"price_max": typed}))
    assert filters.price_max is None or 0 <= filters.price_max < 2**63


def test_filters_survive_the_address(plain):
    filters = read("delivery=lgwan_asp&category=tax&price_min=0&availability_min=99.95&delivery=public_cloud")
    assert read(urlencode(filters.to_params())) == filters
    assert Filters.from_params(dict(filters.to_params())).price_min == 0


def test_filters_without_a_choice_and_without_a_facet():
    filters = Filters(chosen={"target": ("ministry", "union"), "price": ("under_1m",)}, price_max=5)
    assert filters.without("target", "union").chosen["target"] == ("ministry",)
    assert "target" not in filters.without("target").chosen
    assert filters.without("price") == Filters(chosen={"target": ("ministry", "union")})
    assert filters.without("price", "under_1m").price_max == 5
    assert bool(filters)
    assert not Filters()


def test_facet_codes_are_stable():
    """They are stored in every row: append, never renumber."""
    assert {kind.name: dict(kind.codes) for kind in FACETS if kind.codes and kind.name != "standard_task"} == {
        "target": {"ministry": 0, "prefecture": 1, "designated_city": 2, "municipality": 3, "union": 4, "incorporated": 5},
        "certification": {"ismap": 0, "ismap_liu": 1, "iso27001": 2, "iso27017": 3, "privacy_mark": 4},
        "integration": {
            "gbizid": 0, "jpki": 1, "mynaportal": 2, "government_cloud": 3, "payment": 4, "pmh": 5, "base_registry": 6,
            "gss": 7,
        },
        "delivery": {"public_cloud": 0, "government_cloud": 1, "lgwan_asp": 2},
        "startup": {"cannot_tell": 0, "yes": 1, "no": 2},
        "sme": {"cannot_tell": 0, "yes": 1, "no": 2},
        "price": {
            "under_500k": 0, "under_1m": 1, "under_3m": 2, "under_5m": 3, "under_10m": 4, "under_30m": 5, "from_30m": 6,
            "untold": 7,
        },
        "availability": {
            "below_99": 0, "from_99": 1, "from_99_5": 2, "from_99_9": 3, "from_99_95": 4, "from_99_99": 5, "untold": 6,
        },
    }  # fmt: skip
    assert list(BY_NAME["standard_task"].codes.values()) == list(range(20))


def test_facet_codes_and_labels_name_the_same_values():
    for kind in FACETS:
        assert set(kind.codes) == set(kind.labels), kind.name
        assert len(set(kind.codes.values())) == len(kind.codes)
        assert all(code < (15 if kind.column != "standard_tasks" else 31) for code in kind.codes.values())


def test_bands_have_no_gap_and_no_overlap():
    assert [price_band(yen) for yen in (None, 0, 499_999, 500_000, 29_999_999, 30_000_000)] == [
        "untold", "under_500k", "under_500k", "under_1m", "under_30m", "from_30m",
    ]  # fmt: skip
    assert [availability_band(millipercent(Decimal(p))) for p in ("98.99", "99", "99.95", "99.989", "100")] == [
        "below_99", "from_99", "from_99_95", "from_99_95", "from_99_99",
    ]  # fmt: skip
    assert (len(PRICE_BANDS), len(AVAILABILITY_BANDS)) == (7, 6)


@pytest.mark.parametrize(
    ("typed", "yen"),
    [
        ("5,000,000", 5_000_000),
        ("５００万円", 5_000_000),
        ("1億", 100_000_000),
        ("3千", 3_000),
        ("0", 0),
        ("万", None),
        ("1.5万", None),
    ],
)
def test_amount_is_read_as_people_write_it(typed, yen):
    filters = read(urlencode({"price_max": typed}))
    assert filters.price_max == yen
    assert bool(filters.unknown) == (yen is None)


def test_ranges_imply_the_bands_they_touch():
    """To the yen: a band left out would lose listings, and the conditions themselves do the rest."""
    for low, high in (
        (None, 499_999),
        (None, 500_000),
        (500_000, 500_000),
        (0, None),
        (29_999_999, 30_000_000),
        (2, 1),
    ):
        implied = Filters(price_min=low, price_max=high).implied()
        inside = {
            BY_NAME["price"].lexeme(price_band(yen))
            for yen in (0, 1, 499_999, 500_000, 999_999, 2_999_999, 29_999_999, 30_000_000, 10**9)
            if (low is None or yen >= low) and (high is None or yen <= high)
        }
        assert inside <= set(implied[0]) if implied else not inside
    assert Filters(availability_min=Decimal("99.95")).implied() == [
        ["@availability:from_99_95", "@availability:from_99_99"]
    ]
    assert Filters(availability_min=Decimal("99.96")).implied() == [
        ["@availability:from_99_95", "@availability:from_99_99"]
    ]
    assert Filters(chosen={"sme": ("yes",)}).implied() == []
