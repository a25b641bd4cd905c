"""Replays the demonstration data: everything people did goes through the application's own actions, in its own time.

The stories of ``marketplace/demo`` are merged into one agenda and run in the order of their moments, so that a search finds
what was listed then, a selection holds the revisions of that day, and the audit trail reads like a year of work. All of it
is one transaction: a demonstration is there or it is not.
"""

import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog import actions as desk
from catalog import imports
from catalog.enums import ReviewStatus
from catalog.models import Offer, Review, Revision, Software
from catalog.rules import lapse_date
from catalog.search.index import rebuild
from marketplace import clock
from marketplace.accounts import actions as accounts
from marketplace.accounts.enums import GbizAccountType, Role
from marketplace.accounts.gbizid import Identity, configured_issuer
from marketplace.accounts.models import Agency, Membership, User
from marketplace.audit.models import AuditEvent
from marketplace.audit.trail import record
from marketplace.celery import unqueued
from marketplace.companies.enums import EntityKind
from marketplace.companies.models import Company, FactSnapshot, MasterAgreement
from marketplace.companies.rules import Holding, Officer
from marketplace.demo import data
from marketplace.gbizid_standin import presets
from marketplace.notifications.models import Notification

from . import actions, found
from .enums import ProcurementStatus
from .models import Bid, Candidate, Procurement, Tender

LOADED = "demo:loaded"
"""The audit event that says a demonstration is in this database."""

STAYS = dt.timedelta(days=30)
"""How long the sweep leaves a story alone that stands where a machine would go on within a minute."""
UNREAD = dt.timedelta(days=7)
"""Older notifications were read."""


class DemoError(Exception):
    """The data tells what the application does not let happen, or happens differently. Names the story."""


def is_loaded() -> bool:
    return AuditEvent.objects.filter(type=LOADED).exists()


def load_demo(*, progress: Callable[[list], Iterable] | None = None) -> int:
    """Replay everything, ending now; returns the number of steps taken. Raises DemoError, and then nothing is kept.

    ``progress`` wraps the list of steps (tqdm, say). Nothing is mailed and no task is queued.
    """
    with unqueued(), transaction.atomic():
        replay = _Replay(data.load(), now=clock.now())
        steps = replay.agenda()
        for step in progress(steps) if progress else steps:
            with clock.at(step.at):
                try:
                    step.act()
                except Exception as error:
                    raise DemoError(f"{step.story} on {step.at:%Y-%m-%d}: {error}") from error
        record(LOADED, replay.operator(Role.ADMINISTRATOR), by=None, steps=len(steps))
        _settle(replay.now)
        for _done in rebuild():  # who was a startup on the day of listing may be too old by now
            pass
    return len(steps)


def _settle(now: dt.datetime) -> None:
    """What was told in replayed time is no mail of today, and the older part of it was read."""
    told = Notification.objects.filter(created_at__lte=now)
    told.filter(mailed_at=None).update(mail_due_at=None)
    told.filter(created_at__lt=now - UNREAD).update(read_at=F("created_at"))


@dataclass(frozen=True)
class _Step:
    at: dt.datetime
    story: str
    act: Callable[[], Any]


@dataclass(kw_only=True)
class _Story:
    """What one purchase has come to, from step to step."""

    told: data.Procurement
    procurement: Procurement | None = None
    bids: dict[str, Bid] = field(default_factory=dict)

    @property
    def tender(self) -> Tender:
        return Tender.objects.get(procurement=self.procurement)

    def refresh(self) -> Procurement:
        self.procurement = Procurement.objects.select_related("agency").get(pk=self.procurement.pk)
        return self.procurement


