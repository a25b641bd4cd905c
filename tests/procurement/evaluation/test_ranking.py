import pytest

from procurement.evaluation import DocumentError, evaluate, parse_document

from .builders import addition, bid, component, compute, division, outcome

# linear, Y = 1000: a price of 1000 − 10p earns p points, so 50 points cost 500.


def test_ranks_follow_the_total():
    document = addition(bid("A", 500, "10"), bid("B", 500, "30"), bid("C", 500, "20"))

    result, _ = compute(document)

    assert outcome(document, "rank") == {"A": 3, "B": 1, "C": 2}
    assert result["winner"] == "B"
    assert result["tie"] is None


def test_nobody_bids():
    result, _ = compute(addition())

    assert (result["winner"], result["tie"], result["provisional"], result["next"]) == (None, None, False, None)


def test_unresolved_tie_has_no_winner_and_shares_the_rank():
    document = addition(bid("B", 500), bid("A", 500), bid("C", 600))

    result, _ = compute(document)

    assert outcome(document, "rank") == {"A": 1, "B": 1, "C": 3}
    assert result["winner"] is None
    assert result["tie"] == {"bids": ["A", "B"], "resolved_by": None}


@pytest.mark.parametrize(
    ("ties", "winner", "resolved_by"),
    [
        (["technical"], "B", "technical"),
        (["price"], "A", "price"),
        (["technical", "price"], "B", "technical"),
        (["price", "technical"], "A", "price"),
        (["lot", "technical"], "A", "lot"),
    ],
)
def test_tie_is_resolved_by_the_first_rule_that_can(ties, winner, resolved_by):
    """A: 40 + 60, B: 60 + 40."""
    first = bid("A", 400, "40", lot_number=1, lot_order=1)
    second = bid("B", 600, "60", lot_number=1, lot_order=2)

    result, bids = compute(addition(first, second, ties=ties))

    assert result["tie"] == {"bids": ["A", "B"], "resolved_by": resolved_by}
    assert result["winner"] == winner
    assert sorted(bid["rank"] for bid in bids.values()) == [1, 2]


def test_tie_of_three_is_narrowed_before_the_lot():
    """Technical points leave B and C; between them the lot decides."""
    document = addition(
        bid("A", 400, "40", lot_number=7, lot_order=1),
        bid("B", 600, "60", lot_number=2, lot_order=2),
        bid("C", 600, "60", lot_number=1, lot_order=3),
        ties=["technical", "price", "lot"],
    )

    result, _ = compute(document)

    assert result["tie"] == {"bids": ["A", "B", "C"], "resolved_by": "lot"}
    assert result["winner"] == "C"  # (2 + 1) mod 2 = 1
    assert outcome(document, "rank") == {"A": 3, "B": 2, "C": 1}


def test_technical_rule_counts_bonuses():
    """A: 55 + 10 + 35, B: 60 + 40; with its bonus A has the higher technical points."""
    bonuses = [{"id": "startup", "label": "スタートアップ", "points": "10"}]
    document = addition(
        bid("A", 650, "55", bonuses=["startup"]), bid("B", 600, "60"), bonuses=bonuses, ties=["technical"]
    )

    assert compute(document)[0]["winner"] == "A"


def test_rules_order_equal_totals_at_every_rank():
    """Behind the winner, B and C tie at 100: the higher technical points come first."""
    document = addition(bid("A", 500, "70"), bid("B", 400, "40"), bid("C", 600, "60"), ties=["technical"])

    result, _ = compute(document)

    assert outcome(document, "rank") == {"A": 1, "B": 3, "C": 2}
    assert result["tie"] is None  # that is the tie for the award, and there is none


def test_lot_is_not_drawn_where_no_award_depends_on_it():
    """B and C tie for second and bring no lot numbers: no fault, they share the rank."""
    document = addition(bid("A", 500, "70"), bid("B", 500), bid("C", 500), bid("D", 900), ties=["technical", "lot"])

    assert outcome(document, "rank") == {"A": 1, "B": 2, "C": 2, "D": 4}


