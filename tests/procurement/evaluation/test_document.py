"""What a document may not say: every fault by its code and its JSON path."""

import json
from copy import deepcopy
from string import Formatter

import pytest

from procurement.evaluation import DocumentError, canonical_bytes, digest, evaluate, load_json, parse_document
from procurement.evaluation.messages import FAULTS, REASONS
from procurement.evaluation.reading import Cursor, step

from .builders import addition, bid, component, division, marked, rounding

CRITERIA = [
    {"id": "SSO", "kind": "mandatory"},
    {"id": "実績", "kind": "scored", "points": "10", "scale": None},
    {"id": "体制", "kind": "scored", "points": "10", "scale": {"A": "1", "B": "0.7"}},
]
MARKS = {
    "佐藤": {"SSO": True, "実績": "7.5", "体制": "A"},
    "鈴木": {"SSO": True, "実績": "0", "体制": "B"},
}
REMOVED = object()


def full():
    """A document that uses most of the format."""
    return addition(
        marked("A", 500, MARKS, bonuses=["startup"], lot_number=1, lot_order=1),
        marked("B", 600, MARKS),
        bid("C", 700, status="withdrawn"),
        criteria=CRITERIA,
        bonuses=[{"id": "startup", "label": "スタートアップ", "points": "10", "group": None}],
        components=[component("linear_floored", floor_ratio="0.75", rounding=rounding("down", 2))],
        technical={"points": "100", "raw_maximum": "20", "minimum": "10", "rounding": rounding("half_up", 1)},
        mandatory_rule="majority",
        ties=["technical", "price", "lot"],
        low_price_threshold="600",
        source="https://example.go.jp/",
        held_on="2026-11-23",
    )


def changed(document, *steps, to):
    """A copy with the value at `steps` replaced, added or removed."""
    document = deepcopy(document)
    *way, last = steps
    place = document
    for key in way:
        place = place[key]
    if to is REMOVED:
        del place[last]
    else:
        place[last] = to
    return document


def faults_of(document):
    """The faults of a document that went through JSON text, as a file does."""
    with pytest.raises(DocumentError) as caught:
        evaluate(parse_document(load_json(json.dumps(document).encode())))
    return [(fault.path, fault.code) for fault in caught.value.faults]


def test_full_document_has_no_fault():
    parse_document(load_json(json.dumps(full()).encode()))


