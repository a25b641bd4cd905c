"""The whole purchase in real browsers: from a vendor's first draft to an award that anybody can compute again.

One test, a function a scene. Nothing is prepared but who exists, what is listed already, and the companies' facts;
everything else happens through pages, in the order of a real purchase, each person with a browser of their own.
"""

import datetime as dt
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pyotp
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.urls import reverse

from catalog.enums import ReviewStatus
from catalog.models import Review
from marketplace import clock
from marketplace.accounts import actions as accounts
from marketplace.accounts.enums import Role
from procurement.documents.evidence import verify
from procurement.enums import TenderStatus
from procurement.models import Procurement
from procurement.tasks import sweep
from tests.factories.accounts import AgencyFactory, MembershipFactory
from tests.factories.catalog import listed_software
from tests.factories.companies import CompanyFactory, FactSnapshotFactory, MasterAgreementFactory

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.django_db(transaction=True)]

VENDOR, RIVAL = "5010001900101", "9120001900202"  # 法人番号 of two of the stand-in's accounts
PROPOSALS = {VENDOR: "二週間で使い始められます。研修は三回行います。", RIVAL: "既存の打刻機をそのまま使えます。"}
PRICES = {VENDOR: "6,480,000", RIVAL: "7,350,000"}
SECRET_OF_THE_BLIND = (
    "まどぐちラボ",
    "みまもり防災",
    "勤怠ひろば",
    "勤怠そうじゅう",
    "6,480,000",
    "7,350,000",
    "9,000,000",
)


def test_purchase_from_first_draft_to_published_award(arrives, shifting_clock, mailoutbox):
    scene = set_the_scene()
    vendor, rival, judge, visitor, officer = (arrives() for _ in range(5))

    vendor_drafts_and_submits(vendor)
    review = Review.objects.get(company=scene.company)
    assert review.status == ReviewStatus.IN_REVIEW  # the automated checks have run
    signs_in_by_mail(judge, scene.reviewer, mailoutbox)
    reviewer_comments_and_returns(judge, review)
    vendor_mends_and_submits_again(vendor, mailoutbox)
    reviewer_approves(judge, Review.objects.exclude(pk=review.pk).get(company=scene.company))
    visitor_finds_and_compares(visitor)

    signs_in_by_mail(officer, scene.officer, mailoutbox)
    officer_selects(officer)
    procurement = Procurement.objects.get()
    officer_locks_and_keeps_evidence(officer, procurement)
    officer_publishes_tender(officer, scene)
    nobody_else_sees_the_procurement((vendor, judge), procurement)

    signs_in_with_gbizid(rival, "大西")
    tender = procurement.tender
    vendor_bids(vendor, tender, mailoutbox)
    rival_bids_and_comes_back_a_second_late(rival, scene, tender, shifting_clock)
    evaluators = [arrives(), arrives()]
    for evaluator, user in zip(evaluators, scene.evaluators, strict=True):
        signs_in_by_mail(evaluator, user, mailoutbox)
        evaluator_marks_blind(evaluator, tender)
    officer_opens_and_awards(officer, tender, shifting_clock)
    officer_contracts_and_publishes(officer, procurement)
    bidders_are_told(vendor, rival, mailoutbox)
    visitor_computes_the_award_again(visitor, procurement)

    pages_fit_a_phone(scene, procurement, visitor, vendor, judge, officer, evaluators[0])


# Who exists


def set_the_scene():
    """Two companies that signed the basic agreement, a third on the market, an agency with its people, the operator."""
    scene = SimpleNamespace(
        company=CompanyFactory(corporate_number=VENDOR, name="株式会社まどぐちラボ"),
        rival=CompanyFactory(corporate_number=RIVAL, name="株式会社みまもり防災"),
        agency=AgencyFactory(name="青空市"),
    )
    for company in (scene.company, scene.rival):
        FactSnapshotFactory(company=company)
        MasterAgreementFactory(company=company)
    listed_software(maker=scene.rival, name="勤怠そうじゅう", description="打刻機をそのまま使い、勤怠を集計します。")
    listed_software(name="勤怠みどり帳", description="紙の出勤簿に近い画面で、勤怠を記録します。")
    scene.reviewer = official("市川 涼", Role.REVIEWER)
    scene.officer = official("田村 恵子", Role.OFFICER, scene.agency)
    scene.evaluators = [official(name, Role.EVALUATOR, scene.agency) for name in ("森 大介", "林 由美")]
    return scene


