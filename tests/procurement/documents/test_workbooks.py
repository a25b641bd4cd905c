import datetime
import io

import openpyxl

from marketplace.spreadsheets import write_xlsx
from procurement.documents import evidence, workbooks

from . import samples


def opened(sheets):
    file = io.BytesIO()
    write_xlsx(file, sheets)
    return openpyxl.load_workbook(file)


def rows(sheet):
    return [tuple(cell.value for cell in row) for row in sheet.iter_rows()]


def test_selection_sheets():
    document = evidence.evidence_document(samples.selection())

    book = opened(workbooks.selection_sheets(document))

    assert book.sheetnames == ["概要", "候補", "価格の計算"]
    facts = dict(rows(book["概要"]))
    assert facts["予算額（円）"] == 9_900_000
    assert facts["利用開始日"] == datetime.datetime(2027, 4, 1)
    assert facts["固定した日時"] == datetime.datetime(2026, 11, 23, 14, 5, 9)
    assert facts["要約値"] == document["digest"]
    assert facts["対象団体"] == "市区町村"
    candidates = rows(book["候補"])
    assert len(candidates) == 7
    assert candidates[1][:2] == (1, "キンタイ・クラウド for 自治体")
    assert candidates[1][9:] == (9_834_000, "税込", "残す", None)
    assert candidates[4][9:] == (None, None, "除外", samples.REASONS[3])
    lines = [row for row in rows(book["価格の計算"]) if row[0] == 2]
    assert [row[4:] for row in lines] == [
        (300_000, "一式", 1, 1, 300_000),
        (180.5, "利用者", 1200, 36, 7_797_600),
        (None, None, None, None, 809_760),
    ]


def test_selection_sheets_formula_of_a_vendor_stays_text():
    content = samples.selection()
    content["candidates"][0]["software"]["name"] = "=1+1"

    cell = opened(workbooks.selection_sheets(evidence.evidence_document(content)))["候補"]["B2"]

    assert (cell.data_type, cell.value) == ("s", "=1+1")


def test_evaluation_sheets():
    book = opened(workbooks.evaluation_sheets(samples.report()))

    assert book.sheetnames == ["結果", "採点", "評価の方法"]
    results = rows(book["結果"])
    assert results[0][7] == "総合評価点"
    assert [row[1] for row in results[1:]] == [
        "合同会社おおぞらシステムズ",
        "株式会社みなと情報",
        "株式会社𠮷野デジタル",
        "一般社団法人地域情報化協会",
    ]
    assert results[1][3:9] == (7_450_000, 74.5, 15, 12.3737, 101.8737, "落札者")
    assert results[3][4:9] == (None, None, None, None, "予定価格超過")
    marks = rows(book["採点"])
    assert len(marks) == 1 + 3 * 2 * 4
    assert marks[1] == ("株式会社みなと情報", "e1", "LGWANから利用できること", "適合", None)
    assert marks[2] == ("株式会社みなと情報", "e1", "申請と承認の流れを職員が変更できること", 30, 30)
    assert dict(rows(book["評価の方法"]))["方式"] == "加算方式（総合評価点 ＝ 技術点 ＋ 価格点）"
