"""What an approved revision's content becomes in the typed columns people filter, sort and compare by. Pure.

The one place that says so, for the approval of a review and for the import of thousands of lines.
"""

import datetime as dt
from typing import Any

from . import content as fields
from .rules import lapse_date

_TEXTS = ("name", "name_kana", "name_en", "summary", "description", "data_location", "accessibility")
_LISTS = ("target_bodies", "delivery", "sign_in", "integrations", "standard_tasks")
_FLAGS = ("data_ownership", "data_import", "data_export", "api", "multi_tenant")


def software_columns(content: dict) -> dict[str, Any]:
    """Columns of ``Software``; its categories and certifications are rows of their own."""
    disclosed_on = dt.date.fromisoformat(content["disclosed_on"])
    return {
        **{name: content.get(name) or "" for name in _TEXTS},
        **{name: content.get(name) or [] for name in _LISTS},
        **{name: content.get(name) for name in _FLAGS},
        "availability_percent": fields.get(content, "sla.availability_percent"),
        "disclosed_on": disclosed_on,
        "lapses_on": lapse_date(disclosed_on),
    }


def certifications(content: dict) -> list[dict[str, Any]]:
    """Columns of each ``Certification``."""
    return [
        {"scheme": told["scheme"], "number": told["number"], "expires_on": told.get("expires_on") or None}
        for told in content.get("certifications") or []
    ]


def price_lines(content: dict) -> list[dict[str, Any]]:
    """Columns of each ``PriceLine``."""
    return [{"position": position, **line} for position, line in enumerate(content["price_lines"], start=1)]
