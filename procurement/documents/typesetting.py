"""Sets a template with its data and returns the PDF: tagged, archivable, and the same bytes for the same input.

Data reach the template as one JSON text in `sys.inputs`, never as typst source, so no character of theirs is markup.
"""

import datetime
import json
import struct
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "templates"
FONTS = HERE / "fonts"


def typeset(template: str, data: dict[str, Any], *, created_at: datetime.datetime) -> bytes:
    """The PDF of `templates/<template>.typ` with `data`.

    `created_at` (aware) is the date in the file's metadata. It comes from the data, not from a clock: the same
    input gives the same bytes, so a filed document can be made again and compared.
    """
    compiler = typst.Compiler(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_printable_values(data), ensure_ascii=False)},
    )
    timestamp = created_at.astimezone(datetime.UTC).replace(microsecond=0)
    # Archivable and accessible at once; both forbid what would not print or speak the same later.
    pdf = compiler.compile(format="pdf", pdf_standards=["a-2a", "ua-1"], timestamp=timestamp)
    assert isinstance(pdf, bytes)  # noqa: S101  (a list is returned for pictures only)
    return pdf


def printable(text: str) -> str:
    """`text` with everything that our fonts have no shape for made visible as 〓(U+1F600).

    PDF/A and PDF/UA refuse a glyph that is not there, and an official document must not drop one silently: 〓 is the
    printer's old mark for a missing type, and the code point tells which. Format characters (zero width, text
    direction) have no shape of their own and could reorder what is signed, so they are left out; variation selectors stay,
    they choose the right form of a name's kanji.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\t", " ")
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(map(_printable_character, text))


def _printable_character(character: str) -> str:
    code = ord(character)
    if character == "\n" or code in _coverage() or 0xFE00 <= code <= 0xFE0E or 0xE0100 <= code <= 0xE01EF:
        return character
    if unicodedata.category(character) == "Cf" or code == 0xFE0F:
        return ""
    return f"〓(U+{code:04X})"


def _printable_values(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable_values(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_printable_values(entry) for entry in value]
    return value


@cache
def _fonts() -> typst.Fonts:
    """Our vendored faces only: a document must not look different because a machine has other fonts."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@cache
def _coverage() -> frozenset[int]:
    """Code points that we can print, by the text face (its bold has the same) or by the one it falls back to."""
    faces = ("BIZUDPGothic_400Regular.ttf", "NotoSansJP_400Regular.ttf")
    return frozenset().union(*(_character_map((FONTS / face).read_bytes()) for face in faces))


def _character_map(font: bytes) -> set[int]:
    """Code points of an OpenType file: its `cmap` subtable of format 12 (all of Unicode).

    https://learn.microsoft.com/typography/opentype/spec/cmap
    """
    (tables,) = struct.unpack_from(">H", font, 4)
    directory = (struct.unpack_from(">4sIII", font, 12 + 16 * index) for index in range(tables))
    cmap = next(offset for tag, _checksum, offset, _length in directory if tag == b"cmap")
    (subtables,) = struct.unpack_from(">H", font, cmap + 2)
    for index in range(subtables):
        (offset,) = struct.unpack_from(">I", font, cmap + 4 + 8 * index + 4)
        subtable = cmap + offset
        if struct.unpack_from(">H", font, subtable) == (12,):
            (groups,) = struct.unpack_from(">I", font, subtable + 12)
            ranges = (struct.unpack_from(">III", font, subtable + 16 + 12 * group) for group in range(groups))
            return {code for start, end, _glyph in ranges for code in range(start, end + 1)}
    raise ValueError("no cmap subtable of format 12")
