"""Tables out as XLSX and CSV, and in from XLSX: streamed, typed, and safe to open.

A cell whose text a spreadsheet program would run as a formula is the oldest trap of exports: a vendor's name is data,
whatever it begins with. Text stays text here; numbers, days and times keep their type.
"""

import csv
import datetime
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from unicodedata import category, east_asian_width
from zoneinfo import ZoneInfo

import openpyxl
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.xml import DEFUSEDXML

if not DEFUSEDXML:  # openpyxl falls back to the unsafe parser without a word
    raise ImportError("defusedxml is needed to read spreadsheets")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"

TOKYO = ZoneInfo("Asia/Tokyo")  # a spreadsheet knows no time zones: people read Tokyo's clock

YEN = "#,##0"
DATE = "yyyy-mm-dd"
TIME = "yyyy-mm-dd hh:mm:ss"

CELL_LENGTH = 32_767  # Excel's limit
SHEET_ROWS = 1_048_576  # Excel's limit; a file can claim a row with any number, and the rows before it come as blanks
SAFE_DIGITS = 15  # Excel computes in binary floating point: longer numbers would change

# What Excel, LibreOffice or Google Sheets may take for the start of a formula; full-width signs are normalised by some.
FORMULA_SIGNS = frozenset("=+-@＝＋－＠")
# XML 1.0 has no place for these at all.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Value = str | int | Decimal | bool | datetime.date | datetime.datetime | None


@dataclass(frozen=True)
class Column:
    """A column's heading; `width` in half-width characters (by the heading's length where None), `format` as in Excel."""

    title: str
    width: int | None = None
    format: str | None = None


@dataclass(frozen=True)
class Sheet:
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]


class SpreadsheetError(Exception):
    """A table cannot be read; the message is shown to the user."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program might run `text`: a sign it knows at the start, also after what it would trim."""
    if text.startswith(("\t", "\r")):
        return True
    for character in text:
        if character in FORMULA_SIGNS:
            return True
        if not (character.isspace() or category(character) in ("Cf", "Cc")):
            return False
    return False


