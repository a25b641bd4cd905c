"""Search over a few listings made for the case."""

import pytest

from catalog.models import Category
from catalog.search.bench.corpus import category_leaves, listing
from catalog.search.facets import FACETS
from catalog.search.filters import Filters
from catalog.search.index import remember_words
from catalog.search.page import search

pytestmark = pytest.mark.django_db


def test_order_puts_the_very_name_first(plain):
    longer = [plain(name=f"勤怠くん{suffix}") for suffix in ("プラス", "クラウド", "ライト", "Pro")]
    exact = plain(name="勤怠くん")
    ids = search("勤怠くん").ids
    assert ids[0] == exact
    assert set(ids[1:]) == set(longer)


def test_facet_parent_counts_a_listing_in_two_children_once(plain):
    internal = [leaf for leaf in category_leaves() if leaf["path"][0] == "internal"]
    plain(categories=internal[:2])
    counts = {choice.value: choice.count for choice in search("").facet("category").choices}
    assert counts["internal"] == 1
    assert [counts[leaf["path"][1]] for leaf in internal[:2]] == [1, 1]


def test_facet_shows_choices_that_nothing_has(plain):
    plain(name="勤怠")
    facets = search("勤怠").facets
    assert {facet.name: len(facet.choices) for facet in facets if facet.name != "category"} == {
        kind.name: len(kind.codes) for kind in FACETS if kind.name != "category"
    }
    assert len(search("勤怠").facet("category").choices) == Category.objects.count()


def test_search_knows_synonyms(plain):
    card, attendance, other = plain(name="タイムカードくん"), plain(name="勤怠管理くん"), plain(name="文書くん")
    assert set(search("タイムカード").ids) == {card, attendance}
    assert set(search("タイムカード", synonyms=False).ids) == {card}
    assert set(search('"タイムカード"').ids) == {card}
    assert other not in search("勤怠管理").ids


def test_order_puts_what_was_typed_before_its_synonyms(plain):
    synonyms = [plain(name=f"タイムカード{n}") for n in range(8)]
    typed = [plain(name=f"出退勤管理{n}") for n in range(3)]
    ids = search("出退勤管理").ids
    assert set(ids[:3]) == set(typed)
    assert set(ids[3:]) == set(synonyms)


def test_compound_that_nobody_has_is_looked_for_by_its_words(plain):
    attendance, card = plain(name="勤怠管理くん"), plain(name="タイムカードくん")
    plain(name="文書くん", description="勤怠")
    assert search("シャチホコ型勤怠管理システム").total == 0  # one of its words is nowhere
    page = search("勤怠管理システム")
    assert set(page.ids) == {attendance, card}
    assert page.taken_apart == (("勤怠管理システム", ("勤怠管理",)),)
    assert page.found_by == "勤怠管理"
    assert "タイムカード" in page.synonyms
    assert search("勤怠管理システム", forgiving=False).total == 0
    assert search('"勤怠管理システム"').total == 0


def test_compound_is_left_whole_where_somebody_has_it(plain):
    whole = plain(name="勤怠管理システム")
    plain(name="勤怠管理くん")
    page = search("勤怠管理システム")
    assert (page.ids, page.taken_apart) == ((whole,), ())
    elsewhere = search("勤怠管理システム", Filters(chosen={"startup": ("no",), "sme": ("yes",)}))
    assert elsewhere.taken_apart == ()  # that the filters leave none of it is no reason


def test_only_what_is_unknown_is_taken_apart(plain):
    both = plain(name="予約管理くん", description="施設予約と文書管理を一つで")
    plain(name="施設くん", description="施設予約")
    page = search("施設予約システム 文書管理")
    assert page.ids == (both,)
    assert page.taken_apart == (("施設予約システム", ("施設予約",)),)


def test_correction_is_near_and_written_as_people_write_it(plain):
    remember_words([listing(1) | {"name": "データサービス", "summary": "ワークフロー", "description": "電子決裁"}])
    plain(name="データサービス ワークフローで電子決裁")
    assert search("ワクフロー").did_you_mean == "ワークフロー"
    assert search("電子決済").did_you_mean == "電子決裁"
    assert search("クラウドサービス").did_you_mean is None


def test_reading_is_found_in_hiragana_and_not_called_a_synonym(plain):
    named = plain(name="トキノワ勤怠", name_kana="トキノワキンタイ")
    page = search("きんたい")
    assert page.ids == (named,)
    assert page.synonyms == ()


def test_english_name_is_a_name(plain):
    told = plain(name="勤怠の広場", summary="Tokinowa Attendanceと連携します。")
    named = plain(name="トキノワ勤怠", name_en="Tokinowa Attendance")
    page = search("tokinowa attendance")
    assert page.ids == (named, told)
    assert search("トキノワ attendance").ids == (named,)  # a word of each
