"""A vendor's pages, as the vendor's clerk uses them, with and without script."""

import datetime as dt
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from catalog import actions, tasks
from catalog.enums import OfferKind, ScanStatus, SoftwareStatus
from catalog.models import Attachment, Offer, Review, Revision, Software
from marketplace import malware
from marketplace.accounts.enums import GbizAccountType
from tests.factories.accounts import MembershipFactory, vendor
from tests.factories.catalog import category, content, listed_software, offer_content
from tests.factories.companies import CompanyFactory, MasterAgreementFactory
from tests.sign_in import session_cookie

pytestmark = pytest.mark.django_db

VENDOR_HOME_QUERIES = 9


def url(name, software, *args):
    return reverse(f"catalog:{name}", args=[software.reference, *args])


def company_of(user):
    return user.active_memberships[0].company


def drafted(by, *, offer=True, **changes):
    category()
    software = actions.create_software(company=company_of(by), content=content(**changes), by=by).software
    if offer:
        actions.create_offer(software=software, company=company_of(by), content=offer_content(), by=by)
    return software


@pytest.fixture
def by():
    return vendor(company=MasterAgreementFactory().company)


@pytest.fixture
def clerk(client, by):
    client.force_login(by)
    return client


def posted(draft_content, **changes):
    """What the browser sends of a software's form that shows ``draft_content``."""
    data = {
        "seen": "",
        "certifications-TOTAL_FORMS": "1",
        "certifications-INITIAL_FORMS": "1",
        "certifications-0-scheme": "",
        "certifications-0-number": "",
        "certifications-0-expires_on": "",
    }
    for name, value in draft_content.items():
        if isinstance(value, dict):
            data |= {f"{name}.{inner}": each for inner, each in value.items()}
        elif isinstance(value, bool):
            data[name] = "true" if value else "false"
        elif name != "certifications":
            data[name] = value
    return data | changes


def prices(*rows, **changes):
    data = {"seen": "", "price_lines-TOTAL_FORMS": str(len(rows)), "price_lines-INITIAL_FORMS": str(len(rows))}
    for index, row in enumerate(rows):
        data |= {f"price_lines-{index}-{name}": value for name, value in row.items()}
    return data | changes


LINE = {
    "item": "基本利用料", "timing": "month", "unit": "user", "amount_yen": "３００円", "from_quantity": "1",
    "to_quantity": "", "tax_included": "false",
}  # fmt: skip


def seen(software, offer=None):
    return software.revisions.drafts().get(offer=offer).edited_at.isoformat()


# Home


@pytest.mark.parametrize("count", [1, 3])
def test_vendor_home_query_count(clerk, by, count, django_assert_num_queries):
    own = [drafted(by, name=f"製品{n}") for n in range(count)]
    listed_software()  # somebody else's: could leak, must not
    with django_assert_num_queries(VENDOR_HOME_QUERIES):
        response = clerk.get(reverse("catalog:vendor_home"))
    assert {desk.software.pk for desk in response.context["desks"]} == {software.pk for software in own}


def test_vendor_home_of_nobody_is_refused(client):
    client.force_login(MembershipFactory(officer=True).user)
    assert client.get(reverse("catalog:vendor_home")).status_code == 403


def test_vendor_home_says_what_to_do_next(clerk, by):
    software = drafted(by, summary="", offer=False)

    def step():
        return clerk.get(reverse("catalog:vendor_home")).context["desks"][0].next_step.text

    assert "価格表" in step()
    actions.create_offer(software=software, company=company_of(by), content=offer_content(), by=by)
    assert "必須項目が1件" in step()
    draft = software.revisions.drafts().get(offer=None)
    actions.save_draft(draft, content=content(), by=by)
    assert "提出できます" in step()
    review = actions.submit_drafts(software, company=company_of(by), by=by)
    assert "自動点検中" in step()
    tasks.check_review(review.pk)
    assert "審査しています" in step()
    actions.return_review(review, note="直してください。", by=MembershipFactory(reviewer=True).user)
    assert "修正のお願い" in step()


# Drafts


def test_software_begins_with_its_name(clerk, by):
    response = clerk.post(reverse("catalog:software_create"), {"name": "勤怠ひろば"})
    software = Software.objects.get()
    assert response.url == url("software_edit", software)
    assert (software.name, software.maker) == ("勤怠ひろば", company_of(by))


