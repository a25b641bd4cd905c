"""The search page in a real browser: suggestions by keyboard, live results, and the way back."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from catalog.models import SearchSynonym
from tests import axe
from tests.factories.accounts import MembershipFactory
from tests.factories.catalog import listed_software
from tests.sign_in import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def search_page(page, live_server):
    """Three listings, and whatever the page complains about."""
    listed_software(name="勤怠ひろば", certifications=[])
    listed_software(name="勤怠うめ")
    listed_software(
        name="文書ばこ", name_kana="ブンショバコ", summary="文書", description="文書", categories=["documents"]
    )
    SearchSynonym.objects.all().delete()
    problems = []
    page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(live_server.url + reverse("catalog:software_list"))
    yield page
    assert problems == []


def test_suggestion_is_chosen_by_keyboard(search_page):
    box = search_page.get_by_role("combobox", name="業務、機能、製品名")
    box.press_sequentially("ぶん")
    options = search_page.get_by_role("listbox", name="候補").get_by_role("option")
    expect(options.last).to_have_text("文書ばこ")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(search_page.get_by_role("group", name="ソフトウェア").get_by_role("option")).to_have_count(1)
    box.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == options.last.get_attribute("id")
    box.press("Enter")
    expect(search_page.get_by_role("heading", level=1)).to_have_text("文書ばこ")


def test_escape_closes_and_enter_alone_searches_for_what_was_typed(search_page):
    box = search_page.get_by_role("combobox", name="業務、機能、製品名")
    box.press_sequentially("ぶん")
    listbox = search_page.locator("#q-suggestions")
    expect(listbox).to_be_visible()
    box.press("Escape")
    expect(listbox).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("ぶん")
    box.fill("勤怠うめ")
    box.press("Enter")
    expect(search_page.get_by_role("status").first).to_contain_text("1件")
    expect(search_page).to_have_url(re.compile(r"\?q=%E5%8B%A4%E6%80%A0%E3%81%86%E3%82%81$"))


def test_suggestion_is_chosen_by_pointer_and_on_the_first_page_too(search_page, live_server):
    search_page.goto(live_server.url)
    box = search_page.get_by_role("combobox")
    box.press_sequentially("勤怠う")
    search_page.get_by_role("option", name="勤怠うめ").click()
    expect(search_page.get_by_role("heading", level=1)).to_have_text("勤怠うめ")


def test_choices_keep_each_other_and_the_way_back_leads_through_them(search_page):
    search_page.get_by_role("combobox", name="業務、機能、製品名").fill("打刻")
    search_page.get_by_role("button", name="検索", exact=True).click()
    count = search_page.locator("#result-count")
    expect(count).to_contain_text("2件")
    search_page.get_by_label("並び順").select_option("newest")
    expect(search_page).to_have_url(re.compile("ordering=newest"))
    search_page.locator("#facet-certification summary").click()
    ismap = search_page.locator("input[name=certification][value=ismap]")  # also in a closed facet
    ismap.check()
    expect(count).to_contain_text("1件")
    expect(search_page).to_have_url(re.compile("certification=ismap&ordering=newest"))
    expect(ismap).to_be_focused()  # the facets were replaced around it
    expect(search_page.get_by_role("link", name="認証：ISMAP")).to_be_visible()

    search_page.get_by_role("checkbox", name=re.compile("比較に追加")).check()
    tray = search_page.get_by_role("region", name="比較に選んだもの")
    expect(tray).to_contain_text("勤怠うめ")
    search_page.get_by_role("link", name="認証：ISMAP").click()
    expect(count).to_contain_text("2件")
    expect(tray).to_contain_text("勤怠うめ")
    expect(search_page.get_by_label("並び順")).to_have_value("newest")

    search_page.go_back()
    search_page.go_back()
    expect(count).to_contain_text("1件")
    expect(ismap).to_be_checked()
    search_page.go_back()
    expect(count).to_contain_text("2件")
    expect(ismap).not_to_be_checked()


def test_tick_on_a_later_page_stays_there(search_page, live_server):
    for number in range(20):
        listed_software(name=f"予約ひろば{number:02}", description="予約", summary="予約")
    search_page.goto(f"{live_server.url}{reverse('catalog:software_list')}?page=2")
    asked = []
    search_page.on("request", lambda request: asked.append(request.url) if "software/?" in request.url else None)
    box = search_page.get_by_role("checkbox", name=re.compile("比較に追加")).first
    name = box.get_attribute("id")
    box.check()
    expect(search_page.get_by_role("region", name="比較に選んだもの")).to_be_visible()
    expect(search_page.locator("#result-count")).to_contain_text("21〜")
    expect(search_page).to_have_url(re.compile(r"\?page=2&offer="))
    expect(search_page.locator(f"#{name}")).to_be_focused()
    assert len(asked) == 1  # the tick, and not the form around it as well

    search_page.get_by_label("並び順").select_option("newest")  # anything else begins at the beginning
    expect(search_page.locator("#result-count")).to_contain_text("1〜20件目")
    expect(search_page.get_by_role("region", name="比較に選んだもの")).to_be_visible()


def test_works_without_script(browser, live_server):
    listed_software(name="勤怠ひろば", certifications=[])
    chosen = listed_software(name="勤怠うめ")
    context = browser.new_context(java_script_enabled=False, locale="ja-JP")
    page = context.new_page()
    page.goto(f"{live_server.url}{reverse('catalog:software_list')}?q=勤怠&ordering=newest")
    page.locator("#facet-certification summary").click()
    page.get_by_role("checkbox", name="ISMAP", exact=True).check()
    page.get_by_label("利用者数").fill("50")
    page.get_by_role("button", name="この条件で探す").click()
    expect(page.locator("#result-count")).to_contain_text("1件")
    expect(page.get_by_label("並び順")).to_have_value("newest")
    expect(page.get_by_text("198,000円")).to_be_visible()  # 300 yen × 50 × 12 and tax
    page.get_by_role("checkbox", name=re.compile("比較に追加")).check()
    page.get_by_role("button", name="選んだものを比較する").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("比較")
    expect(page.get_by_role("columnheader", name=chosen.name)).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [1280, 360])
def test_search_compare_and_listing_are_accessible(search_page, live_server, width):
    search_page.set_viewport_size({"width": width, "height": 900})
    offer = search_page.locator("input[name=offer]").first.get_attribute("value")
    listing = search_page.locator(".listing-card__title a").first.get_attribute("href")
    for path in (
        f"/software/?q=勤怠&certification=ismap&offer={offer}",
        f"/compare/?offer={offer}&users=50&years=3",
        listing,
    ):
        search_page.goto(live_server.url + path)
        assert axe.violations(search_page) == []
        assert search_page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


@pytest.mark.parametrize("width", [1280, 375])
def test_names_and_labels_of_a_comparison_stay_in_sight(page, live_server, width):
    offers = [listed_software(name=f"勤怠{number}").offers.get().reference for number in range(5)]
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"{live_server.url}/compare/?{'&'.join(f'offer={reference}' for reference in offers)}")
    name, label = page.get_by_role("columnheader", name="勤怠0"), page.get_by_role("rowheader", name="販売事業者")
    region = page.get_by_role("region", name="候補の比較")
    summary = region.get_by_role("rowheader", name="概要")
    region.evaluate("region => region.scrollIntoView()")
    page.mouse.move(width / 2, 350)
    page.mouse.wheel(0, 900)
    expect(summary).not_to_be_in_viewport()
    expect(name).to_be_in_viewport()
    before = label.bounding_box()["x"]
    region.evaluate("region => region.scrollBy(200, 0)")
    assert label.bounding_box()["x"] == before
    assert (region.evaluate("region => region.scrollLeft") > 0) == (width < 1280)  # five fit a wide screen
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0


def test_size_of_the_readers_agency_is_in_the_address(page, live_server):
    buyer = MembershipFactory(buyer=True, agency__staff=480, agency__population=52_000).user
    listed_software()
    page.context.add_cookies([session_cookie(buyer) | {"url": live_server.url}])
    page.goto(f"{live_server.url}/software/?q=勤怠&ordering=price")
    expect(page).to_have_url(re.compile(r"\?q=%E5%8B%A4%E6%80%A0&ordering=price&users=480&residents=52000$"))
    expect(page.get_by_text("の登録された規模です。")).to_be_visible()
    page.reload()
    expect(page.get_by_label("利用者数")).to_have_value("480")
    expect(page.get_by_text("の登録された規模です。")).to_be_visible()
