"""What the automated checks see, field by field."""

import datetime as dt

import pytest

from catalog import checks
from catalog.enums import Severity
from tests.factories.catalog import content, offer_content

TODAY = dt.date(2026, 11, 23)
LONG = "出退勤の打刻、休暇の申請、時間外勤務の集計を一つの画面で行い、給与システムへ渡します。締め処理も自動で、所属長は未処理の申請だけを確かめます。"
LINE = offer_content()["price_lines"][0]


def software(**changes):
    told = content(**({"description": LONG} | changes))
    return [(field, severity) for field, _check, severity, _message in checks.check_software(told, today=TODAY)]


def offer(*lines):
    return [field for field, *_rest in checks.check_offer(offer_content(price_lines=list(lines)))]


def certificate(**changes):
    return {"certifications": [{"scheme": "ismap", "number": "C21-0001-2", "expires_on": "2027-12-31"} | changes]}


def test_sound_content_has_no_finding():
    assert software() == []
    assert offer(LINE) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"name_kana": ""}, ("name_kana", Severity.ERROR)),
        ({"summary": "ＫＩＮＴＡＩ", "name": "kintai"}, ("summary", Severity.WARNING)),
        ({"description": LONG[:59]}, ("description", Severity.WARNING)),
        ({"sla": {"availability_percent": "98.999"}}, ("sla.availability_percent", Severity.WARNING)),
        ({"sla": {"availability_percent": "0"}}, ("sla.availability_percent", Severity.WARNING)),
        ({"disclosed_on": "2026-11-24"}, ("disclosed_on", Severity.ERROR)),
        ({"disclosed_on": "2024-11-23"}, ("disclosed_on", Severity.ERROR)),
        (certificate(expires_on="2026-11-22"), ("certifications[0].expires_on", Severity.ERROR)),
        (certificate(expires_on="2027-02-20"), ("certifications[0].expires_on", Severity.WARNING)),
        (certificate(number="21-0001"), ("certifications[0].number", Severity.WARNING)),
        (certificate(scheme="privacy_mark", number="C21-0001-2"), ("certifications[0].number", Severity.WARNING)),
    ],
)
def test_findings_name_field_and_severity(changes, found):
    assert software(**changes) == [found]


@pytest.mark.parametrize(
    "changes",
    [
        {"sla": {"availability_percent": "99"}},
        {"disclosed_on": "2026-11-23"},
        {"disclosed_on": "2024-11-24"},
        {"description": LONG[:60]},
        certificate(expires_on="2027-02-21"),
        certificate(expires_on=""),
        certificate(scheme="iso27001", number="どんな番号でも"),
        certificate(scheme="ismap_liu", number="L24-0001-1"),
        certificate(scheme="privacy_mark", number="10820001(05)"),
    ],
)
def test_findings_at_the_boundary_are_none(changes):
    assert software(**changes) == []


def test_price_findings_name_the_first_line_concerned():
    assert offer(LINE, LINE | {"item": "保守", "from_quantity": 0}) == ["price_lines[1]"]
    assert offer(LINE | {"to_quantity": 10}, LINE | {"from_quantity": 10}) == ["price_lines[0]"]


def test_price_table_without_lines_is_incomplete():
    assert offer() == ["price_lines"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": "勤怠　ヒロバ２"}, []),
        ({"name": "勤怠ひろば"}, ["name"]),
        ({"name": "まったく別", "description": LONG}, ["description"]),
        ({"description": LONG}, ["description", "name"]),
    ],
)
def test_duplicates_of_a_listing_are_found(changes, fields):
    from catalog import actions, tasks
    from catalog.models import Finding
    from tests.factories.accounts import vendor
    from tests.factories.catalog import listed_software
    from tests.factories.companies import MasterAgreementFactory

    listed_software(description=LONG)
    by = vendor(company=MasterAgreementFactory().company)
    company = by.active_memberships[0].company
    told = content(**({"name": "勤怠ひろば", "description": LONG[::-1]} | changes))
    new = actions.create_software(company=company, content=told, by=by).software
    actions.create_offer(software=new, company=company, content=offer_content(), by=by)
    review = actions.submit_drafts(new, company=company, by=by)
    tasks.check_review(review.pk)
    assert sorted(Finding.objects.filter(check_name="duplicate").values_list("field", flat=True)) == fields
