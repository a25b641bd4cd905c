"""The demonstration data as written in the files of this folder, read and checked as a whole.

Pure: files in, plain JSON values out; nothing of Django and nothing of the catalogue. `load` refuses data with any fault
and names all of them, each with its file and path. What the catalogue and the evaluation engine demand of content, price
tables and rules is held by the tests, which may import them; this module knows only the shapes below and who refers to whom.

The files are written by hand, so they name things the way people do: software and sellers by name, people by e-mail.

Time. A story is told in whole days relative to the day it is loaded on (``days``; -12 is twelve days ago), because an open
tender has to be open whenever somebody looks. Dates that are facts of the need (terms, disclosures) are calendar dates.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NewType,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from marketplace.companies.rules.corporate_number import corporate_number_is_valid

FOLDER = Path(__file__).parent

Day = NewType("Day", str)
"""A calendar date, ``2026-11-23``."""
Number = NewType("Number", str)
"""An amount or points as a decimal string."""
Share = NewType("Share", str)
"""A part of the whole from 0 to 1: ``0.48`` or ``1/2``."""


# companies.json


class Holding(TypedDict):
    """As ``companies.rules.Holding``."""

    name: str
    share: Share
    size: Literal["large", "sme", "deemed_large_sme", "investment_exempt", "individual", "unknown"]
    corporate_number: str | None


class Officer(TypedDict):
    """As ``companies.rules.Officer``; ``role`` stands where the rules have a name, so that no private person is named."""

    role: str
    at_large: bool | None
    at_deemed_large_sme: bool | None


class Snapshot(TypedDict):
    """What one source told on one day; null is "not told". A company's snapshots go from old to new."""

    as_of: Day
    source: Literal["declared", "gbizinfo", "register", "document"]
    established_on: Day | None
    capital_yen: int | None
    employees: int | None
    jsic_code: str | None
    jsic_revision: Literal[13, 14] | None
    business_summary: str
    shareholders: list[Holding] | None
    officers: list[Officer] | None


class Contact(TypedDict):
    """The person who signs in for a company. Companies of the GビズID stand-in have the holder of their prime account."""

    name: str
    name_kana: str
    email: str
    post: str


class Company(TypedDict):
    """``group``: what the rules are to find on 23 November 2026. ``listed`` false: only bids in a re-entered award sheet."""

    corporate_number: str
    entity_kind: Literal["kabushiki", "godo", "sole_proprietor", "npo", "general_association"] | None
    name: str
    name_kana: str
    name_en: str
    prefecture: str  # JIS X 0401, two digits
    address: str  # without the prefecture
    group: Literal["startup", "sme", "large", "deemed_large", "cannot_tell", "individual", "not_company"]
    listed: bool
    contact: Contact
    snapshots: list[Snapshot]


# software/*.jsonl: the catalogue interchange format, one software a line


class Party(TypedDict):
    corporate_number: str
    name: str
    established_on: NotRequired[Day]
    capital_yen: NotRequired[int]
    employees: NotRequired[int]
    jsic: NotRequired[str]


class Certification(TypedDict):
    scheme: str
    number: str
    expires_on: Day


class PriceLine(TypedDict):
    item: str
    timing: str
    unit: str
    amount_yen: Number
    from_quantity: int
    to_quantity: int | None
    tax_included: bool


class Offer(TypedDict):
    seller: Party
    kind: Literal["direct", "reseller"]
    price_lines: list[PriceLine]
    services: list[str]


class ServiceLevel(TypedDict):
    availability_percent: Number
    planned_stop_notice_days: int
    rto_hours: int
    rpo_hours: int


class Support(TypedDict):
    hours: str
    channels: list[str]


class Software(TypedDict):
    name: str
    name_kana: str
    name_en: NotRequired[str]
    summary: str
    description: str
    maker: Party
    categories: list[str]
    target_bodies: list[str]
    delivery: list[str]
    data_location: str
    certifications: list[Certification]
    integrations: list[str]
    standard_tasks: list[str]
    api: bool
    sign_in: list[str]
    data_ownership: bool
    data_import: bool
    data_export: bool
    multi_tenant: bool
    accessibility: str
    sla: ServiceLevel
    support: Support
    end_of_service_notice_months: int
    website: str
    disclosed_on: Day
    offers: list[Offer]


# agencies.json


