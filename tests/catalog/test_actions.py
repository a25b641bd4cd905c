"""What people do to listings, in every order: who may, when, what is written, and what two at once can do."""

import datetime as dt
import threading
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from catalog import actions, tasks
from catalog.enums import AttachmentKind, OfferKind, ReviewStatus, ScanStatus, Severity, SoftwareStatus
from catalog.models import Attachment, Comment, Finding, Offer, PriceLine, Review, Revision, Software
from marketplace import clock, malware, uploads
from marketplace.accounts.enums import GbizAccountType
from marketplace.audit.models import AuditEvent
from marketplace.notifications.models import Notification
from marketplace.workflow import RuleViolation
from tests.factories.accounts import MembershipFactory, vendor
from tests.factories.catalog import category, content, listed_software, offer_content
from tests.factories.companies import CompanyFactory, MasterAgreementFactory

pytestmark = pytest.mark.django_db


def company_under_agreement():
    return MasterAgreementFactory().company


def drafted(by, *, company, offer=True, **changes):
    """A new software of ``company`` with complete drafts."""
    category()
    software = actions.create_software(company=company, content=content(**changes), by=by).software
    if offer:
        actions.create_offer(software=software, company=company, content=offer_content(), by=by)
    return software


def submitted(by=None, **changes):
    by = by or vendor(company=company_under_agreement())
    company = by.active_memberships[0].company
    return actions.submit_drafts(drafted(by, company=company, **changes), company=company, by=by)


def in_review(by=None, **changes):
    review = submitted(by, **changes)
    tasks.check_review(review.pk)
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW
    return review


def reviewer(**kwargs):
    return MembershipFactory(reviewer=True, **kwargs).user


def change(software, by, **changes):
    """Draft and submit a change of what is listed."""
    draft = actions.start_draft(software, by=by)
    actions.save_draft(draft, content=draft.content | changes, by=by)
    return actions.submit_drafts(software, company=software.maker, by=by)


def audited(subject):
    return list(AuditEvent.objects.filter(subject=subject.reference).order_by("pk").values_list("type", flat=True))


# The whole way


def test_a_submission_is_checked_reviewed_and_listed():
    by = vendor(company=company_under_agreement())
    review = in_review(by)
    decider = reviewer()

    actions.assign_reviewer(review, by=decider)
    actions.approve_review(review, by=decider)

    software = Software.objects.get(pk=review.software_id)
    offer = software.offers.get()
    assert (software.status, software.name, software.lapses_on) == (
        SoftwareStatus.LISTED, "勤怠ひろば", dt.date(2028, 10, 1),
    )  # fmt: skip
    assert software.listed_revision == review.revisions.get(offer=None)
    assert [line.amount_yen for line in offer.price_lines.all()] == [300]
    assert [each.scheme for each in software.certifications.all()] == ["ismap"]
    assert Software.objects.filter(search_names__form__startswith="勤怠").exists()
    assert audited(review) == ["review:submitted", "review:checked", "review:assigned", "review:approved"]
    assert audited(software) == ["software:created", "software:listed"]
    assert Notification.objects.filter(user=by, event="review_approved").count() == 1


def test_a_returned_submission_is_mended_and_submitted_again():
    by = vendor(company=company_under_agreement())
    review = in_review(by)
    decider = reviewer()
    revision = review.revisions.get(offer=None)
    actions.assign_reviewer(review, by=decider)
    actions.write_comment(review, revision=revision, field="summary", body="対象を書いてください。", by=decider)

    actions.return_review(review, note="概要を直してください。", by=decider)
    actions.write_comment(review, revision=revision, field="summary", body="直しました。", by=by)
    draft = Revision.objects.drafts().get(software=review.software, offer=None)
    actions.save_draft(draft, content=draft.content | {"summary": "市町村の勤怠を管理します。"}, by=by)
    again = actions.submit_drafts(review.software, company=review.company, by=by)

    assert again.pk != review.pk
    assert {revision.number for revision in again.revisions.all()} == {2}
    assert list(Comment.objects.values_list("by_operator", flat=True)) == [True, False]
    assert Notification.objects.filter(user=decider, event="review_answered").count() == 1


