"""The pages of a tender: who gets in, what nobody sees, what stays when something is refused, and how many queries it takes."""

import datetime as dt
import json
import re
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from marketplace import clock
from marketplace.accounts.enums import GbizAccountType
from marketplace.accounts.models import User
from marketplace.companies.models import Company
from marketplace.workflow import RuleViolation
from procurement import actions, scoring, sealing
from procurement.enums import BidStatus, ClaimStatus, ProcurementStatus, TenderStatus
from procurement.evaluation import evaluate, load_json, parse_document
from procurement.models import Bid, BidAttachment, BonusClaim, Mark, Procurement, Tender
from procurement.proposal_files import clear_unconfirmed
from procurement.tasks import sweep
from tests.factories.accounts import MembershipFactory, vendor
from tests.factories.companies import CompanyFactory, FactSnapshotFactory
from tests.factories.procurement import (
    CRITERIA,
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
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def at(name, *args):
    return reverse(f"procurement:{name}", args=args)


def text(response):
    return response.content.decode()


def published(by=None, **kwargs):
    by = by or officer()
    tender = evaluated_tender(by, **kwargs)
    award = actions.award_tender(tender, evaluation=1, reason="総合評価点が最も高いため。", by=by)
    actions.publish_award(award, by=by)
    tender.refresh_from_db()
    return tender


def test_results_name_bidders_as_computed_after_one_is_renamed(client):
    by = officer()
    tender = evaluated_tender(by)
    winner = scoring.winning_bid(tender, tender.evaluations.get())
    before = winner.company.name
    Company.objects.filter(pk=winner.company_id).update(name="改名後の株式会社")
    client.force_login(by)
    award = actions.award_tender(tender, evaluation=1, reason="総合評価点が最も高いため。", by=by)
    assert award.bid == winner
    actions.publish_award(award, by=by)
    pages = [
        at("evaluation_detail", tender.reference),
        at("evaluation_pdf", tender.reference),
        at("notice_pdf", winner.reference),
        at("award_detail", tender.procurement.reference),
        at("award_report", tender.procurement.reference),
    ]
    for page in pages:
        assert client.get(page).status_code == 200, page
    client.force_login(winner.submitted_by)
    response = client.get(at("tender_detail", tender.reference))
    assert response.context["rows"][0]["own"]["id"] == before


@pytest.mark.parametrize("number", ["²", "9" * 5000, "9" * 12, "x"])
def test_evaluation_number_that_is_none_is_no_error(client, number):
    by = officer()
    tender = evaluated_tender(by)
    client.force_login(by)
    assert client.get(at("evaluation_detail", tender.reference), {"number": number}).status_code in (200, 404)


@pytest.mark.parametrize("total", ["²", "9" * 5000, "-1"])
def test_row_count_that_is_none_is_no_error(client, total):
    by = officer()
    tender = actions.draft_tender(selected_procurement(by), by=by)
    client.force_login(by)
    response = client.post(
        at("tender_rule", tender.reference), {"criterion-TOTAL_FORMS": total, "add": "criterion", "step": "criterion"}
    )
    assert response.status_code in (200, 422)


def test_evaluator_who_left_the_agency_sees_and_marks_nothing(client):
    tender = marking_tender()
    assignment = tender.assignments.select_related("evaluator").first()
    evaluator = assignment.evaluator
    actions.declare_conflict(assignment, has_conflict=False, by=evaluator)
    bid = tender.bids.first()
    BidAttachment.objects.create(
        bid=bid, file=SimpleUploadedFile("a.pdf", PDF), name="a.pdf", content_type="application/pdf", size=len(PDF),
        sha256="0" * 64, is_clean=True,
    )  # fmt: skip
    pages = [
        at("tender_detail", tender.reference),
        at("marking", tender.reference),
        at("proposal_mark", tender.reference, bid.label),
        at("bid_attachment", bid.reference, "0" * 64),
    ]
    client.force_login(evaluator)
    for page in pages:
        assert client.get(page, follow=True).status_code == 200, page
    evaluator.memberships.update(ended_at=clock.now())
    for page in pages:
        assert client.get(page).status_code == 404, page
    criterion = tender.criteria.first()
    with pytest.raises(PermissionDenied):
        actions.save_mark(assignment, bid=bid, criterion=criterion, is_met=True, by=User.objects.get(pk=evaluator.pk))


def test_contract_amount_beyond_what_can_be_stored_is_shown_at_its_field(client):
    by = officer()
    tender = evaluated_tender(by)
    actions.award_tender(tender, evaluation=1, reason="総合評価点が最も高いため。", by=by)
    client.force_login(by)
    response = client.post(
        at("contract_create", tender.procurement.reference),
        {
            "number": "1",
            "amount_yen": "9" * 25,
            "signed_on": "2027-03-01",
            "term_from": "2027-04-01",
            "term_to": "2030-03-31",
        },
    )
    assert response.status_code == 422
    assert "amount_yen" in response.context["form"].errors


def test_award_of_a_cancelled_procurement_is_not_published():
    by = officer()
    tender = evaluated_tender(by)
    award = actions.award_tender(tender, evaluation=1, reason="総合評価点が最も高いため。", by=by)
    actions.end_procurement(
        tender.procurement, target=ProcurementStatus.CANCELLED, reason="予算がなくなったため。", by=by
    )
    with pytest.raises(RuleViolation, match="中止"):
        actions.publish_award(award, by=by)


# Who gets in


OFFICER_PAGES = (
    "tender_detail", "tender_trial", "marking_close", "tender_open", "evaluation_detail", "evaluation_pdf",
    "evaluation_json",
)  # fmt: skip


@pytest.mark.parametrize("name", OFFICER_PAGES)
def test_officers_pages_exist_for_their_agency_alone(client, name):
    by = officer()
    tender = evaluated_tender(by)
    outsiders = [
        officer(),
        vendor(),
        MembershipFactory(evaluator=True).user,
        MembershipFactory(administrator=True).user,
    ]
    client.force_login(by)
    assert client.get(at(name, tender.reference)).status_code == 200
    for outsider in outsiders:
        client.force_login(outsider)
        assert client.get(at(name, tender.reference)).status_code == 404
    client.logout()
    assert client.get(at(name, tender.reference)).status_code == 302


@pytest.mark.parametrize(
    "name", ["tender_publish", "marking_close", "tender_open", "evaluation_detail", "tender_award", "evaluation_json"]
)
def test_buyers_look_and_officers_decide(client, name):
    by = officer()
    tender = evaluated_tender(by)
    client.force_login(colleague(agency_of(by), role="buyer"))
    page = client.get(at("tender_detail", tender.reference))
    assert page.status_code == 200
    assert "7,000,000" not in text(page)
    assert client.get(at(name, tender.reference)).status_code == 403


def test_officer_who_judges_decides_nothing_and_sees_it_blind(client):
    by = officer()
    tender = open_tender(by)
    judge = officer(agency_of(by))
    actions.assign_evaluator(tender, evaluator=judge, by=by)
    bid_on(tender)
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    client.force_login(judge)
    assert client.get(at("tender_detail", tender.reference)).url == at("marking", tender.reference)
    for name in ("marking_close", "tender_open", "evaluation_detail", "tender_trial"):
        assert client.get(at(name, tender.reference)).status_code == 404
    claim_like = tender.bids.first()
    assert client.get(at("bid_disqualify", claim_like.reference)).status_code == 403


def test_vendor_sees_tenders_it_was_invited_to_once_published(client):
    by = officer()
    tender = open_tender(by)
    invited = vendor(company=tender.invitations.first().company)
    client.force_login(invited)
    assert client.get(at("tender_detail", tender.reference)).status_code == 200
    client.force_login(vendor(company=tender.invitations.first().company, account_type=GbizAccountType.ENTRY))
    assert client.get(at("tender_detail", tender.reference)).status_code == 404
    assert "エントリーでは表示できません" in text(client.get(at("bid_list")))
    client.force_login(vendor())
    for name in ("tender_detail", "bid_create"):
        assert client.get(at(name, tender.reference)).status_code == 404


def test_member_without_mandate_reads_but_does_not_bid(client):
    tender = open_tender()
    client.force_login(
        vendor(company=tender.invitations.first().company, account_type=GbizAccountType.MEMBER, has_mandate=False)
    )
    assert client.get(at("tender_detail", tender.reference)).status_code == 200
    assert client.get(at("bid_create", tender.reference)).status_code == 403


def test_lists_belong_to_their_roles(client):
    client.force_login(officer())
    assert client.get(at("bid_list")).status_code == 403
    client.force_login(vendor())
    assert client.get(at("assignment_list")).status_code == 403


# What nobody sees


def test_before_the_deadline_the_officer_sees_a_count_and_no_name(client):
    by = officer()
    tender = open_tender(by)
    bid_on(tender, prices=(7_654_321,))
    client.force_login(by)
    page = client.get(at("tender_detail", tender.reference))
    assert page.context["bid_count"] == 1
    assert page.context["bids"] == []
    assert tender.bids.get().reference not in text(page)
    assert client.get(at("bid_disqualify", tender.bids.get().reference)).status_code == 404


def test_until_the_opening_no_page_shows_a_price(client):
    by = officer()
    tender = open_tender(by, ceiling=Decimal(8_765_432))
    bidders = bid_on(tender, prices=(7_654_321, 6_543_210))
    secrets = re.compile("7,?654,?321|6,?543,?210|8,?765,?432")

    def look():
        evaluator = tender.assignments.first().evaluator
        bid = tender.bids.filter(company=tender.invitations.first().company).first()
        for person, pages in (
            (by, [at("tender_detail", tender.reference), at("tender_trial", tender.reference)]),
            (evaluator, [at("marking", tender.reference), at("assignment_list")]),
            (bidders[0], [at("tender_detail", tender.reference), at("bid_list"), at("bid_receipt", bid.reference),
                          at("bid_create", tender.reference)]),
        ):  # fmt: skip
            client.force_login(person)
            for page in pages:
                response = client.get(page, follow=True)
                assert response.status_code in (200,), page
                assert not secrets.search(text(response)), page

    look()
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    look()
    mark_everything(tender)
    look()
    actions.close_marking(tender, by=by)
    look()


def test_evaluator_sees_letters_and_only_own_marks(client):
    tender = marking_tender()
    first, second = tender.assignments.all()
    for each in (first, second):
        actions.declare_conflict(each, has_conflict=False, by=each.evaluator)
    bid, criterion = tender.bids.first(), tender.criteria.all()[2]
    actions.save_mark(
        second, bid=bid, criterion=criterion, points=Decimal("37.5"), comment="他の委員の所見", by=second.evaluator
    )
    client.force_login(first.evaluator)
    for path in (
        at("marking", tender.reference),
        at("marks_hand_in", tender.reference),
        at("proposal_mark", tender.reference, bid.label),
    ):
        body = text(client.get(path))
        assert "提案A" in body
        assert "37.5" not in body
        assert "他の委員の所見" not in body
        for invitation in tender.invitations.select_related("company"):
            assert invitation.company.name not in body
    assert client.get(at("bid_receipt", bid.reference)).status_code == 404


def test_bidder_reads_its_own_result_and_nobody_elses(client):
    by = officer()
    tender = evaluated_tender(by)
    actions.award_tender(tender, evaluation=1, reason="最上位のため。", by=by)
    loser, winner = tender.bids.order_by("pk").select_related("company")
    client.force_login(vendor(company=loser.company))
    body = text(client.get(at("tender_detail", tender.reference)))
    assert "落札には至りませんでした" in body
    assert "8,000,000円" in body
    assert winner.company.name not in body
    assert "7,000,000" not in body
    assert client.get(at("bid_receipt", winner.reference)).status_code == 404
    assert client.get(at("notice_pdf", winner.reference)).status_code == 404
    notice = client.get(at("notice_pdf", loser.reference))
    assert notice.content.startswith(b"%PDF")
    client.force_login(vendor(company=winner.company))
    assert "落札者に決定しました" in text(client.get(at("bid_receipt", winner.reference)))


def test_before_the_award_no_bidder_reads_a_result(client):
    tender = evaluated_tender()
    bid = tender.bids.first()
    client.force_login(vendor(company=bid.company))
    assert client.get(at("notice_pdf", bid.reference)).status_code == 404
    assert client.get(at("tender_detail", tender.reference)).context["rows"][0]["own"] is None


def test_unpublished_award_is_nowhere_public(client):
    by = officer()
    tender = evaluated_tender(by)
    actions.award_tender(tender, evaluation=1, reason="最上位のため。", by=by)
    reference = tender.procurement.reference
    assert client.get(at("award_list")).context["rows"] == []
    for name in ("award_detail", "award_document", "award_result", "award_report"):
        assert client.get(at(name, reference)).status_code == 404


# The rule


def rule_data(**changes):
    due = clock.now() + dt.timedelta(days=7)
    data = {
        "bids_due_at": due.strftime("%Y-%m-%dT%H:%M"), "opening_at": (due + dt.timedelta(days=7)).strftime("%Y-%m-%dT%H:%M"),
        "method": "addition", "price_tax": "excluded", "technical_points": "200", "scale_marks": "on", "base_points": "0",
        "minimum": "", "aggregate": "mean", "mandatory_rule": "any", "criterion_rounding": "", "technical_rounding": "down:0",
        "total_rounding": "", "division_scale": "100000000", "standard_points": "", "division_rounding": "down:4",
        "ties": "technical,lot", "missing_lot_number": "999", "startup_points": "10", "startup_reference_date": "2026-12-01",
        "startup_years": "10", "startup_source": "入札説明書",
        "component-TOTAL_FORMS": "1", "component-INITIAL_FORMS": "1", "component-0-name": "総額", "component-0-points": "100",
        "component-0-formula": "linear_floored", "component-0-ratio": "75", "component-0-rounding": "down:0",
        "criterion-TOTAL_FORMS": "3", "criterion-INITIAL_FORMS": "0",
        "criterion-0-kind": "mandatory", "criterion-0-name": "国内にデータを保存する",
        "criterion-1-kind": "scored", "criterion-1-name": "使いやすさ", "criterion-1-points": "60",
        "criterion-1-scale": "Ａ＝１００、Ｂ＝７０, D=0",
        "criterion-2-kind": "scored", "criterion-2-name": "移行の計画", "criterion-2-points": "40",
        "bonus-TOTAL_FORMS": "1", "bonus-INITIAL_FORMS": "0", "bonus-0-kind": "wage", "bonus-0-label": "賃上げ",
        "bonus-0-points": "5", "bonus-0-group": "",
    }  # fmt: skip
    return data | changes


def drafted(by):
    return actions.draft_tender(selected_procurement(by), by=by)


def test_rule_is_kept_as_the_engine_reads_it(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    response = client.post(at("tender_rule", tender.reference), rule_data())
    assert response.url == at("tender_trial", tender.reference)
    tender.refresh_from_db()
    assert tender.rule["technical"]["raw_maximum"] == "100"
    assert tender.rule["price"]["components"] == [
        {
            "id": "総額",
            "points": "100",
            "formula": "linear_floored",
            "rounding": {"mode": "down", "digits": 0},
            "floor_ratio": "0.75",
        }
    ]
    assert tender.criteria.all()[1].scale == {"Ａ": "1", "Ｂ": "0.7", "D": "0"}
    assert list(tender.bonuses.values_list("kind", "points")) == [("startup", 10), ("wage", 5)]
    again = client.get(at("tender_rule", tender.reference)).context
    assert again["rule_form"]["technical_rounding"].value() == "down:0"
    assert again["components"].forms[0]["ratio"].value() == 75
    page = text(client.get(at("tender_trial", tender.reference)))
    assert "小数第1位を切り捨て" in page
    assert "開札まで公表しません" in page


def test_division_rule_is_kept(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    data = rule_data(
        method="division",
        technical_points="",
        scale_marks="",
        base_points="100",
        standard_points="100",
        total_rounding="",
    )
    assert client.post(at("tender_rule", tender.reference), data).status_code == 302
    tender.refresh_from_db()
    assert tender.rule["division"] == {
        "scale": "100000000", "standard_points": "100", "rounding": {"mode": "down", "digits": 4},
    }  # fmt: skip
    page = client.get(at("tender_trial", tender.reference))
    assert page.context["is_division"]
    assert page.context["result"]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"scale_marks": "", "technical_points": "90"}, "technical_points", "配点の合計100点が満点90点と合いません"),
        ({"component-0-name": ""}, None, None),
        ({"criterion-1-scale": "A=120"}, None, None),
        ({"criterion-0-points": "5"}, None, None),
        ({"startup_source": ""}, "startup_source", "基準日、年数、根拠"),
        ({"opening_at": "2026-01-01T09:00"}, "opening_at", "提出期限以後"),
    ],
)
def test_faulty_rule_is_shown_at_its_field_and_nothing_typed_is_lost(client, changes, field, message):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    response = client.post(at("tender_rule", tender.reference), rule_data(**changes))
    assert response.status_code == 422
    assert "使いやすさ" in text(response)
    if field:
        assert message in response.context["rule_form"].errors[field][0]
    tender.refresh_from_db()
    assert tender.rule == {}


