"""What a revision's content may say: one table of fields drives validation, completeness, diffs, comparison and the risk policy.

Pure. Content is plain JSON, keyed as in the interchange format; amounts and percentages are decimal strings.
A draft may be incomplete (``missing``) but never malformed (``faults``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from . import enums


class Kind(Enum):
    TEXT = "text"
    URL = "url"
    CHOICE = "choice"
    CHOICES = "choices"
    CATEGORIES = "categories"
    FLAG = "flag"
    DATE = "date"
    COUNT = "count"  # whole number from 0
    AMOUNT = "amount"  # decimal string from 0, at most two places
    PERCENT = "percent"  # decimal string from 0 to 100
    LIST = "list"  # of objects


@dataclass(frozen=True)
class Field:
    """One key of the content. ``name`` is dotted for a key of a nested object (``sla.availability_percent``)."""

    name: str
    label: Promise
    kind: Kind
    group: str = "basic"
    required: bool = False
    choices: type[TextChoices] | None = None
    max_length: int = 200
    items: tuple["Field", ...] = ()  # of a LIST
    # Price, certification and documents are always checked by a person; a change of other fields alone is approved at once.
    low_risk: bool = False
    # NULL is an answer here (an open upper bound), and the key must be there.
    nullable: bool = False
    hint: Promise | str = ""
    lines: int = 1  # how tall a text is in a form


@dataclass(frozen=True)
class Fault:
    path: str  # as in the content: price_lines[1].amount_yen
    message: str


@dataclass(frozen=True)
class Missing:
    """A required answer that is not there yet. ``label`` says which, for a person."""

    path: str
    label: str


GROUPS = {
    "basic": _("基本情報"),
    "use": _("業務と利用形態"),
    "data": _("データの取扱い"),
    "security": _("認証・セキュリティ"),
    "integration": _("行政共通機能との連携"),
    "service": _("サービス水準とサポート"),
    "price": _("価格と導入支援"),
    "documents": _("添付書類"),
}

CERTIFICATION = (
    Field("scheme", _("制度"), Kind.CHOICE, required=True, choices=enums.CertificationScheme),
    Field("number", _("登録番号"), Kind.TEXT, required=True, max_length=60),
    Field("expires_on", _("有効期限"), Kind.DATE),
)

ATTACHMENT = (
    Field("kind", _("種類"), Kind.CHOICE, required=True, choices=enums.AttachmentKind),
    Field("name", _("ファイル名"), Kind.TEXT, required=True, max_length=150),
    Field("sha256", _("要約値（SHA-256）"), Kind.TEXT, required=True, max_length=64),
)

SOFTWARE = (
    Field("name", _("名称"), Kind.TEXT, required=True, max_length=100),
    Field("name_kana", _("フリガナ"), Kind.TEXT, required=True, low_risk=True, hint=_("全角カタカナ")),
    Field("name_en", _("英語名称"), Kind.TEXT, low_risk=True),
    Field(
        "summary",
        _("概要"),
        Kind.TEXT,
        required=True,
        max_length=100,
        low_risk=True,
        hint=_("100文字以内の一文"),
        lines=2,
    ),
    Field(
        "description",
        _("説明"),
        Kind.TEXT,
        required=True,
        max_length=4000,
        low_risk=True,
        hint=_("対象の業務、できること、導入の流れ"),
        lines=10,
    ),
    Field("website", _("製品のページ"), Kind.URL, low_risk=True),
    Field(
        "disclosed_on",
        _("情報開示日"),
        Kind.DATE,
        required=True,
        hint=_("この内容が正しいことを確かめた日。掲載は開示日から2年間です。"),
    ),
    Field("categories", _("業務分類"), Kind.CATEGORIES, "use", required=True),
    Field("target_bodies", _("対象機関"), Kind.CHOICES, "use", required=True, choices=enums.TargetBody, low_risk=True),
    Field("delivery", _("提供形態"), Kind.CHOICES, "use", required=True, choices=enums.Delivery),
    Field("standard_tasks", _("標準準拠の業務"), Kind.CHOICES, "use", choices=enums.StandardTask),
    Field("multi_tenant", _("マルチテナント"), Kind.FLAG, "use", low_risk=True),
    Field("accessibility", _("ウェブアクセシビリティ"), Kind.CHOICE, "use", choices=enums.Accessibility),
    Field("data_location", _("データの保存場所"), Kind.CHOICE, "data", required=True, choices=enums.DataLocation),
    Field("data_ownership", _("データの権利は利用機関にある"), Kind.FLAG, "data", required=True),
    Field("data_import", _("データの一括取込"), Kind.FLAG, "data", low_risk=True),
    Field("data_export", _("データの一括出力"), Kind.FLAG, "data", low_risk=True),
    Field("api", _("API提供"), Kind.FLAG, "data", low_risk=True),
    Field("sign_in", _("サインイン方法"), Kind.CHOICES, "security", required=True, choices=enums.SignIn),
    Field("certifications", _("認証・登録"), Kind.LIST, "security", items=CERTIFICATION),
    Field("integrations", _("連携できる共通機能"), Kind.CHOICES, "integration", choices=enums.Integration),
    Field("sla.availability_percent", _("稼働率（%）"), Kind.PERCENT, "service", required=True),
    Field("sla.planned_stop_notice_days", _("計画停止の予告（日前）"), Kind.COUNT, "service"),
    Field("sla.rto_hours", _("目標復旧時間（時間）"), Kind.COUNT, "service"),
    Field("sla.rpo_hours", _("目標復旧時点（時間）"), Kind.COUNT, "service"),
    Field("support.hours", _("サポート時間"), Kind.TEXT, "service", required=True, max_length=100, low_risk=True),
    Field(
        "support.channels",
        _("サポート窓口"),
        Kind.CHOICES,
        "service",
        required=True,
        choices=enums.SupportChannel,
        low_risk=True,
    ),
    Field("end_of_service_notice_months", _("サービス終了の予告（か月前）"), Kind.COUNT, "service"),
    Field("attachments", _("添付書類"), Kind.LIST, "documents", items=ATTACHMENT),
)

PRICE_LINE = (
    Field("item", _("品目"), Kind.TEXT, required=True, max_length=100),
    Field("timing", _("支払時期"), Kind.CHOICE, required=True, choices=enums.PriceTiming),
    Field("unit", _("単位"), Kind.CHOICE, required=True, choices=enums.PriceUnit),
    Field("amount_yen", _("単価（円）"), Kind.AMOUNT, required=True),
    Field("from_quantity", _("数量（から）"), Kind.COUNT, required=True),
    Field("to_quantity", _("数量（まで）"), Kind.COUNT, nullable=True),
    Field("tax_included", _("税込"), Kind.FLAG, required=True),
)

OFFER = (
    Field("kind", _("販売形態"), Kind.CHOICE, "price", required=True, choices=enums.OfferKind),
    Field("price_lines", _("価格表"), Kind.LIST, "price", required=True, items=PRICE_LINE),
    Field("services", _("導入と運用の支援"), Kind.CHOICES, "price", choices=enums.Service, low_risk=True),
)

_KATAKANA = re.compile(r"^[ァ-ヺー・\s　A-Za-z0-9Ａ-Ｚａ-ｚ０-９]*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_AMOUNT = re.compile(r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,2})?$")
_MISSING = object()


def fields_of(content_of_offer: bool) -> tuple[Field, ...]:
    return OFFER if content_of_offer else SOFTWARE


def get(content: dict, name: str, default: Any = None) -> Any:
    """Read a possibly nested key: ``get(content, "sla.rto_hours")``."""
    value: Any = content
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return default
        value = value[part]
    return value


def is_known(path: str, fields: tuple[Field, ...]) -> bool:
    """Whether ``path`` (``price_lines[1].amount_yen``) leads to or into one of ``fields``."""
    return path.partition("[")[0] in {field.name for field in fields}


def is_blank(value: Any) -> bool:
    """Nothing was told. 0 and False are answers."""
    return value is None or value == "" or value == []


def missing(content: dict, fields: tuple[Field, ...]) -> list[Missing]:
    """The required answers not given yet, in form order, those of begun rows included: what a vendor still has to fill in."""
    found = []
    for field in fields:
        value = get(content, field.name)
        if field.required and is_blank(value):
            found.append(Missing(field.name, str(field.label)))
        elif field.kind is Kind.LIST:
            found += [
                Missing(
                    f"{field.name}[{index}].{part.name}",
                    _t("%(list)s%(number)d行目の%(part)s")
                    % {"list": field.label, "number": index + 1, "part": part.label},
                )
                for index, item in enumerate(value or [])
                for part in field.items
                if part.required and is_blank(item.get(part.name))
            ]
    return found


def faults(
    content: Any, fields: tuple[Field, ...], *, categories: frozenset[str], path: str = "", draft: bool = False
) -> list[Fault]:
    """Everything malformed in ``content``, each with its path. ``categories``: the leaf slugs that exist.

    In a ``draft`` the rows of lists may be incomplete too: that is for ``missing`` to say.
    """
    if not isinstance(content, dict):
        return [Fault(path or "$", _t("オブジェクトではありません。"))]
    found = list(_unknown_keys(content, fields, path))
    for field in fields:
        value = get(content, field.name, _MISSING)
        if value is not _MISSING:
            found += _faults_of_value(value, field, f"{path}{field.name}", categories, draft)
    return found


def faults_of_value(value: Any, field: Field, *, categories: frozenset[str] = frozenset()) -> list[Fault]:
    """What is malformed in the draft of one field."""
    return _faults_of_value(value, field, field.name, categories, draft=True)


def _unknown_keys(content: dict, fields: tuple[Field, ...], path: str) -> Iterator[Fault]:
    nested: dict[str, set[str]] = {}
    for field in fields:
        outer, _dot, inner = field.name.partition(".")
        nested.setdefault(outer, set()).update({inner} if inner else set())
    for key, value in content.items():
        if key not in nested:
            yield Fault(f"{path}{key}", _t("この項目はありません。"))
        elif nested[key]:
            if not isinstance(value, dict):
                yield Fault(f"{path}{key}", _t("オブジェクトではありません。"))
            else:
                for inner in value.keys() - nested[key]:
                    yield Fault(f"{path}{key}.{inner}", _t("この項目はありません。"))


def _faults_of_value(value: Any, field: Field, path: str, categories: frozenset[str], draft: bool) -> list[Fault]:
    if value is None or value == "":
        return []  # not told: a matter of completeness
    match field.kind:
        case Kind.LIST:
            if not isinstance(value, list):
                return [Fault(path, _t("一覧ではありません。"))]
            found = []
            for index, item in enumerate(value):
                at = f"{path}[{index}]"
                found += faults(item, field.items, categories=categories, path=f"{at}.", draft=draft)
                if isinstance(item, dict) and not draft:
                    found += [
                        Fault(f"{at}.{part.name}", _t("入力してください。"))
                        for part in field.items
                        if (part.required and is_blank(item.get(part.name)))
                        or (part.nullable and part.name not in item)
                    ]
            return found
        case Kind.CHOICES | Kind.CATEGORIES:
            if not isinstance(value, list):
                return [Fault(path, _t("一覧ではありません。"))]
            known = categories if field.kind is Kind.CATEGORIES else frozenset(field.choices.values)
            found = [
                Fault(f"{path}[{index}]", _t("「%(value)s」という選択肢はありません。") % {"value": str(item)[:60]})
                for index, item in enumerate(value)
                if not isinstance(item, str) or item not in known
            ]
            if not found and len(set(value)) != len(value):
                found = [Fault(path, _t("同じ選択肢が重なっています。"))]
            return found
        case _:
            message = _message_for_scalar(value, field)
            return [Fault(path, message)] if message else []


def _message_for_scalar(value: Any, field: Field) -> str:
    match field.kind:
        case Kind.TEXT | Kind.URL if not isinstance(value, str):
            return _t("文字列ではありません。")
        case Kind.TEXT | Kind.URL if len(value) > field.max_length:
            return _t("%(limit)d文字以内にしてください（今は%(length)d文字）。") % {
                "limit": field.max_length,
                "length": len(value),
            }
        case Kind.TEXT | Kind.URL if _CONTROL.search(value):
            return _t("使えない制御文字が含まれています。")
        case Kind.TEXT if field.name == "name_kana" and not _KATAKANA.match(value):
            return _t("全角カタカナで入力してください。")
        case Kind.URL if not re.match(r"^https?://[^\s/]+\.[^\s]+$", value):
            return _t("https:// で始まるURLを入力してください。")
        case Kind.CHOICE if value not in field.choices.values:
            return _t("「%(value)s」という選択肢はありません。") % {"value": str(value)[:60]}
        case Kind.FLAG if not isinstance(value, bool):
            return _t("true か false です。")
        case Kind.COUNT if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            return _t("0以上の整数です。")
        case Kind.AMOUNT if not isinstance(value, str) or not _AMOUNT.match(value):
            return _t("0以上の金額を、小数2桁までの10進数の文字列で入力してください。")
        case Kind.PERCENT if not isinstance(value, str) or not _is_percent(value):
            return _t("0から100までの数を、小数3桁までの10進数の文字列で入力してください。")
        case Kind.DATE if not isinstance(value, str) or not _is_date(value):
            return _t("日付を 2026-04-01 の形で入力してください。")
    return ""


def _is_percent(text: str) -> bool:
    if not re.match(r"^[0-9]{1,3}(\.[0-9]{1,3})?$", text):
        return False
    try:
        return 0 <= Decimal(text) <= 100
    except InvalidOperation:
        return False


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True)
class Change:
    field: Field
    before: Any
    after: Any


def changes(before: dict | None, after: dict, fields: tuple[Field, ...]) -> list[Change]:
    """What differs between two contents, field by field in form order. ``before`` None: everything told is new."""
    found = []
    for field in fields:
        old, new = get(before or {}, field.name), get(after, field.name)
        if old != new and not (is_blank(old) and is_blank(new)):
            found.append(Change(field, old, new))
    return found


def is_low_risk(differences: list[Change]) -> bool:
    """Only fields the policy table calls low-risk changed, and at least one did."""
    return bool(differences) and all(change.field.low_risk for change in differences)
