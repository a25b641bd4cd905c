"""Files of proposals between the bid's form and its confirmation: kept by day, and cleared unless a bid was handed in."""

import contextlib
import secrets
from datetime import date

from django.core.files.storage import default_storage

from marketplace import clock

from .models import BidAttachment

TOKEN_SECONDS = 24 * 3600  # how long a form that was not confirmed keeps its upload


def _folder(day: date) -> str:
    return f"bids/{day:%Y/%m/%d}"


def stage(upload) -> dict:
    """Keep an upload that ``uploads.inspect`` let pass (``upload.inspection``); return the fields of its BidAttachment."""
    found = upload.inspection
    return {
        "file": default_storage.save(f"{_folder(clock.today())}/{secrets.token_hex(16)}.pdf", upload),
        "name": found.name,
        "content_type": found.content_type,
        "size": found.size,
        "sha256": found.sha256,
    }


def clear_unconfirmed(day: date) -> int:
    """Delete the uploads of ``day`` that no bid names; return how many. Only for days whose forms have all lapsed."""
    names: list[str] = []
    with contextlib.suppress(FileNotFoundError):
        names = [f"{_folder(day)}/{name}" for name in default_storage.listdir(_folder(day))[1]]
    named = set(BidAttachment.objects.filter(file__in=names).values_list("file", flat=True)) if names else set()
    for name in (unnamed := set(names) - named):
        default_storage.delete(name)
    return len(unnamed)
