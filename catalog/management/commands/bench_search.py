import logging
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import Error, connection, transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode
from tqdm import tqdm

from catalog.search import bench
from catalog.search.bench import database
from catalog.search.bench.peers import PEERS
from catalog.search.filters import Filters
from catalog.search.index import index_listing
from catalog.search.models import SearchDocument
from catalog.search.page import exact_statement, search
from catalog.search.query import parse
from catalog.search.statement import TABLE, Asked

QUERIES = Path(bench.__file__).with_name("queries.txt")


class Command(BaseCommand):
    help = "Measure search over generated listings, in a database of its own, beside its bare SQL and other engines."

    def add_arguments(self, parser):
        parser.add_argument(
            "--listings", metavar="N", type=_sizes, default=[10_000], help="one or more, e.g. 1000,10000"
        )
        parser.add_argument("--queries", metavar="FILE", type=Path, default=QUERIES, help="one a line; tab; filters")
        parser.add_argument("--repeat", type=int, default=5, help="timed runs of each query after a first one")
        parser.add_argument("--peers", default="trigram,fts5,tantivy", help="other engines to compare with, or none")

    def handle(self, *, listings, queries, repeat, peers, **options):
        lines = read_lines(queries)
        peers = [name for name in peers.split(",") if name and name != "none"]
        if unknown := set(peers) - PEERS.keys():
            raise CommandError(f"Unknown peers: {', '.join(sorted(unknown))}. Known: {', '.join(PEERS)}.")
        logging.disable(logging.INFO)  # one line per page would be measured with it
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        try:
            with database.builders() as build, database.throw_away_database(), TemporaryDirectory() as folder:
                # The filters name categories, so they are read where those are.
                cases = [(typed, Filters.from_params(QueryDict(params))) for typed, params in lines]
                engines = [self._peer(name, Path(folder)) for name in peers]
                self._measure_sizes(listings, cases, repeat, build, [engine for engine in engines if engine])
        except Error as error:
            raise CommandError(f"The database refused: {error}") from error

    def _peer(self, name, folder):
        try:
            return PEERS[name](folder)
        except (Error, ImportError) as error:
            self.stderr.write(f"Without {name}: {str(error).splitlines()[0]}")
            return None

    def _measure_sizes(self, sizes, cases, repeat, build, engines):
        loaded = 0
        results = []
        for size in sizes:
            started = time.perf_counter()
            database.drop_indexes()
            batch = []
            numbers = range(loaded + 1, size + 1)
            for pair in tqdm(build(numbers), total=len(numbers), desc=f"load {size:,}", unit=" listings", disable=None):
                batch.append(pair)
                if len(batch) == database.CHUNK or pair[0]["id"] == size:
                    database.load(batch)
                    for engine in engines:
                        engine.load(row for _, row in batch)
                    batch = []
            loaded_in = time.perf_counter() - started
            started = time.perf_counter()
            database.make_indexes()
            indexed_in = time.perf_counter() - started
            for engine in engines:
                engine.finish()
            loaded = size
            self.stdout.write(f"\n{size:,} listings, {len(cases)} queries × {repeat} (milliseconds)")
            self.stdout.write(f"  loaded in {loaded_in:.1f} s, our two indexes built in {indexed_in:.1f} s")
            results.append((size, self._measure(cases, repeat, engines)))
        if len(results) > 1:
            (small, first), (large, last) = results[0], results[-1]
            self.stdout.write(f"\np95 of search: {small:,} → {large:,} listings × {last.p95 / first.p95:.1f}")

    def _measure(self, cases, repeat, engines):
        ours = timed(cases, repeat, lambda typed, filters: search(typed, filters))
        sql = timed(cases, repeat, _bare_sql(cases))
        page = timed(cases, repeat, _page())
        rows = [("page over HTTP (in process)", page), ("search(): page, count, facets", ours), ("its bare SQL", sql)]
        rows += [(engine.name, timed(cases, repeat, _peer_search(engine, cases))) for engine in engines]
        self.stdout.write(f"  {'':34}{'p50':>9}{'p95':>9}{'max':>9}   p50, p95 ÷ search()")
        for name, times in rows:
            self.stdout.write(
                f"  {name:34}{times.p50:9.2f}{times.p95:9.2f}{times.worst:9.2f}"
                f"   × {times.p50 / ours.p50:.1f}, × {times.p95 / ours.p95:.1f}"
            )
        self.stdout.write(f"  page ÷ SQL: p50 × {page.p50 / sql.p50:.2f}, p95 × {page.p95 / sql.p95:.2f}")
        self._report_index(engines)
        return ours

    def _report_index(self, engines):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_indexes_size(%(table)s), pg_relation_size(%(table)s), pg_table_size(%(table)s)",
                {"table": TABLE},
            )
            indexes, heap, table = cursor.fetchone()
        count = SearchDocument.objects.count()
        self.stdout.write(
            f"  bytes per listing: index {indexes // count:,}, row {heap // count:,}, out of line {(table - heap) // count:,}"
            + "".join(f"; {engine.name} {engine.size() // count:,}" for engine in engines)
        )
        times = []
        for pk in range(1, min(count, 50) + 1):
            started = time.perf_counter()
            with transaction.atomic():
                index_listing(pk)
            times.append((time.perf_counter() - started) * 1000)
        self.stdout.write(
            f"  one listing indexed again, committed: median {median(times):.1f} ms, worst {max(times):.1f} ms"
        )


class Times:
    """Milliseconds of single runs."""

    def __init__(self, values: list[float]):
        self.values = sorted(values)

    def _at(self, share: float) -> float:
        return self.values[min(len(self.values) - 1, int(len(self.values) * share))]

    p50 = property(lambda self: self._at(0.50))
    p95 = property(lambda self: self._at(0.95))
    worst = property(lambda self: self.values[-1])


def timed(cases, repeat: int, answer: Callable) -> Times:
    """Run each case once unmeasured, then ``repeat`` times."""
    values = []
    for typed, filters in cases:
        answer(typed, filters)
        for _ in range(repeat):
            started = time.perf_counter()
            answer(typed, filters)
            values.append((time.perf_counter() - started) * 1000)
    return Times(values)


def _bare_sql(cases):
    """The same statement, sent and fetched, with nothing before or after."""
    statements = {}
    for typed, filters in cases:
        parsed = search(typed, filters).query
        statements[typed, id(filters)] = exact_statement(parsed, filters, Asked())
    return lambda typed, filters: statements[typed, id(filters)].run()


def _peer_search(engine, cases):
    parsed = {typed: parse(typed) for typed, _ in cases}
    return lambda typed, filters: engine.search(parsed[typed], filters)


def _page():
    client, url = Client(), reverse("catalog:software_list")

    def get(typed, filters):
        response = client.get(f"{url}?{urlencode([('q', typed), *filters.to_params()])}")
        if response.status_code != 200:
            raise CommandError(f"The page of {typed!r} answered {response.status_code}.")

    return get


def read_lines(path: Path) -> list[tuple[str, str]]:
    """Read queries, one a line; after a tab, filters as in an address. Lines that begin with # are remarks."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    parts = [line.partition("\t") for line in lines if not line.startswith("#")]
    return [(typed, params) for typed, _, params in parts]


def _sizes(text: str) -> list[int]:
    return sorted(int(part.replace("_", "")) for part in text.split(","))
