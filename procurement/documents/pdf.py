"""The documents a purchase leaves behind, as PDF: plain dict in, bytes out, no ORM and no clock.

Inputs are the types of `content`; money and days are formatted here. Official documents are in Japanese whatever the
language of the screen, so their own words are not translated.
"""

import datetime
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, cast

from django.utils.translation import gettext as _

from procurement.evaluation import RULES_VERSION, Document, DocumentError, evaluate, parse_document
from procurement.evaluation.document import Bid, Criterion
from procurement.evaluation.engine import aggregate
from procurement.evaluation.exact import decimal_text, rounded
from procurement.evaluation.messages import describe
from procurement.evaluation.vocabulary import CriterionKind, Method, Outcome, TieRule

from . import content, formats, schema, wording
from .evidence import verify
from .typesetting import typeset


class DocumentFault(ValueError):
    """The content is not of its type; `faults` says where and how."""

    def __init__(self, faults: Iterable[schema.Fault]):
        self.faults = list(faults)
        super().__init__("\n".join(map(str, self.faults)))


def selection_evidence(evidence: content.SelectionEvidence) -> bytes:
    """選定記録 as PDF, from the very `selection-evidence/1` document that is kept as JSON.

    A document with faults, a wrong digest among them, raises DocumentFault: what is signed is what can be verified.
    """
    if faults := verify(evidence):
        raise DocumentFault(faults)
    return typeset("selection_evidence", _selection_view(evidence), created_at=formats.in_tokyo(evidence["locked_at"]))


def evidence_file_name(reference: str) -> str:
    """The name, without its suffix, under which the evidence of a procurement's selection is filed."""
    return f"selection-{reference}"


@wording.in_japanese
def _selection_view(evidence: content.SelectionEvidence) -> dict[str, Any]:
    procurement, search, catalogue = evidence["procurement"], evidence["search"], evidence["catalogue"]
    candidates = evidence["candidates"]
    kept = [candidate for candidate in candidates if candidate["decision"] == "kept"]
    taxes = {candidate["price"]["tax"] for candidate in candidates if candidate["price"]}
    mixed = len(taxes) > 1
    return {
        **_about(
            procurement,
            title="選定記録",
            reference=f"{procurement['reference']}（検索 第{evidence['round']}回）",
            short=_short(evidence["digest"]),
        ),
        "made_on": f"{formats.wareki(evidence['locked_at'])}（{formats.fiscal_year(evidence['locked_at'])}）",
        "procurement": [*_procurement_facts(procurement), ("検索", f"第{evidence['round']}回")],
        "statement": (
            "上記の調達について、デジタルマーケットプレイスの掲載情報を下記の条件で検索し、"
            "候補を次のとおり選定しました。候補は「ソフトウェアと販売事業者の組」を単位として数えます。"
        ),
        "counts": [
            ("検索された候補", f"{len(candidates):,}件"),
            ("残した候補", f"{len(kept):,}件"),
            ("除いた候補", f"{len(candidates) - len(kept):,}件"),
            ("残した候補の販売事業者", f"{_sellers(kept):,}者"),
        ],
        "note": evidence["note"],
        "digest": evidence["digest"],
        "locked_at": formats.wareki_time(evidence["locked_at"]),
        "locked_by": _person(evidence["locked_by"]),
        "signatures": [
            {"role": "作成者", "post": procurement["officer"]["post"], "name": procurement["officer"]["name"]},
            {"role": "確認者", "post": "", "name": ""},
        ],
        "search": [
            ("検索した日時", formats.wareki_time(search["searched_at"])),
            ("検索された候補", f"{search['result_count']:,}件"),
            ("並び順", search["ordering"]),
            ("検索式", search["query"]),
            (
                "掲載情報の状態",
                f"{formats.wareki_time(catalogue['as_of'])}現在 "
                f"掲載中のソフトウェア {catalogue['software']:,}件、販売サービス {catalogue['offers']:,}件",
            ),
            *([("掲載情報の要約値", catalogue["digest"])] if "digest" in catalogue else []),
        ],
        "criteria": [(criterion["label"], criterion["value"]) for criterion in search["criteria"]],
        "price_header": "価格" if mixed or not taxes else f"価格（{_tax(*taxes)}）",
        "price_basis": search.get("price_basis"),
        "kept": [_candidate_row(candidate, name_tax=mixed) for candidate in kept],
        "dropped": [
            _candidate_row(candidate, name_tax=mixed) for candidate in candidates if candidate["decision"] == "dropped"
        ],
        "calculations": [row for candidate in candidates for row in _calculation_rows(candidate)],
        "revisions": [
            [
                str(candidate["number"]),
                candidate["software"]["reference"],
                f"第{candidate['software']['number']}版",
                _short(candidate["software"]["digest"]),
                candidate["offer"]["reference"],
                f"第{candidate['offer']['number']}版",
                _short(candidate["offer"]["digest"]),
            ]
            for candidate in candidates
        ],
        "file_name": f"{evidence_file_name(procurement['reference'])}.json",
    }


