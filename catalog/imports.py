"""From interchange lines to listings, batch by batch. The only way besides the review into the live rows.

A line is the operator's word: its revisions count as submitted and approved by policy, and wait on the post-check list. A
batch is one transaction with its live rows, search rows and audit events, so whatever stops an import leaves whole batches,
and running it again goes on where it stopped: a line that says what is listed already changes nothing.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from django.db import reset_queries, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.accounts.models import User
from marketplace.audit.trail import record_each
from marketplace.bulk import copy_rows, take_pks
from marketplace.companies.enums import EntityKind, FactSource, JsicRevision
from marketplace.companies.facts import merged
from marketplace.companies.models import Company, FactSnapshot, MasterAgreement

from . import actions, checks, interchange, projection
from .content import Fault
from .enums import OfferKind, ReviewStatus, SoftwareStatus
from .interchange import BadLine, Line, Party, Vocabulary
from .models import Category, Certification, Finding, Offer, PriceLine, Review, Revision, Software
from .search.index import index_listings

BATCH = 250
"""Lines in one transaction: some two seconds, and the statements' overhead is no longer seen."""

IMPORTER = "U-SYSTEM"
"""Reference of the account that stands for imports nobody put their name to. Nobody can sign in with it."""


@dataclass(kw_only=True)
class Outcome:
    """What became of some consecutive lines."""

    lines: int = 0
    size: int = 0  # bytes read for them
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    faults: list[tuple[int, Fault]] = field(default_factory=list)  # by line number

    @property
    def bad(self) -> int:
        return len({number for number, _fault in self.faults})


def import_catalog(stream: BinaryIO, *, by: User) -> Iterator[Outcome]:
    """Import every good line of ``stream``; yield after each batch what became of its lines, in order.

    Two lines for one software never share a batch: the later one is a later revision.
    """
    vocabulary = read_vocabulary()
    batch: dict[int, Line] = {}
    held: set[object] = set()
    outcome = Outcome()
    for number, raw in interchange.records(stream):
        line, faults = None, []
        try:
            line = interchange.read(raw, vocabulary)
        except BadLine as bad:
            faults = bad.faults
        if outcome.lines == BATCH or (line and held & _clashes(line)):
            yield _finish(batch, outcome, by)
            batch, held, outcome = {}, set(), Outcome()
        if line:
            batch[number] = line
            held |= _holds(line)
        outcome.lines += 1
        outcome.size += len(raw) + 1
        outcome.faults += ((number, fault) for fault in faults)
    if outcome.lines:
        yield _finish(batch, outcome, by)


def _holds(line: Line) -> set[object]:
    """What a line in a batch keeps others out by: its names, and how its maker's software is told apart there."""
    maker = line.maker.corporate_number
    return {line.reference or "", (maker, line.content["name"]), (maker, bool(line.reference))} - {""}


def _clashes(line: Line) -> set[object]:
    # A line with a reference may rename what a line without one would look for.
    maker = line.maker.corporate_number
    return {line.reference or "", (maker, line.content["name"]), (maker, not line.reference)} - {""}


def read_vocabulary() -> Vocabulary:
    proprietors = Company.objects.filter(is_sole_proprietor=True).values_list("corporate_number", flat=True)
    return Vocabulary(categories=actions.category_slugs(), sole_proprietors=frozenset(proprietors))


def importer() -> User:
    """The account that stands for imports nobody put their name to."""
    return User.objects.get_or_create(reference=IMPORTER, defaults={"name": "カタログ取込", "is_active": False})[0]


def _finish(batch: Mapping[int, Line], outcome: Outcome, by: User) -> Outcome:
    if batch:
        _store(batch, outcome, by)
        reset_queries()  # in DEBUG Django remembers every statement
    outcome.faults.sort(key=lambda each: each[0])
    return outcome


@dataclass(kw_only=True)
class _Plan:
    """What one line changes: content for the software (None: as listed) and for each offer that differs."""

    line: Line
    software: Software | None
    content: dict | None
    offers: list[tuple[Company, Offer | None, dict]]


