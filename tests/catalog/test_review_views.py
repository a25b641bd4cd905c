"""The operator's queue, the page of one review from both sides, and the clear word for whoever comes too late."""

import datetime as dt

import pytest
from django.urls import reverse

from catalog import actions, tasks
from catalog.enums import ReviewStatus, Severity, SoftwareStatus
from catalog.models import Comment, Finding, Review
from marketplace import clock
from tests.factories.accounts import MembershipFactory, vendor
from tests.factories.catalog import category, content, listed_software, offer_content
from tests.factories.companies import MasterAgreementFactory
from tests.sign_in import session_cookie

pytestmark = pytest.mark.django_db

REVIEW_LIST_QUERIES = 7
REVIEW_DETAIL_QUERIES = 12
LISTING_CONTROL_QUERIES = 6

LIST = reverse("catalog:review_list")


def url(name, review):
    return reverse(f"catalog:review_{name}", args=[review.reference])


def in_review(by=None, **changes):
    by = by or vendor(company=MasterAgreementFactory().company)
    company = by.active_memberships[0].company
    category()
    software = actions.create_software(company=company, content=content(**changes), by=by).software
    actions.create_offer(software=software, company=company, content=offer_content(), by=by)
    review = actions.submit_drafts(software, company=company, by=by)
    tasks.check_review(review.pk)
    review.refresh_from_db()
    return review


def changed(software, **changes):
    """A change of what is listed, in review."""
    by = vendor(company=software.maker)
    draft = actions.start_draft(software, by=by)
    actions.save_draft(draft, content=draft.content | changes, by=by)
    review = actions.submit_drafts(software, company=software.maker, by=by)
    tasks.check_review(review.pk)
    review.refresh_from_db()
    return review


@pytest.fixture
def reviewer():
    return MembershipFactory(reviewer=True).user


@pytest.fixture
def desk(client, reviewer):
    client.force_login(reviewer)
    return client


def text(response):
    return response.content.decode()


# The queue


@pytest.mark.parametrize("count", [1, 3])
def test_review_list_query_count(desk, count, django_assert_num_queries):
    reviews = [in_review() for _ in range(count)]
    with django_assert_num_queries(REVIEW_LIST_QUERIES):
        response = desk.get(LIST)
    assert [review.pk for review in response.context["page"]] == [review.pk for review in reviews]


def test_review_list_is_the_operators(client):
    in_review()
    for somebody in (vendor(), MembershipFactory(officer=True).user):
        client.force_login(somebody)
        assert client.get(LIST).status_code == 403


def test_review_list_tells_age_findings_kind_and_who(desk, reviewer):
    review = in_review(description="短い。", disclosed_on="2999-01-01")
    Review.objects.filter(pk=review.pk).update(submitted_at=clock.now() - dt.timedelta(days=3, hours=1))
    change = changed(listed_software(name="窓口ひろば"), name="窓口ひろば改")
    actions.assign_reviewer(change, by=reviewer)
    rows = {row.pk: row for row in desk.get(LIST).context["page"]}
    assert (rows[review.pk].age_days, rows[review.pk].errors, rows[review.pk].is_change) == (3, 1, False)
    assert (rows[change.pk].age_days, rows[change.pk].is_change, rows[change.pk].reviewer) == (0, True, reviewer)
    assert [row.pk for row in desk.get(LIST, {"mine": "1"}).context["page"]] == [change.pk]


def test_review_list_tabs_hold_every_review_once(desk, reviewer):
    waiting, returned, approved = in_review(), in_review(), in_review()
    actions.return_review(returned, note="直してください。", by=reviewer)
    actions.approve_review(approved, by=reviewer)
    shown = {
        tab: [row.pk for row in desk.get(LIST, {"tab": tab}).context["page"]]
        for tab in ("waiting", "returned", "closed", "checking", "nonsense")
    }
    assert shown == {
        "waiting": [waiting.pk], "returned": [returned.pk], "closed": [approved.pk], "checking": [],
        "nonsense": [waiting.pk],
    }  # fmt: skip


# One review


@pytest.mark.parametrize("count", [1, 3])
def test_review_detail_query_count(desk, reviewer, count, django_assert_num_queries):
    review = in_review()
    revision = review.revisions.get(offer=None)
    for number in range(count):
        Finding.objects.create(
            review=review, revision=revision, field="name", check_name="x", severity=Severity.INFO, message=str(number)
        )
        actions.write_comment(review, revision=revision, field="name", body=str(number), by=reviewer)
    with django_assert_num_queries(REVIEW_DETAIL_QUERIES):
        response = desk.get(review.get_absolute_url())
    row = next(row for part in response.context["parts"] for row in part.rows if row.name == "name")
    assert (len(row.comments), len(row.findings)) == (count, count)


