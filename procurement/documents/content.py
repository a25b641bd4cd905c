"""What goes into each document: plain JSON values, filled from the models by the caller.

Everything is stored as data, not as print: yen and points are decimal texts without separators ("3300000"), days are
ISO dates, times are ISO with their offset. The builders turn them into ¥3,300,000 and 令和8年11月23日.
`schema.faults(value, Type)` checks a value against the types below; the builders refuse one that has faults.

A key marked NotRequired may be left out; `None` is written where "not told" is itself worth printing.
"""

from typing import Any, Literal, NotRequired, TypedDict

from .schema import CorporateNumber, Date, Digest, Instant, Number, Text, Yen

# What every document says about its purchase.


class Person(TypedDict):
    name: Text
    post: str  # 職名, "" where there is none


class Term(TypedDict):
    start: Date | None
    end: Date | None


class Procurement(TypedDict):
    reference: Text  # 調達案件の参照番号
    title: Text
    agency: Text
    department: NotRequired[Text]  # 担当課室
    officer: Person
    purpose: str
    budget_yen: Yen | None
    budget_tax: NotRequired[Literal["included", "excluded"]]
    term: Term | None


class Company(TypedDict):
    name: Text
    corporate_number: CorporateNumber | None  # 法人番号, None for one that has none


# 選定記録: the content of a `selection-evidence/1` document.


class Criterion(TypedDict):
    """One condition of the search in words: {"label": "提供形態", "value": "LGWAN-ASP"}."""

    label: Text
    value: Text


class Search(TypedDict):
    criteria: list[Criterion]  # in the order of the search form; empty for "everything listed"
    query: str  # the query string of the catalogue page, so that the search can be run again
    ordering: Text  # 並び順 in words
    price_basis: NotRequired[Text]  # for how many users and months prices were calculated, in words
    searched_at: Instant
    result_count: int  # software × seller found; the number of candidates below


class CatalogueState(TypedDict):
    """What stood in the catalogue when the search ran."""

    as_of: Instant
    software: int  # listed software
    offers: int  # listed software × seller
    digest: NotRequired[Digest]


class Revision(TypedDict):
    """The exact approved content the officer saw."""

    reference: Text  # SW-7K2M9Q, OF-…
    number: int
    digest: Digest


class SoftwareSeen(Revision):
    name: Text
    maker: Company


class OfferSeen(Revision):
    kind: Literal["direct", "reseller"]


class PriceLine(TypedDict):
    """amount × quantity × times = subtotal: ¥500 × 200 users × 36 months."""

    item: Text
    unit: str  # in words: 利用者, 一式
    amount_yen: Yen  # of one unit, may have fractions of a yen
    quantity: Number
    times: int  # how often it is charged in the term: 1, months or years
    subtotal_yen: Yen


class Price(TypedDict):
    lines: list[PriceLine]
    adjustment_yen: NotRequired[Yen]  # tax and roundings: total − Σ subtotals; left out where there is none
    total_yen: Yen
    tax: Literal["included", "excluded"]


class Candidate(TypedDict):
    number: int  # 1, 2, … in the order of the search result
    software: SoftwareSeen
    offer: OfferSeen
    seller: Company
    price: Price | None  # None: the seller publishes no price for this size
    decision: Literal["kept", "dropped"]
    reason: str  # why it was dropped (required then), or a note


class SelectionContent(TypedDict):
    procurement: Procurement
    round: int  # which search of this purchase, from 1; earlier ones were replaced, not deleted
    search: Search
    catalogue: CatalogueState
    candidates: list[Candidate]
    note: str  # 選定の考え方, over all candidates
    locked_at: Instant
    locked_by: Person


class SelectionEvidence(SelectionContent):
    """`evidence.evidence_document` makes it from a SelectionContent."""

    format: Literal["selection-evidence/1"]
    digest: Digest


# 総合評価結果: around the published evaluation document and the engine's result, both untouched.


class CriterionLabel(TypedDict):
    label: Text
    group: NotRequired[Text]  # 大項目


class Bidder(Company):
    software: NotRequired[Text]
    bonus_reason: NotRequired[Text]  # how the bonus claim was decided, in words


class Schedule(TypedDict):
    """What happened when; what did not happen is left out."""

    published_at: NotRequired[Instant]
    bids_closed_at: NotRequired[Instant]
    technical_closed_at: NotRequired[Instant]  # technical marks fixed, before prices open
    opened_at: NotRequired[Instant]
    evaluated_at: Instant


class EvaluationReport(TypedDict):
    procurement: Procurement
    schedule: Schedule
    basis: NotRequired[Text]  # the article the procedure rests on
    evaluation: dict[str, Any]  # `evaluation/1`
    result: dict[str, Any]  # `evaluation-result/1` of exactly that document
    criteria: dict[str, CriterionLabel]  # by criterion id; an id without an entry is printed as it is
    bidders: dict[str, Bidder]  # by bid id
    prepared_by: Person
    prepared_on: Date


# 落札者決定通知・入札結果通知: one letter to one bidder.


class OwnCriterion(TypedDict):
    label: Text
    points: Text  # "12.5", 適合 or 不適合
    maximum: Number | None


class OwnResult(TypedDict):
    """None: not computed, because the bid left the evaluation before."""

    price_yen: Yen | None
    technical_points: Number | None
    bonus_points: Number | None
    price_points: NotRequired[Number | None]  # addition only
    total: Number | None
    rank: int | None
    of: int  # how many bids were received
    reason: NotRequired[Text]  # why it was not ranked, in words
    criteria: NotRequired[list[OwnCriterion]]


class Winner(TypedDict):
    name: Text
    corporate_number: CorporateNumber | None
    price_yen: Yen
    total: Number | None
    software: NotRequired[Text]


class Inquiry(TypedDict):
    """問い合わせ先."""

    office: Text
    telephone: NotRequired[Text]
    email: NotRequired[Text]


class AwardNotice(TypedDict):
    procurement: Procurement
    number: Text  # 文書番号
    issued_on: Date
    issuer: Person  # who decides: 契約担当官等
    recipient: Company
    representative: NotRequired[Text]  # 代表者の職氏名
    outcome: Literal["awarded", "not_awarded", "provisional"]
    decided_on: Date | None  # None while provisional
    price_tax: Literal["included", "excluded"]
    method: Text  # in words, e.g. 一般競争入札（総合評価落札方式・加算方式）
    own: OwnResult
    winner: Winner | None  # None while provisional, or when nobody won
    next_steps: list[Text]  # what the recipient is asked to do
    document_digest: NotRequired[Digest]  # of the published evaluation document, so that anybody can recompute
    inquiry: Inquiry