def test_approving_never_approves_a_later_edit():
    by = vendor(company=company_under_agreement())
    review = in_review(by)
    with pytest.raises(RuleViolation):
        actions.start_draft(review.software, by=by)
    actions.approve_review(review, by=reviewer())
    draft = actions.start_draft(review.software, by=by)
    actions.save_draft(draft, content=draft.content | {"name": "別の名称"}, by=by)

    software = Software.objects.get(pk=review.software_id)
    assert software.name == "勤怠ひろば"
    assert software.listed_revision.digest == actions.digest(software.listed_revision.content)


# Drafts


def test_draft_may_hold_a_row_half_filled_in():
    by = vendor()
    company = by.active_memberships[0].company
    software = drafted(by, company=company, offer=False)
    row = {"item": "基本利用料", "from_quantity": 1, "to_quantity": None, "tax_included": False}
    revision = actions.create_offer(software=software, company=company, content={"price_lines": [row]}, by=by)
    assert revision.content["price_lines"] == [row]


def test_draft_must_not_be_malformed():
    by = vendor()
    with pytest.raises(RuleViolation, match="disclosed_on"):
        drafted(by, company=by.active_memberships[0].company, disclosed_on="2026-13-01")


def test_draft_saved_by_a_colleague_meanwhile_is_not_overwritten_unseen():
    by = vendor()
    software = drafted(by, company=by.active_memberships[0].company)
    draft = actions.start_draft(software, by=by)
    seen = draft.edited_at
    actions.save_draft(draft, content=draft.content | {"summary": "先に保存した。"}, by=by, seen=seen)
    with pytest.raises(RuleViolation, match="別の内容を保存"):
        actions.save_draft(draft, content=draft.content | {"summary": "後から。"}, by=by, seen=seen)
    assert Revision.objects.get(pk=draft.pk).content["summary"] == "先に保存した。"


def test_draft_of_another_company_is_refused():
    software = drafted(by := vendor(), company=by.active_memberships[0].company)
    draft = software.revisions.get(offer=None)
    with pytest.raises(PermissionDenied):
        actions.save_draft(draft, content=draft.content, by=vendor())


def test_draft_of_something_listed_can_be_discarded_and_the_first_cannot():
    software = listed_software()
    by = vendor(company=software.maker)
    actions.discard_draft(actions.start_draft(software, by=by), by=by)
    assert not software.revisions.drafts().exists()
    first = drafted(by, company=software.maker).revisions.get(offer=None)
    with pytest.raises(RuleViolation, match="破棄できません"):
        actions.discard_draft(first, by=by)


def test_offer_of_another_company_is_a_resellers_whatever_it_says():
    software = listed_software()
    by = vendor()
    revision = actions.create_offer(
        software=software, company=by.active_memberships[0].company, content=offer_content(kind="direct"), by=by
    )
    assert (revision.offer.kind, revision.content["kind"]) == (OfferKind.RESELLER, "reseller")
    with pytest.raises(RuleViolation, match="すでにあります"):
        actions.create_offer(software=software, company=revision.offer.seller, content={}, by=by)


# Submission


@pytest.mark.parametrize(
    ("account_type", "has_mandate"), [(GbizAccountType.ENTRY, False), (GbizAccountType.MEMBER, False)]
)
def test_submit_needs_authority(account_type, has_mandate):
    company = company_under_agreement()
    by = vendor(company=company, account_type=account_type, has_mandate=has_mandate)
    software = drafted(by, company=company)
    with pytest.raises(PermissionDenied):
        actions.submit_drafts(software, company=company, by=by)


def test_submit_needs_an_agreement_in_force():
    agreement = MasterAgreementFactory(ended_at=clock.now() - dt.timedelta(days=1))
    by = vendor(company=agreement.company)
    with pytest.raises(RuleViolation, match="基本契約"):
        submitted(by)


def test_submit_names_what_is_missing():
    by = vendor(company=company_under_agreement())
    with pytest.raises(RuleViolation, match="概要、業務分類"):
        submitted(by, summary="", categories=[])