def evaluation_report(report: content.EvaluationReport) -> bytes:
    """総合評価結果 as PDF, around an evaluation document and the stored result of it.

    The engine computes the result once more, and a stored one that differs is refused (DocumentFault), as is content that
    is not of its type. A result of older rules (`rules_version`) is printed as it was decided.
    """
    _check(report, content.EvaluationReport)
    try:
        document = parse_document(report["evaluation"], path="$.evaluation")
        computed = evaluate(document).as_dict()
    except DocumentError as error:
        raise DocumentFault([schema.Fault(fault.path, fault.message()) for fault in error.faults]) from error
    compared = (
        computed if report["result"].get("rules_version") == RULES_VERSION else {"document_digest": document.digest}
    )
    if differing := [key for key in compared if report["result"].get(key) != compared[key]]:
        raise DocumentFault([schema.Fault(f"$.result.{key}", _("計算し直した結果と違います。")) for key in differing])
    created_at = formats.in_tokyo(report["schedule"]["evaluated_at"])
    return typeset("evaluation_report", _report_view(report, document), created_at=created_at)


def award_notice(notice: content.AwardNotice) -> bytes:
    """落札者決定通知 (to the winner) or 入札結果通知 (to the others) as PDF. Raises DocumentFault like the others."""
    _check(notice, content.AwardNotice)
    issued = datetime.datetime.combine(formats.as_date(notice["issued_on"]), datetime.time(), formats.TOKYO)
    return typeset("award_notice", _notice_view(notice), created_at=issued)


def _check(value: Any, expected: type) -> None:
    if faults := list(schema.faults(value, expected)):
        raise DocumentFault(faults)


def _candidate_row(candidate: content.Candidate, *, name_tax: bool) -> dict[str, str]:
    software, seller, price = candidate["software"], candidate["seller"], candidate["price"]
    if price is None:
        price_text = "非公開"
    else:
        price_text = formats.yen(price["total_yen"]) + (f"\n{_tax(price['tax'])}" if name_tax else "")
    kind = {"direct": "製造事業者による直接販売", "reseller": "再販売"}[candidate["offer"]["kind"]]
    return {
        "number": str(candidate["number"]),
        "software": f"{software['name']}\n製造: {software['maker']['name']}",
        "seller": "\n".join(filter(None, (seller["name"], _corporate_number(seller), kind))),
        "price": price_text,
        "reason": candidate["reason"],
    }


def _calculation_rows(candidate: content.Candidate) -> Iterable[dict[str, str]]:
    price = candidate["price"]
    if price is None:
        return
    number = str(candidate["number"])
    # The total stands first, as the heading of its lines, so that a page break cannot part it from its name.
    yield {
        "kind": "candidate",
        "number": number,
        "item": f"{candidate['software']['name']} / {candidate['seller']['name']} 総額（{_tax(price['tax'])}）",
        "subtotal": formats.yen(price["total_yen"]),
    }
    for line in price["lines"]:
        yield {
            "kind": "line",
            "number": number,
            "item": line["item"],
            "amount": formats.yen(line["amount_yen"]),
            "unit": line["unit"],
            "quantity": formats.number(line["quantity"]),
            "times": str(line["times"]),
            "subtotal": formats.yen(line["subtotal_yen"]),
        }
    if "adjustment_yen" in price:
        blank = dict.fromkeys(("amount", "unit", "quantity", "times"), "")
        subtotal = formats.yen(price["adjustment_yen"])
        yield {"kind": "line", "number": number, "item": "消費税・端数の調整", **blank, "subtotal": subtotal}


