"""The two commands: `manage.py evaluate` and, without Django, `python -m procurement.evaluation`."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from procurement.evaluation import cli

from .builders import addition, bid

ROOT = Path(__file__).parents[3]
MLIT_A = ROOT.parent / "shared" / "award-sheets" / "mlit-a.json"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "文書.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return write


def run(file, *, check=False, language="ja", stdin=b""):
    """Exit status, standard output, and the lines of standard error."""
    stdout, stderr = io.StringIO(), io.StringIO()
    status = cli.run(file, check=check, language=language, stdin=io.BytesIO(stdin), stdout=stdout, stderr=stderr)
    return status, stdout.getvalue(), stderr.getvalue().splitlines()


def sheet(**expected):
    return {"document": addition(bid("A", 500), bid("B", 600)), "expected": expected}


def test_result_is_printed(write):
    status, output, faults = run(write(addition(bid("A", 500))))

    result = json.loads(output)
    assert (status, faults) == (0, [])
    assert result["winner"] == "A"
    assert list(result) == [
        "format",
        "document_digest",
        "rules_version",
        "standard_value",
        "bids",
        "tie",
        "winner",
        "provisional",
        "next",
    ]
    assert list(result["bids"][0]) == [
        "id",
        "outcome",
        "reasons",
        "technical_points",
        "bonus_points",
        "price_points",
        "price_components",
        "total",
        "rank",
    ]


def test_document_is_read_from_standard_input(write):
    document = addition(bid("A", 500))

    assert run("-", stdin=json.dumps(document).encode()) == run(write(document))


def test_bad_document_prints_a_line_a_fault_and_no_result(write):
    document = addition(bid("A", "5e2"), bid("A", 600), ceiling_price=None)

    status, output, faults = run(write(document))

    assert (status, output) == (2, "")
    assert faults == [
        "$.ceiling_price: linear の計算に必要ですが、null です [price_needed]",
        '$.bids[0].prices.total: 指数表記 "5e2" は使えません [exponent_refused]',
        '$.bids[1].id: "A" は二度使われています [duplicate_id]',
    ]


def test_faults_are_told_in_english(write):
    assert run(write(addition(bid("A", "5e2"))), language="en")[2] == [
        '$.bids[0].prices.total: the exponent in "5e2" is refused [exponent_refused]'
    ]


def test_lot_that_cannot_be_drawn_prints_no_result(write):
    status, output, faults = run(write(addition(bid("A", 500), bid("B", 500, lot_number=1, lot_order=1), ties=["lot"])))

    assert (status, output) == (2, "")
    assert [fault.split(":")[0] for fault in faults] == ["$.bids[0].lot_number", "$.bids[0].lot_order"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"a": 1,}', "$: JSON として読めません（1 行 9 文字目"),
        (b"\xff\xfe", "$: UTF-8 として読めません（0 バイト目）"),
    ],
)
def test_file_that_is_not_json_is_a_fault(write, content, fault):
    status, output, faults = run(write(content))

    assert (status, output) == (2, "")
    assert len(faults) == 1
    assert faults[0].startswith(fault)


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b"])
def test_file_that_cannot_be_read_is_a_fault(tmp_path, name):
    status, output, faults = run(str(tmp_path / name))

    assert (status, output) == (2, "")
    assert len(faults) == 1
    assert faults[0].endswith("[file_unreadable]")


def test_published_sheet_is_evaluated(write):
    status, output, _ = run(write(sheet(winner="B")))

    assert status == 0
    assert json.loads(output)["winner"] == "A"


def test_paths_point_into_the_sheet(write):
    content = sheet(winner="A") | {"note": ""}
    content["document"]["bids"][1]["prices"]["total"] = "0"

    assert [fault.split(": ")[0] for fault in run(write(content))[2]] == ["$.note", "$.document.bids[1].prices.total"]


def test_check_agrees_with_what_was_published(write):
    expected = {"winner": "A", "standard_value": None, "bids": {"A": {"outcome": "ranked", "total": "100", "rank": 1}}}

    status, output, faults = run(write(sheet(**expected)), check=True)

    assert (status, faults) == (0, [])
    assert json.loads(output)["winner"] == "A"


def test_check_names_every_difference(write):
    expected = {
        "winner": "B",
        "tie": None,
        "place": "東京",
        "bids": {"A": {"total": "100.0", "rank": True}, "C": {"total": "1"}},
    }

    status, output, faults = run(write(sheet(**expected)), check=True)

    assert status == 1
    assert json.loads(output)["winner"] == "A"
    assert faults == [
        '$.expected.winner: 公表値は "B"、計算値は "A" です [differs]',
        "$.expected.place: 公表値に対応する計算値がありません [not_computed]",
        '$.expected.bids.A.total: 公表値は "100.0"、計算値は "100" です [differs]',
        "$.expected.bids.A.rank: 公表値は true、計算値は 1 です [differs]",
        "$.expected.bids.C.total: 公表値に対応する計算値がありません [not_computed]",
    ]


def test_check_without_published_values_is_a_fault(write):
    status, output, faults = run(write(addition(bid("A", 500))), check=True)

    assert (status, output) == (2, "")
    assert faults == ["$.expected: 比べる公表値（expected）がありません [nothing_expected]"]


def test_management_command_prints_the_result():
    output = io.StringIO()

    call_command("evaluate", str(MLIT_A), "--check", stdout=output)

    assert json.loads(output.getvalue())["winner"] == "藤井建設"


def test_management_command_exits_with_the_status(write):
    output, faults = io.StringIO(), io.StringIO()

    with pytest.raises(SystemExit) as caught:
        call_command("evaluate", write({}), stdout=output, stderr=faults)

    assert caught.value.code == 2
    assert output.getvalue() == ""
    assert "$.bids: 必要な項目がありません [missing_key]" in faults.getvalue().splitlines()


def run_module(*arguments, **options):
    """`python -m procurement.evaluation` in a process where Django cannot be imported."""
    block = "import sys, runpy; sys.modules['django'] = None; runpy.run_module('procurement.evaluation', run_name='__main__')"
    command = [sys.executable, "-c", block, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60, **options)


def test_module_runs_without_django():
    done = run_module(str(MLIT_A), "--check")

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["winner"] == "藤井建設"


def test_module_writes_utf8_in_any_locale(write):
    """A Japanese result must reach a pipe whole, even where the locale is not UTF-8."""
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}

    good = run_module(str(MLIT_A), env=environment)
    bad = run_module(write({}), env=environment)

    assert json.loads(good.stdout.decode())["winner"] == "藤井建設"
    assert bad.returncode == 2
    assert "必要な項目がありません" in bad.stderr.decode()
