"""Saved searches: who sees them, what they tell, and that they never tell twice."""

import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from catalog import actions as catalog
from catalog.criteria import Criteria
from catalog.models import Software
from catalog.search import facets, synonyms
from catalog.search.index import index_listing, rebuild
from catalog.watches import actions, tasks
from catalog.watches.enums import Frequency, HitKind
from catalog.watches.models import ChangedListing, SavedSearch, SavedSearchHit, SavedSearchListing
from marketplace import clock
from marketplace.audit.models import AuditEvent
from marketplace.notifications.models import Notification
from marketplace.workflow import RuleViolation
from tests.factories.accounts import AgencyFactory, MembershipFactory, vendor
from tests.factories.catalog import listed_software

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = dt.datetime(2026, 11, 23, 12, 0, tzinfo=TOKYO)


def criteria(address="q=勤怠", **size):
    return Criteria.from_params(QueryDict(address), size)


def watch(owner=None, address="q=勤怠", frequency=Frequency.AT_ONCE, agency=None, **size):
    owner = owner or MembershipFactory(buyer=True).user
    return actions.save_search(
        criteria=criteria(address, **size), name="勤怠を見張る", note="", frequency=frequency, agency=agency, by=owner
    )


def look():
    """What the worker does after a commit; the tests' own transaction never commits."""
    tasks.look_at_changes()


def again(software):
    """Everything that may run a second time does."""
    look()
    index_listing(software.pk)
    for _ in rebuild(everything=True):
        pass
    look()
    tasks.reconcile_searches()
    tasks.sweep()
    look()


def kinds(saved):
    return [hit.kind for hit in saved.hits.order_by("pk")]


def change_price(software, amount):
    """A new price, approved, as the index sees it."""
    offer = software.offers.get()
    offer.price_lines.update(amount_yen=amount)
    index_listing(software.pk)


def suspended(software):
    return catalog.suspend_software(software, reason="点検のため。", by=MembershipFactory(administrator=True).user)


# What is told


def test_what_was_there_before_is_no_news_and_what_comes_after_is():
    listed_software(name="勤怠まえ")
    saved = watch(address="q=打刻")
    after = listed_software(name="勤怠あと")
    listed_software(name="文書あと", summary="文書", description="文書", categories=["documents"])
    look()
    assert [(hit.software_id, hit.kind) for hit in saved.hits.all()] == [(after.pk, HitKind.MATCHED)]
    (told,) = Notification.objects.filter(event="saved_search_hits")
    assert told.user == saved.owner
    assert "【新しく合致】勤怠あと" in told.body
    assert "勤怠まえ" not in told.body


def test_event_is_never_told_twice():
    saved = watch()
    software = listed_software()
    look()
    look()
    index_listing(software.pk)
    for _ in rebuild(everything=True):
        pass
    look()
    tasks.reconcile_searches()
    tasks.sweep()
    SavedSearchListing.objects.all().delete()  # even when what is known gets lost
    actions.note_changes([software.pk])
    look()
    assert kinds(saved) == [HitKind.MATCHED]
    assert Notification.objects.filter(event="saved_search_hits").count() == 1


def test_ledger_refuses_the_same_event():
    saved = watch()
    listed_software()
    look()
    hit = SavedSearchHit.objects.get()
    hit.pk = None
    with pytest.raises(IntegrityError, match="saved_search_hit_once"), transaction.atomic():
        hit.save(force_insert=True)
    assert saved.hits.count() == 1


def test_price_is_compared_at_the_saved_size():
    software = listed_software()  # 300 yen a user and month, tax out
    saved = watch(users=10)
    change_price(software, 400)
    look()
    hit = saved.hits.get()
    assert (hit.kind, hit.old_price, hit.new_price) == (
        HitKind.PRICE_CHANGED,
        300 * 10 * 12 * 110 // 100,
        400 * 10 * 12 * 110 // 100,
    )
    assert "39,600円 → 52,800円" in Notification.objects.get(event="saved_search_hits").body


def test_suspension_and_lapse_are_told_and_quiet_endings_are_not():
    gone, ended, edited = (listed_software(name=f"勤怠{n}") for n in range(3))
    saved = watch()
    suspended(gone)
    Software.objects.filter(pk=ended.pk).update(lapses_on=clock.today())
    catalog.lapse_software(ended)
    Software.objects.filter(pk=edited.pk).update(name="別の名", summary="", description="", name_kana="")
    edited.categories.clear()
    index_listing(edited.pk)
    look()
    assert [(hit.software_id, hit.kind) for hit in saved.hits.order_by("pk")] == [
        (gone.pk, HitKind.SUSPENDED),
        (ended.pk, HitKind.LAPSED),
    ]
    assert saved.known.count() == 0