def test_software_begins_for_one_of_ones_companies(clerk, by):
    other = MembershipFactory(user=by).company
    stranger = CompanyFactory()
    page = reverse("catalog:software_create")
    assert clerk.post(page, {"name": "勤怠ひろば", "company": stranger.corporate_number}).status_code == 422
    clerk.post(page, {"name": "勤怠ひろば", "company": other.corporate_number})
    assert [software.maker for software in Software.objects.all()] == [other]


def test_software_edit_reads_back_what_it_wrote(clerk, by):
    software = drafted(by)
    told = content(
        certifications=[{"scheme": "ismap", "number": "C21-0001-2", "expires_on": "2027-12-31"}],
        end_of_service_notice_months=0,
    )
    data = posted(told, seen=seen(software))
    data |= {f"certifications-0-{name}": value for name, value in told["certifications"][0].items()}
    response = clerk.post(url("software_edit", software), data)
    assert response.status_code == 302
    assert software.revisions.drafts().get(offer=None).content == told

    page = clerk.get(url("software_edit", software))
    assert page.context["draft"].form.initial["sla.availability_percent"] == "99.9"
    assert 'value="2027-12-31"' in page.content.decode()


def test_software_edit_keeps_what_is_incomplete(clerk, by):
    software = drafted(by)
    data = posted({"name": "勤怠ひろば"}, seen=seen(software)) | {"certifications-0-scheme": "ismap"}
    assert clerk.post(url("software_edit", software), data).status_code == 302
    assert software.revisions.drafts().get(offer=None).content == {
        "name": "勤怠ひろば",
        "certifications": [{"scheme": "ismap"}],
    }


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("name_kana", "きんたい", "全角カタカナ"),
        ("summary", "長" * 101, "100文字以内"),
        ("sla.availability_percent", "百", "0から100まで"),
        ("sla.rto_hours", "-1", "0以上"),
        ("disclosed_on", "2026-02-30", "日付"),
        ("website", "example", "https://"),
        ("categories", "no-such", "no-such"),
    ],
)
def test_software_edit_names_the_fault_and_loses_nothing(clerk, by, field, typed, message):
    software = drafted(by)
    before = software.revisions.drafts().get(offer=None).content
    response = clerk.post(
        url("software_edit", software), posted(content(), **{field: typed, "description": "打ったばかりの説明。"})
    )
    assert response.status_code == 422
    body = unescape(response.content.decode())
    assert message in body.split('class="error-summary"')[1].split("</section>")[0]
    assert "打ったばかりの説明。" in body
    assert typed in body
    assert software.revisions.drafts().get(offer=None).content == before


def test_software_edit_after_a_colleague_keeps_what_was_typed(clerk, by):
    software = drafted(by)
    old = seen(software)
    draft = software.revisions.drafts().get(offer=None)
    colleague = vendor(company=company_of(by))
    actions.save_draft(draft, content=content(summary="同僚の概要。"), by=colleague)
    response = clerk.post(url("software_edit", software), posted(content(summary="自分の概要。"), seen=old))
    assert response.status_code == 409
    body = response.content.decode()
    assert "自分の概要。" in body
    assert colleague.name in body
    again = clerk.post(
        url("software_edit", software), posted(content(summary="自分の概要。"), seen=response.context["seen"])
    )
    assert again.status_code == 302
    assert software.revisions.drafts().get(offer=None).content["summary"] == "自分の概要。"


def test_software_edit_sees_a_draft_a_colleague_began_meanwhile(clerk, by):
    software = listed_software(maker=company_of(by))
    assert clerk.get(url("software_edit", software)).context["seen"] == ""
    actions.start_draft(software, by=vendor(company=company_of(by)))
    response = clerk.post(url("software_edit", software), posted(content(summary="自分の概要。"), seen=""))
    assert response.status_code == 409
    assert "自分の概要。" in response.content.decode()


def test_software_edit_of_something_listed_begins_a_draft_only_when_saved(clerk, by):
    software = listed_software(maker=company_of(by))
    assert clerk.get(url("software_edit", software)).status_code == 200
    assert not software.revisions.drafts().exists()
    clerk.post(url("software_edit", software), posted(content(summary="新しい概要。")))
    assert software.revisions.drafts().get().content["summary"] == "新しい概要。"


def test_software_edit_under_review_leads_back(clerk, by):
    software = drafted(by)
    actions.submit_drafts(software, company=company_of(by), by=by)
    assert clerk.get(url("software_edit", software)).url == url("vendor_software", software)
    response = clerk.post(url("software_edit", software), posted(content()), follow=True)
    assert "審査中は編集できません" in response.content.decode()


