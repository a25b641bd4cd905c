"""The bench must compare like with like."""

import pytest
from django.http import QueryDict

from catalog.management.commands.bench_search import QUERIES, Times, read_lines, timed
from catalog.search.bench.corpus import listing, listings
from catalog.search.bench.peers import Fts5, Tantivy
from catalog.search.document import build_document
from catalog.search.filters import Filters
from catalog.search.page import search
from catalog.search.query import parse
from catalog.search.statement import SearchTimeout

pytestmark = pytest.mark.django_db


def test_corpus_depends_on_the_number_alone():
    assert list(listings(3, start=5)) == [listing(5), listing(6), listing(7)]
    assert listing(5) != listing(6)


def test_queries_name_only_filters_that_exist(corpus):
    lines = read_lines(QUERIES)
    assert len(lines) > 60
    assert [params for _, params in lines if Filters.from_params(QueryDict(params)).unknown] == []


@pytest.mark.parametrize("peer", [Fts5, Tantivy])
def test_peer_finds_what_we_find(corpus, tmp_path, peer):
    engine = peer(tmp_path)
    engine.load([build_document(each) for each in corpus])
    engine.finish()
    for typed, params in (
        ("クラウド", ""), ("電子決裁", ""), ("固定資産税", ""), ("住民 クラウド", ""), ("", ""), ("クラウド", "startup=yes&sme=yes"),
        ("管理", "category=internal&target=municipality&target=union"), ("", "price_max=1000000&availability_min=99.9"),
    ):  # fmt: skip
        filters = Filters.from_params(QueryDict(params))
        assert engine.search(parse(typed), filters) == search(typed, filters, synonyms=False).total, (typed, params)
    assert engine.size() > 0


def test_times_name_the_percentiles():
    times = Times([5.0, 1.0, 2.0, 4.0, 3.0])
    assert (times.p50, times.p95, times.worst) == (3.0, 5.0, 5.0)


def test_search_that_is_stopped_is_counted_and_does_not_end_the_bench():
    def answer(typed, filters):
        if typed == "の":
            raise SearchTimeout

    times = timed([("勤怠", None), ("の", None)], 3, answer)
    assert (len(times.values), times.stopped) == (6, 3)
