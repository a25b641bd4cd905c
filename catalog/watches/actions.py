"""Keep a search, change how it tells, and find what there is to tell."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.accounts.permissions import check_can_buy
from marketplace.audit.trail import record
from marketplace.celery import enqueue_on_commit
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation

from ..criteria import Criteria
from ..enums import SoftwareStatus
from ..models import Offer, Software
from ..search.matching import finds
from ..search.page import search
from ..search.prices import own_prices
from ..search.query import parse
from ..search.source import REFERENCE_SIZE
from ..search.statement import DEEPEST, SearchTimeout
from ..search.synonyms import known_synonyms
from .enums import DIGESTS, ENDS, Frequency, HitKind
from .models import ChangedListing, SavedSearch, SavedSearchHit, SavedSearchListing
from .tasks import look_at_changes
from .tasks import reconcile_search as reconcile_task

MOST_SEARCHES = 100
"""Saved searches one person can keep: each costs a comparison with every change."""
WATCHED_AT_MOST = DEEPEST
"""Listings a search that tells of news may find: news of more is noise."""
BATCH = 50
DIGEST_HOUR = 8
MONDAY = 0
_SALT = "catalog.watches.off"


# What people do


@transaction.atomic
def save_search(*, criteria: Criteria, name: str, note: str, frequency: str, agency, by) -> SavedSearch:
    """Keep a search. What it finds now is known; news is what comes after. ``agency``: who else sees it, or None.

    Raises RuleViolation for one search too many, or for one that finds too much to tell of.
    """
    _check_may_share(by, agency)
    if SavedSearch.objects.filter(owner=by).count() >= MOST_SEARCHES:
        raise RuleViolation(
            _("保存できる検索は%(limit)d件までです。使わないものを削除してください。") % {"limit": MOST_SEARCHES}
        )
    saved = SavedSearch.objects.create(
        owner=by,
        agency=agency,
        name=name,
        note=note,
        params=urlencode(criteria.pairs()),
        frequency=frequency,
        due_at=next_digest(frequency, clock.now()),
    )
    _learn(saved)
    record("saved_search:created", saved, by=by, frequency=frequency, shared=agency.reference if agency else "")
    return saved


@transaction.atomic
def edit_search(saved, *, name: str, note: str, frequency: str, agency, by) -> SavedSearch:
    """Change name, note, frequency and sharing. One that tells again starts from what it finds now."""
    saved = _locked(saved)
    _check_owns(by, saved)
    _check_may_share(by, agency)
    silent = saved.frequency == Frequency.NEVER
    if frequency != saved.frequency:
        saved.frequency, saved.due_at = frequency, next_digest(frequency, clock.now())
    saved.name, saved.note, saved.agency, saved.edited_at = name, note, agency, clock.now()
    saved.save(update_fields=["name", "note", "agency", "frequency", "due_at", "edited_at"])
    if silent or frequency == Frequency.NEVER:
        _learn(saved)
    record("saved_search:edited", saved, by=by, frequency=frequency, shared=agency.reference if agency else "")
    return saved


@transaction.atomic
def delete_search(saved, *, by) -> None:
    saved = _locked(saved)
    _check_owns(by, saved)
    record("saved_search:deleted", saved, by=by)
    saved.delete()


@transaction.atomic
def mute_search(saved) -> SavedSearch:
    """Stop telling: what the link in a mail does for whoever holds it, which is the owner."""
    saved = _locked(saved)
    if saved.frequency != Frequency.NEVER:
        saved.frequency, saved.due_at, saved.edited_at = Frequency.NEVER, None, clock.now()
        saved.save(update_fields=["frequency", "due_at", "edited_at"])
        _learn(saved)
        record("saved_search:muted", saved, by=saved.owner)
    return saved


def mute_path(saved) -> str:
    """Where the mail's link leads. The signature holds for this search and this owner only."""
    token = signing.dumps([saved.reference, saved.owner.reference], salt=_SALT)
    return reverse("catalog:saved_search_mute", args=[token])


def search_to_mute(token: str) -> SavedSearch | None:
    """The saved search a mail's token was made for; None if it was tampered with, or the search is gone."""
    try:
        reference, owner = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None
    return SavedSearch.objects.filter(reference=reference, owner__reference=owner).select_related("owner").first()


def next_digest(frequency: str, now: dt.datetime) -> dt.datetime | None:
    """When the next digest is due after ``now``: at eight in Tokyo, every day or on Mondays. None where there is none."""
    if frequency not in DIGESTS:
        return None
    local = timezone.localtime(now, timezone.get_default_timezone())
    due = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    while due <= local or (frequency == Frequency.WEEKLY and due.weekday() != MONDAY):
        due += dt.timedelta(days=1)
    return due