CHANGES = [
    # Keys and shapes
    (("title",), REMOVED, "$.title", "missing_key"),
    (("technical", "aggregate"), REMOVED, "$.technical.aggregate", "missing_key"),
    (("total",), None, "$.total", "object_expected"),
    (("Title",), "x", "$.Title", "unknown_key"),
    (("bids", 0, "vendor name"), "x", "$.bids[0]['vendor name']", "unknown_key"),
    (("criteria", 0, "points"), "1", "$.criteria[0].points", "unknown_key"),
    (("criteria", 0, "scale"), {"A": "1"}, "$.criteria[0].scale", "unknown_key"),
    (("price", "components", 0, "peak_ratio"), "0.8", "$.price.components[0].peak_ratio", "unknown_key"),
    (("price", "components", 0, "floor_ratio"), REMOVED, "$.price.components[0].floor_ratio", "missing_key"),
    (("price",), REMOVED, "$.price", "missing_key"),
    (("price",), None, "$.price", "object_expected"),
    (("price", "components"), [], "$.price.components", "empty"),
    (("division",), {}, "$.division", "wrong_method"),
    (("bids",), {}, "$.bids", "list_expected"),
    (("bids", 1), None, "$.bids[1]", "object_expected"),
    (("technical",), [], "$.technical", "object_expected"),
    (("ties",), ["price"] * 4, "$.ties", "too_many"),
    # Text and choices
    (("title",), 5, "$.title", "text_expected"),
    (("title",), "あ" * 2001, "$.title", "too_long"),
    (("title",), "\ud800", "$.title", "bad_text"),
    (("bids", 0, "id"), "", "$.bids[0].id", "empty"),
    (("bids", 0, "id"), None, "$.bids[0].id", "text_expected"),
    (("format",), "evaluation/2", "$.format", "unknown_choice"),
    (("method",), "auction", "$.method", "unknown_choice"),
    (("ties", 0), "alphabet", "$.ties[0]", "unknown_choice"),
    (("mandatory_rule",), "most", "$.mandatory_rule", "unknown_choice"),
    (("technical", "rounding", "mode"), "half_even", "$.technical.rounding.mode", "unknown_choice"),
    (("bids", 0, "status"), True, "$.bids[0].status", "unknown_choice"),
    (("held_on",), "2026-02-30", "$.held_on", "date_expected"),
    (("held_on",), "20261123", "$.held_on", "date_expected"),
    # Numbers
    (("ceiling_price",), 1000, "$.ceiling_price", "number_not_string"),
    (("ceiling_price",), 1000.5, "$.ceiling_price", "float_refused"),
    (("ceiling_price",), float("nan"), "$.ceiling_price", "not_finite"),
    (("ceiling_price",), float("-inf"), "$.ceiling_price", "not_finite"),
    (("ceiling_price",), "1e3", "$.ceiling_price", "exponent_refused"),
    (("ceiling_price",), "１０００", "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), "1,000", "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), " 1000", "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), "1000.", "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), "01000", "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), "NaN", "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), True, "$.ceiling_price", "decimal_expected"),
    (("ceiling_price",), "1" * 19, "$.ceiling_price", "too_many_digits"),
    (("ceiling_price",), "0." + "1" * 13, "$.ceiling_price", "too_many_digits"),
    (("ceiling_price",), "0", "$.ceiling_price", "not_above_zero"),
    (("low_price_threshold",), "-1", "$.low_price_threshold", "not_above_zero"),
    (("bids", 0, "prices", "total"), "0", "$.bids[0].prices.total", "not_above_zero"),
    (("technical", "raw_maximum"), "0", "$.technical.raw_maximum", "not_above_zero"),
    (("technical", "base_points"), "-1", "$.technical.base_points", "too_small"),
    (("technical", "base_points"), None, "$.technical.base_points", "decimal_expected"),
    (("criteria", 1, "points"), "-1", "$.criteria[1].points", "too_small"),
    (("criteria", 2, "scale", "A"), "1.1", "$.criteria[2].scale.A", "too_large"),
    (("criteria", 2, "scale"), {}, "$.criteria[2].scale", "empty"),
    (("price", "components", 0, "floor_ratio"), "75", "$.price.components[0].floor_ratio", "too_large"),
    (("technical", "rounding", "digits"), 11, "$.technical.rounding.digits", "too_large"),
    (("technical", "rounding", "digits"), -1, "$.technical.rounding.digits", "too_small"),
    (("technical", "rounding", "digits"), True, "$.technical.rounding.digits", "integer_expected"),
    (("technical", "rounding", "digits"), "1", "$.technical.rounding.digits", "integer_expected"),
    (("technical", "rounding", "digits"), 1.0, "$.technical.rounding.digits", "float_refused"),
    (("lot", "missing_number"), 10**40, "$.lot.missing_number", "integer_expected"),
    (("bids", 0, "lot_number"), -1, "$.bids[0].lot_number", "too_small"),
    # Meaning
    (("ceiling_price",), None, "$.ceiling_price", "price_needed"),
    (("technical", "points"), None, "$.technical.points", "points_needed"),
    (("bids", 1, "id"), "A", "$.bids[1].id", "duplicate_id"),
    (("ties", 1), "technical", "$.ties[1]", "duplicate_id"),
    (("bids", 0, "bonuses"), ["wage"], "$.bids[0].bonuses[0]", "unknown_reference"),
    (("bids", 0, "bonuses"), ["startup", "startup"], "$.bids[0].bonuses[1]", "duplicate_id"),
    (("bids", 0, "prices"), REMOVED, "$.bids[0].prices", "missing_key"),
    (("bids", 0, "prices"), None, "$.bids[0].prices", "object_expected"),
    (("bids", 0, "prices"), {}, "$.bids[0].prices.total", "missing_key"),
    (("bids", 0, "prices", "option"), "1", "$.bids[0].prices.option", "unknown_key"),
    (("bids", 2, "prices", "option"), "1", "$.bids[2].prices.option", "unknown_key"),
    (("bids", 0, "technical_points"), "50", "$.bids[0].marks", "technical_twice"),
    (("bids", 0, "marks"), REMOVED, "$.bids[0].technical_points", "technical_missing"),
    (("bids", 0, "marks"), None, "$.bids[0].technical_points", "technical_missing"),
    (("bids", 2, "technical_points"), "100.1", "$.bids[2].technical_points", "too_large"),
    (("bids", 0, "marks", "佐藤"), REMOVED, "$.bids[0].marks.佐藤", "missing_evaluator"),
    (("bids", 0, "marks", "佐藤", "SSO"), REMOVED, "$.bids[0].marks.佐藤.SSO", "missing_mark"),
    (("bids", 0, "marks", "佐藤", "実績"), None, "$.bids[0].marks.佐藤.実績", "missing_mark"),
    (("bids", 0, "marks", "佐藤", "費用"), "5", "$.bids[0].marks.佐藤.費用", "unknown_key"),
    (("bids", 0, "marks", "佐藤"), None, "$.bids[0].marks.佐藤", "object_expected"),
    (("bids", 0, "marks", "佐藤", "SSO"), "true", "$.bids[0].marks.佐藤.SSO", "boolean_expected"),
    (("bids", 0, "marks", "佐藤", "実績"), "10.5", "$.bids[0].marks.佐藤.実績", "too_large"),
    (("bids", 0, "marks", "佐藤", "実績"), "-1", "$.bids[0].marks.佐藤.実績", "too_small"),
    (("bids", 0, "marks", "佐藤", "実績"), 7.5, "$.bids[0].marks.佐藤.実績", "float_refused"),
    (("bids", 0, "marks", "佐藤", "体制"), "E", "$.bids[0].marks.佐藤.体制", "unknown_choice"),
    (("bids", 0, "marks", "佐藤", "体制"), "7", "$.bids[0].marks.佐藤.体制", "unknown_choice"),
]


