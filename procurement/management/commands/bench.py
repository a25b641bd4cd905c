"""All measurements in one run on one machine: ratios beside baselines, never a verdict."""

import json
import logging
import time
from decimal import Decimal
from statistics import median

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Software
from procurement.evaluation import evaluate, load_json, parse_document
from procurement.models import Award

PARTS = ("search", "import", "engine", "pages")
BIDS = (10, 1_000, 10_000)
EVALUATORS, CRITERIA = 3, 10


class Command(BaseCommand):
    help = "Measure search, import, evaluation engine and pages, each beside its baseline."

    def add_arguments(self, parser):
        parser.add_argument("--only", choices=PARTS, action="append", help="one part (repeatable); all without it")
        parser.add_argument("--listings", default="10000", help="sizes of the search corpus, e.g. 1000,10000")
        parser.add_argument("--lines", type=int, nargs="+", default=[1_000, 100_000], help="lines to import")

    def handle(self, *, only, listings, lines, **options):
        for part in only or PARTS:
            self.stdout.write(self.style.MIGRATE_HEADING(f"\n== {part} =="))
            {
                "search": lambda: call_command("bench_search", f"--listings={listings}", stdout=self.stdout),
                "import": lambda: call_command("bench_import", lines=lines, stdout=self.stdout),
                "engine": self.engine,
                "pages": self.pages,
            }[part]()

    def engine(self):
        """Cost per bid from file to result: the same at every size if the engine is linear."""
        self.stdout.write(f"{EVALUATORS} evaluators × {CRITERIA} criteria, addition, lowest_ratio; best of 3")
        first = None
        for count in BIDS:
            body = json.dumps(document(count)).encode()
            seconds = min(_timed(lambda body=body: evaluate(parse_document(load_json(body)))) for _ in range(3))
            each = seconds / count * 1_000_000
            first = first or each
            self.stdout.write(
                f"{count:>7,} bids  {seconds:8.3f} s  {each:8.1f} µs a bid  ×{each / first:.2f} of {BIDS[0]}"
            )

    def pages(self):
        """Queries and time of the public pages on the data that is there; the tests pin the counts."""
        urls = {
            "home": reverse("home"),
            "search": reverse("catalog:software_list") + "?q=勤怠",
            "awards": reverse("procurement:award_list"),
        }
        if software := Software.objects.listed().order_by("pk").first():
            urls["listing"] = software.get_absolute_url()
            references = [
                offer.reference for each in Software.objects.listed()[:5] for offer in each.offers.listed()[:1]
            ]
            urls["compare"] = reverse("catalog:offer_compare") + "?" + "&".join(f"offer={each}" for each in references)
        if award := Award.objects.exclude(published_at=None).select_related("tender__procurement").first():
            urls["award"] = reverse("procurement:award_detail", args=[award.tender.procurement.reference])
        client = Client(headers={"host": "localhost"})
        logging.disable(logging.INFO)  # a line a request would be most of the output, and some of the time
        self.stdout.write(
            f"{get_user_model().objects.count()} people, {Software.objects.listed().count()} listings; median of 9"
        )
        for name, url in urls.items():
            client.get(url)
            reset_queries()  # the log is bounded: filled by the parts before, it would count nothing
            with CaptureQueriesContext(connection) as captured:
                client.get(url)
            queries = list(captured)  # the next request empties the log
            times = [_timed(lambda url=url: client.get(url)) for _ in range(9)]
            in_sql = sum(Decimal(query["time"]) for query in queries)
            self.stdout.write(
                f"{name:<8} {len(queries):>3} queries  {median(times) * 1000:7.1f} ms, of that SQL {in_sql * 1000:6.1f} ms"
            )


def document(bids: int) -> dict:
    """A tender with every mark given by every evaluator."""
    criteria = [{"id": f"c{number}", "kind": "scored", "points": "10", "scale": None} for number in range(CRITERIA)]
    return {
        "format": "evaluation/1",
        "title": "bench",
        "method": "addition",
        "ceiling_price": "100000000",
        "low_price_threshold": None,
        "technical": {
            "points": None, "base_points": "0", "raw_maximum": None, "minimum": None, "aggregate": "mean",
            "criterion_rounding": {"mode": "half_up", "digits": 2}, "rounding": None,
        },
        "criteria": criteria,
        "mandatory_rule": "any",
        "bonuses": [],
        "price": {"components": [{"id": "total", "points": "100", "formula": "lowest_ratio", "rounding": {"mode": "down", "digits": 4}}]},
        "total": {"rounding": None},
        "ties": ["technical", "price"],
        "lot": {"missing_number": None},
        "bids": [
            {
                "id": f"b{number}",
                "status": "valid",
                "prices": {"total": str(50_000_000 + number * 37)},
                "marks": {
                    f"e{evaluator}": {criterion["id"]: str((number * 7 + evaluator + place) % 11) for place, criterion in enumerate(criteria)}
                    for evaluator in range(EVALUATORS)
                },
            }
            for number in range(bids)
        ],
    }  # fmt: skip


def _timed(act) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
