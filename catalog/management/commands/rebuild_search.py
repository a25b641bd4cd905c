from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from catalog.models import Software
from catalog.search.index import check_index, rebuild


class Command(BaseCommand):
    help = (
        "Bring the search index up to date with the listings, in small transactions, while people search. "
        "May be interrupted and run again."
    )

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="write every row again, not only those that differ")
        parser.add_argument("--check", action="store_true", help="only report what differs; exit 1 if anything does")

    def handle(self, *, all, check, **options):
        if check:
            self._check()
            return
        total = Software.objects.listed().count()
        done = 0
        try:
            with tqdm(total=total, unit=" listings", disable=None) as bar:
                for done in rebuild(everything=all):
                    bar.update(done - bar.n)
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted after {done:,} of {total:,} listings. They are done; run it again for the rest.",
                returncode=130,
            ) from None
        self.stdout.write(f"{done:,} listings are in the index.")

    def _check(self):
        found = check_index()
        for name, pks in (("missing", found.missing), ("extra", found.extra), ("stale", found.stale)):
            shown = ", ".join(map(str, pks[:20])) + (", …" if len(pks) > 20 else "")
            self.stdout.write(f"{name}: {len(pks):,}" + (f" (software {shown})" if pks else ""))
        if found:
            raise CommandError("The index differs from the listings. `rebuild_search` brings it up to date.")