@pytest.mark.parametrize(("steps", "value", "path", "code"), CHANGES)
def test_one_fault_is_named_once_by_code_and_path(steps, value, path, code):
    assert faults_of(changed(full(), *steps, to=value)) == [(path, code)]


@pytest.mark.parametrize("way", [("criteria",), ("bonuses",), ("price", "components")])
def test_id_is_unique_in_its_list(way):
    document = full()
    place = document
    for key in way:
        place = place[key]
    place.append(place[0])

    assert faults_of(document) == [(f"$.{'.'.join(way)}[{len(place) - 1}].id", "duplicate_id")]


def test_every_fault_is_named_in_one_go():
    document = full()
    document["ceiling_price"] = 1e9
    document["colour"] = "red"
    document["technical"]["aggregate"] = "mode"
    document["criteria"][1]["points"] = "ten"
    document["bids"][0]["marks"]["鈴木"]["SSO"] = "yes"
    document["bids"][1]["prices"]["total"] = "1E6"
    del document["bids"][1]["marks"]["佐藤"]["体制"]

    assert sorted(faults_of(document)) == [
        ("$.bids[0].marks.鈴木.SSO", "boolean_expected"),
        ("$.bids[1].marks.佐藤.体制", "missing_mark"),
        ("$.bids[1].prices.total", "exponent_refused"),
        ("$.ceiling_price", "float_refused"),
        ("$.colour", "unknown_key"),
        ("$.criteria[1].points", "decimal_expected"),
        ("$.technical.aggregate", "unknown_choice"),
    ]


@pytest.mark.parametrize("formula", ["linear", "linear_floored", "linear_kinked", "tent"])
def test_formula_that_uses_the_ceiling_demands_it(formula):
    ratio = {"linear_floored": {"floor_ratio": "0.75"}, "tent": {"peak_ratio": "0.8"}}.get(formula, {})
    document = addition(
        bid("A", 500), components=[component(formula, **ratio)], ceiling_price=None, low_price_threshold="400"
    )

    assert faults_of(document) == [("$.ceiling_price", "price_needed")]


def test_formula_that_uses_the_threshold_demands_it():
    document = addition(bid("A", 500), components=[component("linear_kinked")])

    assert faults_of(document) == [("$.low_price_threshold", "price_needed")]


def test_standard_points_demand_the_ceiling():
    document = division(bid("A", 500), standard_points="100", ceiling_price=None)

    assert faults_of(document) == [("$.ceiling_price", "price_needed")]


