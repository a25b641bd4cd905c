"""The judged queries over the demonstration catalogue: what an official should see first."""

import datetime as dt
import json
from pathlib import Path

import pytest

from catalog.search.bench.corpus import category_leaves
from catalog.search.page import search
from marketplace.demo import data

from .conftest import make_categories, store

JUDGED = json.loads((Path(__file__).parents[1] / "relevance.json").read_text(encoding="utf-8"))["queries"]


def listing(number, software):
    """A line of the demonstration catalogue as ``source.read_listings`` would read it, prices and sizes aside."""
    leaves = {leaf["path"][-1]: leaf for leaf in category_leaves()}
    return {
        "id": number,
        "reference": f"SW-D{number:05}",
        **{key: software[key] for key in ("name", "name_kana", "summary", "description")},
        "maker": software["maker"]["name"],
        "sellers": sorted({offer["seller"]["name"] for offer in software["offers"]}),
        "categories": [leaves[slug] for slug in software["categories"]],
        "target": sorted(software["target_bodies"]),
        "delivery": sorted(software["delivery"]),
        "certification": sorted({each["scheme"] for each in software["certifications"]}),
        "integration": sorted(software["integrations"]),
        "standard_task": sorted(software.get("standard_tasks", [])),
        "sme": "cannot_tell",
        "startup": "cannot_tell",
        "price": None,
        "prices": [],
        "availability": None,
        "adoptions": 0,
        "more": [line["item"] for offer in software["offers"] for line in offer["price_lines"]],
        "listed_at": dt.datetime(2026, 10, 1, tzinfo=dt.UTC),
    }


@pytest.mark.django_db
def test_judged_best_is_among_the_first_three():
    make_categories()
    found = store(*(listing(number, software) for number, software in enumerate(data.load().software, start=1)))
    names = {each["id"]: each["name"] for each in found}

    missed = {}
    for judged in JUDGED:
        first = [names[pk] for pk in search(judged["q"]).ids[:3]]
        if not set(first) & set(judged["best"]):
            missed[judged["q"]] = first

    assert len(JUDGED) >= 60
    assert set(missed) <= {judged["q"] for judged in JUDGED if "hard" in judged}, missed
    assert len(missed) <= len(JUDGED) / 30
