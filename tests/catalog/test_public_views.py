"""What a visitor sees of the catalogue."""

import pytest
from django.urls import reverse

from catalog import actions
from catalog.enums import SoftwareStatus
from catalog.models import Software
from catalog.search.page import search
from catalog.search.statement import SearchTimeout
from tests.factories.accounts import MembershipFactory
from tests.factories.catalog import SoftwareFactory, listed_software
from tests.factories.companies import CompanyFactory

pytestmark = pytest.mark.django_db


def listings(count):
    return [listed_software(name=f"勤怠ひろば{n}", sellers=[CompanyFactory()]) for n in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_software_list_query_count(client, django_assert_num_queries, count):
    shown = listings(count)
    SoftwareFactory(name="勤怠の下書き")  # not listed: could leak, must not

    with django_assert_num_queries(SOFTWARE_LIST_QUERIES):
        response = client.get(reverse("catalog:software_list"), {"q": "勤怠"})

    assert {card.pk for card in response.context["cards"]} == {software.pk for software in shown}


SOFTWARE_LIST_QUERIES = 5


def test_software_list_marks_what_was_found_and_escapes_what_was_typed(client):
    listed_software(name="勤怠ひろば")
    found = client.get(reverse("catalog:software_list"), {"q": "勤怠"}).content.decode()
    assert "<mark>勤怠</mark>ひろば" in found
    hostile = client.get(reverse("catalog:software_list"), {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in hostile
    assert "&lt;script&gt;alert(1)" in hostile


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"category": "no-such"}, 200),
        ({"page": "two"}, 200),
        ({"page": "2"}, 404),
        ({"q": "()&|!:*"}, 200),
        ({"q": "勤" * 10_000}, 200),
        ({"price_max": "abc"}, 200),
    ],
)
def test_software_list_answers_odd_urls_with_a_page(client, params, status):
    listed_software()
    assert client.get(reverse("catalog:software_list"), params).status_code == status


def test_unknown_condition_is_named_and_left_out(client):
    listed_software()
    body = client.get(reverse("catalog:software_list"), {"certification": "iso9", "price_min": "abc"}).content.decode()
    assert "認証に「iso9」という選択肢はありません。" in body
    assert "年間価格の下限の「abc」は数として読めません。" in body
    assert "勤怠ひろば" in body


def test_size_that_is_no_number_is_named_and_left_out(client):
    listed_software()
    response = client.get(reverse("catalog:software_list"), {"users": "たくさん"}, HTTP_HX_REQUEST="true")
    assert "利用者数：整数を数字で入力してください。" in response.content.decode()
    assert response.context["cards"][0].price == 300 * 100 * 12 * 110 // 100


def test_page_beyond_the_end_says_where_the_end_is(client):
    listed_software()
    response = client.get(reverse("catalog:software_list"), {"q": "勤怠", "page": "7"})
    assert response.status_code == 404
    assert "?q=%E5%8B%A4%E6%80%A0&amp;page=1" in response.content.decode()


def test_english_name_is_shown_where_it_was_found_and_to_its_readers(client):
    software = listed_software(name="トキノワ勤怠", name_en="Tokinowa Attendance")
    url, query = reverse("catalog:software_list"), {"q": "tokinowa"}
    assert (
        '<p class="listing-card__maker"><mark>Tokinowa</mark> Attendance</p>' in client.get(url, query).content.decode()
    )
    assert "Tokinowa" not in client.get(url).content.decode()
    assert "キンタイヒロバ／Tokinowa Attendance" in client.get(software.get_absolute_url()).content.decode()
    client.cookies["django_language"] = "en"
    assert "<mark>Tokinowa</mark> Attendance</a></h2>" in client.get(url, query).content.decode()
    assert "<h1>Tokinowa Attendance</h1>" in client.get(software.get_absolute_url()).content.decode()


def test_search_timeout_offers_a_narrower_search(client, monkeypatch):
    listed_software()

    def slow(*args, **kwargs):
        raise SearchTimeout

    monkeypatch.setattr("catalog.views.public.search", slow)
    params = {"q": "の", "certification": "ismap", "price_max": "5000000", "users": "300"}
    response = client.get(reverse("catalog:software_list"), params)
    body = response.content.decode()
    assert response.status_code == 503
    assert "?q=%E3%81%AE&amp;category=internal&amp;certification=ismap&amp;price_max=5000000&amp;users=300" in body
    assert [chip["label"] for chip in response.context["chips"]] == ["認証：ISMAP", "年間価格：〜5,000,000円"]
    # Another word typed there is looked for under the same conditions.
    for name in ("certification", "price_max", "users"):
        assert f'<input type="hidden" name="{name}" value="{params[name]}">' in body