def _sellers(candidates: Iterable[content.Candidate]) -> int:
    return len({candidate["seller"]["corporate_number"] or candidate["seller"]["name"] for candidate in candidates})


@wording.in_japanese
def _report_view(report: content.EvaluationReport, document: Document) -> dict[str, Any]:
    procurement, result = report["procurement"], report["result"]
    rows = {row["id"]: row for row in result["bids"]}
    # Ranked bids first; the others in the document's order.
    bids = sorted(document.bids, key=lambda bid: (rows[bid.id]["rank"] is None, rows[bid.id]["rank"] or 0))

    def name(bid_id: str) -> str:
        return report["bidders"][bid_id]["name"] if bid_id in report["bidders"] else bid_id

    return {
        **_about(
            procurement,
            title="総合評価結果",
            reference=procurement["reference"],
            short=_short(result["document_digest"]),
        ),
        "made_on": f"{formats.wareki(report['prepared_on'])}（{formats.fiscal_year(report['prepared_on'])}）",
        "procurement": [
            *_procurement_facts(procurement),
            *([("根拠", report["basis"])] if "basis" in report else []),
            *_schedule_facts(report["schedule"]),
        ],
        "conclusion": _conclusion(document, result, rows, name),
        "provisional": result["provisional"],
        "rule": wording.rule_facts(document),
        "criteria": [_criterion_row(criterion, report["criteria"]) for criterion in document.criteria],
        "bonuses": [(bonus.label, wording.bonus_points(bonus), bonus.group or "") for bonus in document.bonuses],
        "addition": document.method is Method.ADDITION,
        "total_name": wording.total_name(document),
        "bids": [_result_row(rows[bid.id], bid, name(bid.id), document, result) for bid in bids],
        "standard_value": None if result["standard_value"] is None else _number(result["standard_value"]),
        "evaluators": max((len(bid.marks) for bid in bids if bid.marks), default=None),
        "points": _points_tables(document, [bid for bid in bids if bid.marks], report["criteria"], name),
        "remarks": [
            (name(bid.id), "\n".join(remarks))
            for bid in bids
            if (remarks := _remarks(document, bid, rows[bid.id], report["bidders"].get(bid.id)))
        ],
        "tie": _tie(result["tie"], name),
        "digest": result["document_digest"],
        "rules_version": result["rules_version"],
        "signatures": [
            {"role": "作成者", **report["prepared_by"]},
            {"role": "確認者", "post": "", "name": ""},
            {"role": "決定者", "post": "", "name": ""},
        ],
    }


def _schedule_facts(schedule: content.Schedule) -> list[tuple[str, str]]:
    labels = {
        "published_at": "公告",
        "bids_closed_at": "入札書の締切",
        "technical_closed_at": "技術点の確定",
        "opened_at": "開札",
        "evaluated_at": "評価",
    }
    times = cast(dict[str, str], schedule)
    return [(label, formats.wareki_time(times[key])) for key, label in labels.items() if key in times]


def _conclusion(
    document: Document, result: dict[str, Any], rows: dict[str, dict[str, Any]], name: Callable[[str], str]
) -> list[tuple[str, str]]:
    winner = result["winner"]
    if winner is None:
        return [("落札者", "なし")]
    facts = [
        ("落札候補者" if result["provisional"] else "落札者", name(winner)),
        ("入札価格", _price(next(bid for bid in document.bids if bid.id == winner))),
        (wording.total_name(document), _number(rows[winner]["total"])),
    ]
    if result["provisional"]:
        facts.append(("調査で失格のとき", name(result["next"]) if result["next"] else "次順位者なし"))
    return facts


def _criterion_row(criterion: Criterion, labels: dict[str, content.CriterionLabel]) -> list[str]:
    label: content.CriterionLabel = labels.get(criterion.id, {"label": criterion.id})
    scored = criterion.kind is CriterionKind.SCORED
    return [
        label.get("group", ""),
        label["label"],
        "加点" if scored else "必須",
        _number(decimal_text(criterion.points)) if scored else "―",
        wording.scale(criterion),
    ]


