"""The synonyms shipped with the search, and the judged queries, held against the demonstration catalogue."""

import json
from collections import Counter
from pathlib import Path

import pytest

from catalog.search import query
from catalog.search.normalise import canonical
from catalog.search.synonyms import shipped_groups
from marketplace.demo import data

ROOT = Path(__file__).parents[2]
RELEVANCE = json.loads((ROOT / "tests/catalog/relevance.json").read_text(encoding="utf-8"))["queries"]
CATEGORY_NAMES = {
    leaf["slug"]: (group["name"], leaf["name"])
    for group in json.loads((ROOT / "catalog/categories.json").read_text(encoding="utf-8"))
    for leaf in group["children"]
}


@pytest.fixture(scope="module")
def synonyms():
    """By canonical word its alternatives, as the search reads them from its table."""
    groups = [list(dict.fromkeys(map(canonical, words))) for words in shipped_groups()]
    return {word: tuple(w for w in group if w != word) for group in groups for word in group}


@pytest.fixture(scope="module")
def bodies():
    """What search knows of each listing, canonical, by name."""
    return {
        s["name"]: "\n".join(
            canonical(text)
            for text in (
                s["name"], s["name_kana"], s["summary"], s["description"], s["maker"]["name"],
                *(offer["seller"]["name"] for offer in s["offers"]),
                *(name for slug in s["categories"] for name in CATEGORY_NAMES[slug]),
                "GビズID" if "gbizid" in s["integrations"] else "",
                "LGWAN-ASP" if "lgwan_asp" in s["delivery"] else "",
            )
        )
        for s in data.load().software
    }  # fmt: skip


def test_there_are_enough_groups_of_synonyms():
    assert len(shipped_groups()) >= 120


def test_synonyms_are_different_words_and_each_stands_in_one_group():
    groups = [[canonical(word) for word in words] for words in shipped_groups()]
    assert [group for group in groups if len(set(group)) != len(group) or len(group) < 2] == []
    assert [word for word, count in Counter(word for group in groups for word in group).items() if count > 1] == []


def test_synonyms_are_all_looked_up():
    """A longer group would silently lose its last words."""
    assert max(map(len, shipped_groups())) - 1 <= query.MOST_ALTERNATIVES


def test_synonyms_are_single_terms():
    """Only what is typed without a space is looked up; a synonym that takes apart would never be found."""
    for words in shipped_groups():
        for word in words:
            assert [term.text for term in query.parse(word).terms] == [canonical(word)]


def test_relevance_is_judged_for_sixty_queries():
    assert len(RELEVANCE) >= 60
    assert [q for q, count in Counter(judged["q"] for judged in RELEVANCE).items() if count > 1] == []


def test_relevance_names_listings_that_exist():
    names = {software["name"] for software in data.load().software}
    for judged in RELEVANCE:
        assert judged["best"]
        assert {*judged["best"], *judged["also"]} <= names, judged["q"]
        assert not {*judged["best"]} & {*judged["also"]}


@pytest.mark.parametrize("judged", RELEVANCE, ids=lambda judged: judged["q"])
def test_relevance_best_listings_contain_what_was_typed(judged, bodies, synonyms):
    terms = query.parse(judged["q"], synonyms).wanted
    found = {name: all(any(text in bodies[name] for text in term.texts) for term in terms) for name in judged["best"]}
    assert all(found.values()) == ("hard" not in judged), found