# What there is to tell


def note_changes(software_pks: Sequence[int]) -> None:
    """Leave word that search finds these listings differently; call it in the transaction that changes them."""
    if software_pks and SavedSearch.objects.watching().exists():
        ChangedListing.objects.bulk_create(ChangedListing(software_id=pk) for pk in software_pks)
        enqueue_on_commit(look_at_changes)


@transaction.atomic
def look_at_some_changes() -> int:
    """Take up to ``BATCH`` changed listings, find what is new in them for whom, and tell who wants to know at once.

    Returns how many were taken: 0 also while another worker is at it. What fails is rolled back as a whole, and the sweep
    has it taken again.
    """
    with connection.cursor() as cursor:
        # One at a time: two would wait for each other's searches, in both orders.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('changed listings'))")
        if not cursor.fetchone()[0]:
            return 0
    changes = list(ChangedListing.objects.order_by("pk")[:BATCH])
    if not changes:
        return 0
    watching = list(SavedSearch.objects.watching().order_by("pk"))
    synonyms = known_synonyms()
    searches = [(parse(saved.criteria.query, synonyms), saved.criteria.filters) for saved in watching]
    changed_at = {change.software_id: change.changed_at for change in changes}  # the latest of each
    news: set[int] = set()
    for software in Software.objects.filter(pk__in=changed_at).order_by("pk"):
        news |= _look(software, watching, searches, changed_at[software.pk])
    for saved in SavedSearch.objects.filter(pk__in=news, frequency=Frequency.AT_ONCE).select_related("owner"):
        _tell(saved)
    ChangedListing.objects.filter(pk__in=[change.pk for change in changes]).delete()
    return len(changes)


def _look(software, watching, searches, changed_at) -> set[int]:
    """Compare what each search knew of one listing with what it finds now; write down what is new, and return for whom.

    What makes an event one is what the search knew: it is told of a difference, and knows of it from then on. Only where
    that is lost (the index is mended, the search is told anew) does the ledger decide whether something happened since.
    """
    listed = software.status == SoftwareStatus.LISTED
    matches = finds(software.pk, searches) if listed else [False] * len(watching)
    known = {row.saved_search_id: row for row in SavedSearchListing.objects.filter(software=software)}
    concerned = [s for s, match in zip(watching, matches, strict=True) if match or s.pk in known]
    # One that is deleted or silenced just now is left alone.
    wanted = set(
        SavedSearch.objects.watching()
        .filter(pk__in=[saved.pk for saved in concerned])
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk", flat=True)
    )
    matching = {saved.pk for saved, match in zip(watching, matches, strict=True) if match}
    prices = _prices(software.pk, [saved for saved in concerned if saved.pk in matching])
    last_told = _last_told(software, concerned)
    hits = []
    revision, approved_at = _newest_revision(software)
    for saved in concerned:
        if saved.pk not in wanted:
            continue
        row, price = known.get(saved.pk), prices.get(saved.pk)
        event = {"kind": None, "happened_at": changed_at, "old_price": None, "new_price": price}
        if saved.pk in matching and row is None:
            SavedSearchListing.objects.create(saved_search=saved, software=software, price=price)
            told = last_told.get(saved.pk)
            if told and told.kind in ENDS:
                event["kind"] = HitKind.RESUMED
            elif told is None or told.revision_id != revision.pk:  # else what is known got lost, and nothing happened
                event |= {"kind": HitKind.MATCHED, "happened_at": approved_at}  # however late it is noticed
        elif saved.pk in matching and row.price != price:
            event |= {"kind": HitKind.PRICE_CHANGED, "old_price": row.price}
            row.price = price
            row.save(update_fields=["price"])
        elif saved.pk not in matching:
            row.delete()
            if software.status == SoftwareStatus.SUSPENDED:
                event |= {"kind": HitKind.SUSPENDED, "happened_at": software.suspended_at}
            elif software.status == SoftwareStatus.LAPSED:
                midnight = dt.datetime.combine(software.lapses_on, dt.time(), timezone.get_default_timezone())
                event |= {"kind": HitKind.LAPSED, "happened_at": midnight}
        if event["kind"]:
            hits.append(SavedSearchHit(saved_search=saved, software=software, revision=revision, **event))
    SavedSearchHit.objects.bulk_create(hits, ignore_conflicts=True)
    return {hit.saved_search_id for hit in hits}


def _last_told(software, searches) -> dict[int, SavedSearchHit]:
    """By saved search, the last word on a listing: that it is there, or that it is not."""
    hits = SavedSearchHit.objects.filter(software=software, saved_search__in=searches)
    last = hits.exclude(kind=HitKind.PRICE_CHANGED).order_by("saved_search", "-pk").distinct("saved_search")
    return {hit.saved_search_id: hit for hit in last}