def test_submit_needs_an_offer():
    by = vendor(company=company_under_agreement())
    with pytest.raises(RuleViolation, match="販売サービス"):
        submitted(by, offer=False)


def test_submit_twice_is_refused():
    review = submitted()
    with pytest.raises(RuleViolation, match="審査中"):
        actions.submit_drafts(review.software, company=review.company, by=review.submitted_by)


def test_submit_leaves_out_a_draft_that_changes_nothing():
    software = listed_software()
    by = vendor(company=software.maker)
    actions.start_draft(software.offers.get(), by=by)
    with pytest.raises(RuleViolation, match="変わったところがない"):
        actions.submit_drafts(software, company=software.maker, by=by)
    review = change(software, by, summary="新しい概要。")
    assert [revision.offer for revision in review.revisions.all()] == [None]


def test_reseller_submits_its_own_offer_only():
    software = listed_software()
    maker = vendor(company=software.maker)
    actions.save_draft(
        draft := actions.start_draft(software, by=maker), content=draft.content | {"name": "改名"}, by=maker
    )
    by = vendor(company=company_under_agreement())
    company = by.active_memberships[0].company
    actions.create_offer(software=software, company=company, content=offer_content(), by=by)
    review = actions.submit_drafts(software, company=company, by=by)
    assert [revision.offer.seller for revision in review.revisions.all()] == [company]


# The policy table


def test_low_risk_change_is_approved_at_once_and_waits_for_its_post_check():
    software = listed_software(
        description="出退勤の打刻、休暇の申請、時間外勤務の集計を一つの画面で行い、給与システムへ渡します。月末の締め処理も自動で、所属長は未処理の申請だけを確かめれば済みます。"
    )
    review = change(software, vendor(company=software.maker), summary="打刻から集計まで。")
    tasks.check_review(review.pk)
    review.refresh_from_db()
    software.refresh_from_db()
    assert (review.status, review.post_check, review.decided_by) == (ReviewStatus.APPROVED, True, None)
    assert software.summary == "打刻から集計まで。"
    assert list(Review.objects.awaiting_post_check()) == [review]

    actions.confirm_post_check(review, by=reviewer())
    assert not Review.objects.awaiting_post_check().exists()
    with pytest.raises(RuleViolation, match="済んでいます"):
        actions.confirm_post_check(review, by=reviewer())


@pytest.mark.parametrize(
    "changes", [{"delivery": ["lgwan_asp"]}, {"certifications": []}, {"summary": "勤怠ひろば"}, {"name": "改名"}]
)
def test_other_changes_wait_for_a_person(changes):
    software = listed_software()
    review = change(software, vendor(company=software.maker), **changes)
    tasks.check_review(review.pk)
    review.refresh_from_db()
    assert (review.status, review.post_check) == (ReviewStatus.IN_REVIEW, False)


def test_price_change_waits_for_a_person():
    software = listed_software()
    offer = software.offers.get()
    by = vendor(company=software.maker)
    draft = actions.start_draft(offer, by=by)
    line = draft.content["price_lines"][0] | {"amount_yen": "299"}
    actions.save_draft(draft, content=draft.content | {"price_lines": [line]}, by=by)
    review = actions.submit_drafts(software, company=software.maker, by=by)
    tasks.check_review(review.pk)
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW
    assert PriceLine.objects.get(offer=offer).amount_yen == 300


def test_low_risk_change_waits_where_the_agreement_has_ended():
    software = listed_software()
    review = change(software, vendor(company=software.maker), summary="打刻から集計まで。")
    software.maker.agreements.update(ended_at=clock.now())
    tasks.check_review(review.pk)
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW


# Checks that run twice, or never


def test_check_run_twice_finds_the_same_once():
    review = submitted(description="短い。")
    tasks.check_review(review.pk)
    before = list(Finding.objects.values_list("pk", "message"))
    tasks.check_review(review.pk)
    assert list(Finding.objects.values_list("pk", "message")) == before
    assert audited(review).count("review:checked") == 1
    assert len(before) == 1


