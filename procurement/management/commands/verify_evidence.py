import sys

from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from procurement.documents import evidence
from procurement.documents.schema import Fault
from procurement.evaluation.cli import read_bytes, use_utf8
from procurement.evaluation.faults import DocumentError
from procurement.evaluation.reading import load_json

CHANGED = 1  # it has the form of a selection record, but its parts do not agree, or the database says otherwise
NOT_EVIDENCE = 2


class Command(BaseCommand):
    help = (
        "選定記録（selection-evidence/1）が固定されたときのままかを確かめます。"
        "終了コードは 0 正しい、1 書き換えや矛盾がある、2 選定記録として読めない。"
    )
    requires_system_checks = []  # whoever verifies a record needs neither a database nor a configured site

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE.json", help="選定記録のファイル。- は標準入力")
        parser.add_argument(
            "--against-database", action="store_true", help="保存されている選定記録と掲載情報の版にも照らします"
        )
        parser.add_argument("--lang", choices=["ja", "en"], default="ja", help="メッセージの言語")

    def handle(self, **options):
        use_utf8()
        with translation.override(options["lang"]):
            status = self.verify(options["file"], options["lang"], against_database=options["against_database"])
        if status:
            sys.exit(status)

    def verify(self, file, language, *, against_database):
        try:
            document = load_json(read_bytes(file, sys.stdin.buffer))
        except DocumentError as error:
            return self.refuse([Fault(fault.path, fault.message(language)) for fault in error.faults], NOT_EVIDENCE)
        if faults := evidence.form_faults(document):
            return self.refuse(faults, NOT_EVIDENCE)
        faults = evidence.verify(document)
        if against_database:
            faults += [*stored_selection_faults(document), *evidence.compare_revisions(document, stored_digest)]
        if faults:
            return self.refuse(faults, CHANGED)
        self.stdout.write(
            _("%(reference)s の選定記録は正しく、書き換えられていません（%(digest)s）。")
            % {"reference": document["procurement"]["reference"], "digest": document["digest"]}
        )
        return 0

    def refuse(self, faults, status):
        for fault in faults:
            self.stderr.write(str(fault))
        return status


def stored_selection_faults(document):
    """A file whose digest was computed anew after a change agrees with itself, but not with the record we keep."""
    from procurement.models import Selection  # only here: without the option no database is needed

    reference = document["procurement"]["reference"]
    stored = Selection.objects.filter(procurement__reference=reference).values_list("digest", flat=True).first()
    if stored is None:
        return [Fault("$.procurement.reference", _("この調達案件の選定記録は保存されていません。"))]
    if stored != document["digest"]:
        return [Fault("$.digest", _("保存されている選定記録の要約値（%(stored)s）と違います。") % {"stored": stored})]
    return []


def stored_digest(kind, reference, number):
    from catalog.models import Revision

    target = (
        {"software__reference": reference, "offer": None} if kind == "software" else {"offer__reference": reference}
    )
    digest = (
        Revision.objects.filter(number=number, **target).exclude(digest="").values_list("digest", flat=True).first()
    )
    return digest and f"sha256:{digest}"
