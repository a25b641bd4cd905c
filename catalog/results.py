"""What a page of results shows of the listings found."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef
from django.urls import reverse

from .enums import CertificationScheme
from .models import Certification, Offer, Software
from .pricing import Size
from .search.facets import TRI_STATE
from .search.highlight import Segments, segments, snippet
from .search.prices import own_prices


@dataclass(frozen=True, slots=True)
class Card:
    """One listing. Prices are yen a year, tax included: ``price`` at the reader's size, ``reference_price`` at the
    reference size; None where the price table does not tell. ``offers``: (reference, seller), in a neutral order."""

    pk: int
    url: str
    name: str
    maker: str
    name_marked: Segments
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

    ``terms``: what to mark, canonical. ``buyer``: whose yearly price, None for the reference size. Two queries at most.
    """
    prices = own_prices(buyer, pks) if buyer else {}
    url = reverse("catalog:software_detail", args=["REFERENCE"])
    found = {}
    for pk, reference, name, summary, description, maker, price, sme, startup, offers, sellers, schemes in _rows(pks):
        found[pk] = Card(
            pk=pk,
            url=url.replace("REFERENCE", reference),
            name=name,
            maker=maker,
            name_marked=segments(name, terms),
            summary=segments(summary, terms),
            snippet=snippet(description, terms) if terms else [],
            is_startup=startup == TRI_STATE["yes"],
            is_sme=sme == TRI_STATE["yes"],
            certifications=tuple(str(CertificationScheme(scheme).label) for scheme in schemes),
            offers=tuple(zip(offers, sellers, strict=True)),
            price=prices.get(pk) if buyer else price,
            reference_price=price,
        )
    return [found[pk] for pk in pks if pk in found]


def _rows(pks: Sequence[int]) -> list[tuple]:
    """One query, and no objects made of it: a page of twenty has a hundred related rows."""
    sql, params = _statement()
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
            "pk", "reference", "name", "summary", "description", "maker__name",
            "search_document__price", "search_document__sme", "search_document__startup",
            ArraySubquery(offers.values_list("reference")),
            ArraySubquery(offers.values_list("seller__name")),
            ArraySubquery(certifications.values_list("scheme")),
        )
    )  # fmt: skip
    return rows.query.sql_with_params()
