"""Keeps the derived tables equal to the live rows: in the transaction that lists, changes or suspends a listing, in a
rebuild, and by a check that names what differs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction

from ..enums import SoftwareStatus
from . import tokens
from .document import SearchRow, bigrams, build_document, digest, names, words
from .models import SearchDocument, SearchName, SearchPrice, SearchWord
from .source import listed_pks, read_listings

BATCH = 50
"""Listings in one transaction of a rebuild: well under a second, so that nobody waits and an interrupt loses little."""


def index_listing(software_pk: int) -> None:
    """Bring one software's search rows up to date; call it in the transaction that lists or changes it.

    A software that is not listed is taken out. Costs some milliseconds.
    """
    _write([software_pk])


def index_listings(software_pks: Sequence[int]) -> None:
    """`index_listing` for many at once; call it in the transaction that lists or changes them."""
    _write(software_pks)


def remove_listing(software_pk: int) -> None:
    """Take one software out of search; call it in the transaction that suspends or lapses it."""
    _delete([software_pk])


def rebuild(*, everything: bool = False) -> Iterator[int]:
    """Bring all rows up to date in small transactions, while people search; yields how many listings are done.

    ``everything`` also writes the rows that are right already. It can be interrupted at any time and run again: what is
    done is done.
    """
    for pks in _batches(_extra()):
        _write(pks)  # which takes out what is still not listed
    done = 0
    for pks in _batches(listed_pks()):
        _write(pks, only_stale=not everything)
        done += len(pks)
        yield done


@dataclass(frozen=True)
class Differences:
    """Primary keys of software: listed but not found, found but not listed, found with other content than listed."""

    missing: tuple[int, ...]
    extra: tuple[int, ...]
    stale: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.stale)


def check_index() -> Differences:
    """Compare every listing with its search row, by digest. Reads everything, writes nothing."""
    missing, stale = [], []
    for pks in _batches(listed_pks()):
        known = _digests(pks)
        for listing in read_listings(pks):
            if listing["id"] not in known:
                missing.append(listing["id"])
            elif known[listing["id"]] != digest(listing):
                stale.append(listing["id"])
    return Differences(tuple(missing), tuple(_extra()), tuple(stale))


def _extra() -> list[int]:
    found = SearchDocument.objects.exclude(listing__status=SoftwareStatus.LISTED)
    return list(found.order_by("pk").values_list("pk", flat=True))


def _digests(pks: Iterable[int]) -> dict[int, int]:
    return dict(SearchDocument.objects.filter(pk__in=pks).values_list("pk", "digest"))


def _write(pks: Sequence[int], *, only_stale: bool = False) -> None:
    # The live rows are locked while they are read, so that a listing changed meanwhile is never overwritten with its past.
    with transaction.atomic():
        software = apps.get_model("catalog", "Software").objects.filter(pk__in=pks).order_by("pk")
        list(software.select_for_update(no_key=True).values_list("pk", flat=True))
        listings = {listing["id"]: listing for listing in read_listings(pks)}
        if gone := [pk for pk in pks if pk not in listings]:
            _delete(gone)
        if only_stale:
            known = _digests(listings)
            listings = {pk: listing for pk, listing in listings.items() if known.get(pk) != digest(listing)}
        if not listings:
            return
        write_rows(map(build_document, listings.values()))
        SearchName.objects.filter(listing__in=listings).delete()
        SearchName.objects.bulk_create(
            SearchName(listing_id=pk, form=form, rank=rank)
            for pk, listing in listings.items()
            for form, rank in names(listing)
        )
        SearchPrice.objects.filter(listing__in=listings).delete()
        SearchPrice.objects.bulk_create(
            SearchPrice(listing_id=pk, **piece._asdict())
            for pk, listing in listings.items()
            for piece in listing["prices"]
        )
        remember_words(listings.values())
        _tell_watchers(list(listings))


def remember_words(listings: Iterable[dict]) -> None:
    """Add the words of listings to those a correction may offer. They are never taken out: one is checked before."""
    known = sorted({word for listing in listings for word in words(listing)})
    SearchWord.objects.bulk_create(
        (SearchWord(form=word, grams=tokens.tsvector(bigrams(word))) for word in known), ignore_conflicts=True
    )


def _delete(pks: Sequence[int]) -> None:
    SearchName.objects.filter(listing__in=pks).delete()
    SearchPrice.objects.filter(listing__in=pks).delete()
    SearchDocument.objects.filter(pk__in=pks).delete()
    _tell_watchers(pks)


def _tell_watchers(pks: Sequence[int]) -> None:
    """Whatever changes the index may be news to a saved search, whichever way it came."""
    from ..watches.actions import note_changes  # they search, so they import from here

    note_changes(pks)


_COLUMNS = ", ".join(SearchRow._fields)
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in SearchRow._fields[1:])
_TABLE = SearchDocument._meta.db_table


def write_rows(rows: Iterable[SearchRow]) -> None:
    """Insert or replace search rows. Vectors are sent as literals: text functions would take them apart again."""
    rows = list(rows)
    casts = ", ".join("%s::tsvector" if name in ("head", "grams") else "%s" for name in SearchRow._fields)
    values = ", ".join([f"({casts})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_TABLE} ({_COLUMNS}) VALUES {values} ON CONFLICT (listing_id) DO UPDATE SET {_CHANGED}",
            [value for row in rows for value in row],
        )


def _batches(pks: Iterable[int], size: int = BATCH) -> Iterator[list[int]]:
    batch: list[int] = []
    for pk in pks:
        batch.append(pk)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
