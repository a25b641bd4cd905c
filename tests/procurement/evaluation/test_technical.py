"""Technical points, mandatory criteria and bonuses, each against a calculation done by hand."""

import pytest

from .builders import addition, bid, compute, marked, outcome, rounding

SCORED = {"id": "実績", "kind": "scored", "points": "10", "scale": None}
LETTERS = {"id": "体制", "kind": "scored", "points": "20", "scale": {"A": "1", "B": "0.7", "C": "0.4", "D": "0"}}
MANDATORY = {"id": "SSO", "kind": "mandatory"}


def panel(*marks, criterion="実績"):
    return {f"評価者{number}": {criterion: mark} for number, mark in enumerate(marks, start=1)}


@pytest.mark.parametrize(
    ("aggregate", "marks", "expected"),
    [
        ("mean", ["5", "8"], "6.5"),
        ("mean", ["5", "8", "9"], "7.333333333333"),
        ("mean", ["0", "0"], "0"),
        ("median", ["10", "0", "7"], "7"),
        ("median", ["10", "0", "7", "8"], "7.5"),
        ("median", ["4"], "4"),
        ("trimmed_mean", ["10", "0", "7", "8"], "7.5"),
        ("trimmed_mean", ["9", "9", "9", "2", "2"], "6.666666666667"),  # one of each end, however many are equal
        ("trimmed_mean", ["1", "5", "9"], "5"),
    ],
)
def test_aggregate_by_hand(aggregate, marks, expected):
    document = addition(marked("A", 500, panel(*marks)), criteria=[SCORED], technical={"aggregate": aggregate})

    assert outcome(document, "technical_points") == {"A": expected}


def test_letters_earn_their_share_of_the_points():
    """鳥取県: A 100 %, B 70 %, C 40 %, D 0 %, the mean of the members: (20 + 14 + 8 + 0) ÷ 4 = 10.5."""
    document = addition(marked("A", 500, panel("A", "B", "C", "D", criterion="体制")), criteria=[LETTERS])

    assert outcome(document, "technical_points") == {"A": "10.5"}


def test_letters_may_look_like_numbers():
    five_steps = {"id": "体制", "kind": "scored", "points": "10", "scale": {"5": "1", "3": "0.5", "1": "0"}}
    document = addition(marked("A", 500, panel("5", "3", criterion="体制")), criteria=[five_steps])

    assert outcome(document, "technical_points") == {"A": "7.5"}


@pytest.mark.parametrize(
    ("criterion_rounding", "final_rounding", "expected"),
    [
        (None, None, "14.666666666667"),  # 7.333… + 7.333…
        (rounding("half_up", 0), None, "14"),  # 7 + 7
        (rounding("up", 0), None, "16"),  # 8 + 8
        (None, rounding("half_up", 0), "15"),  # of 14.666…
        (rounding("down", 1), rounding("up", 0), "15"),  # 7.3 + 7.3 = 14.6
        (None, rounding("down", 2), "14.66"),
    ],
)
def test_technical_points_are_rounded_at_each_declared_stage(criterion_rounding, final_rounding, expected):
    criteria = [SCORED, SCORED | {"id": "計画"}]
    marks = {name: {"実績": mark, "計画": mark} for name, mark in {"甲": "5", "乙": "8", "丙": "9"}.items()}
    technical = {"criterion_rounding": criterion_rounding, "rounding": final_rounding}

    document = addition(marked("A", 500, marks), criteria=criteria, technical=technical)

    assert outcome(document, "technical_points") == {"A": expected}


def test_raw_points_are_scaled_then_based_then_rounded():
    """伊豆の国市 (平均点 ÷ 満点 × 配点), with base points: 7 ÷ 30 × 100 + 35 = 58.333…, rounded half up."""
    technical = {
        "points": "100",
        "raw_maximum": "30",
        "base_points": "35",
        "rounding": rounding("half_up", 0),
    }
    document = addition(marked("A", 500, panel("7")), criteria=[SCORED], technical=technical)

    assert outcome(document, "technical_points") == {"A": "58"}


def test_given_technical_points_are_taken_as_they_are():
    technical = {"points": "100", "raw_maximum": "30", "base_points": "35", "rounding": rounding("down", 0)}

    assert outcome(addition(bid("A", 500, "60.75"), technical=technical), "technical_points") == {"A": "60.75"}


