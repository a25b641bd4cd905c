"""What a visitor sees of the catalogue."""

import pytest
from django.urls import reverse

from catalog import actions
from catalog.enums import SoftwareStatus
from catalog.models import Software
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

    assert {each["software"].pk for each in response.context["listings"]} == {software.pk for software in shown}


SOFTWARE_LIST_QUERIES = 8


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
    assert not client.get(reverse("catalog:software_list")).context["listings"]
    actions.resume_software(software, by=operator)
    assert Software.objects.get().status == SoftwareStatus.LISTED
    assert len(client.get(reverse("catalog:software_list")).context["listings"]) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_compare_query_count(client, django_assert_num_queries, count):
    offers = [software.offers.first() for software in listings(count)]
    with django_assert_num_queries(COMPARE_QUERIES):
        response = client.get(reverse("catalog:offer_compare"), {"offer": [offer.reference for offer in offers]})
    assert len(response.context["columns"]) == count


COMPARE_QUERIES = 4


def test_compare_puts_differences_first(client):
    left = listed_software(data_location="japan")
    right = listed_software(data_location="abroad")
    references = [software.offers.get().reference for software in (left, right)]
    rows = client.get(reverse("catalog:offer_compare"), {"offer": references}).context["rows"]
    labels = [str(row.label) for row in rows]
    assert labels.index("データの保存場所") < labels.index("提供形態")


def test_compare_says_what_is_no_longer_there_and_cuts_at_five(client):
    offers = [software.offers.first().reference for software in listings(6)]
    response = client.get(reverse("catalog:offer_compare"), {"offer": ["OF-222222", *offers]})
    assert response.context["too_many"] is True
    assert response.context["gone"] == ["OF-222222"]
    assert len(response.context["columns"]) == 4


def test_revision_page_shows_approved_content_only(client):
    software = listed_software()
    url = reverse("catalog:revision_detail", args=[software.reference, 1])
    assert software.listed_revision.digest in client.get(url).content.decode()
    assert client.get(reverse("catalog:revision_detail", args=[software.reference, 2])).status_code == 404
