import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog.models import SearchName
from catalog.search.bench.corpus import listings
from catalog.search.document import names
from catalog.search.suggest import suggest
from tests.factories.catalog import listed_software

from .conftest import make_categories

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(db):
    make_categories()
    return {
        name: listed_software(name=name, name_kana=kana).reference
        for name, kana in (
            ("勤怠管理クラウド", "キンタイカンリクラウド"),
            ("みらい勤怠", "ミライキンタイ"),
            ("サーバー見守り", "サーバーミマモリ"),
            ("Kiritori Hub", "キリトリハブ"),
        )
    }


def listed(prefix):
    return [suggestion.label for suggestion in suggest(prefix).listings]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("勤怠", ["勤怠管理クラウド", "みらい勤怠"]),
        ("きんたい", ["勤怠管理クラウド"]),
        ("キンタイ", ["勤怠管理クラウド"]),
        ("ｷﾝﾀｲ", ["勤怠管理クラウド"]),
        ("クラウド", ["勤怠管理クラウド"]),
        ("サーバー", ["サーバー見守り"]),
        ("ｻｰﾊﾞ", ["サーバー見守り"]),
        ("kiri", ["Kiritori Hub"]),
        ("ｈｕｂ", ["Kiritori Hub"]),
        ("勤怠ka", ["勤怠管理クラウド", "みらい勤怠"]),
        ("勤怠かん", ["勤怠管理クラウド", "みらい勤怠"]),
        ("ない言葉", []),
        ("", []),
        ("・・", []),
        ("%", []),
        ("_", []),
    ],
)
def test_suggest_listings(catalogue, typed, expected):
    assert listed(typed) == expected


def test_english_name_is_completed_and_shown_to_its_readers(catalogue):
    listed_software(name="トキノワ勤怠", name_kana="トキノワキンタイ", name_en="Tokinowa Attendance")
    assert listed("toki") == listed("atten") == ["トキノワ勤怠"]
    with translation.override("en"):
        assert listed("toki") == listed("トキ") == ["Tokinowa Attendance"]


def test_suggest_gives_the_public_reference(catalogue):
    assert suggest("みらい").listings[0].value == catalogue["みらい勤怠"]


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("勤怠", "attendance"),
        ("きんたい", "attendance"),
        ("ぼうさい", "disaster"),
        ("庶務", "attendance"),
        ("gis", "gis"),
    ],
)
def test_suggest_categories_by_form_and_reading(catalogue, typed, slug):
    assert slug in [suggestion.value for suggestion in suggest(typed).categories]


def test_suggest_keeps_the_limit(catalogue):
    found = suggest("k", limit=1)
    assert len(found.listings) <= 1
    assert len(found.categories) <= 1


@pytest.mark.parametrize("typed", ["か", "ク", "勤", "きんたい", "クラウド", "s"])
def test_suggest_walks_along_its_index(catalogue, typed):
    """What it costs does not grow with the names: nothing is read whole and nothing is sorted."""
    pk = SearchName.objects.first().listing_id
    SearchName.objects.bulk_create(
        SearchName(listing_id=pk, form=form, rank=rank) for each in listings(1500) for form, rank in names(each)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_searchname")
        with CaptureQueriesContext(connection) as captured:
            suggest(typed)
        walks = [query["sql"] for query in captured if "catalog_searchname" in query["sql"]]
        assert walks
        for sql in walks:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Index Scan using search_name_form" in plan, plan
            assert not re.search(r"-> +(Sort|Seq Scan)", plan), plan  # sorting equal forms by key is all right


def test_suggest_query_count(catalogue, django_assert_num_queries):
    with django_assert_num_queries(
        4
    ):  # the categories, names from their start, from a word in them, what they are called
        suggest("勤怠")
