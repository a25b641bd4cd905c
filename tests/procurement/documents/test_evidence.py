import copy
import hashlib
import io
import json

import pytest
from django.core.management import call_command

from procurement.documents import evidence
from procurement.evaluation.reading import load_json

from . import samples


def document(candidates=6):
    return evidence.evidence_document(samples.selection(candidates))


def signed_again(changed):
    """A forger who computes the digest anew."""
    content = {key: value for key, value in changed.items() if key not in ("format", "digest")}
    return evidence.evidence_document(content)


def paths(faults):
    return [fault.path for fault in faults]


def test_evidence_document_is_verified():
    assert evidence.verify(document()) == []


def test_evidence_document_leaves_its_content_alone():
    content = samples.selection()
    before = copy.deepcopy(content)

    evidence.evidence_document(content)

    assert content == before


def test_digest_can_be_computed_without_us():
    rest = document()
    claimed = rest.pop("digest")

    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert claimed == f"sha256:{hashlib.sha256(canonical).hexdigest()}"


def test_digest_survives_storage_and_layout():
    stored = json.loads(json.dumps(document(), indent=4, sort_keys=True))

    assert evidence.verify(stored) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["candidates"][3].update(reason="別の理由"),
        lambda d: d["candidates"][3].update(decision="kept"),
        lambda d: d["search"].update(searched_at="2026-11-22T14:01:12+09:00"),
        lambda d: d["search"]["criteria"].pop(),
        lambda d: d["candidates"][0]["software"].update(number=9),
        lambda d: d["procurement"]["officer"].update(name="他人"),
        lambda d: d.update(note=d["note"] + " "),
    ],
)
def test_verify_change_anywhere_breaks_the_digest(change):
    changed = document()
    change(changed)

    assert paths(evidence.verify(changed)) == ["$.digest"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda d: d["candidates"][3].update(reason=" "), "$.candidates[3].reason"),
        (lambda d: d["candidates"].pop(), "$.search.result_count"),
        (lambda d: d["candidates"][1].update(number=5), "$.candidates[1].number"),
        (lambda d: d["candidates"][1]["offer"].update(reference="OF-000001"), "$.candidates[1].offer.reference"),
        (lambda d: d["candidates"][0]["price"].update(total_yen="1"), "$.candidates[0].price.total_yen"),
        (
            lambda d: d["candidates"][0]["price"]["lines"][1].update(times=35),
            "$.candidates[0].price.lines[1].subtotal_yen",
        ),
        (lambda d: d.update(locked_at="2026-11-23T14:01:11+09:00"), "$.locked_at"),
    ],
)
def test_verify_statements_must_agree_even_with_a_new_digest(change, path):
    changed = document()
    change(changed)

    assert paths(evidence.verify(signed_again(changed))) == [path]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda d: d.pop("note"), "$.note"),
        (lambda d: d.update(extra=1), "$.extra"),
        (lambda d: d.update({"a b": 1}), "$['a b']"),
        (lambda d: d.update(format="selection-evidence/2"), "$.format"),
        (lambda d: d.update(candidates={}), "$.candidates"),
        (lambda d: d["candidates"].insert(0, None), "$.candidates[0]"),
        (lambda d: d["candidates"][0].update(number=True), "$.candidates[0].number"),
        (lambda d: d["candidates"][0].update(decision="maybe"), "$.candidates[0].decision"),
        (lambda d: d["candidates"][0]["software"].update(digest="abc"), "$.candidates[0].software.digest"),
        (lambda d: d["candidates"][0]["price"].update(total_yen=100), "$.candidates[0].price.total_yen"),
        (lambda d: d["candidates"][0]["price"].update(total_yen="1e9"), "$.candidates[0].price.total_yen"),
        (
            lambda d: d["candidates"][0]["seller"].update(corporate_number="123"),
            "$.candidates[0].seller.corporate_number",
        ),
        (lambda d: d["procurement"]["term"].update(start="2027-02-30"), "$.procurement.term.start"),
        (lambda d: d["procurement"].update(title=" "), "$.procurement.title"),
        (lambda d: d.update(locked_at="2026-11-23T14:05:09"), "$.locked_at"),
        (lambda d: d.update(locked_at="2026-11-23T25:05:09+09:00"), "$.locked_at"),
    ],
)
def test_verify_form(change, path):
    changed = document()
    change(changed)

    assert paths(evidence.verify(changed)) == [path]


@pytest.mark.parametrize("value", [None, [], "text", 5, {}])
def test_verify_no_document_at_all(value):
    assert evidence.verify(value) != []


def test_verify_finds_all_faults_of_form_at_once():
    changed = document()
    del changed["note"]
    changed["candidates"][2]["decision"] = None
    changed["search"]["result_count"] = "6"

    assert set(paths(evidence.verify(changed))) == {"$.note", "$.candidates[2].decision", "$.search.result_count"}


def test_verify_key_written_twice():
    text = json.dumps(document(), ensure_ascii=False)

    faults = evidence.verify(load_json(text.replace('"note":', '"note": "偽", "note":').encode()))

    assert paths(faults) == ["$.note"]


def test_compare_revisions():
    original = document(2)
    stored = {
        (kind, candidate[kind]["reference"], candidate[kind]["number"]): candidate[kind]["digest"]
        for candidate in original["candidates"]
        for kind in ("software", "offer")
    }
    assert evidence.compare_revisions(original, lambda *key: stored.get(key)) == []

    first = original["candidates"][0]
    stored["software", first["software"]["reference"], first["software"]["number"]] = samples.DIGEST
    del stored["offer", original["candidates"][1]["offer"]["reference"], 1]

    assert paths(evidence.compare_revisions(original, lambda *key: stored.get(key))) == [
        "$.candidates[0].software.digest",
        "$.candidates[1].offer.digest",
    ]


# The command


def verify_file(tmp_path, text, *options):
    file = tmp_path / "evidence.json"
    file.write_text(text, encoding="utf-8")
    stdout, stderr = io.StringIO(), io.StringIO()
    try:
        call_command("verify_evidence", str(file), *options, stdout=stdout, stderr=stderr)
    except SystemExit as ending:
        return ending.code, stdout.getvalue(), stderr.getvalue()
    return 0, stdout.getvalue(), stderr.getvalue()


def test_verify_evidence_whole_file(tmp_path):
    status, stdout, stderr = verify_file(tmp_path, json.dumps(document()))

    assert (status, stderr) == (0, "")
    assert "PR-7K2M9Q" in stdout
    assert document()["digest"] in stdout


def test_verify_evidence_changed_file(tmp_path):
    changed = document()
    changed["note"] = "別の考え方"

    status, stdout, stderr = verify_file(tmp_path, json.dumps(changed))

    assert (status, stdout) == (1, "")
    assert stderr.startswith("$.digest: 内容から計算した要約値")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1.5}', "[" * 100_000, json.dumps({"format": "evaluation/1"})]
)
def test_verify_evidence_other_file(tmp_path, text):
    status, stdout, stderr = verify_file(tmp_path, text)

    assert (status, stdout) == (2, "")
    assert stderr.startswith("$")


def test_verify_evidence_missing_file(tmp_path):
    stderr = io.StringIO()

    with pytest.raises(SystemExit) as ending:
        call_command("verify_evidence", str(tmp_path / "none.json"), stderr=stderr)

    assert ending.value.code == 2
    assert stderr.getvalue().startswith("$: ")
