"""What a page of results shows of the listings found."""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef
from django.urls import reverse

from .enums import CertificationScheme
from .models import Certification, Offer, Software
from .pricing import Size
from .search.facets import TRI_STATE
from .search.highlight import Segments, matches, segments, snippet
from .search.prices import yearly_prices
from .wording import names_of


class Card(NamedTuple):
    """One listing. Prices are yen a year, tax included: ``price`` at the reader's size, ``reference_price`` at the
    reference size; None where the price table does not tell. ``offers``: (reference, seller), in a neutral order."""

    pk: int
    url: str
    name: str
    maker: str
    name_marked: Segments
    other_name: Segments  # in the other language, where that is what was found
    summary: Segments
    snippet: Segments
    is_startup: bool
    is_sme: bool
    certifications: tuple[str, ...]
    offers: tuple[tuple[str, str], ...]
    price: int | None
    reference_price: int | None


def cards(pks: Sequence[int], terms: Sequence[str], buyer: Size | None) -> list[Card]:
    """The listings with these keys, in this order; what is not listed any more is left out.

    ``terms``: what to mark, canonical. ``buyer``: whose yearly price, None for the reference size. One query.
    """
    url = reverse("catalog:software_detail", args=["REFERENCE"])
    labels = dict(CertificationScheme.choices)
    found = {}
    for row in _rows(pks, buyer):
        pk, reference, name, name_en, summary, description, maker, price, sme, startup, *related = row
        offers, sellers, schemes, *own = related
        name, other_name = names_of(name, name_en)
        found[pk] = Card(
            pk=pk,
            url=url.replace("REFERENCE", reference),
            name=name,
            maker=maker,
            name_marked=segments(name, terms),
            other_name=segments(other_name, terms) if other_name and matches(other_name, terms) else [],
            summary=segments(summary, terms),
            snippet=snippet(description, terms) if terms else [],
            is_startup=startup == TRI_STATE["yes"],
            is_sme=sme == TRI_STATE["yes"],
            certifications=tuple(str(labels[scheme]) for scheme in schemes),
            offers=tuple(zip(offers, sellers, strict=True)),
            price=next((None if yen is None else int(yen) for yen in own), price),
            reference_price=price,
        )
    return [found[pk] for pk in pks if pk in found]


def _rows(pks: Sequence[int], buyer: Size | None) -> list[tuple]:
    """One query, and no objects made of it: a page of twenty has a hundred related rows. The last column, where there is
    a ``buyer``, is their price."""
    sql, params = _statement()
    if buyer:
        own = yearly_prices(buyer, "%s")
        sql = f"SELECT listing.*, own_price FROM ({sql}) AS listing LEFT JOIN ({own}) AS own ON listing_id = listing.pk"  # noqa: S608 - of our own parts
        params = (*params, _PKS)
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(pks) if value is _PKS else value for value in params])
        return cursor.fetchall()


_PKS = object()


@cache
def _statement() -> tuple[str, tuple]:
    """The query and its parameters, ``_PKS`` among them. Kept, because composing it takes as long as running it."""
    offers = Offer.objects.listed().filter(software=OuterRef("pk")).order_by("reference")
    certifications = Certification.objects.filter(software=OuterRef("pk")).order_by("pk")
    rows = (
        Software.objects.filter(search_document__isnull=False)
        .extra(where=["catalog_software.id = ANY (%s)"], params=[_PKS])
        .order_by()
        .values_list(
            "pk", "reference", "name", "name_en", "summary", "description", "maker__name",
            "search_document__price", "search_document__sme", "search_document__startup",
            ArraySubquery(offers.values_list("reference")),
            ArraySubquery(offers.values_list("seller__name")),
            ArraySubquery(certifications.values_list("scheme")),
        )
    )  # fmt: skip
    return rows.query.sql_with_params()
