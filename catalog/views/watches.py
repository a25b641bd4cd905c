"""Saved searches: a person's own, and those their agency shares."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.workflow import RuleViolation

from ..criteria import Criteria
from ..forms import SizeForm
from ..watches import actions
from ..watches.enums import Frequency
from ..watches.forms import SavedSearchForm
from ..watches.models import SavedSearch

PER_PAGE = 30
HITS_PER_PAGE = 30


@require_safe
def saved_search_list(request):
    searches = SavedSearch.objects.visible_to(request.user).select_related("owner", "agency").order_by("-pk")
    page = Paginator(searches, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "catalog/watches/saved_search_list.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def saved_search_create(request):
    """Keep the search whose address this page was opened with."""
    # Who keeps a search keeps what they saw: the size of the address, else their own agency's.
    criteria = Criteria.from_params(request.GET, SizeForm.of_reader(request.GET, request.user).told)
    initial = {"name": criteria.as_name()[:100], "frequency": Frequency.DAILY, "agency": ""}
    form = SavedSearchForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_search(criteria=criteria, by=request.user, **form.answers())
        except RuleViolation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("検索を保存しました。"))
            return redirect(saved)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(
        request, "catalog/watches/saved_search_create.html", {"form": form, "criteria": criteria}, status=status
    )


@require_safe
def saved_search_detail(request, reference):
    """The conditions, and what was new so far."""
    saved = _visible(request, reference)
    hits = saved.hits.select_related("software__maker").order_by("-pk")
    page = Paginator(hits, HITS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"saved": saved, "page": page, "owns": saved.owner_id == request.user.pk}
    return render(request, "catalog/watches/saved_search_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def saved_search_edit(request, reference):
    saved = _own(request, reference)
    initial = {
        "name": saved.name,
        "note": saved.note,
        "frequency": saved.frequency,
        "agency": saved.agency.reference if saved.agency else "",
    }
    form = SavedSearchForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_search(saved, by=request.user, **form.answers())
        except RuleViolation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("保存しました。"))
            return redirect(saved)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "catalog/watches/saved_search_edit.html", {"form": form, "saved": saved}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def saved_search_delete(request, reference):
    saved = _own(request, reference)
    if request.method == "POST":
        actions.delete_search(saved, by=request.user)
        messages.success(request, _("「%(name)s」を削除しました。") % {"name": saved.name})
        return redirect("catalog:saved_search_list")
    return render(request, "catalog/watches/saved_search_delete.html", {"saved": saved, "danger": True})


@login_not_required
@csrf_exempt  # RFC 8058: the mail program posts without having seen a page; the token is the authority
@require_http_methods(["GET", "HEAD", "POST"])
def saved_search_mute(request, token):
    """Ends the mails of one saved search. Opening the link asks, since programs open links too; posting does it."""
    saved = actions.search_to_mute(token)
    if saved is None:
        raise Http404(_("この停止用リンクは使えません。検索が削除されたか、リンクが途中で切れています。"))
    if request.user.is_authenticated and request.user != saved.owner:
        raise PermissionDenied(_("このリンクは、ほかの人に届いたお知らせのものです。"))
    if request.method == "POST":
        actions.mute_search(saved)
        if request.POST.get("List-Unsubscribe") == "One-Click":
            return HttpResponse(status=HTTPStatus.OK)
    return render(request, "catalog/watches/saved_search_mute.html", {"saved": saved, "done": request.method == "POST"})


def _visible(request, reference) -> SavedSearch:
    searches = SavedSearch.objects.visible_to(request.user).select_related("owner", "agency")
    return get_object_or_404(searches, reference=reference)


def _own(request, reference) -> SavedSearch:
    """A colleague sees a shared search, but it is its owner's to change."""
    saved = _visible(request, reference)
    if saved.owner_id != request.user.pk:
        raise PermissionDenied(_("この検索を変えられるのは、保存した人だけです。"))
    return saved