@transaction.atomic
def _store(batch: Mapping[int, Line], outcome: Outcome, by: User) -> None:
    now = clock.now()
    numbers = {party.corporate_number for line in batch.values() for _path, party in line.parties}
    companies: dict[str, Company] = Company.objects.in_bulk(numbers, field_name="corporate_number")
    listed = _Listed(batch.values())
    agreed = _agreements(companies.values(), now)
    good = []
    for number, line in batch.items():
        if faults := [*_faults_against_listed(line, listed.find(line), companies, agreed)]:
            outcome.faults += ((number, fault) for fault in faults)
        else:
            good.append(line)

    _register(good, companies, by)
    _learn(good, companies, by, now)
    named = dict.fromkeys(companies[party.corporate_number] for line in good for _path, party in line.parties)
    _agree([company for company in named if company.pk not in agreed], by, now)
    plans = [listed.plan(line, companies) for line in good]
    changing = [plan for plan in plans if plan.content is not None or plan.offers]
    _write(changing, companies, by, now)
    outcome.created = sum(plan.software is None for plan in changing)
    outcome.changed = len(changing) - outcome.created
    outcome.unchanged = len(plans) - len(changing)


# Companies


def _register(lines: Iterable[Line], companies: dict[str, Company], by: User) -> None:
    """Add the companies seen for the first time to ``companies`` and the database."""
    parties = {party.corporate_number: party for line in lines for _path, party in line.parties}
    unknown = [party for number, party in parties.items() if number not in companies]
    if not unknown:
        return
    Company.objects.bulk_create(
        (
            Company(corporate_number=party.corporate_number, name=party.name, is_sole_proprietor=party.sole_proprietor)
            for party in unknown
        ),
        ignore_conflicts=True,  # somebody of the company may sign in for the first time just now
    )
    found = Company.objects.in_bulk([party.corporate_number for party in unknown], field_name="corporate_number")
    companies |= {party.corporate_number: found[party.corporate_number] for party in unknown}
    record_each("company:registered", ((company, {"source": "import"}) for company in found.values()), by=by)


# 会社法第6条: a company must carry its kind in its name, and nobody else may.
_KINDS = {
    "株式会社": EntityKind.KABUSHIKI,
    "有限会社": EntityKind.YUGEN,
    "合名会社": EntityKind.GOMEI,
    "合資会社": EntityKind.GOSHI,
    "合同会社": EntityKind.GODO,
}
_FOURTEENTH = dt.date(2024, 4, 1)  # 日本標準産業分類 第14回改定: in force since


def _learn(lines: Iterable[Line], companies: Mapping[str, Company], by: User, now: dt.datetime) -> None:
    """Keep what the lines tell of companies that was not known, as declared on the day of disclosure."""
    told = dict.fromkeys(
        (companies[party.corporate_number], party, dt.date.fromisoformat(line.content["disclosed_on"]))
        for line in lines
        for _path, party in line.parties
    )
    known: dict[int, list[FactSnapshot]] = {company.pk: [] for company, _party, _day in told}
    for snapshot in FactSnapshot.objects.filter(company__in=known).order_by("pk"):
        known[snapshot.company_id].append(snapshot)
    new = []
    for company, party, day in told:
        if _is_known(party, company, day, known[company.pk]):
            continue
        snapshot = _snapshot(company, party, day, by, now)
        newest = all(other.as_of <= day for other in known[company.pk])
        if newest and company.name != party.name:
            company.name = party.name
            company.save(update_fields=["name"])
        known[company.pk].append(snapshot)
        new.append(snapshot)
    FactSnapshot.objects.bulk_create(new)
    record_each(
        "company:facts_recorded",
        ((each.company, {"source": each.source, "as_of": each.as_of.isoformat()}) for each in new),
        by=by,
    )


