"""A search as somebody asked for it: words, conditions, order and size; read from a URL, written to one, said in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from .price_wording import QUANTITIES
from .pricing import Size
from .search.facets import BY_NAME, category_tree
from .search.filters import Filters
from .search.query import LONGEST_QUERY
from .search.source import REFERENCE_SIZE

SIZE_FIELDS = ("users", "residents")


@dataclass(frozen=True)
class Criteria:
    """``size``: the quantities of ``SIZE_FIELDS`` told; what is not told is the reference size's."""

    query: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: str = "relevance"
    size: Mapping[str, int] = field(default_factory=dict)
    refused_size: bool = False

    @classmethod
    def from_params(cls, params: Mapping, size: Mapping[str, int], *, refused_size: bool = False) -> "Criteria":
        """Read a QueryDict. ``size`` is what a ``SizeForm`` understood of it. ``refused_size``: the reader has one of their
        own and wants the reference size all the same, so the URL must say it."""
        from .search.page import SORTS

        sort = params.get("ordering", "")
        return cls(
            query=params.get("q", "")[:LONGEST_QUERY].strip(),
            filters=Filters.from_params(params),
            sort=sort if sort in SORTS else "relevance",
            size={name: size[name] for name in SIZE_FIELDS if size.get(name)},
            refused_size=refused_size,
        )

    @property
    def buyer(self) -> Size | None:
        """The size to price by, None where it is the reference's."""
        if not self.size:
            return None
        told = dict(self.size)
        return replace(REFERENCE_SIZE, **told, **({"devices": told["users"]} if "users" in told else {}))

    def pairs(self) -> list[tuple[str, str]]:
        """What the URL says, in a fixed order."""
        pairs = [("q", self.query)] if self.query else []
        pairs += self.filters.to_params()
        pairs += [("ordering", self.sort)] if self.sort != "relevance" else []
        pairs += [(name, str(self.size[name])) for name in SIZE_FIELDS if name in self.size]
        return pairs + ([(SIZE_FIELDS[0], "")] if self.refused_size and not self.size else [])

    def url(self, *more: tuple[str, str]) -> str:
        pairs = [*self.pairs(), *more]
        return reverse("catalog:software_list") + (f"?{urlencode(pairs)}" if pairs else "")

    def conditions(self) -> list[tuple[str, "Criteria"]]:
        """Every condition in words, with the same search without it."""
        labels = {node.slug: node.label for node in category_tree()} if "category" in self.filters.chosen else {}
        found = [
            (
                f"{BY_NAME[name].label}{_('：')}{labels.get(value) or BY_NAME[name].labels.get(value, value)}",
                replace(self, filters=self.filters.without(name, value)),
            )
            for name, values in self.filters.chosen.items()
            for value in values
        ]
        filters = self.filters
        if filters.price_min is not None or filters.price_max is not None:
            low, high = (f"{b:,}" if b is not None else "" for b in (filters.price_min, filters.price_max))
            label = _("年間価格：%(low)s〜%(high)s円") % {"low": low, "high": high}
            found.append((label, replace(self, filters=replace(filters, price_min=None, price_max=None))))
        if filters.availability_min is not None:
            label = _("稼働率：%(percent)s%%以上") % {"percent": f"{filters.availability_min:f}"}
            found.append((label, replace(self, filters=replace(filters, availability_min=None))))
        return found

    def in_words(self) -> str:
        """One line: 「勤怠」、認証：ISMAP、利用者数480. Nothing asked is everything."""
        return self._in_line(_("「%(query)s」") % {"query": self.query} if self.query else "")

    def as_name(self) -> str:
        """The same without quotation marks, since a name is itself quoted where it is mentioned."""
        return self._in_line(self.query)

    def _in_line(self, query: str) -> str:
        said = [query] if query else []
        said += [label for label, _without in self.conditions()]
        asked = _("、").join(said) or _("すべてのソフトウェア")
        return _("、").join([asked, *self._sizes()])

    def size_in_words(self) -> str:
        """The size prices are worked out for: 利用者数480、住民数52,000."""
        return _("、").join(self._sizes()) or _("標準の規模")

    def _sizes(self) -> list[str]:
        return [
            _("%(name)s%(number)s") % {"name": QUANTITIES[name], "number": f"{number:,}"}
            for name, number in self.size.items()
        ]


def not_understood(filters: Filters) -> list[str]:
    """The conditions of a URL that meant nothing, a sentence each."""
    ranges = {"price_min": _("年間価格の下限"), "price_max": _("年間価格の上限"), "availability_min": _("稼働率の下限")}
    said = []
    for name, typed in filters.unknown:
        value = Truncator(typed).chars(60)
        if name in ranges:
            said.append(_("%(label)sの「%(value)s」は数として読めません。") % {"label": ranges[name], "value": value})
        else:
            label = BY_NAME[name].label
            said.append(_("%(label)sに「%(value)s」という選択肢はありません。") % {"label": label, "value": value})
    if None not in (filters.price_min, filters.price_max) and filters.price_min > filters.price_max:
        said.append(_("年間価格の下限が上限を上回っています。"))
    return said


def narrower(criteria: Criteria) -> list[tuple[str, Criteria]]:
    """Searches likely to be quicker, with what they add: the same within one field of work."""
    filters = criteria.filters
    return [
        (node.label, replace(criteria, filters=replace(filters, chosen={**filters.chosen, "category": (node.slug,)})))
        for node in category_tree()
        if node.depth == 0
    ]
