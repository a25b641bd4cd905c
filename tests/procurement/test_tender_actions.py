"""Every rule of the tender's actions, constraints and triggers: what must be refused, and what two people do at once."""

import datetime as dt
import json
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection, transaction

from marketplace import clock
from marketplace.audit.models import AuditEvent
from marketplace.notifications.models import Notification
from marketplace.workflow import RuleViolation
from procurement import actions, scoring, sealing
from procurement.enums import BidStatus, ProcurementStatus, TenderStatus
from procurement.evaluation import evaluate, parse_document
from procurement.models import Assignment, Award, Bid, BonusClaim, Criterion, Evaluation, Mark, Tender
from tests.factories.accounts import vendor
from tests.factories.companies import CompanyFactory, FactSnapshotFactory
from tests.factories.procurement import (
    BONUSES,
    CRITERIA,
    RULE,
    agency_of,
    bid_on,
    colleague,
    draft_procurement,
    evaluated_tender,
    low_price_tender,
    mark_everything,
    marking_tender,
    officer,
    open_tender,
    selected_procurement,
)

pytestmark = pytest.mark.django_db
SHEETS = Path(__file__).resolve().parents[3] / "shared" / "award-sheets"


def at_once(*acts):
    """Run the acts in threads that start together; return what each answered or raised, in order."""
    barrier, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        try:
            barrier.wait(10)
            answers[index] = act()
        except Exception as error:
            answers[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def refused(answers):
    return [answer for answer in answers if isinstance(answer, RuleViolation)]


def draft(by, **values):
    tender = actions.draft_tender(selected_procurement(by), by=by)
    now = clock.now()
    values = {
        "rule": RULE, "bids_due_at": now + dt.timedelta(days=7), "opening_at": now + dt.timedelta(days=14),
        "startup_reference_date": clock.today(), "startup_years": 10,
    } | values  # fmt: skip
    return actions.save_rule(tender, values=values, criteria=CRITERIA, bonuses=BONUSES, by=by)


# Rule and publication


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bids_due_at": None}, "提出期限"),
        ({"bids_due_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "過ぎて"),
        ({"startup_years": None}, "スタートアップ"),
    ],
)
def test_publication_refuses_what_would_fail_later(change, message):
    by = officer()
    tender = draft(by, **change)
    with pytest.raises(RuleViolation, match=message):
        actions.publish_tender(tender, ceiling_price=Decimal(9_000_000), by=by)


def test_publication_names_the_engines_faults():
    by = officer()
    tender = draft(by)
    with pytest.raises(RuleViolation, match="ceiling_price"):
        actions.publish_tender(tender, ceiling_price=None, by=by)


def test_publication_needs_a_criterion():
    by = officer()
    tender = draft(by)
    tender.criteria.all().delete()
    with pytest.raises(RuleViolation, match="評価項目"):
        actions.publish_tender(tender, ceiling_price=Decimal(9_000_000), by=by)


def test_published_rule_is_frozen_by_any_route():
    by = officer()
    tender = open_tender(by)
    with pytest.raises(RuleViolation):
        actions.save_rule(tender, values={"rule": {}}, criteria=[], bonuses=[], by=by)
    for change in (
        {"rule": {}}, {"rule_digest": "x"}, {"sealed_limits": b""}, {"price_tax": "included"},
        {"startup_years": 15}, {"startup_reference_date": dt.date(2020, 1, 1)},
    ):  # fmt: skip
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            Tender.objects.filter(pk=tender.pk).update(**change)
    row = tender.criteria.first()
    for change in (row.delete, lambda: tender.criteria.update(points=1), lambda: tender.bonuses.update(points=99)):
        with pytest.raises(DatabaseError, match="published tender"), transaction.atomic():
            change()
    with pytest.raises(DatabaseError, match="published tender"), transaction.atomic():
        Criterion.objects.create(tender=tender, key="c9", position=9, kind="mandatory", name="後から")


def test_officers_of_another_agency_publish_nothing():
    tender = draft(officer())
    with pytest.raises(PermissionDenied):
        actions.publish_tender(tender, ceiling_price=Decimal(1), by=officer())


@pytest.mark.django_db(transaction=True)
def test_double_click_publishes_once():
    by = officer()
    tender = draft(by)
    answers = at_once(*[lambda: actions.publish_tender(tender, ceiling_price=Decimal(9_000_000), by=by)] * 2)
    assert len(refused(answers)) == 1
    assert AuditEvent.objects.filter(type="tender:open").count() == 1
    assert tender.invitations.count() == 2


# Bids


def test_bid_one_second_late_is_refused_and_the_last_second_is_not():
    tender = open_tender()
    invitation = tender.invitations.first()
    bidder = vendor(company=invitation.company)
    bid = {"prices": {"total": Decimal(1)}, "proposal": "", "by": bidder}
    with clock.at(tender.bids_due_at), pytest.raises(RuleViolation, match="期限を過ぎた"):
        actions.submit_bid(invitation, **bid)
    with clock.at(tender.bids_due_at - dt.timedelta(microseconds=1)):
        actions.submit_bid(invitation, **bid)
    assert tender.bids.count() == 1


def test_amounts_are_sealed_as_the_document_writes_them():
    by = officer()
    tender = open_tender(by, ceiling=Decimal("9E+6"))
    invitation = tender.invitations.first()
    bid, _ = actions.submit_bid(
        invitation, prices={"total": Decimal("7E+6")}, proposal="", by=vendor(company=invitation.company)
    )
    assert sealing.unseal(bid.sealed_prices, bound_to=bid.reference) == {"total": "7000000"}
    assert sealing.unseal(tender.sealed_limits, bound_to=tender.reference)["ceiling_price"] == "9000000"


@pytest.mark.parametrize(
    "prices", [{}, {"total": Decimal(0)}, {"total": Decimal(1), "more": Decimal(1)}, {"other": Decimal(1)}]
)
def test_bid_prices_exactly_the_components(prices):
    invitation = open_tender().invitations.first()
    with pytest.raises(RuleViolation, match="1円以上"):
        actions.submit_bid(invitation, prices=prices, proposal="", by=vendor(company=invitation.company))


def test_bid_needs_the_invited_companys_own_hand():
    invitation = open_tender().invitations.first()
    with pytest.raises(PermissionDenied):
        actions.submit_bid(invitation, prices={"total": Decimal(1)}, proposal="", by=vendor())


def test_bid_needs_a_lot_number_where_none_stands_in():
    by = officer()
    tender = draft(by, rule=RULE | {"lot": {"missing_number": None}})
    tender = actions.publish_tender(tender, ceiling_price=Decimal(9_000_000), by=by)
    invitation = tender.invitations.first()
    bid = {"prices": {"total": Decimal(1)}, "proposal": "", "by": vendor(company=invitation.company)}
    with pytest.raises(RuleViolation, match="くじ番号"):
        actions.submit_bid(invitation, **bid)
    assert actions.submit_bid(invitation, lot_number=0, **bid)[0].lot_number == 0


def test_replaced_and_withdrawn_bids_stay_on_record():
    tender = open_tender()
    invitation = tender.invitations.first()
    bidder = vendor(company=invitation.company)
    first, _ = actions.submit_bid(invitation, prices={"total": Decimal(1)}, proposal="", by=bidder)
    second, _ = actions.submit_bid(invitation, prices={"total": Decimal(2)}, proposal="", by=bidder)
    actions.withdraw_bid(second, reason="体制が整わないため", by=bidder)
    assert list(tender.bids.values_list("reference", "status")) == [
        (first.reference, "replaced"),
        (second.reference, "withdrawn"),
    ]
    with pytest.raises(RuleViolation, match="辞退"):
        actions.withdraw_bid(second, reason="", by=bidder)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        second.delete()


def test_bid_seen_by_nobody_is_not_replaced_unawares():
    tender = open_tender()
    invitation = tender.invitations.first()
    bidder = vendor(company=invitation.company)
    bid = {"prices": {"total": Decimal(1)}, "proposal": "", "by": bidder}
    first, _ = actions.submit_bid(invitation, seen="", **bid)
    with pytest.raises(RuleViolation, match=first.reference):
        actions.submit_bid(invitation, seen="", **bid)
    second, _ = actions.submit_bid(invitation, seen=first.reference, **bid)
    actions.withdraw_bid(second, reason="", by=bidder)
    with pytest.raises(RuleViolation, match="すでに辞退"):
        actions.submit_bid(invitation, seen=second.reference, **bid)


def test_sealed_prices_are_unreadable_in_the_database():
    tender = open_tender(ceiling=Decimal(8_765_432))
    bid_on(tender, prices=(7_654_321, 6_543_210))
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM procurement_tender t UNION ALL SELECT b::text FROM procurement_bid b")
        rows = " ".join(row[0] for row in cursor.fetchall())
        cursor.execute(
            "SELECT sealed_prices FROM procurement_bid UNION ALL SELECT sealed_limits FROM procurement_tender"
        )
        envelopes = b" ".join(bytes(row[0]) for row in cursor.fetchall())
        cursor.execute("SELECT e::text FROM audit_auditevent e")
        rows += " ".join(row[0] for row in cursor.fetchall())
    for secret in ("7654321", "6543210", "8765432"):
        assert secret not in rows
        assert secret.encode() not in envelopes


def test_receipt_proves_the_price_and_a_swapped_envelope_stops_the_opening():
    tender = open_tender()
    invitation = tender.invitations.first()
    bid, salt = actions.submit_bid(
        invitation, prices={"total": Decimal(5_000_000)}, proposal="", by=vendor(company=invitation.company)
    )
    assert sealing.commitment({"total": "5000000"}, salt=salt) == bid.price_digest
    assert sealing.commitment({"total": "5000001"}, salt=salt) != bid.price_digest
    with pytest.raises(sealing.BrokenSeal):
        sealing.unseal(bid.sealed_prices, bound_to="BD-OTHER")
    with pytest.raises(sealing.BrokenSeal):
        sealing.unseal(bid.sealed_prices, bound_to=bid.reference, digest="sha256:" + "0" * 64)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Bid.objects.filter(pk=bid.pk).update(sealed_prices=b"other")


@pytest.mark.django_db(transaction=True)
def test_double_click_leaves_one_standing_bid():
    tender = open_tender()
    invitation = tender.invitations.first()
    bidder = vendor(company=invitation.company)

    def submit():
        return actions.submit_bid(invitation, prices={"total": Decimal(7)}, proposal="", seen="", by=bidder)

    answers = at_once(submit, submit)
    assert len(refused(answers)) == 1
    assert tender.bids.count() == 1


@pytest.mark.django_db(transaction=True)
def test_bid_and_deadline_at_once_leave_no_bid_without_a_letter():
    tender = open_tender()
    invitation = tender.invitations.first()
    bidder = vendor(company=invitation.company)
    Tender.objects.filter(pk=tender.pk).update(bids_due_at=clock.now() + dt.timedelta(seconds=0.4))
    tender.refresh_from_db()

    def close():
        while clock.now() < tender.bids_due_at:
            pass
        return actions.close_bids(tender)

    def bid():
        while clock.now() < tender.bids_due_at - dt.timedelta(milliseconds=5):
            pass
        return actions.submit_bid(invitation, prices={"total": Decimal(7)}, proposal="", by=bidder)

    at_once(close, bid)
    tender.refresh_from_db()
    assert tender.status == TenderStatus.MARKING
    assert not tender.bids.filter(label="").exists()
    assert all(each.submitted_at < tender.bids_due_at for each in tender.bids.all())


def test_closing_waits_for_the_deadline_and_happens_once():
    tender = open_tender()
    bid_on(tender)
    assert actions.close_bids(tender).status == TenderStatus.OPEN
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
        labels = set(tender.bids.values_list("label", flat=True))
        actions.close_bids(tender)
    assert labels == set(tender.bids.values_list("label", flat=True)) == {"A", "B"}
    assert AuditEvent.objects.filter(type="tender:marking").count() == 1


# Evaluators and marks


def test_evaluators_are_of_the_agency_and_decide_nothing():
    by = officer()
    tender = open_tender(by, evaluators=0)
    for person, reason in ((vendor(), "調達機関に所属"), (officer(), "調達機関に所属")):
        with pytest.raises(PermissionDenied, match=reason):
            actions.assign_evaluator(tender, evaluator=person, by=by)
    with pytest.raises(RuleViolation, match="担当官自身"):
        actions.assign_evaluator(tender, evaluator=by, by=by)
    other = officer(agency_of(by))
    with pytest.raises(RuleViolation, match="担当官自身"):  # the officer in charge, named by a colleague
        actions.assign_evaluator(tender, evaluator=by, by=other)
    actions.assign_evaluator(tender, evaluator=other, by=by)
    with pytest.raises(RuleViolation, match="すでに"):
        actions.assign_evaluator(tender, evaluator=other, by=by)
    for act in (actions.close_marking, actions.open_prices):
        with pytest.raises(PermissionDenied, match="評価委員"):
            act(tender, by=other)
    with pytest.raises(PermissionDenied, match="評価委員"):
        actions.award_tender(tender, evaluation=1, reason="私が決める", by=other)


def test_evaluator_is_replaced_before_declaring_and_stays_after():
    by = officer()
    tender = marking_tender(by)
    first, second = tender.assignments.all()
    actions.declare_conflict(first, has_conflict=True, by=first.evaluator)
    with pytest.raises(RuleViolation, match="申告を済ませた"):
        actions.remove_evaluator(first, by=by)
    actions.remove_evaluator(second, by=by)
    with pytest.raises(RuleViolation, match="すでに取り消"):
        actions.remove_evaluator(second, by=by)
    stand_in = actions.assign_evaluator(tender, evaluator=colleague(agency_of(by)), by=by)
    assert stand_in.key == "e2"


def test_conflict_can_be_found_while_marking_and_not_taken_back():
    tender = marking_tender()
    assignment = tender.assignments.first()
    by = assignment.evaluator
    with pytest.raises(PermissionDenied):
        actions.declare_conflict(assignment, has_conflict=False, by=tender.assignments.last().evaluator)
    actions.declare_conflict(assignment, has_conflict=False, by=by)
    actions.declare_conflict(assignment, has_conflict=True, by=by)
    for answer in (True, False):
        with pytest.raises(RuleViolation, match="申告済み"):
            actions.declare_conflict(assignment, has_conflict=answer, by=by)
    with pytest.raises(PermissionDenied, match="利害関係"):
        actions.hand_in_marks(assignment, by=by)


@pytest.mark.parametrize(
    ("position", "mark"),
    [(0, {"points": Decimal(1)}), (0, {}), (1, {"letter": "Z"}), (1, {"is_met": True}), (2, {"points": Decimal("40.1")}),
     (2, {"points": Decimal(-1)}), (2, {"letter": "A"})],
)  # fmt: skip
def test_mark_fits_its_criterion(position, mark):
    tender = marking_tender()
    assignment = tender.assignments.first()
    actions.declare_conflict(assignment, has_conflict=False, by=assignment.evaluator)
    with pytest.raises(RuleViolation, match="決められた範囲"):
        actions.save_mark(
            assignment,
            bid=tender.bids.first(),
            criterion=tender.criteria.all()[position],
            by=assignment.evaluator,
            **mark,
        )


def test_zero_is_a_mark_and_a_missing_mark_is_not():
    tender = marking_tender()
    assignment = tender.assignments.first()
    by = assignment.evaluator
    actions.declare_conflict(assignment, has_conflict=False, by=by)
    mandatory, scaled, pointed = tender.criteria.all()
    for bid in tender.bids.all():
        actions.save_mark(assignment, bid=bid, criterion=mandatory, is_met=False, by=by)
        actions.save_mark(assignment, bid=bid, criterion=scaled, letter="C", by=by)
        with pytest.raises(RuleViolation, match="採点していない"):
            actions.hand_in_marks(assignment, by=by)
        actions.save_mark(assignment, bid=bid, criterion=pointed, points=Decimal(0), by=by)
    actions.hand_in_marks(assignment, by=by)
    with pytest.raises(RuleViolation, match="提出済み"):
        actions.save_mark(assignment, bid=tender.bids.first(), criterion=pointed, points=Decimal(40), by=by)
    with pytest.raises(DatabaseError, match="handed in"), transaction.atomic():
        Mark.objects.update(comment="後から")


@pytest.mark.django_db(transaction=True)
def test_last_two_evaluators_at_once_tell_the_officer_once():
    by = officer()
    tender = marking_tender(by)
    mandatory, scaled, pointed = tender.criteria.all()
    assignments = list(tender.assignments.select_related("evaluator"))
    for assignment in assignments:
        mine = {"by": assignment.evaluator}
        actions.declare_conflict(assignment, has_conflict=False, **mine)
        for bid in tender.bids.all():
            actions.save_mark(assignment, bid=bid, criterion=mandatory, is_met=True, **mine)
            actions.save_mark(assignment, bid=bid, criterion=scaled, letter="A", **mine)
            actions.save_mark(assignment, bid=bid, criterion=pointed, points=Decimal(1), **mine)
    at_once(*[lambda each=each: actions.hand_in_marks(each, by=each.evaluator) for each in assignments])
    assert Assignment.objects.filter(submitted_at=None).count() == 0
    assert Notification.objects.filter(event="marks_complete").count() == 1


def test_marking_closes_only_when_everybody_without_conflict_handed_in():
    by = officer()
    tender = marking_tender(by)
    with pytest.raises(RuleViolation, match="提出していない評価委員が2人"):
        actions.close_marking(tender, by=by)
    conflicted = tender.assignments.first()
    actions.declare_conflict(conflicted, has_conflict=True, by=conflicted.evaluator)
    with pytest.raises(RuleViolation, match="2人以上"):
        actions.close_marking(tender, by=by)
    with pytest.raises(RuleViolation, match="現在の状態"):
        actions.open_prices(tender, by=by)


def test_trimmed_mean_needs_a_third_evaluator_before_the_opening():
    by = officer()
    tender = draft(by, rule=RULE | {"technical": RULE["technical"] | {"aggregate": "trimmed_mean"}})
    for _ in range(2):
        actions.assign_evaluator(tender, evaluator=colleague(agency_of(by)), by=by)
    tender = actions.publish_tender(tender, ceiling_price=Decimal(9_000_000), by=by)
    bid_on(tender)
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    mark_everything(tender)
    with pytest.raises(RuleViolation, match="3人以上"):
        actions.close_marking(tender, by=by)


# Claims


def claimed(by):
    """A tender closed with one startup's claim; the bid and its claim."""
    tender = open_tender(by)
    invitation = tender.invitations.first()
    FactSnapshotFactory(company=invitation.company)
    bonus = tender.bonuses.get()
    bid, _ = actions.submit_bid(
        invitation,
        prices={"total": Decimal(8_000_000)},
        proposal="",
        claims={bonus.pk: "クラウドの技術で事業を広げます。"},
        by=vendor(company=invitation.company),
    )
    with clock.at(tender.bids_due_at):
        tender = actions.close_bids(tender)
    return tender, bid.claims.get()


def test_claim_keeps_its_derivation_at_the_reference_date():
    _tender, claim = claimed(officer())
    assert claim.derivation["answer"] == "yes"
    FactSnapshotFactory(company=claim.bid.company, capital_yen=900_000_000, employees=900, as_of=dt.date(2026, 5, 1))
    claim.refresh_from_db()
    assert claim.derivation["answer"] == "yes"


def test_claim_is_decided_with_a_reason_before_prices_open():
    by = officer()
    tender, claim = claimed(by)
    with pytest.raises(RuleViolation, match="理由"):
        actions.decide_claim(claim, accept=True, reason=" ", by=by)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at), pytest.raises(RuleViolation, match="すべて確認"):
        actions.open_prices(tender, by=by)
    actions.decide_claim(claim, accept=False, reason="書類がない。", by=by)
    actions.decide_claim(claim, accept=True, reason="登記で確認した。", by=by)
    with clock.at(tender.opening_at):
        evaluation = actions.open_prices(tender, by=by)
    assert evaluation.result["bids"][0]["bonus_points"] == "10"
    with pytest.raises(RuleViolation, match="開札までの間"):
        actions.decide_claim(claim, accept=False, reason="やはり認めない。", by=by)


