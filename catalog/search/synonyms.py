"""Words that find each other (勤怠管理 = タイムカード). Applied to the query, so a change needs no new index."""

import json
from collections.abc import Mapping
from pathlib import Path

from .facets import Remembered
from .models import SearchSynonym
from .normalise import canonical

SHIPPED = Path(__file__).with_name("synonyms.json")


def known_synonyms() -> Mapping[str, tuple[str, ...]]:
    """By canonical word, its canonical synonyms. Remembered for ``SEARCH_CACHE_SECONDS``."""
    return _groups.get()[0]


def spelt(form: str) -> str:
    """A canonical synonym as the operator wrote it."""
    return _groups.get()[1].get(form, form)


def shipped_groups() -> list[list[str]]:
    """The words of each group of ``synonyms.json``; its notes are for who edits the file."""
    return [group["terms"] for group in json.loads(SHIPPED.read_text(encoding="utf-8"))["groups"]]


def forget() -> None:
    """Read the table again at the next search: after it was edited in this process."""
    _groups.forget()


def _read() -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    found: dict[str, dict[str, None]] = {}
    spellings: dict[str, str] = {}
    for words in SearchSynonym.objects.order_by("pk").values_list("words", flat=True):
        forms = dict.fromkeys(filter(None, map(canonical, words)))
        spellings.update((canonical(word), word) for word in words)
        for form in forms:
            found.setdefault(form, {}).update(forms)
    return {form: tuple(other for other in others if other != form) for form, others in found.items()}, spellings


_groups = Remembered(_read)
