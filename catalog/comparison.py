"""Offers side by side: typed rows, differences first."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import content as fields
from .wording import category_names, in_words


@dataclass(frozen=True)
class Row:
    """``words``: the values as printed, "" where nothing was told; for amounts (``is_yen``) the values themselves."""

    label: str | Promise
    values: tuple[Any, ...]
    words: tuple[Any, ...]
    is_yen: bool = False

    @property
    def is_different(self) -> bool:
        return any(value != self.values[0] for value in self.values[1:])


def comparison(columns: list[dict]) -> list[Row]:
    """Rows for ``columns`` (each with ``offer`` and its ``estimate``): price first, then what differs, then what agrees."""
    if not columns:
        return []
    offers = [column["offer"] for column in columns]
    totals = tuple(column["estimate"].total.including_tax if column["estimate"].total else None for column in columns)
    price = Row(_("総額（税込）"), totals, totals, is_yen=True)
    sellers = tuple(offer.seller.name for offer in offers)
    makers = tuple(offer.software.maker.name for offer in offers)
    rows = [Row(_("販売事業者"), sellers, sellers), Row(_("製造事業者"), makers, makers)]
    names = category_names()
    for field in (*fields.SOFTWARE[3:], *fields.OFFER[:1], *fields.OFFER[2:]):
        source = "listed_revision" if field in fields.OFFER else "software"
        contents = [
            offer.listed_revision.content if source == "listed_revision" else offer.software.listed_revision.content
            for offer in offers
        ]
        values = tuple(fields.get(content, field.name) for content in contents)
        if any(not fields.is_blank(value) for value in values):
            rows.append(Row(field.label, values, tuple(in_words(field, value, names) for value in values)))
    # sorted() is stable: within both halves the order of the form stays.
    return [price, *sorted(rows, key=lambda row: not row.is_different)]
