import datetime as dt
from io import StringIO
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from catalog import actions
from catalog.models import SearchDocument, SearchName, Software
from catalog.search import index
from catalog.search.document import build_document, digest
from catalog.search.filters import Filters
from catalog.search.index import check_index, index_listing, rebuild, remove_listing
from catalog.search.page import search
from catalog.search.source import read_listings
from catalog.tasks import mend_search
from marketplace import clock
from tests.factories.accounts import MembershipFactory
from tests.factories.catalog import listed_software, offer_content
from tests.factories.companies import CompanyFactory, FactSnapshotFactory

pytestmark = pytest.mark.django_db


def count(facet, value, typed=""):
    return next(choice.count for choice in search(typed).facet(facet).choices if choice.value == value)


def test_listing_is_found_by_all_it_says():
    seller = CompanyFactory(name="株式会社うみかぜ販売")
    software = listed_software(
        maker=CompanyFactory(name="株式会社やまなみ製作"),
        sellers=[seller],
        name="職員カレンダー",
        name_kana="ショクインカレンダー",
        summary="出退勤をまとめます。",
        description="休暇の申請と代休の計算を行えます。",
        standard_tasks=["seal_registration"],
    )
    for typed in (
        "カレンダー", "出退勤", "代休", "うみかぜ", "やまなみ", "ショクイン", "勤怠管理・庶務", "内部事務", "ISMAP", "GビズID", "印鑑登録",
    ):  # fmt: skip
        assert search(typed, synonyms=False).ids == (software.pk,), typed
    assert search("存在しない語").ids == ()


def test_listing_has_its_facets():
    startup = CompanyFactory()
    FactSnapshotFactory(company=startup)
    listed_software(maker=startup, standard_tasks=["pension"])
    for facet, value in (
        ("category", "attendance"), ("category", "internal"), ("target", "municipality"), ("delivery", "public_cloud"),
        ("certification", "ismap"), ("integration", "gbizid"), ("startup", "yes"), ("sme", "yes"), ("price", "under_500k"),
        ("availability", "from_99_9"), ("standard_task", "pension"),
    ):  # fmt: skip
        assert count(facet, value) == 1, (facet, value)
        assert search("", Filters(chosen={facet: (value,)})).total == 1


def test_seller_that_is_a_startup_makes_the_listing_one_a_startup_sells():
    startup = CompanyFactory()
    FactSnapshotFactory(company=startup)
    listed_software(sellers=[startup])
    assert count("startup", "yes") == 1
    assert count("startup", "cannot_tell") == 0


def test_price_is_what_a_later_year_costs_the_reference_body_with_tax():
    lines = [
        {**offer_content()["price_lines"][0], "item": "初期費用", "timing": "initial", "unit": "organization", "amount_yen": "990000"},
        {**offer_content()["price_lines"][0], "amount_yen": "300"},
    ]  # fmt: skip
    software = listed_software(offer={"price_lines": lines})
    assert SearchDocument.objects.get(pk=software.pk).price == 300 * 12 * 100 * 110 // 100


def test_index_follows_suspension_resumption_and_lapse():
    software = listed_software()
    operator = MembershipFactory(administrator=True).user

    actions.suspend_software(software, reason="証明書の確認中", by=operator)
    assert (search("勤怠").total, count("category", "attendance")) == (0, 0)

    actions.resume_software(software, by=operator)
    assert (search("勤怠").total, count("category", "attendance")) == (1, 1)

    with clock.at(clock.now() + dt.timedelta(days=3 * 366)):
        actions.lapse_software(software)
    assert (search("勤怠").total, SearchName.objects.count()) == (0, 0)


def test_index_follows_a_change():
    software = listed_software(name="旧名称システム")
    Software.objects.filter(pk=software.pk).update(name="新名称システム", delivery=["lgwan_asp"])
    index_listing(software.pk)
    assert (search("旧名称").total, search("新名称").total) == (0, 1)
    assert (count("delivery", "public_cloud"), count("delivery", "lgwan_asp")) == (0, 1)


