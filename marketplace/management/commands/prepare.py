from pathlib import Path

from django.core.management import BaseCommand, call_command, get_commands


class Command(BaseCommand):
    help = "Bring database, messages and demonstration data up to date (what `make run` does before it starts)."

    def add_arguments(self, parser):
        parser.add_argument("--accounts", metavar="FILE", help="write the demonstration accounts to this file")
        parser.add_argument("--empty", action="store_true", help="without demonstration data")

    def handle(self, *, accounts, empty, **options):
        known = get_commands()
        if "messages" in known:
            call_command("messages", compile=True)
        call_command("migrate", verbosity=options["verbosity"] - 1, interactive=False)
        call_command("createcachetable", verbosity=options["verbosity"] - 1)
        call_command("sync_categories", verbosity=options["verbosity"])
        if "load_demo" in known and not empty:
            call_command("load_demo")
        if accounts:
            path = Path(accounts)
            with path.open("w") as file:
                if "demo_accounts" in known and not empty:
                    call_command("demo_accounts", short=True, stdout=file)
