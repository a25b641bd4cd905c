import io
import sys

from django.apps import apps
from django.core.management import BaseCommand, CommandError, call_command
from tqdm import tqdm

from marketplace.demo.data import DemoDataError
from procurement import demo


class Command(BaseCommand):
    help = "Replay the demonstration data through the application's own actions. Once: a second run changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("--force", action="store_true", help="outside the development settings too")

    def handle(self, *, force, **options):
        if not force and not apps.is_installed("marketplace.devmail"):
            raise CommandError("Made-up people belong in the development settings only (--force loads them anyway).")
        if demo.is_loaded():
            self.stdout.write("The demonstration data is here already.")
            return
        call_command("sync_categories", stdout=io.StringIO())
        try:
            steps = demo.load_demo(progress=self._progress)
        except (demo.DemoError, DemoDataError) as error:
            raise CommandError(f"The demonstration data could not be loaded; nothing was kept.\n{error}") from error
        self.stdout.write(f"Demonstration data loaded in {steps} steps.")

    def _progress(self, steps):
        quiet = not getattr(sys.stderr, "isatty", bool)()
        return tqdm(steps, desc="demonstration data", disable=quiet, leave=False)