def official(name, role, agency=None):
    count = Authenticator.objects.count()
    user = accounts.enrol_official(name=name, email=f"official{count}@city.aozora.example", second_factor=True)
    MembershipFactory(user=user, role=role, company=None, agency=agency)
    return user


def signs_in_with_gbizid(person, name):
    person.open(reverse("account_login"))
    person.press("GビズIDでサインイン")
    person.page.get_by_role("heading", name="アカウントの選択").wait_for()
    person.page.get_by_role("button").filter(has_text=name).click()
    person.page.wait_for_url(f"{person.site}/**")


def signs_in_by_mail(person, user, mailoutbox):
    person.open(reverse("account_login"))
    person.page.get_by_label("メールアドレス").fill(user.email)
    person.press("確認コードを送る")
    person.page.get_by_label("確認コード").fill(re.search(r"\d{4}-\d{4}", mailoutbox[-1].body).group())
    person.press("確認する")
    secret = decrypt(Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP).data["secret"])
    person.page.get_by_label("認証コード").fill(pyotp.TOTP(secret).now())
    person.press("サインイン")
    person.page.wait_for_url(lambda url: "/account/" not in url and "/sign-in/" not in url)


# The scenes


def vendor_drafts_and_submits(vendor):
    vendor.open("/")
    vendor.look("home")
    signs_in_with_gbizid(vendor, "高瀬")
    vendor.look("vendor-profile")
    vendor.menu("自社の製品")
    vendor.look("vendor-desk-empty")
    vendor.follow("ソフトウェアを登録する")
    vendor.page.get_by_label("名称").fill("勤怠ひろば")
    vendor.press("下書きを作る")
    vendor.look("software-draft-empty")
    missing = vendor.page.locator("#completeness")
    missing.get_by_text("概要").wait_for()
    vendor.fill(
        {
            "name_kana": "キンタイヒロバ",
            "summary": "職員の出退勤と休暇をまとめて管理します。",
            "description": "出退勤の打刻、休暇の申請、時間外勤務の集計を一つの画面で行えます。二週間で使い始められます。",
            "disclosed_on": "2026-10-01",
        }
    )
    missing.get_by_text("概要").wait_for(state="detached")  # told while typing, nothing is saved yet
    vendor.choose("categories", "attendance")
    vendor.choose("target_bodies", "municipality", "prefecture")
    vendor.choose("delivery", "public_cloud")
    vendor.select("data_location", "japan")
    vendor.choose("data_ownership", "true")
    vendor.choose("sign_in", "saml")
    vendor.choose("integrations", "gbizid")
    vendor.fill({"sla.availability_percent": "99.9", "support.hours": "平日 9:00〜18:00"})
    vendor.choose("support.channels", "mail", "phone")
    missing.get_by_text("必須項目がそろいました。").wait_for()
    vendor.look("software-draft-complete")
    vendor.press("下書きを保存する")
    vendor.reads("下書きを保存しました。")
    vendor.look("vendor-software")

    vendor.follow("価格表を登録する")
    vendor.fill({"price_lines-0-item": "基本利用料", "price_lines-0-amount_yen": "３００円"})
    vendor.select("price_lines-0-timing", "month")
    vendor.select("price_lines-0-unit", "user")
    vendor.press("行を追加する")
    vendor.fill({"price_lines-1-item": "初期設定", "price_lines-1-amount_yen": "450,000"})
    vendor.select("price_lines-1-timing", "initial")
    vendor.select("price_lines-1-unit", "organization")
    vendor.choose("services", "onboarding", "training")
    vendor.page.locator("#completeness").get_by_text("必須項目がそろいました。").wait_for()
    vendor.look("offer-draft")
    vendor.press("下書きを保存する")
    vendor.follow("下見する")
    vendor.look("vendor-preview")
    vendor.page.go_back()
    vendor.press("審査に提出する")
    vendor.reads("提出しました")
    vendor.look("vendor-review")


