"""A catalogue too large to count: what is estimated, what stays exact, and that the slice is what it says."""

from random import Random

import pytest
from django.db import connection

from catalog.models import SearchDocument, SearchSlice, Software
from catalog.search import page as page_module
from catalog.search.bench.corpus import listing
from catalog.search.document import build_document
from catalog.search.index import write_rows
from catalog.search.models import SLICE_ENDS, SLICES
from catalog.search.page import estimate, search
from catalog.search.statement import DEEPEST

from .test_page import EXCLUSIONS, WORDS, random_filters

pytestmark = pytest.mark.django_db


@pytest.fixture
def large(corpus, monkeypatch):
    """The corpus, with every eighth listing in the slice, searched as if it were too large to count."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_searchslice")
        columns = ", ".join(f.column for f in SearchSlice._meta.fields)
        cursor.execute(
            f"INSERT INTO catalog_searchslice ({columns}) SELECT {columns} FROM catalog_searchdocument"
            " ORDER BY seed LIMIT (SELECT count(*) / 8 FROM catalog_searchdocument)"
        )
    monkeypatch.setattr(page_module, "LARGE", 0)
    monkeypatch.setattr(page_module, "SLICES", 8)
    return corpus


def answers(typed, filters, **options):
    page = search(typed, filters, page_size=DEEPEST, **options)
    return page.ids, page.total, page.total_is_exact, page.facets


def test_what_is_not_too_much_is_answered_exactly(large, monkeypatch):
    random = Random(5)
    for typed in [*WORDS[:12], *EXCLUSIONS, "", "クラウド"]:
        filters = random_filters(random)
        answer = answers(typed, filters)
        with monkeypatch.context() as small:
            small.setattr(page_module, "LARGE", 10**9)
            assert answer == answers(typed, filters), (typed, filters)
        assert answer[2]


def test_what_is_too_much_is_estimated_and_says_so(large, monkeypatch):
    monkeypatch.setattr(page_module, "TOO_MANY", 5)
    page = search("クラウド", synonyms=False)
    in_slice = SearchSlice.objects.extra(where=["grams @@ '''クラウ'' & ''ラウド'''::tsquery"]).count()
    assert in_slice >= 5
    assert (page.total, page.total_is_exact) == (estimate(in_slice), False)
    assert not any(facet.is_exact for facet in page.facets)
    sme = page.facet("sme").choices
    assert sum(choice.count for choice in sme) == pytest.approx(page.total, rel=0.1)  # two digits each


def test_order_of_too_many_is_the_same_in_the_ranks_of_the_name(large, monkeypatch):
    for typed, sort in (
        ("管理", "relevance"),
        ("", "relevance"),
        ("クラウド", "newest"),
        ("", "price"),
        ("管理 -税", "newest"),
    ):
        exact = search(typed, sort=sort, synonyms=False)
        with monkeypatch.context() as broad:
            broad.setattr(page_module, "TOO_MANY", 1)
            page = search(typed, sort=sort, synonyms=False)
        assert not page.total_is_exact
        in_order = (
            min(len(exact.ids), sum(typed in each["name"] for each in large)) if sort == "relevance" and typed else 20
        )
        assert page.ids[:in_order] == exact.ids[:in_order], typed
        assert in_order


def test_pages_of_too_many_follow_on_each_other(large, monkeypatch):
    monkeypatch.setattr(page_module, "TOO_MANY", 1)
    for typed in ("住民 管理", "勤怠管理", "クラウド -勤怠", "健康管理"):
        everything = search(typed, page_size=DEEPEST).ids
        pages = [search(typed, page=number, page_size=7).ids for number in range(1, len(everything) // 7 + 2)]
        assert tuple(pk for ids in pages for pk in ids) == everything
        assert len(set(everything)) == len(everything)


def test_facet_that_is_too_much_without_its_choice_is_estimated_beside_an_exact_total(large, monkeypatch):
    filters = random_filters(Random(0)).__class__(chosen={"integration": ("gss",), "target": ("ministry",)})
    monkeypatch.setattr(page_module, "TOO_MANY", 5)
    page = search("", filters)
    assert page.total_is_exact
    assert not page.facet("integration").is_exact  # all for ministries
    assert page.facet("category").is_exact


def test_catalogue_is_large_by_its_slice(corpus, monkeypatch):
    listings = SearchSlice.objects.count() * SLICES
    assert listings
    assert not page_module.is_large()
    monkeypatch.setattr(page_module, "LARGE", listings)
    assert page_module.is_large()


@pytest.mark.parametrize(
    ("in_slice", "said"), [(0, 0), (1, 32), (3, 96), (100, 3200), (12_345, 400_000), (31_250, 1_000_000)]
)
def test_estimate_has_two_digits(in_slice, said):
    assert estimate(in_slice) == said


def test_slice_is_kept_by_the_database(plain):
    pks = [plain(name=f"勤怠{number}") for number in range(120)]

    def sliced():
        return set(SearchSlice.objects.filter(pk__in=pks).values_list("pk", flat=True))

    inside = set(SearchDocument.objects.filter(pk__in=pks, seed__lt=SLICE_ENDS).values_list("pk", flat=True))
    assert inside
    assert sliced() == inside < set(pks)

    first, *others = sorted(inside)
    reference = Software.objects.get(pk=first).reference
    write_rows([build_document(listing(1) | {"id": first, "reference": reference, "name": "改名"})])  # over the old one
    assert SearchSlice.objects.extra(where=["head @@ '''改名'''::tsquery"]).get().pk == first
    assert sliced() == inside

    SearchDocument.objects.filter(pk=first).delete()
    assert sliced() == set(others)


def test_slice_is_a_thirty_second_of_what_comes():
    seeds = [build_document(listing(number)).seed for number in range(1, 4001)]
    assert 90 < sum(seed < SLICE_ENDS for seed in seeds) < 165
