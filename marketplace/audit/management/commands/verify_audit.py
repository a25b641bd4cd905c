from django.core.management import BaseCommand

from marketplace.audit.trail import verify


class Command(BaseCommand):
    help = (
        "Recompute the audit chain. Exit status: 0 whole, 1 broken. Keep the printed head elsewhere: "
        "a chain rewritten from the start is whole in itself, but ends in another head."
    )

    def add_arguments(self, parser):
        parser.add_argument("--head", metavar="HEX", help="a head noted earlier, which the chain must still contain")

    def handle(self, *, head, **options):
        found = verify(head=head)
        for fault in found.faults:
            self.stderr.write(fault)
        self.stdout.write(f"{found.events} events, {len(found.faults)} faults, head {found.head or '-'}")
        if found.faults:
            raise SystemExit(1)
