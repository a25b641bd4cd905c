"""The same records as spreadsheets, to work with: what the PDFs print, in cells that compute and sort.

The spreadsheet proves nothing (it can be changed); the PDF is signed and the JSON verified.
"""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from marketplace.spreadsheets import YEN, Column, Sheet, Value
from procurement.evaluation import parse_document
from procurement.evaluation.document import Criterion, Document
from procurement.evaluation.exact import decimal_text
from procurement.evaluation.messages import describe
from procurement.evaluation.vocabulary import CriterionKind, Outcome

from . import content, formats, wording

_FACTS = (24, 80)  # widths of label and value


def selection_sheets(evidence: content.SelectionEvidence) -> list[Sheet]:
    """選定記録: what was bought for, the candidates with reasons, and the calculation of each price."""
    return [_selection_facts(evidence), _candidates(evidence), _price_lines(evidence)]


def evaluation_sheets(report: content.EvaluationReport) -> list[Sheet]:
    """総合評価結果: the result a bid a row, every mark, and the rule. The content must be sound: see `pdf.evaluation_report`."""
    document = parse_document(report["evaluation"])
    return [_results(report, document), _marks(report, document), _rule(report, document)]


def _selection_facts(evidence: content.SelectionEvidence) -> Sheet:
    procurement, search = evidence["procurement"], evidence["search"]
    term = procurement["term"] or {"start": None, "end": None}
    rows: list[tuple[str, Value]] = [
        (_("調達案件"), procurement["title"]),
        (_("案件番号"), procurement["reference"]),
        (_("行政機関"), procurement["agency"]),
        (_("目的"), procurement["purpose"]),
        (_("予算額（円）"), _number(procurement["budget_yen"])),
        (_("利用開始日"), term["start"] and formats.as_date(term["start"])),
        (_("利用終了日"), term["end"] and formats.as_date(term["end"])),
        (_("検索した日時"), formats.in_tokyo(search["searched_at"])),
        (_("固定した日時"), formats.in_tokyo(evidence["locked_at"])),
        (_("選定の考え方"), evidence["note"]),
        (_("要約値"), evidence["digest"]),
        *((criterion["label"], criterion["value"]) for criterion in search["criteria"]),
    ]
    return Sheet(_("概要"), [Column(_("項目"), _FACTS[0]), Column(_("内容"), _FACTS[1])], rows)


def _candidates(evidence: content.SelectionEvidence) -> Sheet:
    columns = [
        Column(_("番号"), 6),
        Column(_("ソフトウェア"), 32),
        Column(_("登録番号"), 13),
        Column(_("版"), 6),
        Column(_("製造事業者"), 32),
        Column(_("販売事業者"), 32),
        Column(_("法人番号"), 16),
        Column(_("販売番号"), 13),
        Column(_("版"), 6),
        Column(_("総額（円）"), 16, YEN),
        Column(_("税"), 8),
        Column(_("判断"), 8),
        Column(_("理由"), 60),
    ]
    decisions = {"kept": _("残す"), "dropped": _("除外")}
    taxes = {"included": _("税込"), "excluded": _("税抜")}
    rows = [
        (
            candidate["number"],
            candidate["software"]["name"],
            candidate["software"]["reference"],
            candidate["software"]["number"],
            candidate["software"]["maker"]["name"],
            candidate["seller"]["name"],
            candidate["seller"]["corporate_number"],
            candidate["offer"]["reference"],
            candidate["offer"]["number"],
            _number(candidate["price"]["total_yen"]) if candidate["price"] else None,
            taxes[candidate["price"]["tax"]] if candidate["price"] else None,
            decisions[candidate["decision"]],
            candidate["reason"],
        )
        for candidate in evidence["candidates"]
    ]
    return Sheet(_("候補"), columns, rows)