def _is_known(party: Party, company: Company, day: dt.date, snapshots: list[FactSnapshot]) -> bool:
    """Whether all the party tells is what we believe, believed on that day, or were told on that day already."""
    facts = {
        "established_on": party.established_on,
        "capital_yen": party.capital_yen,
        "employees": party.employees,
        "jsic_code": party.jsic,
    }
    facts = {name: value for name, value in facts.items() if value is not None}

    def agrees(snapshots: list[FactSnapshot]) -> bool:
        believed = merged(snapshots).facts
        return all(getattr(believed, name) == value for name, value in facts.items())

    if party.name == company.name and (agrees(snapshots) or agrees([s for s in snapshots if s.as_of <= day])):
        return True
    return any(
        (each.source, each.as_of, each.name) == (FactSource.DECLARED, day, party.name)
        and all(getattr(each, name) == value for name, value in facts.items())
        for each in snapshots
    )


def _snapshot(company: Company, party: Party, day: dt.date, by: User, now: dt.datetime) -> FactSnapshot:
    kinds = {kind for word, kind in _KINDS.items() if party.name.startswith(word) or party.name.endswith(word)}
    kind = EntityKind.SOLE_PROPRIETOR if company.is_sole_proprietor else kinds.pop() if len(kinds) == 1 else None
    revision = JsicRevision.REV14 if day >= _FOURTEENTH else JsicRevision.REV13
    return FactSnapshot(
        company=company,
        source=FactSource.DECLARED,
        as_of=day,
        recorded_at=now,
        recorded_by=by,
        evidence="カタログ取込",
        name=party.name,
        entity_kind=kind,
        established_on=party.established_on,
        capital_yen=party.capital_yen,
        employees=party.employees,
        jsic_code=party.jsic,
        jsic_revision=revision if party.jsic else None,
    )


def _agreements(companies: Iterable[Company], now: dt.datetime) -> dict[int, bool]:
    """For the companies that ever had an agreement: whether one is in force."""
    rows = MasterAgreement.objects.filter(company__in=[company.pk for company in companies])
    agreed = dict.fromkeys(rows.values_list("company", flat=True), False)
    return agreed | dict.fromkeys(rows.in_force(now).values_list("company", flat=True), True)


def _agree(companies: list[Company], by: User, now: dt.datetime) -> None:
    """Who never had an agreement gets one: the operator lists nobody it has none with. An ended one stays ended."""
    MasterAgreement.objects.bulk_create(
        MasterAgreement(
            company=company,
            number=f"基本-{company.corporate_number}",
            starts_at=now,
            accepted_at=now,
            accepted_by=by,
        )
        for company in companies
    )
    record_each("company:agreement_recorded", ((company, {"source": "import"}) for company in companies), by=by)


# Listings


class _Listed:
    """What is registered already of the software some lines tell of. Their rows are locked: nobody approves meanwhile."""

    def __init__(self, lines: Iterable[Line]):
        lines = list(lines)
        references = [line.reference for line in lines if line.reference]
        loose = [line for line in lines if not line.reference]
        registered = Software.objects.select_related("maker", "listed_revision").order_by("pk")
        found = list(registered.filter(reference__in=references)) if references else []
        if loose:
            found += registered.filter(
                maker__corporate_number__in={line.maker.corporate_number for line in loose},
                name__in={line.content["name"] for line in loose},
            )
        if found:
            locks = Software.objects.filter(pk__in=[each.pk for each in found]).order_by("pk")
            list(locks.select_for_update(no_key=True).values_list("pk", flat=True))
            found = list(registered.filter(pk__in=[each.pk for each in found]))
        self.by_reference = {each.reference: each for each in found}
        self.by_name = {(each.maker.corporate_number, each.name): each for each in reversed(found)}
        self.offers = {
            (offer.software_id, offer.seller_id): offer
            for offer in Offer.objects.filter(software__in=found).select_related("listed_revision")
        }

    def find(self, line: Line) -> Software | None:
        if line.reference:
            return self.by_reference.get(line.reference)
        return self.by_name.get((line.maker.corporate_number, line.content["name"]))

    def plan(self, line: Line, companies: Mapping[str, Company]) -> _Plan:
        software = self.find(line)
        offers = []
        for each in line.offers:
            seller = companies[each.seller.corporate_number]
            offer = self.offers.get((software.pk, seller.pk)) if software else None
            if not _says(offer, each.content) or offer.withdrawn_at:
                offers.append((seller, offer, each.content))
        content = None if _says(software, line.content) else line.content
        return _Plan(line=line, software=software, content=content, offers=offers)