def reviewer_comments_and_returns(judge, review):
    judge.menu("審査")
    judge.look("review-queue")
    judge.follow(review.reference)
    judge.press("担当する")
    judge.reads("この審査を担当します。")
    summary = judge.main.locator("[id$=-summary]").first
    summary.get_by_text("コメントする").click()
    summary.get_by_label("「概要」へのコメント").fill("対象の職員の範囲を書いてください。")
    judge.press("送る", within=summary)
    summary.get_by_text("対象の職員の範囲を書いてください。").wait_for()
    judge.look("review-commented")
    judge.follow("差し戻す")
    judge.fill({"note": "概要に対象を書き足してください。"})
    judge.look("review-return")
    judge.press("差し戻す")
    judge.reads("事業者に差し戻しました。")


def vendor_mends_and_submits_again(vendor, mailoutbox):
    assert mailoutbox[-1].subject == "修正のお願い：勤怠ひろば"
    assert mailoutbox[-1].to == ["takase@madoguchi-lab.example"]
    vendor.open("/")
    vendor.page.get_by_role("banner").get_by_role("link", name="お知らせ").click()
    vendor.look("vendor-notifications")
    vendor.page.get_by_role("button", name="内容を確かめる").first.click()
    vendor.reads("概要に対象を書き足してください。")
    vendor.look("vendor-review-returned")
    vendor.follow("下書きを直す")
    vendor.main.get_by_role("link", name=re.compile("編集する.*ソフトウェアの内容")).click()
    vendor.reads("対象の職員の範囲を書いてください。")
    vendor.look("software-mending")
    vendor.fill({"summary": "全職員の出退勤と休暇をまとめて管理します。"})
    vendor.press("下書きを保存する")
    vendor.press("審査に提出する")
    vendor.reads("提出しました")


def reviewer_approves(judge, review):
    judge.menu("審査")
    judge.follow(review.reference)
    judge.look("review-again")
    judge.press("担当する")
    judge.follow("承認する")
    judge.look("review-approve")
    judge.press("承認して掲載する")
    judge.reads("承認し、カタログに掲載しました。")


def visitor_finds_and_compares(visitor):
    visitor.open("/")
    visitor.fill({"q": "出退勤 休暇"})
    visitor.press("検索")
    facet = visitor.page.locator("details.facet").filter(has_text="対象機関")
    if facet.get_attribute("open") is None:
        facet.locator("summary").click()
    facet.get_by_label("市区町村").check()
    visitor.page.wait_for_url("**target=municipality**")
    visitor.look("search")
    visitor.follow("勤怠ひろば")
    visitor.fill({"users": "480", "years": "3"})
    visitor.look("software")
    visitor.open(f"{reverse('catalog:software_list')}?q=勤怠")
    for box in visitor.page.get_by_role("checkbox", name="比較に追加").all()[:2]:
        box.check()
    visitor.page.get_by_role("button", name="選んだものを比較する").click()
    visitor.reads("違いのある項目を先に並べています。")
    visitor.look("compare")


def officer_selects(officer):
    officer.menu("調達案件")
    officer.look("procurements-empty")
    officer.follow("案件を作成する")
    officer.fill({"title": "勤怠管理サービスの利用", "purpose": "職員の勤怠を正しく管理するため。"})
    officer.press("保存する")  # too early: what is missing is named, what was typed stays
    officer.reads("入力内容に")
    assert officer.page.get_by_label("件名").input_value() == "勤怠管理サービスの利用"
    officer.look("procurement-with-faults")
    officer.fill(
        {"budget_yen": "10,000,000", "term_from": "2027-04-01", "term_to": "2030-03-31", "users": "480"},
    )
    officer.press("保存する")
    officer.look("procurement-draft")
    officer.follow("候補を検索する")
    officer.fill({"q": "勤怠"})
    officer.press("検索")
    officer.reads("候補3件")
    officer.look("candidate-search")
    officer.press("この結果を候補にする")
    out = officer.main.locator("li.card").filter(has_text="勤怠みどり帳")
    out.get_by_label("除外する理由").fill("打刻の記録を残せないため。")
    out.get_by_role("button", name="除外する").click()
    officer.reads("3件のうち2件が残っています。")
    officer.look("candidates")


