"""The catalogue interchange format: one line of JSON is one software with its offers. Pure: bytes in, `Line` out, and back.

The keys that stay stable come first, in a fixed order (``KEYS``); what else ``content.SOFTWARE`` knows may follow and is
kept. `write` gives every line one spelling, so that exporting what was imported gives the same bytes: keys in order, one
blank after ``,`` and ``:``, no escapes but those JSON demands, values as they were told (``"99.90"`` stays ``"99.90"``).
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from marketplace.companies.rules.corporate_number import corporate_number_is_valid
from marketplace.references import ALPHABET

from . import content as fields
from . import pricing
from .content import Fault, Field, Kind
from .enums import OfferKind
from .price_wording import fault_sentence

LIMIT = 1_000_000
"""Bytes of a line, without its end. The longest a form can make is some 60,000."""

_BEFORE_OFFERS = (
    *("reference", "name", "name_kana", "summary", "description", "maker", "categories", "target_bodies", "delivery"),
    *("data_location", "certifications", "integrations", "api", "sign_in", "sla", "disclosed_on", "offers"),
)
_OUTER = tuple(dict.fromkeys(field.name.partition(".")[0] for field in fields.SOFTWARE))
KEYS = (*_BEFORE_OFFERS, *(name for name in _OUTER if name not in _BEFORE_OFFERS))
PARTY_KEYS = ("corporate_number", "name", "established_on", "capital_yen", "employees", "jsic", "sole_proprietor")
OFFER_KEYS = ("seller", *(field.name for field in fields.OFFER))

# What the catalogue asks of vendors beyond the stable keys may be missing here: the post-check points at it.
_REQUIRED = tuple(
    field for field in fields.SOFTWARE if field.required and field.name.partition(".")[0] in _BEFORE_OFFERS
)
_PARTY = (
    Field("corporate_number", _("法人番号"), Kind.TEXT, required=True, max_length=20),
    Field("name", _("商号又は名称"), Kind.TEXT, required=True),
    Field("established_on", _("設立年月日"), Kind.DATE),
    Field("employees", _("常時使用する従業員の数"), Kind.COUNT),
    Field("jsic", _("日本標準産業分類"), Kind.TEXT, max_length=4),
    Field("sole_proprietor", _("個人事業主"), Kind.FLAG),
)
_REFERENCE = re.compile(f"SW-[{ALPHABET}]{{6}}")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Party:
    """A company as a line tells of it; None is "not told". ``jsic`` is its industry code."""

    corporate_number: str
    name: str
    established_on: date | None = None
    capital_yen: int | None = None
    employees: int | None = None
    jsic: str | None = None
    sole_proprietor: bool = False


@dataclass(frozen=True, kw_only=True)
class OfferLine:
    seller: Party
    content: dict[str, Any]  # of ``content.OFFER``


@dataclass(frozen=True, kw_only=True)
class Line:
    """One software. ``content`` is a revision's (``content.SOFTWARE``); without ``reference`` it is known by maker and name."""

    reference: str | None
    maker: Party
    content: dict[str, Any]
    offers: tuple[OfferLine, ...]

    @property
    def parties(self) -> Iterator[tuple[str, Party]]:
        """Everybody the line names, with the path."""
        yield "$.maker", self.maker
        for index, offer in enumerate(self.offers):
            yield f"$.offers[{index}].seller", offer.seller


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What a line may refer to: leaf categories, and the numbers of sole proprietors, which check no digit."""

    categories: frozenset[str]
    sole_proprietors: frozenset[str] = frozenset()


class BadLine(Exception):
    """``faults``: everything wrong with the line, by JSON path (``$`` is the whole line)."""

    def __init__(self, faults: list[Fault]):
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = faults


# Reading


def records(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line without its end). Of a line over ``LIMIT`` only the beginning is kept, too long for `read`."""
    number = 0
    while raw := stream.readline(LIMIT + 2):  # room for CR and LF
        number += 1
        whole = raw.endswith(b"\n")
        while not whole and (rest := stream.readline(LIMIT)):
            whole = rest.endswith(b"\n")
        if number == 1:
            raw = raw.removeprefix(_BOM)
        yield number, raw.removesuffix(b"\n").removesuffix(b"\r")


def read(raw: bytes, vocabulary: Vocabulary) -> Line:
    """Read one line. Raises BadLine, naming every fault at once."""
    value, noticed = _parse(raw)
    if not isinstance(value, dict):
        raise BadLine(noticed or [Fault("$", _t("オブジェクトではありません。"))])
    found = [*noticed, *_faults(value, vocabulary)]
    if found:
        # What the parser noticed explains better than what the checks make of its stand-in.
        raise BadLine(list({fault.path: fault for fault in reversed(found)}.values())[::-1])
    return Line(
        reference=value.get("reference"),
        maker=_party(value["maker"]),
        content={key: told for key, told in value.items() if key not in ("reference", "maker", "offers")},
        offers=tuple(
            OfferLine(
                seller=_party(offer["seller"]), content={key: told for key, told in offer.items() if key != "seller"}
            )
            for offer in value["offers"]
        ),
    )


