"""What must hold of every document, whatever its numbers (hypothesis searches for one where it does not)."""

import json
from copy import deepcopy
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from procurement.evaluation import DocumentError, evaluate, parse_document

from .builders import addition, bid, component, compute, division, rounding

CEILING = 1000
FORMULAS = [
    component("linear"),
    component("lowest_ratio"),
    component("linear_floored", floor_ratio="0.75"),
    component("linear_kinked"),
    component("tent", peak_ratio="0.8"),
]
CRITERIA = [
    {"id": "SSO", "kind": "mandatory"},
    {"id": "実績", "kind": "scored", "points": "10", "scale": None},
    {"id": "体制", "kind": "scored", "points": "7", "scale": {"A": "1", "B": "0.7", "C": "0"}},
]
BONUSES = [
    {"id": "startup", "label": "スタートアップ", "points": "5", "group": None},
    {"id": "eruboshi", "label": "えるぼし", "points": "3", "group": "WLB"},
    {"id": "kurumin", "label": "くるみん", "points": "2", "group": "WLB"},
]
EVALUATORS = ["甲", "乙", "丙", "丁"]
# Few distinct values, so that ties are common.
PRICES = st.integers(1, 12).map(lambda hundreds: hundreds * 100) | st.integers(1, 1200)
ROUNDINGS = st.none() | st.builds(rounding, st.sampled_from(["down", "half_up", "up"]), st.integers(0, 3))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
EITHER = st.booleans()
TIES = st.lists(st.sampled_from(["technical", "price"]), unique=True).map(lambda ties: [*ties, "lot"])


@st.composite
def bids(draw, *, least=1, with_marks=False):
    result = []
    for order in range(draw(st.integers(least, 6))):
        if with_marks:
            marks = {
                evaluator: {
                    "SSO": draw(st.sampled_from([True, True, True, False])),
                    "実績": str(draw(st.integers(0, 10))),
                    "体制": draw(st.sampled_from("ABC")),
                }
                for evaluator in EVALUATORS
            }
            technical = {"marks": marks}
        else:
            technical = {"technical_points": str(draw(st.integers(0, 20) | st.just(50)))}
        result.append(
            bid(
                f"B{order}",
                draw(PRICES),
                None,
                status=draw(st.sampled_from(["valid", "valid", "valid", "withdrawn", "invalid"])),
                bonuses=draw(st.lists(st.sampled_from(["startup", "eruboshi", "kurumin"]), unique=True)),
                lot_number=draw(st.integers(0, 999)),
                lot_order=order,
                **technical,
            )
        )
    return result


@st.composite
def documents(draw, *, formulas=FORMULAS, with_marks=EITHER):
    """A document of either method, with ties, bonuses, roundings and bids that fall out for every reason."""
    with_marks = draw(with_marks)
    entries = draw(bids(with_marks=with_marks))
    common = {
        "ceiling_price": str(CEILING),
        "low_price_threshold": str(draw(st.sampled_from([1, 500, 800]))),
        "criteria": CRITERIA if with_marks else [],
        "mandatory_rule": draw(st.sampled_from(["any", "majority", "unanimous"])),
        "bonuses": BONUSES,
        "ties": draw(TIES),
        "total": {"rounding": draw(ROUNDINGS)},
        "technical": {
            "minimum": draw(st.sampled_from([None, "5"])),
            "aggregate": draw(st.sampled_from(["mean", "median", "trimmed_mean"])),
            "criterion_rounding": draw(ROUNDINGS),
            "rounding": draw(ROUNDINGS),
        },
    }
    if draw(st.booleans()):
        price = draw(st.sampled_from(formulas)) | {"rounding": draw(ROUNDINGS)}
        return addition(*entries, components=[price], **common)
    return division(
        *entries, standard_points=draw(st.sampled_from([None, "10"])), digits=draw(st.integers(0, 4)), **common
    )