def _result_row(row: dict[str, Any], bid: Bid, name: str, document: Document, result: dict[str, Any]) -> list[str]:
    standing = str(wording.OUTCOMES[Outcome(row["outcome"])])
    if bid.id == result["winner"]:
        standing = "落札候補者" if result["provisional"] else "落札者"
    elif bid.id == result["next"]:
        standing = "次順位者"
    return [
        _number(row["rank"]),
        name,
        _price(bid),
        _number(row["technical_points"]),
        _number(row["bonus_points"]),
        *([_number(row["price_points"])] if document.method is Method.ADDITION else []),
        _number(row["total"]),
        standing,
    ]


BIDS_ACROSS = 5  # columns of points that fit beside the names of the criteria


def _points_tables(
    document: Document, marked: list[Bid], labels: dict[str, content.CriterionLabel], name: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Criteria down, bids across, as many tables as the bids need."""
    groups = (marked[start : start + BIDS_ACROSS] for start in range(0, len(marked), BIDS_ACROSS))
    return [
        {
            "bids": [name(bid.id) for bid in group],
            "rows": [
                [
                    labels[criterion.id]["label"] if criterion.id in labels else criterion.id,
                    *(_points(document, criterion, bid) for bid in group),
                ]
                for criterion in document.criteria
            ],
        }
        for group in groups
    ]


def _points(document: Document, criterion: Criterion, bid: Bid) -> str:
    """What the evaluators' marks for one criterion came to; ― where they did not mark it."""
    marks = [marks[criterion.id] for marks in (bid.marks or {}).values() if criterion.id in marks]
    if not marks:
        return "―"
    if criterion.kind is CriterionKind.MANDATORY:
        return f"適合 {marks.count(True)}/{len(marks)}"
    rule = document.technical
    return _number(str(rounded(aggregate([Fraction(mark) for mark in marks], rule.aggregate), rule.criterion_rounding)))


def _remarks(document: Document, bid: Bid, row: dict[str, Any], bidder: content.Bidder | None) -> list[str]:
    bonuses = "、".join(bonus.label for bonus in document.bonuses if bonus.id in bid.bonuses)
    return [
        *(describe(reason["code"], reason["params"]) for reason in row["reasons"]),
        *([f"認めた加点: {bonuses}"] if bonuses else []),
        *([bidder["bonus_reason"]] if bidder and "bonus_reason" in bidder else []),
    ]


def _tie(tie: dict[str, Any] | None, name: Callable[[str], str]) -> str:
    if tie is None:
        return "同点はありません。"
    bidders = "、".join(map(name, tie["bids"]))
    if tie["resolved_by"] is None:
        return f"{bidders}が同点で、定めた方法では決まりませんでした。"
    return f"{bidders}が同点のため、{wording.TIES[TieRule(tie['resolved_by'])]}を上位としました。"


@wording.in_japanese
def _notice_view(notice: content.AwardNotice) -> dict[str, Any]:
    procurement, own, winner = notice["procurement"], notice["own"], notice["winner"]
    outcome = notice["outcome"]
    title = {
        "awarded": "落札者決定通知書",
        "not_awarded": "入札結果通知書",
        "provisional": "低入札価格調査に係る通知書",
    }[outcome]
    tax = _tax(notice["price_tax"])
    decided = formats.wareki(notice["decided_on"]) if notice["decided_on"] else None
    return {
        **_about(procurement, title=title, reference=f"{procurement['reference']} {notice['number']}", short=""),
        "number": notice["number"],
        "issued_on": formats.wareki(notice["issued_on"]),
        "recipient": (
            [notice["recipient"]["name"], f"{notice['representative']}　様"]
            if "representative" in notice
            else [f"{notice['recipient']['name']}　御中"]
        ),
        "issuer": [
            procurement["agency"],
            "　".join(filter(None, (notice["issuer"]["post"], notice["issuer"]["name"]))),
        ],
        "statement": _notice_statement(outcome, decided, winner),
        "procurement": [
            ("調達案件", f"{procurement['title']}（{procurement['reference']}）"),
            ("調達の方法", notice["method"]),
            *([("落札者の決定日", decided)] if decided else []),
        ],
        "winner": winner
        and [
            ("落札者", "\n".join(filter(None, (winner["name"], _corporate_number(winner))))),
            *([("ソフトウェア", winner["software"])] if "software" in winner else []),
            (f"落札価格（{tax}）", formats.yen(winner["price_yen"])),
            *([("落札者の評価の合計", _number(winner["total"]))] if winner["total"] is not None else []),
        ],
        "own": [
            (f"入札価格（{tax}）", "―" if own["price_yen"] is None else formats.yen(own["price_yen"])),
            ("技術点", _number(own["technical_points"])),
            ("加点", _number(own["bonus_points"])),
            *([("価格点", _number(own["price_points"]))] if "price_points" in own else []),
            ("評価の合計", _number(own["total"])),
            ("順位", f"{own['rank']}位（{own['of']}者中）" if own["rank"] else f"順位なし（{own['of']}者中）"),
            *([("順位がつかなかった理由", own["reason"])] if "reason" in own else []),
        ],
        "criteria": [
            (criterion["label"], criterion["points"], _number(criterion["maximum"]))
            for criterion in own.get("criteria", [])
        ],
        "next_steps": notice["next_steps"],
        "digest": notice.get("document_digest"),
        "inquiry": list(
            filter(
                None,
                (
                    notice["inquiry"]["office"],
                    notice["inquiry"].get("telephone") and f"電話 {notice['inquiry']['telephone']}",
                    notice["inquiry"].get("email") and f"電子メール {notice['inquiry']['email']}",
                ),
            )
        ),
    }


def _notice_statement(outcome: str, decided: str | None, winner: content.Winner | None) -> str:
    if outcome == "awarded":
        return f"下記の調達案件について、{decided}、貴社を落札者に決定しましたので通知します。"
    if outcome == "provisional":
        return (
            "下記の調達案件について、貴社の入札価格が調査基準価格を下回ったため、落札者の決定を保留し、"
            "低入札価格調査を行いますので通知します。"
        )
    if winner is None:
        return f"下記の調達案件について、{decided}、落札者なしと決定しましたので、貴社の評価の結果とともに通知します。"
    return (
        f"下記の調達案件について、{decided}、落札者を次のとおり決定しましたので、貴社の評価の結果とともに通知します。"
        "ご提案に深く感謝いたします。"
    )


# What all documents say the same way.


def _about(procurement: content.Procurement, *, title: str, reference: str, short: str) -> dict[str, Any]:
    return {
        "title": f"{title} {procurement['title']}",
        "heading": title,
        "author": procurement["agency"],
        "description": f"{procurement['agency']} {reference}",
        "keywords": [procurement["reference"], title],
        "footer": f"{title} {reference}" + (f" 要約値 {short}" if short else ""),
    }


def _procurement_facts(procurement: content.Procurement) -> list[tuple[str, str]]:
    term, budget = procurement["term"], procurement["budget_yen"]
    tax = f"（{_tax(procurement['budget_tax'])}）" if "budget_tax" in procurement else ""
    return [
        ("調達案件", f"{procurement['title']}（{procurement['reference']}）"),
        ("行政機関", " ".join(filter(None, (procurement["agency"], procurement.get("department"))))),
        ("担当者", _person(procurement["officer"])),
        ("目的", procurement["purpose"]),
        ("予算額", "定めなし" if budget is None else formats.yen(budget) + tax),
        ("利用期間", "定めなし" if term is None else formats.term(term["start"], term["end"])),
    ]


def _person(person: content.Person) -> str:
    return " ".join(filter(None, (person["post"], person["name"])))


def _corporate_number(company: content.Company) -> str:
    return f"法人番号 {company['corporate_number']}" if company["corporate_number"] else ""


def _tax(tax: str) -> str:
    return {"included": "税込", "excluded": "税抜"}[tax]


def _short(digest: str) -> str:
    """The first 12 hexadecimal digits in threes of four: enough for an eye to compare, not for a proof."""
    digits = digest.removeprefix("sha256:")
    return " ".join((digits[0:4], digits[4:8], digits[8:12]))


def _price(bid: Bid) -> str:
    return formats.yen(decimal_text(bid.total_price)) if bid.prices else "―"


def _number(value: str | int | None) -> str:
    """A dash for what was not computed: 0 points are points."""
    return "―" if value is None else formats.number(value)
