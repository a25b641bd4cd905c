"""Offers side by side, on the page and in files."""

import datetime as dt
import io

import openpyxl
import pytest
from django.urls import reverse

from catalog import actions as catalog
from catalog.models import Offer, Software
from marketplace import clock
from tests.factories.accounts import MembershipFactory
from tests.factories.catalog import SoftwareFactory, listed_software
from tests.factories.companies import CompanyFactory

pytestmark = pytest.mark.django_db


def url(*software, **params):
    references = [offer.reference for each in software for offer in each.offers.order_by("pk")]
    query = "&".join([*(f"offer={reference}" for reference in references), *(f"{k}={v}" for k, v in params.items())])
    return f"{reverse('catalog:offer_compare')}?{query}"


def groups(response):
    """By group the labels of its rows."""
    return {heading: [str(row.label) for row in rows] for heading, rows in response.context["groups"]}


def cells(response, label):
    rows = [row for _heading, rows in response.context["groups"] for row in rows if str(row.label) == label]
    return [cell.text for cell in rows[0].cells]


@pytest.mark.parametrize("count", [1, 3])
def test_compare_query_count(client, django_assert_num_queries, count):
    address = url(*(listed_software(name=f"勤怠{n}") for n in range(count)))
    with django_assert_num_queries(2):  # the offers with their contents, the category names
        response = client.get(address)
    assert len(response.context["columns"]) == count


def test_differences_stand_before_what_agrees(client):
    shown = groups(client.get(url(listed_software(data_location="japan"), listed_software(data_location="abroad"))))
    price, differing, agreeing = shown.values()
    assert price == ["1年間の総額（税込）", "2年目からの1年（税込）"]
    assert "データの保存場所" in differing
    assert "提供形態" in agreeing


def test_order_of_a_list_is_no_difference(client):
    left, right = listed_software(sign_in=["saml", "oidc"]), listed_software(sign_in=["oidc", "saml"])
    (_price, _differing, agreeing) = groups(client.get(url(left, right))).values()
    assert "サインイン方法" in agreeing


def test_zero_is_an_answer_and_nothing_told_is_none(client):
    left = listed_software(sla={"availability_percent": "99.9", "rpo_hours": 0})
    right = listed_software(sla={"availability_percent": "99.9"})
    assert cells(client.get(url(left, right)), "目標復旧時点（時間）") == ["0", ""]


@pytest.mark.parametrize(("days", "mark"), [(-1, "期限切れ"), (0, "期限が近い"), (90, "期限が近い"), (91, "")], ids=str)
def test_certificate_that_ends_is_marked(client, days, mark):
    ends = (clock.today() + dt.timedelta(days=days)).isoformat()
    software = listed_software(certifications=[{"scheme": "ismap", "number": "C1", "expires_on": ends}])
    response = client.get(url(software))
    rows = [row for _heading, rows in response.context["groups"] for row in rows if row.label == "ISMAP"]
    assert rows[0].cells[0].mark == mark


def test_total_is_over_the_years_at_the_size_told(client):
    software = listed_software()  # 300 yen a user and month, tax out
    response = client.get(url(software, users=50, years=3))
    assert cells(response, "3年間の総額（税込）") == [f"{300 * 50 * 36 * 110 // 100:,}円"]
    body = response.content.decode()
    assert "利用者50人、住民50,000人、3年間で計算しています。" in body
    assert "合計（消費税10%を含む、1円未満切捨て）" in body


def test_buyer_compares_at_their_agencys_size(client):
    client.force_login(MembershipFactory(officer=True, agency__staff=10, agency__population=900).user)
    response = client.get(url(listed_software()), follow=True)
    assert cells(response, "1年間の総額（税込）") == [f"{300 * 10 * 12 * 110 // 100:,}円"]


def test_says_what_is_no_longer_there_and_cuts_at_five(client):
    offers = [listed_software(name=f"勤怠{n}").offers.get().reference for n in range(6)]
    response = client.get(reverse("catalog:offer_compare"), {"offer": ["OF-222222", *offers]})
    assert response.context["too_many"] is True
    assert response.context["gone"] == [("OF-222222", "この番号の販売サービスはありません。", "")]
    assert len(response.context["columns"]) == 4


@pytest.mark.parametrize("name", ["offer_compare_xlsx", "offer_compare_csv"])
def test_file_of_nothing_does_not_exist(client, name):
    assert client.get(reverse(f"catalog:{name}")).status_code == 404