def test_engines_faults_reach_the_form(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    data = rule_data(**{"component-TOTAL_FORMS": "0", "component-INITIAL_FORMS": "0"})
    response = client.post(at("tender_rule", tender.reference), data)
    assert response.status_code == 422
    assert "$.price.components" in str(response.context["rule_form"].non_field_errors())


def test_more_rows_are_added_without_script_and_without_losing_input(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    response = client.post(at("tender_rule", tender.reference), rule_data(more="criterion", title="x"))
    assert response.status_code == 200
    assert len(response.context["criteria"].forms) == 4
    assert "使いやすさ" in text(response)
    assert response.context["criteria"].forms[3]["kind"].value() == "scored"


def test_row_is_added_before_the_others_are_complete_without_reproach(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    data = rule_data(more="criterion", bids_due_at="", **{"criterion-2-points": ""})
    assert "field--invalid" not in text(client.post(at("tender_rule", tender.reference), data))


def test_rows_left_blank_are_no_criteria(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    data = rule_data(
        **{"criterion-TOTAL_FORMS": "5", "criterion-INITIAL_FORMS": "5", "criterion-3-kind": "scored", "criterion-4-kind": "scored"}
    )  # fmt: skip
    assert client.post(at("tender_rule", tender.reference), data).status_code == 302
    assert tender.criteria.count() == 3


def test_preset_fills_weights_and_keeps_criteria(client):
    by = officer()
    tender = drafted(by)
    actions.save_rule(tender, values={}, criteria=CRITERIA, bonuses=[], by=by)
    client.force_login(by)
    context = client.get(at("tender_rule", tender.reference), {"preset": "two_to_one"}).context
    assert context["rule_form"]["technical_points"].value() == "200"
    assert context["components"].forms[0]["points"].value() == "100"
    assert [form["name"].value() for form in context["criteria"]] == [row["name"] for row in CRITERIA]


def test_trial_computes_invented_bids_with_the_engine(client):
    tender = open_tender(by := officer())
    client.force_login(by)
    query = {
        "ceiling_price": "1000",
        "0-name": "甲", "0-technical_points": "80", "0-price_0": "500",
        "1-name": "乙", "1-technical_points": "60", "1-price_0": "250", "1-bonus_b1": "on",
        "2-name": "丙", "2-technical_points": "90", "2-price_0": "1001",
    }  # fmt: skip
    result = client.get(at("tender_trial", tender.reference), query).context["result"]
    assert [(row["id"], row["total"], row["outcome"]) for row in result] == [
        ("乙", "145.0000", "ranked"),
        ("甲", "130.0000", "ranked"),
        ("丙", None, "over_ceiling"),
    ]
    fragment = client.get(at("tender_trial", tender.reference), query, headers={"HX-Request": "true"})
    assert "<html" not in text(fragment)
    unfinished = client.get(at("tender_trial", tender.reference), query | {"0-price_0": ""})
    assert unfinished.context["result"] is None
    assert "「入札価格」を入力してください" in text(unfinished)


def test_publishing_seals_the_secret_prices(client):
    by = officer()
    tender = drafted(by)
    client.force_login(by)
    client.post(at("tender_rule", tender.reference), rule_data())
    url = at("tender_publish", tender.reference)
    assert "封印して公告する" in text(client.get(url))
    bad = client.post(url, {"ceiling_price": "100", "low_price_threshold": "101"})
    assert bad.status_code == 422
    assert client.post(url, {"ceiling_price": "9,000,000"}).status_code == 302
    tender.refresh_from_db()
    assert tender.status == TenderStatus.OPEN
    assert sealing.unseal(tender.sealed_limits, bound_to=tender.reference)["ceiling_price"] == "9000000"
    assert client.post(url, {"ceiling_price": "1"}).url == at("tender_detail", tender.reference)
    assert client.get(at("tender_rule", tender.reference)).url == at("tender_detail", tender.reference)


def test_past_sheet_is_shown_but_not_written_on_pages(client):
    by = officer()
    tender = actions.draft_tender(draft_procurement(by), by=by, past_sheet=True)
    client.force_login(by)
    page = client.get(at("tender_detail", tender.reference))
    assert page.status_code == 200
    for name in ("tender_rule", "tender_publish"):
        assert client.get(at(name, tender.reference)).status_code == 404
        assert at(name, tender.reference) not in text(page)


def test_tender_is_created_once_and_found_again(client):
    by = officer()
    procurement = selected_procurement(by)
    client.force_login(by)
    first = client.post(at("tender_create", procurement.reference))
    second = client.post(at("tender_create", procurement.reference))
    assert first.url == second.url == at("tender_rule", Tender.objects.get().reference)
    client.force_login(officer())
    assert client.post(at("tender_create", procurement.reference)).status_code == 404


def test_evaluators_are_chosen_from_the_agency(client):
    by = officer()
    tender = open_tender(by, evaluators=0)
    able, stranger = colleague(agency_of(by)), MembershipFactory(evaluator=True).user
    client.force_login(by)
    page = client.get(at("tender_detail", tender.reference))
    assert set(page.context["assign_form"].fields["evaluator"].queryset) == {able}
    client.post(at("evaluator_assign", tender.reference), {"evaluator": stranger.reference})
    assert not tender.assignments.exists()
    client.post(at("evaluator_assign", tender.reference), {"evaluator": able.reference})
    assert tender.assignments.get().evaluator == able
    client.post(at("evaluator_remove", tender.reference, "e1"))
    assert not tender.assignments.exists()


# The bid


def bid_data(**changes):
    return {"price_0": "7,654,321", "proposal": "標準機能で対応します。", "lot_number": "7"} | changes


def invited(tender):
    return vendor(company=tender.invitations.select_related("company").first().company)


def test_bid_is_confirmed_before_it_is_handed_in(client):
    tender = open_tender()
    client.force_login(invited(tender))
    url = at("bid_create", tender.reference)
    confirm = client.post(url, bid_data())
    assert "この内容で提出しますか" in text(confirm)
    assert "7,654,321円" in text(confirm)
    assert not tender.bids.exists()
    back = client.post(url, bid_data(step="edit"))
    assert back.context["form"]["price_0"].value() == "7,654,321"
    done = client.post(url, bid_data(step="submit", seen=""))
    bid = tender.bids.get()
    assert bid.lot_number == 7
    salt = done.context["salt"]
    assert sealing.commitment({"total": "7654321"}, salt=salt) == bid.price_digest
    receipt = client.post(at("bid_receipt_file", bid.reference), {"salt": salt, "value:total": "7654321"})
    assert json.loads(receipt.content)["digest"] == bid.price_digest
    assert (
        client.post(at("bid_receipt_file", bid.reference), {"salt": salt, "value:total": "7654322"}).status_code == 400
    )
    later = text(client.get(at("bid_receipt", bid.reference)))
    assert salt not in later
    assert "7,654,321" not in later
    again = client.post(url, bid_data(step="submit", seen=""))
    assert again.status_code == 409
    assert tender.bids.count() == 1


def test_salt_is_nowhere_in_the_database(client):
    from django.contrib.sessions.models import Session

    tender = open_tender()
    client.force_login(invited(tender))
    done = client.post(at("bid_create", tender.reference), bid_data(step="submit", seen=""))
    stored = " ".join(str(session.get_decoded()) for session in Session.objects.all())
    assert done.context["salt"] not in stored
    assert "no-store" in done.headers["Cache-Control"]


def test_late_bid_keeps_what_was_typed(client):
    tender = open_tender()
    client.force_login(invited(tender))
    with clock.at(tender.bids_due_at):
        response = client.post(at("bid_create", tender.reference), bid_data(step="submit", seen=""))
    assert response.status_code == 409
    body = text(response)
    assert "提出期限を過ぎ" in body
    assert "7,654,321" in body
    assert "標準機能で対応します。" in body
    assert not tender.bids.exists()


def test_replacing_starts_from_the_standing_bid_without_its_price(client):
    tender = open_tender()
    by = invited(tender)
    client.force_login(by)
    url = at("bid_create", tender.reference)
    upload = SimpleUploadedFile("提案書.pdf", PDF, "application/pdf")
    first = client.post(url, bid_data(attachment=upload))
    token = first.context["staged_token"]
    client.post(url, bid_data(staged=token, step="submit", seen=""))
    standing = tender.bids.get()
    assert standing.attachments.get().name == "提案書.pdf"
    page = client.get(url)
    assert page.context["form"]["proposal"].value() == "標準機能で対応します。"
    assert not page.context["form"]["price_0"].value()
    data = bid_data(price_0="1", staged=page.context["staged_token"], step="submit", seen=standing.reference)
    client.post(url, data)
    assert tender.bids.standing().get().attachments.get().sha256 == standing.attachments.get().sha256


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"price_0": ""}, "price_0"), ({"price_0": "0"}, "price_0"), ({"price_0": "1.5"}, "price_0"),
        ({"lot_number": "1000"}, "lot_number"), ({"proposal": ""}, "proposal"), ({"claim_b1": "on"}, "statement_b1"),
    ],
)  # fmt: skip
def test_faulty_bid_is_shown_at_its_field(client, changes, field):
    tender = open_tender()
    client.force_login(invited(tender))
    response = client.post(at("bid_create", tender.reference), bid_data(**changes))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not tender.bids.exists()