def test_refused_claim_earns_nothing():
    by = officer()
    tender, claim = claimed(by)
    mark_everything(tender)
    actions.decide_claim(claim, accept=False, reason="役員名簿がない。", by=by)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        evaluation = actions.open_prices(tender, by=by)
    assert evaluation.result["bids"][0]["bonus_points"] == "0"


# Opening, award


def test_prices_wait_for_the_day_of_opening():
    by = officer()
    tender = marking_tender(by)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with (
        clock.at(tender.opening_at - dt.timedelta(seconds=1)),
        pytest.raises(RuleViolation, match="開札予定日時より前"),
    ):
        actions.open_prices(tender, by=by)
    assert not tender.bids.exclude(prices=None).exists()


@pytest.mark.django_db(transaction=True)
def test_double_click_awards_once():
    by = officer()
    tender = evaluated_tender(by)
    answers = at_once(*[lambda: actions.award_tender(tender, evaluation=1, reason="最上位のため。", by=by)] * 2)
    assert len(refused(answers)) == 1
    assert Award.objects.count() == 1


def test_award_refuses_an_evaluation_that_is_no_longer_the_newest():
    by = officer()
    tender = evaluated_tender(by)
    loser = tender.bids.order_by("pk").first()
    actions.disqualify_bid(loser, reason="必要な書類がないため。", by=by)
    with pytest.raises(RuleViolation, match="計算し直されました"):
        actions.award_tender(tender, evaluation=1, reason="最上位のため。", by=by)
    assert actions.award_tender(tender, evaluation=2, reason="最上位のため。", by=by).evaluation.number == 2


