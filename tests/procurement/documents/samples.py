"""Contents for the documents' tests, as one agency's purchase could bring them."""

import copy
import hashlib
from typing import Any

from procurement.evaluation import evaluate, parse_document

DIGEST = "sha256:" + hashlib.sha256(b"catalogue").hexdigest()

PROCUREMENT: dict[str, Any] = {
    "reference": "PR-7K2M9Q",
    "title": "勤怠管理サービスの調達",
    "agency": "青葉県みどり市",
    "department": "総務部情報政策課",
    "officer": {"name": "髙橋 恵子", "post": "情報政策課 主査"},
    "purpose": "職員1,200人の出退勤、休暇、時間外勤務の申請と集計を電子化し、紙の出勤簿を廃止する。",
    "budget_yen": "9900000",
    "budget_tax": "included",
    "term": {"start": "2027-04-01", "end": "2030-03-31"},
}

PRODUCTS = [
    ("キンタイ・クラウド for 自治体", "株式会社みなと情報", "direct", "200"),
    ("出勤簿ネット", "合同会社おおぞらシステムズ", "direct", "180.5"),
    ("出勤簿ネット", "株式会社北斗ソリューションパートナーズ", "reseller", "190"),
    ("職員勤務管理プラス", "有限会社桜井電算", "direct", None),
    ("ワークタイム・ガバメント", "株式会社𠮷野デジタル", "direct", "320"),
    ("勤務記録の匠", "一般社団法人地域情報化協会", "reseller", "150"),
]
REASONS = [
    "",
    "",
    "",
    "価格を公開しておらず、予算額に収まることを確かめられないため。",
    "3年間の総額が予算額9,900,000円を超えるため。",
    "LGWAN-ASPでの提供が令和10年4月以降の予定で、利用開始日に間に合わないため。",
]


