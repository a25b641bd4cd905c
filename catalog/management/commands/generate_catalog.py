import datetime as dt
import sys

from django.core.management import BaseCommand

from catalog import interchange
from catalog.made_up import lines
from marketplace import clock


class Command(BaseCommand):
    help = "Write N made-up software as JSON lines, to load and measure with. The same N, seed and day give the same bytes."

    def add_arguments(self, parser):
        parser.add_argument("count", metavar="N", type=int)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--day",
            type=dt.date.fromisoformat,
            help="disclosures lie in the year before it, certificates end after it (default: today)",
        )

    def handle(self, *, count, seed, day, **options):
        out = self.stdout._out
        if out is sys.stdout:
            out.reconfigure(encoding="utf-8", newline="\n")
        for line in lines(count, seed=seed, day=day or clock.today()):
            out.write(interchange.write(line) + "\n")
        out.flush()