def officer_locks_and_keeps_evidence(officer, procurement):
    officer.follow("選定を確定する")
    officer.fill({"note": "打刻と集計の両方を行えるものを残した。"})
    officer.look("selection-lock")
    officer.press("選定を確定する")
    officer.reads("選定を確定しました。")
    officer.look("procurement-selected")
    path = reverse("procurement:selection_detail", args=[procurement.reference])
    assert officer.download(reverse("procurement:selection_pdf", args=[procurement.reference])).startswith(b"%PDF")
    evidence = json.loads(officer.download(reverse("procurement:selection_json", args=[procurement.reference])))
    assert verify(evidence) == []
    decisions = {each["software"]["name"]: each["decision"] for each in evidence["candidates"]}
    assert decisions == {"勤怠ひろば": "kept", "勤怠そうじゅう": "kept", "勤怠みどり帳": "dropped"}
    officer.open(path)
    officer.look("selection")


def officer_publishes_tender(officer, scene):
    officer.open(reverse("procurement:procurement_list"))
    officer.follow("勤怠管理サービスの利用")
    officer.press("入札を作成する")
    due = clock.today() + dt.timedelta(days=14)
    officer.fill(
        {
            "bids_due_at": f"{due}T17:00",
            "opening_at": f"{due + dt.timedelta(days=7)}T10:00",
            "startup_points": "10",
            "startup_reference_date": str(clock.today()),
            "startup_years": "10",
            "startup_source": "入札説明書",
            "component-0-name": "総額",
            "component-0-points": "100",
            "criterion-0-name": "データを国内に保存する",
        }
    )
    officer.choose("criterion-0-kind", "mandatory")
    officer.press("評価項目を増やす")
    officer.fill(
        {"criterion-1-name": "操作のしやすさ", "criterion-1-points": "60", "criterion-1-scale": "A=100, B=50, C=0"}
    )
    officer.press("評価項目を増やす")
    officer.fill({"criterion-2-name": "導入の計画", "criterion-2-points": "40"})
    officer.look("tender-rule")
    officer.press("保存して確かめる")
    officer.reads("評価の方法を保存しました。")
    officer.look("tender-trial")
    officer.open(Procurement.objects.get().tender.get_absolute_url())
    for evaluator in scene.evaluators:
        officer.select("evaluator", evaluator.reference)
        officer.press("評価委員に割り当てる")
        officer.reads(f"{evaluator.name}さんを評価委員に割り当てました。")
    officer.look("tender-draft")
    officer.follow("公告の確認へ進む")
    officer.fill({"ceiling_price": "9,000,000"})
    officer.look("tender-publish")
    officer.press("封印して公告する")
    officer.reads("受け付けた入札")
    officer.look("tender-open")


def nobody_else_sees_the_procurement(people, procurement):
    for person in people:
        for name in ("procurement_detail", "candidate_list", "selection_json"):
            assert person.status_of(reverse(f"procurement:{name}", args=[procurement.reference])) == 404


def vendor_bids(vendor, tender, mailoutbox):
    assert "takase@madoguchi-lab.example" in {mail.to[0] for mail in mailoutbox if "勤怠管理" in mail.subject}
    vendor.menu("入札の案件")
    vendor.look("bids")
    vendor.follow("勤怠管理サービスの利用")
    vendor.look("tender-invited")
    vendor.follow("入札書を作成する")
    vendor.fill({"price_0": PRICES[VENDOR], "proposal": PROPOSALS[VENDOR]})
    claim = tender.bonuses.get().key
    vendor.main.locator(f'[name="claim_{claim}"]').check()
    vendor.press("確認画面へ進む")  # the claim lacks its statement
    vendor.reads("申告する加点の説明を入力してください。")
    vendor.fill({f"statement_{claim}": "自社で開発した勤怠の集計の技術で、ほかの市にも広げます。"})
    vendor.look("bid")
    vendor.press("確認画面へ進む")
    vendor.look("bid-confirm")
    vendor.press("封印して提出する")
    assert vendor.heading == "入札書を受け付けました"
    vendor.look("bid-submitted")
    for name in ("marking", "tender_rule", "tender_open", "evaluation_detail"):
        assert vendor.status_of(reverse(f"procurement:{name}", args=[tender.reference])) == 404