def _says(subject: Software | Offer | None, content: dict) -> bool:
    return bool(subject and subject.listed_revision and subject.listed_revision.content == content)


def _faults_against_listed(
    line: Line, software: Software | None, companies: Mapping[str, Company], agreed: Mapping[int, bool]
) -> Iterator[Fault]:
    if software and software.maker.corporate_number != line.maker.corporate_number:
        yield Fault("$.reference", _("別の製造事業者のソフトウェアの登録番号です。"))
    for path, party in line.parties:
        company = companies.get(party.corporate_number)
        if company and agreed.get(company.pk) is False:
            yield Fault(path, _("この事業者との基本契約は終了しています。"))


@dataclass(kw_only=True)
class _Change:
    """A plan turned into rows, not written yet. ``of_software`` None: only offers change."""

    software: Software
    is_new: bool
    of_software: Revision | None = None
    of_offers: list[Revision] = field(default_factory=list)
    new_offers: list[Offer] = field(default_factory=list)
    reviews: dict[int, Review] = field(default_factory=dict)  # by company: each answers for its own

    @property
    def revisions(self) -> list[Revision]:
        return ([self.of_software] if self.of_software else []) + self.of_offers


def _write(plans: list[_Plan], companies: Mapping[str, Company], by: User, now: dt.datetime) -> None:
    """Revisions, reviews, live rows, audit events and search rows of everything that changes."""
    changes = _rows(plans, companies, by, now)
    new = [change.software for change in changes if change.is_new]
    offers = [offer for change in changes for offer in change.new_offers]
    reviews = [review for change in changes for review in change.reviews.values()]
    revisions = [revision for change in changes for revision in change.revisions]
    given = {plan.line.reference for plan in plans}
    _give_references([software for software in new if software.reference not in given], offers, reviews)
    for rows in (new, offers, reviews, revisions):
        copy_rows(rows)
    _write_projections(new, offers, revisions)
    for change in changes:
        _project(change, now=now)
    _write_findings(revisions)
    record_each("software:imported", map(_act, changes), by=by)
    index_listings([change.software.pk for change in changes])


def _rows(plans: list[_Plan], companies: Mapping[str, Company], by: User, now: dt.datetime) -> list[_Change]:
    numbers = _last_numbers([plan.software.pk for plan in plans if plan.software])
    count = sum((plan.content is not None) + len(plan.offers) for plan in plans)
    pks = {model: take_pks(model, count) for model in (Software, Offer, Review, Revision)}

    def revise(change: _Change, offer: Offer | None, content: dict, company: Company) -> Revision:
        review = change.reviews.get(company.pk)
        if review is None:
            # Decided by nobody: the policy that trusts imports did. A person looks at it afterwards.
            review = change.reviews[company.pk] = Review(
                pk=next(pks[Review]), software=change.software, company=company, status=ReviewStatus.APPROVED,
                submitted_at=now, submitted_by=by, due_at=now, checked_at=now, decided_at=now, post_check=True,
            )  # fmt: skip
        return Revision(
            pk=next(pks[Revision]), software=change.software, offer=offer, content=content, review=review,
            number=numbers.get((change.software.pk, offer.pk if offer else None), 0) + 1,
            digest=actions.digest(content), created_at=now, edited_at=now, edited_by=by,
        )  # fmt: skip

    changes = []
    for plan in plans:
        maker = companies[plan.line.maker.corporate_number]
        change = _Change(
            software=plan.software or Software(pk=next(pks[Software]), maker=maker), is_new=not plan.software
        )
        if plan.content is not None:
            change.of_software = revise(change, None, plan.content, maker)
        if change.is_new:
            software = change.software
            software.reference = plan.line.reference or software.reference
            software.status, software.listed_at = SoftwareStatus.LISTED, now
            # The revision follows in this transaction; the foreign key is checked at its end.
            software.listed_revision_id = change.of_software.pk
            for name, value in projection.software_columns(plan.content).items():
                setattr(software, name, value)
        for seller, known, content in plan.offers:
            offer = known or Offer(
                pk=next(pks[Offer]), software=change.software, seller=seller,
                kind=OfferKind(content["kind"]), services=content.get("services") or [],
            )  # fmt: skip
            revision = revise(change, offer, content, seller)
            change.of_offers.append(revision)
            if not known:
                offer.listed_revision_id = revision.pk
                change.new_offers.append(offer)
        changes.append(change)
    return changes