@pytest.mark.parametrize(
    ("rule", "verdicts", "expected"),
    [
        ("any", [True, True, True], "ranked"),
        ("any", [True, False, True], "disqualified"),
        ("majority", [True, False, True], "ranked"),
        ("majority", [False, False, True, True], "ranked"),  # half is not more than half
        ("majority", [False, False, True], "disqualified"),
        ("unanimous", [False, False, True], "ranked"),
        ("unanimous", [False, False, False], "disqualified"),
    ],
)
def test_mandatory_rule(rule, verdicts, expected):
    document = addition(marked("A", 500, panel(*verdicts, criterion="SSO")), criteria=[MANDATORY], mandatory_rule=rule)

    assert outcome(document, "outcome") == {"A": expected}


def test_mandatory_rule_is_any_where_the_document_names_none():
    document = addition(marked("A", 500, panel(True, False, criterion="SSO")), criteria=[MANDATORY])

    assert outcome(document, "outcome") == {"A": "disqualified"}


def test_disqualified_bid_has_reasons_and_no_score():
    criteria = [MANDATORY, MANDATORY | {"id": "国内データ"}, SCORED]
    marks = {
        "甲": {"SSO": False, "国内データ": False, "実績": "10"},
        "乙": {"SSO": True, "国内データ": False, "実績": "10"},
    }

    _, bids = compute(addition(marked("A", 500, marks), criteria=criteria))

    assert bids["A"]["reasons"] == [
        {"code": "mandatory_unmet", "params": {"criterion": "SSO", "unmet": 1, "evaluators": 2}},
        {"code": "mandatory_unmet", "params": {"criterion": "国内データ", "unmet": 2, "evaluators": 2}},
    ]
    assert bids["A"]["technical_points"] is None
    assert bids["A"]["total"] is None


@pytest.mark.parametrize(("technical", "expected"), [("60", "ranked"), ("59.99", "below_minimum")])
def test_minimum_is_met_at_the_minimum(technical, expected):
    document = addition(bid("A", 500, technical), technical={"minimum": "60"})

    assert outcome(document, "outcome") == {"A": expected}


def test_bonus_does_not_lift_a_bid_over_the_minimum():
    bonuses = [{"id": "startup", "label": "スタートアップ", "points": "10", "group": None}]
    document = addition(bid("A", 500, "55", bonuses=["startup"]), technical={"minimum": "60"}, bonuses=bonuses)

    _, bids = compute(document)

    assert bids["A"]["outcome"] == "below_minimum"
    assert bids["A"]["technical_points"] == "55"
    assert bids["A"]["total"] is None
    assert bids["A"]["reasons"] == [{"code": "below_minimum", "params": {"technical_points": "55", "minimum": "60"}}]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], "0"),
        (["startup"], "10"),
        (["wage", "startup"], "15"),
        (["eruboshi2", "kurumin", "platinum"], "10"),  # ワーク・ライフ・バランス: only the highest of its group
        (["eruboshi2"], "7"),
        (["startup", "eruboshi2", "kurumin", "wage"], "23"),  # 10 + 8 + 5
        (["deduction"], "-6"),
        (["deduction", "kurumin"], "2"),
    ],
)
def test_bonuses_add_up_but_only_the_highest_of_a_group_counts(claims, expected):
    bonuses = [
        {"id": "startup", "label": "デジタル・スタートアップ", "points": "10", "group": None},
        {"id": "wage", "label": "賃上げ", "points": "5", "group": None},
        {"id": "eruboshi2", "label": "えるぼし2段階目", "points": "7", "group": "WLB"},
        {"id": "platinum", "label": "プラチナえるぼし", "points": "10", "group": "WLB"},
        {"id": "kurumin", "label": "くるみん", "points": "8", "group": "WLB"},
        {"id": "deduction", "label": "賃上げ未達", "points": "-6"},
    ]

    _, bids = compute(addition(bid("A", 500, "50", bonuses=claims), bonuses=bonuses))

    assert bids["A"]["bonus_points"] == expected
    assert bids["A"]["technical_points"] == "50"
    assert bids["A"]["total"] == str(50 + int(expected) + 50)


def test_zero_is_a_score_and_not_a_missing_one():
    document = addition(marked("A", 1000, panel("0")), criteria=[SCORED])

    _, bids = compute(document)

    assert (bids["A"]["technical_points"], bids["A"]["price_points"], bids["A"]["total"]) == ("0", "0", "0")
    assert bids["A"]["rank"] == 1
