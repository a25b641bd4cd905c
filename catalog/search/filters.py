"""The conditions beside the words: what was chosen in each facet, and ranges."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from .facets import BY_NAME, FACETS, availability_bands, category_tree, millipercent, price_bands

_TRUTH = {"true": "yes", "1": "yes", "false": "no", "0": "no"}
_LARGEST = 2**62


@dataclass(frozen=True)
class Filters:
    """``chosen``: values by facet name (ORed within, ANDed between). Prices in yen a year at the reference size,
    ``availability_min`` in percent. ``unknown``: parameters that meant nothing, as (name, value)."""

    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    price_min: int | None = None
    price_max: int | None = None
    availability_min: Decimal | None = None
    unknown: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_params(cls, params: Mapping) -> "Filters":
        """Read a QueryDict (or a dictionary of strings or lists). Foreign parameters are left alone; a value that a
        known parameter does not have is ignored and reported in ``unknown``."""
        chosen, unknown = {}, []
        for kind in FACETS:
            values = [(value, _TRUTH.get(value, value) if kind.name in ("sme", "startup") else value)
                      for value in _list(params, kind.name)]  # fmt: skip
            if not values:
                continue
            known = _values_of(kind)
            unknown += [(kind.name, typed) for typed, value in values if value not in known]
            if kept := tuple(dict.fromkeys(value for _, value in values if value in known)):
                chosen[kind.name] = kept
        ranges = {}
        for name, read in (("price_min", _yen), ("price_max", _yen), ("availability_min", _percent)):
            for typed in _list(params, name)[-1:]:
                value = read(typed)
                if value is None:
                    unknown.append((name, typed))
                else:
                    ranges[name] = value
        return cls(chosen=chosen, unknown=tuple(unknown), **ranges)

    def to_params(self) -> list[tuple[str, str]]:
        """The pairs of the URL that say the same, in a fixed order, fit for ``urlencode``."""
        pairs = [(kind.name, value) for kind in FACETS for value in self.chosen.get(kind.name, ())]
        ranges = (("price_min", self.price_min), ("price_max", self.price_max),
                  ("availability_min", self.availability_min))  # fmt: skip
        return pairs + [(name, str(value)) for name, value in ranges if value is not None]

    def without(self, facet: str, value: str | None = None) -> "Filters":
        """These filters less one choice, or less all of one facet, its range included."""
        chosen = {name: values for name, values in self.chosen.items() if name != facet}
        if value is not None:
            if left := tuple(v for v in self.chosen.get(facet, ()) if v != value):
                chosen[facet] = left
            return replace(self, chosen=chosen)
        ranges = {"price": {"price_min": None, "price_max": None}, "availability": {"availability_min": None}}
        return replace(self, chosen=chosen, **ranges.get(facet, {}))

    def __bool__(self) -> bool:
        return bool(self.restricted)

    @property
    def restricted(self) -> tuple[str, ...]:
        """The names of the facets something is chosen in."""
        ranged = {
            "price": self.price_min is not None or self.price_max is not None,
            "availability": self.availability_min is not None,
        }
        return tuple(kind.name for kind in FACETS if self.chosen.get(kind.name) or ranged.get(kind.name))

    def lexemes(self) -> dict[str, list[str]]:
        """By facet, the lexemes one of which a listing must have."""
        return {name: [BY_NAME[name].lexeme(value) for value in values] for name, values in self.chosen.items()}

    def implied(self) -> list[list[str]]:
        """Lexemes that follow from the ranges: of each list a listing in range has one. They spare looking at the others."""
        found = []
        if self.price_min is not None or self.price_max is not None:
            found.append([BY_NAME["price"].lexeme(band) for band in price_bands(self.price_min, self.price_max)])
        if self.availability_min is not None:
            bands = availability_bands(millipercent(self.availability_min))
            found.append([BY_NAME["availability"].lexeme(band) for band in bands])
        return [lexemes for lexemes in found if lexemes]  # an empty range finds nothing by its own conditions

    def conditions(self) -> list[tuple[str, int]]:
        """The ranges as SQL with one parameter each."""
        found = []
        if self.price_min is not None:
            found.append(("price >= %s", self.price_min))
        if self.price_max is not None:
            found.append(("price <= %s", self.price_max))
        if self.availability_min is not None:
            found.append(("availability >= %s", millipercent(self.availability_min)))
        return found


def _values_of(kind) -> frozenset[str]:
    if kind.name == "category":
        return frozenset(node.slug for node in category_tree())
    return frozenset(kind.codes)


def _list(params: Mapping, name: str) -> list[str]:
    if hasattr(params, "getlist"):
        values = params.getlist(name)
    else:
        values = params.get(name, ())
        values = [values] if isinstance(values, str) else list(values)
    return [value.strip() for value in values if value.strip()]


_UNITS = {"億": 100_000_000, "万": 10_000, "千": 1_000}


def _yen(typed: str) -> int | None:
    """An amount as people write it: 5,000,000 or ５００万円."""
    typed = unicodedata.normalize("NFKC", typed).replace(",", "").replace("、", "").strip().removesuffix("円")
    unit = _UNITS.get(typed[-1:], 1)
    digits = typed[:-1] if unit > 1 else typed
    if not (digits.isdecimal() and len(digits) < 20):
        return None
    return min(int(digits) * unit, _LARGEST)


def _percent(typed: str) -> Decimal | None:
    try:
        value = Decimal(typed.removesuffix("%"))
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value <= 100 else None