def test_low_leader_is_provisional_and_falls_to_the_next_when_disqualified():
    by = officer()
    tender = low_price_tender(by, prices=(8_000_000, 7_000_000))
    dear, cheap = tender.bids.order_by("pk")
    first = tender.evaluations.get().result
    assert (first["winner"], first["provisional"], first["next"]) == (cheap.company.name, True, dear.company.name)
    second = actions.disqualify_bid(cheap, reason="履行できる根拠が示されない。", by=by)
    assert (second.result["winner"], second.result["provisional"]) == (dear.company.name, False)
    assert [row["outcome"] for row in second.result["bids"]] == ["ranked", "invalid"]
    award = actions.award_tender(tender, evaluation=2, reason="次に有利なため。", by=by)
    assert award.bid == dear
    assert Evaluation.objects.get(number=1).result == first


def test_low_leader_is_awarded_with_the_investigations_outcome():
    by = officer()
    tender = low_price_tender(by, prices=(8_000_000, 7_000_000))
    with pytest.raises(RuleViolation, match="理由"):
        actions.award_tender(tender, evaluation=1, reason="", by=by)
    award = actions.award_tender(tender, evaluation=1, reason="調査の結果、履行できると認めた。", by=by)
    assert award.bid.prices == {"total": "7000000"}


