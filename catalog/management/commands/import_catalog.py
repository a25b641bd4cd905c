import os
import stat
import sys
from contextlib import nullcontext
from pathlib import Path

from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from catalog import imports
from marketplace.accounts.models import User
from marketplace.accounts.permissions import is_operator


class Command(BaseCommand):
    help = (
        "Import software from a file of JSON lines. Every fault of a bad line is named on stderr; good lines are imported. "
        "Exit status: 0 all lines good, 1 some bad, 2 nothing could be read or stored."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE.jsonl", help="UTF-8, one software a line; - reads standard input")
        parser.add_argument("--by", metavar="U-XXXXXX", help="the operator's person who answers for the import")

    def handle(self, *, file, by, **options):
        by = self._person(by)
        try:
            source = nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=2) from error
        total = dict.fromkeys(("lines", "created", "changed", "unchanged", "bad"), 0)
        with source as stream, self._progress(stream) as progress:
            try:
                for outcome in imports.import_catalog(stream, by=by):
                    for name in total:
                        total[name] += getattr(outcome, name)
                    for number, fault in outcome.faults:
                        progress.write(f"line {number}: {fault.path[:300]}: {fault.message}", file=self.stderr._out)
                    progress.update(outcome.size)
            except OSError as error:  # a directory, a disk that fails half-way
                raise CommandError(f"{file}: {error.strerror}", returncode=2) from error
        self.stdout.write(
            "{lines} lines: {created} created, {changed} changed, {unchanged} unchanged, {bad} bad".format(**total)
        )
        if total["bad"]:
            raise SystemExit(1)

    def _person(self, reference):
        if reference is None:
            return imports.importer()
        person = User.objects.filter(reference=reference).first()
        if person is None or not is_operator(person):
            raise CommandError(f"{reference} is nobody of the operator's.", returncode=2)
        return person

    def _progress(self, stream):
        """A bar over the bytes of a file, on a terminal only."""
        try:
            status = os.fstat(stream.fileno())
        except OSError:
            status = None
        size = status.st_size if status and stat.S_ISREG(status.st_mode) else None
        quiet = not getattr(self.stderr._out, "isatty", bool)()
        return tqdm(total=size, unit="B", unit_scale=True, disable=quiet, file=self.stderr._out)