def test_every_suspension_and_every_return_is_told_once_with_its_own_time():
    software = listed_software()
    saved = watch()
    operator = MembershipFactory(administrator=True).user
    happened = []
    for day in (24, 25):
        with clock.at(dt.datetime(2026, 11, day, 9, 0, tzinfo=TOKYO)):
            suspended(software)
            look()
        with clock.at(dt.datetime(2026, 11, day, 15, 0, tzinfo=TOKYO)):
            catalog.resume_software(software, by=operator)
            look()
            again(software)
        happened += [(HitKind.SUSPENDED, day, 9), (HitKind.RESUMED, day, 15)]
    told = [(hit.kind, hit.happened_at.astimezone(TOKYO)) for hit in saved.hits.order_by("pk")]
    assert [(kind, at.day, at.hour) for kind, at in told] == happened


def test_every_change_of_price_is_told_once():
    software = listed_software()
    saved = watch()
    for amount in (400, 300, 400):  # under one revision, and back: as when a tax rate changes, or one of two sellers
        change_price(software, amount)
        look()
        again(software)
    prices = [(hit.kind, hit.old_price, hit.new_price) for hit in saved.hits.order_by("pk")]
    three, four = (amount * 100 * 12 * 110 // 100 for amount in (300, 400))
    assert prices == [
        (HitKind.PRICE_CHANGED, three, four),
        (HitKind.PRICE_CHANGED, four, three),
        (HitKind.PRICE_CHANGED, three, four),
    ]


def test_return_after_what_is_known_got_lost_is_not_told_again():
    software = listed_software()
    saved = watch()
    suspended(software)
    look()
    catalog.resume_software(software, by=MembershipFactory(administrator=True).user)
    look()
    SavedSearchListing.objects.all().delete()
    again(software)
    assert kinds(saved) == [HitKind.SUSPENDED, HitKind.RESUMED]


def test_mail_says_what_happened_when_and_where():
    software = listed_software(name="勤怠ひろば")
    watch(users=10)
    change_price(software, 400)
    look()
    suspended(software)
    look()
    price, gone = Notification.objects.filter(event="saved_search_hits").order_by("pk")
    assert price.subject == "価格の変更：「勤怠ひろば」（保存した検索「勤怠を見張る」）"
    assert "39,600円 → 52,800円" in price.body
    assert "利用者数10" in price.body  # the size it was worked out for
    assert gone.subject.startswith("掲載停止：「勤怠ひろば」")
    assert "理由：" in gone.body
    assert software.get_absolute_url() in gone.body


def test_nothing_is_noted_while_nobody_watches():
    watch(frequency=Frequency.NEVER)
    listed_software()
    assert not ChangedListing.objects.exists()


def test_change_rolled_back_is_no_news():
    saved = watch()
    with transaction.atomic():
        listed_software()
        transaction.set_rollback(True)
    look()
    assert kinds(saved) == []


# When it is told


@pytest.mark.parametrize(
    ("frequency", "now", "due"),
    [
        (Frequency.DAILY, MONDAY, MONDAY.replace(day=24, hour=8)),
        (Frequency.DAILY, MONDAY.replace(hour=7, minute=59), MONDAY.replace(hour=8)),
        (Frequency.DAILY, MONDAY.replace(hour=8), MONDAY.replace(day=24, hour=8)),
        (Frequency.WEEKLY, MONDAY, MONDAY.replace(day=30, hour=8)),
        (Frequency.WEEKLY, MONDAY.replace(day=29), MONDAY.replace(day=30, hour=8)),
        (Frequency.AT_ONCE, MONDAY, None),
        (Frequency.NEVER, MONDAY, None),
    ],
)
def test_next_digest_is_at_eight_in_tokyo(frequency, now, due):
    assert actions.next_digest(frequency, now.astimezone(dt.UTC)) == due


def test_digest_gathers_and_the_sweep_sends_it_once():
    with clock.at(MONDAY):
        saved = watch(frequency=Frequency.DAILY)
        for n in range(2):
            listed_software(name=f"勤怠{n}")
        look()
        tasks.sweep()  # not due yet
    assert not Notification.objects.filter(event="saved_search_hits").exists()
    with clock.at(MONDAY + dt.timedelta(days=1)):
        tasks.sweep()
        tasks.sweep()
    (told,) = Notification.objects.filter(event="saved_search_hits")
    assert told.subject == "保存した検索「勤怠を見張る」のお知らせ2件"
    saved.refresh_from_db()
    assert saved.due_at == MONDAY.replace(day=25, hour=8)
    assert not saved.hits.filter(told_at=None).exists()


def test_digest_of_nothing_is_not_sent():
    with clock.at(MONDAY):
        watch(frequency=Frequency.WEEKLY)
    with clock.at(MONDAY + dt.timedelta(days=8)):
        tasks.sweep()
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_once():
    saved = watch()
    software = listed_software()  # its commit already let the worker look
    assert kinds(saved) == [HitKind.MATCHED]
    SavedSearchListing.objects.all().delete()
    ChangedListing.objects.bulk_create(ChangedListing(software=software) for _ in range(4))
    start = threading.Barrier(3)

    def work():
        start.wait()
        try:
            tasks.look_at_changes()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert kinds(saved) == [HitKind.MATCHED]
    assert not ChangedListing.objects.exists()
    assert Notification.objects.filter(event="saved_search_hits").count() == 1


@pytest.mark.django_db(transaction=True)
def test_listing_approved_beside_the_saving_is_found_by_reconciling():
    software = listed_software()
    saved = watch()
    saved.known.all().delete()  # as if it had been approved between the look and the commit
    tasks.reconcile_search(saved.pk)
    assert [(hit.software_id, hit.kind) for hit in saved.hits.all()] == [(software.pk, HitKind.MATCHED)]


# Saving


def test_search_that_finds_too_much_can_be_kept_but_not_watched(monkeypatch):
    monkeypatch.setattr(actions, "WATCHED_AT_MOST", 1)
    for n in range(2):
        listed_software(name=f"勤怠{n}")
    with pytest.raises(RuleViolation, match="知らせない"), transaction.atomic():
        watch()
    assert watch(frequency=Frequency.NEVER).pk


def test_a_person_keeps_so_many_searches_and_no_more(monkeypatch):
    monkeypatch.setattr(actions, "MOST_SEARCHES", 1)
    owner = watch().owner
    with pytest.raises(RuleViolation, match="1件まで"):
        watch(owner)


def test_telling_again_starts_from_what_is_there():
    saved = watch(frequency=Frequency.NEVER)
    listed_software()
    answers = {"name": "名前", "note": "", "agency": None, "by": saved.owner}
    actions.edit_search(saved, frequency=Frequency.AT_ONCE, **answers)
    look()
    assert kinds(saved) == []
    listed_software(name="勤怠あと")
    look()
    assert kinds(saved) == [HitKind.MATCHED]


# Pages


def test_search_is_saved_from_its_address(client):
    member = MembershipFactory(buyer=True, agency__staff=480, agency__population=52_000)
    client.force_login(member.user)
    url = reverse("catalog:saved_search_create") + "?q=勤怠&certification=ismap&ordering=price"
    page = client.get(url).content.decode()
    assert "「勤怠」、認証：ISMAP" in page
    assert (
        'value="勤怠、認証：ISMAP、利用者数480、住民数52,000"' in page
    )  # a name, which is quoted where it is mentioned
    answers = {"name": "勤怠", "note": "来年度", "frequency": "weekly", "agency": member.agency.reference}
    response = client.post(url, answers)
    saved = SavedSearch.objects.get()
    assert response.url == saved.get_absolute_url()
    assert (saved.owner, saved.agency, saved.frequency, saved.note) == (member.user, member.agency, "weekly", "来年度")
    assert saved.criteria.url().endswith("&ordering=price&users=480&residents=52000")
    assert AuditEvent.objects.filter(type="saved_search:created").count() == 1


def test_vendor_watches_too_but_shares_with_nobody(client):
    client.force_login(vendor())
    url = reverse("catalog:saved_search_create") + "?q=勤怠"
    assert 'name="agency"' not in client.get(url).content.decode()
    client.post(url, {"name": "競合", "frequency": "daily", "agency": AgencyFactory().reference})
    assert SavedSearch.objects.get().agency is None


def test_shared_search_is_seen_by_buyers_and_officers_of_the_agency_only(client):
    agency = AgencyFactory()
    owner = MembershipFactory(buyer=True, agency=agency).user
    saved = watch(owner, agency=agency)
    private = watch(owner)
    seen = {
        "owner": owner,
        "officer": MembershipFactory(officer=True, agency=agency).user,
        "evaluator": MembershipFactory(evaluator=True, agency=agency).user,
        "elsewhere": MembershipFactory(officer=True).user,
        "former": MembershipFactory(buyer=True, agency=agency, ended_at=clock.now()).user,
        "vendor": vendor(),
    }
    listed, details, edits = {}, {}, {}
    for who, user in seen.items():
        client.force_login(user)
        page = client.get(reverse("catalog:saved_search_list"))
        listed[who] = {each.pk for each in page.context["page"]}
        details[who] = client.get(saved.get_absolute_url()).status_code
        edits[who] = client.get(reverse("catalog:saved_search_edit", args=[saved.reference])).status_code
    assert listed == {
        "owner": {saved.pk, private.pk},
        "officer": {saved.pk},
        "evaluator": set(),
        "elsewhere": set(),
        "former": set(),
        "vendor": set(),
    }
    assert details == dict.fromkeys(seen, 404) | {"owner": 200, "officer": 200}
    assert edits == dict.fromkeys(seen, 404) | {"owner": 200, "officer": 403}


@pytest.mark.parametrize("verb", ["edit", "delete"])
def test_only_the_owner_changes_a_shared_search(client, verb):
    agency = AgencyFactory()
    saved = watch(MembershipFactory(buyer=True, agency=agency).user, agency=agency)
    client.force_login(MembershipFactory(officer=True, agency=agency).user)
    answers = {"name": "のっとり", "frequency": "never"}
    assert client.post(reverse(f"catalog:saved_search_{verb}", args=[saved.reference]), answers).status_code == 403
    saved.refresh_from_db()
    assert saved.name == "勤怠を見張る"


def test_nobody_shares_with_an_agency_that_is_not_theirs():
    with pytest.raises(PermissionDenied):
        watch(MembershipFactory(buyer=True).user, agency=AgencyFactory())


def test_owner_edits_and_deletes(client):
    saved = watch()
    client.force_login(saved.owner)
    client.post(reverse("catalog:saved_search_edit", args=[saved.reference]), {"name": "新", "frequency": "daily"})
    saved.refresh_from_db()
    assert (saved.name, saved.frequency) == ("新", "daily")
    assert client.get(reverse("catalog:saved_search_delete", args=[saved.reference])).status_code == 200
    client.post(reverse("catalog:saved_search_delete", args=[saved.reference]))
    assert not SavedSearch.objects.exists()


@pytest.fixture
def remembered(settings):
    """Categories are read once, as they are outside tests."""
    settings.SEARCH_CACHE_SECONDS = 60
    facets._tree.forget()
    synonyms.forget()


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, django_assert_num_queries, remembered, count):
    member = MembershipFactory(buyer=True)
    for _ in range(count):
        watch(member.user, address="q=勤怠&certification=ismap", agency=member.agency)
    client.force_login(member.user)
    facets.category_tree()
    with django_assert_num_queries(6):  # session, user, memberships; count, searches; unread messages
        response = client.get(reverse("catalog:saved_search_list"))
    assert len(response.context["page"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_detail_query_count(client, django_assert_num_queries, remembered, count):
    saved = watch()
    for n in range(count):
        listed_software(name=f"勤怠{n}")
    look()
    client.force_login(saved.owner)
    facets.category_tree()
    with django_assert_num_queries(7):  # session, user, memberships; the search; count, hits; unread messages
        response = client.get(saved.get_absolute_url())
    assert len(response.context["page"]) == count


# One click


def off(saved):
    return actions.mute_path(saved)


def test_mail_says_how_to_end_it(django_capture_on_commit_callbacks):
    saved = watch()
    with django_capture_on_commit_callbacks(execute=True):
        listed_software()
    (message,) = mail.outbox
    link = f"http://testserver{off(saved)}"
    assert f"このお知らせを止める：{link}" in message.body
    assert message.extra_headers["List-Unsubscribe"] == f"<{link}>"
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_opening_the_link_asks_and_posting_ends_it(client):
    saved = watch(frequency=Frequency.DAILY)
    assert client.get(off(saved)).status_code == 200
    saved.refresh_from_db()
    assert saved.frequency == Frequency.DAILY
    response = client.post(off(saved))
    assert "お知らせを止めました" in response.content.decode()
    saved.refresh_from_db()
    assert (saved.frequency, saved.due_at, saved.known.count()) == (Frequency.NEVER, None, 0)


def test_mail_programs_button_needs_no_token_of_ours():
    saved = watch()
    response = Client(enforce_csrf_checks=True).post(off(saved), {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200
    saved.refresh_from_db()
    assert saved.frequency == Frequency.NEVER


def test_token_of_another_search_or_person_is_refused(client):
    mine, theirs = watch(), watch()
    token = off(mine).split("/")[-2]
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert client.post(reverse("catalog:saved_search_mute", args=[forged])).status_code == 404
    client.force_login(theirs.owner)
    assert client.post(off(mine)).status_code == 403  # a forwarded mail
    SavedSearch.objects.filter(pk=mine.pk).update(owner=theirs.owner)
    assert client.post(reverse("catalog:saved_search_mute", args=[token])).status_code == 404
    assert set(SavedSearch.objects.values_list("frequency", flat=True)) == {Frequency.AT_ONCE}