def test_tie_is_resolved_by_the_lot_alone():
    by = officer()
    tender = open_tender(by)
    for invitation, number in zip(tender.invitations.all(), (1, 2), strict=True):
        actions.submit_bid(
            invitation,
            prices={"total": Decimal(8_000_000)},
            proposal="",
            lot_number=number,
            by=vendor(company=invitation.company),
        )
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        evaluation = actions.open_prices(tender, by=by)
    second = tender.bids.order_by("pk").last()
    assert evaluation.result["tie"]["resolved_by"] == "lot"
    assert evaluation.result["winner"] == second.company.name  # (1 + 2) mod 2 = 1: the second in order


def test_award_needs_a_winner():
    by = officer()
    tender = open_tender(by, ceiling=Decimal(1_000_000))
    bid_on(tender)
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        evaluation = actions.open_prices(tender, by=by)
    assert {row["outcome"] for row in evaluation.result["bids"]} == {"over_ceiling"}
    with pytest.raises(RuleViolation, match="該当なし"):
        actions.award_tender(tender, evaluation=1, reason="なし", by=by)
    ended = actions.end_procurement(
        tender.procurement, target=ProcurementStatus.NONE_SUITABLE, reason="全員が予定価格を超えた。", by=by
    )
    assert ended.status == ProcurementStatus.NONE_SUITABLE