def test_review_detail_shows_what_changed(desk):
    software = listed_software(summary="職員の出退勤をまとめて管理します。")
    review = changed(software, summary="職員の出退勤と休暇を管理します。", delivery=["lgwan_asp", "public_cloud"])
    response = desk.get(review.get_absolute_url())
    [part] = response.context["parts"]
    assert [row.name for row in part.changed] == ["summary", "delivery"]
    body = text(response)
    assert "休暇を</ins>" in body.replace('<span class="visually-hidden">追加：</span>', "")
    assert "まとめて</del>" in body.replace('<span class="visually-hidden">削除：</span>', "")
    assert "LGWAN-ASP</ins>" in body


def test_review_detail_shows_changed_prices_cell_by_cell(desk):
    software = listed_software()
    by = vendor(company=software.maker)
    draft = actions.start_draft(software.offers.get(), by=by)
    line = draft.content["price_lines"][0]
    lines = [line | {"amount_yen": "350"}, line | {"item": "保守", "timing": "year"}]
    actions.save_draft(draft, content=draft.content | {"price_lines": lines}, by=by)
    review = actions.submit_drafts(software, company=software.maker, by=by)
    tasks.check_review(review.pk)
    body = text(desk.get(review.get_absolute_url()))
    assert "<del>300</del> <ins>350</ins>" in body
    assert "<ins>保守</ins>" in body
    assert "<ins>基本利用料</ins>" not in body


def test_review_detail_of_a_first_submission_marks_nothing_as_new(desk):
    body = text(desk.get(in_review().get_absolute_url()))
    assert "初めての提出です" in body
    assert "</ins>" not in body


def test_review_detail_escapes_what_vendors_write(desk):
    body = text(desk.get(in_review(summary="<script>alert(1)</script>").get_absolute_url()))
    assert "<script>alert" not in body


def test_review_is_seen_by_the_operator_and_its_own_company_only(client):
    review = in_review()
    client.force_login(vendor())
    assert client.get(review.get_absolute_url()).status_code == 404
    client.force_login(MembershipFactory(officer=True).user)
    assert client.get(review.get_absolute_url()).status_code == 404
    client.force_login(review.submitted_by)
    body = text(client.get(review.get_absolute_url()))
    assert url("withdraw", review) in body
    assert url("approve", review) not in body


def test_review_of_ones_own_company_is_refused(client):
    review = in_review()
    insider = MembershipFactory(reviewer=True).user
    MembershipFactory(user=insider, company=review.company)
    client.force_login(insider)
    page = client.get(review.get_absolute_url())
    assert "審査できません" in text(page)
    assert url("approve", review) not in text(page)
    for verb in ("approve", "return", "reject"):
        assert client.get(url(verb, review)).status_code == 403
        assert client.post(url(verb, review), {"note": "x"}).status_code == 403
    assert client.post(url("assign", review)).status_code == 403


# Comments


def comment(client, review, body="対象を書いてください。", field="summary", **headers):
    data = {"subject": review.software.reference, "field": field, "body": body}
    return client.post(url("comment", review), data, headers=headers)


def test_comment_without_script_comes_back_to_its_field(desk):
    review = in_review()
    response = comment(desk, review, field="sla.availability_percent")
    anchor = f"{review.software.reference}-sla-availability_percent"
    assert response.url == f"{review.get_absolute_url()}#{anchor}"
    assert f'id="{anchor}"' in text(desk.get(review.get_absolute_url()))


def test_comment_with_script_answers_with_the_thread(desk):
    body = text(comment(desk, in_review(), **{"hx-request": "true"}))
    assert "対象を書いてください。" in body
    assert "<html" not in body


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
def test_comment_that_is_too_long_is_told_and_kept(desk, headers):
    response = comment(desk, in_review(), body="長" * 2001, **headers)
    assert response.status_code == 422
    assert "長" * 2001 in text(response)
    assert not Comment.objects.exists()


def test_comment_is_answered_by_the_vendor_and_after_the_end_by_nobody(client, reviewer):
    review = in_review()
    client.force_login(review.submitted_by)
    assert comment(client, review, body="直しました。").status_code == 302
    assert [each.by_operator for each in Comment.objects.all()] == [False]
    actions.approve_review(review, by=reviewer)
    assert "審査中または差し戻し中" in text(comment(client, review, body="もう一つ。"))


@pytest.mark.parametrize("data", [{"subject": "SW-NOSUCH"}, {"field": "no_such"}, {"field": "price_lines"}])
def test_comment_on_what_is_not_there_is_a_bad_request(desk, data):
    review = in_review()
    sent = {"subject": review.software.reference, "field": "summary", "body": "本文"} | data
    assert desk.post(url("comment", review), sent).status_code == 400


# Decisions


