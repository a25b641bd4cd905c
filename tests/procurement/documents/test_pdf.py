import datetime
import io
import json
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pypdf
import pytest

from procurement.documents import evidence, pdf
from procurement.documents.typesetting import printable

from . import samples

MARKUP = '#panic("x") $x$ *太字* _斜体_ <印> @参照 \\n `raw` [箱] {波} // 注 = 見出し "引用" /* 注 */ ~ --- #sys.inputs'


def selection(content=None):
    return pdf.selection_evidence(evidence.evidence_document(content or samples.selection()))


def text_of(document):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages)


def squeezed(text):
    """Without white space: a line may break anywhere in Japanese."""
    return re.sub(r"\s|\u200b", "", text)


def assert_has(document, *texts):
    found = squeezed(text_of(document))
    assert [text for text in texts if squeezed(text) not in found] == []


def headings(reader):
    """The bookmarks, children in lists of their own."""

    def titles(outline):
        return [titles(entry) if isinstance(entry, list) else entry.title for entry in outline]

    return titles(reader.outline)


def below(node):
    """A node of the structure tree and all under it."""
    node = node.get_object()
    if isinstance(node, list):
        for child in node:
            yield from below(child)
    elif isinstance(node, dict):
        yield node
        if "/K" in node:
            yield from below(node["/K"])


def nodes(reader):
    return below(reader.trailer["/Root"]["/StructTreeRoot"])


def structure(reader):
    """How often each structure tag occurs."""
    return Counter(node["/S"] for node in nodes(reader) if "/S" in node)


DOCUMENTS = {
    "selection_evidence": selection,
    "evaluation_report": lambda: pdf.evaluation_report(samples.report()),
    "award_notice": lambda: pdf.award_notice(samples.notice()),
}


@pytest.fixture(params=DOCUMENTS)
def made(request):
    return DOCUMENTS[request.param]


