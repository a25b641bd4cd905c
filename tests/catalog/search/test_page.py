import re
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from django.db import connection, transaction

from catalog.search import page as page_module
from catalog.search import statement
from catalog.search.bench.corpus import GOVERNMENT, RARE, TECHNICAL, category_leaves
from catalog.search.document import neutral_seed
from catalog.search.facets import BY_NAME, FACETS
from catalog.search.filters import Filters
from catalog.search.index import remember_words
from catalog.search.normalise import canonical
from catalog.search.page import search
from catalog.search.query import parse
from catalog.search.statement import DEEPEST, SearchTimeout

from . import oracle

pytestmark = pytest.mark.django_db

WORDS = [
    "税",
    "橋",
    "犬",
    "勤怠",
    "戸籍",
    "蒟蒻",
    "電子決裁",
    "固定資産税",
    "個別避難計画",
    "会計年度任用職員",
    "タイムカード",
    "ｸﾗｳﾄﾞ",
    "ﾁｬｯﾄﾎﾞｯﾄ",
    "サーバー",
    "サーバ",
    "kubernetes",
    "kuber",
    "line",
    "ＡＩ",
    "a",
    "l",
    "OCR管理",
    "AI-OCR",
    "Google-Cloud",
    "Web会議",
    "第1回",
    "勤怠・給与",
    "書かない窓口",
    "GビズID",
    "ISO/IEC",
    "災害情報の",
    "法令改正には",
    "を自動で集計し",
    "36協定",
    "量子暗号通信衛星",
]
PHRASES = [
    '"Google Cloud"',
    "「標準準拠システム」",
    '"データ連携 分析"',
    '"で行えます 標準"',
    '勤怠 "打刻"',
    "クラウド ＯＣＲ",
]
EXCLUSIONS = [
    "クラウド -勤怠",
    "管理 -システム",
    "-税",
    "管理 -アクセス権限 -自治体",
    'クラウド -"Google Cloud"',
    "住民 -AI",
]


def found_by(typed):
    return set(search(typed, page_size=DEEPEST, synonyms=False, forgiving=False).ids)


def expected(listings, typed):
    query = parse(typed)
    return {
        listing["id"]
        for listing in listings
        if all(
            any(oracle.contains(lines, term.text) for lines in oracle.parts(listing)) != term.excluded
            for term in query.terms
        )
    }


def snippets(listings, count):
    """Pieces of the texts themselves: the hardest words, for nobody chose them."""
    random = Random(7)
    for _ in range(count):
        text = random.choice(random.choice(oracle.parts(random.choice(listings))))
        if len(text) > 1:
            start = random.randrange(len(text))
            yield f'"{text[start : start + random.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 9, 14))]}"'


def test_search_finds_exactly_what_the_texts_contain(corpus):
    queries = [*WORDS, *PHRASES, *EXCLUSIONS, *TECHNICAL, *GOVERNMENT[:12], *RARE[:20], *snippets(corpus, 250)]
    wrong = {typed: found_by(typed) ^ expected(corpus, typed) for typed in queries}
    assert {typed: ids for typed, ids in wrong.items() if ids} == {}


def test_search_without_letters_lists_everything(corpus):
    for typed in ("", "   ", "・・・", "!?", "%_\\'\"", '- "" 「」', "\x00\u200b"):
        page = search(typed)
        assert page.total == len(corpus)
        assert page.terms == ()


@pytest.mark.parametrize(
    "typed",
    [
        "' | '!@ & <-> :* ()",
        "'@startup:yes'",
        "勤怠:* & !管理",
        "a b c d e f g h i j k l m n o p",
        "\\' \\\\ ' '' $$ ; DROP TABLE x --",
        "%s %(x)s %%",
        "勤" * 10_000,
        "\x00\x01\x1f\u202e勤怠\ud800",
        '"閉じない引用',
        "-" * 200,
        '-"',
        "ﷺ" * 200,
    ],
)
def test_hostile_query_is_an_ordinary_page(corpus, typed):
    page = search(typed)
    assert page.total <= len(corpus)
    assert len(page.query.terms) <= 8
    assert len(page.query.typed) <= 200


def test_order_is_name_summary_description_rest_then_the_neutral_key(corpus):
    by_id = {listing["id"]: listing for listing in corpus}
    for typed in ("勤怠", "クラウド", "固定資産税", "住民 管理", "AI", "株式会社", "健康管理"):
        terms = [term.text for term in parse(typed).terms]
        beginnings = [term[:2] for term in terms if len(term) > 2]
        ids = search(typed, page_size=DEEPEST, synonyms=False).ids
        keys = [
            (
                oracle.tier(by_id[pk], terms),
                not any(part in canonical(by_id[pk]["name"]) for part in beginnings),
                neutral_seed(by_id[pk]["reference"]),
            )
            for pk in ids
        ]
        assert keys == sorted(keys)
        assert len(ids) > 1


def test_order_of_the_first_page_is_that_of_all_pages(corpus):
    everything = search("クラウド", page_size=DEEPEST).ids
    pages = [search("クラウド", page=number, page_size=7).ids for number in range(1, len(everything) // 7 + 2)]
    assert tuple(pk for ids in pages for pk in ids) == everything


def test_neutral_key_favours_neither_age_nor_alphabet():
    seeds = [neutral_seed(f"SW-{number:06}") for number in range(2000)]
    older_first = sum(a < b for a, b in pairwise(seeds))
    assert 900 < older_first < 1100


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("newest", lambda listing: -listing["listed_at"].timestamp()),
        ("price", lambda listing: (listing["price"] is None, listing["price"])),
        ("adoptions", lambda listing: -listing["adoptions"]),
    ],
)
def test_sort_by_a_column(corpus, sort, key):
    by_id = {listing["id"]: listing for listing in corpus}
    for typed in ("", "クラウド"):
        keys = [key(by_id[pk]) for pk in search(typed, sort=sort, page_size=DEEPEST).ids]
        assert keys == sorted(keys, key=lambda k: k if not isinstance(k, tuple) else (k[0], k[1] or 0))
        assert len(keys) > 20