class Official(TypedDict):
    name: str
    name_kana: str
    email: str
    post: str
    role: Literal["buyer", "officer", "evaluator", "reviewer", "administrator"]


class Agency(TypedDict):
    name: str
    name_kana: str
    kind: Literal["ministry", "prefecture", "designated_city", "municipality", "union", "incorporated"]
    population: int | None
    staff: int | None
    domain: str
    people: list[Official]


class Operator(TypedDict):
    name: str
    domain: str
    people: list[Official]


# procurements.json


Term = TypedDict("Term", {"from": Day, "to": Day})  # in this syntax because ``from`` is a keyword


class Days(TypedDict):
    """When each step happens, in days relative to loading. Without a key the step never happens."""

    opened: int
    searched: NotRequired[int]
    selected: NotRequired[int]
    published: NotRequired[int]
    bids_due: NotRequired[int]
    marked: NotRequired[int]  # technical marks closed
    opening: NotRequired[int]  # planned; for an evaluated tender also when prices were opened
    awarded: NotRequired[int]
    award_published: NotRequired[int]
    contracted: NotRequired[int]
    closed: NotRequired[int]
    ended: NotRequired[int]  # cancelled, or none suitable


class Choice(TypedDict):
    """Candidates are software × seller; ``seller`` null means every seller of the software."""

    software: str
    seller: str | None


class Drop(Choice):
    reason: str


class CriterionText(TypedDict):
    kind: Literal["mandatory", "scored"]
    name: str
    description: str
    points: Number | None
    scale: dict[str, Number] | None


class BonusText(TypedDict):
    kind: Literal["startup", "wage", "work_life"]
    label: str
    points: Number
    group: str


class StartupRule(TypedDict):
    reference_day: int
    years: int
    source: str


class Decision(TypedDict):
    accept: bool
    reason: str


class Claim(TypedDict):
    """A claimed bonus, by the bonus's kind. ``decision`` null: nobody has decided yet."""

    bonus: Literal["startup", "wage", "work_life"]
    statement: str
    decision: Decision | None


class Withdrawal(TypedDict):
    day: int
    reason: str


class Bid(TypedDict):
    """``software`` null, ``technical_points`` given: a bid of a re-entered award sheet."""

    id: str
    seller: str
    software: str | None
    day: int
    prices: dict[str, Number]
    proposal: str
    claims: NotRequired[list[Claim]]
    lot_number: NotRequired[int]
    technical_points: NotRequired[Number]
    withdrawn: NotRequired[Withdrawal]


class CommentedMark(TypedDict):
    mark: bool | str
    comment: str


class Marks(TypedDict):
    """One evaluator's marks: ``of`` a bid's id, in the order of the criteria, as far as they got.

    true or false for a mandatory criterion; a letter of the scale, or points, for a scored one. ``conflict`` null:
    not declared yet.
    """

    evaluator: str
    conflict: bool | None
    handed_in: bool
    of: dict[str, list[bool | str | CommentedMark]]


class Tender(TypedDict):
    """``rule``: the keys of ``evaluation/1`` that the tender's rows do not hold (method, technical, price or division …)."""

    rule: dict[str, Any]
    criteria: list[CriterionText]
    bonuses: list[BonusText]
    startup: StartupRule | None
    ceiling_price: Number
    low_price_threshold: Number | None
    evaluators: list[str]
    bids: list[Bid]
    marks: list[Marks]


class Reason(TypedDict):
    reason: str


class Contract(TypedDict):
    number: str
    amount_yen: int
    signed_day: int


class Procurement(TypedDict):
    """One purchase, told up to ``status``. ``past_sheet``: a published award sheet, entered without a search."""

    key: str
    agency: str
    officer: str
    title: str
    purpose: str
    source: NotRequired[str]
    past_sheet: NotRequired[bool]
    kind: Literal["service", "purchase", "lease"]
    budget_yen: int  # tax in, over the whole term
    term: Term
    users: int
    residents: int | None
    status: Literal[
        "draft", "searching", "selected", "tendering", "evaluating", "awarded", "contracted", "closed", "cancelled",
        "none_suitable",
    ]  # fmt: skip
    tender_status: NotRequired[Literal["open", "marking", "marked", "evaluated", "awarded", "cancelled"]]
    days: Days
    searched_by: NotRequired[str]
    earlier_searches: NotRequired[list[dict[str, str | list[str]]]]
    search: NotRequired[dict[str, str | list[str]]]  # as in the catalogue's URL
    keep: NotRequired[list[Choice]]
    drops: NotRequired[list[Drop]]
    note: NotRequired[str]
    tender: NotRequired[Tender]
    award: NotRequired[Reason]
    contract: NotRequired[Contract]
    end: NotRequired[Reason]