def test_chip_leads_to_the_same_search_without_its_condition(client):
    listed_software()
    params = {"q": "勤怠", "certification": ["ismap"], "price_max": "5000000", "ordering": "price", "users": "300"}
    response = client.get(reverse("catalog:software_list"), params)
    chips = {chip["label"]: chip["href"] for chip in response.context["chips"]}
    assert list(chips) == ["認証：ISMAP", "年間価格：〜5,000,000円"]
    assert chips["認証：ISMAP"].endswith("?q=%E5%8B%A4%E6%80%A0&price_max=5000000&ordering=price&users=300")


def test_fragment_pushes_the_whole_search_to_the_address(client):
    software = listed_software()
    params = {"q": "勤怠", "sme": "", "certification": "ismap", "users": "300", "residents": "", "ordering": "price"}
    offer = software.offers.get().reference
    response = client.get(reverse("catalog:software_list"), params | {"offer": offer}, HTTP_HX_REQUEST="true")
    pushed = f"?q=%E5%8B%A4%E6%80%A0&certification=ismap&ordering=price&users=300&offer={offer}"
    assert response["HX-Push-Url"] == reverse("catalog:software_list") + pushed
    assert "HX-Request" in response["Vary"]


def test_what_is_chosen_to_compare_stays_on_another_page(client):
    elsewhere = listed_software(name="窓口ひろば", sellers=[CompanyFactory()]).offers.first()
    listed_software(name="勤怠ひろば", description="")
    response = client.get(reverse("catalog:software_list"), {"q": "勤怠ひろば", "offer": elsewhere.reference})
    assert [offer.reference for offer in response.context["carried"]] == [elsewhere.reference]
    assert f'name="offer" value="{elsewhere.reference}"' in response.content.decode()


def test_buyer_sees_prices_at_their_agencys_size_until_they_type_another(client):
    listed_software()  # 300 yen a user and month, tax out
    client.force_login(MembershipFactory(buyer=True, agency__staff=480, agency__population=52_000).user)
    url = reverse("catalog:software_list")
    assert client.get(url).context["cards"][0].price == 300 * 480 * 12 * 110 // 100
    assert client.get(url, {"users": "10"}).context["cards"][0].price == 300 * 10 * 12 * 110 // 100
    assert client.get(url, {"users": ""}).context["cards"][0].price == 300 * 100 * 12 * 110 // 100


def test_emptied_size_stays_empty_in_the_address(client):
    """Else a reload, or saving the search, would bring the agency's own size back."""
    listed_software()
    client.force_login(MembershipFactory(buyer=True, agency__staff=480, agency__population=52_000).user)
    response = client.get(reverse("catalog:software_list"), {"users": "", "residents": ""}, HTTP_HX_REQUEST="true")
    assert response["HX-Push-Url"].endswith("?users=")
    assert response.context["save_query"] == "users="
    assert client.get(response["HX-Push-Url"]).context["cards"][0].price == 300 * 100 * 12 * 110 // 100


def test_price_at_the_reference_size_is_shown_where_it_was_asked_for(client):
    listed_software()
    url = reverse("catalog:software_list")
    reference = f"標準の規模では {300 * 100 * 12 * 110 // 100:,}円"
    assert reference in client.get(url, {"users": "9000", "price_max": "500000"}).content.decode()
    assert reference not in client.get(url, {"users": "9000"}).content.decode()
    assert reference not in client.get(url, {"price_max": "500000"}).content.decode()


def test_what_the_address_says_in_vain_is_named(client):
    listed_software()
    body = client.get(
        reverse("catalog:software_list"), {"ordering": "foo", "page": "abc", "price_min": "5万", "price_max": "1万"}
    ).content.decode()
    assert "並び順に「foo」という選択肢はありません。" in body
    assert "ページ番号「abc」は使えません。最初のページを表示しています。" in body
    assert "年間価格の下限が上限を上回っています。" in body


def test_tick_stays_on_its_page(client):
    for number in range(21):
        listed_software(name=f"勤怠ひろば{number:02}")
    url = reverse("catalog:software_list")
    body = client.get(url, {"page": "2", "q": ""}).content.decode()
    assert f'hx-get="{url}?page=2" hx-trigger="change consume"' in body
    assert 'href="?page=1"' in body  # and nothing empty is dragged along
    ticked = client.get(url, {"page": "2", "users": "5"}, HTTP_HX_REQUEST="true")
    assert ticked["HX-Push-Url"] == f"{url}?users=5&page=2"


def test_fragment_names_the_search_in_the_title(client):
    listed_software()
    body = client.get(reverse("catalog:software_list"), {"q": "勤怠"}, HTTP_HX_REQUEST="true").content.decode()
    assert "<title>「勤怠」の検索結果｜デジタルマーケットプレイス</title>" in body