def test_bid_taken_back_and_handed_in_anew_counts_once():
    by = officer()
    tender = open_tender(by)
    first, other = tender.invitations.all()
    bidder = vendor(company=first.company)
    early, _ = actions.submit_bid(first, prices={"total": Decimal(5_000_000)}, proposal="", by=bidder)
    actions.withdraw_bid(early, reason="", by=bidder)
    actions.submit_bid(first, prices={"total": Decimal(6_000_000)}, proposal="", by=bidder)
    gone, _ = actions.submit_bid(
        other, prices={"total": Decimal(4_000_000)}, proposal="", by=vendor(company=other.company)
    )
    actions.withdraw_bid(gone, reason="", by=vendor(company=other.company))
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        evaluation = actions.open_prices(tender, by=by)
    assert [(row["id"], row["outcome"]) for row in evaluation.result["bids"]] == [
        (first.company.name, "ranked"),
        (other.company.name, "withdrawn"),
    ]
    assert "prices" not in evaluation.document["bids"][1]


def test_adoption_counts_agencies_not_contracts():
    by = officer()
    tender = evaluated_tender(by)
    actions.award_tender(tender, evaluation=1, reason="最上位のため。", by=by)
    day = clock.today()
    contract = {"number": "1", "amount_yen": 1, "signed_on": day, "term_from": day, "term_to": day, "by": by}
    made = actions.record_contract(tender.procurement, **contract)
    with pytest.raises(RuleViolation):
        actions.record_contract(tender.procurement, **contract)
    software = made.software
    software.refresh_from_db()
    assert software.adoption_count == 1
    assert software.search_document.adoptions == 1