def write_csv(columns: Sequence[Column], rows: Iterable[Sequence[Value]]) -> Iterator[bytes]:
    """The table as CSV (RFC 4180, UTF-8 with BOM for Excel), a piece a row, for a StreamingHttpResponse.

    Text that might run as a formula gets an apostrophe in front: CSV has no types to say that it is text.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([_csv_value(column.title) for column in columns])
    for row in rows:
        yield _taken(buffer)
        writer.writerow([_csv_value(value) for value in row])
    yield _taken(buffer)


def write_xlsx(file: IO[bytes], sheets: Iterable[Sheet]) -> None:
    """Write a workbook to `file`, row by row: memory does not grow with the rows.

    Text becomes a text cell, never a formula; a time is shown on Tokyo's clock; a number of more than 15 digits stays text.
    """
    workbook = openpyxl.Workbook(write_only=True)
    try:
        for sheet in sheets:
            _write_sheet(workbook, sheet)
    except BaseException:
        workbook.save(io.BytesIO())  # the only public way to close and remove the temporary files
        raise
    workbook.save(file)


def read_xlsx(file: IO[bytes], *, max_rows: int, max_columns: int = 100) -> Iterator[tuple[Any, ...]]:
    """The rows of a workbook's first sheet, blank ones at the end left out; formulas give their stored values.

    Raises SpreadsheetError on what is no workbook and beyond `max_rows` or `max_columns`. The stated size of the sheet is
    ignored, a file may lie about it. Look at the file with `uploads.inspect` first: it bounds what a zip may unfold to.
    """
    try:
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        worksheet = workbook.worksheets[0]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise SpreadsheetError(_("Excelブック（.xlsx）として読めません。")) from error
    try:
        worksheet.reset_dimensions()
        blank = 0
        for number, row in enumerate(worksheet.iter_rows(values_only=True), start=1):
            while row and row[-1] is None:
                row = row[:-1]
            if not row and number <= SHEET_ROWS:
                blank += 1
                continue
            if number > max_rows:
                raise SpreadsheetError(_("行が多すぎます。%(limit)s行までにしてください。") % {"limit": max_rows})
            if len(row) > max_columns:
                raise SpreadsheetError(_("列が多すぎます。%(limit)s列までにしてください。") % {"limit": max_columns})
            yield from [()] * blank
            blank = 0
            yield row
    finally:
        workbook.close()


def _write_sheet(workbook: openpyxl.Workbook, sheet: Sheet) -> None:
    worksheet = workbook.create_sheet(_sheet_title(sheet.title))
    worksheet.freeze_panes = "A2"
    worksheet.print_title_rows = "1:1"
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.paperSize = 9  # A4
    worksheet.page_setup.fitToHeight = 0
    worksheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    for index, column in enumerate(sheet.columns, start=1):
        width = column.width or _width(column.title) + 4
        worksheet.column_dimensions[get_column_letter(index)].width = width
    worksheet.append([_heading(worksheet, column.title) for column in sheet.columns])
    height = 1
    for row in sheet.rows:
        worksheet.append([_cell(worksheet, value, column) for value, column in zip(row, sheet.columns, strict=True)])
        height += 1
    worksheet.auto_filter.ref = f"A1:{get_column_letter(len(sheet.columns))}{height}"


def _csv_value(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_yes_no(value))
    if isinstance(value, datetime.datetime):
        return _tokyo(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | datetime.date):
        return str(value)
    return f"'{value}" if is_formula(value) else value


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def _cell(worksheet: Any, value: Value, column: Column) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return _text_cell(worksheet, value)
    if isinstance(value, bool):
        return _text_cell(worksheet, str(_yes_no(value)))
    if isinstance(value, datetime.datetime):
        cell = WriteOnlyCell(worksheet, _tokyo(value).replace(tzinfo=None))
        cell.number_format = column.format or TIME
    elif isinstance(value, datetime.date):
        cell = WriteOnlyCell(worksheet, value)
        cell.number_format = column.format or DATE
    elif len(Decimal(value).as_tuple().digits) > SAFE_DIGITS:
        return _text_cell(worksheet, f"{value:f}" if isinstance(value, Decimal) else str(value))
    else:
        cell = WriteOnlyCell(worksheet, value)
        cell.number_format = column.format or _number_format(value)
    cell.alignment = _TOP
    return cell


def _text_cell(worksheet: Any, text: str) -> Any:
    text = _UNWRITABLE.sub("〓", text)
    if len(text) > CELL_LENGTH:
        mark = _("…（長いため以下を省略）")
        text = text[: CELL_LENGTH - len(mark)] + mark
    cell = WriteOnlyCell(worksheet, text)
    cell.data_type = "s"  # openpyxl takes "=…" for a formula, and "#N/A" for an error
    cell.quotePrefix = is_formula(text)  # so that it is still text after somebody edits the cell
    cell.alignment = _TOP
    return cell


def _number_format(value: int | Decimal) -> str:
    """As many decimal places as the number is given with: points of 166.0800 stay so."""
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return f"#,##0.{'0' * -exponent}" if isinstance(exponent, int) and exponent < 0 else "#,##0"


def _heading(worksheet: Any, title: str) -> Any:
    cell = _text_cell(worksheet, title)
    cell.font, cell.fill, cell.border, cell.alignment = (
        _HEADING_FONT,
        _HEADING_FILL,
        _HEADING_BORDER,
        _HEADING_ALIGNMENT,
    )
    return cell


def _sheet_title(title: str) -> str:
    """Excel's names: at most 31 characters, none of []:*?/\\, no apostrophe at either end."""
    return re.sub(r"[\[\]:*?/\\\x00-\x1f]", "・", title).strip("'")[:31] or "Sheet"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "FWA" else 1 for character in text)


def _tokyo(moment: datetime.datetime) -> datetime.datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a time without its zone: {moment}")
    return moment.astimezone(TOKYO)


def _yes_no(value: bool) -> Any:
    return _YES if value else _NO


_YES, _NO = gettext_lazy("はい"), gettext_lazy("いいえ")
_TOP = Alignment(vertical="top", wrap_text=True)
_HEADING_FONT = Font(bold=True)
_HEADING_FILL = PatternFill("solid", start_color="E6E6E6")
_HEADING_BORDER = Border(bottom=Side("thin", color="949494"))
_HEADING_ALIGNMENT = Alignment(horizontal="center", vertical="center", wrap_text=True)
