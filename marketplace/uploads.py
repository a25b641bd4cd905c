"""Looks at an uploaded file before anybody trusts it: what it really is, whether people can open it, what it may unfold to.

`inspect` is the gate of every upload. It does not look for malware: that is `malware.scan`, and nothing is served before
both have passed.
"""

import codecs
import ctypes
import hashlib
import os
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import PurePosixPath
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

MEBIBYTE = 1024 * 1024

# What a compressed office file may unfold to; an ordinary one of 20 MiB stays far below.
UNFOLDED_BYTES = 100 * MEBIBYTE
UNFOLDED_FILES = 5_000
CONTENT_TYPES_BYTES = MEBIBYTE

NAME_LENGTH = 150

_CHUNK = 256 * 1024
_HEAD = 64 * 1024  # enough for libmagic to tell the kinds below
_TAIL = 4 * 1024


class Kind(Enum):
    """The kinds of file we can take: content type, name for people, extensions."""

    PDF = ("application/pdf", "PDF", (".pdf",))
    DOCX = ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word", (".docx",))
    XLSX = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel", (".xlsx",))
    PPTX = ("application/vnd.openxmlformats-officedocument.presentationml.presentation", "PowerPoint", (".pptx",))
    CSV = ("text/csv", "CSV", (".csv",))
    TEXT = ("text/plain", _("テキスト"), (".txt",))
    PNG = ("image/png", "PNG", (".png",))
    JPEG = ("image/jpeg", "JPEG", (".jpg", ".jpeg"))

    label: Any
    extensions: tuple[str, ...]

    def __new__(cls, content_type: str, label: Any, extensions: tuple[str, ...]) -> "Kind":
        kind = object.__new__(cls)
        kind._value_ = content_type
        kind.label = label
        kind.extensions = extensions
        return kind

    @property
    def content_type(self) -> str:
        return str(self.value)


DOCUMENTS = (Kind.PDF, Kind.DOCX, Kind.XLSX, Kind.PPTX)
TABLES = (Kind.XLSX, Kind.CSV)
PICTURES = (Kind.PNG, Kind.JPEG)

_OFFICE = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": Kind.DOCX,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": Kind.XLSX,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml": Kind.PPTX,
}
# Parts that run: VBA, Excel 4.0 macro sheets, ActiveX controls.
_RUNNING_PARTS = re.compile(r"macroEnabled|vbaProject|macrosheet|activeX", re.IGNORECASE)
_SNIFFED = {"application/pdf": Kind.PDF, "image/png": Kind.PNG, "image/jpeg": Kind.JPEG}
_TEXTS = {"text/plain", "text/csv", "application/csv", "application/octet-stream"}

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # Word, Excel before 2007; also the envelope of password-protected newer ones
_OLE_ENCRYPTED = re.compile("EncryptedPackage".encode("utf-16-le"))
_PDF_ENCRYPTED = re.compile(rb"/Encrypt\s*(\d+\s+\d+\s+R|<<)")
# Control characters, and what Python makes of the bytes that CP932 leaves undefined.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\x80\uf8f0-\uf8f3]")


@dataclass(frozen=True)
class Inspection:
    """What a file turned out to be."""

    name: str  # safe to store and to send back in a header
    kind: Kind
    size: int  # bytes
    sha256: str  # hexadecimal
    encoding: str | None = None  # of text: "utf-8-sig" or "cp932"

    @property
    def content_type(self) -> str:
        return self.kind.content_type


def inspect(
    file: IO[bytes], allowed: Collection[Kind], *, name: str | None = None, max_bytes: int = 20 * MEBIBYTE
) -> Inspection:
    """Look at an upload (any seekable binary file; Django's UploadedFile brings its name) and leave it at its start.

    Raises ValidationError, in words for whoever uploads, when the file is empty or too large, is not of an `allowed` kind,
    is named as another kind than it is, is protected by a password, brings macros, is damaged, or unfolds to too much.
    """
    name = safe_name(name if name is not None else (file.name or ""))
    size, sha256 = _measured(file, max_bytes)
    kind, encoding = _kind(file, name)
    if kind is None or kind not in allowed:
        raise _refused(
            "kind", _("この種類のファイルは受け付けていません。%(kinds)sのファイルを選んでください。"), allowed
        )
    if not name.lower().endswith(kind.extensions):
        message = _("ファイル名の拡張子と中身が合っていません。中身は%(kind)sのファイルです。")
        raise ValidationError(message, code="extension", params={"kind": kind.label})
    if kind is Kind.PDF:
        _check_pdf(file, size)
    file.seek(0)
    return Inspection(name, kind, size, sha256, encoding)


def safe_name(name: str) -> str:
    """The last part of a file name without what could mislead or break: paths, control and direction characters.

    A right-to-left override can show "exe.pdf" where the name ends in ".exe". Long names keep their extension.
    """
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    name = " ".join(name.split()).strip(". ")
    suffix = PurePosixPath(name).suffix
    stem = name[: len(name) - len(suffix)]
    return f"{stem[: NAME_LENGTH - len(suffix)]}{suffix}"[:NAME_LENGTH]


