"""A database of its own for measuring, beside the live one and thrown away afterwards."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from multiprocessing import get_context

import django
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import override_settings

from ..document import SearchRow, build_document
from ..models import SearchDocument
from .corpus import CATEGORIES, listing

CHUNK = 500


@contextmanager
def throw_away_database() -> Iterator[None]:
    """Point the default connection at a new, migrated database; drop it and point back at the end."""
    live = connection.settings_dict["NAME"]
    connection.settings_dict.setdefault("TEST", {})["NAME"] = f"{live}_bench_search"
    with override_settings(SEARCH_CACHE_SECONDS=3600):
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            _make_categories()
            yield
        finally:
            connection.creation.destroy_test_db(live, verbosity=0)


def _make_categories() -> None:
    Category = apps.get_model("catalog", "Category")
    bit = 0
    for position, root in enumerate(json.loads(CATEGORIES.read_text(encoding="utf-8"))):
        parent, _ = Category.objects.update_or_create(
            slug=root["slug"], defaults={"name": root["name"], "name_en": root["name_en"], "position": position}
        )
        for leaf in root["children"]:
            names = {"name": leaf["name"], "name_en": leaf["name_en"]}
            Category.objects.update_or_create(slug=leaf["slug"], defaults={**names, "parent": parent, "bit": bit})
            bit += 1


def build(number: int) -> tuple[dict, SearchRow]:
    found = listing(number)
    return found, build_document(found)


@contextmanager
def builders() -> Iterator[Callable[[range], Iterator[tuple[dict, SearchRow]]]]:
    """Processes that make listings and their rows; started before a connection is open, so that none is shared."""
    with get_context("fork").Pool(os.cpu_count(), initializer=django.setup) as pool:
        yield lambda numbers: pool.imap(build, numbers, chunksize=100)


def drop_indexes() -> None:
    with connection.schema_editor() as editor:
        for index in SearchDocument._meta.indexes:
            editor.remove_index(SearchDocument, index)


def make_indexes() -> None:
    with connection.schema_editor() as editor:
        for index in SearchDocument._meta.indexes:
            editor.add_index(SearchDocument, index)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE catalog_searchdocument")
        cursor.execute("ANALYZE")


def load(batch: list[tuple[dict, SearchRow]]) -> None:
    """Store listings with everything a result page shows of them, and their search rows by COPY."""
    with transaction.atomic():
        _store_live_rows([found for found, _ in batch])
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY catalog_searchdocument ({', '.join(SearchRow._fields)}) FROM STDIN") as copy,
        ):
            for _, row in batch:
                copy.write_row(row)


def _store_live_rows(listings: list[dict]) -> None:
    Company = apps.get_model("companies", "Company")
    Software, Revision, Offer, PriceLine, Certification, Category = (
        apps.get_model("catalog", name)
        for name in ("Software", "Revision", "Offer", "PriceLine", "Certification", "Category")
    )
    leaves = {category.bit: category.pk for category in Category.objects.exclude(bit=None)}
    names = {name for each in listings for name in (each["maker"], *each["sellers"])}
    known = dict(Company.objects.filter(name__in=names).values_list("name", "pk"))
    first = Company.objects.count()
    made = Company.objects.bulk_create(
        Company(name=name, corporate_number=f"{9_000_000_000_000 + first + place}")
        for place, name in enumerate(sorted(names - known.keys()))
    )
    known |= {company.name: company.pk for company in made}

    Software.objects.bulk_create(
        Software(
            pk=each["id"],
            reference=each["reference"],
            maker_id=known[each["maker"]],
            status="listed",
            listed_revision_id=each["id"],
            listed_at=each["listed_at"],
            lapses_on=date(2028, 1, 1),
            disclosed_on=date(2026, 1, 1),
            name=each["name"][:100],
            name_kana=each["name_kana"],
            summary=each["summary"][:100],
            description=each["description"],
            target_bodies=each["target"],
            delivery=each["delivery"],
            integrations=each["integration"],
            standard_tasks=each["standard_task"],
            availability_percent=each["availability"] and each["availability"] / 1000,
        )
        for each in listings
    )
    Revision.objects.bulk_create(Revision(pk=each["id"], software_id=each["id"], number=1) for each in listings)
    offers = Offer.objects.bulk_create(
        Offer(
            reference=f"OF-{each['id']:06}{place}",
            software_id=each["id"],
            seller_id=known[seller],
            kind="direct" if seller == each["maker"] else "reseller",
            listed_revision_id=each["id"],
        )
        for each in listings
        for place, seller in enumerate(dict.fromkeys(each["sellers"]))
    )
    prices = {each["id"]: each["price"] for each in listings}
    PriceLine.objects.bulk_create(
        PriceLine(
            offer=offer, position=1, item="基本利用料", timing="year", unit="organization", amount_yen=prices[offer.software_id]
        )
        for offer in offers
        if prices[offer.software_id] is not None
    )  # fmt: skip
    Certification.objects.bulk_create(
        Certification(software_id=each["id"], scheme=scheme, number=f"{each['id']}", expires_on=date(2028, 1, 1))
        for each in listings
        for scheme in each["certification"]
    )
    Software.categories.through.objects.bulk_create(
        Software.categories.through(software_id=each["id"], category_id=leaves[category["bit"]])
        for each in listings
        for category in each["categories"]
    )