@pytest.mark.parametrize(
    ("numbers", "winner"),
    [
        # 鳥取県: sum of the くじ番号 modulo the count, zero-based in ascending order of 業者コード (A 300, B 100, C 200).
        ({"A": 123, "B": 456, "C": 789}, "B"),  # 1368 mod 3 = 0
        ({"A": 124, "B": 456, "C": 789}, "C"),  # 1
        ({"A": 125, "B": 456, "C": 789}, "A"),  # 2
        ({"A": 0, "B": 0, "C": 0}, "B"),
        ({"A": 0, "B": 0, "C": None}, "B"),  # absent counts as 999
        ({"A": 1, "B": 0, "C": None}, "C"),
    ],
)
def test_lot_by_the_published_algorithm(numbers, winner):
    orders = {"A": 300, "B": 100, "C": 200}
    bids = [bid(name, 500, lot_number=number, lot_order=orders[name]) for name, number in numbers.items()]

    result, results = compute(addition(*bids, ties=["lot"], lot={"missing_number": 999}))

    assert result["winner"] == winner
    assert result["tie"] == {"bids": ["A", "B", "C"], "resolved_by": "lot"}
    assert sorted(entry["rank"] for entry in results.values()) == [1, 2, 2]


def test_lot_without_what_it_takes_is_a_fault_of_the_document():
    document = addition(
        bid("A", 500, lot_order=1),
        bid("B", 500, lot_number=5),
        bid("C", 500, lot_number=5, lot_order=1),
        ties=["lot"],
    )

    with pytest.raises(DocumentError) as caught:
        evaluate(parse_document(document))

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("$.bids[0].lot_number", "lot_number_missing"),
        ("$.bids[1].lot_order", "lot_order_missing"),
        ("$.bids[2].lot_order", "lot_order_shared"),
    ]


@pytest.mark.parametrize(("price", "provisional"), [("599", True), ("600", False)])
def test_award_is_provisional_strictly_below_the_threshold(price, provisional):
    document = addition(bid("A", price, "90"), bid("B", 800), low_price_threshold="600")

    result, _ = compute(document)

    assert result["winner"] == "A"
    assert result["provisional"] is provisional
    assert result["next"] == ("B" if provisional else None)


def test_threshold_looks_at_the_leader_only():
    """B is below it but does not lead."""
    result, _ = compute(addition(bid("A", 700, "100"), bid("B", 500), low_price_threshold="600"))

    assert (result["winner"], result["provisional"], result["next"]) == ("A", False, None)


def test_threshold_holds_for_the_sum_of_the_components():
    components = [component(id="初期"), component(id="運用")]
    document = addition(
        bid("A", 0, prices={"初期": "300", "運用": "299"}), components=components, low_price_threshold="600"
    )

    assert compute(document)[0]["provisional"] is True


def test_provisional_award_of_a_single_bid_has_no_next():
    result, _ = compute(division(bid("A", 500), low_price_threshold="600"))

    assert (result["winner"], result["provisional"], result["next"]) == ("A", True, None)


def test_next_stands_by_the_same_scores():
    """The leader's bid stays valid, so its price stays the lowest: B 10 + 61, C 50 + 20. Scored without it, C would pass
    B: B 20 + 61, C 100 + 20."""
    document = addition(
        bid("A", 100, "100"),
        bid("B", 1000, "61"),
        bid("C", 200, "20"),
        components=[component("lowest_ratio")],
        low_price_threshold="150",
    )

    result, bids = compute(document)
    again, _ = compute(document | {"bids": [document["bids"][0] | {"status": "invalid"}, *document["bids"][1:]]})

    assert (bids["B"]["total"], bids["C"]["total"]) == ("71", "70")
    assert (result["winner"], result["next"]) == ("A", "B")
    assert again["winner"] == "C"  # an invalid leader is another matter: then everything is scored anew


def test_next_is_drawn_again_among_those_who_remain():
    """A, B and C tie; 1 + 1 + 1 mod 3 = 0 names A, below the threshold; then 1 + 1 mod 2 = 0 names B of B and C."""
    bids = [bid(name, 500, lot_number=1, lot_order=order) for order, name in enumerate("ABC")]
    document = addition(*bids, low_price_threshold="501", ties=["technical", "price", "lot"])

    result, _ = compute(document)

    assert (result["winner"], result["provisional"], result["next"]) == ("A", True, "B")
    assert outcome(document, "rank") == {"A": 1, "B": 2, "C": 3}


def test_next_is_open_where_no_rule_separates_those_who_remain():
    document = addition(bid("A", 500, "90"), bid("B", 700), bid("C", 700), low_price_threshold="600")

    result, _ = compute(document)

    assert (result["provisional"], result["next"]) == (True, None)
    assert outcome(document, "rank") == {"A": 1, "B": 2, "C": 2}


def test_unresolved_leaders_below_the_threshold_are_not_provisional():
    result, _ = compute(addition(bid("A", 500), bid("B", 500), low_price_threshold="600"))

    assert (result["winner"], result["provisional"], result["next"]) == (None, False, None)