def _prices(software_pk: int, searches) -> dict[int, int | None]:
    """By saved search the listing's yearly price at its size; the same size is asked for once."""
    sizes: dict[object, list[int]] = defaultdict(list)
    for saved in searches:
        sizes[saved.criteria.buyer or REFERENCE_SIZE].append(saved.pk)
    return {
        pk: price
        for size, pks in sizes.items()
        for price in [own_prices(size, [software_pk]).get(software_pk)]
        for pk in pks
    }


def _newest_revision(software):
    """The newest revision listed, of the software or of an offer for it, and when it was approved."""
    revisions = [software.listed_revision]
    for offer in Offer.objects.listed().filter(software=software).select_related("listed_revision__review"):
        revisions.append(offer.listed_revision)
    newest = max(revisions, key=lambda revision: revision.pk)
    return newest, newest.review.decided_at or software.listed_at


def _tell(saved) -> None:
    """Tell the owner of a locked saved search every hit not told yet, in one message."""
    hits = list(saved.hits.filter(told_at=None).select_related("software__maker").order_by("pk"))
    if not hits:
        return
    saved.hits.filter(pk__in=[hit.pk for hit in hits]).update(told_at=clock.now())
    if saved.owner.is_active:
        notify(
            [saved.owner],
            "saved_search_hits",
            room="catalog",
            path=saved.get_absolute_url(),
            unsubscribe_path=mute_path(saved),
            saved=saved,
            hits=hits,
            count=len(hits),
            site=settings.PUBLIC_URL,
        )


@transaction.atomic
def send_digest(saved) -> None:
    """Tell what came up since the last digest, once it is due; whoever comes second finds it not due any more."""
    locked = SavedSearch.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).select_related("owner")
    now = clock.now()
    saved = locked.digest_due(now).filter(pk=saved.pk).first()
    if saved is None:
        return
    _tell(saved)
    saved.due_at = next_digest(saved.frequency, now)
    saved.save(update_fields=["due_at"])


@transaction.atomic
def reconcile_search(saved) -> None:
    """Compare all a search finds with all it knows, and have the differences looked at."""
    found, known = _found(saved), dict(saved.known.values_list("software_id", "price"))
    if found is None:  # it finds too much by now: changes are still looked at one by one
        return
    different = {
        pk for pk in found.keys() | known.keys() if pk not in found or pk not in known or found[pk] != known[pk]
    }
    if different:
        ChangedListing.objects.bulk_create(ChangedListing(software_id=pk) for pk in sorted(different))
        enqueue_on_commit(look_at_changes)


# Inside


def _found(saved) -> dict[int, int | None] | None:
    """What the search finds now, with prices at its size; None where that is too much to keep."""
    criteria = saved.criteria
    try:
        # To the letter, as ``finds`` looks: what a compound is made of is another search.
        page = search(criteria.query, criteria.filters, page_size=WATCHED_AT_MOST, forgiving=False)
    except SearchTimeout:
        return None
    if page.total > WATCHED_AT_MOST:
        return None
    prices = own_prices(criteria.buyer or REFERENCE_SIZE, page.ids)
    return {pk: prices.get(pk) for pk in page.ids}


def _learn(saved) -> None:
    """Know what the search finds now, so that only what comes after is news. One that never tells knows nothing."""
    saved.known.all().delete()
    saved.hits.filter(told_at=None).update(told_at=clock.now())
    if saved.frequency == Frequency.NEVER:
        return
    found = _found(saved)
    if found is None:
        raise RuleViolation(
            _(
                "結果が%(limit)s件を超える検索の新着は知らせられません。条件を加えるか、「知らせない」で保存してください。"
            )
            % {"limit": f"{WATCHED_AT_MOST:,}"}
        )
    SavedSearchListing.objects.bulk_create(
        SavedSearchListing(saved_search=saved, software_id=pk, price=price) for pk, price in found.items()
    )
    # A listing approved by a transaction that ran beside this one is in neither's sight; looking again finds it.
    enqueue_on_commit(reconcile_task, saved.pk)


def _locked(saved) -> SavedSearch:
    return SavedSearch.objects.select_for_update(of=("self",), no_key=True).select_related("owner").get(pk=saved.pk)


def _check_owns(user, saved) -> None:
    if saved.owner_id != user.pk:
        raise PermissionDenied(_("この検索を変えられるのは、保存した人だけです。"))


def _check_may_share(user, agency) -> None:
    if agency is not None:
        check_can_buy(user, agency)
