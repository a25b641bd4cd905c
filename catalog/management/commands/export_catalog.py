import os
from pathlib import Path

from django.core.management import BaseCommand, CommandError

from catalog import interchange
from catalog.exports import export_catalog


class Command(BaseCommand):
    help = "Write every listed software as a JSON line, in the order of registration. What import_catalog reads."

    def add_arguments(self, parser):
        parser.add_argument("--output", metavar="FILE", help="instead of standard output; written whole or not at all")

    def handle(self, *, output, **options):
        if output is None:
            self._write(self.stdout._out)
            return
        target = Path(output)
        unfinished = target.with_name(f".{target.name}.part")
        try:
            with unfinished.open("w", encoding="utf-8", newline="\n") as file:
                self._write(file)
            os.replace(unfinished, target)
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}", returncode=2) from error
        finally:
            unfinished.unlink(missing_ok=True)

    def _write(self, file):
        if hasattr(file, "reconfigure"):  # the format is UTF-8, whatever the terminal speaks
            file.reconfigure(encoding="utf-8", newline="\n")
        for line in export_catalog():
            file.write(interchange.write(line) + "\n")
        file.flush()