@pytest.mark.parametrize("status", [ReviewStatus.SUBMITTED, ReviewStatus.CHECKING])
def test_sweep_drives_a_review_that_was_left_behind(status):
    review = submitted()
    if status == ReviewStatus.CHECKING:
        actions.begin_check(review)  # and the worker died
    with clock.at(clock.now() + actions.CHECK_RETRY * 2):
        tasks.sweep()
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW


def test_sweep_leaves_a_check_under_way_alone():
    review = submitted()
    actions.begin_check(review)
    tasks.sweep()
    review.refresh_from_db()
    assert review.status == ReviewStatus.CHECKING


def test_sweep_ends_listings_on_their_last_day():
    software = listed_software(disclosed_on="2026-10-01")
    with clock.at(dt.datetime(2028, 9, 30, 14, 59, tzinfo=dt.UTC)):  # 23:59 in Tokyo
        tasks.sweep()
    software.refresh_from_db()
    assert software.status == SoftwareStatus.LISTED
    with clock.at(dt.datetime(2028, 9, 30, 15, 0, tzinfo=dt.UTC)):
        tasks.sweep()
    software.refresh_from_db()
    assert software.status == SoftwareStatus.LAPSED


def test_tasks_tolerate_rows_that_are_gone():
    tasks.check_review(0)
    tasks.lapse_listing(0)
    tasks.scan_attachment(0)


# Decisions


DECISIONS = {
    "approve": lambda review, by: actions.approve_review(review, by=by),
    "return": lambda review, by: actions.return_review(review, note="直してください。", by=by),
    "reject": lambda review, by: actions.reject_review(review, note="対象外です。", by=by),
}


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_decision_is_the_operators(decide):
    review = in_review()
    for somebody in (review.submitted_by, vendor(), MembershipFactory(officer=True).user):
        with pytest.raises(PermissionDenied):
            decide(review, somebody)


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_decision_on_ones_own_companys_submission_is_refused(decide):
    review = in_review()
    insider = reviewer()
    MembershipFactory(user=insider, company=review.company)
    with pytest.raises(PermissionDenied, match="自分の所属する事業者"):
        decide(review, insider)


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
def test_decision_on_a_colleagues_review_is_refused_until_taken_over(decide):
    review = in_review()
    first, second = reviewer(), reviewer()
    actions.assign_reviewer(review, by=first)
    with pytest.raises(RuleViolation, match=first.name):
        decide(review, second)
    with pytest.raises(RuleViolation, match=first.name):
        actions.assign_reviewer(review, by=second)
    actions.assign_reviewer(review, by=second, take_over=True)
    decide(review, second)


@pytest.mark.parametrize("decide", DECISIONS.values(), ids=DECISIONS)
@pytest.mark.parametrize("first", DECISIONS.values(), ids=DECISIONS)
def test_second_decision_is_refused(first, decide):
    review, by = in_review(), reviewer()
    first(review, by)
    with pytest.raises(RuleViolation, match="すでに処理"):
        decide(review, by)


@pytest.mark.parametrize("verb", ["return", "reject"])
def test_decision_against_needs_its_reason(verb):
    act = {"return": actions.return_review, "reject": actions.reject_review}[verb]
    with pytest.raises(RuleViolation):
        act(in_review(), note="  ", by=reviewer())


def test_approval_without_an_agreement_is_refused():
    review = in_review()
    review.company.agreements.update(ended_at=clock.now())
    with pytest.raises(RuleViolation, match="基本契約"):
        actions.approve_review(review, by=reviewer())
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW


def test_withdrawal_leaves_the_content_as_drafts():
    review = in_review()
    actions.withdraw_review(review, by=review.submitted_by)
    drafts = actions.drafts_of(review.software, review.company)
    assert {draft.offer: (draft.number, draft.content) for draft in drafts} == {
        revision.offer: (2, revision.content) for revision in review.revisions.all()
    }


@pytest.mark.parametrize(("field", "body"), [("no_such_field", "本文"), ("price_lines", "本文"), ("summary", "  ")])
def test_comment_must_say_something_on_a_field_of_the_revision(field, body):
    review = in_review()
    with pytest.raises(RuleViolation):
        actions.write_comment(review, revision=review.revisions.get(offer=None), field=field, body=body, by=reviewer())


