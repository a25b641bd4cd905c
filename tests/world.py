"""One small world with everybody and everything in it, for the tests that walk over every page.

Two companies list software and bid, a third looks on; one agency buys, another looks on; the operator reviews. A
procurement stands at every stage of its way, so that for each URL there is something it can be about.
"""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from catalog import actions as catalog
from catalog.criteria import Criteria
from catalog.enums import AttachmentKind, ReviewStatus, ScanStatus
from catalog.models import Attachment, SearchSynonym
from catalog.watches.actions import save_search
from catalog.watches.enums import Frequency
from marketplace import clock, uploads
from marketplace.accounts import actions as accounts
from marketplace.accounts.enums import GbizAccountType, Role
from procurement import actions, scoring
from procurement.models import BidAttachment, BonusClaim
from tests.factories.accounts import AgencyDomainFactory, AgencyFactory, MembershipFactory, UserFactory, vendor
from tests.factories.catalog import content, listed_software, offer_content
from tests.factories.companies import CompanyFactory, FactSnapshotFactory, MasterAgreementFactory
from tests.factories.procurement import RULE, draft_procurement, mark_everything, open_tender, selected_procurement

PDF = b"%PDF-1.4\n%%EOF"
STAGES = ("open", "marking", "marked", "evaluated", "awarded", "published")


@pytest.fixture(scope="module", name="world")
def the_world(django_db_setup, django_db_blocker):
    """Built once a module, in a transaction that is never committed; each test works in a savepoint inside it."""
    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            built = build()
        except BaseException as error:
            atomic.__exit__(type(error), error, error.__traceback__)
            raise
    yield built
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        atomic.__exit__(None, None, None)


def build():
    world = SimpleNamespace()
    _people(world)
    _catalogue(world)
    _procurements(world)
    return world


def _people(world):
    world.company, world.rival_company, world.third_company = (
        CompanyFactory(name="株式会社みなと情報"),
        CompanyFactory(name="株式会社さくらシステム"),
        CompanyFactory(name="株式会社かえでソフト"),
    )
    for company in (world.company, world.rival_company):
        FactSnapshotFactory(company=company)
        MasterAgreementFactory(company=company)
    world.agency, world.other_agency = AgencyFactory(name="青空市"), AgencyFactory(name="夕凪町")
    world.domains = [AgencyDomainFactory(agency=world.agency) for _ in range(2)]
    world.newcomer = UserFactory(official=True)

    def official(role, agency=None):
        return MembershipFactory(**{role: True}, **({"agency": agency} if agency else {})).user

    # In the order of the columns in test_who_gets_in.py.
    world.people = {
        "visitor": None,
        "member": vendor(company=world.company, account_type=GbizAccountType.MEMBER, role=Role.VENDOR_MEMBER),
        "manager": vendor(company=world.company),
        "entry": vendor(company=world.company, account_type=GbizAccountType.ENTRY, role=Role.VENDOR_MEMBER),
        "rival": vendor(company=world.rival_company),
        "third": vendor(company=world.third_company),
        "buyer": official("buyer", world.agency),
        "officer": official("officer", world.agency),
        "foreign": official("officer", world.other_agency),
        "marker": official("evaluator", world.agency),
        "idle": official("evaluator", world.agency),
        "reviewer": official("reviewer"),
        "operator": official("administrator"),
    }
    world.second_marker = official("evaluator", world.agency)
    TOTP.activate(world.people["operator"], generate_totp_secret())
    RecoveryCodes.activate(world.people["operator"])
    world.passkey = Authenticator.objects.create(
        user=world.people["operator"],
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "机の鍵", "credential": _credential()},
    )
    accounts.request_access(world.agency, by=world.newcomer)
    accounts.request_access(world.other_agency, by=UserFactory(official=True))