def test_index_is_undone_with_its_transaction():
    software = listed_software(name="勤怠ひろば")
    with transaction.atomic():
        remove_listing(software.pk)
        transaction.set_rollback(True)
    assert search("勤怠").total == 1


def test_index_ignores_what_is_not_there():
    index_listing(999_999)
    remove_listing(999_999)
    assert SearchDocument.objects.count() == 0


def test_index_listing_query_count(django_assert_num_queries):
    pk = listed_software(sellers=[CompanyFactory(), CompanyFactory()]).pk
    with django_assert_num_queries(16):
        index_listing(pk)


def test_reading_listings_takes_as_many_queries_for_three_as_for_one(django_assert_num_queries):
    pks = [listed_software(name=f"勤怠{n}").pk for n in range(3)]
    for some in (pks[:1], pks):
        with django_assert_num_queries(6):
            assert [listing["id"] for listing in read_listings(some)] == some


def test_digest_changes_with_the_listing_alone():
    software = listed_software()
    (before,), (again,) = list(read_listings([software.pk])), list(read_listings([software.pk]))
    assert digest(before) == digest(again) == build_document(before).digest
    assert digest(before | {"name": "別の名称"}) != digest(before)


def damage():
    """One listing missing from the index, one there in excess, one stale, one right; returns their keys."""
    missing, extra, stale, right = (listed_software(name=name) for name in ("欠け", "余り", "古い", "正しい"))
    remove_listing(missing.pk)
    Software.objects.filter(pk=extra.pk).update(status="lapsed")
    Software.objects.filter(pk=stale.pk).update(summary="書き換えた概要")
    return missing.pk, extra.pk, stale.pk, right.pk


def test_check_names_what_differs_and_rebuild_mends_it():
    missing, extra, stale, right = damage()
    found = check_index()
    assert (found.missing, found.extra, found.stale) == ((missing,), (extra,), (stale,))
    assert found

    assert list(rebuild()) == [3]

    assert not check_index()
    assert set(search("").ids) == {missing, stale, right}
    assert search("書き換えた").ids == (stale,)


def test_rebuild_writes_only_what_differs_unless_told(monkeypatch):
    listed_software()
    written = []
    monkeypatch.setattr(index, "write_rows", lambda rows: written.append(len(list(rows))))
    list(rebuild())
    assert written == []
    list(rebuild(everything=True))
    assert written == [1]


def test_rebuild_command_reports_checks_and_mends():
    damage()
    out = StringIO()
    with pytest.raises(CommandError, match="differs"):
        call_command("rebuild_search", check=True, stdout=out)
    assert [line.split(" (")[0] for line in out.getvalue().splitlines()] == ["missing: 1", "extra: 1", "stale: 1"]

    call_command("rebuild_search", stdout=out)
    call_command("rebuild_search", check=True, stdout=out)
    assert "3 listings are in the index." in out.getvalue()


def test_rebuild_can_be_interrupted_and_run_again(monkeypatch):
    pks = [listed_software(name=f"勤怠{n}").pk for n in range(3)]
    SearchDocument.objects.all().delete()
    monkeypatch.setattr(index, "BATCH", 1)
    monkeypatch.setattr(index._batches, "__defaults__", (1,))

    first = rebuild()
    assert next(first) == 1
    first.close()
    assert SearchDocument.objects.count() == 1

    assert list(rebuild()) == [1, 2, 3]
    assert set(search("勤怠").ids) == set(pks)


@pytest.mark.django_db(transaction=True)
def test_rebuild_goes_on_while_people_search():
    for n in range(6):
        listed_software(name=f"勤怠{n}")
    totals = []

    def people():
        try:
            while not done:
                totals.append(search("勤怠").total)
        finally:
            connection.close()

    done = []
    reader = Thread(target=people)
    reader.start()
    try:
        for _ in range(5):
            list(rebuild(everything=True))
    finally:
        done.append(True)
        reader.join()
    assert set(totals) == {6}
    assert len(totals) > 1


def test_nightly_check_mends_the_index_and_says_what_differed(caplog):
    damage()
    mend_search()
    assert not check_index()
    assert "search_index_differed" in caplog.text
    caplog.clear()
    mend_search()
    assert caplog.text == ""