def test_comment_by_strangers_is_refused():
    review = in_review()
    with pytest.raises(PermissionDenied):
        actions.write_comment(
            review, revision=review.revisions.get(offer=None), field="summary", body="見ました。", by=vendor()
        )


# Listings


def test_suspension_takes_a_listing_out_of_search_until_resumed():
    software = listed_software()
    operator = MembershipFactory(administrator=True).user
    with pytest.raises(PermissionDenied):
        actions.suspend_software(software, reason="確認中", by=reviewer())
    actions.suspend_software(software, reason="基本契約の確認中です。", by=operator)
    assert not Software.objects.filter(search_document__isnull=False).exists()
    with pytest.raises(RuleViolation):
        actions.suspend_software(software, reason="もう一度", by=operator)
    actions.resume_software(software, by=operator)
    software.refresh_from_db()
    assert (software.status, software.suspension_reason) == (SoftwareStatus.LISTED, "")
    assert Software.objects.filter(search_document__isnull=False).exists()


# Attachments


@pytest.fixture
def scanner(monkeypatch):
    """What the scanner will answer: set ``.outcome`` to an Outcome or an exception."""

    class Scanner:
        outcome = malware.Outcome.CLEAN

        def scan(self, file):
            if isinstance(self.outcome, Exception):
                raise self.outcome
            return malware.Verdict(self.outcome)

    scanner = Scanner()
    monkeypatch.setattr(malware, "scan", scanner.scan)
    return scanner


def attach(software, by, data=b"%PDF-1.4\n%%EOF"):
    inspection = uploads.inspect(BytesIO(data), uploads.DOCUMENTS, name="料金表.pdf")
    return actions.add_attachment(
        software, kind=AttachmentKind.PRICE_TABLE, upload=ContentFile(data), inspection=inspection, by=by
    )


def test_attachment_is_named_by_the_draft_and_scanned(scanner, django_capture_on_commit_callbacks):
    software = listed_software()
    by = vendor(company=software.maker)
    with django_capture_on_commit_callbacks(execute=True):
        attachment = attach(software, by)
    attachment.refresh_from_db()
    assert attachment.status == ScanStatus.CLEAN
    [entry] = software.revisions.drafts().get().content["attachments"]
    assert entry == {"kind": "price_table", "name": "料金表.pdf", "sha256": attachment.sha256}
    assert attach(software, by) == attachment  # the same file again is the same attachment, named once
    assert len(software.revisions.drafts().get().content["attachments"]) == 1
    actions.remove_attachment(attachment, by=by)
    assert "attachments" not in software.revisions.drafts().get().content


def test_attachment_with_malware_is_deleted_and_told(scanner, django_capture_on_commit_callbacks):
    scanner.outcome = malware.Outcome.INFECTED
    software = listed_software()
    by = vendor(company=software.maker)
    with django_capture_on_commit_callbacks(execute=True):
        attachment = attach(software, by)
        name = attachment.file.name
    with django_capture_on_commit_callbacks(execute=True):
        tasks.scan_attachment(attachment.pk)
    attachment.refresh_from_db()
    assert attachment.status == ScanStatus.INFECTED
    assert not attachment.file.storage.exists(name)
    assert Notification.objects.filter(user=by, event="attachment_infected").count() == 1
    with pytest.raises(RuleViolation, match="ウイルス"):
        attach(software, by)


@pytest.mark.parametrize(
    ("outcome", "again"),
    [(malware.ScanError("down"), actions.SCAN_RETRY), (malware.Outcome.NOT_SCANNED, actions.SCANNER_RETRY)],
)
def test_attachment_without_an_answer_waits_and_is_asked_about_again(scanner, outcome, again):
    scanner.outcome = outcome
    software = listed_software()
    attachment = attach(software, vendor(company=software.maker))
    tasks.scan_attachment(attachment.pk)
    attachment.refresh_from_db()
    assert attachment.status == ScanStatus.WAITING
    scanner.outcome = malware.Outcome.CLEAN
    tasks.sweep()
    attachment.refresh_from_db()
    assert attachment.status == ScanStatus.WAITING
    with clock.at(clock.now() + again):
        tasks.sweep()
    attachment.refresh_from_db()
    assert attachment.status == ScanStatus.CLEAN


