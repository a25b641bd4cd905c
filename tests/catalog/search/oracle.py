"""What search must answer, worked out the slow way from the listings themselves."""

import re
from collections import Counter
from functools import cache

from catalog.search.document import _rest
from catalog.search.facets import availability_band, price_band
from catalog.search.filters import Filters
from catalog.search.normalise import CJK, canonical

_LATIN = f"[^\\s{CJK}]"


_parts = {}


def parts(listing):
    """The canonical texts of a listing by the weight they have: name, summary, description, rest."""
    if listing["reference"] not in _parts:
        _parts[listing["reference"]] = _canonical_parts(listing)
    return _parts[listing["reference"]]


def _canonical_parts(listing):
    return (
        [canonical(listing["name"])],
        [canonical(listing["summary"])],
        [canonical(listing["description"])],
        [canonical(text) for text in _rest(listing)],
    )


def contains(lines, term):
    """Whether a line has ``term``: anywhere, but Latin words from their start, and single letters as whole words."""
    pattern = _pattern(term)
    return any(pattern.search(line) for line in lines)


@cache
def _pattern(term):
    begin = f"(?<!{_LATIN})" if re.match(_LATIN, term) else ""
    last = re.search(f"{_LATIN}+$", term)
    end = f"(?!{_LATIN})" if last and len(last.group()) == 1 else ""
    return re.compile(begin + re.escape(term) + end)


def tier(listing, terms):
    """0 all in the name, 1 with the summary, 2 with the description, 3 with the rest; None: not found."""
    lines = []
    for number, more in enumerate(parts(listing)):
        lines += more
        if all(contains(lines, term) for term in terms):
            return number
    return None


def values(listing, facet):
    """The values of a facet that a listing has."""
    if facet == "category":
        return {slug for category in listing["categories"] for slug in category["path"]}
    if facet == "price":
        return {price_band(listing["price"])}
    if facet == "availability":
        return {availability_band(listing["availability"])}
    found = listing[facet]
    return {found} if isinstance(found, str) else set(found)


def passes(listing, filters: Filters, *, leaving_out=None):
    """Whether a listing has one of the values chosen in each facet, and lies in the ranges."""
    for facet, chosen in filters.chosen.items():
        if facet != leaving_out and not values(listing, facet) & set(chosen):
            return False
    price, availability = listing["price"], listing["availability"]
    if leaving_out != "price":
        if filters.price_min is not None and (price is None or price < filters.price_min):
            return False
        if filters.price_max is not None and (price is None or price > filters.price_max):
            return False
    if leaving_out != "availability" and filters.availability_min is not None:
        return availability is not None and availability >= filters.availability_min * 1000
    return True


def counts(listings, facet, filters):
    """Listings by value of ``facet``, as if nothing were chosen in it."""
    found = Counter()
    for listing in listings:
        if passes(listing, filters, leaving_out=facet):
            found.update(values(listing, facet))
    return found