def test_software_edit_of_others_does_not_exist(clerk):
    assert clerk.get(url("software_edit", listed_software())).status_code == 404
    assert clerk.get(url("vendor_software", listed_software())).status_code == 404


def test_software_edit_shows_what_the_reviewer_said(clerk, by):
    software = drafted(by)
    review = actions.submit_drafts(software, company=company_of(by), by=by)
    tasks.check_review(review.pk)
    operator = MembershipFactory(reviewer=True).user
    revision = review.revisions.get(offer=None)
    actions.write_comment(review, revision=revision, field="summary", body="対象の業務を書いてください。", by=operator)
    actions.return_review(review, note="直してください。", by=operator)
    notes = clerk.get(url("software_edit", software)).context["notes"]
    assert ("summary", "対象の業務を書いてください。") in [(note["field"], note["text"]) for note in notes]


# Price lines


def test_offer_edit_writes_exact_amounts(clerk, by):
    software = drafted(by)
    offer = software.offers.get()
    rows = LINE, LINE | {"item": "保守", "amount_yen": "1,234.50", "timing": "year", "unit": "organization"}
    assert clerk.post(url("offer_edit", software), prices(*rows, seen=seen(software, offer))).status_code == 302
    lines = software.revisions.drafts().get(offer=offer).content["price_lines"]
    assert [(line["amount_yen"], line["to_quantity"], line["tax_included"]) for line in lines] == [
        ("300", None, False),
        ("1234.50", None, False),
    ]


@pytest.mark.parametrize("typed", ["三百円", "-1", "1e3", "0.001", "1,2.3.4"])
def test_offer_edit_refuses_what_is_no_amount(clerk, by, typed):
    software = drafted(by)
    response = clerk.post(url("offer_edit", software), prices(LINE | {"amount_yen": typed}))
    refused = typed != "1e3"  # a plain thousand, oddly written
    assert (response.status_code == 422) is refused
    if refused:
        assert "price_lines-0-amount_yen" in response.content.decode().split('class="error-summary"')[1]


def test_offer_edit_leaves_out_deleted_and_untouched_rows(clerk, by):
    software = drafted(by)
    offer = software.offers.get()
    untouched = dict.fromkeys(LINE, "") | {"from_quantity": "1", "tax_included": "false"}
    data = prices(LINE, LINE | {"item": "やめる", "DELETE": "on"}, untouched, seen=seen(software, offer))
    assert clerk.post(url("offer_edit", software), data).status_code == 302
    lines = software.revisions.drafts().get(offer=offer).content["price_lines"]
    assert [line["item"] for line in lines] == ["基本利用料"]


def test_offer_edit_adds_a_row_without_script_and_saves_nothing(clerk, by):
    software = drafted(by)
    response = clerk.post(url("offer_edit", software), prices(LINE | {"item": "打ったばかり"}, add="price_lines"))
    formset = response.context["draft"].lists["price_lines"]
    assert (response.status_code, len(formset.forms)) == (200, 2)
    assert "打ったばかり" in response.content.decode()
    assert "error-summary" not in response.content.decode().replace("js/error-summary.js", "")
    assert software.revisions.drafts().exclude(offer=None).get().content == offer_content()


def test_offer_edit_adds_a_row_with_script_as_a_fragment(clerk, by):
    software = drafted(by)
    response = clerk.post(url("offer_edit", software), prices(LINE, add="price_lines"), headers={"hx-request": "true"})
    body = response.content.decode()
    assert "<html" not in body
    assert 'name="price_lines-1-item"' in body
    assert 'name="price_lines-TOTAL_FORMS" value="2"' in body


def test_completeness_is_told_while_typing_and_saves_nothing(clerk, by):
    software = drafted(by)
    before = software.revisions.drafts().get(offer=None).content
    response = clerk.post(url("software_draft_completeness", software), posted(content(summary="", name_kana="")))
    body = response.content.decode()
    assert [lack.path for lack in response.context["completeness"].missing] == ["name_kana", "summary"]
    assert 'href="#id_summary"' in body
    assert software.revisions.drafts().get(offer=None).content == before
    rows = LINE, LINE | {"from_quantity": "5"}
    prices_body = clerk.post(url("offer_draft_completeness", software), prices(*rows)).content.decode()
    assert "重なっています" in prices_body


# Selling what others make