@given(documents(), st.randoms())
def test_order_of_bids_never_matters(document, random):
    shuffled = deepcopy(document)
    random.shuffle(shuffled["bids"])

    result, bids = compute(document)
    other, other_bids = compute(shuffled)

    assert other_bids == bids
    assert [other[key] for key in ("tie", "winner", "provisional", "next", "standard_value")] == [
        result[key] for key in ("tie", "winner", "provisional", "next", "standard_value")
    ]
    assert [entry["id"] for entry in other["bids"]] == [entry["id"] for entry in shuffled["bids"]]


@given(documents(), st.integers(CEILING + 1, 10 * CEILING))
def test_bid_above_the_ceiling_changes_nobody(document, price):
    enlarged = deepcopy(document)
    enlarged["bids"].insert(0, bid("超過", price, technical=None))

    result, bids = compute(document)
    other, other_bids = compute(enlarged)

    assert other_bids.pop("超過")["outcome"] == "over_ceiling"
    assert other_bids == bids
    assert [other[key] for key in ("tie", "winner", "provisional", "next")] == [
        result[key] for key in ("tie", "winner", "provisional", "next")
    ]


@given(documents(formulas=[component("linear")]), st.data())
def test_raising_only_a_price_never_improves_its_rank(document, data):
    chosen = data.draw(st.sampled_from(document["bids"]))
    raised = deepcopy(document)
    target = next(entry for entry in raised["bids"] if entry["id"] == chosen["id"])
    target["prices"]["total"] = str(int(chosen["prices"]["total"]) + data.draw(st.integers(1, 500)))

    before, after = (compute(each)[1][chosen["id"]]["rank"] for each in (document, raised))

    assert after is None or (before is not None and after >= before)


@given(documents(with_marks=st.just(True)), st.permutations(EVALUATORS), st.data())
def test_permutation_of_evaluators_changes_nothing(document, names, data):
    """Neither the order they stand in nor who of them gave which marks."""
    renamed = dict(zip(EVALUATORS, names, strict=True))
    permuted = deepcopy(document)
    for entry in permuted["bids"]:
        order = data.draw(st.permutations(EVALUATORS))
        entry["marks"] = {renamed[evaluator]: entry["marks"][evaluator] for evaluator in order}

    result, other = compute(document)[0], compute(permuted)[0]

    assert other | {"document_digest": ""} == result | {"document_digest": ""}


@given(documents())
def test_result_evaluated_again_is_identical(document):
    reordered = json.loads(json.dumps(document, sort_keys=True))

    assert evaluate(parse_document(reordered)) == evaluate(parse_document(document))


@given(documents())
def test_ranks_winner_and_totals_agree(document):
    """Better totals never rank lower; the winner is alone at rank 1; `next` stands right behind it; points are exact."""
    result, bids = compute(document)

    ranked = [entry for entry in bids.values() if entry["outcome"] == "ranked"]
    assert all((entry["rank"] is None) == (entry["outcome"] != "ranked") for entry in bids.values())
    for entry in ranked:
        better = sum(Fraction(other["total"]) > Fraction(entry["total"]) for other in ranked)
        not_worse = sum(Fraction(other["total"]) >= Fraction(entry["total"]) for other in ranked)
        assert better < entry["rank"] <= not_worse
    if ranked:  # with a lot in the rules there is always a winner
        assert [entry["id"] for entry in ranked if entry["rank"] == 1] == [result["winner"]]
    if result["provisional"] and len(ranked) > 1:
        assert [entry["id"] for entry in ranked if entry["rank"] == 2] == [result["next"]]
    else:
        assert result["next"] is None


@settings(max_examples=200)
@given(JSON_VALUES, st.data())
def test_any_value_anywhere_is_a_result_or_faults_never_a_crash(value, data):
    document = addition(
        bid("A", 500, None, marks={"甲": {"SSO": True, "実績": "5", "体制": "A"}}), criteria=CRITERIA, bonuses=BONUSES
    )
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value

    faults = ()
    try:
        evaluate(parse_document(document)).to_json()
    except DocumentError as error:
        faults = error.faults

    assert all(fault.path.startswith("$") and fault.message("ja") and fault.message("en") for fault in faults)