def test_sort_unknown_is_relevance(corpus):
    assert search("税", sort="; DROP").sort == "relevance"


def test_explanation_says_the_order(corpus):
    sentences = {search("税", sort=sort).explanation for sort in page_module.SORTS} | {search("").explanation}
    assert len(sentences) == 5
    assert all(re.fullmatch(r"(.+。)+", sentence) for sentence in sentences)


def random_filters(random):
    chosen = {}
    for kind in FACETS:
        if random.random() < 0.22:
            slugs = [slug for leaf in category_leaves() for slug in leaf["path"]]
            among = slugs if kind.name == "category" else list(kind.codes)
            chosen[kind.name] = tuple(dict.fromkeys(random.choices(among, k=random.choice((1, 1, 2, 3)))))
    return Filters(
        chosen=chosen,
        price_min=random.choice((None, None, None, 400_000)),
        price_max=random.choice((None, None, None, 3_000_000)),
        availability_min=random.choice((None, None, None, Decimal("99.9"))),
    )


def test_facets_count_like_brute_force(corpus):
    random = Random(3)
    for round_number in range(60):
        filters = random_filters(random)
        typed = random.choice(("", "クラウド", "管理", "税", "勤怠", "AI"))
        terms = [term.text for term in parse(typed).terms]
        textual = [listing for listing in corpus if not terms or oracle.tier(listing, terms) is not None]

        page = search(typed, filters, page_size=DEEPEST, synonyms=False)

        assert set(page.ids) == {listing["id"] for listing in textual if oracle.passes(listing, filters)}, round_number
        assert page.total == len(page.ids)
        for facet in page.facets:
            right = oracle.counts(textual, facet.name, filters)
            assert {choice.value: choice.count for choice in facet.choices} == {
                choice.value: right[choice.value] for choice in facet.choices
            }, (facet.name, filters, typed)


def test_facet_keeps_its_siblings_when_chosen(corpus):
    alone = search("クラウド").facet("delivery")
    chosen = search("クラウド", Filters(chosen={"delivery": ("lgwan_asp",)})).facet("delivery")
    assert [choice.count for choice in chosen.choices] == [choice.count for choice in alone.choices]
    assert [choice.value for choice in chosen.chosen] == ["lgwan_asp"]


def test_search_offers_a_correction_only_where_nothing_is_found(corpus):
    remember_words(corpus)
    assert search("固定資産税").did_you_mean is None
    assert search("固定資産勢").did_you_mean == "固定資産税"
    assert search("タイムカート").did_you_mean == "タイムカード"
    assert search("チャトボット 住民").did_you_mean == "チャットボット 住民"
    assert search("量子暗号通信衛星").did_you_mean is None


def test_page_beyond_the_end_is_empty(corpus):
    page = search("", page=14, page_size=20)
    assert (page.ids, page.total, page.last_number) == ((), 250, 13)
    assert search("", page=10**9).ids == ()


def test_paging_ends_where_narrowing_helps_more(corpus, monkeypatch):
    monkeypatch.setattr(page_module, "DEEPEST", 50)
    assert search("", page=3).last_number == 3
    assert len(search("", page=3).ids) == 10
    assert search("", page=4).ids == ()
    assert search("").is_cut


@pytest.mark.parametrize("typed", ["", "クラウド", "クラウド -勤怠 住民"])
def test_search_needs_one_statement_beside_its_vocabulary(corpus, typed, django_assert_num_queries):
    reads_synonyms = bool(typed)
    with django_assert_num_queries(
        3 + reads_synonyms
    ):  # the catalogue's size, the search, the category tree, the synonyms
        search(typed, Filters(chosen={"target": ("ministry",), "sme": ("yes",)}))


def test_search_gives_the_settings_back(corpus):
    def current():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('enable_seqscan'), current_setting('statement_timeout')")
            return cursor.fetchone()

    before = current()
    with transaction.atomic():
        search("税")
        assert current() == before


def test_search_that_takes_too_long_says_so_and_leaves_the_transaction_usable(corpus, monkeypatch):
    monkeypatch.setattr(statement, "counts_of", lambda found: "SELECT 0, 0, 0, 0, (SELECT 0 FROM pg_sleep(5))")
    monkeypatch.setattr(statement, "_SETTINGS", "SET LOCAL statement_timeout = 50")
    with pytest.raises(SearchTimeout):
        search("税")
    monkeypatch.undo()
    assert search("税").total


def test_every_facet_of_the_corpus_is_searchable_by_lexeme(corpus):
    for kind in FACETS:
        for value in list(kind.codes)[:3]:
            page = search("", Filters(chosen={kind.name: (value,)}), page_size=DEEPEST)
            assert set(page.ids) == {listing["id"] for listing in corpus if value in oracle.values(listing, kind.name)}
    assert canonical(BY_NAME["category"].lexeme("x")) != BY_NAME["category"].lexeme(
        "x"
    )  # no text can make a facet lexeme