class _Replay:
    def __init__(self, demo: data.Demo, *, now: dt.datetime):
        self.demo = demo
        self.now = now
        self.today = timezone.localdate(now)
        self.people: dict[str, int] = {}  # primary keys by address: memberships are read afresh for each act
        self.contacts = {company["name"]: company["contact"]["email"] for company in demo.companies}
        self.makers = {software["name"]: software["maker"]["name"] for software in demo.software}

    def agenda(self) -> list[_Step]:
        """Every step, in order of time; of one moment, in the order of the files."""
        steps = [*self._listings(), *self._submissions(), *self._purchases()]
        begin = min(step.at for step in steps) - dt.timedelta(days=30)
        steps.sort(key=lambda step: step.at)
        first = [
            _Step(begin, "operator and agencies", self._found_bodies),
            *(_Step(begin, company["name"], partial(self._found_company, company)) for company in self.demo.companies),
        ]
        return [*first, *steps]

    # Time and people

    def day(self, day: int) -> dt.date:
        return self.today + dt.timedelta(days=day)

    def planned(self, day: int, hour: int, minute: int = 0) -> dt.datetime:
        moment = dt.datetime.combine(self.day(day), dt.time(hour, minute))
        return timezone.make_aware(moment, timezone.get_default_timezone())

    def at(self, day: int, hour: int, minute: int = 0) -> dt.datetime:
        """When something happened: never after now, however early somebody loads the demonstration."""
        return min(self.planned(day, hour, minute), self.now)

    def person(self, email: str) -> User:
        return User.objects.get(pk=self.people[email])

    def vendor(self, company: str) -> User:
        return self.person(self.contacts[company])

    def operator(self, role: Role) -> User:
        return self.person(next(p["email"] for p in self.demo.operator["people"] if p["role"] == role))

    def _found_bodies(self) -> None:
        for person in self.demo.operator["people"]:
            self._enrol(person)
        administrator = self.operator(Role.ADMINISTRATOR)
        for told in self.demo.agencies:
            agency = Agency.objects.create(**{k: told[k] for k in ("name", "name_kana", "kind", "population", "staff")})
            record("agency:registered", agency, by=administrator)
            accounts.add_domain(agency, told["domain"], by=administrator)
            for person in told["people"]:
                self._enrol(person, agency)

    def _enrol(self, told: data.Official, agency: Agency | None = None) -> None:
        user = accounts.enrol_official(name=told["name"], email=told["email"], second_factor=True)
        Membership.objects.create(user=user, role=told["role"], agency=agency, post=told["post"])
        organisation = {"agency": agency.reference} if agency else {}
        record("membership:granted", user, by=None, role=told["role"], **organisation)
        self.people[told["email"]] = user.pk

    def _found_company(self, told: data.Company) -> None:
        company = Company.objects.create(
            corporate_number=told["corporate_number"],
            is_sole_proprietor=told["entity_kind"] == EntityKind.SOLE_PROPRIETOR,
            name=told["name"],
            name_kana=told["name_kana"],
        )
        record("company:registered", company, by=None)
        FactSnapshot.objects.bulk_create(_snapshot(company, told, snapshot) for snapshot in told["snapshots"])
        administrator = self.operator(Role.ADMINISTRATOR)
        if told["listed"]:
            number = f"基本-{company.corporate_number}"
            MasterAgreement.objects.create(
                company=company, number=number, starts_at=clock.now(), accepted_by=administrator
            )
            record("company:agreement_recorded", company, by=administrator)
        self._admit(company, told["contact"])

    def _admit(self, company: Company, contact: data.Contact) -> None:
        """Sign the contact in as GビズID would: with the stand-in's account where it has one, so that people can be them."""
        preset = next((a for a in presets.accounts().values() if a["email"] == contact["email"]), None)
        if preset and preset["account_type"] != GbizAccountType.PRIME:
            return  # an エントリー account shows at its own first sign-in what it may
        account = accounts.admit_vendor(
            Identity(
                issuer=configured_issuer(),
                subject=preset["sub"] if preset else f"demo-{company.corporate_number}",
                account_type=GbizAccountType.PRIME,
                corp_type="2" if company.is_sole_proprietor else "1",
                corporate_number=company.corporate_number,
                company_name=company.name,
                person_name=contact["name"],
                contact_email=contact["email"],
                has_mandate=False,
            )
        )
        account.user.memberships.filter(company=company).update(post=contact["post"])
        self.people[contact["email"]] = account.user_id

    # The catalogue

    def _listings(self) -> Iterator[_Step]:
        """Each software is listed when it was disclosed, or before the first story that needs it; then looked at."""
        needed = self._needed()
        first_submissions = {r["software"]: r for r in self.demo.reviews if not any(r["changes"].values())}
        for position, software in enumerate(self.demo.software):
            name = software["name"]
            if name in first_submissions:
                approved = first_submissions[name]["days"]["decided"]
                # Its resellers come in once it is listed.
                yield _Step(self.at(approved, 17), name, partial(self._import, software))
                continue
            disclosed = (dt.date.fromisoformat(software["disclosed_on"]) - self.today).days
            day = min(disclosed, needed.get(name, disclosed), -1)
            told = software | {"disclosed_on": self.day(day).isoformat()} if day < disclosed else software
            if lapse_date(self.day(day)) <= self.today:
                raise DemoError(f"{name}: disclosed too long ago to be listed; the data needs new dates")
            yield _Step(self.at(day, 9 + position % 8, position % 60), name, partial(self._import, told))
            if day < -21:
                yield _Step(self.at(day + 2, 10, position % 60), name, partial(self._look_at, name))

    def _needed(self) -> dict[str, int]:
        """By software the last day on which it must be listed, for the stories to happen."""
        needed: dict[str, int] = {}
        for purchase in self.demo.procurements:
            for choice in (*purchase.get("keep", ()), *purchase.get("drops", ())):
                day = purchase["days"]["searched"] - 3
                needed[choice["software"]] = min(day, needed.get(choice["software"], day))
        for review in self.demo.reviews:
            day = review["days"]["submitted"] - 14
            needed[review["software"]] = min(day, needed.get(review["software"], day))
        return needed

    def _import(self, told: dict) -> None:
        line = json.dumps(told, ensure_ascii=False).encode()
        by = self.operator(Role.ADMINISTRATOR)
        for outcome in imports.import_catalog(io.BytesIO(line), by=by):
            if outcome.faults:
                raise DemoError("; ".join(f"{fault.path}: {fault.message}" for _number, fault in outcome.faults))

    def _look_at(self, name: str) -> None:
        """The post-check of what was imported."""
        reviewers = [person["email"] for person in self.demo.operator["people"] if person["role"] == Role.REVIEWER]
        for review in Review.objects.awaiting_post_check().filter(software__name=name).order_by("pk"):
            desk.confirm_post_check(review, by=self.person(reviewers[review.pk % len(reviewers)]))

    def _submissions(self) -> Iterator[_Step]:
        for story in self.demo.reviews:
            for part in (story, *([story["then"]] if "then" in story else [])):
                for at, act, *arguments in self._submission(story, part):
                    yield _Step(at, f"review {story['key']}", partial(act, story, part, *arguments))

    def _submission(self, story: data.Review, part: data.Review | data.Mended) -> Iterator[tuple]:
        day, state = part["days"]["submitted"], part["state"]
        yield self.at(day, 9, 30), self._submit
        if state != ReviewStatus.SUBMITTED:
            yield self.at(day, 9, 31), self._check
        if part["reviewer"]:
            yield self.at(min([day, *(c["day"] for c in part["comments"])]), 9, 40), self._assign
        for position, comment in enumerate(part["comments"]):
            yield self.at(comment["day"], 11, position), self._comment, comment
        if "decided" in part["days"] and (part["reviewer"] or state == ReviewStatus.WITHDRAWN):
            yield self.at(part["days"]["decided"], 16), self._decide

    def _submit(self, story: data.Review, part: dict) -> None:
        by = self.vendor(story["company"])
        company = Company.objects.get(name=story["company"])
        software = Software.objects.filter(name=story["software"], maker__name=self.makers[story["software"]]).first()
        if software is None:
            software = self._draft_first(story, company, by)
        for room, changes in part["changes"].items():
            if changes:
                subject = software if room == "software" else Offer.objects.get(software=software, seller=company)
                draft = desk.start_draft(subject, by=by)
                desk.save_draft(draft, content=draft.content | changes, by=by)
        review = desk.submit_drafts(software, company=company, by=by)
        if part["state"] == ReviewStatus.SUBMITTED:
            self._let_stand(review)

    def _draft_first(self, story: data.Review, company: Company, by: User) -> Software:
        told = next(software for software in self.demo.software if software["name"] == story["software"])
        content = {key: value for key, value in told.items() if key not in ("maker", "offers")}
        # Nobody discloses after submitting.
        content["disclosed_on"] = min(content["disclosed_on"], clock.today().isoformat())
        software = desk.create_software(company=company, content=content, by=by).software
        offer = next(offer for offer in told["offers"] if offer["seller"]["name"] == company.name)
        desk.create_offer(
            software=software, company=company, content={k: v for k, v in offer.items() if k != "seller"}, by=by
        )
        return software

    def _review(self, story: data.Review) -> Review:
        """The story's newest submission."""
        mine = Review.objects.filter(software__name=story["software"], company__name=story["company"])
        return mine.order_by("-pk").first()

    def _check(self, story: data.Review, part: dict) -> None:
        review = desk.begin_check(self._review(story))
        if part["state"] == ReviewStatus.CHECKING:
            self._let_stand(review)
            return
        review = desk.finish_check(review)
        if part["state"] == ReviewStatus.APPROVED and not part["reviewer"] and review.status != ReviewStatus.APPROVED:
            raise DemoError("not approved at once")

    def _let_stand(self, review: Review) -> None:
        Review.objects.filter(pk=review.pk).update(due_at=self.now + STAYS)

    def _assign(self, story: data.Review, part: dict) -> None:
        desk.assign_reviewer(self._review(story), by=self.person(part["reviewer"]))

    def _comment(self, story: data.Review, part: dict, comment: data.FieldComment) -> None:
        review = self._review(story)
        by = self.person(part["reviewer"]) if comment["by"] == "operator" else self.vendor(story["company"])
        revision = Revision.objects.get(review=review, offer__isnull=comment["part"] == "software")
        desk.write_comment(review, revision=revision, field=comment["field"], body=comment["body"], by=by)

    def _decide(self, story: data.Review, part: dict) -> None:
        review = self._review(story)
        if part["state"] == ReviewStatus.WITHDRAWN:
            desk.withdraw_review(review, by=self.vendor(story["company"]))
            return
        by = self.person(part["reviewer"])
        if part["state"] == ReviewStatus.APPROVED:
            desk.approve_review(review, by=by)
        else:
            decide = {ReviewStatus.RETURNED: desk.return_review, ReviewStatus.REJECTED: desk.reject_review}
            decide[part["state"]](review, note=part["note"], by=by)

    # Purchases

    def _purchases(self) -> Iterator[_Step]:
        for told in self.demo.procurements:
            story = _Story(told=told)
            for at, act, *arguments in self._purchase(story):
                yield _Step(at, f"procurement {told['key']}", partial(act, story, *arguments))

    def _purchase(self, story: _Story) -> Iterator[tuple]:
        told, days, tender = story.told, story.told["days"], story.told.get("tender")
        yield self.at(days["opened"], 9), self._open
        if "searched" in days:
            yield self.at(days["searched"], 10), self._search
        if "selected" in days:
            yield self.at(days["selected"], 11), self._select
        if "published" in days:
            yield self.at(days["published"], 13), self._publish
        if tender:
            for bid in tender["bids"]:
                yield self.at(bid["day"], 14), self._bid, bid
                if "withdrawn" in bid:
                    yield self.at(bid["withdrawn"]["day"], 15), self._withdraw, bid
            if told["tender_status"] not in ("open", "cancelled"):
                yield self.at(days["bids_due"], 17, 1), self._close_bids
                yield self.at(min(days["bids_due"] + 2, days.get("marked", 0)), 9), self._mark
            if "marked" in days:
                yield self.at(days["marked"], 9, 30), self._close_marking
            if told["tender_status"] in ("evaluated", "awarded"):
                yield self.at(days["opening"], 10, 5), self._open_prices
        for key, hour, act in (
            ("awarded", 15, self._award),
            ("award_published", 16, self._publish_award),
            ("contracted", 17, self._contract),
            ("closed", 17, self._close),
            ("ended", 17, self._end),
        ):
            if key in days:
                yield self.at(days[key], hour), act

    def officer(self, story: _Story) -> User:
        return self.person(story.told["officer"])

    def _open(self, story: _Story) -> None:
        told = story.told
        story.procurement = actions.open_procurement(
            agency=Agency.objects.get(name=told["agency"]),
            by=self.officer(story),
            term_from=dt.date.fromisoformat(told["term"]["from"]),
            term_to=dt.date.fromisoformat(told["term"]["to"]),
            **{key: told[key] for key in ("title", "purpose", "kind", "budget_yen", "users", "residents")},
        )

    def _search(self, story: _Story) -> None:
        told, by = story.told, self.person(story.told.get("searched_by", story.told["officer"]))
        for params in (*told.get("earlier_searches", ()), told["search"]):
            search = actions.search_candidates(story.procurement, params=params, by=by)
        for drop in told.get("drops", ()):
            dropped = search.candidates.filter(**_chosen(drop))
            if not dropped:
                raise DemoError(f"the search does not find {drop['software']}")
            for candidate in dropped.select_related("search", "offer"):
                actions.drop_candidate(candidate, reason=drop["reason"], by=by)
        self._check_kept(story, search)

    def _check_kept(self, story: _Story, search) -> None:
        """Before a selection is locked, what is not dropped is what the story keeps: no more, no less."""
        if "selected" not in story.told["days"]:
            return  # still being judged
        kept = search.candidates.filter(is_dropped=False)
        wanted = [
            candidate.pk
            for choice in story.told.get("keep", ())
            for candidate in search.candidates.filter(**_chosen(choice))
        ]
        if odd := kept.exclude(pk__in=wanted).select_related("software", "offer__seller").first():
            raise DemoError(f"the search finds {odd.offer}, which is neither kept nor dropped")
        if len(wanted) != kept.count():
            raise DemoError("the search does not find all that is kept")

    def _select(self, story: _Story) -> None:
        procurement = story.refresh()
        search = procurement.searches.get(is_active=True)
        if found.difference(_candidates(search), found.offers(search.params)):
            # A revision was approved since: the officer searches again, the reasons stay.
            search = actions.search_candidates(procurement, params=search.params, by=self.officer(story))
            self._check_kept(story, search)
        actions.lock_selection(
            procurement,
            confirmed=found.fingerprint(_candidates(search)),
            note=story.told.get("note", ""),
            by=self.officer(story),
        )

    def _publish(self, story: _Story) -> None:
        told, days, by = story.told["tender"], story.told["days"], self.officer(story)
        past = story.told.get("past_sheet", False)
        tender = actions.draft_tender(story.refresh(), by=by, past_sheet=past)
        values = {
            "rule": told["rule"],
            "bids_due_at": self.planned(days["bids_due"], 17),
            "opening_at": self.planned(days["opening"], 10),
        }
        if told["startup"]:
            values |= {
                "startup_reference_date": self.day(told["startup"]["reference_day"]),
                "startup_years": told["startup"]["years"],
                "startup_source": told["startup"]["source"],
            }
        criteria = [criterion | {"points": _decimal(criterion["points"])} for criterion in told["criteria"]]
        bonuses = [bonus | {"points": _decimal(bonus["points"])} for bonus in told["bonuses"]]
        actions.save_rule(tender, values=values, criteria=criteria, bonuses=bonuses, by=by)
        for email in told["evaluators"]:
            actions.assign_evaluator(tender, evaluator=self.person(email), by=by)
        actions.publish_tender(
            story.tender,
            ceiling_price=_decimal(told["ceiling_price"]),
            low_price_threshold=_decimal(told["low_price_threshold"]),
            companies=[Company.objects.get(name=bid["seller"]) for bid in told["bids"]] if past else (),
            by=by,
        )

    def _bid(self, story: _Story, told: data.Bid) -> None:
        tender = story.tender
        bonuses = {bonus.kind: bonus.pk for bonus in tender.bonuses.all()}
        software = {"candidate__software__name": told["software"]} if told["software"] else {}
        bid, _salt = actions.submit_bid(
            tender.invitations.get(company__name=told["seller"], **software),
            prices={component: Decimal(price) for component, price in told["prices"].items()},
            proposal=told["proposal"],
            by=self.vendor(told["seller"]),
            lot_number=told.get("lot_number"),
            claims={bonuses[claim["bonus"]]: claim["statement"] for claim in told.get("claims", ())},
        )
        story.bids[told["id"]] = bid

    def _withdraw(self, story: _Story, told: data.Bid) -> None:
        actions.withdraw_bid(story.bids[told["id"]], reason=told["withdrawn"]["reason"], by=self.vendor(told["seller"]))

    def _close_bids(self, story: _Story) -> None:
        actions.close_bids(story.tender)

    def _mark(self, story: _Story) -> None:
        tender, told = story.tender, story.told["tender"]
        for bid in told["bids"]:
            if "technical_points" in bid:
                points = Decimal(bid["technical_points"])
                actions.enter_technical_points(story.bids[bid["id"]], points=points, by=self.officer(story))
        criteria = list(tender.criteria.order_by("position"))
        for marks in told["marks"]:
            if marks["conflict"] is None:
                continue
            by = self.person(marks["evaluator"])
            assignment = tender.assignments.get(evaluator=by)
            assignment = actions.declare_conflict(assignment, has_conflict=marks["conflict"], by=by)
            for bid, given in marks["of"].items():
                for criterion, mark in zip(criteria, given, strict=False):
                    values = _mark_values(criterion, mark)
                    actions.save_mark(assignment, bid=story.bids[bid], criterion=criterion, by=by, **values)
            if marks["handed_in"]:
                actions.hand_in_marks(assignment, by=by)

    def _close_marking(self, story: _Story) -> None:
        actions.close_marking(story.tender, by=self.officer(story))
        for bid in story.told["tender"]["bids"]:
            for claim in bid.get("claims", ()):
                if claim["decision"]:
                    stored = story.bids[bid["id"]].claims.get(bonus__kind=claim["bonus"])
                    actions.decide_claim(stored, **claim["decision"], by=self.officer(story))

    def _open_prices(self, story: _Story) -> None:
        actions.open_prices(story.tender, by=self.officer(story))

    def _award(self, story: _Story) -> None:
        newest = story.tender.evaluations.order_by("-number").first()
        actions.award_tender(
            story.tender, evaluation=newest.number, reason=story.told["award"]["reason"], by=self.officer(story)
        )

    def _publish_award(self, story: _Story) -> None:
        actions.publish_award(story.tender.award, by=self.officer(story))

    def _contract(self, story: _Story) -> None:
        told, term = story.told["contract"], story.told["term"]
        actions.record_contract(
            story.procurement,
            number=told["number"],
            amount_yen=told["amount_yen"],
            signed_on=self.day(told["signed_day"]),
            term_from=dt.date.fromisoformat(term["from"]),
            term_to=dt.date.fromisoformat(term["to"]),
            by=self.officer(story),
        )

    def _close(self, story: _Story) -> None:
        actions.close_procurement(story.procurement, by=self.officer(story))

    def _end(self, story: _Story) -> None:
        actions.end_procurement(
            story.procurement,
            target=ProcurementStatus(story.told["status"]),
            reason=story.told["end"]["reason"],
            by=self.officer(story),
        )


