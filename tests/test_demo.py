"""The demonstration, loaded once: what a newcomer finds after `make run`."""

import io
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from catalog.enums import ReviewStatus
from catalog.models import Category, Offer, Review, Software
from catalog.search.filters import Filters
from catalog.search.index import check_index
from catalog.search.page import search
from marketplace import clock
from marketplace.accounts.models import Agency, GbizAccount, Membership, User
from marketplace.audit.models import AuditEvent
from marketplace.audit.trail import verify
from marketplace.companies.models import Company
from marketplace.demo import data
from marketplace.gbizid_standin import presets
from marketplace.notifications.models import Notification
from procurement import demo
from procurement.enums import ProcurementStatus, TenderStatus
from procurement.models import Procurement, Tender

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loaded")]
SHEET = json.loads((Path(__file__).parent / "demo" / "mlit-a.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """One load for all tests of this module, rolled back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_demo", force=True, stdout=io.StringIO())
        yield
        transaction.set_rollback(True)


def test_demo_fills_catalogue_agencies_and_companies():
    assert Company.objects.count() >= 60
    assert Software.objects.listed().count() == 150
    assert Offer.objects.listed().count() == 220
    assert Agency.objects.count() == 8
    assert set(Agency.objects.values_list("kind", flat=True)) == {
        "ministry", "prefecture", "designated_city", "municipality", "union", "incorporated",
    }  # fmt: skip
    assert not Category.objects.exclude(parent=None).filter(software=None).exists()


def test_demo_shows_every_state():
    assert set(Review.objects.values_list("status", flat=True)) == set(ReviewStatus.values)
    assert set(Procurement.objects.values_list("status", flat=True)) == set(ProcurementStatus.values)
    assert Procurement.objects.count() == 12
    assert set(Tender.objects.values_list("status", flat=True)) == set(TenderStatus.values) - {
        TenderStatus.DRAFT, TenderStatus.MARKED,
    }  # fmt: skip


def test_each_purchase_stands_where_its_story_ends():
    told = {story["title"]: (story["status"], story.get("tender_status")) for story in data.load().procurements}
    stand = {
        purchase.title: (purchase.status, purchase.tender.status if hasattr(purchase, "tender") else None)
        for purchase in Procurement.objects.select_related("tender")
    }
    assert stand == told


def test_published_sheet_comes_out_as_the_ministry_published_it():
    award = Procurement.objects.get(title__startswith="公表済み総合評価調書").tender.award
    totals = {bid["id"]: (bid["outcome"], Decimal(bid["total"])) for bid in award.evaluation.result["bids"]}
    assert totals == {name: (bid["outcome"], Decimal(bid["total"])) for name, bid in SHEET["expected"]["bids"].items()}
    assert award.bid.company.name == SHEET["expected"]["winner"]
    assert award.published_at


def test_searches_find_something_in_every_category():
    for category in Category.objects.exclude(parent=None):
        assert search("", Filters.from_params({"category": [category.slug]})).total > 0, category.slug
    assert search("勤怠", Filters.from_params({})).total > 0


def test_index_and_audit_chain_are_whole():
    with transaction.atomic():
        transaction.get_connection().cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not check_index()
    found = verify()
    assert (found.faults, found.events) == ([], AuditEvent.objects.count())


def test_audit_trail_is_told_in_order_of_time():
    moments = list(AuditEvent.objects.order_by("pk").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert moments[-1] <= clock.now()


def test_nothing_is_mailed_and_only_the_last_days_are_unread():
    assert Notification.objects.exists()
    assert not Notification.objects.mail_due(clock.now()).exists()
    assert not Notification.objects.unread().filter(created_at__lt=clock.now() - demo.UNREAD).exists()


def test_waiting_stories_wait():
    """The sweep leaves the submitted and the checking review where the story shows them."""
    due = Review.objects.filter(status__in=[ReviewStatus.SUBMITTED, ReviewStatus.CHECKING])
    assert {review.due_at > clock.now() for review in due} == {True}


def test_officials_hold_role_post_and_second_factor():
    told = data.load()
    people = [person for body in (*told.agencies, told.operator) for person in body["people"]]
    stored = {
        membership.user.email: (membership.role, membership.post)
        for membership in Membership.objects.exclude(user__email=None).select_related("user")
    }
    assert stored == {person["email"]: (person["role"], person["post"]) for person in people}
    assert not User.objects.exclude(email=None).filter(authenticator=None).exists()


def test_prime_accounts_of_the_stand_in_are_the_people_of_the_stories():
    """Whoever signs in through the stand-in later finds their company's listings and bids."""
    primes = {sub: account for sub, account in presets.accounts().items() if account["account_type"] == "2"}
    known = {account.subject: account.corporate_number for account in GbizAccount.objects.filter(subject__in=primes)}
    contacts = {company["contact"]["email"] for company in data.load().companies}
    assert known == {
        sub: account["corporate_number"] for sub, account in primes.items() if account["email"] in contacts
    }
    assert len(known) >= 8


def test_second_load_changes_nothing():
    before = AuditEvent.objects.count()
    out = io.StringIO()
    call_command("load_demo", force=True, stdout=out)
    assert out.getvalue() == "The demonstration data is here already.\n"
    assert AuditEvent.objects.count() == before


def test_load_is_refused_outside_the_development_settings():
    with pytest.raises(CommandError):
        call_command("load_demo")
    with pytest.raises(CommandError):
        call_command("demo_accounts", codes=True)


def test_accounts_are_listed_with_codes_on_demand():
    out = io.StringIO()
    call_command("demo_accounts", codes=True, force=True, stdout=out)
    lines = out.getvalue().splitlines()
    officials = [line.split() for line in lines if "@" in line and "http" not in line]
    assert len(officials) == Membership.objects.exclude(user__email=None).count()
    assert {len(line[-2]) for line in officials} == {6}
    assert Counter("エントリー" in line for line in lines)[True] == 2


def test_verify_audit_tells_a_known_head_from_a_foreign_one():
    transaction.get_connection().cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    out = io.StringIO()
    call_command("verify_audit", stdout=out)
    assert out.getvalue().startswith(f"{AuditEvent.objects.count()} events, 0 faults, head ")
    call_command("verify_audit", head=out.getvalue().split()[-1], stdout=io.StringIO())
    with pytest.raises(SystemExit):
        call_command("verify_audit", head="00" * 32, stdout=io.StringIO(), stderr=io.StringIO())