def test_upload_of_the_wrong_kind_keeps_the_form(client):
    tender = open_tender()
    client.force_login(invited(tender))
    upload = SimpleUploadedFile("提案書.pdf", b"GIF89a not a pdf", "application/pdf")
    response = client.post(at("bid_create", tender.reference), bid_data(attachment=upload))
    assert response.status_code == 422
    assert "attachment" in response.context["form"].errors
    assert "標準機能で対応します。" in text(response)


def test_signed_upload_belongs_to_one_invitation(client):
    tender = open_tender()
    first, second = tender.invitations.select_related("company")
    client.force_login(vendor(company=first.company))
    upload = SimpleUploadedFile("提案書.pdf", PDF, "application/pdf")
    token = client.post(at("bid_create", tender.reference), bid_data(attachment=upload)).context["staged_token"]
    client.force_login(vendor(company=second.company))
    response = client.post(at("bid_create", tender.reference), bid_data(staged=token, step="submit", seen=""))
    assert response.status_code == 200
    assert not BidAttachment.objects.exists()


def test_uploads_nobody_confirmed_are_cleared_and_bids_files_are_not(client):
    clear_unconfirmed(clock.today())  # what other tests left
    tender = open_tender()
    by = invited(tender)
    client.force_login(by)
    url = at("bid_create", tender.reference)
    kept = client.post(url, bid_data(attachment=SimpleUploadedFile("a.pdf", PDF))).context["staged_token"]
    client.post(url, bid_data(attachment=SimpleUploadedFile("b.pdf", PDF)))
    client.post(url, bid_data(staged=kept, step="submit", seen=""))
    assert clear_unconfirmed(clock.today()) == 1
    assert clear_unconfirmed(clock.today()) == 0
    assert BidAttachment.objects.get().file.open().read() == PDF
    with clock.at(clock.now() + dt.timedelta(days=2)):
        sweep()