def test_reseller_makes_an_offer_for_a_listed_product(clerk, by):
    software = listed_software()
    assert clerk.get(url("offer_edit", software)).status_code == 200
    assert clerk.post(url("offer_edit", software), prices(LINE)).status_code == 302
    offer = Offer.objects.get(seller=company_of(by))
    assert offer.kind == OfferKind.RESELLER
    page = clerk.get(url("vendor_software", software))
    assert [part.name for part in page.context["desk"].parts] == ["offer"]
    assert clerk.get(url("software_preview", software)).status_code == 200


def test_reseller_cannot_begin_with_an_unlisted_product(clerk):
    assert clerk.get(url("offer_edit", drafted(vendor()))).status_code == 404
    suspended = listed_software()
    actions.suspend_software(suspended, reason="確認中", by=MembershipFactory(administrator=True).user)
    assert clerk.get(url("offer_edit", suspended)).status_code == 404


# Preview and submission


def test_preview_prices_the_draft_at_the_readers_size(clerk, by):
    software = drafted(by)
    response = clerk.get(url("software_preview", software), {"users": "50", "years": "2"})
    assert response.context["estimate"].total.including_tax == 300 * 50 * 24 * 110 // 100


def test_preview_of_a_draft_with_half_a_row_shows_the_rest(clerk, by):
    software = drafted(by, offer=False)
    lines = [*offer_content()["price_lines"], {"item": "まだ途中", "to_quantity": None}]
    actions.create_offer(software=software, company=company_of(by), content={"price_lines": lines}, by=by)
    assert len(clerk.get(url("software_preview", software)).context["estimate"].items) == 1


def test_submit_leads_to_the_review_and_a_second_click_is_told(clerk, by):
    software = drafted(by)
    assert 'action="' + url("drafts_submit", software) in clerk.get(url("vendor_software", software)).content.decode()
    first = clerk.post(url("drafts_submit", software))
    review = Review.objects.get()
    assert first.url == review.get_absolute_url()
    second = clerk.post(url("drafts_submit", software), follow=True)
    assert "審査中です" in second.content.decode()
    assert Review.objects.count() == 1


def test_submit_is_not_offered_to_an_entry_account_and_says_why(client, by):
    entry = vendor(company=company_of(by), account_type=GbizAccountType.ENTRY, has_mandate=False)
    software = drafted(by)
    client.force_login(entry)
    body = client.get(url("vendor_software", software)).content.decode()
    assert "GビズIDエントリーでは" in body
    assert url("drafts_submit", software) not in body
    assert client.post(url("drafts_submit", software)).status_code == 403
    assert not Review.objects.exists()


def test_discarding_a_draft_keeps_the_listing(clerk, by):
    software = listed_software(maker=company_of(by))
    actions.start_draft(software, by=by)
    clerk.post(url("software_draft_discard", software))
    assert not Revision.objects.drafts().exists()
    assert clerk.post(url("software_draft_discard", software)).status_code == 404


def test_reading_never_writes(clerk, by):
    software = listed_software(maker=company_of(by))
    before = (Revision.objects.count(), Review.objects.count())
    for name in ("vendor_software", "software_edit", "offer_edit", "software_preview"):
        assert clerk.get(url(name, software)).status_code == 200
    assert (Revision.objects.count(), Review.objects.count()) == before
    assert clerk.get(url("drafts_submit", software)).status_code == 405


# Attachments

PDF = b"%PDF-1.4\n%%EOF"


def upload(clerk, software, data=PDF, name="料金表.pdf"):
    return clerk.post(url("attachment_add", software), {"kind": "price_table", "file": SimpleUploadedFile(name, data)})


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"MZ\x90\x00" + bytes(100), "料金表.pdf", "この種類のファイルは受け付けていません"),
        (PDF, "料金表.xlsx", "拡張子と中身が合っていません"),
        (b"", "空.pdf", "空"),
        (b"%PDF-1.4 cut", "途中.pdf", "壊れている"),
    ],
)
def test_upload_of_the_wrong_kind_is_told_at_its_field(clerk, by, data, name, message):
    software = drafted(by)
    response = upload(clerk, software, data, name)
    assert response.status_code == 422
    assert message in response.context["attachment_form"].errors["file"][0]
    assert "#id_attachment_file" in response.content.decode()
    assert not Attachment.objects.exists()


def test_upload_is_not_served_before_it_is_clean(clerk, by, client):
    software = drafted(by)
    upload(clerk, software)
    attachment = Attachment.objects.get()
    assert "検査待ち" in clerk.get(url("vendor_software", software)).content.decode()
    assert clerk.get(reverse("catalog:attachment_file", args=[attachment.reference])).status_code == 404