# reviews.json


class ReviewDays(TypedDict):
    submitted: int
    decided: NotRequired[int]


class Changes(TypedDict):
    """Keys of the content that the submission replaces, of the software and of the company's offer for it."""

    software: dict[str, Any]
    offer: dict[str, Any]


class FieldComment(TypedDict):
    by: Literal["operator", "vendor"]
    part: Literal["software", "offer"]
    field: str
    day: int
    body: str


class Mended(TypedDict):
    """The submission that followed a returned one."""

    state: Literal["submitted", "checking", "in_review", "approved", "returned", "rejected"]
    days: ReviewDays
    changes: Changes
    comments: list[FieldComment]
    reviewer: str | None
    note: str


class Review(TypedDict):
    """One submission, told up to ``state``. No changes at all: the software's first submission.

    ``reviewer`` null with ``approved``: only low-risk fields changed, so nobody had to decide. ``why`` is for readers of
    this file.
    """

    key: str
    software: str
    company: str
    state: Literal["submitted", "checking", "in_review", "approved", "returned", "rejected", "withdrawn"]
    why: str
    days: ReviewDays
    reviewer: str | None
    changes: Changes
    comments: list[FieldComment]
    note: str
    then: NotRequired[Mended]


# Reading


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Everything, checked: every reference finds what it names."""

    companies: tuple[Company, ...]
    software: tuple[Software, ...]
    agencies: tuple[Agency, ...]
    operator: Operator
    procurements: tuple[Procurement, ...]
    reviews: tuple[Review, ...]


class DemoDataError(Exception):
    """Faulty data files. ``faults``: one sentence each, with file and path."""

    def __init__(self, faults: list[str]):
        super().__init__("\n".join(faults))
        self.faults = faults


class _CompaniesFile(TypedDict):
    companies: list[Company]


class _AgenciesFile(TypedDict):
    agencies: list[Agency]
    operator: Operator


class _ProcurementsFile(TypedDict):
    procurements: list[Procurement]


class _ReviewsFile(TypedDict):
    reviews: list[Review]


def load(folder: Path = FOLDER) -> Demo:
    """Read all files of ``folder``. Raises DemoDataError naming every fault: first of shape, then, if there is none, of sense."""
    faults: list[str] = []
    read: dict[str, Any] = {}
    shapes = {
        "companies.json": _CompaniesFile,
        "agencies.json": _AgenciesFile,
        "procurements.json": _ProcurementsFile,
        "reviews.json": _ReviewsFile,
    }
    for name, shape in shapes.items():
        try:
            value = json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            faults.append(f"{name}: {error}")
            continue
        faults += (f"{name}: {fault}" for fault in shape_faults(value, shape))
        read |= value if isinstance(value, dict) else {}
    software, unreadable = _read_software(folder)
    if faults := faults + unreadable:
        raise DemoDataError(faults)

    demo = Demo(software=tuple(software), **{k: tuple(v) if isinstance(v, list) else v for k, v in read.items()})
    if faults := list(sense_faults(demo)):
        raise DemoDataError(faults)
    return demo


def software_files(folder: Path = FOLDER) -> list[Path]:
    """The files to import into the catalogue, in a fixed order."""
    return sorted((folder / "software").glob("*.jsonl"))


def _read_software(folder: Path) -> tuple[list[Software], list[str]]:
    found: list[Software] = []
    faults: list[str] = []
    for path in software_files(folder):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            at = f"software/{path.name}:{number}"
            try:
                value = json.loads(line)
            except ValueError as error:
                faults.append(f"{at}: {error}")
                continue
            faults += (f"{at}: {fault}" for fault in shape_faults(value, Software))
            found.append(value)
    return found, faults


# Shape: the type hints above are the schema


def shape_faults(value: Any, hint: Any, path: str = "$") -> Iterator[str]:
    """How ``value`` departs from ``hint``: one sentence a fault, beginning with its JSON path. Unknown keys are faults."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return
    if is_typeddict(hint):
        yield from _typed_dict_faults(value, hint, path)
    elif origin in (Union, UnionType):
        if not any(next(shape_faults(value, option, path), None) is None for option in arguments):
            closest = [option for option in arguments if option is not NoneType]
            # With a single alternative to null its own faults say more than "none of these".
            yield from (
                shape_faults(value, closest[0], path)
                if len(closest) == 1
                else [f"{path}: {value!r:.60} is none of {', '.join(_name(option) for option in arguments)}"]
            )
    elif origin is Literal:
        if value not in arguments or isinstance(value, bool):
            yield f"{path}: {value!r:.60} is none of {', '.join(map(str, arguments))}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: not a list"
        else:
            for index, item in enumerate(value):
                yield from shape_faults(item, arguments[0], f"{path}[{index}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path}: not an object"
        else:
            for key, item in value.items():
                yield from shape_faults(item, arguments[1], f"{path}.{key}")
    elif hint in _READERS:
        try:
            _READERS[hint](value)
        except (TypeError, ValueError, InvalidOperation, ZeroDivisionError):
            yield f"{path}: {value!r:.60} is no {_name(hint)}"
    elif type(value) is not hint:
        yield f"{path}: {value!r:.60} is no {_name(hint)}"


def _typed_dict_faults(value: Any, hint: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: not an object"
        return
    hints = get_type_hints(hint)
    for key in value.keys() - hints.keys():
        yield f"{path}.{key}: unknown key"
    for key, kind in hints.items():
        if key in value:
            yield from shape_faults(value[key], kind, f"{path}.{key}")
        elif key in hint.__required_keys__:
            yield f"{path}.{key}: missing"


def _name(hint: Any) -> str:
    return "null" if hint is NoneType else getattr(hint, "__name__", str(hint))


def _share(text: str) -> Fraction:
    share = Fraction(text)
    if not isinstance(text, str) or not 0 <= share <= 1:
        raise ValueError(text)
    return share


def _number(text: str) -> Decimal:
    if not isinstance(text, str):
        raise TypeError(text)
    return Decimal(text)


_READERS = {Day: date.fromisoformat, Number: _number, Share: _share}


# Sense: every name finds what it names


def sense_faults(demo: Demo) -> Iterator[str]:
    """References that find nothing, doubles, sums and orders that cannot be. ``demo`` has sound shapes."""
    yield from _company_faults(demo)
    yield from _software_faults(demo)
    yield from _people_faults(demo)
    yield from _procurement_faults(demo)
    yield from _review_faults(demo)


def newest_facts(company: Company) -> dict[str, Any]:
    """Each fact as the newest snapshot that tells it has it. Untold facts are absent."""
    facts: dict[str, Any] = {}
    for snapshot in sorted(company["snapshots"], key=lambda snapshot: snapshot["as_of"]):
        facts |= {key: value for key, value in snapshot.items() if value is not None}
    return facts


def _company_faults(demo: Demo) -> Iterator[str]:
    for key in ("corporate_number", "name"):
        yield from (f"companies.json: {key} {double} twice" for double in _doubles(c[key] for c in demo.companies))
    numbers = {company["corporate_number"] for company in demo.companies}
    for index, company in enumerate(demo.companies):
        at = f"companies.json: $.companies[{index}]"
        number = company["corporate_number"]
        if company["entity_kind"] != "sole_proprietor" and not corporate_number_is_valid(number):
            yield f"{at}.corporate_number: {number} has a wrong check digit"
        if not company["snapshots"]:
            yield f"{at}.snapshots: none"
        for earlier, later in pairwise(company["snapshots"]):
            if earlier["as_of"] >= later["as_of"]:
                yield f"{at}.snapshots: not from old to new"
        for position, snapshot in enumerate(company["snapshots"]):
            holders = snapshot["shareholders"] or []
            if sum((Fraction(holder["share"]) for holder in holders), Fraction(0)) > 1:
                yield f"{at}.snapshots[{position}].shareholders: more than the whole"
            for holder in holders:
                if holder["corporate_number"] and holder["corporate_number"] not in numbers:
                    yield f"{at}.snapshots[{position}].shareholders: no company {holder['corporate_number']}"


def _software_faults(demo: Demo) -> Iterator[str]:
    yield from (f"software: {double} twice" for double in _doubles(s["name"] for s in demo.software))
    companies = {company["corporate_number"]: company for company in demo.companies}
    for software in demo.software:
        name, maker = software["name"], software["maker"]["corporate_number"]
        for party in (software["maker"], *(offer["seller"] for offer in software["offers"])):
            company = companies.get(party["corporate_number"])
            if company is None:
                yield f"software {name}: no company {party['corporate_number']} {party['name']}"
            elif party != _party(company):
                yield f"software {name}: {party['name']} is not as in companies.json"
        sellers = [offer["seller"]["corporate_number"] for offer in software["offers"]]
        if not sellers or _doubles(sellers):
            yield f"software {name}: needs offers, one a seller"
        for offer in software["offers"]:
            if (offer["kind"] == "direct") != (offer["seller"]["corporate_number"] == maker):
                yield f"software {name}: the maker sells directly, anybody else as reseller"


def _party(company: Company) -> dict[str, Any]:
    facts = newest_facts(company)
    told = {key: facts[key] for key in ("established_on", "capital_yen", "employees") if key in facts}
    jsic = {"jsic": facts["jsic_code"]} if "jsic_code" in facts else {}
    return {"corporate_number": company["corporate_number"], "name": company["name"]} | told | jsic


def _people_faults(demo: Demo) -> Iterator[str]:
    officials = [person for agency in (*demo.agencies, demo.operator) for person in agency["people"]]
    everybody = [*officials, *(company["contact"] for company in demo.companies)]
    yield from (f"e-mail {double} twice" for double in _doubles(person["email"] for person in everybody))
    yield from (f"agencies.json: {double} twice" for double in _doubles(agency["name"] for agency in demo.agencies))
    for person in everybody:
        if not person["email"].endswith(".example"):
            yield f"e-mail {person['email']}: not in a domain that nobody can own"
    for body in (*demo.agencies, demo.operator):
        for person in body["people"]:
            if not person["email"].endswith("@" + body["domain"]):
                yield f"agencies.json: {person['email']} is not of {body['domain']}"
            if (person["role"] in ("reviewer", "administrator")) != (body is demo.operator):
                yield f"agencies.json: {person['email']} has a role that is not for {body['name']}"


def _procurement_faults(demo: Demo) -> Iterator[str]:
    agencies = {agency["name"]: agency for agency in demo.agencies}
    offers = _offers(demo)
    companies = {company["name"] for company in demo.companies}
    yield from (f"procurements.json: key {double} twice" for double in _doubles(p["key"] for p in demo.procurements))
    for story in demo.procurements:
        at = f"procurements.json: {story['key']}"
        agency = agencies.get(story["agency"])
        if agency is None:
            yield f"{at}.agency: no agency {story['agency']}"
            continue
        roles = {person["email"]: person["role"] for person in agency["people"]}
        if roles.get(story["officer"]) != "officer":
            yield f"{at}.officer: {story['officer']} is no officer of {story['agency']}"
        if roles.get(story.get("searched_by", story["officer"])) not in ("buyer", "officer"):
            yield f"{at}.searched_by: may not search for {story['agency']}"
        for key in ("keep", "drops"):
            for choice in story.get(key, []):
                if (choice["software"], choice["seller"]) not in offers:
                    yield f"{at}.{key}: no offer of {choice['software']} by {choice['seller'] or 'anybody'}"
        if story["term"]["from"] > story["term"]["to"]:
            yield f"{at}.term: ends before it begins"
        yield from (f"{at}.days: {fault}" for fault in _order_faults(story["days"]))
        if tender := story.get("tender"):
            yield from (f"{at}.tender.{fault}" for fault in _tender_faults(tender, story, roles, offers, companies))


STEPS = (
    "opened", "searched", "selected", "published", "bids_due", "marked", "opening", "awarded", "award_published",
    "contracted", "closed",
)  # fmt: skip


def _order_faults(days: Mapping[str, int]) -> Iterator[str]:
    told = [step for step in STEPS if step in days]
    for earlier, later in pairwise(told):
        if days[earlier] > days[later]:
            yield f"{later} before {earlier}"


def _tender_faults(tender: Tender, story: Procurement, roles, offers, companies) -> Iterator[str]:
    for evaluator in tender["evaluators"]:
        if roles.get(evaluator) not in ("evaluator", "buyer"):
            yield f"evaluators: {evaluator} may not evaluate"
    yield from (f"bids: {double} twice" for double in _doubles(bid["id"] for bid in tender["bids"]))
    kinds = {bonus["kind"] for bonus in tender["bonuses"]}
    kept = {(choice["software"], choice["seller"]) for choice in story.get("keep", [])}
    for bid in tender["bids"]:
        at, wanted = f"bids.{bid['id']}", (bid["software"], bid["seller"])
        if bid["software"] is None:
            if bid["seller"] not in companies:
                yield f"{at}.seller: no company {bid['seller']}"
        elif wanted not in offers:
            yield f"{at}: {bid['seller']} does not sell {bid['software']}"
        elif not {wanted, (bid["software"], None)} & kept:
            yield f"{at}: was not kept in the selection"
        if not story["days"]["published"] <= bid["day"] <= story["days"]["bids_due"]:
            yield f"{at}.day: outside the time for bids"
        yield from (
            f"{at}: no bonus {claim['bonus']}" for claim in bid.get("claims", []) if claim["bonus"] not in kinds
        )
    for marks in tender["marks"]:
        yield from (f"marks.{marks['evaluator']}{fault}" for fault in _mark_faults(marks, tender))


def _mark_faults(marks: Marks, tender: Tender) -> Iterator[str]:
    criteria = tender["criteria"]
    standing = {bid["id"] for bid in tender["bids"] if "withdrawn" not in bid}
    if marks["evaluator"] not in tender["evaluators"]:
        yield ": is no evaluator of this tender"
    if unknown := marks["of"].keys() - standing:
        yield f".of: no standing bid {', '.join(sorted(unknown))}"
    complete = marks["of"].keys() == standing and all(len(given) == len(criteria) for given in marks["of"].values())
    if marks["handed_in"] and not complete:
        yield ".of: handed in with marks missing"
    for bid, given in marks["of"].items():
        for position, (mark, criterion) in enumerate(zip(given, criteria, strict=False)):
            value = mark["mark"] if isinstance(mark, dict) else mark
            if not _mark_fits(value, criterion):
                yield f".of.{bid}[{position}]: {value!r} does not fit {criterion['name']}"


def _mark_fits(value: bool | str, criterion: CriterionText) -> bool:
    if criterion["kind"] == "mandatory" or isinstance(value, bool):
        return criterion["kind"] == "mandatory" and isinstance(value, bool)
    if criterion["scale"]:
        return value in criterion["scale"]
    return Decimal(0) <= Decimal(value) <= Decimal(criterion["points"] or 0)


def _review_faults(demo: Demo) -> Iterator[str]:
    offers = _offers(demo)
    makers = {software["name"]: software["maker"]["name"] for software in demo.software}
    reviewers = {person["email"] for person in demo.operator["people"] if person["role"] == "reviewer"}
    yield from (f"reviews.json: key {double} twice" for double in _doubles(r["key"] for r in demo.reviews))
    for story in demo.reviews:
        at = f"reviews.json: {story['key']}"
        if (story["software"], story["company"]) not in offers:
            yield f"{at}: {story['company']} has nothing to do with {story['software']}"
        for part in (story, *([story["then"]] if "then" in story else [])):
            if part["reviewer"] and part["reviewer"] not in reviewers:
                yield f"{at}.reviewer: {part['reviewer']} is no reviewer"
            if part["changes"]["software"] and makers.get(story["software"]) != story["company"]:
                yield f"{at}.changes.software: only the maker may change it"
            days = [part["days"]["submitted"], *(comment["day"] for comment in part["comments"])]
            if days != sorted(days) or days[-1] > part["days"].get("decided", 0):
                yield f"{at}: comments stand outside the time of the review or out of order"
            if (part["state"] in ("returned", "rejected")) != bool(part["note"]):
                yield f"{at}.note: a returned or rejected submission has one, no other has"


def _offers(demo: Demo) -> set[tuple[str, str | None]]:
    """(software, seller) of every offer, and (software, None) for all of its sellers."""
    pairs = {(s["name"], offer["seller"]["name"]) for s in demo.software for offer in s["offers"]}
    return pairs | {(software, None) for software, _seller in pairs}


def _doubles(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]
