"""The whole way of a purchase, and everything on it that must be refused."""

from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse

from marketplace import clock
from marketplace.audit.models import AuditEvent
from marketplace.notifications.models import Notification
from marketplace.workflow import RuleViolation
from procurement import actions
from procurement.enums import ProcurementStatus, TenderStatus
from tests.factories.procurement import (
    bid_on,
    evaluated_tender,
    mark_as,
    mark_everything,
    marking_tender,
    officer,
    open_tender,
)

pytestmark = pytest.mark.django_db


def test_purchase_from_search_to_published_award():
    by = officer()
    tender = evaluated_tender(by)

    with clock.at(tender.opening_at):
        award = actions.award_tender(tender, evaluation=1, reason="総合評価点が最も高いため。", by=by)
        actions.publish_award(award, by=by)
        procurement = tender.procurement
        procurement.refresh_from_db()
        day = clock.today()
        actions.record_contract(
            procurement, number="令8契-1", amount_yen=7_700_000, signed_on=day, term_from=day, term_to=day, by=by
        )
        actions.close_procurement(procurement, by=by)

    procurement.refresh_from_db()
    tender.refresh_from_db()
    assert (procurement.status, tender.status) == (ProcurementStatus.CLOSED, TenderStatus.AWARDED)
    assert award.bid.prices == {"total": "7000000"}
    assert award.evaluation.result["winner"] == award.bid.company.name
    assert AuditEvent.objects.filter(type="procurement:closed").count() == 1
    assert [step.status for step in procurement.steps.all()] == [
        "draft", "searching", "selected", "tendering", "evaluating", "awarded", "contracted", "closed",
    ]  # fmt: skip
    assert Decimal(award.evaluation.result["bids"][0]["technical_points"]) == 90


def test_evaluator_who_left_does_not_hold_up_the_tender():
    by = officer()
    tender = marking_tender(by, evaluators=3)
    leaver = tender.assignments.order_by("pk").last()
    for assignment in tender.assignments.exclude(pk=leaver.pk).select_related("evaluator"):
        mark_as(assignment)
    actions.declare_conflict(leaver, has_conflict=False, by=leaver.evaluator)
    with pytest.raises(RuleViolation, match="1人"):
        actions.close_marking(tender, by=by)

    leaver.evaluator.memberships.update(ended_at=clock.now())

    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        evaluation = actions.open_prices(tender, by=by)
    assert {key for bid in evaluation.document["bids"] for key in bid["marks"]} == {"e1", "e2"}


def test_lost_key_refuses_the_opening_and_writes_nothing(settings):
    by = officer()
    tender = marking_tender(by)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    with clock.at(tender.opening_at), pytest.raises(RuleViolation, match="封印を開けません"):
        actions.open_prices(tender, by=by)
    tender.refresh_from_db()
    assert (tender.status, tender.opened_at) == (TenderStatus.MARKED, None)


def test_award_cancelled_after_publication_says_so(client):
    by = officer()
    tender = evaluated_tender(by)
    with clock.at(tender.opening_at):
        award = actions.award_tender(tender, evaluation=1, reason="最も高い点のため。", by=by)
        actions.publish_award(award, by=by)
        actions.end_procurement(
            tender.procurement, target=ProcurementStatus.CANCELLED, reason="予算が執行停止となったため。", by=by
        )
    page = client.get(reverse("procurement:award_detail", args=[tender.procurement.reference])).content.decode()
    assert "落札者の決定後に中止" in page
    assert "予算が執行停止となったため。" in page


def test_ending_tells_everybody_who_waits():
    by = officer()
    tender = open_tender(by)
    bidders = bid_on(tender)
    actions.end_procurement(tender.procurement, target=ProcurementStatus.CANCELLED, reason="仕様を見直すため。", by=by)
    told = Notification.objects.filter(event="procurement_ended")
    evaluators = [assignment.evaluator for assignment in tender.assignments.all()]
    assert {notification.user for notification in told} == {*bidders, *evaluators}
    assert all("仕様を見直すため。" in notification.body for notification in told)