@pytest.mark.parametrize(
    ("steps", "value", "path", "code"),
    [
        (("division",), REMOVED, "$.division", "missing_key"),
        (("division", "rounding"), None, "$.division.rounding", "object_expected"),
        (("division", "scale"), "0", "$.division.scale", "not_above_zero"),
        (("price",), {"components": [component()]}, "$.price", "wrong_method"),
        (("bids", 0, "prices"), {"運用": "5"}, "$.bids[0].prices.total", "missing_key"),
    ],
)
def test_division_document_has_its_own_keys(steps, value, path, code):
    assert (path, code) in faults_of(changed(division(bid("A", 500)), *steps, to=value))


@pytest.mark.parametrize(("aggregate", "evaluators"), [("mean", 0), ("median", 0), ("trimmed_mean", 2)])
def test_aggregate_needs_enough_evaluators(aggregate, evaluators):
    marks = {f"評価者{number}": {"実績": "5"} for number in range(evaluators)}
    document = addition(marked("A", 500, marks), criteria=CRITERIA[1:2], technical={"aggregate": aggregate})

    assert faults_of(document) == [("$.bids[0].marks", "too_few_evaluators")]


def test_panel_has_a_limit():
    marks = {f"評価者{number}": {} for number in range(101)}

    assert faults_of(addition(marked("A", 500, marks))) == [("$.bids[0].marks", "too_many")]


def test_panels_that_all_differ_are_one_fault_not_a_square_of_them():
    bids = [marked(f"B{number}", 500, {f"評価者{number}": {}}) for number in range(101)]

    assert faults_of(addition(*bids)) == [("$.bids[0].marks", "too_many")]


def test_bid_above_the_ceiling_needs_no_marks():
    """It is not scored; where prices are opened first, nobody has marked it."""
    document = addition(bid("A", 500), bid("B", 1001, technical=None))

    assert [entry.outcome for entry in evaluate(parse_document(document)).bids] == ["ranked", "over_ceiling"]


def test_bid_above_the_ceiling_with_marks_needs_all_of_them():
    document = addition(
        marked("A", 500, MARKS), marked("B", 1001, {"佐藤": {"SSO": True, "実績": "5"}}), criteria=CRITERIA
    )

    assert faults_of(document) == [
        ("$.bids[1].marks.佐藤.体制", "missing_mark"),
        ("$.bids[1].marks.鈴木", "missing_evaluator"),
    ]


@pytest.mark.parametrize("status", ["withdrawn", "invalid"])
def test_bid_that_is_not_valid_may_leave_out_what_it_lacks(status):
    partial = {"id": "B", "status": status, "marks": {"佐藤": {"実績": "5"}}}
    document = addition(
        marked("A", 500, MARKS), {"id": "C", "status": status, "prices": {}}, partial, criteria=CRITERIA
    )

    assert [entry.outcome for entry in evaluate(parse_document(document)).bids] == ["ranked", status, status]


def test_null_states_nothing_where_a_key_is_optional():
    """For the digest the two documents differ; for the evaluation they do not."""
    plain = addition(bid("A", 500))
    spelled = plain | {"source": None, "held_on": None, "mandatory_rule": None, "division": None}
    spelled["bids"] = [plain["bids"][0] | {"marks": None, "bonuses": None, "lot_number": None, "lot_order": None}]

    first, second = (evaluate(parse_document(document)) for document in (plain, spelled))

    assert first.bids == second.bids
    assert first.document_digest != second.document_digest


def test_digest_does_not_depend_on_layout():
    document = full()
    text = json.dumps(document, ensure_ascii=False, indent=4, sort_keys=True)

    assert parse_document(load_json(text.encode())).digest == parse_document(document).digest


def test_digest_changes_with_any_value():
    document = full()

    assert parse_document(changed(document, "title", to="別の調達")).digest != parse_document(document).digest


def test_digest_is_over_the_canonical_form():
    """The digest is what sha256sum says of the sorted, compact UTF-8 text."""
    data = {"b": ["1", None, True], "あ": {"z": 3, "a": ""}, "a": "改\n行"}

    assert canonical_bytes(data) == '{"a":"改\\n行","b":["1",null,true],"あ":{"a":"","z":3}}'.encode()
    assert digest(data) == ("sha256:b49d7d71ff80f281170af6e77287c8a7a4e626940f2c26b8acce1488f4092511")


