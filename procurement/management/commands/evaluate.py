import sys

from django.core.management.base import BaseCommand

from procurement.evaluation import cli


class Command(BaseCommand):
    help = "総合評価の文書を計算し、結果を JSON で出力します。誤りがあれば場所ごとに示し、終了コードは 2 です。"
    requires_system_checks = []  # whoever recomputes an award needs neither a database nor a configured site

    def add_arguments(self, parser):
        cli.add_arguments(parser)

    def handle(self, **options):
        cli.use_utf8()
        status = cli.run(
            options["file"],
            check=options["check"],
            language=options["lang"],
            stdin=sys.stdin.buffer,
            stdout=self.stdout,
            stderr=self.stderr,
        )
        if status != cli.OK:
            sys.exit(status)