class _NotExact:
    """Stands for a number that JSON writes with a point, an exponent, or as NaN."""

    def __init__(self, text: str):
        self.text = text


class _Doubled(dict):
    """An object in which a key stood twice."""

    doubled: tuple[str, ...] = ()


def _parse(raw: bytes) -> tuple[Any, list[Fault]]:
    """The value, and what JSON's own rules would have passed over in silence."""
    if len(raw) > LIMIT:
        return None, [Fault("$", _t("1行が%(limit)dバイトを超えています。") % {"limit": LIMIT})]
    if not raw.strip():
        return None, [Fault("$", _t("空の行です。"))]
    suspicious = False

    def number(text: str) -> _NotExact:
        nonlocal suspicious
        suspicious = True
        return _NotExact(text)

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal suspicious
        value = dict(found)
        if len(value) == len(found):
            return value
        suspicious = True
        doubled = _Doubled(value)
        keys = [key for key, _told in found]
        doubled.doubled = tuple(key for key in value if keys.count(key) > 1)
        return doubled

    try:
        text = raw.decode()
        value = json.loads(text, parse_float=number, parse_constant=number, object_pairs_hook=pairs)
    except UnicodeDecodeError as error:
        return None, [Fault("$", _t("%(place)dバイト目がUTF-8ではありません。") % {"place": error.start + 1})]
    except json.JSONDecodeError as error:
        return None, [
            Fault(
                "$",
                _t("JSONとして読めません（%(place)d文字目：%(why)s）。") % {"place": error.pos + 1, "why": error.msg},
            )
        ]
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        return None, [Fault("$", _t("JSONとして読めません（大きすぎる数、または深すぎる入れ子）。"))]
    # A lone half of a surrogate pair can only come by an escape.
    return value, list(_noticed(value, "$")) if suspicious or "\\u" in text else []


def _noticed(value: Any, path: str) -> Iterator[Fault]:
    match value:
        case _NotExact():
            yield Fault(
                path, _t("「%(number)s」は使えません。小数は文字列で書いてください。") % {"number": value.text[:40]}
            )
        case str() if not _is_unicode(value):
            yield Fault(path, _t("UTF-8で書けない文字が含まれています。"))
        case list():
            for index, item in enumerate(value):
                yield from _noticed(item, f"{path}[{index}]")
        case dict():
            for key in value.doubled if isinstance(value, _Doubled) else ():
                yield Fault(f"{path}.{_shown(key)}", _t("同じキーが2度書かれています。"))
            for key, item in value.items():
                if not _is_unicode(key):
                    yield Fault(f"{path}.{_shown(key)}", _t("UTF-8で書けない文字が含まれています。"))
                yield from _noticed(item, f"{path}.{_shown(key)}")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _shown(key: str) -> str:
    return key.encode("utf-8", "backslashreplace").decode()[:60]


def _faults(value: dict[str, Any], vocabulary: Vocabulary) -> Iterator[Fault]:
    reference = value.get("reference")
    if reference is not None and not (isinstance(reference, str) and _REFERENCE.fullmatch(reference)):
        yield Fault("$.reference", _t("登録番号ではありません。SW-7K2M9Q の形です。"))
    content = {key: told for key, told in value.items() if key not in ("reference", "maker", "offers")}
    yield from _content_faults(content, fields.SOFTWARE, _REQUIRED, "$.", vocabulary)
    yield from _certificate_faults(content.get("certifications"))
    maker = value.get("maker")
    yield from (misnamed := list(_party_faults(maker, "$.maker", vocabulary)))
    yield from _offer_faults(value.get("offers"), None if misnamed else maker["corporate_number"], vocabulary)


def _content_faults(
    content: dict[str, Any], table: tuple[Field, ...], required: Iterable[Field], path: str, vocabulary: Vocabulary
) -> Iterator[Fault]:
    for fault in fields.faults(content, table, categories=vocabulary.categories, path=path):
        yield Fault(fault.path.rstrip("."), fault.message)
    for field in required:
        if fields.is_blank(fields.get(content, field.name)):
            yield Fault(f"{path}{field.name}", _t("必須項目です。"))


def _certificate_faults(certifications: Any) -> Iterator[Fault]:
    seen = []
    for index, item in enumerate(certifications if isinstance(certifications, list) else ()):
        scheme = item.get("scheme") if isinstance(item, dict) else None
        if isinstance(scheme, str) and scheme in seen:
            yield Fault(f"$.certifications[{index}].scheme", _t("同じ制度が2度書かれています。"))
        seen.append(scheme)