# What the database itself refuses


def raises_constraint(name):
    return pytest.raises(IntegrityError, match=name)


def test_constraints_of_software():
    software = listed_software()
    rows = Software.objects.filter(pk=software.pk)
    other = drafted(by := vendor(), company=by.active_memberships[0].company)
    cases = {
        "software_availability_is_percent": lambda: rows.update(availability_percent=101),
        "software_suspended_says_why": lambda: rows.update(status=SoftwareStatus.SUSPENDED),
        "software_listed_has_revision": lambda: Software.objects.filter(pk=other.pk).update(status="listed"),
        "software_status_known": lambda: Software.objects.create(
            maker=software.maker, status="nonsense", listed_at=clock.now(), lapses_on=clock.today(),
            listed_revision=software.listed_revision,
        ),
        "certification_once_per_scheme": lambda: software.certifications.create(scheme="ismap", number="2"),
        "certification_scheme_known": lambda: software.certifications.create(scheme="none", number="2"),
        "offer_one_per_seller": lambda: Offer.objects.create(software=software, seller=software.maker, kind="direct"),
        "offer_kind_known": lambda: Offer.objects.update(kind="gift"),
        "price_line_position_unique": lambda: price_line(software, position=1),
        "price_line_timing_known": lambda: price_line(software, timing="daily"),
        "price_line_unit_known": lambda: price_line(software, unit="dozen"),
        "price_line_not_negative": lambda: price_line(software, amount_yen=-1),
        "price_line_tier_in_order": lambda: price_line(software, from_quantity=5, to_quantity=4),
        "category_leaf_has_bit": lambda: type(category()).objects.create(slug="a", name="a", name_en="a", parent=category(), bit=99),
    }  # fmt: skip
    for name, break_it in cases.items():
        with raises_constraint(name), transaction.atomic():
            break_it()


def price_line(software, **values):
    return PriceLine.objects.create(
        **{
            "offer": software.offers.get(),
            "position": 2,
            "item": "x",
            "timing": "month",
            "unit": "user",
            "amount_yen": 1,
        }
        | values
    )


def test_constraints_of_reviews_and_revisions():
    review = in_review()
    rows, now, by = Review.objects.filter(pk=review.pk), clock.now(), reviewer()
    revision = review.revisions.get(offer=None)
    cases = {
        "review_status_known": lambda: Review.objects.create(
            software=review.software,
            company=CompanyFactory(),
            submitted_by=by,
            status="lost",
            decided_at=now,
            decided_by=review.submitted_by,
        ),
        "review_decided_iff_closed": lambda: rows.update(status="approved", decided_by=by),
        "review_decided_by_someone_or_policy": lambda: rows.update(status="approved", decided_at=now),
        "review_nobody_decides_their_own": lambda: rows.update(
            status="approved", decided_at=now, decided_by=review.submitted_by
        ),
        "review_post_checked_at_and_by": lambda: rows.update(post_checked_at=now),
        "review_one_open_per_submitter": lambda: Review.objects.create(
            software=review.software, company=review.company, submitted_by=by
        ),
        "revision_number_unique": lambda: Revision.objects.create(software=review.software, number=1),
        "revision_one_draft": lambda: [
            Revision.objects.create(software=review.software, number=number) for number in (8, 9)
        ],
        "revision_submitted_has_digest": lambda: Revision.objects.create(
            software=review.software, number=7, review=review
        ),
        "finding_once": lambda: [finding(review, revision) for _ in range(2)],
        "finding_severity_known": lambda: finding(review, revision, severity="fatal"),
        "comment_not_empty": lambda: Comment.objects.create(
            review=review, revision=revision, field="name", body="", written_by=by, by_operator=True
        ),
    }
    for name, break_it in cases.items():
        with raises_constraint(name), transaction.atomic():
            break_it()


def finding(review, revision, severity=Severity.INFO):
    return Finding.objects.create(
        review=review, revision=revision, field="name", check_name="sanity", severity=severity, message="x"
    )


