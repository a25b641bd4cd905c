"""The officer's search: narrowed as the catalogue is, and nothing of it gets lost on the way to the record."""

import re
from dataclasses import replace

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from catalog.search.page import search
from catalog.search.statement import SearchTimeout
from procurement import found, records
from procurement.models import Search
from procurement.views import selection
from tests import axe
from tests.factories.catalog import listed_software
from tests.factories.procurement import officer, searched_procurement
from tests.sign_in import session_cookie

pytestmark = pytest.mark.django_db


@pytest.fixture
def page_url(client):
    """The search page of a procurement whose officer is signed in; two listings match 勤怠, one of them with ISMAP."""
    by = officer()
    procurement = searched_procurement(by)
    listed_software(name="勤怠うめ", certifications=[])
    client.force_login(by)
    return reverse("procurement:candidate_search", args=[procurement.reference])


def test_fragment_brings_the_counts_of_what_it_found(client, page_url):
    body = client.get(page_url, {"q": "勤怠", "certification": "ismap"}, HTTP_HX_REQUEST="true").content.decode()
    facets = re.search(r'hx-swap-oob="innerHTML:#facets">(.*?)<div class="results', body, re.DOTALL)[1]
    counts = dict(re.findall(r'name="target" value="(\w+)".*?choice__count">(\d+)', facets))
    number = client.get(page_url, {"q": "勤怠", "certification": "ismap"}).context["found"].total
    assert number
    assert max(map(int, counts.values())) == number
    assert 'hx-swap-oob="innerHTML:#result-count"' in body
    assert 'id="result-count"' not in body  # the region that is read out stays where it is


def test_every_condition_is_shown_and_kept(client, page_url):
    params = {"q": "勤怠", "price_max": "5000000", "availability_min": "99", "certification": "ismap"}
    response = client.get(page_url, params)
    body = response.content.decode()
    assert 'name="price_max" value="5000000"' in body
    assert 'name="availability_min" placeholder="99.9" value="99"' in body
    chips = {chip["label"]: chip["href"] for chip in response.context["chips"]}
    assert chips["認証：ISMAP"] == f"{page_url}?q=%E5%8B%A4%E6%80%A0&price_max=5000000&availability_min=99"
    client.post(page_url, dict(response.context["pairs"]))
    recorded = Search.objects.get(is_active=True).params
    assert recorded == {"q": "勤怠", "price_max": ["5000000"], "availability_min": ["99"], "certification": ["ismap"]}


def test_what_means_nothing_is_named(client, page_url):
    body = client.get(page_url, {"q": "勤怠", "certification": "iso9"}).content.decode()
    assert "認証に「iso9」という選択肢はありません。" in body


def test_misspelt_word_is_corrected_on_the_same_page(client, page_url):
    response = client.get(page_url, {"q": "勤退管理"})
    assert response.context["correction_url"] == f"{page_url}?q=%E5%8B%A4%E6%80%A0%E7%AE%A1%E7%90%86"


def test_taking_the_last_condition_away_leads_to_everything(client, page_url):
    (chip,) = client.get(page_url, {"certification": "ismap"}).context["chips"]
    response = client.get(chip["href"])
    assert response.status_code == 200  # not back to the conditions on record
    assert response.context["found"].total == 3


def test_each_candidate_has_its_price_at_the_size_of_the_procurement(client, page_url):
    response = client.get(page_url, {"q": "勤怠"})
    offers = response.context["offers"]
    procurement = response.context["procurement"]
    assert [price for _offer, price in offers] == [records.estimate(offer, procurement).total for offer, _ in offers]
    assert any(f"{price.including_tax:,}円" in response.content.decode() for _offer, price in offers if price)


def test_estimated_number_is_said_to_be_one(client, page_url, monkeypatch):
    monkeypatch.setattr(
        "procurement.views.selection.search",
        lambda *args, **kwargs: replace(search(*args, **kwargs), total_is_exact=False),
    )
    body = client.get(page_url, {"q": "勤怠"}).content.decode()
    assert re.search("ソフトウェア約\\d+件、候補\\d+件", body), re.findall("ソフトウェア.{30}", body)


@pytest.mark.parametrize("count", [1, 3])
def test_candidate_search_query_count(client, page_url, django_assert_num_queries, count):
    for number in range(count):
        listed_software(name=f"証明{number}")
    with django_assert_num_queries(CANDIDATE_SEARCH_QUERIES):
        client.get(page_url, {"q": "証明"})


CANDIDATE_SEARCH_QUERIES = 13


def test_too_many_are_said_and_not_listed_by_the_hundred(client, page_url, monkeypatch):
    monkeypatch.setattr(found, "LIMIT", 1)
    monkeypatch.setattr(selection, "SHOWN_OF_TOO_MANY", 1)
    response = client.get(page_url, {"q": "勤怠"})
    assert response.context["too_many"]
    assert len(response.context["offers"]) == 1
    assert "この結果を候補に" not in response.content.decode()


@pytest.mark.parametrize("headers", [{}, {"HTTP_HX_REQUEST": "true"}])
def test_timeout_offers_narrower_searches_and_claims_no_result(client, page_url, monkeypatch, headers):
    def slow(*args, **kwargs):
        raise SearchTimeout

    monkeypatch.setattr("procurement.views.selection.search", slow)
    params = {"q": "の", "certification": "ismap", "price_max": "5000000"}
    response = client.get(page_url, params, **headers)
    body = response.content.decode()
    assert response.status_code == (200 if headers else 503)
    assert f"{page_url}?q=%E3%81%AE&amp;category=internal&amp;certification=ismap&amp;price_max=5000000" in body
    assert "件、候補" not in body
    assert "件数を数えられませんでした" in body
    assert f"{page_url}?q=%E3%81%AE&amp;price_max=5000000" in body  # the chip that takes ISMAP away
    if not headers:
        assert '<input type="hidden" name="certification" value="ismap">' in body
        assert 'name="price_max" value="5000000"' in body


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1280, 375])
def test_candidates_are_narrowed_live(page, live_server, width):
    by = officer()
    procurement = searched_procurement(by)
    listed_software(name="勤怠うめ", certifications=[])
    page.context.add_cookies([session_cookie(by) | {"url": live_server.url}])
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{live_server.url}{reverse('procurement:candidate_search', args=[procurement.reference])}?q=勤怠")
    panel = page.locator(".filter-panel")
    assert panel.evaluate("panel => panel.open") == (width > 1000)
    if width < 1000:
        assert page.locator("#results").bounding_box()["y"] < 800
        panel.locator("summary").first.click()
    count = page.locator("#result-count")
    before = count.inner_text()
    page.locator("#facet-certification summary").click()
    ismap = page.locator("#facets input[name=certification][value=ismap]")
    ismap.check()
    expect(page).to_have_url(re.compile("certification=ismap"))
    expect(count).not_to_have_text(before)
    expect(ismap).to_be_focused()
    shown = page.locator("#facet-target .choice__count").all_text_contents()
    page.reload()
    expect(page.locator("#facet-target .choice__count")).to_have_text(shown)
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
