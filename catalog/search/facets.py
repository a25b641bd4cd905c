"""What the results can be narrowed by, and how each facet is kept in the index.

A value is a lexeme in the same tsvector as the text (``@category:attendance``), so text and facets are one index scan.
For counting, each facet is a small integer column: a bit mask where a software has many values, a code where it has one.
Bits and codes are stored: they are written out here and never reused.
"""

import math
import time
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from django.apps import apps
from django.conf import settings
from django.utils.functional import Promise, cached_property
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ..enums import CertificationScheme, Delivery, Integration, StandardTask, TargetBody

EVERY = "@"
"""The lexeme of every listing: an empty query, and what an exclusion is taken from."""


@dataclass(frozen=True)
class FacetKind:
    """One way to narrow. ``codes`` gives the bit (``many``) or the code of each value; ``labels`` are in page order."""

    name: str  # URL parameter, and lead of its lexemes
    label: str | Promise
    column: str
    codes: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, str | Promise] = field(default_factory=dict)
    many: bool = True

    def lexeme(self, value: str) -> str:
        return f"@{self.name}:{value}"

    def mask(self, values: Iterable[str]) -> int:
        return sum(1 << self.codes[value] for value in set(values))

    def values(self, stored: int) -> tuple[str, ...]:
        """The values that a stored mask or code stands for. (Of categories: ``CategoryTree.slugs``.)"""
        return _values(self.name, stored)


TRI_STATE = {"cannot_tell": 0, "yes": 1, "no": 2}

# Yearly list price at the reference size, upper bounds in yen (exclusive).
PRICE_BOUNDS = (500_000, 1_000_000, 3_000_000, 5_000_000, 10_000_000, 30_000_000)
PRICE_BANDS = ("under_500k", "under_1m", "under_3m", "under_5m", "under_10m", "under_30m", "from_30m")
# Promised availability, lower bounds in thousandths of a percent (inclusive).
AVAILABILITY_BOUNDS = (99_000, 99_500, 99_900, 99_950, 99_990)
AVAILABILITY_BANDS = ("below_99", "from_99", "from_99_5", "from_99_9", "from_99_95", "from_99_99")
UNTOLD = "untold"


def price_band(yen: int | None) -> str:
    """The band of a yearly price in yen; 0 is a price, None is not."""
    return UNTOLD if yen is None else PRICE_BANDS[bisect_right(PRICE_BOUNDS, yen)]


def availability_band(millipercent: int | None) -> str:
    return UNTOLD if millipercent is None else AVAILABILITY_BANDS[bisect_right(AVAILABILITY_BOUNDS, millipercent)]


def price_bands(low: int | None, high: int | None) -> tuple[str, ...]:
    """The bands that prices from ``low`` to ``high`` yen lie in, both inclusive, None for open."""
    first = bisect_right(PRICE_BOUNDS, low or 0)
    last = len(PRICE_BOUNDS) if high is None else bisect_right(PRICE_BOUNDS, high)
    return PRICE_BANDS[first : last + 1]


def availability_bands(low: int) -> tuple[str, ...]:
    """The bands of promises of at least ``low`` thousandths of a percent."""
    return AVAILABILITY_BANDS[bisect_right(AVAILABILITY_BOUNDS, low) :]


