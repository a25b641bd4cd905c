"""The whole way of a purchase, and everything on it that must be refused."""

from decimal import Decimal

import pytest

from marketplace import clock
from marketplace.audit.models import AuditEvent
from procurement import actions
from procurement.enums import ProcurementStatus, TenderStatus
from tests.factories.procurement import evaluated_tender, officer

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