def _measured(file: IO[bytes], max_bytes: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for chunk in _chunks(file):
        size += len(chunk)
        if size > max_bytes:
            limit = {"limit": filesizeformat(max_bytes)}
            raise ValidationError(_("ファイルが大きすぎます。%(limit)sまでにしてください。"), code="size", params=limit)
        digest.update(chunk)
    if size == 0:
        raise ValidationError(_("ファイルが空です。"), code="empty")
    return size, digest.hexdigest()


def _kind(file: IO[bytes], name: str) -> tuple[Kind | None, str | None]:
    """What the bytes are, whatever the name says; the name decides only between CSV and other text."""
    file.seek(0)
    head = file.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _office_kind(file), None
    if head.startswith(_OLE):
        if _found(file, _OLE_ENCRYPTED):
            raise _encrypted()
        return None, None
    sniffed = _magic().from_buffer(head)
    if sniffed in _SNIFFED:
        return _SNIFFED[sniffed], None
    if sniffed in _TEXTS and (encoding := _encoding(file)):
        return (Kind.CSV if name.lower().endswith(Kind.CSV.extensions) else Kind.TEXT), encoding
    return None, None


def _office_kind(file: IO[bytes]) -> Kind | None:
    """The kind of a zip file's office document, None for any other zip."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if any(entry.flag_bits & 0x1 for entry in entries):
                raise _encrypted()
            _check_unfolded(entries)
            if archive.testzip() is not None:  # reads everything, never more than was declared
                raise _damaged()
            if "[Content_Types].xml" not in archive.namelist():
                return None
            if archive.getinfo("[Content_Types].xml").file_size > CONTENT_TYPES_BYTES:
                raise _too_much()
            types = _content_types(archive.read("[Content_Types].xml"))
            names = archive.namelist()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        raise _damaged() from error
    if any(_RUNNING_PARTS.search(text) for text in (*types, *names)):
        message = _(
            "マクロなどの動くプログラムを含むファイルは受け付けていません。マクロなしの形式で保存し直してください。"
        )
        raise ValidationError(message, code="macro")
    return next((_OFFICE[content_type] for content_type in types if content_type in _OFFICE), None)


def _check_unfolded(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > UNFOLDED_FILES or sum(entry.file_size for entry in entries) > UNFOLDED_BYTES:
        raise _too_much()


def _content_types(xml: bytes) -> list[str]:
    try:
        root = ElementTree.fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException) as error:
        raise _damaged() from error
    return [element.get("ContentType", "") for element in root]


def _check_pdf(file: IO[bytes], size: int) -> None:
    file.seek(max(0, size - _TAIL))
    if b"%%EOF" not in file.read():
        raise _damaged()
    if _found(file, _PDF_ENCRYPTED):
        raise _encrypted()


def _encoding(file: IO[bytes]) -> str | None:
    """UTF-8 or the CP932 of Japanese Excel; None for bytes that are neither or hold control characters."""
    for encoding in ("utf-8-sig", "cp932"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            if not any(_NO_TEXT.search(decoder.decode(chunk)) for chunk in _chunks(file)):
                decoder.decode(b"", final=True)
                return encoding
        except UnicodeDecodeError:
            continue
    return None


def _found(file: IO[bytes], pattern: re.Pattern[bytes]) -> bool:
    """Whether `pattern`, which matches at most 64 bytes, occurs anywhere in the file."""
    before = b""
    for chunk in _chunks(file):
        if pattern.search(before + chunk):
            return True
        before = chunk[-64:]
    return False


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk


@cache
def _magic() -> Any:
    """libmagic from its wheel. Importing the wheel sets LD_LIBRARY_PATH for every child process and patches ctypes: undone.

    python-magic guards the handle with a lock, so one serves all threads.
    """
    environment, load = os.environ.copy(), ctypes.CDLL.__init__
    try:
        import pylibmagic
        from magic import Magic
    finally:
        for key in os.environ.keys() - environment.keys():
            del os.environ[key]
        os.environ.update(environment)
        ctypes.CDLL.__init__ = load  # type: ignore[method-assign]
    return Magic(mime=True, magic_file=str(pylibmagic.data / "magic.mgc"))


def _refused(code: str, message: Any, allowed: Collection[Kind]) -> ValidationError:
    return ValidationError(message, code=code, params={"kinds": "、".join(str(kind.label) for kind in allowed)})


def _encrypted() -> ValidationError:
    message = _("パスワードで保護されたファイルは受け付けていません。保護を外したファイルを選んでください。")
    return ValidationError(message, code="encrypted")


def _damaged() -> ValidationError:
    message = _("ファイルが壊れているか、途中で切れています。開けることを確かめて、もう一度選んでください。")
    return ValidationError(message, code="damaged")


def _too_much() -> ValidationError:
    return ValidationError(_("展開すると大きくなりすぎるファイルのため、受け付けられません。"), code="unfolded")