def test_attachment_is_served_clean_and_to_whom_it_concerns(client):
    by = officer()
    tender = open_tender(by)
    bidder = invited(tender)
    client.force_login(bidder)
    url = at("bid_create", tender.reference)
    token = client.post(url, bid_data(attachment=SimpleUploadedFile("当社の提案.pdf", PDF))).context["staged_token"]
    client.post(url, bid_data(staged=token, step="submit", seen=""))
    attachment = BidAttachment.objects.get()
    path = at("bid_attachment", attachment.bid.reference, attachment.sha256)
    assert client.get(path).status_code == 404  # not scanned
    BidAttachment.objects.update(is_clean=True)
    evaluator = tender.assignments.first().evaluator
    buyer = colleague(agency_of(by), role="buyer")

    def statuses():
        answers = []
        for person in (bidder, by, evaluator, buyer, vendor(), officer()):
            client.force_login(person)
            answers.append(client.get(path).status_code)
        return answers

    assert statuses() == [200, 404, 404, 404, 404, 404]
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    assert statuses() == [200, 200, 404, 404, 404, 404]
    actions.declare_conflict(tender.assignments.first(), has_conflict=False, by=evaluator)
    assert statuses() == [200, 200, 200, 404, 404, 404]
    client.force_login(evaluator)
    assert "proposal-A.pdf" in client.get(path).headers["Content-Disposition"]
    BidAttachment.objects.update(is_clean=False)
    assert statuses() == [404] * 6