def test_approve_asks_first_and_a_second_click_is_told(desk):
    review = in_review()
    assert "承認は取り消せません" in text(desk.get(url("approve", review)))
    review.refresh_from_db()
    assert review.status == ReviewStatus.IN_REVIEW
    assert "掲載しました" in text(desk.post(url("approve", review), follow=True))
    again = text(desk.post(url("approve", review), follow=True))
    assert "すでに処理された可能性があります" in again
    review.software.refresh_from_db()
    assert review.software.status == SoftwareStatus.LISTED


@pytest.mark.parametrize(("verb", "status"), [("return", ReviewStatus.RETURNED), ("reject", ReviewStatus.REJECTED)])
def test_decision_against_asks_for_its_reason(desk, verb, status):
    review = in_review()
    empty = desk.post(url(verb, review), {"note": " "})
    assert empty.status_code == 422
    assert "error-summary" in text(empty)
    desk.post(url(verb, review), {"note": "説明に対象の業務を書いてください。"})
    review.refresh_from_db()
    assert (review.status, review.note) == (status, "説明に対象の業務を書いてください。")
    assert "説明に対象の業務を書いてください。" in text(desk.get(review.get_absolute_url()))


def test_second_reviewer_reads_who_has_it_and_may_take_over(client, reviewer):
    review, first = in_review(), MembershipFactory(reviewer=True).user
    actions.assign_reviewer(review, by=first)
    client.force_login(reviewer)
    page = text(client.get(review.get_absolute_url()))
    assert url("approve", review) not in page
    assert f"{first.name}さんがすでに審査を担当しています" in text(client.post(url("assign", review), follow=True))
    assert f"{first.name}さんがすでに審査を担当しています" in text(client.post(url("approve", review), follow=True))
    client.post(url("assign", review), {"take_over": "1"})
    review.refresh_from_db()
    assert review.reviewer == reviewer


def test_withdraw_asks_first_and_leaves_drafts(client):
    review = in_review()
    client.force_login(review.submitted_by)
    assert client.get(url("withdraw", review)).status_code == 200
    assert "下書きとして残っています" in text(client.post(url("withdraw", review), follow=True))
    assert actions.drafts_of(review.software, review.company).count() == 2
    client.force_login(vendor())
    assert client.post(url("withdraw", review)).status_code == 404


def test_post_check_leaves_its_tab_when_done(desk):
    long = "出退勤の打刻、休暇の申請、時間外勤務の集計を一つの画面で行い、給与システムへ渡します。締め処理も自動で、所属長は未処理の申請だけを確かめます。"
    review = changed(listed_software(description=long), summary="打刻から集計まで。")
    assert [row.pk for row in desk.get(LIST, {"tab": "post_check"}).context["page"]] == [review.pk]
    assert url("post_check", review) in text(desk.get(review.get_absolute_url()))
    desk.post(url("post_check", review))
    assert not desk.get(LIST, {"tab": "post_check"}).context["page"].object_list
    assert "済んでいます" in text(desk.post(url("post_check", review), follow=True))


# Listings


def listing(name, software):
    return reverse(f"catalog:{name}", args=[software.reference])


def test_suspension_needs_a_reason_and_an_administrator(client, reviewer):
    software = listed_software()
    client.force_login(reviewer)
    assert client.get(listing("software_suspend", software)).status_code == 403
    assert client.post(listing("software_suspend", software), {"reason": "x"}).status_code == 403
    client.force_login(MembershipFactory(administrator=True).user)
    assert client.post(listing("software_suspend", software), {"reason": ""}).status_code == 422
    page = client.post(listing("software_suspend", software), {"reason": "基本契約を確認中です。"}, follow=True)
    assert "基本契約を確認中です。" in text(page)
    again = client.post(listing("software_suspend", software), {"reason": "もう一度"}, follow=True)
    assert "すでに処理された可能性があります" in text(again)
    assert client.get(software.get_absolute_url()).status_code == 410
    client.post(listing("software_resume", software))
    assert client.get(software.get_absolute_url()).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_listing_control_query_count(desk, count, django_assert_num_queries):
    software = listed_software()
    for number in range(count):
        review = changed(software, name=f"改名{number}")
        actions.withdraw_review(review, by=review.submitted_by)
    with django_assert_num_queries(LISTING_CONTROL_QUERIES):
        response = desk.get(listing("listing_control", software))
    assert len(response.context["reviews"]) == count + 1


# In the browser


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_comment_is_written_in_place(live_server, page, reviewer):
    review = in_review()
    page.context.add_cookies([{**session_cookie(reviewer), "url": live_server.url}])
    page.goto(live_server.url + review.get_absolute_url())
    thread = page.locator(f"#{review.software.reference}-summary-thread")
    thread.get_by_text("コメントする").click()
    thread.get_by_role("textbox").fill("対象を書いてください。")
    thread.get_by_role("button", name="送る").click()
    thread.locator("li").get_by_text("対象を書いてください。").wait_for()
    assert page.url.endswith(review.get_absolute_url())
    assert thread.get_by_text("返信する").is_visible()