def test_award_is_published_once_and_its_evaluation_never_changes():
    by = officer()
    tender = evaluated_tender(by)
    award = actions.award_tender(tender, evaluation=1, reason="最上位のため。", by=by)
    actions.publish_award(award, by=by)
    with pytest.raises(RuleViolation, match="すでに公表"):
        actions.publish_award(award, by=by)
    for change in (
        lambda: Evaluation.objects.update(reason="x"),
        lambda: Award.objects.update(reason="x"),
        lambda: Award.objects.all().delete(),
        lambda: Mark.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match=r"Cannot|handed in"), transaction.atomic():
            change()


# A published sheet through the application's own actions


def test_mlit_sheet_is_reproduced_through_the_actions():
    sheet = json.loads((SHEETS / "mlit-a.json").read_text())
    document, expected = sheet["document"], sheet["expected"]
    by = officer()
    procurement = draft_procurement(by, title=document["title"])
    tender = actions.draft_tender(procurement, by=by, past_sheet=True)
    now = clock.now()
    rule = {
        name: document[name]
        for name in ("method", "technical", "mandatory_rule", "division", "total", "ties", "lot", "source")
    }
    actions.save_rule(
        tender,
        values={"rule": rule, "bids_due_at": now + dt.timedelta(days=1), "opening_at": now + dt.timedelta(days=1)},
        criteria=[],
        bonuses=[],
        by=by,
    )
    companies = {bid["id"]: CompanyFactory(name=bid["id"]) for bid in document["bids"]}
    tender = actions.publish_tender(
        tender,
        ceiling_price=Decimal(document["ceiling_price"]),
        low_price_threshold=Decimal(document["low_price_threshold"]),
        companies=companies.values(),
        by=by,
    )
    rows = {}
    for invitation, bid in zip(tender.invitations.select_related("company"), document["bids"], strict=True):
        prices = {name: Decimal(price) for name, price in bid["prices"].items()}
        rows[bid["id"]], _ = actions.submit_bid(
            invitation, prices=prices, proposal="", by=vendor(company=invitation.company)
        )
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
        with pytest.raises(RuleViolation, match="4件"):
            actions.close_marking(tender, by=by)
        for bid in document["bids"]:
            actions.enter_technical_points(rows[bid["id"]], points=Decimal(bid["technical_points"]), by=by)
        actions.close_marking(tender, by=by)
        evaluation = actions.open_prices(tender, by=by)

    result = evaluation.result
    assert (result["winner"], result["standard_value"]) == (expected["winner"], expected["standard_value"])
    assert {row["id"]: {"outcome": row["outcome"], "total": row["total"]} for row in result["bids"]} == expected["bids"]
    assert evaluate(parse_document(evaluation.document)).as_dict() == result
    without_lot = [{key: bid[key] for key in bid if key != "lot_order"} for bid in evaluation.document["bids"]]
    assert without_lot == document["bids"]
    assert (
        actions.award_tender(tender, evaluation=1, reason="評価値が最も高いため。", by=by).bid
        == rows[expected["winner"]]
    )