def candidate(number: int) -> dict[str, Any]:
    product, seller, kind, amount = PRODUCTS[(number - 1) % len(PRODUCTS)]
    reason = REASONS[(number - 1) % len(REASONS)]
    price = None
    if amount is not None:
        monthly = float_free_product(amount, 1200 * 36)
        price = {
            "lines": [
                {
                    "item": "初期設定",
                    "unit": "一式",
                    "amount_yen": "300000",
                    "quantity": "1",
                    "times": 1,
                    "subtotal_yen": "300000",
                },
                {
                    "item": "月額利用料",
                    "unit": "利用者",
                    "amount_yen": amount,
                    "quantity": "1200",
                    "times": 36,
                    "subtotal_yen": monthly,
                },
            ],
            "adjustment_yen": str((int(monthly) + 300000) // 10),
            "total_yen": str((int(monthly) + 300000) * 11 // 10),
            "tax": "included",
        }
    return {
        "number": number,
        "software": {
            "reference": f"SW-{number:06}",
            "number": 1 + number % 3,
            "digest": "sha256:" + hashlib.sha256(f"software {number}".encode()).hexdigest(),
            "name": product,
            "maker": {"name": PRODUCTS[(number - 1) % len(PRODUCTS)][1], "corporate_number": "7000012050002"},
        },
        "offer": {
            "reference": f"OF-{number:06}",
            "number": 1,
            "digest": "sha256:" + hashlib.sha256(f"offer {number}".encode()).hexdigest(),
            "kind": kind,
        },
        "seller": {"name": seller, "corporate_number": f"118030101{number:04}"},
        "price": price,
        "decision": "dropped" if reason else "kept",
        "reason": reason,
    }


def float_free_product(amount: str, times: int) -> str:
    """ "180.5" × 43200 as the text of whole yen."""
    whole, _, fraction = amount.partition(".")
    scaled = int(whole + fraction) * times
    yen, rest = divmod(scaled, 10 ** len(fraction))
    assert rest == 0
    return str(yen)


def selection(candidates: int = 6) -> dict[str, Any]:
    return copy.deepcopy(
        {
            "procurement": PROCUREMENT,
            "round": 1,
            "search": {
                "criteria": [
                    {"label": "キーワード", "value": "勤怠管理"},
                    {"label": "業務分類", "value": "内部事務 > 勤怠管理・庶務"},
                    {"label": "対象団体", "value": "市区町村"},
                    {"label": "認証", "value": "ISMAP または ISO/IEC 27001"},
                ],
                "query": "q=勤怠管理&category=attendance&target=municipality&certification=ismap,iso27001",
                "ordering": "関連の強い順（同点は登録番号順）",
                "price_basis": "利用者1,200人、36か月の総額（税込）で計算しました。",
                "searched_at": "2026-11-23T14:01:12+09:00",
                "result_count": candidates,
            },
            "catalogue": {
                "as_of": "2026-11-23T14:01:12+09:00",
                "software": 1534,
                "offers": 2217,
                "digest": DIGEST,
            },
            "candidates": [candidate(number) for number in range(1, candidates + 1)],
            "note": "予算額に収まり、利用開始日までにLGWANから利用できるものを残した。",
            "locked_at": "2026-11-23T14:05:09+09:00",
            "locked_by": {"name": "髙橋 恵子", "post": "情報政策課 主査"},
        }
    )


def evaluation_document() -> dict[str, Any]:
    """加算方式: four criteria, three bonuses, four bidders, of whom one is above the ceiling and one has withdrawn."""
    marks = {
        "B1": [(True, "A", "B", "18"), (True, "A", "A", "17.5")],
        "B2": [(True, "B", "B", "12"), (True, "A", "C", "13")],
        "B3": [(True, "A", "A", "20"), (True, "A", "A", "20")],
    }
    prices = {"B1": "8900000", "B2": "7450000", "B3": "12000000", "B4": "8000000"}
    criteria = ["M1", "S1", "S2", "S3"]
    scale = {"A": "1", "B": "0.7", "C": "0.4", "D": "0"}
    down = {"mode": "down", "digits": 4}
    return copy.deepcopy(
        {
            "format": "evaluation/1",
            "title": "勤怠管理サービスの調達",
            "held_on": "2027-01-20",
            "method": "addition",
            "ceiling_price": "9900000",
            "low_price_threshold": "6900000",
            "technical": {
                "points": "100",
                "base_points": "20",
                "raw_maximum": None,
                "minimum": "60",
                "aggregate": "mean",
                "criterion_rounding": {"mode": "half_up", "digits": 2},
                "rounding": None,
            },
            "criteria": [
                {"id": "M1", "kind": "mandatory"},
                {"id": "S1", "kind": "scored", "points": "30", "scale": scale},
                {"id": "S2", "kind": "scored", "points": "30", "scale": scale},
                {"id": "S3", "kind": "scored", "points": "20", "scale": None},
            ],
            "mandatory_rule": "any",
            "bonuses": [
                {"id": "startup", "label": "デジタル・スタートアップ", "points": "10", "group": None},
                {"id": "wlb-1", "label": "えるぼし（3段階目）", "points": "5", "group": "ワーク・ライフ・バランス"},
                {"id": "wlb-2", "label": "くるみん", "points": "3", "group": "ワーク・ライフ・バランス"},
            ],
            "price": {"components": [{"id": "total", "points": "50", "formula": "linear", "rounding": down}]},
            "total": {"rounding": down},
            "ties": ["technical", "price", "lot"],
            "lot": {"missing_number": 999},
            "bids": [
                {
                    "id": bid,
                    "status": "withdrawn" if bid == "B4" else "valid",
                    "prices": {"total": price},
                    **(
                        {
                            "marks": {
                                f"e{index}": dict(zip(criteria, row, strict=True))
                                for index, row in enumerate(marks[bid], start=1)
                            }
                        }
                        if bid in marks
                        else {}
                    ),
                    "bonuses": ["startup", "wlb-1", "wlb-2"] if bid == "B2" else [],
                }
                for bid, price in prices.items()
            ],
        }
    )


BIDDERS = {
    "B1": {
        "name": "株式会社みなと情報",
        "corporate_number": "7000012050002",
        "software": "キンタイ・クラウド for 自治体",
    },
    "B2": {
        "name": "合同会社おおぞらシステムズ",
        "corporate_number": "1180301018771",
        "software": "出勤簿ネット",
        "bonus_reason": "設立（令和3年4月1日）から10年未満で、中小企業者に当たり、みなし大企業に当たらないことを確認した。",
    },
    "B3": {"name": "株式会社𠮷野デジタル", "corporate_number": "7000012050002"},
    "B4": {"name": "一般社団法人地域情報化協会", "corporate_number": None},
}


def report(document: dict[str, Any] | None = None) -> dict[str, Any]:
    document = document or evaluation_document()
    return copy.deepcopy(
        {
            "procurement": PROCUREMENT,
            "schedule": {
                "published_at": "2026-12-01T09:00:00+09:00",
                "bids_closed_at": "2027-01-12T17:00:00+09:00",
                "technical_closed_at": "2027-01-18T15:30:00+09:00",
                "opened_at": "2027-01-20T10:00:00+09:00",
                "evaluated_at": "2027-01-20T10:00:03+09:00",
            },
            "basis": "地方自治法施行令第167条の10の2",
            "evaluation": document,
            "result": evaluate(parse_document(document)).as_dict(),
            "criteria": {
                "M1": {"label": "LGWANから利用できること", "group": "提供形態"},
                "S1": {"label": "申請と承認の流れを職員が変更できること", "group": "機能"},
                "S2": {"label": "移行と研修の計画", "group": "導入"},
                "S3": {"label": "障害時の復旧の目標と実績", "group": "運用"},
            },
            "bidders": BIDDERS,
            "prepared_by": {"name": "髙橋 恵子", "post": "情報政策課 主査"},
            "prepared_on": "2027-01-20",
        }
    )


def notice(outcome: str = "not_awarded") -> dict[str, Any]:
    winner = {
        "name": "合同会社おおぞらシステムズ",
        "corporate_number": "1180301018771",
        "price_yen": "7450000",
        "total": "92.5",
        "software": "出勤簿ネット",
    }
    return copy.deepcopy(
        {
            "procurement": PROCUREMENT,
            "number": "み情政第123号",
            "issued_on": "2027-01-21",
            "issuer": {"name": "佐藤 健一", "post": "市長"},
            "recipient": {"name": "株式会社みなと情報", "corporate_number": "7000012050002"},
            "representative": "代表取締役 港 一郎",
            "outcome": outcome,
            "decided_on": None if outcome == "provisional" else "2027-01-20",
            "price_tax": "excluded",
            "method": "一般競争入札（総合評価落札方式・加算方式）",
            "own": {
                "price_yen": "8900000",
                "technical_points": "88.75",
                "bonus_points": "0",
                "price_points": "5.0505",
                "total": "93.8005",
                "rank": 2,
                "of": 4,
                "criteria": [
                    {"label": "LGWANから利用できること", "points": "適合", "maximum": None},
                    {"label": "申請と承認の流れを職員が変更できること", "points": "30", "maximum": "30"},
                ],
            },
            "winner": None if outcome == "provisional" else winner,
            "next_steps": ["契約書の案を令和9年1月28日までに確認してください。"],
            "document_digest": DIGEST,
            "inquiry": {
                "office": "青葉県みどり市 総務部情報政策課",
                "telephone": "000-000-0000",
                "email": "joho@city.midori.example.jp",
            },
        }
    )