def _snapshot(company: Company, told: data.Company, snapshot: data.Snapshot) -> FactSnapshot:
    plain = ("source", "established_on", "capital_yen", "employees", "jsic_code")
    revision, holders, officers = (snapshot[key] for key in ("jsic_revision", "shareholders", "officers"))
    return FactSnapshot(
        company=company,
        as_of=dt.date.fromisoformat(snapshot["as_of"]),
        recorded_at=clock.now(),
        name=told["name"],
        address=told["address"],
        prefecture=told["prefecture"],
        entity_kind=told["entity_kind"],
        jsic_revision=str(revision) if revision else None,
        shareholders=None if holders is None else [Holding.from_dict(holder).as_dict() for holder in holders],
        officers=None if officers is None else [_officer(officer).as_dict() for officer in officers],
        **{key: snapshot[key] for key in plain},
    )


def _officer(told: data.Officer) -> Officer:
    return Officer(name=told["role"], at_large=told["at_large"], at_deemed_large_sme=told["at_deemed_large_sme"])


def _chosen(choice: data.Choice) -> dict[str, str]:
    seller = {"offer__seller__name": choice["seller"]} if choice["seller"] else {}
    return {"software__name": choice["software"], **seller}


def _candidates(search) -> list[Candidate]:
    related = ("software__maker", "offer__seller", "software_revision", "offer_revision")
    return list(search.candidates.select_related(*related).order_by("position"))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _mark_values(criterion, mark: Any) -> dict[str, Any]:
    told, comment = (mark["mark"], mark["comment"]) if isinstance(mark, dict) else (mark, "")
    if isinstance(told, bool):
        return {"is_met": told, "comment": comment}
    if criterion.scale:
        return {"letter": told, "comment": comment}
    return {"points": Decimal(told), "comment": comment}
