"""The interface's words: Japanese message ids in the code, one English catalogue beside it."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "_t": None,  # where the loop or the field is called _
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
FOLDER = Path(settings.BASE_DIR) / "locale" / "en" / "LC_MESSAGES"
PO, MO = FOLDER / "django.po", FOLDER / "django.mo"


class Command(BaseCommand):
    help = "Collect the texts to translate (--extract), compile the catalogue (--compile), or check both (--check)."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--extract", action="store_true")
        parser.add_argument("--compile", action="store_true")
        parser.add_argument("--check", action="store_true", help="exit 1 naming every text without English")

    def handle(self, *, extract, compile, check, **options):
        if extract:
            update()
        if compile and PO.exists():
            compile_catalogue()
        if check and (lacking := untranslated()):
            for text in lacking:
                self.stderr.write(text)
            raise SystemExit(1)


def template() -> Catalog:
    """Every text of our Python and template files, in the order of the files."""
    catalog = Catalog()
    for path in _sources():
        for line, message, comments, context in _texts(path):
            if message:
                catalog.add(message, None, [(str(path), line)], auto_comments=comments, context=context)
    return catalog


def update() -> None:
    """Bring the English catalogue in step with the code; texts no longer used are dropped."""
    catalog = _stored()
    catalog.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        # Locations and dates would change with every edit of the code and say nothing to a translator.
        write_po(file, catalog, width=0, no_location=True, sort_output=True, omit_header=False)


def compile_catalogue() -> None:
    with PO.open("rb") as source, MO.open("wb") as target:
        write_mo(target, read_po(source, locale="en"))


def untranslated() -> list[str]:
    """The texts that have no English."""
    stored = _stored()
    lacking = []
    for message in template():
        if not message.id:
            continue
        found = stored.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
        strings = found.string if found and isinstance(found.string, tuple) else (found.string if found else "",)
        if not all(strings):
            lacking.append(message.id if isinstance(message.id, str) else message.id[0])
    return lacking


def _stored() -> Catalog:
    if not PO.exists():
        return Catalog(locale="en", project="digital-marketplace", version="1", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="en")


def _sources() -> Iterator[Path]:
    base = Path(settings.BASE_DIR)
    rooms = sorted({config.path for config in apps.get_app_configs() if Path(config.path).is_relative_to(base)})
    roots = [Path(room) for room in rooms if ".venv" not in Path(room).parts] + [
        Path(folder) for folder in settings.TEMPLATES[0]["DIRS"]
    ]
    seen = set()
    for root in roots:
        for path in sorted(root.rglob("*")):
            # The stand-in provider speaks Japanese only, as a developer's tool that imitates a Japanese page.
            if path in seen or "gbizid_standin" in path.parts or path.suffix not in {".py", ".html", ".txt"}:
                continue
            seen.add(path)
            yield path


def _texts(path: Path):
    source = path.read_text()
    if path.suffix != ".py":
        if "{%" not in source and "{{" not in source:
            return []
        # Django turns a template into something like Python; its indentation means nothing.
        source = "\n".join(line.lstrip() for line in templatize(source).splitlines())
    return extract("python", io.BytesIO(source.encode()), KEYWORDS, options={"encoding": "utf-8"})