def test_constraints_of_attachments(scanner):
    software = listed_software()
    attachment = attach(software, vendor(company=software.maker))
    rows = Attachment.objects.filter(pk=attachment.pk)
    cases = {
        "attachment_kind_known": lambda: rows.update(kind="picture"),
        "attachment_sha256_shape": lambda: rows.update(sha256="zz"),
        "attachment_scanned_iff_judged": lambda: rows.update(status=ScanStatus.CLEAN),
        "attachment_once_per_software": lambda: Attachment.objects.create(
            software=software, kind="sla", size=1, sha256=attachment.sha256, uploaded_by=attachment.uploaded_by
        ),
    }
    for name, break_it in cases.items():
        with raises_constraint(name), transaction.atomic():
            break_it()


def scanned():
    software = listed_software()
    attachment = attach(software, vendor(company=software.maker))
    Attachment.objects.update(status=ScanStatus.CLEAN, scanned_at=clock.now())
    return attachment


@pytest.mark.parametrize(
    ("model", "prepare", "update"),
    [
        (Review, lambda: in_review(), {"status": "submitted"}),
        (Software, lambda: listed_software(), {"status": "unlisted"}),
        (Attachment, lambda: scanned(), {"status": "waiting", "scanned_at": None}),
        (Revision, lambda: submitted().revisions.first(), {"content": {"name": "書き換え"}}),
        (Revision, lambda: submitted().revisions.first(), {"review": None, "digest": ""}),
    ],
    ids=["review", "software", "attachment", "revision content", "revision review"],
)
def test_triggers_refuse_what_no_action_does(model, prepare, update):
    row = prepare()
    with pytest.raises(DatabaseError, match=r"ransition|pdate"), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**update)


def test_triggers_refuse_to_delete_a_submitted_revision():
    revision = submitted().revisions.first()
    with pytest.raises(DatabaseError, match="delete"), transaction.atomic():
        Revision.objects.filter(pk=revision.pk).delete()


# Two at once


def at_once(*acts):
    """Run every act in a thread of its own, all released together; returns each one's result or exception."""
    gate, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        try:
            gate.wait(timeout=10)
            results[index] = act()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return results


def refused(results):
    return [result for result in results if isinstance(result, RuleViolation)]


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_once_make_one_review():
    by = vendor(company=company_under_agreement())
    company = by.active_memberships[0].company
    software = drafted(by, company=company)
    results = at_once(*[lambda: actions.submit_drafts(software, company=company, by=by)] * 2)
    assert len(refused(results)) == 1
    assert Review.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_decide_once():
    review, by = in_review(), reviewer()
    results = at_once(*[lambda: actions.approve_review(Review.objects.get(pk=review.pk), by=by)] * 2)
    assert len(refused(results)) == 1
    assert audited(review).count("review:approved") == 1
    assert Notification.objects.filter(event="review_approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_approval_and_withdrawal_at_once_leave_one_of_them():
    review, by = in_review(), reviewer()
    results = at_once(
        lambda: actions.approve_review(review, by=by), lambda: actions.withdraw_review(review, by=review.submitted_by)
    )
    assert len(refused(results)) == 1
    software = Software.objects.get(pk=review.software_id)
    is_approved = Review.objects.get(pk=review.pk).status == ReviewStatus.APPROVED
    assert (software.status == SoftwareStatus.LISTED) is is_approved
    assert software.revisions.drafts().exists() is not is_approved


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_give_the_review_to_one():
    review = in_review()
    people = [reviewer(), reviewer()]
    results = at_once(*[lambda by=by: actions.assign_reviewer(review, by=by) for by in people])
    [loser] = refused(results)
    winner = Review.objects.get(pk=review.pk).reviewer
    assert winner.name in str(loser)


@pytest.mark.django_db(transaction=True)
def test_a_check_run_by_two_workers_at_once_counts_once(monkeypatch):
    monkeypatch.setattr(actions, "enqueue_on_commit", lambda *args: False)  # the broker is down
    review = submitted()
    assert review.status == ReviewStatus.SUBMITTED
    results = at_once(*[lambda: tasks.check_review(review.pk)] * 2)
    assert results == [None, None]
    assert audited(review).count("review:checked") == 1
