"""A database of its own for measuring, beside the live one and thrown away afterwards."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from multiprocessing import get_context
from typing import NamedTuple

import django
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model
from django.test.utils import override_settings

from ... import pricing
from ..document import SearchRow, bigrams, build_document, names, words
from ..models import SearchDocument, SearchSlice
from ..prices import PricePiece, price_pieces
from ..source import REFERENCE_SIZE
from ..tokens import tsvector
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


class Built(NamedTuple):
    """A listing made up, and all that search keeps of it."""

    listing: dict
    row: SearchRow
    names: list[tuple[str, int]]
    words: set[str]
    prices: list[PricePiece]


def build(number: int) -> Built:
    found = listing(number)
    lines = [
        pricing.PriceLine(
            **({"item": "利用料", "tax_included": True} | line | {"amount_yen": Decimal(line["amount_yen"])})
        )
        for line in found["price_lines"]
    ]
    pieces = list(price_pieces(lines, REFERENCE_SIZE, pricing.tax_rate(date(2026, 4, 1))))
    return Built(found, build_document(found), list(names(found)), words(found), pieces * len(set(found["sellers"])))


@contextmanager
def builders() -> Iterator[Callable[[range], Iterator[Built]]]:
    """Processes that make listings and their rows; started before a connection is open, so that none is shared."""
    with get_context("fork").Pool(os.cpu_count(), initializer=django.setup) as pool:
        # In stretches: they make listings faster than a database stores them, and what waits is kept in memory.
        yield lambda numbers: (
            built
            for start in range(0, len(numbers), 10_000)
            for built in pool.imap(build, numbers[start : start + 10_000], chunksize=100)
        )


def drop_indexes() -> None:
    with connection.schema_editor() as editor:
        for model in (SearchDocument, SearchSlice):
            for index in model._meta.indexes:
                editor.remove_index(model, index)


def make_indexes() -> None:
    with connection.schema_editor() as editor:
        for model in (SearchDocument, SearchSlice):
            for index in model._meta.indexes:
                editor.add_index(model, index)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE catalog_searchdocument")
        cursor.execute("ANALYZE")


class Loader:
    """Stores listings with everything a result page shows of them, and their search rows; all by COPY."""

    def __init__(self):
        self._words: set[str] = set()
        self._companies: dict[str, int] = {}
        self._leaves = dict(apps.get_model("catalog", "Category").objects.exclude(bit=None).values_list("bit", "pk"))

    def load(self, batch: list[Built]) -> None:
        listings = [built.listing for built in batch]
        new = sorted({word for built in batch for word in built.words} - self._words)
        self._words.update(new)
        with transaction.atomic():
            for objects in _live_rows(listings, self._companies, self._leaves):
                _insert(objects)
            _copy("catalog_searchdocument", SearchRow._fields, (built.row for built in batch))
            _copy(
                "catalog_searchname",
                ("listing_id", "form", "rank"),
                ((built.listing["id"], *name) for built in batch for name in built.names),
            )
            _copy(
                "catalog_searchprice",
                ("listing_id", *PricePiece._fields),
                ((built.listing["id"], *piece) for built in batch for piece in built.prices),
            )
            _copy("catalog_searchword", ("form", "grams"), ((word, tsvector(bigrams(word))) for word in new))


def _copy(table: str, columns: Iterable[str], rows: Iterable[Iterable]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _live_rows(listings: list[dict], companies: dict[str, int], leaves: dict[int, int]) -> Iterator[list[Model]]:
    """The rows of a batch, table by table. ``companies``: keys by name; those new are added."""
    Company = apps.get_model("companies", "Company")
    Software, Revision, Offer, PriceLine, Certification = (
        apps.get_model("catalog", name) for name in ("Software", "Revision", "Offer", "PriceLine", "Certification")
    )
    names = dict.fromkeys(name for each in listings for name in (each["maker"], *each["sellers"]))
    made = []
    for name in names:
        if name not in companies:
            companies[name] = pk = len(companies) + 1
            made.append(Company(pk=pk, name=name, corporate_number=f"{9_000_000_000_000 + pk}"))
    yield made
    yield [Revision(pk=each["id"], software_id=each["id"], number=1) for each in listings]
    yield [
        Software(
            pk=each["id"],
            reference=each["reference"],
            maker_id=companies[each["maker"]],
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
    ]
    offers = [
        (
            Offer(
                pk=each["id"] * 10 + place,
                reference=f"OF-{each['id']:06}{place}",
                software_id=each["id"],
                seller_id=companies[seller],
                kind="direct" if seller == each["maker"] else "reseller",
                listed_revision_id=each["id"],
            ),
            each["price_lines"],
        )
        for each in listings
        for place, seller in enumerate(dict.fromkeys(each["sellers"]))
    ]
    yield [offer for offer, _lines in offers]
    yield [
        PriceLine(**({"item": "利用料", "tax_included": True} | line), offer_id=offer.pk, position=position)
        for offer, lines in offers
        for position, line in enumerate(lines)
    ]
    yield [
        Certification(software_id=each["id"], scheme=scheme, number=f"{each['id']}", expires_on=date(2028, 1, 1))
        for each in listings
        for scheme in each["certification"]
    ]
    yield [
        Software.categories.through(software_id=each["id"], category_id=leaves[category["bit"]])
        for each in listings
        for category in each["categories"]
    ]


def _insert(objects: list[Model]) -> None:
    """Store new objects of one model; the database gives keys to those that have none."""
    if objects:
        fields = [field for field in objects[0]._meta.concrete_fields if not field.primary_key or objects[0].pk]
        _copy(
            objects[0]._meta.db_table,
            [field.column for field in fields],
            ([field.get_db_prep_save(field.pre_save(each, True), connection) for field in fields] for each in objects),
        )