def _party_faults(party: Any, path: str, vocabulary: Vocabulary) -> Iterator[Fault]:
    if not isinstance(party, dict):
        yield Fault(path, _t("必須項目です。") if party is None else _t("オブジェクトではありません。"))
        return
    plain = {key: told for key, told in party.items() if key != "capital_yen"}
    required = (field for field in _PARTY if field.required)
    yield from _content_faults(plain, _PARTY, required, f"{path}.", vocabulary)
    capital = party.get("capital_yen")  # the only count beyond 32 bit
    if capital is not None and (type(capital) is not int or not 0 <= capital < 2**63):
        yield Fault(f"{path}.capital_yen", _t("0以上の整数です。"))
    number, jsic = party.get("corporate_number"), party.get("jsic")
    if isinstance(number, str) and number and not _is_number(number, party, vocabulary):
        yield Fault(
            f"{path}.corporate_number", _t("法人番号ではありません。13桁の数字と検査用数字を確かめてください。")
        )
    if isinstance(jsic, str) and jsic and not re.fullmatch("[0-9]{2,4}", jsic):
        yield Fault(f"{path}.jsic", _t("日本標準産業分類の2〜4桁の番号です。"))


def _is_number(number: str, party: dict[str, Any], vocabulary: Vocabulary) -> bool:
    if party.get("sole_proprietor") is True or number in vocabulary.sole_proprietors:
        return bool(re.fullmatch("[0-9A-Za-z]{1,20}", number))
    return corporate_number_is_valid(number)


def _offer_faults(offers: Any, maker: str | None, vocabulary: Vocabulary) -> Iterator[Fault]:
    """``maker``: its number, None where that is in doubt."""
    if not isinstance(offers, list):
        yield Fault("$.offers", _t("必須項目です。") if offers is None else _t("一覧ではありません。"))
        return
    if not offers:
        yield Fault("$.offers", _t("販売サービスが1件以上必要です。"))
    sellers: list[str] = []
    for index, offer in enumerate(offers):
        path = f"$.offers[{index}]"
        if not isinstance(offer, dict):
            yield Fault(path, _t("オブジェクトではありません。"))
            continue
        seller = offer.get("seller")
        yield from (misnamed := list(_party_faults(seller, f"{path}.seller", vocabulary)))
        content = {key: told for key, told in offer.items() if key != "seller"}
        required = (field for field in fields.OFFER if field.required)
        malformed = list(_content_faults(content, fields.OFFER, required, f"{path}.", vocabulary))
        yield from malformed or _tier_faults(content, path)
        if misnamed:
            continue
        if seller["corporate_number"] in sellers:
            yield Fault(f"{path}.seller", _t("同じ販売事業者が2度書かれています。"))
        sellers.append(seller["corporate_number"])
        right = OfferKind.DIRECT if seller["corporate_number"] == maker else OfferKind.RESELLER
        if maker and not malformed and content["kind"] != right:
            yield Fault(f"{path}.kind", _t("製造事業者の販売は direct、ほかの事業者の販売は reseller です。"))


def _tier_faults(content: dict[str, Any], path: str) -> Iterator[Fault]:
    """Bounds no quantity can meet. Tiers that overlap or leave a gap can be stored: they are findings, as in a review."""
    for fault in pricing.faults([pricing.PriceLine.from_dict(line) for line in content["price_lines"]]):
        if fault.code == pricing.FaultCode.TO_BELOW_FROM:
            yield Fault(f"{path}.price_lines[{fault.lines[0]}].to_quantity", fault_sentence(fault))


def _party(told: dict[str, Any]) -> Party:
    return Party(
        corporate_number=told["corporate_number"],
        name=told["name"],
        established_on=date.fromisoformat(told["established_on"]) if told.get("established_on") else None,
        capital_yen=told.get("capital_yen"),
        employees=told.get("employees"),
        jsic=told.get("jsic") or None,
        sole_proprietor=bool(told.get("sole_proprietor")),
    )


# Writing


def write(line: Line) -> str:
    """The one spelling of ``line``, without a line end."""
    value = {
        **({"reference": line.reference} if line.reference else {}),
        **line.content,
        "maker": _party_value(line.maker),
        "offers": [
            _in_order({"seller": _party_value(offer.seller), **_spelt(offer.content, fields.OFFER)}, OFFER_KEYS)
            for offer in line.offers
        ],
    }
    return json.dumps(_in_order(_spelt(value, fields.SOFTWARE), KEYS), ensure_ascii=False)


def _party_value(party: Party) -> dict[str, Any]:
    told = {key: getattr(party, key) for key in PARTY_KEYS}
    told["established_on"] = party.established_on and party.established_on.isoformat()
    told["sole_proprietor"] = party.sole_proprietor or None
    return {key: value for key, value in told.items() if value is not None}


def _spelt(content: dict[str, Any], table: tuple[Field, ...]) -> dict[str, Any]:
    """``content`` with the keys of its nested objects and rows in the order of the table."""
    nested: dict[str, list[str]] = {}
    for field in table:
        outer, _dot, inner = field.name.partition(".")
        if inner:
            nested.setdefault(outer, []).append(inner)
    spelt = dict(content)
    for outer, inner in nested.items():
        if isinstance(spelt.get(outer), dict):
            spelt[outer] = _in_order(spelt[outer], inner)
    for field in table:
        if field.kind is Kind.LIST and spelt.get(field.name):
            keys = [part.name for part in field.items]
            spelt[field.name] = [_in_order(row, keys) for row in spelt[field.name]]
    return spelt


def _in_order(value: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: value[key] for key in keys if key in value}
