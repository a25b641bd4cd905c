"""Offers side by side: typed rows, differences first. Pure."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import content as fields


@dataclass(frozen=True)
class Row:
    """``kind`` tells the page how to print ``values``: a content Kind's value, or "yen"."""

    label: str | Promise
    kind: str
    values: tuple[Any, ...]
    field: fields.Field | None = None

    @property
    def is_different(self) -> bool:
        return any(value != self.values[0] for value in self.values[1:])


def comparison(columns: list[dict]) -> list[Row]:
    """Rows for ``columns`` (each with ``offer`` and its ``estimate``): price first, then what differs, then what agrees."""
    if not columns:
        return []
    offers = [column["offer"] for column in columns]
    totals = tuple(column["estimate"].total.including_tax if column["estimate"].total else None for column in columns)
    price = Row(_("総額（税込）"), "yen", totals)
    rows = [
        Row(_("販売事業者"), "text", tuple(offer.seller.name for offer in offers)),
        Row(_("製造事業者"), "text", tuple(offer.software.maker.name for offer in offers)),
    ]
    for field in (*fields.SOFTWARE[3:], *fields.OFFER[:1], *fields.OFFER[2:]):
        source = "listed_revision" if field in fields.OFFER else "software"
        contents = [
            offer.listed_revision.content if source == "listed_revision" else offer.software.listed_revision.content
            for offer in offers
        ]
        values = tuple(fields.get(content, field.name) for content in contents)
        if any(not fields.is_blank(value) for value in values):
            rows.append(Row(field.label, field.kind.value, values, field))
    # sorted() is stable: within both halves the order of the form stays.
    return [price, *sorted(rows, key=lambda row: not row.is_different)]