def _credential() -> dict:
    """What a browser would have answered to the registration of a passkey."""
    key = AttestedCredentialData.create(b"\0" * 16, b"desk", {1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    seen = AuthenticatorData.create(b"\0" * 32, AuthenticatorData.FLAG.AT | AuthenticatorData.FLAG.UP, 0, key)
    client = CollectedClientData.create("webauthn.create", b"challenge", "http://localhost")
    return {
        "id": websafe_encode(b"desk"),
        "rawId": websafe_encode(b"desk"),
        "type": "public-key",
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", seen, {})),
        },
    }


def _catalogue(world):
    by = world.people["manager"]
    world.listed = listed_software(maker=world.company, offer={"services": ["onboarding", "training"]})
    world.rival_listed = listed_software(maker=world.rival_company, name="勤怠そうじゅう")
    world.draft = _drafted(world, "届出ポスト", by=by).software
    world.review = _in_review(world, "窓口よやく", by=by)
    world.assigned_review = _in_review(world, "統計しらべ", by=by)
    catalog.assign_reviewer(world.assigned_review, by=world.people["reviewer"])
    world.returned = _in_review(world, "文書ばこ", by=by)
    for revision in world.returned.revisions.all():
        field = "price_lines" if revision.offer_id else "summary"
        catalog.write_comment(
            world.returned, revision=revision, field=field, body="根拠を示してください。", by=world.people["reviewer"]
        )
    catalog.return_review(world.returned, note="根拠を補ってください。", by=world.people["reviewer"])
    world.suspended = listed_software(maker=world.company, name="庶務てちょう")
    world.saved_search = save_search(
        criteria=Criteria(query="勤怠"),
        name="勤怠を見張る",
        note="",
        frequency=Frequency.WEEKLY,
        agency=world.agency,
        by=world.people["buyer"],
    )
    world.synonyms = SearchSynonym.objects.create(words=["出務簿", "出勤簿"])
    catalog.suspend_software(world.suspended, reason="認証の期限が切れたため。", by=world.people["operator"])

    world.attachment = _attached(world.draft, by=by)


def _attached(software, *, by):
    """A document of the draft, found clean."""
    upload = ContentFile(PDF, name="料金表.pdf")
    inspection = uploads.inspect(upload, uploads.DOCUMENTS)
    attachment = catalog.add_attachment(
        software, kind=AttachmentKind.PRICE_TABLE, upload=upload, inspection=inspection, by=by
    )
    Attachment.objects.filter(pk=attachment.pk).update(status=ScanStatus.CLEAN, scanned_at=clock.now())
    return Attachment.objects.get(pk=attachment.pk)


def _drafted(world, name, *, by):
    revision = catalog.create_software(company=world.company, content=content(name=name), by=by)
    catalog.create_offer(software=revision.software, company=world.company, content=offer_content(), by=by)
    return revision


def _in_review(world, name, *, by):
    software = _drafted(world, name, by=by).software
    review = catalog.submit_drafts(software, company=world.company, by=by)
    catalog.begin_check(review)
    review = catalog.finish_check(review)
    assert review.status == ReviewStatus.IN_REVIEW
    return review


def _procurements(world):
    by = world.people["officer"]
    world.draft_procurement = draft_procurement(by)
    world.searching = draft_procurement(by, title="庶務事務サービスの利用")
    actions.search_candidates(world.searching, params={"q": "勤怠"}, by=by)
    world.searching.refresh_from_db()
    world.selected = selected_procurement(by, listings=0)
    drafted = selected_procurement(by, listings=0)
    world.draft_tender = actions.draft_tender(drafted, by=by)
    world.past_sheet = _past_sheet(world, by=by)
    for position, stage in enumerate(STAGES, start=1):
        setattr(world, f"{stage}_tender", _tender_until(world, position, by=by))
    # One evaluator has begun, the other has not.
    marker = world.people["marker"]
    assignment = world.marking_tender.assignments.get(evaluator=marker)
    actions.declare_conflict(assignment, has_conflict=False, by=marker)


def _past_sheet(world, *, by):
    """An award sheet of another place, re-entered: one bid, whose technical points are given."""
    tender = actions.draft_tender(draft_procurement(by, title="庁内ポータルの更新"), by=by, past_sheet=True)
    due = clock.now() + dt.timedelta(days=1)
    actions.save_rule(
        tender, values={"rule": RULE, "bids_due_at": due, "opening_at": due}, criteria=[], bonuses=[], by=by
    )
    tender = actions.publish_tender(tender, ceiling_price=Decimal(9_000_000), companies=[world.company], by=by)
    invitation = tender.invitations.get()
    actions.submit_bid(invitation, prices={"total": Decimal(8_000_000)}, proposal="", by=world.people["manager"])
    return _at(due, lambda: actions.close_bids(tender))


def _tender_until(world, position, *, by):
    """A tender that has walked the first ``position`` STAGES."""
    tender = open_tender(by, listings=0, evaluators=0)
    for evaluator in (world.people["marker"], world.second_marker):
        actions.assign_evaluator(tender, evaluator=evaluator, by=by)
    bonus = tender.bonuses.get()
    bidders = {world.company: world.people["manager"], world.rival_company: world.people["rival"]}
    for invitation in tender.invitations.select_related("company"):
        actions.submit_bid(
            invitation, prices=dict.fromkeys(scoring.price_components(tender.rule), Decimal(7_000_000)),
            proposal="操作の研修を二回行います。", claims={bonus.pk: "設立から六年です。"}, by=bidders[invitation.company],
            attachment=_proposal_file(),
        )  # fmt: skip
    BidAttachment.objects.filter(bid__tender=tender).update(is_clean=True)
    walk = (
        lambda: None,
        lambda: _at(tender.bids_due_at, lambda: actions.close_bids(tender)),
        lambda: _mark(tender, by=by),
        lambda: _at(tender.opening_at, lambda: actions.open_prices(tender, by=by)),
        lambda: actions.award_tender(tender, evaluation=1, reason="総合評価点が最も高いため。", by=by),
        lambda: _publish(tender, by=by),
    )
    for step in walk[:position]:
        step()
        tender.refresh_from_db()
    return tender


def _at(moment, act):
    with clock.at(moment):
        return act()


def _proposal_file() -> dict:
    upload = ContentFile(PDF, name="提案書.pdf")
    inspection = uploads.inspect(upload, uploads.DOCUMENTS)
    return {
        "file": default_storage.save("bids/proposal", upload),
        "name": inspection.name,
        "content_type": inspection.content_type,
        "size": inspection.size,
        "sha256": inspection.sha256,
    }


def _mark(tender, *, by):
    mark_everything(tender)
    for claim in BonusClaim.objects.filter(bid__tender=tender):
        actions.decide_claim(claim, accept=True, reason="登記事項証明書で確かめたため。", by=by)
    actions.close_marking(tender, by=by)


def _publish(tender, *, by):
    actions.publish_award(tender.award, by=by)
    actions.record_contract(
        tender.procurement, number="青情契第12号", amount_yen=7_700_000, signed_on=dt.date(2026, 12, 20),
        term_from=dt.date(2027, 4, 1), term_to=dt.date(2030, 3, 31), by=by,
    )  # fmt: skip