def test_document_is_tagged_titled_and_archivable(made):
    reader = pypdf.PdfReader(io.BytesIO(made()))
    root = reader.trailer["/Root"]
    metadata = root["/Metadata"].get_object().get_data().decode()
    tags = structure(reader)

    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712  (pypdf's own boolean)
    assert root["/Lang"].startswith("ja")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert reader.metadata.title.endswith("勤怠管理サービスの調達")
    assert reader.metadata.author == "青葉県みどり市"
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert tags["/H1"] >= 3
    assert tags["/TH"] >= 3
    assert headings(reader)[0].startswith("1.")


def test_document_s_every_table_has_headers(made):
    """Someone who hears the page needs the name of the column with each cell."""
    reader = pypdf.PdfReader(io.BytesIO(made()))
    tables = [node for node in nodes(reader) if node.get("/S") == "/Table"]

    assert len(tables) >= 3
    assert [table for table in tables if not any(node.get("/S") == "/TH" for node in below(table))] == []


def test_document_is_a4_portrait_and_fonts_are_embedded(made):
    reader = pypdf.PdfReader(io.BytesIO(made()))

    for page in reader.pages:
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
        for font in page["/Resources"]["/Font"].values():
            [descendant] = font.get_object()["/DescendantFonts"]
            descriptor = descendant.get_object()["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_document_is_the_same_bytes_again(made):
    assert made() == made()


def test_document_is_the_same_bytes_in_another_process_clock_and_zone(tmp_path):
    content = tmp_path / "content.json"
    content.write_text(json.dumps(evidence.evidence_document(samples.selection())), encoding="utf-8")
    script = (
        "import json, sys, django; django.setup(); from procurement.documents import pdf;"
        "sys.stdout.buffer.write(pdf.selection_evidence(json.load(open(sys.argv[1], encoding='utf-8'))))"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "marketplace.settings.test",
        "TZ": "America/New_York",
        "PYTHONHASHSEED": "7",
        "PATH": "/usr/bin:/bin",
        "SOURCE_DATE_EPOCH": "0",
    }
    root = Path(__file__).parents[3]

    time.sleep(1.1)  # so that a clock's second would differ
    again = subprocess.run(
        [sys.executable, "-c", script, content], capture_output=True, env=environment, cwd=root, check=True
    )

    assert again.stdout == selection()


def test_document_dates_from_its_data(made):
    expected = {
        "選定記録": "2026-11-23T14:05:09",
        "総合評価結果": "2027-01-20T10:00:03",
        "入札結果通知書": "2027-01-21T00:00:00",
    }
    reader = pypdf.PdfReader(io.BytesIO(made()))

    created = reader.metadata.creation_date

    assert created == datetime.datetime.fromisoformat(expected[reader.metadata.title.split()[0]] + "+09:00")
    assert reader.metadata.modification_date == created


def test_every_page_says_what_it_belongs_to():
    content = samples.selection(60)
    digest = evidence.evidence_document(content)["digest"].removeprefix("sha256:")
    pages = pypdf.PdfReader(io.BytesIO(selection(content))).pages

    for number, page in enumerate(pages, start=1):
        text = squeezed(page.extract_text())
        assert f"選定記録PR-7K2M9Q（検索第1回）要約値{digest[:12]}" in text
        assert f"{number}/{len(pages)}" in text


# 選定記録


def test_selection_evidence_says_everything():
    content = samples.selection()
    document = evidence.evidence_document(content)

    assert_has(
        pdf.selection_evidence(document),
        "勤怠管理サービスの調達（PR-7K2M9Q）",
        "青葉県みどり市 総務部情報政策課",
        "情報政策課 主査 髙橋 恵子",
        "¥9,900,000（税込）",
        "令和9年4月1日から令和12年3月31日まで（3年）",
        "令和8年11月23日（令和8年度）",
        "令和8年11月23日 14時05分09秒",
        "令和8年11月23日 14時01分12秒",
        "掲載中のソフトウェア 1,534件、販売サービス 2,217件",
        "業務分類 内部事務 > 勤怠管理・庶務",
        "q=勤怠管理&category=attendance&target=municipality&certification=ismap,iso27001",
        document["digest"],
        "manage.py verify_evidence",
        "selection-PR-7K2M9Q.json",
        "作成者",
        "確認者",
        "¥180.5",
        "第2版",
    )


def test_selection_evidence_says_everything_of_each_candidate():
    content = samples.selection()

    assert_has(
        selection(content),
        *(
            text
            for candidate in content["candidates"]
            for text in (
                candidate["software"]["name"],
                candidate["software"]["digest"].removeprefix("sha256:")[:4],
                candidate["offer"]["reference"],
                candidate["seller"]["name"],
                f"法人番号 {candidate['seller']['corporate_number']}",
                candidate["reason"],
            )
        ),
    )


def test_selection_evidence_counts_candidates_and_sellers():
    content = samples.selection()
    content["candidates"][1]["seller"] = content["candidates"][0]["seller"]

    assert_has(selection(content), "6件3件3件2者")


def test_selection_evidence_refuses_a_changed_document():
    document = evidence.evidence_document(samples.selection())
    document["note"] = "別の考え方"

    with pytest.raises(pdf.DocumentFault) as refusal:
        pdf.selection_evidence(document)

    assert [fault.path for fault in refusal.value.faults] == ["$.digest"]


def test_selection_evidence_without_anything_optional():
    content = samples.selection(0)
    for key in ("department", "budget_tax"):
        del content["procurement"][key]
    content["procurement"].update(budget_yen=None, term=None, purpose="", officer={"name": "髙橋 恵子", "post": ""})
    content["search"].update(criteria=[], query="")
    del content["search"]["price_basis"]
    del content["catalogue"]["digest"]
    content["note"] = ""

    assert_has(
        selection(content),
        "予算額 定めなし",
        "利用期間 定めなし",
        "条件を指定していません",
        "残した候補はありません。",
        "除いた候補はありません。",
        "価格を公開している候補はありません。",
    )


def test_selection_evidence_long_table_repeats_its_header():
    document = selection(samples.selection(120))
    pages = [squeezed(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(document)).pages]

    assert len([page for page in pages if "番号ソフトウェア販売事業者価格（税込）除いた理由" in page]) >= 3
    assert "OF-000120" in "".join(pages)


def test_selection_evidence_prices_with_and_without_tax_are_told_apart():
    content = samples.selection()
    content["candidates"][0]["price"]["tax"] = "excluded"

    assert_has(selection(content), "¥9,834,000 税抜", "¥8,907,360 税込")


@pytest.mark.parametrize(
    "text",
    [
        MARKUP,
        "非常に長い名称の" * 30,
        "Supercalifragilistic" * 20,
        "𠮷野家 髙﨑 邉邊 葛󠄀城 辻󠄁 彅 纊 ①㈱㍿ ゔ が",
        "Café Zürich Łódź ﬁ ½",
        "一行目\n二行目\r\n三行目",
    ],
)
def test_any_text_is_printed_as_it_is(text):
    content = samples.selection()
    content["procurement"].update(title=text, agency=text, purpose=text)
    content["search"]["criteria"] = [{"label": text, "value": text}]
    content["candidates"][0]["software"]["name"] = text
    content["candidates"][0]["seller"]["name"] = text
    content["candidates"][3]["reason"] = text

    document = selection(content)

    # Ligatures and compatibility characters come back from a PDF in their plain form.
    plain = [character for character in squeezed(text) if character.isascii() or "\u3040" <= character <= "\u9fff"]
    assert set(plain) <= set(text_of(document))
    if text == MARKUP:
        assert_has(document, MARKUP)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\tb\r\nc\rd", "a b\nc\nd"),
        ("😀", "〓(U+1F600)"),
        ("한글", "〓(U+D55C)〓(U+AE00)"),
        ("\x00\x07", "〓(U+0000)〓(U+0007)"),
        ("\ue000", "〓(U+E000)"),
        ("株式\u202e会社\u200b例\ufeff", "株式会社例"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("𠮷", "𠮷"),
    ],
)
def test_printable(text, expected):
    assert printable(text) == expected


def test_document_with_characters_no_font_has():
    content = samples.selection()
    content["procurement"]["title"] = "絵文字😀と한글\x00"

    assert_has(selection(content), "絵文字〓(U+1F600)と〓(U+D55C)〓(U+AE00)〓(U+0000)")


# 総合評価結果


def test_evaluation_report_says_everything():
    report = samples.report()

    assert_has(
        pdf.evaluation_report(report),
        "落札者 合同会社おおぞらシステムズ",
        "入札価格 ¥7,450,000",
        "加算方式（総合評価点 ＝ 技術点 ＋ 価格点）",
        "50 ×（1 − 入札価格 ÷ 予定価格）（小数第5位を切り捨て）",
        "予定価格 ¥9,900,000",
        "評価者の採点の平均（小数第3位を四捨五入）",
        "一人でも不適合とした評価者があれば不合格",
        "（1）技術点（加点を含む）が高い者、（2）入札価格が低い者、（3）くじで当選した者",
        "A 100％　B 70％　C 40％　D 0％",
        "えるぼし（3段階目） 5 ワーク・ライフ・バランス",
        "1 合同会社おおぞらシステムズ ¥7,450,000 74.5 15 12.3737 101.8737 落札者",
        "2 株式会社みなと情報 ¥8,900,000 93.25 0 5.0505 98.3005",
        "― 株式会社𠮷野デジタル ¥12,000,000 ― ― ― ― 予定価格超過",
        "― 一般社団法人地域情報化協会 ¥8,000,000 ― ― ― ― 辞退",
        "申請と承認の流れを職員が変更できること 25.50 30.00 30.00",
        "LGWANから利用できること 適合 2/2",
        "設立（令和3年4月1日）から10年未満",
        "同点はありません。",
        "評価者は2人です。",
        report["result"]["document_digest"],
        "地方自治法施行令第167条の10の2",
        "開札 令和9年1月20日 10時00分00秒",
    )


def test_evaluation_report_provisional_award():
    document = samples.evaluation_document()
    document["low_price_threshold"] = "8000000"

    assert_has(
        pdf.evaluation_report(samples.report(document)),
        "落札候補者 合同会社おおぞらシステムズ",
        "調査で失格のとき 株式会社みなと情報",
        "低入札価格調査の結果が出るまで落札者は確定しません",
    )


def test_evaluation_report_nobody_wins():
    document = samples.evaluation_document()
    document["ceiling_price"] = "1000000"

    assert_has(pdf.evaluation_report(samples.report(document)), "落札者 なし")


def test_evaluation_report_zero_is_printed_and_missing_is_a_dash():
    document = samples.evaluation_document()
    for marks in document["bids"][0]["marks"].values():
        marks.update(S1="D", S3="0")
    document["technical"]["minimum"] = None

    assert_has(
        pdf.evaluation_report(samples.report(document)),
        "申請と承認の流れを職員が変更できること 25.50 0.00 30.00",
        "障害時の復旧の目標と実績 12.50 0.00 20.00",
    )


def test_evaluation_report_division_and_tie_by_lot():
    document = samples.evaluation_document()
    del document["price"]
    document.update(
        method="division",
        division={"scale": "100000000", "standard_points": "100", "rounding": {"mode": "down", "digits": 4}},
        criteria=[],
        bonuses=[],
        technical={**document["technical"], "points": None, "base_points": "0", "minimum": None},
        bids=[
            {
                "id": bid,
                "status": "valid",
                "prices": {"total": "8000000"},
                "technical_points": "150",
                "lot_number": 2,
                "lot_order": order,
            }
            for order, bid in enumerate(("B1", "B2"))
        ],
    )

    assert_has(
        pdf.evaluation_report(samples.report(document)),
        "除算方式（評価値 ＝ 技術点 ÷ 入札価格 × 100,000,000）",
        "基準評価値 100 ÷ 予定価格 × 100,000,000",
        "基準評価値は1,010.1010です",
        "1,875.0000",
        "株式会社みなと情報、合同会社おおぞらシステムズが同点のため、くじで当選した者を上位としました。",
    )


@pytest.mark.parametrize("formula", ["linear", "lowest_ratio", "linear_floored", "linear_kinked", "tent"])
def test_evaluation_report_every_price_formula(formula):
    document = samples.evaluation_document()
    ratio = {"linear_floored": {"floor_ratio": "0.75"}, "tent": {"peak_ratio": "0.8"}}.get(formula, {})
    document["price"]["components"] = [{"id": "total", "points": "50", "formula": formula, "rounding": None, **ratio}]
    words = {
        "linear": "50 ×（1 − 入札価格 ÷ 予定価格）（端数処理なし）",
        "lowest_ratio": "50 × 最低の入札価格 ÷ 入札価格",
        "linear_floored": "予定価格の75％を下回る入札価格は、その額とみなす",
        "linear_kinked": "｛（1 − 調査基準価格 ÷ 予定価格）＋ 0.5 ×（調査基準価格 − 入札価格）÷ 予定価格｝",
        "tent": "50 ×（1 − ｜入札価格 ÷ 予定価格 − 80％｜）",
    }

    assert_has(pdf.evaluation_report(samples.report(document)), words[formula])


def test_evaluation_report_many_bids():
    document = samples.evaluation_document()
    first = document["bids"][0]
    document["bids"] = [
        {**first, "id": f"入札者{number:02}", "prices": {"total": str(8_000_000 + number)}} for number in range(30)
    ]

    made = pdf.evaluation_report(samples.report(document))

    assert_has(made, *(f"入札者{number:02}" for number in range(30)))


def test_evaluation_report_refuses_another_result():
    report = samples.report()
    report["result"]["winner"] = "B1"

    with pytest.raises(pdf.DocumentFault) as refusal:
        pdf.evaluation_report(report)

    assert [fault.path for fault in refusal.value.faults] == ["$.result.winner"]


def test_evaluation_report_refuses_another_document():
    report = samples.report()
    report["evaluation"]["title"] = "別の件名"

    with pytest.raises(pdf.DocumentFault) as refusal:
        pdf.evaluation_report(report)

    assert [fault.path for fault in refusal.value.faults] == ["$.result.document_digest"]


def test_evaluation_report_of_older_rules_is_printed_as_decided():
    report = samples.report()
    report["result"].update(rules_version="0", winner="B1")

    assert_has(pdf.evaluation_report(report), "落札者 株式会社みなと情報", "計算規則の版 0")


def test_evaluation_report_names_faults_of_the_document():
    report = samples.report()
    del report["evaluation"]["bids"][0]["marks"]["e1"]["S1"]

    with pytest.raises(pdf.DocumentFault) as refusal:
        pdf.evaluation_report(report)

    assert [fault.path for fault in refusal.value.faults] == ["$.evaluation.bids[0].marks.e1.S1"]


# 落札者決定通知


def test_award_notice_to_the_winner():
    notice = samples.notice("awarded")

    assert_has(
        pdf.award_notice(notice),
        "落札者決定通知書",
        "み情政第123号",
        "令和9年1月21日",
        "代表取締役 港 一郎　様",
        "青葉県みどり市 市長　佐藤 健一",
        "令和9年1月20日、貴社を落札者に決定しました",
        "落札価格（税抜） ¥7,450,000",
        "契約書の案を",
        "電話 000-000-0000",
    )


def test_award_notice_to_a_loser_has_own_points_and_no_others():
    assert_has(
        pdf.award_notice(samples.notice()),
        "入札結果通知書",
        "落札者 合同会社おおぞらシステムズ",
        "技術点 88.75",
        "加点 0",
        "価格点 5.0505",
        "順位 2位（4者中）",
        "申請と承認の流れを職員が変更できること 30 30",
    )


def test_award_notice_while_provisional():
    text = squeezed(text_of(pdf.award_notice(samples.notice("provisional"))))

    assert "低入札価格調査を行いますので通知します" in text
    assert "落札者の決定日" not in text


def test_award_notice_when_nobody_won():
    notice = samples.notice()
    notice.update(winner=None, next_steps=[])
    notice["own"].update(total=None, rank=None, technical_points=None, reason="予定価格を超えたため")
    del notice["representative"], notice["document_digest"]

    assert_has(
        pdf.award_notice(notice),
        "落札者なしと決定しました",
        "株式会社みなと情報　御中",
        "順位なし（4者中）",
        "順位がつかなかった理由 予定価格を超えたため",
        "技術点 ―",
    )


def test_award_notice_fits_on_one_page():
    assert len(pypdf.PdfReader(io.BytesIO(pdf.award_notice(samples.notice()))).pages) == 1


def test_award_notice_refuses_a_missing_key():
    notice = samples.notice()
    del notice["own"]["rank"]

    with pytest.raises(pdf.DocumentFault) as refusal:
        pdf.award_notice(notice)

    assert [fault.path for fault in refusal.value.faults] == ["$.own.rank"]
