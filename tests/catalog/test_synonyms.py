"""The operator's administrator keeps the words that find each other."""

import pytest
from django.urls import reverse

from catalog import vocabulary
from catalog.models import SearchSynonym
from catalog.search.page import search
from catalog.search.query import MOST_ALTERNATIVES
from marketplace.audit.models import AuditEvent
from tests.factories.accounts import MembershipFactory, vendor
from tests.factories.catalog import listed_software

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_shipped_groups():
    SearchSynonym.objects.all().delete()


@pytest.fixture
def administrator(client):
    user = MembershipFactory(administrator=True).user
    client.force_login(user)
    return user


def audited():
    return list(AuditEvent.objects.filter(type__startswith="synonyms:").values_list("type", flat=True))


def test_group_is_found_from_the_next_search_on(client, administrator):
    software = listed_software(name="きんたい帳")
    assert search("勤務簿ノート").total == 0
    response = client.post(reverse("catalog:synonym_create"), {"words": "勤務簿ノート、きんたい帳\n出勤簿"})
    assert response.url == reverse("catalog:synonym_list")
    assert SearchSynonym.objects.get().words == ["勤務簿ノート", "きんたい帳", "出勤簿"]
    assert search("勤務簿ノート").ids == (software.pk,)
    assert audited() == ["synonyms:added"]


def test_group_is_changed_and_removed(client, administrator):
    group = vocabulary.add_synonyms(["勤務簿", "出勤簿"], by=administrator)
    client.post(reverse("catalog:synonym_edit", args=[group.pk]), {"words": "勤務簿, 出務簿"})
    group.refresh_from_db()
    assert group.words == ["勤務簿", "出務簿"]
    assert client.get(reverse("catalog:synonym_delete", args=[group.pk])).status_code == 200
    client.post(reverse("catalog:synonym_delete", args=[group.pk]))
    assert not SearchSynonym.objects.exists()
    assert audited() == ["synonyms:added", "synonyms:changed", "synonyms:removed"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("勤怠", "2語以上"),
        ("サーバー、ｻｰﾊﾞ", "同じ語として扱われます"),
        ("勤怠、・・", "文字がありません"),
        ("あ" * 61 + "、い", "長すぎます"),
        ("、".join(f"語{n}番" for n in range(MOST_ALTERNATIVES + 2)), "語までです"),
    ],
)
def test_what_is_no_group_is_refused(client, administrator, words, message):
    response = client.post(reverse("catalog:synonym_create"), {"words": words})
    assert response.status_code == 422
    assert message in response.content.decode()
    assert not SearchSynonym.objects.exists()


def test_list_is_narrowed_by_a_part_of_a_word_taken_literally(client, administrator):
    for words in (["勤務簿", "出勤簿"], ["100%", "百分率"], ["給与", "給料"]):
        SearchSynonym.objects.create(words=words)

    def shown(query):
        return [group.words[0] for group in client.get(reverse("catalog:synonym_list"), {"q": query}).context["page"]]

    assert shown("勤簿") == ["勤務簿"]
    assert shown("0%") == ["100%"]
    assert shown("%") == ["100%"]
    assert shown("１００％") == ["100%"]  # as search takes it


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, administrator, django_assert_num_queries, count):
    for n in range(count):
        SearchSynonym.objects.create(words=[f"語{n}", f"言葉{n}"])
    with django_assert_num_queries(6):  # session, user, memberships; count, groups; unread messages
        client.get(reverse("catalog:synonym_list"))


@pytest.mark.parametrize("who", ["reviewer", "officer", "vendor"])
def test_nobody_else_gets_in(client, who):
    client.force_login(vendor() if who == "vendor" else MembershipFactory(**{who: True}).user)
    group = SearchSynonym.objects.create(words=["勤務簿", "出勤簿"])
    for name, args in (("list", []), ("create", []), ("edit", [group.pk]), ("delete", [group.pk])):
        assert client.get(reverse(f"catalog:synonym_{name}", args=args)).status_code == 403
    assert client.post(reverse("catalog:synonym_delete", args=[group.pk])).status_code == 403
    assert SearchSynonym.objects.exists()
