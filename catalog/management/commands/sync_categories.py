import json
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce

from catalog import models
from catalog.models import Category

FILE = Path(models.__file__).with_name("categories.json")
LAST_BIT = 62  # of a positive 64-bit mask; the constraint category_leaf_has_bit says the same


class Command(BaseCommand):
    help = (
        "Bring the category tree up to date with catalog/categories.json. Run by every deploy; changes nothing twice."
    )

    @transaction.atomic
    def handle(self, **options):
        known = Category.objects.select_for_update().in_bulk(field_name="slug")
        next_bit = Category.objects.aggregate(next=Coalesce(Max("bit") + 1, 0))["next"]
        seen, made, renamed = set(), 0, 0

        def place(told, parent, position, bit):
            nonlocal made, renamed
            values = {
                "name": told["name"], "name_en": told["name_en"], "parent": parent, "position": position, "bit": bit,
            }  # fmt: skip
            category = known.get(told["slug"])
            seen.add(told["slug"])
            if category is None:
                made += 1
                return Category.objects.create(slug=told["slug"], **values)
            changed = [name for name, value in values.items() if getattr(category, name) != value]
            if changed:
                for name in changed:
                    setattr(category, name, values[name])
                category.save(update_fields=changed)
                renamed += 1
            return category

        position = 0
        for root in json.loads(FILE.read_text(encoding="utf-8")):
            position += 1
            parent = place(root, None, position, None)
            for leaf in root["children"]:
                position += 1
                held = known[leaf["slug"]].bit if leaf["slug"] in known else None
                if held is None:
                    if next_bit > LAST_BIT:
                        raise CommandError(f"No bit is left for {leaf['slug']}: the search index has {LAST_BIT + 1}.")
                    held, next_bit = next_bit, next_bit + 1
                place(leaf, parent, position, held)

        self.stdout.write(f"{len(seen)} categories: {made} new, {renamed} changed")
        if renamed:
            self.stdout.write("Search finds changed names after: manage.py rebuild_search")
        # Revisions name them and their bit is taken for ever, so what left the file stays in the database.
        for slug in sorted(known.keys() - seen):
            self.stderr.write(f"not in the file any more, kept: {slug}")
