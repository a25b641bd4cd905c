"""What content may say: shape, completeness, differences, and which changes need no person."""

import pytest

from catalog import content as fields
from catalog.content import Kind
from catalog.differences import Segment, difference, item_segments, text_segments
from tests.factories.catalog import content, offer_content

CATEGORIES = frozenset({"attendance"})
LINE = offer_content()["price_lines"][0]


def paths(found):
    return [fault.path for fault in found]


def software_faults(**changes):
    return paths(fields.faults(content(**changes), fields.SOFTWARE, categories=CATEGORIES))


def offer_faults(*lines, draft=False):
    told = offer_content(price_lines=list(lines))
    return paths(fields.faults(told, fields.OFFER, categories=CATEGORIES, draft=draft))


def test_faults_of_sound_content():
    assert software_faults() == []
    assert offer_faults(LINE) == []


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "長" * 101}, "name"),
        ({"name": 5}, "name"),
        ({"summary": "行\x00"}, "summary"),
        ({"name_kana": "ひらがな"}, "name_kana"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "http://localhost"}, "website"),
        ({"disclosed_on": "2026-2-1"}, "disclosed_on"),
        ({"disclosed_on": "2026-02-30"}, "disclosed_on"),
        ({"categories": ["none"]}, "categories[0]"),
        ({"categories": "attendance"}, "categories"),
        ({"target_bodies": ["ministry", "ministry"]}, "target_bodies"),
        ({"target_bodies": [["ministry"]]}, "target_bodies[0]"),
        ({"data_location": "moon"}, "data_location"),
        ({"api": "yes"}, "api"),
        ({"api": 1}, "api"),
        ({"end_of_service_notice_months": -1}, "end_of_service_notice_months"),
        ({"end_of_service_notice_months": True}, "end_of_service_notice_months"),
        ({"end_of_service_notice_months": 2**31}, "end_of_service_notice_months"),
        ({"sla": {"availability_percent": "100.001"}}, "sla.availability_percent"),
        ({"sla": {"availability_percent": 99.9}}, "sla.availability_percent"),
        ({"sla": {"uptime": "1"}}, "sla.uptime"),
        ({"sla": "99.9"}, "sla"),
        ({"certifications": [{"scheme": "ismap"}]}, "certifications[0].number"),
        ({"certifications": ["ismap"]}, "certifications[0]."),
        ({"certifications": {}}, "certifications"),
        ({"no_such": 1}, "no_such"),
    ],
)
def test_faults_are_named_by_path(changes, path):
    assert software_faults(**changes)[0] == path


@pytest.mark.parametrize(
    "answer",
    [{"end_of_service_notice_months": 0}, {"sla": {"availability_percent": "0"}}, {"api": False}, {"summary": ""}],
)
def test_faults_nothing_zero_and_no_are_answers(answer):
    assert software_faults(**answer) == []


@pytest.mark.parametrize("amount", ["-1", "1.234", "01", "1e3", "１", "", None, 300, "1" * 13])
def test_faults_of_amounts(amount):
    assert offer_faults(LINE | {"amount_yen": amount}) == ["price_lines[0].amount_yen"]


def test_faults_of_content_that_is_no_object():
    assert paths(fields.faults(["name"], fields.SOFTWARE, categories=CATEGORIES)) == ["$"]


def test_faults_of_an_open_upper_bound_and_of_none_at_all():
    assert offer_faults(LINE | {"to_quantity": None}) == []
    without = {name: value for name, value in LINE.items() if name != "to_quantity"}
    assert offer_faults(without) == ["price_lines[0].to_quantity"]
    assert offer_faults(without, draft=True) == []


def test_missing_names_top_level_and_begun_rows_in_form_order():
    told = content(
        summary="", data_ownership=None, support={"channels": ["mail"]}, certifications=[{"scheme": "ismap"}]
    )
    assert [lack.path for lack in fields.missing(told, fields.SOFTWARE)] == [
        "summary", "data_ownership", "certifications[0].number", "support.hours",
    ]  # fmt: skip
    [lack] = fields.missing(offer_content(price_lines=[LINE, LINE | {"item": ""}]), fields.OFFER)
    assert (lack.path, lack.label) == ("price_lines[1].item", "価格表2行目の品目")


def test_missing_takes_no_and_zero_for_answers():
    assert fields.missing(content(data_ownership=False, sla={"availability_percent": "0"}), fields.SOFTWARE) == []


def test_low_risk_holds_only_for_changes_of_low_risk_fields_alone():
    def judged(**changes):
        return fields.is_low_risk(fields.changes(content(), content(**changes), fields.SOFTWARE))

    assert judged(summary="新しい概要") is True
    assert judged() is False
    assert judged(summary="新しい概要", name="改名") is False
    never = {field.name for field in (*fields.SOFTWARE, *fields.OFFER) if not field.low_risk}
    assert {"price_lines", "certifications", "attachments", "disclosed_on", "data_location"} <= never


def test_changes_tell_nothing_apart_from_nothing():
    assert fields.changes(content(website=None), content(website=""), fields.SOFTWARE) == []


# Differences


def field(name):
    return next(each for each in (*fields.SOFTWARE, *fields.OFFER) if each.name == name)


def test_text_segments_weave_both_texts():
    found = text_segments("職員の出退勤を管理します。", "職員の出退勤と休暇を管理します。")
    assert "".join(s.text for s in found if s.op != "removed") == "職員の出退勤と休暇を管理します。"
    assert "".join(s.text for s in found if s.op != "added") == "職員の出退勤を管理します。"
    assert Segment("added", "と休暇") in found or Segment("added", "と休暇を") in found


def test_text_segments_of_a_long_text_are_quick():
    old = "勤怠を管理する機能です。" * 330
    assert {s.op for s in text_segments(old, old.replace("勤怠", "休暇", 5))} == {"same", "added", "removed"}


def test_item_segments_keep_the_new_order():
    assert item_segments(["甲", "乙"], ["乙", "丙"]) == (
        Segment("same", "乙"), Segment("added", "丙"), Segment("removed", "甲"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "op"),
    [(None, "text", "added"), ("text", "", "removed"), ("a", "b", "changed"), ("", None, "same"), ("a", "a", "same")],
)
def test_difference_of_a_text(before, after, op):
    assert difference(field("summary"), before, after, {}).op == op


def test_difference_of_yes_and_no_is_a_change():
    found = difference(field("api"), True, False, {})
    assert (found.op, [s.op for s in found.segments]) == ("changed", ["added", "removed"])


def test_difference_of_rows_follows_a_row_through_its_price():
    cheaper = LINE | {"amount_yen": "250"}
    found = difference(field("price_lines"), [LINE, LINE | {"item": "保守"}], [LINE | {"item": "研修"}, cheaper], {})
    assert [row.op for row in found.rows] == ["added", "changed", "removed"]
    [cell] = [cell for cell in found.rows[1].cells if cell.op == "changed"]
    assert (cell.before, cell.after) == ("300", "250")


def test_every_kind_of_field_has_a_form_field():
    from catalog.draft_forms import form_field

    for each in (*fields.SOFTWARE, *fields.OFFER, *fields.PRICE_LINE, *fields.CERTIFICATION):
        if each.kind is not Kind.LIST:
            assert form_field(each).label == each.label