def test_upload_that_is_clean_is_served_to_who_may_see_it(clerk, by, monkeypatch, client):
    monkeypatch.setattr(malware, "scan", lambda file: malware.Verdict(malware.Outcome.CLEAN))
    software = drafted(by)
    upload(clerk, software)
    tasks.scan_attachment(Attachment.objects.get().pk)
    attachment = Attachment.objects.get()
    assert attachment.status == ScanStatus.CLEAN
    place = reverse("catalog:attachment_file", args=[attachment.reference])
    response = clerk.get(place)
    assert b"".join(response.streaming_content) == PDF
    assert "attachment" in response["Content-Disposition"]
    clerk.force_login(vendor())
    assert clerk.get(place).status_code == 404  # not listed yet
    clerk.logout()
    assert clerk.get(place).status_code == 404


def test_upload_of_a_listed_revision_is_public(client, by, monkeypatch):
    monkeypatch.setattr(malware, "scan", lambda file: malware.Verdict(malware.Outcome.CLEAN))
    software = drafted(by)
    client.force_login(by)
    upload(client, software)
    tasks.scan_attachment(Attachment.objects.get().pk)
    review = actions.submit_drafts(software, company=company_of(by), by=by)
    tasks.check_review(review.pk)
    actions.approve_review(review, by=MembershipFactory(reviewer=True).user)
    client.logout()
    place = reverse("catalog:attachment_file", args=[Attachment.objects.get().reference])
    assert client.get(place).status_code == 200
    assert f'href="{place}"' in client.get(software.get_absolute_url()).content.decode()
    Software.objects.filter(pk=software.pk).update(status=SoftwareStatus.LAPSED)
    assert client.get(place).status_code == 404


def test_upload_to_the_software_of_others_does_not_exist(clerk):
    assert upload(clerk, listed_software()).status_code == 404


def test_lapse_is_told_four_months_before(clerk, by):
    listed_software(maker=company_of(by), disclosed_on=(dt.date.today() - dt.timedelta(days=640)).isoformat())
    listed_software(maker=company_of(by), disclosed_on=(dt.date.today() - dt.timedelta(days=500)).isoformat())
    texts = [desk.next_step.text for desk in clerk.get(reverse("catalog:vendor_home")).context["desks"]]
    assert ["掲載期限が切れます" in text for text in texts] == [False, True]


def test_companies_see_only_their_own(clerk):
    other = vendor(company=CompanyFactory())
    software = drafted(other)
    for name in ("vendor_software", "software_edit", "offer_edit", "software_preview"):
        assert clerk.get(url(name, software)).status_code == 404
    assert clerk.post(url("drafts_submit", software)).status_code == 404


# In the browser


@pytest.fixture
def open_as(live_server, page):
    def opened(user, path):
        page.context.add_cookies([{**session_cookie(user), "url": live_server.url}])
        page.goto(live_server.url + path)
        return page

    return opened


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_completeness_follows_typing_and_leads_to_the_field(open_as, by):
    page = open_as(by, url("software_edit", drafted(by, summary="")))
    beside = page.locator("#completeness")
    beside.get_by_role("link", name="概要").click()
    page.locator("#id_summary").fill("職員の文書を管理します。")
    beside.get_by_text("必須項目がそろいました").wait_for()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_row_is_added_without_leaving_the_page_and_saved(open_as, by):
    software = drafted(by)
    page = open_as(by, url("offer_edit", software))
    page.locator("#id_price_lines-0-item").fill("改めた品目")
    page.get_by_role("button", name="行を追加する").click()
    page.locator("#id_price_lines-1-item").wait_for()
    assert page.evaluate("document.activeElement.matches('#rows-price_lines fieldset:last-of-type')")
    page.locator("#id_price_lines-1-item").fill("保守")
    assert page.locator("#id_price_lines-0-item").input_value() == "改めた品目"
    page.locator("#id_price_lines-1-timing").select_option("year")
    page.locator("#id_price_lines-1-item").press("Enter")  # Enter saves; it does not add a row
    page.get_by_text("下書きを保存しました").wait_for()
    lines = software.revisions.drafts().exclude(offer=None).get().content["price_lines"]
    assert [line["item"] for line in lines] == ["改めた品目", "保守"]
    assert "単位" in page.locator("main").inner_text()  # of the second row: still missing
