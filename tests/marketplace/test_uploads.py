import hashlib
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from marketplace import uploads
from marketplace.uploads import Kind, inspect, safe_name

CONTENT_TYPES = "[Content_Types].xml"
MAIN = {
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    Kind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def office(*content_types, **members):
    overrides = "".join(f'<Override PartName="/{n}" ContentType="{t}"/>' for n, t in enumerate(content_types))
    types = f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{overrides}</Types>'
    return zipped(**{CONTENT_TYPES: types, "word/document.xml": "<x/>", **members})


def workbook():
    file = io.BytesIO()
    openpyxl.Workbook().save(file)
    return file.getvalue()


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


PDF = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
GOOD = {
    Kind.PDF: ("提案書.pdf", PDF),
    Kind.DOCX: ("提案書.DOCX", office(MAIN[Kind.DOCX])),
    Kind.XLSX: ("価格表.xlsx", workbook()),
    Kind.PPTX: ("説明.pptx", office(MAIN[Kind.PPTX])),
    Kind.CSV: ("一覧.csv", "名称,金額\r\n勤怠,1\r\n".encode()),
    Kind.TEXT: ("メモ.txt", "一行目\n二行目".encode()),
    Kind.PNG: ("図.png", png()),
    Kind.JPEG: ("図.jpeg", bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(64) + b"\xff\xd9"),
}


def refused(name, content, allowed=tuple(Kind), **options):
    with pytest.raises(ValidationError) as refusal:
        inspect(io.BytesIO(content), allowed, name=name, **options)
    assert refusal.value.messages[0].endswith("。")
    return refusal.value.code


@pytest.mark.parametrize("kind", Kind)
def test_inspect_knows_each_kind(kind):
    name, content = GOOD[kind]
    file = SimpleUploadedFile(name, content, content_type="application/x-whatever-the-browser-says")
    file.read(3)

    found = inspect(file, [kind])

    assert (found.name, found.kind, found.size, found.content_type) == (name, kind, len(content), kind.content_type)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert file.tell() == 0


@pytest.mark.parametrize("kind", Kind)
def test_inspect_kind_that_is_not_allowed(kind):
    name, content = GOOD[kind]

    assert refused(name, content, [other for other in Kind if other is not kind]) in ("kind", "extension")


@pytest.mark.parametrize("kind", [Kind.PDF, Kind.DOCX, Kind.XLSX, Kind.PPTX, Kind.PNG, Kind.JPEG])
@pytest.mark.parametrize("name", ["a.exe", "a", "a.pdf.html", "pdf", ".pdf"])
def test_inspect_extension_of_something_else(kind, name):
    assert refused(name, GOOD[kind][1]) == "extension"


def test_inspect_extension_of_another_allowed_kind():
    assert refused("価格表.pdf", GOOD[Kind.XLSX][1]) == "extension"
    assert refused("提案書.xlsx", GOOD[Kind.DOCX][1]) == "extension"


@pytest.mark.parametrize(
    "content",
    [
        b"MZ" + bytes(200),
        b"\x7fELF" + bytes(200),
        b"<html><script>alert(1)</script></html>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"#!/bin/sh\nrm -rf /\n",
        b"GIF89a" + bytes(20),
        b"\x00\x01\x02\x03",
        zipped(a="b"),
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
        b"  %PDF-1.7",
    ],
)
@pytest.mark.parametrize("extension", ["pdf", "docx", "xlsx", "csv", "txt", "png"])
def test_inspect_disguise(content, extension):
    assert refused(f"a.{extension}", content) in ("kind", "extension", "damaged")


def test_inspect_empty():
    assert refused("a.pdf", b"") == "empty"


def test_inspect_size_limit_is_inclusive():
    assert inspect(io.BytesIO(PDF), [Kind.PDF], name="a.pdf", max_bytes=len(PDF)).size == len(PDF)
    assert refused("a.pdf", PDF, max_bytes=len(PDF) - 1) == "size"


def test_inspect_stops_reading_at_the_limit():
    class Endless(io.RawIOBase):
        taken = 0

        def seek(self, *_):
            return 0

        def read(self, size=-1):
            self.taken += size
            return b"a" * size

    file = Endless()

    with pytest.raises(ValidationError):
        inspect(file, [Kind.TEXT], name="a.txt", max_bytes=1_000_000)

    assert file.taken < 2_000_000


def test_inspect_pdf_with_password():
    assert refused("a.pdf", PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 5 0 R")) == "encrypted"


def test_inspect_pdf_with_password_across_a_chunk(monkeypatch):
    monkeypatch.setattr(uploads, "_CHUNK", 100)
    for padding in range(70, 110):
        content = PDF.replace(b"trailer", b"%" + b"x" * padding + b"\ntrailer").replace(
            b"/Root", b"/Encrypt 5 0 R/Root"
        )
        assert refused("a.pdf", content) == "encrypted"


def test_inspect_pdf_cut_off():
    assert refused("a.pdf", PDF[:-10]) == "damaged"


def test_inspect_office_with_password():
    envelope = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000) + "EncryptedPackage".encode("utf-16-le") + bytes(90)

    assert refused("a.docx", envelope) == "encrypted"


def test_inspect_zip_with_password():
    content = bytearray(office(MAIN[Kind.DOCX]))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        content[at + offset] |= 1

    assert refused("a.docx", bytes(content)) == "encrypted"


@pytest.mark.parametrize(
    "content",
    [
        office("application/vnd.ms-word.document.macroEnabled.main+xml"),
        office(MAIN[Kind.DOCX], "application/vnd.ms-office.vbaProject"),
        office(MAIN[Kind.DOCX], **{"word/vbaProject.bin": b"x"}),
        office(MAIN[Kind.DOCX], "application/vnd.ms-office.activeX+xml"),
        office(MAIN[Kind.DOCX], **{"xl/macrosheets/sheet1.xml": b"x"}),
    ],
)
def test_inspect_macros(content):
    assert refused("a.docx", content) == "macro"


def test_inspect_zip_bomb_by_size():
    bomb = office(MAIN[Kind.DOCX], **{"word/media/a": bytes(uploads.UNFOLDED_BYTES)})

    assert len(bomb) < 1_000_000
    assert refused("a.docx", bomb) == "unfolded"


def test_inspect_zip_bomb_by_count(monkeypatch):
    monkeypatch.setattr(uploads, "UNFOLDED_FILES", 10)

    assert refused("a.docx", office(MAIN[Kind.DOCX], **{f"word/{n}": b"" for n in range(10)})) == "unfolded"


def test_inspect_zip_that_lies_about_its_size():
    """The directory declares 1 byte, the data unfold to many: nothing beyond the declaration is unfolded."""
    content = bytearray(office(MAIN[Kind.DOCX], **{"word/media/a": bytes(1_000_000)}))
    record = content.rfind(b"PK\x01\x02")
    content[record + 24 : record + 28] = struct.pack("<I", 1)

    assert refused("a.docx", bytes(content)) == "damaged"


@pytest.mark.parametrize("kind", [Kind.DOCX, Kind.XLSX])
def test_inspect_office_cut_off(kind):
    name, content = GOOD[kind]

    assert refused(name, content[: len(content) // 2]) == "damaged"


def test_inspect_office_with_a_flipped_bit():
    content = bytearray(zipped(**{CONTENT_TYPES: "<Types/>", "a": os.urandom(1000)}))
    content[-600] ^= 1

    assert refused("a.docx", bytes(content)) == "damaged"


@pytest.mark.parametrize("types", ["not xml", '<!DOCTYPE x [<!ENTITY a "b">]><Types/>', ""])
def test_inspect_office_with_bad_content_types(types):
    assert refused("a.docx", zipped(**{CONTENT_TYPES: types})) == "damaged"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("名称,金額".encode(), "utf-8-sig"),
        ("名称,金額".encode("utf-8-sig"), "utf-8-sig"),
        ("名称,金額①㈱".encode("cp932"), "cp932"),
        (b"a,b\r\n1,2\r\n", "utf-8-sig"),
        (b"a", "utf-8-sig"),
    ],
)
def test_inspect_csv_encoding(content, encoding):
    assert inspect(io.BytesIO(content), [Kind.CSV], name="a.csv").encoding == encoding


def test_inspect_csv_character_across_a_chunk(monkeypatch):
    monkeypatch.setattr(uploads, "_CHUNK", 7)

    assert inspect(io.BytesIO("名称,金額,説明".encode() * 20), [Kind.CSV], name="a.csv").encoding == "utf-8-sig"


@pytest.mark.parametrize("content", [b"a,b\x00c", "名称".encode("utf-16"), b"a,\xff\xff\xff"])
def test_inspect_csv_that_is_no_text(content):
    assert refused("a.csv", content) == "kind"


def test_inspect_says_which_kinds_are_taken():
    with pytest.raises(ValidationError) as refusal:
        inspect(io.BytesIO(b"MZ" + bytes(99)), [Kind.PDF, Kind.XLSX], name="a.exe")

    assert refusal.value.messages == ["この種類のファイルは受け付けていません。PDF、Excelのファイルを選んでください。"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C:\\Users\\me\\提案書.pdf", "提案書.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a\x00b\n.pdf", "ab.pdf"),
        ("報告\u202efdp.exe", "報告fdp.exe"),
        ("  a   b .pdf ", "a b .pdf"),
        ("か\u3099.pdf", "が.pdf"),
        ("長" * 300 + ".pdf", "長" * 146 + ".pdf"),
        ("...", ""),
    ],
)
def test_safe_name(name, expected):
    assert safe_name(name) == expected


def test_inspect_leaves_the_environment_alone():
    script = (
        "import os, ctypes, io; before = dict(os.environ), ctypes.CDLL.__init__;"
        "from marketplace.uploads import Kind, inspect; inspect(io.BytesIO(b'a'), [Kind.TEXT], name='a.txt');"
        "assert (dict(os.environ), ctypes.CDLL.__init__) == before"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
