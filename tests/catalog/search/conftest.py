import json

import pytest

from catalog.models import Category, Software
from catalog.search.bench.corpus import CATEGORIES, listings
from catalog.search.document import build_document
from catalog.search.index import write_rows
from tests.factories.companies import CompanyFactory


@pytest.fixture
def categories(db):
    """The tree of the platform, with the bits the corpus uses."""
    bit = 0
    for position, root in enumerate(json.loads(CATEGORIES.read_text(encoding="utf-8"))):
        parent, _ = Category.objects.update_or_create(
            slug=root["slug"], defaults={"name": root["name"], "name_en": root["name_en"], "position": position}
        )
        for place, leaf in enumerate(root["children"]):
            names = {"name": leaf["name"], "name_en": leaf["name_en"]}
            Category.objects.update_or_create(
                slug=leaf["slug"], defaults={**names, "parent": parent, "bit": bit, "position": place}
            )
            bit += 1


def store(*found):
    """Put listings as plain dictionaries into the index, each with a live row to belong to."""
    maker = CompanyFactory()
    Software.objects.bulk_create(
        Software(pk=each["id"], reference=each["reference"], name=each["name"][:100], maker=maker) for each in found
    )
    write_rows(map(build_document, found))


@pytest.fixture
def corpus(categories):
    """300 generated listings in the index."""
    found = list(listings(300))
    store(*found)
    return found