def test_search_that_finds_nothing_can_be_saved(client):
    client.force_login(MembershipFactory(buyer=True).user)
    body = client.get(reverse("catalog:software_list"), {"q": "勤怠"}).content.decode()
    assert f'href="{reverse("catalog:saved_search_create")}?q=%E5%8B%A4%E6%80%A0&amp;users=480' in body


def test_page_says_by_which_words_it_found(client):
    listed_software(name="勤怠管理くん")
    url = reverse("catalog:software_list")
    body = client.get(url, {"q": "勤怠管理システム"}).content.decode()
    assert "「勤怠管理システム」をそのまま含むものはないため、「勤怠管理」で探しました。" in body
    assert "「タイムカード」" in body  # and by its synonyms
    assert 'value="勤怠管理システム"' in body
    client.force_login(MembershipFactory(buyer=True).user)
    saved = client.get(url, {"q": "勤怠管理システム", "users": "5"}).context["save_query"]
    assert saved == "q=%E5%8B%A4%E6%80%A0%E7%AE%A1%E7%90%86&users=5"


def test_symbols_alone_say_that_they_are_nothing_to_look_for(client):
    listed_software()
    body = client.get(reverse("catalog:software_list"), {"q": "***"}).content.decode()
    assert "「***」には、探せる文字がありません。すべてを表示しています。" in body


def test_estimated_counts_say_so(client, monkeypatch):
    monkeypatch.setattr("catalog.search.page.LARGE", 0)
    monkeypatch.setattr("catalog.search.page.TOO_MANY", 0)
    monkeypatch.setattr("catalog.search.page.estimate", lambda in_slice: 412_000 if in_slice else 0)
    listed_software()
    page = search("勤怠")
    assert not page.total_is_exact
    body = client.get(reverse("catalog:software_list"), {"q": "勤怠"}).content.decode()
    assert "100未満" in body  # nothing in the slice is not nothing


def test_order_by_price_says_for_which_size(client):
    listed_software()
    url = reverse("catalog:software_list")
    assert "標準的な規模" in client.get(url, {"ordering": "price"}).content.decode()
    assert "入力された規模" in client.get(url, {"ordering": "price", "users": "5"}).content.decode()


def test_suggestions_keep_categories_and_listings_apart(client):
    software = listed_software(name="勤怠ひろば")
    groups = client.get(reverse("catalog:software_suggest"), {"q": "勤怠"}).json()["groups"]
    assert [group["label"] for group in groups] == ["業務分類", "ソフトウェア"]
    assert groups[0]["options"][0]["url"] == reverse("catalog:software_list") + "?category=attendance"
    assert groups[1]["options"] == [{"label": "勤怠ひろば", "url": software.get_absolute_url()}]


def test_software_list_fragment_is_the_results_only(client):
    listed_software()
    body = client.get(reverse("catalog:software_list"), HTTP_HX_REQUEST="true").content.decode()
    assert 'id="results"' in body
    assert "<html" not in body


def test_software_detail_prices_at_the_readers_size(client):
    software = listed_software()  # 300 yen a user and month, tax out
    response = client.get(software.get_absolute_url(), {"users": "50", "years": "2"})
    assert response.context["offers"][0]["estimate"].total.including_tax == 300 * 50 * 24 * 110 // 100


@pytest.mark.parametrize("count", [1, 3])
def test_software_detail_query_count(client, django_assert_num_queries, count):
    software = listed_software(sellers=[CompanyFactory() for _ in range(count)])
    with django_assert_num_queries(SOFTWARE_DETAIL_QUERIES):
        client.get(software.get_absolute_url())


SOFTWARE_DETAIL_QUERIES = 5


def test_unlisted_software_does_not_exist_for_others(client):
    software = SoftwareFactory()
    assert client.get(software.get_absolute_url()).status_code == 404


def test_suspended_software_says_when_and_why(client):
    software = listed_software()
    operator = MembershipFactory(administrator=True).user
    actions.suspend_software(software, reason="認証の有効期限が切れたため。", by=operator)

    response = client.get(software.get_absolute_url())

    assert response.status_code == 410
    assert "認証の有効期限が切れたため。" in response.content.decode()
    assert not client.get(reverse("catalog:software_list")).context["cards"]
    actions.resume_software(software, by=operator)
    assert Software.objects.get().status == SoftwareStatus.LISTED
    assert len(client.get(reverse("catalog:software_list")).context["cards"]) == 1


def test_revision_page_shows_approved_content_only(client):
    software = listed_software()
    url = reverse("catalog:revision_detail", args=[software.reference, 1])
    assert software.listed_revision.digest in client.get(url).content.decode()
    assert client.get(reverse("catalog:revision_detail", args=[software.reference, 2])).status_code == 404