def test_workbook_keeps_amounts_as_numbers_and_formulas_as_text(client):
    software = listed_software(
        summary='=HYPERLINK("http://evil.example")', sellers=[CompanyFactory(name="+販売株式会社")]
    )
    query = url(software, users=50).partition("?")[2]
    response = client.get(f"{reverse('catalog:offer_compare_xlsx')}?{query}")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    rows = {row[0].value: row for row in book.worksheets[0].iter_rows()}
    assert rows["1年間の総額（税込）"][2].value == 300 * 50 * 12 * 110 // 100
    assert rows["概要"][2].data_type == "s"
    assert rows["計算の規模"][2].value == "利用者50人、住民50,000人、1年間"
    item = [cell.value for cell in book.worksheets[1][2]]
    assert item[1:9] == ["基本利用料", "月額", "利用者", 300, "税抜", 50, 12, 180_000]


def test_csv_neutralises_formulas(client):
    software = listed_software(summary="=1+1")
    query = url(software).partition("?")[2]
    response = client.get(f"{reverse('catalog:offer_compare_csv')}?{query}")
    text = response.getvalue().decode("utf-8-sig")
    assert "概要,,'=1+1" in text
    assert response["Content-Disposition"] == 'attachment; filename="comparison.csv"'


def test_what_is_suspended_or_lapsed_is_named_with_its_reason(client):
    here, suspended, lapsed = (listed_software(name=f"勤怠{n}") for n in range(3))
    draft = SoftwareFactory(name="勤怠の下書き")  # could leak, must not
    Offer.objects.create(software=draft, seller=draft.maker, kind="direct")
    address = url(here, suspended, lapsed, draft)
    catalog.suspend_software(suspended, reason="証明書を確かめるため。", by=MembershipFactory(administrator=True).user)
    Software.objects.filter(pk=lapsed.pk).update(lapses_on=clock.today())
    catalog.lapse_software(lapsed)
    Software.objects.filter(pk=draft.pk).update(
        listed_revision=None
    )  # as if it never had been listed: could leak, must not
    (a, why_a, link), (b, why_b, _), (c, _, _) = client.get(address).context["gone"]
    assert a.startswith("勤怠1 × ")
    assert why_a.endswith("理由：証明書を確かめるため。")
    assert link == suspended.get_absolute_url()
    assert b.startswith("勤怠2 × ")
    assert "期限が切れました" in why_b
    assert c == draft.offers.get().reference


def test_choice_is_kept_from_the_results_to_a_listing_and_back(client):
    first, second = listed_software(name="勤怠うめ"), listed_software(name="勤怠まつ")
    chosen = first.offers.get().reference
    results = client.get(reverse("catalog:software_list"), {"offer": chosen}).content.decode()
    assert f'href="{second.get_absolute_url()}?offer={chosen}"' in results
    listing = client.get(second.get_absolute_url(), {"offer": chosen})
    assert listing.context["offers"][0]["compare_query"] == f"offer={chosen}&offer={second.offers.get().reference}"
    assert f'href="{reverse("catalog:software_list")}?offer={chosen}"' in listing.content.decode()
    compared = client.get(url(first, second)).content.decode()
    assert f'href="{reverse("catalog:software_list")}?offer={chosen}&amp;offer=' in compared


def test_full_comparison_says_so_on_a_listing(client):
    five = [listed_software(name=f"勤怠{n}") for n in range(5)]
    sixth = listed_software(name="六つめ")
    params = {"offer": [each.offers.get().reference for each in five]}
    assert "比較にはすでに5件あります。" in client.get(sixth.get_absolute_url(), params).content.decode()
    assert "比較にはすでに5件あります。" not in client.get(five[0].get_absolute_url(), params).content.decode()


def test_address_says_the_size_that_the_page_took_from_the_readers_agency(client):
    member = MembershipFactory(buyer=True, agency__staff=480, agency__population=52_000)
    offer = listed_software().offers.get()
    url = f"{reverse('catalog:offer_compare')}?offer={offer.reference}"
    client.force_login(member.user)
    response = client.get(url)
    assert response.url == f"{url}&users=480&residents=52000"
    mine = client.get(response.url)
    assert f"{member.agency.name}の登録された規模です。" in mine.content.decode()
    client.force_login(MembershipFactory(buyer=True, agency__staff=9, agency__population=900).user)
    theirs = client.get(response.url)
    assert theirs.context["columns"][0]["estimate"].total == mine.context["columns"][0]["estimate"].total
    assert "の登録された規模です。" not in theirs.content.decode()
