"""The command line of the engine, shared by `python -m procurement.evaluation` and `manage.py evaluate`."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from .document import parse_document
from .engine import evaluate
from .faults import DocumentError, Fault
from .messages import Language
from .reading import FILE_BYTES, Cursor, load_json, quote
from .result import Result

OK: Final = 0
DIFFERENT: Final = 1  # the computed result is not the published one
BAD_DOCUMENT: Final = 2


class Output(Protocol):
    def write(self, text: str, /) -> object: ...


@dataclass(frozen=True)
class Sheet:
    """What a file holds: an evaluation document, and the published values if it is a published sheet."""

    document: object
    path: str
    expected: object = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.json", help="評価文書（evaluation/1）。- は標準入力")
    parser.add_argument(
        "--check",
        action="store_true",
        help="ファイルの expected（公表値）と一桁も違わないかを確かめ、違えば終了コード 1",
    )
    parser.add_argument("--lang", choices=["ja", "en"], default="ja", help="メッセージの言語")


def run(file: str, *, check: bool, language: Language, stdin: BinaryIO, stdout: Output, stderr: Output) -> int:
    """Evaluate a file, print its result, and answer with the exit status.

    A bad document prints no result, only one line a fault: its JSON path, the message, and the fault's code.
    """
    faults: list[Fault] = []
    try:
        sheet = open_sheet(load_json(read_bytes(file, stdin)), faults)
        if check and sheet.expected is None:
            faults.append(Fault("$.expected", "nothing_expected"))
        result = evaluate(parse_document(sheet.document, path=sheet.path))
    except DocumentError as error:
        faults.extend(error.faults)
    if faults:
        _print_faults(faults, language, stderr)
        return BAD_DOCUMENT

    stdout.write(result.to_json() + "\n")
    differences = compare(result, sheet.expected) if check else []
    _print_faults(differences, language, stderr)
    return DIFFERENT if differences else OK


def read_bytes(file: str, stdin: BinaryIO) -> bytes:
    """The whole of a file, or of `stdin` for "-". Raises DocumentError if it cannot be read."""
    try:
        if file == "-":
            return stdin.read(FILE_BYTES + 1)
        with Path(file).open("rb") as stream:
            return stream.read(FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError([Fault("$", "file_unreadable", {"detail": detail})]) from None


def open_sheet(data: object, faults: list[Fault]) -> Sheet:
    """A file holds a document, or a published sheet: `{"document": …, "expected": …}`."""
    if not isinstance(data, dict) or "document" not in data or "format" in data:
        return Sheet(data, "$")
    members = Cursor(data, faults).record(required=("document",), optional=("expected",))
    return Sheet(members["document"].value, "$.document", data.get("expected"))


def compare(result: Result, expected: object) -> list[Fault]:
    """Where the published values differ from the computed ones, digit for digit."""
    differences: list[Fault] = []
    computed = result.as_dict()
    bids = {bid.id: bid.as_dict() for bid in result.bids}
    for key, published in Cursor(expected, differences, key="$.expected").members().items():
        if key == "bids":
            for bid_id, values in published.members().items():
                _compare_values(bids.get(bid_id, {}), values.members())
        elif key != "standard_value" or published.value is not None:  # not every published sheet prints it
            _compare_values(computed, {key: published})
    return differences


def _compare_values(computed: Mapping[str, object], published: Mapping[str, Cursor]) -> None:
    for key, cursor in published.items():
        if key not in computed:
            cursor.fault("not_computed")
        elif _plain(computed[key]) != _plain(cursor.value):
            cursor.fault("differs", expected=quote(cursor.value), computed=quote(computed[key]))


def _plain(value: object) -> str:
    """JSON text to compare by: it tells 1 from true and from "1", whose Python values may be equal."""
    return json.dumps(value, sort_keys=True, default=quote)


def _print_faults(faults: list[Fault], language: Language, stream: Output) -> None:
    for fault in faults:
        stream.write(f"{fault.path}: {fault.message(language)} [{fault.code}]\n")


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m procurement.evaluation`."""
    parser = argparse.ArgumentParser(
        prog="python -m procurement.evaluation", description="総合評価の文書を計算し、結果を JSON で出力します。"
    )
    add_arguments(parser)
    options = parser.parse_args(arguments)
    use_utf8()
    return run(
        options.file,
        check=options.check,
        language=options.lang,
        stdin=sys.stdin.buffer,
        stdout=sys.stdout,
        stderr=sys.stderr,
    )


def use_utf8() -> None:
    """JSON is UTF-8 whatever the terminal's locale says; messages lose a character rather than the line."""
    for stream, errors in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        reconfigure = getattr(stream, "reconfigure", None)  # absent where the stream was replaced, as in tests
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors=errors)
