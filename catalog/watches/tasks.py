from celery import shared_task

from marketplace import clock
from marketplace.celery import enqueue

from .models import ChangedListing, SavedSearch


@shared_task
def look_at_changes():
    """Work through what changed. Safe to run twice and beside itself: locked rows decide."""
    from .actions import look_at_some_changes

    while look_at_some_changes():
        pass


@shared_task
def send_digest(saved_search_id):
    """Tell one owner what came up since the last digest, if it is due."""
    from . import actions

    if saved := SavedSearch.objects.filter(pk=saved_search_id).first():
        actions.send_digest(saved)


@shared_task
def reconcile_search(saved_search_id):
    """Have one saved search look at every listing it knows wrongly: what fell between two transactions."""
    from . import actions

    if saved := SavedSearch.objects.watching().filter(pk=saved_search_id).first():
        actions.reconcile_search(saved)


@shared_task
def reconcile_searches():
    """Nightly: all of them."""
    for pk in SavedSearch.objects.watching().order_by("pk").values_list("pk", flat=True).iterator():
        enqueue(reconcile_search, pk)


@shared_task
def sweep():
    """Drive whatever is due by its stored state: changes nobody looked at, digests nobody sent."""
    if ChangedListing.objects.exists():
        enqueue(look_at_changes)
    due = SavedSearch.objects.digest_due(clock.now()).order_by("pk")
    for pk in due.values_list("pk", flat=True)[:500]:
        enqueue(send_digest, pk)