def _project(change: _Change, *, now: dt.datetime) -> None:
    """Bring the live rows there were before up to date, as an approval does."""
    for revision in change.of_offers:
        if revision.offer not in change.new_offers:
            actions.project_offer(revision.offer, revision)
    if change.is_new or not change.of_software:
        return
    software = change.software
    actions.project_software(software, change.of_software, now=now)
    if software.status in (SoftwareStatus.UNLISTED, SoftwareStatus.LAPSED):  # a suspended one stays suspended
        software.status = SoftwareStatus.LISTED
        software.save(update_fields=["status"])


def _give_references(*rows_of_models: list[Software] | list[Offer] | list[Review]) -> None:
    """Replace references already in use. For one new row the constraint would do; among 100,000 some collide for certain."""
    for rows in rows_of_models:
        sure: set[str] = set()
        doubtful = list(rows)
        while doubtful:
            model = type(doubtful[0])
            alike = model._default_manager.filter(reference__in=[row.reference for row in doubtful])
            taken = sure | set(alike.values_list("reference", flat=True))
            again = []
            for row in doubtful:
                if row.reference in taken:
                    row.reference = model._meta.get_field("reference").get_default()
                    again.append(row)
                else:
                    taken.add(row.reference)
                    sure.add(row.reference)
            doubtful = again


def _last_numbers(software: list[int]) -> dict[tuple[int, int | None], int]:
    rows = Revision.objects.filter(software__in=software).order_by().values_list("software", "offer")
    return {(pk, offer): number for pk, offer, number in rows.annotate(last=Max("number"))} if software else {}


def _write_projections(software: list[Software], offers: list[Offer], revisions: list[Revision]) -> None:
    """The rows that hang on new software and offers."""
    contents = {revision.pk: revision.content for revision in revisions}
    leaves = dict(Category.objects.exclude(parent=None).values_list("slug", "pk"))
    Through = Software.categories.through
    copy_rows(
        Through(software_id=each.pk, category_id=leaves[slug])
        for each in software
        for slug in contents[each.listed_revision_id].get("categories") or []
    )
    copy_rows(
        Certification(software=each, **columns)
        for each in software
        for columns in projection.certifications(contents[each.listed_revision_id])
    )
    copy_rows(
        PriceLine(offer=each, **columns)
        for each in offers
        for columns in projection.price_lines(contents[each.listed_revision_id])
    )


def _write_findings(revisions: list[Revision]) -> None:
    """What a machine can see of each revision by itself, for whoever does the post-check."""
    today = clock.today()
    copy_rows(
        Finding(
            review=revision.review, revision=revision, field=path, check_name=check, severity=severity,
            message=message[:500],
        )
        for revision in revisions
        for path, check, severity, message in dict.fromkeys(
            checks.check_offer(revision.content)
            if revision.offer_id
            else checks.check_software(revision.content, today=today)
        )
    )  # fmt: skip


def _act(change: _Change) -> tuple[Software, dict]:
    return change.software, {
        "revisions": {revision.subject.reference: [revision.number, revision.digest] for revision in change.revisions},
        "reviews": sorted(review.reference for review in change.reviews.values()),
    }