def rival_bids_and_comes_back_a_second_late(rival, scene, tender, shifting_clock):
    others = tender.bids.get(company=scene.company)
    rival.open(tender.get_absolute_url())
    for secret in (scene.company.name, PROPOSALS[VENDOR], PRICES[VENDOR]):
        assert secret not in rival.page.content()
    assert rival.status_of(reverse("procurement:bid_receipt", args=[others.reference])) == 404
    rival.follow("入札書を作成する")
    rival.fill({"price_0": PRICES[RIVAL], "proposal": PROPOSALS[RIVAL]})
    rival.press("確認画面へ進む")
    rival.press("封印して提出する")
    assert rival.heading == "入札書を受け付けました"

    rival.open(tender.get_absolute_url())
    rival.follow("入札書を差し替える")
    rival.fill({"price_0": "5,000,000", "proposal": "思い直して、安くしました。"})
    rival.press("確認画面へ進む")
    shifting_clock.move_to(tender.bids_due_at + dt.timedelta(seconds=1))
    rival.press("封印して提出する")
    rival.reads("入札書の提出期限を過ぎたため、受け付けられません。")
    assert rival.main.locator('[name="proposal"]').input_value() == "思い直して、安くしました。"
    assert rival.main.locator('[name="price_0"]').input_value() == "5,000,000"
    rival.look("bid-late")
    assert tender.bids.count() == 2

    sweep()
    tender.refresh_from_db()
    assert tender.status == TenderStatus.MARKING


def evaluator_marks_blind(evaluator, tender):
    evaluator.menu("評価")
    evaluator.look("assignments")
    evaluator.follow("勤怠管理サービスの利用")
    evaluator.choose("has_conflict", "no")
    evaluator.look("declaration")
    evaluator.press("申告する")
    sees_nothing_secret(evaluator)
    evaluator.look("marking")
    evaluator.follow("提案A")
    for label in ("A", "B"):
        assert evaluator.heading == f"提案{label}の採点"
        sees_nothing_secret(evaluator)
        is_fast_starter = PROPOSALS[VENDOR] in evaluator.text
        mandatory, scaled, pointed = (criterion.key for criterion in tender.criteria.all())
        evaluator.choose(f"{mandatory}-mark", "met")
        evaluator.choose(f"{scaled}-mark", "A" if is_fast_starter else "B")
        evaluator.fill({f"{pointed}-mark": "30" if is_fast_starter else "35"})
        evaluator.look(f"proposal-{label}")
        evaluator.press("保存して次の提案へ")
        evaluator.reads(f"提案{label}の採点を保存しました。")
    evaluator.open(reverse("procurement:marking", args=[tender.reference]))
    evaluator.follow("採点を提出する")
    evaluator.look("hand-in")
    evaluator.press("提出する")
    evaluator.reads("採点を提出しました。ありがとうございました。")
    for name in ("tender_open", "marking_close", "evaluation_detail", "evaluation_json", "tender_award"):
        assert evaluator.status_of(reverse(f"procurement:{name}", args=[tender.reference])) == 404


def sees_nothing_secret(evaluator):
    source = evaluator.page.content()
    assert [secret for secret in SECRET_OF_THE_BLIND if secret in source or secret.replace(",", "") in source] == []


