"""The evidence of a selection made in the application, and what the stored rows say about files that claim to be it."""

import io
import json

import pytest
from django.core.management import call_command

from procurement.documents import evidence, pdf
from tests.factories.procurement import selected_procurement

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored():
    return selected_procurement().selection.evidence


def verify(document, tmp_path):
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    stderr = io.StringIO()
    try:
        call_command("verify_evidence", str(file), "--against-database", stdout=io.StringIO(), stderr=stderr)
    except SystemExit as ending:
        return ending.code, [line.split(": ")[0] for line in stderr.getvalue().splitlines()]
    return 0, []


def signed_again(changed):
    content = {key: value for key, value in changed.items() if key not in ("format", "digest")}
    return evidence.evidence_document(content)


def test_selection_s_own_evidence_is_whole(stored, tmp_path):
    assert verify(stored, tmp_path) == (0, [])


def test_selection_s_own_evidence_can_be_printed(stored):
    assert pdf.selection_evidence(stored) == pdf.selection_evidence(stored)


def test_forged_evidence_with_a_fresh_digest(stored, tmp_path):
    stored["note"] = "あとから書いた考え方"

    assert verify(signed_again(stored), tmp_path) == (1, ["$.digest"])


def test_evidence_naming_another_revision(stored, tmp_path):
    stored["candidates"][0]["software"]["digest"] = "sha256:" + "0" * 64
    stored["candidates"][1]["offer"]["number"] = 99

    assert verify(signed_again(stored), tmp_path) == (
        1,
        ["$.digest", "$.candidates[0].software.digest", "$.candidates[1].offer.digest"],
    )


def test_evidence_of_an_unknown_procurement(stored, tmp_path):
    stored["procurement"]["reference"] = "PR-222222"

    assert verify(signed_again(stored), tmp_path) == (1, ["$.procurement.reference"])
