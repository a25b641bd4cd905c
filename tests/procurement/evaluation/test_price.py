"""Price points and division values, each against a calculation done by hand."""

import pytest

from .builders import addition, bid, component, compute, division, outcome, rounding


@pytest.mark.parametrize(
    ("formula", "prices", "expected"),
    [
        # Y = 1000, 100 points.
        (component("linear"), [700, 800, 1000], ["30", "20", "0"]),
        (component("lowest_ratio"), [600, 800, 1000], ["100", "75", "60"]),
        (component("linear_floored", floor_ratio="0.75"), [700, 750, 800], ["25", "25", "20"]),
        # K = 600: 100 × (0.4 + 0.5 × 100/1000) = 45 at 500.
        (component("linear_kinked"), [500, 600, 620, 700], ["45", "40", "38", "30"]),
        # 80 % earns everything; 10 % off costs 10 points on either side.
        (component("tent", peak_ratio="0.8"), [700, 800, 900, 1000], ["90", "100", "90", "80"]),
    ],
    ids=lambda value: value["formula"] if isinstance(value, dict) else None,
)
def test_formula_by_hand(formula, prices, expected):
    bids = [bid(f"{price}円", price) for price in prices]

    points = outcome(addition(*bids, components=[formula], low_price_threshold="600"), "price_points")

    assert list(points.values()) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (None, "22.5"),
        (rounding("half_up", 0), "23"),  # 京都市
        (rounding("down", 0), "22"),
        (rounding("up", 0), "23"),
        (rounding("half_up", 2), "22.50"),
    ],
)
def test_component_is_rounded_as_declared(rule, expected):
    _, bids = compute(addition(bid("A", 775), components=[component("linear", rounding=rule)]))

    assert bids["A"]["price_components"] == {"total": expected}


def test_components_are_scored_and_rounded_each_by_itself():
    """初期費用 40 points by the lowest ratio, 運用費用 60 points linear; 500/600 × 40 = 33.3… is cut to 33."""
    components = [
        component("lowest_ratio", id="初期", points="40", rounding=rounding("down", 0)),
        component("linear", id="運用", points="60"),
    ]
    first = bid("A", 0, prices={"初期": "600", "運用": "300"})
    second = bid("B", 0, prices={"初期": "500", "運用": "500"})

    _, bids = compute(addition(first, second, components=components))

    assert bids["A"]["price_components"] == {"初期": "33", "運用": "42"}
    assert bids["A"]["price_points"] == "75"
    assert bids["A"]["total"] == "125"
    assert bids["B"]["price_components"] == {"初期": "40", "運用": "30"}


def test_ceiling_holds_for_the_sum_of_the_components():
    components = [component("lowest_ratio", id="初期"), component("lowest_ratio", id="運用")]
    at = bid("A", 0, prices={"初期": "600", "運用": "400"})
    above = bid("B", 0, prices={"初期": "500", "運用": "501"})

    _, bids = compute(addition(at, above, components=components))

    assert bids["A"]["outcome"] == "ranked"
    assert bids["A"]["price_points"] == "200"  # the lower 500 of B counts for nobody
    assert bids["B"] == {
        "id": "B",
        "outcome": "over_ceiling",
        "reasons": [{"code": "over_ceiling", "params": {"price": "1001", "ceiling": "1000"}}],
        "technical_points": None,
        "bonus_points": None,
        "price_points": None,
        "price_components": None,
        "total": None,
        "rank": None,
    }


def test_without_ceiling_no_bid_is_above_it():
    document = addition(bid("A", 10**15), components=[component("lowest_ratio")], ceiling_price=None)

    assert outcome(document, "outcome") == {"A": "ranked"}


@pytest.mark.parametrize("status", ["withdrawn", "invalid"])
def test_bid_that_is_not_valid_sets_no_lowest_price(status):
    document = addition(bid("A", 800), bid("B", 400, status=status), components=[component("lowest_ratio")])

    assert outcome(document, "price_points") == {"A": "100", "B": None}
    assert outcome(document, "outcome") == {"A": "ranked", "B": status}


def test_unscored_bid_sets_no_lowest_price():
    """The other bids' points are those they would have without it: stale price points after a disqualification are the
    classic fault of such systems."""
    low = bid("B", 400, technical="10")
    document = addition(bid("A", 800), low, components=[component("lowest_ratio")], technical={"minimum": "20"})

    assert outcome(document, "price_points") == {"A": "100", "B": None}


def test_division_value_and_standard_by_hand():
    """(150 + 0) ÷ 700 × 1000 = 214.2857…; the standard is 100 ÷ 1000 × 1000 = 100."""
    result, bids = compute(
        division(
            bid("A", 700, "150"),
            bid("B", 900, "90"),
            bid("C", 900, "89.9999"),
            bid("D", 1001, "200"),
            standard_points="100",
        )
    )

    assert result["standard_value"] == "100.0000"
    assert bids["A"]["total"] == "214.2857"
    assert bids["B"]["total"] == "100.0000"
    assert bids["B"]["outcome"] == "ranked"  # a bid at the standard is not below it
    assert bids["C"]["total"] == "99.9998"
    assert bids["C"]["outcome"] == "below_standard"
    assert bids["C"]["rank"] is None
    assert bids["C"]["reasons"] == [{"code": "below_standard", "params": {"value": "99.9998", "standard": "100.0000"}}]
    assert bids["D"]["outcome"] == "over_ceiling"
    assert bids["A"]["price_points"] is None
    assert bids["A"]["price_components"] is None


def test_division_compares_rounded_value_with_rounded_standard():
    """99.99 cut to no decimals is 99 on both sides of the comparison, so the bid is not below the standard."""
    document = division(bid("A", 1000, "99.1"), standard_points="99.9", digits=0)

    assert outcome(document, "outcome") == {"A": "ranked"}


def test_division_total_may_be_rounded_once_more():
    """150 ÷ 700 × 1000 = 214.2857…, cut to 214.28 for the comparison with the standard and to 214.2 as total."""
    document = division(bid("A", 700, "150"), digits=2, total={"rounding": rounding("down", 1)})

    assert outcome(document, "total") == {"A": "214.2"}


def test_division_adds_bonuses_to_the_technical_points():
    bonuses = [{"id": "wage", "label": "賃上げ", "points": "3", "group": None}]

    _, bids = compute(division(bid("A", 500, "97", bonuses=["wage"]), bonuses=bonuses))

    assert bids["A"]["total"] == "200.0000"


def test_division_without_standard_has_no_standard_value():
    result, _ = compute(division(bid("A", 500), ceiling_price=None))

    assert result["standard_value"] is None


def test_total_rounding_is_the_last_step():
    """80.25 + 22.5 = 102.75; the parts stay as they are."""
    document = addition(bid("A", 775, "80.25"), total={"rounding": rounding("half_up", 1)})

    _, bids = compute(document)

    assert (bids["A"]["technical_points"], bids["A"]["price_points"]) == ("80.25", "22.5")
    assert bids["A"]["total"] == "102.8"


def test_value_that_does_not_terminate_is_ranked_exactly():
    """299/300 × 10^-10 prints as 10^-10 does, but is less."""
    document = addition(
        bid("A", 300, "0"), bid("B", 299, "0"), components=[component("lowest_ratio", points="0.0000000001")]
    )

    result, bids = compute(document)

    assert bids["A"]["total"] == "0.000000000100"
    assert bids["B"]["total"] == "0.0000000001"
    assert result["winner"] == "B"
    assert (bids["A"]["rank"], bids["B"]["rank"]) == (2, 1)