@pytest.mark.parametrize("source", [b'{"title": "a", "title": "b"}', b'{"title": "a", "x": 1, "title": "a"}'])
def test_key_written_twice_is_a_fault_even_if_equal(source):
    with pytest.raises(DocumentError) as caught:
        parse_document(load_json(source))

    assert ("$.title", "duplicate_key") in [(fault.path, fault.code) for fault in caught.value.faults]


def test_key_written_twice_is_found_at_any_depth():
    text = json.dumps(full(), ensure_ascii=False).replace('"SSO": true', '"SSO": true, "SSO": false', 1)

    with pytest.raises(DocumentError) as caught:
        parse_document(load_json(text.encode()))

    assert [(fault.path, fault.code) for fault in caught.value.faults] == [
        ("$.bids[0].marks.佐藤.SSO", "duplicate_key")
    ]


@pytest.mark.parametrize(
    ("source", "code", "params"),
    [
        (b'{\n "a": 1,\n}', "not_json", {"line": 3, "column": 1}),
        (b"", "not_json", {"line": 1, "column": 1}),
        (b'{"a": "\x80"}', "not_utf8", {"offset": 7}),
        (b"[" * 100_000, "too_deep", {}),
    ],
)
def test_file_that_is_not_json_is_one_fault(source, code, params):
    with pytest.raises(DocumentError) as caught:
        load_json(source)

    (fault,) = caught.value.faults
    assert (fault.path, fault.code) == ("$", code)
    assert params.items() <= fault.params.items()


def test_file_beyond_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr("procurement.evaluation.reading.FILE_BYTES", 10)

    with pytest.raises(DocumentError, match="file_too_large"):
        load_json(b'{"a":     1}')


def test_byte_order_mark_is_allowed():
    assert load_json(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("data", [None, [], "evaluation/1", 5, True])
def test_document_is_an_object(data):
    assert faults_of(data) == [("$", "object_expected")]


@pytest.mark.parametrize("key", [7, None, ("a",)])
def test_data_that_never_was_json_is_refused(key):
    with pytest.raises(DocumentError) as caught:
        parse_document(addition(bid("A", 500)) | {key: "x"})

    assert [fault.code for fault in caught.value.faults] == ["unknown_key"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("total", ".total"),
        ("佐藤", ".佐藤"),
        (12, "[12]"),
        ("12", "['12']"),
        ("", "['']"),
        ("a b", "['a b']"),
        ("it's", "['it\\'s']"),
        ("line\nbreak", "['line\\u000abreak']"),
    ],
)
def test_path_step_stays_on_one_line(key, expected):
    assert step(key) == expected


def test_value_is_quoted_short_and_on_one_line():
    faults = []

    Cursor("改行\n" * 100, faults).decimal()

    message = faults[0].message("ja")
    assert "\n" not in message
    assert len(message) < 150


# The codes of faults that other tests provoke: the file, the command line, the lot, and rules that need a whole document.
ELSEWHERE = {
    "file_unreadable", "file_too_large", "not_utf8", "not_json", "too_deep", "duplicate_key", "too_few_evaluators",
    "lot_number_missing", "lot_order_missing", "lot_order_shared", "differs", "not_computed", "nothing_expected",
}  # fmt: skip


def test_every_fault_code_is_provoked_by_a_test():
    assert {code for *_, code in CHANGES} | ELSEWHERE == FAULTS.keys()


@pytest.mark.parametrize("code", FAULTS | REASONS)
def test_both_languages_say_the_same_things(code):
    japanese, english = (FAULTS | REASONS)[code]
    fields = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (japanese, english)]

    assert fields[0] == fields[1]
    assert not japanese.isascii()
    assert english != japanese


@pytest.mark.parametrize(("steps", "value", "path", "code"), CHANGES)
def test_every_fault_can_be_said_in_both_languages(steps, value, path, code):
    with pytest.raises(DocumentError) as caught:
        parse_document(load_json(json.dumps(changed(full(), *steps, to=value)).encode()))

    for fault in caught.value.faults:
        assert fault.message("ja") != fault.message("en")
        assert str(fault).startswith(f"{path}: ")