# What the database refuses by itself


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("tender_status_known", {"status": "gone"}),
        ("tender_price_tax_known", {"price_tax": "none"}),
        ("tender_published_is_complete", {"bids_due_at": None}),
        ("tender_opening_after_due", {"opening_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}),
        ("tender_marks_close_before_prices_open", {"opened_at": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)}),
        ("tender_marked_at_and_by", {"marked_at": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)}),
    ],
)
def test_tender_constraint(name, change):
    tender = open_tender()
    if name in ("tender_status_known", "tender_price_tax_known"):  # the triggers would refuse these first
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Tender.objects.filter(pk=tender.pk).update(**change)


def test_tender_opened_at_and_by():
    tender = marking_tender()
    now = clock.now()
    with pytest.raises(IntegrityError, match="tender_opened_at_and_by"), transaction.atomic():
        Tender.objects.filter(pk=tender.pk).update(marked_at=now, marked_by=officer(), opened_at=now)


def test_tender_takes_no_step_that_is_not_drawn():
    tender = open_tender()
    with pytest.raises(DatabaseError, match="Invalid transition"), transaction.atomic():
        Tender.objects.filter(pk=tender.pk).update(status=TenderStatus.EVALUATED)


def _bid_fields(tender):
    invitation = tender.invitations.first()
    return {
        "tender": tender, "invitation": invitation, "company": invitation.company, "sealed_prices": b"x",
        "price_digest": "sha256:x", "submitted_by": officer(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bid_status_known", {"status": "gone", "ended": True}),
        ("bid_one_standing_per_invitation", {}),
        ("bid_label_unique", {"label": "A", "status": BidStatus.INVALID, "ended": True}),
        ("bid_lot_number_range", {"lot_number": 1000, "status": BidStatus.INVALID, "ended": True}),
        ("bid_ended_at_and_by", {"status": BidStatus.WITHDRAWN}),
    ],
)
def test_bid_constraint(name, values):
    tender = open_tender()
    fields = _bid_fields(tender)
    Bid.objects.create(**fields, label="A")
    if values.pop("ended", False):
        values |= {"ended_at": clock.now(), "ended_by": fields["submitted_by"]}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Bid.objects.create(**fields | values)