def test_claim_shows_its_derivation_before_and_after_handing_in(client):
    tender = open_tender()
    by = invited(tender)
    FactSnapshotFactory(company=tender.invitations.first().company)
    client.force_login(by)
    data = bid_data(claim_b1="on", statement_b1="クラウドの技術で事業を広げます。")
    confirm = text(client.post(at("bid_create", tender.reference), data))
    assert "年たっていません" in confirm
    client.post(at("bid_create", tender.reference), data | {"step": "submit", "seen": ""})
    assert BonusClaim.objects.get().derivation["answer"] == "yes"
    assert "年たっていません" in text(client.get(at("bid_receipt", Bid.objects.get().reference)))


def test_withdrawing_asks_first(client):
    tender = open_tender()
    (by,) = bid_on(tender, prices=(1,))
    bid = tender.bids.get()
    client.force_login(by)
    assert "辞退しますか" in text(client.get(at("bid_withdraw", bid.reference)))
    client.post(at("bid_withdraw", bid.reference), {"reason": "体制が整わない"})
    bid.refresh_from_db()
    assert bid.status == BidStatus.WITHDRAWN
    with clock.at(tender.bids_due_at):
        page = client.post(at("bid_withdraw", bid.reference), {}, follow=True)
    assert "期限を過ぎた" in text(page)


