"""Offers side by side: typed rows, what it costs first, then what differs, then what agrees."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.spreadsheets import Column, Sheet

from . import content as fields
from . import pricing
from .enums import CertificationScheme
from .price_wording import PROBLEMS, QUANTITIES
from .wording import category_names, day, in_words

SOON = dt.timedelta(days=90)
"""A certificate that ends within this time is marked: about as long as a small procurement takes."""

# Long texts and what stands in the head of the table anyway.
_NOT_COMPARED = {
    "name",
    "name_kana",
    "name_en",
    "description",
    "website",
    "certifications",
    "attachments",
    "price_lines",
}


@dataclass(frozen=True)
class Cell:
    """``text`` as printed, "" where nothing was told; ``value`` what is compared; ``mark`` a word of warning beside it.

    ``yen`` is set for an amount, which spreadsheets keep as a number.
    """

    text: str
    value: Any
    yen: int | None = None
    mark: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Row:
    label: str | Promise
    cells: tuple[Cell, ...]

    @property
    def is_different(self) -> bool:
        return any(cell.value != self.cells[0].value for cell in self.cells[1:])


@dataclass(frozen=True)
class Comparison:
    prices: tuple[Row, ...]
    differing: tuple[Row, ...]
    agreeing: tuple[Row, ...]

    def groups(self) -> list[tuple[str, tuple[Row, ...]]]:
        """The groups that have rows, each with its heading."""
        named = [
            (_("価格"), self.prices),
            (_("違いのある項目（%(n)d）") % {"n": len(self.differing)}, self.differing),
            (_("同じ項目（%(n)d）") % {"n": len(self.agreeing)}, self.agreeing),
        ]
        return [(heading, rows) for heading, rows in named if rows]


def compare(columns: Sequence[dict], today: dt.date) -> Comparison:
    """Compare ``columns``, each with an ``offer`` and its ``estimate``."""
    if not columns:
        return Comparison((), (), ())
    rows = [row for row in _rows([column["offer"] for column in columns], today) if any(c.text for c in row.cells)]
    return Comparison(
        tuple(_price_rows([column["estimate"] for column in columns])),
        tuple(row for row in rows if row.is_different),
        tuple(row for row in rows if not row.is_different),
    )


def _price_rows(estimates: Sequence[pricing.Estimate]) -> Iterator[Row]:
    years = estimates[0].years
    yield Row(_("%(years)d年間の総額（税込）") % {"years": years}, tuple(_amount(e.total) for e in estimates))
    if years > 1:
        first = tuple(_amount(next(iter(estimate.by_year), None)) for estimate in estimates)
        yield Row(gettext_lazy("1年目（初期費用を含む、税込）"), first)
    yield Row(gettext_lazy("2年目からの1年（税込）"), tuple(_amount(e.running_year) for e in estimates))


def _amount(total: pricing.Total | None) -> Cell:
    if total is None:
        return Cell(_("計算できません"), None)
    return Cell(_("%(yen)s円") % {"yen": f"{total.including_tax:,}"}, total.including_tax, yen=total.including_tax)


def _rows(offers, today: dt.date) -> Iterator[Row]:
    yield Row(gettext_lazy("販売事業者"), tuple(Cell(offer.seller.name, offer.seller_id) for offer in offers))
    yield Row(gettext_lazy("製造事業者"), tuple(Cell(o.software.maker.name, o.software.maker_id) for o in offers))
    names = category_names()
    software = [offer.software.listed_revision.content for offer in offers]
    for field in fields.SOFTWARE:
        if field.name not in _NOT_COMPARED:
            yield _row(field, software, names)
        elif field.name == "certifications":
            for scheme in CertificationScheme:
                yield Row(scheme.label, tuple(_certificate(content, scheme, today) for content in software))
    for field in fields.OFFER:
        if field.name not in _NOT_COMPARED:
            yield _row(field, [offer.listed_revision.content for offer in offers], names)


def _row(field, contents, names) -> Row:
    values = [fields.get(content, field.name) for content in contents]
    return Row(field.label, tuple(Cell(in_words(field, value, names), _key(value)) for value in values))


def _key(value):
    """What two answers are compared by: the order of a list, and how nothing is told, make no difference."""
    if fields.is_blank(value):
        return None
    return frozenset(value) if isinstance(value, list) else value


def _certificate(content: dict, scheme: CertificationScheme, today: dt.date) -> Cell:
    held = next((c for c in content.get("certifications") or [] if c.get("scheme") == scheme), None)
    if held is None:
        return Cell("", None)
    until = held.get("expires_on") or ""
    text = held.get("number", "")
    mark, tone = "", ""
    if until:
        text = _("%(number)s（有効期限 %(day)s）") % {"number": text, "day": day(until)}
        ends = dt.date.fromisoformat(until)
        if ends < today:
            mark, tone = _("期限切れ"), "red"
        elif ends - today <= SOON:
            mark, tone = _("期限が近い"), "yellow"
    return Cell(text, mark or "held", mark=mark, tone=tone)  # whose number it is, is no difference


# Spreadsheets


def title_of(offer) -> str:
    return _("%(software)s（%(seller)s）") % {"software": offer.software.name, "seller": offer.seller.name}


def table(columns: Sequence[dict], comparison: Comparison, notes: Sequence[tuple[str, str]] = ()) -> Sheet:
    """The comparison as a sheet; ``notes`` (what it was calculated for, and when) stand at its end."""
    head = [Column(_("項目"), 28), Column(_("相違"), 8), *(Column(title_of(c["offer"]), 36) for c in columns)]

    def rows() -> Iterator[list]:
        for _heading, group in comparison.groups():
            for row in group:
                cells = [cell.text + (f" 【{cell.mark}】" if cell.mark else "") for cell in row.cells]
                values = [text if cell.yen is None else cell.yen for cell, text in zip(row.cells, cells, strict=True)]
                yield [str(row.label), _("相違") if row.is_different else "", *values]
        for label, text in notes:
            yield [label, "", text, *[""] * (len(columns) - 1)]

    return Sheet(_("比較"), head, rows())


def calculation(columns: Sequence[dict]) -> Sheet:
    """How each total comes about, item by item."""
    head = [
        Column(_("候補"), 36), Column(_("品目"), 28), Column(_("支払時期"), 16), Column(_("単位"), 10),
        Column(_("単価（円）"), 14), Column(_("税"), 8), Column(_("数量"), 14), Column(_("回数"), 8),
        Column(_("金額（円）"), 18), Column(_("備考"), 50),
    ]  # fmt: skip

    def rows() -> Iterator[list]:
        for column in columns:
            for item in column["estimate"].items:
                line, charge = item.line, item.as_dict()["charge_yen"]
                problem = PROBLEMS[item.problem] + _("（") + QUANTITIES[item.needs] + _("）") if item.problem else ""
                yield [
                    title_of(column["offer"]),
                    item.item,
                    str(item.timing.label),
                    str(item.unit.label),
                    line.amount_yen if line else None,
                    (_("税込") if line.tax_included else _("税抜")) if line else "",
                    item.quantity,
                    item.periods,
                    None if charge is None else Decimal(charge),
                    problem,
                ]

    return Sheet(_("計算"), head, rows())