def test_claim_constraints():
    _tender, claim = claimed(officer())
    with pytest.raises(IntegrityError, match="claim_decided_says_why"), transaction.atomic():
        BonusClaim.objects.filter(pk=claim.pk).update(status="accepted")
    with pytest.raises(IntegrityError, match="claim_once_per_bonus"), transaction.atomic():
        BonusClaim.objects.create(bid=claim.bid, bonus=claim.bonus)


def test_assignment_constraints():
    by = officer()
    tender = open_tender(by, evaluators=1)
    row = tender.assignments.get()
    other = colleague(agency_of(by))
    for name, values in (
        ("assignment_once", {"evaluator": row.evaluator, "key": "e9"}),
        ("assignment_key_unique", {"evaluator": other, "key": row.key}),
        ("assignment_declared_pair", {"evaluator": other, "key": "e9", "declared_at": clock.now()}),
        ("assignment_submits_without_conflict", {"evaluator": other, "key": "e9", "submitted_at": clock.now()}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Assignment.objects.create(tender=tender, assigned_by=by, **values)


def test_mark_constraints():
    tender = marking_tender()
    row = {"assignment": tender.assignments.first(), "bid": tender.bids.first(), "criterion": tender.criteria.first()}
    for values in ({}, {"is_met": True, "points": 1}, {"letter": "A", "points": 0}, {"points": -1}):
        with pytest.raises(IntegrityError, match="mark_says_exactly_one_thing"), transaction.atomic():
            Mark.objects.create(**row, **values)
    Mark.objects.create(**row, points=0)
    with pytest.raises(IntegrityError, match="mark_once"), transaction.atomic():
        Mark.objects.create(**row, is_met=True)


def test_rule_row_constraints():
    tender = draft(officer())
    row = {"tender": tender, "key": "c9", "position": 9, "name": "項目"}
    for values in ({"kind": "mandatory", "points": 1}, {"kind": "scored"}, {"kind": "scored", "points": 0}):
        with pytest.raises(IntegrityError, match="criterion_points_iff_scored"), transaction.atomic():
            Criterion.objects.create(**row, **values)
    with pytest.raises(IntegrityError, match="criterion_key_unique"), transaction.atomic():
        Criterion.objects.create(**row | {"key": "c1"}, kind="mandatory")
    with pytest.raises(IntegrityError, match="bonus_points_above_zero"), transaction.atomic():
        tender.bonuses.create(key="b9", kind="wage", label="賃上げ", points=0)
    with pytest.raises(IntegrityError, match="bonus_key_unique"), transaction.atomic():
        tender.bonuses.create(key="b1", kind="wage", label="賃上げ", points=1)


def test_decision_constraints():
    by = officer()
    tender = evaluated_tender(by)
    evaluation = tender.evaluations.get()
    with pytest.raises(IntegrityError, match="evaluation_number_unique"), transaction.atomic():
        Evaluation.objects.create(
            tender=tender, number=1, document={}, result={}, document_digest="", reason="", computed_at=clock.now()
        )
    award = actions.award_tender(tender, evaluation=evaluation.number, reason="最上位のため。", by=by)
    with pytest.raises(IntegrityError, match="award_published_at_and_by"), transaction.atomic():
        Award.objects.filter(pk=award.pk).update(published_at=clock.now())
    day = clock.today()
    contract = {"number": "1", "amount_yen": 1, "signed_on": day, "term_from": day, "term_to": day, "by": by}
    for name, values in (
        ("contract_amount_above_zero", {"amount_yen": 0}),
        ("contract_term_in_order", {"term_to": day - dt.timedelta(days=1)}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            actions.record_contract(tender.procurement, **contract | values)


def test_invitation_once():
    tender = open_tender()
    row = tender.invitations.first()
    with pytest.raises(IntegrityError, match="invitation_once"), transaction.atomic():
        tender.invitations.create(company=row.company, candidate=row.candidate)


def test_weights_count_the_best_of_each_group_once():
    document = scoring.read_rule(
        scoring.compose_rule("件名", RULE, [], [])
        | {
            "bonuses": [
                {"id": "a", "label": "a", "points": "5", "group": "w"},
                {"id": "b", "label": "b", "points": "3", "group": "w"},
                {"id": "c", "label": "c", "points": "2", "group": None},
            ]
        }
    )
    assert scoring.weights(document).bonus == 7