def test_company_with_two_candidates_bids_for_each(client):
    tender = open_tender()
    company = tender.invitations.first().company
    second = tender.invitations.last()
    type(second).objects.filter(pk=second.pk).update(company=company)
    client.force_login(vendor(company=company))
    url = at("bid_create", tender.reference)
    for number, invitation in enumerate(tender.invitations.select_related("candidate__offer")):
        offer = invitation.candidate.offer.reference
        response = client.post(f"{url}?for={offer}", bid_data(price_0=str(number + 1), step="submit", seen=""))
        assert response.status_code == 200
    assert tender.bids.standing().values("invitation").distinct().count() == 2
    assert client.get(f"{url}?for=OF-NOSUCH").status_code == 404


# After the deadline


def test_page_after_the_deadline_says_so_and_writes_nothing(client):
    by = officer()
    tender = open_tender(by)
    client.force_login(by)
    with clock.at(tender.bids_due_at):
        page = client.get(at("tender_detail", tender.reference))
    assert "まもなく開封の準備" in text(page)
    tender.refresh_from_db()
    assert tender.status == TenderStatus.OPEN
    with clock.at(tender.bids_due_at):
        sweep()
    tender.refresh_from_db()
    assert tender.status == TenderStatus.MARKING


def test_marks_are_kept_as_they_are_set(client):
    tender = marking_tender()
    assignment = tender.assignments.first()
    client.force_login(assignment.evaluator)
    page = client.post(at("conflict_declare", tender.reference), {"has_conflict": ""})
    assert page.status_code == 422
    client.post(at("conflict_declare", tender.reference), {"has_conflict": "no"})
    url = at("proposal_mark", tender.reference, "A")
    htmx = {"HX-Request": "true"}
    saved = client.post(url, {"only": "c3", "c3-mark": "0", "c3-comment": "計画がない"}, headers=htmx)
    assert saved.status_code == 200
    assert "<html" not in text(saved)
    assert Mark.objects.get().points == 0
    refused = client.post(url, {"only": "c3", "c3-mark": "41"}, headers=htmx)
    assert (refused.status_code, Mark.objects.get().points) == (422, 0)
    assert "40以下" in text(refused)
    cleared = client.post(url, {"only": "c3", "c3-mark": ""}, headers=htmx)
    assert (cleared.status_code, Mark.objects.get().points) == (422, 0)
    plain = client.post(url, {"c1-mark": "unmet", "c2-mark": "", "c3-mark": "12.5", "next": ""})
    assert plain.url == at("proposal_mark", tender.reference, "B")
    assert sorted((mark.is_met, mark.points) for mark in Mark.objects.all() if mark.is_met is not None) == [
        (False, None)
    ]
    assert client.get(at("proposal_mark", tender.reference, "C")).status_code == 404


