import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import BaseCommand, CommandError
from django.db import Error, connection, transaction
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.http import urlencode
from tqdm import tqdm

from catalog.criteria import Criteria
from catalog.forms import SizeForm
from catalog.results import cards
from catalog.search import bench
from catalog.search.bench import database
from catalog.search.bench.cases import HOSTILE, PREFIXES
from catalog.search.bench.corpus import listing
from catalog.search.bench.judge import judge
from catalog.search.bench.peers import PEERS
from catalog.search.bench.server import buyer_cookie, serving
from catalog.search.filters import Filters
from catalog.search.index import index_listing
from catalog.search.models import SearchDocument
from catalog.search.page import forget_size, search
from catalog.search.query import parse
from catalog.search.source import REFERENCE_SIZE
from catalog.search.statement import TABLE, SearchTimeout
from catalog.search.suggest import suggest

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
        parser.add_argument(
            "--peers-up-to", metavar="N", type=int, default=100_000, help="with more listings, only ours is measured"
        )

    def handle(self, *, listings, queries, repeat, peers, peers_up_to, **options):
        lines = read_lines(queries)
        peers = [name for name in peers.split(",") if name and name != "none"]
        if unknown := set(peers) - PEERS.keys():
            raise CommandError(f"Unknown peers: {', '.join(sorted(unknown))}. Known: {', '.join(PEERS)}.")
        logging.disable(logging.INFO)  # one line per page would be measured with it
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver", "localhost"]
        try:
            with database.builders() as build, database.throw_away_database(), TemporaryDirectory() as folder:
                # The filters name categories, so they are read where those are.
                self.cases = [(typed, Filters.from_params(QueryDict(params))) for typed, params in lines]
                self.repeat, self.folder, self.cookie = repeat, Path(folder), buyer_cookie()
                engines = list(filter(None, (self._peer(name) for name in peers)))
                self._measure_sizes(listings, build, engines, peers_up_to)
        except Error as error:
            raise CommandError(f"The database refused: {error}") from error

    def _peer(self, name):
        try:
            return PEERS[name](self.folder)
        except (Error, ImportError) as error:
            self.stderr.write(f"Without {name}: {str(error).splitlines()[0]}")
            return None

    def _measure_sizes(self, sizes, build, engines, peers_up_to):
        loaded, loader, results = 0, database.Loader(), {}
        for size in sizes:
            if size > peers_up_to:
                engines = []
            started = time.perf_counter()
            database.drop_indexes()
            batch = []
            numbers = range(loaded + 1, size + 1)
            for built in tqdm(
                build(numbers), total=len(numbers), desc=f"load {size:,}", unit=" listings", disable=None
            ):
                batch.append(built)
                if len(batch) == database.CHUNK or built.listing["id"] == size:
                    loader.load(batch)
                    for engine in engines:
                        engine.load(each.row for each in batch)
                    batch = []
            loaded_in = time.perf_counter() - started
            started = time.perf_counter()
            database.make_indexes()
            forget_size()
            indexed_in = time.perf_counter() - started
            for engine in engines:
                engine.finish()
            loaded = size
            self.stdout.write(f"\n{size:,} listings, {len(self.cases)} queries × {self.repeat} (milliseconds)")
            self.stdout.write(f"  loaded in {loaded_in:.1f} s, search indexes built in {indexed_in:.1f} s")
            results[size] = self._measure(engines)
            self._report_index(engines)
            if engines or size <= peers_up_to:
                self._judge()
        for small in results:
            for large in results:
                if small < large:
                    p50, p95 = results[large].p50 / results[small].p50, results[large].p95 / results[small].p95
                    self.stdout.write(f"growth of search(), {small:,} → {large:,}: p50 × {p50:.1f}, p95 × {p95:.1f}")

    def _measure(self, engines):
        ours = self._timed(lambda typed, filters: search(typed, filters))
        rows = [("search(): page, count, facets", ours)]
        rows += [(engine.name, self._timed(_peer_search(engine, self.cases))) for engine in engines]
        self.stdout.write(f"  {'':34}{'p50':>9}{'p95':>9}{'max':>9}   ÷ search(): p50, p95")
        for name, times in rows:
            self._row(name, times, f"   × {times.p50 / ours.p50:.2f}, × {times.p95 / ours.p95:.2f}")
        sql, page = self._timed(self._bare_sql()), self._page()
        self._row("a buyer's page over HTTP", page)
        for name, part in (("all its SQL, bare", sql), ("the same through Django", self._timed(self._data()))):
            ratios = (
                f"p50 × {page.p50 / part.p50:.2f}, p95 × {page.p95 / part.p95:.2f}, all × {page.all / part.all:.2f}"
            )
            self._row(f"  {name}", part, f"   page ÷ this: {ratios}")
        for sort, buyer in (("newest", None), ("price", None), ("price", replace(REFERENCE_SIZE, users=480))):
            times = self._timed(
                lambda typed, filters, sort=sort, buyer=buyer: search(typed, filters, sort=sort, size=buyer)
            )
            self._row(f"search() by {sort}{' at a size' if buyer else ''}", times)
        self._row("suggest()", self._suggest())
        self._hostile(ours)
        return ours

    def _row(self, name, times, more=""):
        if times.stopped:
            more += f"   {times.stopped} of {len(times.values)} runs stopped by the time limit"
        self.stdout.write(f"  {name:34}{times.p50:9.2f}{times.p95:9.2f}{times.worst:9.2f}{more}")

    def _timed(self, answer: Callable) -> "Times":
        return timed(self.cases, self.repeat, answer)

    def _address(self, typed, filters) -> str:
        return f"{reverse('catalog:software_list')}?{urlencode([('q', typed), *filters.to_params()])}"

    def _page(self):
        """Through the web server, its worker and the whole of Django, signed in."""
        with serving(self.folder, self.cookie) as visit:

            def get(typed, filters):
                status, _body = visit.get(self._address(typed, filters))
                if status != 200:
                    raise CommandError(f"The page of {typed!r} answered {status}.")

            return self._timed(get)

    def _bare_sql(self):
        """Every statement that page sends, sent and fetched with nothing before, between or after."""
        client, sent = Client(), {}
        name, _, value = self.cookie.partition("=")
        client.cookies[name] = value
        for typed, filters in self.cases:
            client.get(self._address(typed, filters))
            with CaptureQueriesContext(connection) as captured:
                client.get(self._address(typed, filters))
            sent[typed, id(filters)] = [query["sql"] for query in captured]

        connection.ensure_connection()

        def send(typed, filters):
            with connection.connection.cursor() as cursor:
                for statement in sent[typed, id(filters)]:
                    cursor.execute(statement)
                    while cursor.nextset():
                        pass
                    cursor.fetchall()

        return send

    def _data(self):
        """What that page reads, as it reads it: statements composed, rows decoded, objects made; nothing shown."""
        session_key = self.cookie.partition("=")[2]

        def read(typed, filters):
            user = get_user_model().objects.get(pk=SessionStore(session_key)[SESSION_KEY])
            told = SizeForm.of_reader(QueryDict(), user).told
            buyer = Criteria(size=told).buyer
            found = search(typed, filters, size=buyer)
            cards(found.ids, (), buyer)
            user.notifications.unread().count()

        return read

    def _suggest(self):
        """What is typed, letter by letter, on the way to some names and readings."""
        random = Random(1)
        typed = set(PREFIXES)
        for _ in range(30):
            made = listing(random.randrange(1, SearchDocument.objects.count() + 1))
            for text in (made["name"], made["name_kana"]):
                typed.update(text[:length] for length in (1, 2, 4))
        return timed([(prefix, None) for prefix in sorted(typed)], self.repeat, lambda prefix, _: suggest(prefix))

    def _hostile(self, ours):
        worst = {}
        for name, typed in HOSTILE.items():
            worst[name] = timed([(typed, Filters())], self.repeat, lambda typed, filters: search(typed, filters)).p50
        name = max(worst, key=worst.get)
        self.stdout.write(
            f"  worst hostile query ({name}): {worst[name]:.1f}, worst ordinary one: {ours.worst:.1f}"
            f"   × {worst[name] / ours.worst:.2f}"
        )

    def _judge(self):
        verdict = judge(typed for typed, _ in self.cases)
        wrong = f"; not exact: {', '.join(verdict.worst)}" if verdict.worst else ""
        self.stdout.write(
            f"  against the texts themselves: recall {verdict.recall:.4f}, precision {verdict.precision:.4f}{wrong}"
        )

    def _report_index(self, engines):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_indexes_size(%(table)s), pg_relation_size(%(table)s), pg_table_size(%(table)s),"
                " pg_total_relation_size('catalog_searchslice'), pg_total_relation_size('catalog_searchprice')",
                {"table": TABLE},
            )
            indexes, heap, table, sliced, prices = cursor.fetchone()
        count = SearchDocument.objects.count()
        self.stdout.write(
            f"  bytes per listing: index {indexes // count:,}, row {heap // count:,}, out of line {(table - heap) // count:,},"
            f" slice {sliced // count:,}, prices {prices // count:,}"
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
    """Milliseconds of single runs. ``stopped``: those of them that the time limit ended."""

    def __init__(self, values: list[float], stopped: int = 0):
        self.values = sorted(values)
        self.stopped = stopped

    def _at(self, share: float) -> float:
        return self.values[min(len(self.values) - 1, int(len(self.values) * share))]

    p50 = property(lambda self: self._at(0.50))
    p95 = property(lambda self: self._at(0.95))
    worst = property(lambda self: self.values[-1])
    all = property(lambda self: sum(self.values))


def timed(cases, repeat: int, answer: Callable) -> Times:
    """Run each case once unmeasured, then ``repeat`` times. A search that takes too long counts as long as it took."""
    values, stopped = [], 0
    for typed, filters in cases:
        for run in range(repeat + 1):
            started = time.perf_counter()
            try:
                answer(typed, filters)
            except SearchTimeout:
                stopped += run > 0
            if run:
                values.append((time.perf_counter() - started) * 1000)
    return Times(values, stopped)


def _peer_search(engine, cases):
    parsed = {typed: parse(typed) for typed, _ in cases}
    return lambda typed, filters: engine.search(parsed[typed], filters)


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