def officer_opens_and_awards(officer, tender, shifting_clock):
    officer.open(tender.get_absolute_url())
    officer.look("tender-marking")
    officer.main.locator("#claims").get_by_role("link").click()
    officer.choose("accept", "yes")
    officer.fill({"reason": "登記事項証明書で設立の日を確かめたため。"})
    officer.look("claim")
    officer.press("判断を記録する")
    officer.follow("技術評価を確定する")
    officer.look("marking-close")
    officer.press("技術評価を確定する")
    officer.look("tender-marked")

    officer.open(reverse("procurement:tender_open", args=[tender.reference]))
    officer.press("開札する")
    officer.reads("開札予定日時より前に開札することはできません。")
    shifting_clock.move_to(tender.opening_at)
    officer.open(tender.get_absolute_url())
    officer.follow("開札する")
    officer.look("opening")
    officer.press("開札する")
    officer.reads("順位と点")
    officer.look("evaluation")
    officer.follow("落札者を決定する")
    assert "株式会社まどぐちラボ" in officer.heading
    officer.look("award")
    officer.press("落札者に決定する")
    officer.reads("落札者を決定し、すべての入札者に知らせました。")
    officer.look("tender-awarded")


def officer_contracts_and_publishes(officer, procurement):
    officer.follow("契約を記録する")
    officer.fill({"number": "青情契第12号"})
    officer.look("contract")
    officer.press("契約を記録する")
    officer.reads("契約を記録しました。")
    officer.follow("結果を公表する")
    officer.look("award-publish")
    officer.press("公表する")
    officer.reads("結果を公表しました。")
    officer.open(procurement.get_absolute_url())
    officer.look("procurement-contracted")


def bidders_are_told(vendor, rival, mailoutbox):
    told = {mail.to[0]: mail.subject for mail in mailoutbox[-2:]}
    assert told == {
        "takase@madoguchi-lab.example": "落札者に決定しました：勤怠管理サービスの利用",
        "onishi@mimamori-bosai.example": "入札結果のお知らせ：勤怠管理サービスの利用",
    }
    for person, name in ((vendor, "winner"), (rival, "loser")):
        person.menu("入札の案件")
        person.follow("勤怠管理サービスの利用")
        person.look(f"result-of-{name}")


def visitor_computes_the_award_again(visitor, procurement):
    visitor.menu("調達の結果")
    visitor.look("awards")
    visitor.follow("勤怠管理サービスの利用")
    visitor.reads("株式会社まどぐちラボ")
    visitor.look("award-published")
    document = visitor.download(reverse("procurement:award_document", args=[procurement.reference]))
    published = json.loads(visitor.download(reverse("procurement:award_result", args=[procurement.reference])))
    again = subprocess.run(
        [sys.executable, "-m", "procurement.evaluation", "-"], input=document, capture_output=True, check=True
    )
    assert json.loads(again.stdout) == published
    assert published["winner"].startswith("株式会社まどぐちラボ")
    visitor.open(procurement.tender.award.bid.invitation.candidate.software.get_absolute_url())
    visitor.look("software-adopted")


def pages_fit_a_phone(scene, procurement, visitor, vendor, judge, officer, evaluator):
    one, tender = [procurement.reference], procurement.tender
    for person, name, args in (
        (visitor, "home", []),
        (visitor, "catalog:software_list", []),
        (visitor, "procurement:award_list", []),
        (visitor, "procurement:award_detail", one),
        (visitor, "companies:company_detail", [scene.company.corporate_number]),
        (vendor, "catalog:vendor_home", []),
        (vendor, "procurement:bid_list", []),
        (vendor, "procurement:tender_detail", [tender.reference]),
        (vendor, "notifications:notification_list", []),
        (judge, "catalog:review_list", []),
        (judge, "catalog:review_detail", [Review.objects.latest("pk").reference]),
        (officer, "procurement:procurement_list", []),
        (officer, "procurement:procurement_detail", one),
        (officer, "procurement:candidate_list", one),
        (officer, "procurement:selection_detail", one),
        (officer, "procurement:tender_detail", [tender.reference]),
        (officer, "procurement:evaluation_detail", [tender.reference]),
        (evaluator, "procurement:marking", [tender.reference]),
    ):
        person.page.set_viewport_size({"width": 360, "height": 740})
        person.open(reverse(name, args=args))
        person.look(f"phone-{name.rpartition(':')[2]}")