def test_hand_in_waits_for_every_mark(client):
    tender = marking_tender()
    assignment = tender.assignments.first()
    client.force_login(assignment.evaluator)
    assert client.get(at("proposal_mark", tender.reference, "A")).status_code == 403
    actions.declare_conflict(assignment, has_conflict=False, by=assignment.evaluator)
    client.post(at("proposal_mark", tender.reference, "A"), {"c1-mark": "met", "c2-mark": "B", "c3-mark": "0"})
    page = client.post(at("marks_hand_in", tender.reference), follow=True)
    assert "採点していない項目が3件" in text(page)
    client.post(at("proposal_mark", tender.reference, "B"), {"c1-mark": "met", "c2-mark": "C", "c3-mark": "40"})
    client.post(at("marks_hand_in", tender.reference))
    assignment.refresh_from_db()
    assert assignment.submitted_at
    late = client.post(at("proposal_mark", tender.reference, "A"), {"c3-mark": "40"})
    assert late.status_code == 422
    assert "提出済み" in text(late)


def test_claim_is_decided_on_its_page(client):
    by = officer()
    tender = open_tender(by)
    invitation = tender.invitations.first()
    bid, _ = actions.submit_bid(
        invitation, prices={"total": Decimal(8_000_000)}, proposal="", by=vendor(company=invitation.company),
        claims={tender.bonuses.get().pk: "技術の説明"},
    )  # fmt: skip
    url = at("claim_decide", bid.reference, "b1")
    client.force_login(by)
    assert client.get(url).status_code == 404  # its name is not known before the deadline
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    assert "技術の説明" in text(client.get(url))
    assert client.post(url, {"accept": "yes", "reason": ""}).status_code == 422
    client.post(url, {"accept": "no", "reason": "設立年月日が分からない。"})
    assert BonusClaim.objects.get().status == ClaimStatus.REFUSED


def test_officer_walks_from_marks_to_publication(client):
    by = officer()
    tender = marking_tender(by)
    mark_everything(tender)
    client.force_login(by)
    reference = tender.reference
    client.post(at("marking_close", reference))
    early = client.post(at("tender_open", reference), follow=True)
    assert "開札予定日時より前" in text(early)
    with clock.at(tender.opening_at):
        assert client.post(at("tender_open", reference)).url == at("evaluation_detail", reference)
    page = client.get(at("evaluation_detail", reference))
    assert [(row["rank"], row["total"]) for row in page.context["rows"]] == [(1, "112.2222"), (2, "101.1111")]
    stale = client.post(at("tender_award", reference), {"evaluation": "9", "reason": "最上位のため。"}, follow=True)
    assert "計算し直されました" in text(stale)
    client.post(at("tender_award", reference), {"evaluation": "1", "reason": "最上位のため。"})
    again = client.post(at("tender_award", reference), {"evaluation": "1", "reason": "最上位のため。"}, follow=True)
    assert "いまは落札者を決定できません" in text(again)
    client.post(at("award_publish", reference))
    assert client.get(at("award_detail", tender.procurement.reference)).status_code == 200
    contract = at("contract_create", tender.procurement.reference)
    assert client.get(contract).context["form"]["amount_yen"].value() == 7_700_000
    data = {
        "number": "令8契-1",
        "amount_yen": "7,700,000",
        "signed_on": "2027-01-10",
        "term_from": "2027-04-01",
        "term_to": "2030-03-31",
    }
    assert client.post(contract, data | {"term_to": "2027-03-31"}).status_code == 422
    client.post(contract, data)
    tender.procurement.refresh_from_db()
    assert tender.procurement.status == ProcurementStatus.CONTRACTED
    assert "一度だけ" in text(client.post(contract, data, follow=True))


def test_disqualified_bid_is_computed_away_and_history_stays(client):
    by = officer()
    tender = evaluated_tender(by)
    winner = tender.bids.order_by("pk").last()
    client.force_login(by)
    url = at("bid_disqualify", winner.reference)
    assert client.post(url, {"reason": ""}).status_code == 422
    client.post(url, {"reason": "納期を満たせないと申し出た。"})
    page = client.get(at("evaluation_detail", tender.reference))
    assert page.context["evaluation"].number == 2
    assert "納期を満たせないと申し出た。" in text(page)
    old = client.get(at("evaluation_detail", tender.reference), {"number": "1"})
    assert old.context["evaluation"].number == 1
    assert "古い計算" in text(old)


