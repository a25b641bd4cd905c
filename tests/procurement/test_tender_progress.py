"""Who acts next, how deadlines and points read, and what the scanner's answers do to a proposal's file."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile

from marketplace import clock, malware
from procurement import actions, progress
from procurement.enums import TenderStatus
from procurement.models import BidAttachment
from procurement.progress import Waiting
from procurement.tasks import SCAN_RETRY, sweep
from procurement.templatetags.tender import moment, points, remaining
from tests.factories.procurement import bid_on, open_tender

NOW = dt.datetime(2026, 12, 1, 8, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def tender(status, **values):
    times = dict.fromkeys(("published_at", "closed_at", "marked_at", "opened_at"))
    return SimpleNamespace(
        **times | {"status": status, "bids_due_at": NOW + HOUR, "opening_at": NOW + 24 * HOUR} | values
    )


@pytest.mark.parametrize(
    ("status", "waiting", "known", "who", "what"),
    [
        ("draft", {}, {}, "契約担当官", "公告"),
        ("open", {}, {}, "招待された事業者", "入札書を提出"),
        ("marking", {}, {}, "契約担当官", "該当なし"),
        ("marking", {"bids": 2, "evaluators": 1, "claims": 1}, {}, "評価委員", "未提出 1人"),
        ("marking", {"bids": 2, "claims": 1}, {}, "契約担当官", "確定"),
        ("marked", {"bids": 2, "claims": 1}, {}, "契約担当官", "未確認 1件"),
        ("marked", {"bids": 2}, {}, "契約担当官", "開札します"),
        ("evaluated", {}, {}, "契約担当官", "落札者を決定"),
        ("awarded", {}, {}, "契約担当官", "公表"),
        ("awarded", {}, {"is_published": True}, "契約担当官", "契約を結び"),
        ("awarded", {}, {"is_published": True, "is_contracted": True}, "", "終わりました"),
        ("cancelled", {}, {}, "", "取りやめ"),
    ],
)
def test_next_act_names_who_and_what(status, waiting, known, who, what):
    found = progress.next_act(tender(status), now=NOW, waiting=Waiting(**waiting), **known)
    assert found.who == who
    assert what in found.what


def test_closing_is_told_from_the_time_to_the_second():
    due = tender("open", bids_due_at=NOW)
    assert progress.is_closing(due, now=NOW)
    assert not progress.is_closing(due, now=NOW - dt.timedelta(seconds=1))
    assert progress.next_act(due, now=NOW, waiting=Waiting()).who == "システム"


@pytest.mark.parametrize("status", TenderStatus.values)
def test_steps_have_one_current_stretch_unless_it_is_over(status):
    states = [step["state"] for step in progress.steps(tender(status))]
    assert states.count("current") == (status != TenderStatus.CANCELLED)


def test_cancelled_tender_shows_how_far_it_came():
    states = [step["state"] for step in progress.steps(tender("cancelled", published_at=NOW, closed_at=NOW))]
    assert states == ["done", "done", "todo", "todo", "todo", "todo"]


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (dt.timedelta(days=3, hours=4, minutes=59), "あと3日4時間"),
        (dt.timedelta(days=2), "あと2日"),
        (dt.timedelta(hours=2, minutes=5), "あと2時間5分"),
        (dt.timedelta(seconds=1), "あと1分"),
        (dt.timedelta(0), "期限を過ぎました"),
    ],
)
def test_remaining_tells_the_two_largest_units(left, text):
    with clock.at(NOW):
        assert remaining(NOW + left) == text


def test_moment_has_its_weekday_in_tokyo():
    assert moment(NOW) == "2026年12月1日（火）17:00"
    assert moment(None) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "―"), (Decimal("0.0000"), "0"), (Decimal("12.5000"), "12.5"), (Decimal("1234"), "1,234"),
        ("324.1751", "324.1751"), ("36.9740", "36.9740"), ("11.111111111111", "11.1111…"), ("-0.5", "-0.5"), ("適合 2/2", "適合 2/2"),
    ],
)  # fmt: skip
def test_points_read_as_published(value, text):
    assert points(value) == text


@pytest.fixture
def attachment(db):
    tender = open_tender()
    bid_on(tender, prices=(1,))
    return BidAttachment.objects.create(
        bid=tender.bids.get(), file=ContentFile(b"%PDF-", name="x.pdf"), name="x.pdf", content_type="application/pdf",
        size=5, sha256="0" * 64,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "clean"),
    [(malware.Outcome.CLEAN, True), (malware.Outcome.INFECTED, False), (malware.Outcome.NOT_SCANNED, None)],
)
def test_scan_decides_whether_a_proposal_opens(monkeypatch, attachment, outcome, clean):
    monkeypatch.setattr(malware, "scan", lambda file: malware.Verdict(outcome))
    assert actions.scan_attachment(attachment).is_clean is clean


def test_silent_scanner_is_asked_again_by_the_sweep(monkeypatch, settings, attachment):
    answers = iter([malware.ScanError("busy"), malware.Verdict(malware.Outcome.CLEAN)])

    def scan(file):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(malware, "scan", scan)
    assert actions.scan_attachment(attachment).is_clean is None
    settings.CLAMD_SOCKET = "/run/clamd"
    sweep()  # too early
    attachment.refresh_from_db()
    assert attachment.is_clean is None
    with clock.at(clock.now() + SCAN_RETRY):
        sweep()
    attachment.refresh_from_db()
    assert attachment.is_clean is True
