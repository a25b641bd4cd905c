"""Content in words: codes become labels, lists become sentences' parts. Pure but for the category names."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from . import content as fields
from .content import Field, Kind
from .search.facets import category_tree


def category_names() -> dict[str, str]:
    """The category labels by slug, in the current language. Read once a page, then handed to ``in_words``."""
    return {node.slug: node.label for node in category_tree()}


def count_in_words(count: int, *, is_exact: bool) -> str:
    """A number of listings; an estimate says that it is one, and a small estimate no more than that it is small."""
    if is_exact:
        return f"{count:,}"
    return _("約%(number)s") % {"number": f"{count:,}"} if count >= 100 else _("100未満")


def names_of(name: str, name_en: str) -> tuple[str, str]:
    """A software's name for the reader's language, and the other one; "" where it has but one."""
    return (name_en, name) if name_en and get_language() == "en" else (name, name_en)


def in_words(field: Field, value: Any, names: Mapping[str, str] | None = None) -> str:
    """One value as a person reads it; "" where nothing was told. Never markup. ``names``: see ``category_names``."""
    if fields.is_blank(value):
        return ""
    match field.kind:
        case Kind.FLAG:
            return pgettext("content flag", "はい") if value else pgettext("content flag", "いいえ")
        case Kind.CHOICE:
            return str(field.choices(value).label)
        case Kind.CHOICES:
            return _("、").join(str(field.choices(item).label) for item in value)
        case Kind.CATEGORIES:
            names = names if names is not None else category_names()
            return _("、").join(names.get(slug, slug) for slug in value)
        case Kind.DATE:
            return day(value)
        case Kind.AMOUNT:
            return f"{Decimal(value):,f}"
        case Kind.PERCENT:
            return f"{value}%"
        case Kind.LIST:
            return "；".join(item_in_words(field, item) for item in value)
        case _:
            return str(value)


def item_in_words(field: Field, item: dict) -> str:
    """One object of a list, e.g. a certificate: ISMAP C21-0001-2（有効期限 2027年12月31日）."""
    if field.name == "certifications":
        scheme = in_words(field.items[0], item.get("scheme"))
        until = item.get("expires_on")
        number = item.get("number", "")
        return (
            _("%(scheme)s %(number)s（有効期限 %(day)s）") % {"scheme": scheme, "number": number, "day": day(until)}
            if until
            else f"{scheme} {number}"
        )
    if field.name == "attachments":
        return f"{in_words(field.items[0], item.get('kind'))}{_('：')}{item.get('name', '')}"
    return _("、").join(
        in_words(part, item.get(part.name)) for part in field.items if not fields.is_blank(item.get(part.name))
    )


def day(text: str) -> str:
    return date_format(date.fromisoformat(text), "DATE_FORMAT")
