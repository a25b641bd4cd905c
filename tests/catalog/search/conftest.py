import json

import pytest
from django.db import transaction

from catalog.models import Category, Software
from catalog.search.bench.corpus import CATEGORIES, listing, listings
from catalog.search.document import build_document
from catalog.search.index import write_rows
from tests.factories.companies import CompanyFactory


def make_categories():
    """The tree of the platform, with the bits the corpus uses."""
    bit = 0
    for position, root in enumerate(json.loads(CATEGORIES.read_text(encoding="utf-8"))):
        names = {"name": root["name"], "name_en": root["name_en"]}
        parent, _ = Category.objects.update_or_create(slug=root["slug"], defaults={**names, "position": position})
        for place, leaf in enumerate(root["children"]):
            names = {"name": leaf["name"], "name_en": leaf["name_en"]}
            Category.objects.update_or_create(
                slug=leaf["slug"], defaults={**names, "parent": parent, "bit": bit, "position": place}
            )
            bit += 1


def store(*found):
    """Put listings, as plain dictionaries, into the index, each with a live row to belong to."""
    maker = CompanyFactory()
    Software.objects.bulk_create(
        Software(pk=each["id"], reference=each["reference"], name=each["name"][:100], maker=maker) for each in found
    )
    write_rows([build_document(each) for each in found])
    return list(found)


@pytest.fixture(scope="module")
def shared_corpus(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        make_categories()
        yield store(*listings(250))
        transaction.set_rollback(True)


@pytest.fixture
def corpus(shared_corpus, db):
    """250 generated listings in the index; made once a module, so leave them as they are."""
    return shared_corpus


@pytest.fixture
def plain(db):
    """Store listings that say nothing but what is given: ``plain(name=…)`` returns the id."""
    make_categories()
    ids = iter(range(10_001, 20_000))

    def plain(**fields):
        number = next(ids)
        quiet = listing(1) | {
            "id": number,
            "reference": f"SW-P{number:05}",
            "name": f"品{number}",
            "name_kana": "",
            "summary": "",
            "description": "",
            "maker": "",
            "sellers": [],
            "categories": [],
            "certification": [],
            "integration": [],
            "standard_task": [],
        }
        store(quiet | fields)
        return number

    return plain