def _price_lines(evidence: content.SelectionEvidence) -> Sheet:
    columns = [
        Column(_("番号"), 6),
        Column(_("ソフトウェア"), 32),
        Column(_("販売事業者"), 32),
        Column(_("品目"), 32),
        Column(_("単価（円）"), 14),
        Column(_("単位"), 12),
        Column(_("数量"), 12),
        Column(_("回数"), 8),
        Column(_("金額（円）"), 16),
    ]
    rows: list[tuple[Value, ...]] = []
    for candidate in evidence["candidates"]:
        if candidate["price"] is None:
            continue
        names = (candidate["number"], candidate["software"]["name"], candidate["seller"]["name"])
        rows += [
            (
                *names,
                line["item"],
                _number(line["amount_yen"]),
                line["unit"],
                _number(line["quantity"]),
                line["times"],
                _number(line["subtotal_yen"]),
            )
            for line in candidate["price"]["lines"]
        ]
        if "adjustment_yen" in candidate["price"]:
            adjustment = _number(candidate["price"]["adjustment_yen"])
            rows.append((*names, _("消費税・端数の調整"), None, None, None, None, adjustment))
    return Sheet(_("価格の計算"), columns, rows)


def _results(report: content.EvaluationReport, document: Document) -> Sheet:
    columns = [
        Column(_("順位"), 6),
        Column(_("入札者"), 36),
        Column(_("法人番号"), 16),
        Column(_("入札価格（円）"), 16, YEN),
        Column(_("技術点"), 14),
        Column(_("加点"), 10),
        Column(_("価格点"), 14),
        Column(wording.total_name(document), 16),
        Column(_("判定"), 24),
        Column(_("理由"), 60),
    ]
    bids = {bid.id: bid for bid in document.bids}
    rows = [
        (
            row["rank"],
            _name(report, row["id"]),
            report["bidders"][row["id"]]["corporate_number"] if row["id"] in report["bidders"] else None,
            _number(decimal_text(bids[row["id"]].total_price)) if bids[row["id"]].prices else None,
            _number(row["technical_points"]),
            _number(row["bonus_points"]),
            _number(row["price_points"]),
            _number(row["total"]),
            _("落札者") if row["id"] == report["result"]["winner"] else str(wording.OUTCOMES[Outcome(row["outcome"])]),
            "\n".join(describe(reason["code"], reason["params"]) for reason in row["reasons"]),
        )
        for row in sorted(report["result"]["bids"], key=lambda row: (row["rank"] is None, row["rank"] or 0))
    ]
    return Sheet(_("結果"), columns, rows)


def _marks(report: content.EvaluationReport, document: Document) -> Sheet:
    """One mark a row: bid, evaluator (by the published key, never a name), criterion, mark."""
    columns = [
        Column(_("入札者"), 36),
        Column(_("評価者"), 10),
        Column(_("評価項目"), 48),
        Column(_("採点"), 10),
        Column(_("配点"), 10),
    ]
    criteria = {criterion.id: criterion for criterion in document.criteria}
    rows = [
        (
            _name(report, bid.id),
            evaluator,
            _criterion_label(report, key),
            (_("適合") if mark else _("不適合")) if isinstance(mark, bool) else _number(decimal_text(mark)),
            _maximum(criteria[key]),
        )
        for bid in document.bids
        for evaluator, marks in (bid.marks or {}).items()
        for key, mark in marks.items()
    ]
    return Sheet(_("採点"), columns, rows)


def _rule(report: content.EvaluationReport, document: Document) -> Sheet:
    rows: list[tuple[str, Value]] = [
        *wording.rule_facts(document),
        *((_criterion_label(report, criterion.id), wording.scale(criterion)) for criterion in document.criteria),
        *((bonus.label, _number(decimal_text(bonus.points))) for bonus in document.bonuses),
        (_("文書の要約値"), document.digest),
        (_("評価した日時"), formats.in_tokyo(report["schedule"]["evaluated_at"])),
    ]
    return Sheet(_("評価の方法"), [Column(_("項目"), _FACTS[0]), Column(_("内容"), _FACTS[1])], rows)


def _name(report: content.EvaluationReport, bid_id: str) -> str:
    return report["bidders"][bid_id]["name"] if bid_id in report["bidders"] else bid_id


def _criterion_label(report: content.EvaluationReport, key: str) -> str:
    return report["criteria"][key]["label"] if key in report["criteria"] else key


def _maximum(criterion: Criterion) -> Decimal | None:
    return _number(decimal_text(criterion.points)) if criterion.kind is CriterionKind.SCORED else None


def _number(text: Any) -> Decimal | None:
    return None if text is None else Decimal(text)
