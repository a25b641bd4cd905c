import resource
import time
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import BaseCommand, CommandError
from django.db import Error, connection, transaction
from tqdm import tqdm

from catalog import imports, interchange
from catalog.exports import export_catalog
from catalog.made_up import lines as made_up_lines
from catalog.search.bench import database
from marketplace import clock

# Everything an import writes, so that COPY moves the same rows.
TABLES = (
    *("companies_company", "companies_factsnapshot", "companies_masteragreement"),
    *("catalog_software", "catalog_software_categories", "catalog_certification"),
    *("catalog_offer", "catalog_priceline", "catalog_review", "catalog_revision", "catalog_finding"),
    *("catalog_searchdocument", "catalog_searchname", "catalog_searchprice", "catalog_searchword"),
    "audit_auditevent",
)


class Command(BaseCommand):
    help = "Measure import and export of made-up lines in a database of its own, beside a bare COPY of the same rows."

    def add_arguments(self, parser):
        parser.add_argument("--lines", type=int, nargs="+", default=[1_000, 100_000])

    def handle(self, *, lines, **options):
        try:
            for count in lines:
                with database.throw_away_database(), TemporaryDirectory() as folder:
                    self._measure(count, Path(folder))
        except Error as error:
            raise CommandError(f"The database refused: {error}") from error

    def _measure(self, count, folder):
        file = folder / "lines.jsonl"
        with file.open("w", encoding="utf-8") as out:
            for line in made_up_lines(count, seed=1, day=clock.today()):
                out.write(interchange.write(line) + "\n")
        megabytes = file.stat().st_size / 1e6
        imported, at_first, peak = _in_a_process(_import, file)
        copied = self._copy(folder)
        exported, _first, export_peak = _in_a_process(_export, folder / "out.jsonl")
        same = file.read_bytes() == (folder / "out.jsonl").read_bytes()
        self.stdout.write(
            f"{count:>8,} lines ({megabytes:,.0f} MB)  import {count / imported:,.0f} lines/s, "
            f"COPY of the same rows {count / copied:,.0f} lines/s (import takes ×{imported / copied:.1f}); "
            f"memory {at_first:,.0f} MB after the first batch, peak {peak:,.0f} MB"
        )
        self.stdout.write(
            f"{'':>8} export {count / exported:,.0f} lines/s, peak {export_peak:,.0f} MB; "
            f"{'the same bytes' if same else 'OTHER BYTES'} come back"
        )

    def _copy(self, folder):
        """Seconds to COPY the imported rows, as they are, into tables without an index, trigger or constraint."""
        seconds = 0.0
        with transaction.atomic(), connection.cursor() as cursor:
            for table in TABLES:
                rows = folder / f"{table}.copy"
                with rows.open("wb") as out, cursor.copy(f"COPY {table} TO STDOUT") as copy:
                    for block in copy:
                        out.write(block)
                cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table})")
                start = time.perf_counter()
                with rows.open("rb") as source, cursor.copy(f"COPY bare_{table} FROM STDIN") as copy:
                    while block := source.read(1 << 16):
                        copy.write(block)
                seconds += time.perf_counter() - start
                rows.unlink()
            transaction.set_rollback(True)
        return seconds


def _import(file):
    by = imports.importer()
    with file.open("rb") as stream, _bar(file.stat().st_size) as bar:
        for outcome in imports.import_catalog(stream, by=by):
            bar.update(outcome.size)
            yield


def _export(file):
    with file.open("w", encoding="utf-8") as out:
        for line in export_catalog():
            out.write(interchange.write(line) + "\n")
            yield


@contextmanager
def _bar(size):
    with tqdm(total=size, unit="B", unit_scale=True, disable=None, leave=False) as bar:
        yield bar


def _in_a_process(work, file):
    """Run ``work`` in a process of its own: (seconds, MB of memory after its first step, MB at its peak)."""
    connection.close()  # two processes must not share one
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_report, args=(theirs, work, file))
    child.start()
    theirs.close()
    try:
        return ours.recv()
    except EOFError as error:
        raise CommandError("The measured process died; its reason is above.") from error
    finally:
        child.join()


def _report(pipe, work, file):
    start, at_first = time.perf_counter(), None
    for _step in work(file):
        at_first = at_first or _peak()
    connection.close()
    pipe.send((time.perf_counter() - start, at_first, _peak()))


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