FACETS = (
    FacetKind("category", _("業務分類"), "categories"),  # values: the category tree
    FacetKind(
        "target",
        _("対象機関"),
        "targets",
        {"ministry": 0, "prefecture": 1, "designated_city": 2, "municipality": 3, "union": 4, "incorporated": 5},
        dict(TargetBody.choices),
    ),
    FacetKind(
        "certification",
        _("認証"),
        "certifications",
        {"ismap": 0, "ismap_liu": 1, "iso27001": 2, "iso27017": 3, "privacy_mark": 4},
        dict(CertificationScheme.choices),
    ),
    FacetKind(
        "integration",
        _("政府共通機能との連携"),
        "integrations",
        {
            "gbizid": 0,
            "jpki": 1,
            "mynaportal": 2,
            "government_cloud": 3,
            "payment": 4,
            "pmh": 5,
            "base_registry": 6,
            "gss": 7,
        },
        dict(Integration.choices),
    ),
    FacetKind(
        "delivery",
        _("提供形態"),
        "deliveries",
        {"public_cloud": 0, "government_cloud": 1, "lgwan_asp": 2},
        dict(Delivery.choices),
    ),
    FacetKind(
        "startup",
        _("スタートアップ"),
        "startup",
        TRI_STATE,
        {
            "yes": _("スタートアップが販売"),
            "no": pgettext_lazy("facet", "該当なし"),
            "cannot_tell": _("判定できません"),
        },
        many=False,
    ),
    FacetKind(
        "sme",
        _("中小企業"),
        "sme",
        TRI_STATE,
        {"yes": _("中小企業が販売"), "no": pgettext_lazy("facet", "該当なし"), "cannot_tell": _("判定できません")},
        many=False,
    ),
    FacetKind(
        "price",
        _("年間価格の目安"),
        "price_band",
        {value: code for code, value in enumerate((*PRICE_BANDS, UNTOLD))},
        {
            "under_500k": _("50万円未満"),
            "under_1m": _("50万円以上100万円未満"),
            "under_3m": _("100万円以上300万円未満"),
            "under_5m": _("300万円以上500万円未満"),
            "under_10m": _("500万円以上1,000万円未満"),
            "under_30m": _("1,000万円以上3,000万円未満"),
            "from_30m": _("3,000万円以上"),
            UNTOLD: _("価格の登録なし"),
        },
        many=False,
    ),
    FacetKind(
        "availability",
        _("稼働率の保証"),
        "availability_band",
        {value: code for code, value in enumerate((*AVAILABILITY_BANDS, UNTOLD))},
        {
            "from_99_99": _("99.99%以上"),
            "from_99_95": _("99.95%以上99.99%未満"),
            "from_99_9": _("99.9%以上99.95%未満"),
            "from_99_5": _("99.5%以上99.9%未満"),
            "from_99": _("99%以上99.5%未満"),
            "below_99": _("99%未満"),
            UNTOLD: _("登録なし"),
        },
        many=False,
    ),
    FacetKind(
        "standard_task",
        _("標準化対象事務"),
        "standard_tasks",
        {
            "resident_record": 0,
            "family_register": 1,
            "family_register_note": 2,
            "seal_registration": 3,
            "election_roll": 4,
            "property_tax": 5,
            "resident_tax": 6,
            "corporate_tax": 7,
            "vehicle_tax": 8,
            "health_insurance": 9,
            "pension": 10,
            "elderly_medical": 11,
            "care_insurance": 12,
            "disability_welfare": 13,
            "livelihood_support": 14,
            "child_allowance": 15,
            "child_rearing_allowance": 16,
            "child_support": 17,
            "school_enrolment": 18,
            "health_management": 19,
        },
        dict(StandardTask.choices),
    ),
)
BY_NAME = {kind.name: kind for kind in FACETS}


@lru_cache(maxsize=20_000)
def _values(facet: str, stored: int) -> tuple[str, ...]:
    kind = BY_NAME[facet]
    return tuple(value for value, code in kind.codes.items() if (stored >> code & 1 if kind.many else stored == code))


COUNTED_TOGETHER = (
    ("category",),
    ("certification", "delivery"),
    ("target", "sme", "startup"),
    ("integration", "price"),
    ("standard_task", "availability"),
)
"""The grouping sets of the count: few, because each costs a pass; small products, because each group is sent."""


@dataclass(frozen=True)
class CategoryNode:
    slug: str
    name: str
    name_en: str
    depth: int
    mask: int  # its own bit, and those of its children
    parent: str | None

    @property
    def label(self) -> str:
        return self.name_en if get_language() == "en" else self.name

    @property
    def lexeme(self) -> str:
        return BY_NAME["category"].lexeme(self.slug)


class CategoryTree(tuple[CategoryNode, ...]):
    """Categories, parents before their children, in page order."""

    @cached_property
    def _known(self) -> dict[int, tuple[str, ...]]:
        return {}

    def slugs(self, mask: int) -> tuple[str, ...]:
        """The categories a listing with this mask is in: each once, however many of its children it is in."""
        if mask not in self._known:
            self._known[mask] = tuple(node.slug for node in self if node.mask & mask)
        return self._known[mask]


def category_tree() -> CategoryTree:
    """All categories, parents before their children, in page order. Remembered for ``SEARCH_CACHE_SECONDS``."""
    return _tree.get()


def _read_tree() -> CategoryTree:
    rows = list(
        apps.get_model("catalog", "Category")
        .objects.order_by("position", "pk")
        .values_list("pk", "slug", "name", "name_en", "parent_id", "bit")
    )
    children: dict[int | None, list] = {}
    for row in rows:
        children.setdefault(row[4], []).append(row)

    def nodes(parent, depth):
        for pk, slug, name, name_en, _parent, bit in children.get(parent and parent[0], ()):
            below = list(nodes((pk, slug), depth + 1))
            mask = 0 if bit is None else 1 << bit
            for node in below:
                mask |= node.mask
            yield CategoryNode(slug, name, name_en, depth, mask, parent and parent[1])
            yield from below

    return CategoryTree(nodes(None, 0))


class Remembered:
    """A value read from the database at most every ``SEARCH_CACHE_SECONDS`` (0 in tests: always)."""

    def __init__(self, read):
        self._read = read
        self._value = None
        self._read_at = -math.inf

    def get(self):
        now = time.monotonic()
        if now - self._read_at >= getattr(settings, "SEARCH_CACHE_SECONDS", 30):
            self._value, self._read_at = self._read(), now
        return self._value

    def forget(self) -> None:
        self._read_at = -math.inf


_tree = Remembered(_read_tree)


def millipercent(percent: Decimal | None) -> int | None:
    """Availability as thousandths of a percent: 99.95 → 99950."""
    return None if percent is None else int(percent * 1000)
