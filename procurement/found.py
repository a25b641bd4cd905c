"""What a procurement's search finds: software × seller at exact revisions, in the catalogue's order."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from catalog.models import Offer
from catalog.search.filters import Filters
from catalog.search.page import search

LIMIT = 200
"""More candidates than a person can judge one by one: the officer narrows the search first."""


def offers(params: dict) -> list[Offer]:
    """The listed offers of the software that ``params`` (as in the catalogue's URL) find.

    Software in the order of relevance, its sellers in a neutral order (by public reference, which is random). A list
    longer than LIMIT is cut one above it, so that the caller sees there are too many.
    """
    return sold(search(_text(params.get("q")), Filters.from_params(params), page_size=LIMIT + 1).ids)


def sold(software: Sequence[int]) -> list[Offer]:
    """The listed offers of the software with these keys, in this order; cut as ``offers`` is."""
    place = {pk: position for position, pk in enumerate(software)}
    listed = (
        Offer.objects.listed()
        .filter(software__in=software)
        .select_related("software__maker", "software__listed_revision", "seller", "listed_revision")
        .prefetch_related("price_lines")
    )
    return sorted(listed, key=lambda offer: (place[offer.software_id], offer.reference))[: LIMIT + 1]


def fingerprint(candidates: Iterable) -> str:
    """What an officer confirms: which candidates, at which revisions, kept or dropped for which reason."""
    seen = [
        (c.offer_id, c.software_revision_id, c.offer_revision_id, c.is_dropped, c.drop_reason)
        for c in sorted(candidates, key=lambda c: c.position)
    ]
    return sha256(repr(seen).encode()).hexdigest()


def difference(candidates: Sequence, now: Sequence[Offer]) -> list[str]:
    """Names of what the catalogue changed since the candidates were noted: new, gone, or at another revision."""
    noted = {(c.offer_id, c.software_revision_id, c.offer_revision_id): str(c.offer) for c in candidates}
    current = {(o.pk, o.software.listed_revision_id, o.listed_revision_id): str(o) for o in now}
    return sorted({(noted | current)[key] for key in noted.keys() ^ current.keys()})


def _text(value) -> str:
    if isinstance(value, list | tuple):
        value = value[-1] if value else ""
    return value or ""