def test_provisional_leader_gets_a_letter_of_the_investigation(client):
    by = officer()
    tender = low_price_tender(by, prices=(8_000_000, 7_000_000))
    dear, cheap = tender.bids.order_by("pk")
    client.force_login(by)
    page = text(client.get(at("evaluation_detail", tender.reference)))
    assert "低入札価格調査が必要です" in page
    assert dear.company.name in page
    assert client.get(at("notice_pdf", cheap.reference)).content.startswith(b"%PDF")
    assert client.get(at("notice_pdf", dear.reference)).status_code == 404
    assert client.get(at("tender_award", tender.reference)).context["form"]["reason"].value() == ""


# What was published


def test_published_document_computes_to_the_published_result(client):
    tender = published()
    reference = tender.procurement.reference
    document = client.get(at("award_document", reference)).content
    result = json.loads(client.get(at("award_result", reference)).content)
    assert evaluate(parse_document(load_json(document))).as_dict() == result
    report = client.get(at("award_report", reference))
    assert report.content.startswith(b"%PDF")
    page = client.get(at("award_detail", reference))
    assert tender.award.bid.company.name in text(page)
    assert "7,000,000円" in text(page)
    for assignment in tender.assignments.select_related("evaluator"):
        assert assignment.evaluator.name not in text(page)
        assert assignment.evaluator.name not in document.decode()


def test_awards_are_found_by_words_and_agency(client):
    first, second = published(), published()
    reference = first.procurement.agency.reference
    rows = lambda **query: {row["award"].tender_id for row in client.get(at("award_list"), query).context["rows"]}  # noqa: E731 - reads as the sentence it is
    assert rows() == {first.pk, second.pk}
    assert rows(agency=reference) == {first.pk}
    Procurement.objects.filter(pk=second.procurement_id).update(title="避難所の受付サービス")
    assert rows(q="受付　避難所") == {second.pk}
    assert rows(q="該当しない言葉") == set()
    assert "<html" not in text(client.get(at("award_list"), headers={"HX-Request": "true"}))


# Queries


def counted(client, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("count", [1, 3])
def test_bid_list_query_count(client, count):
    company = CompanyFactory()
    by = vendor(company=company)
    for _ in range(count):
        invitation = open_tender().invitations.first()
        type(invitation).objects.filter(pk=invitation.pk).update(company=company)
        actions.submit_bid(invitation, prices={"total": Decimal(1)}, proposal="", by=by)
    open_tender()  # somebody else's
    client.force_login(by)
    page = client.get(at("bid_list"))
    assert len(page.context["rows"]) == count
    assert counted(client, at("bid_list")) == BID_LIST


@pytest.mark.parametrize("count", [1, 3])
def test_assignment_list_query_count(client, count):
    by = officer()
    evaluator = colleague(agency_of(by))
    for _ in range(count):
        actions.assign_evaluator(open_tender(by), evaluator=evaluator, by=by)
    open_tender(by)
    client.force_login(evaluator)
    assert client.get(at("assignment_list")).context["page"].paginator.count == count
    assert counted(client, at("assignment_list")) == ASSIGNMENT_LIST


@pytest.mark.parametrize("count", [1, 3])
def test_award_list_query_count(client, count):
    for _ in range(count):
        published()
    assert len(client.get(at("award_list")).context["rows"]) == count
    assert counted(client, at("award_list")) == AWARD_LIST


@pytest.mark.parametrize("listings", [1, 3])
def test_evaluation_detail_query_count(client, listings):
    by = officer()
    tender = open_tender(by, listings=listings)
    bid_on(tender, prices=(8_000_000, 7_000_000, 6_000_000))
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        actions.open_prices(tender, by=by)
    client.force_login(by)
    assert len(client.get(at("evaluation_detail", tender.reference)).context["rows"]) == listings
    assert counted(client, at("evaluation_detail", tender.reference)) == EVALUATION_DETAIL


@pytest.mark.parametrize("listings", [1, 3])
def test_marking_query_count(client, listings):
    tender = open_tender(listings=listings)
    bid_on(tender, prices=(8_000_000, 7_000_000, 6_000_000))
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    assignment = tender.assignments.first()
    actions.declare_conflict(assignment, has_conflict=False, by=assignment.evaluator)
    client.force_login(assignment.evaluator)
    assert len(client.get(at("marking", tender.reference)).context["proposals"]) == listings
    assert counted(client, at("marking", tender.reference)) == MARKING


@pytest.mark.parametrize("listings", [1, 3])
def test_officers_page_query_count(client, listings):
    by = officer()
    tender = open_tender(by, listings=listings)
    bid_on(tender, prices=(8_000_000, 7_000_000, 6_000_000))
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    client.force_login(by)
    assert len(client.get(at("tender_detail", tender.reference)).context["bids"]) == listings
    assert counted(client, at("tender_detail", tender.reference)) == TENDER_DETAIL


# Signed in, each with the frame's own: session, user, memberships, unread notifications.
BID_LIST = 8
ASSIGNMENT_LIST = 6
AWARD_LIST = 3
EVALUATION_DETAIL = 14
MARKING = 12
TENDER_DETAIL = 20
