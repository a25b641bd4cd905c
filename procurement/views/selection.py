"""From need to locked selection, as the agency's buyers and officers see it."""

import io
import json
from dataclasses import replace
from http import HTTPStatus

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.criteria import Criteria, narrower, not_understood
from catalog.search.filters import Filters
from catalog.search.page import search
from catalog.search.statement import SearchTimeout
from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.accounts.enums import Role
from marketplace.spreadsheets import write_xlsx
from marketplace.workflow import RuleViolation

from .. import actions, found, permissions, records
from ..documents import pdf
from ..documents.workbooks import selection_sheets
from ..enums import ProcurementStatus
from ..forms import DropForm, EndForm, LockForm, ProcurementForm
from ..models import Candidate, Procurement
from ..rules import PROCUREMENT_TRANSITIONS

PAGE_SIZE = 20
SHOWN_OF_TOO_MANY = 20
"""More candidates than can be taken are not worth a page of two hundred: the officer narrows first."""
MAIN_ROAD = (
    ProcurementStatus.DRAFT,
    ProcurementStatus.SEARCHING,
    ProcurementStatus.SELECTED,
    ProcurementStatus.TENDERING,
    ProcurementStatus.EVALUATING,
    ProcurementStatus.AWARDED,
    ProcurementStatus.CONTRACTED,
    ProcurementStatus.CLOSED,
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def procurement_list(request):
    if not people.agencies_of(request.user, Role.BUYER, Role.OFFICER):
        raise PermissionDenied(_("行政機関の購買担当または契約担当官の方のページです。"))
    visible = _own(request.user)
    status = request.GET.get("status", "")
    counts = dict(visible.order_by().values_list("status").annotate(Count("pk")))
    rows = visible.filter(status=status) if status in ProcurementStatus.values else visible
    page = Paginator(rows.select_related("agency", "officer").prefetch_related("steps").order_by("-pk"), PAGE_SIZE)
    tabs = [{"label": _("すべて"), "url": "?", "current": not status, "count": sum(counts.values())}] + [
        {"label": label, "url": f"?status={value}", "current": status == value, "count": counts[value]}
        for value, label in ProcurementStatus.choices
        if value in counts
    ]
    return render(
        request,
        "procurement/selection/procurement_list.html",
        {"page": page.get_page(request.GET.get("page")), "tabs": tabs, "now": clock.now()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def procurement_create(request):
    agencies = people.agencies_of(request.user, Role.BUYER, Role.OFFICER)
    if not agencies:
        raise PermissionDenied(_("行政機関の購買担当または契約担当官の方のページです。"))
    form = ProcurementForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        agency = values.pop("agency", agencies[0])
        procurement = actions.open_procurement(agency=agency, by=request.user, **values)
        messages.success(request, _("案件を作成しました。次に、候補を検索してください。"))
        return redirect(procurement)
    return render(request, "procurement/selection/procurement_form.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def procurement_edit(request, reference):
    procurement = _procurement(request, reference)
    permissions.check_can_search(request.user, procurement)
    form = ProcurementForm(request.POST or None, instance=procurement, by=request.user)
    if request.method == "POST" and form.is_valid():
        return _attempt(
            request,
            lambda: actions.update_procurement(Procurement(pk=procurement.pk), by=request.user, **form.cleaned_data),
            success=_("案件の内容を保存しました。"),
            then=procurement.get_absolute_url(),
        )
    return render(request, "procurement/selection/procurement_form.html", {"form": form, "procurement": procurement})


@require_safe
def procurement_detail(request, reference):
    """Where the purchase stands, how long each step took, and what is to be done next."""
    procurement = _procurement(request, reference)
    context = {
        "procurement": procurement,
        "steps": _steps(procurement),
        "durations": durations(procurement, now=clock.now()),
        "can_search": permissions.can_search(request.user, procurement),
        "can_manage": permissions.can_manage(request.user, procurement),
        "search": procurement.searches.filter(is_active=True)
        .annotate(found=Count("candidates"), kept=Count("candidates", filter=Q(candidates__is_dropped=False)))
        .first(),
        "is_open": procurement.status in (ProcurementStatus.DRAFT, ProcurementStatus.SEARCHING),
        "may_end": bool({ProcurementStatus.CANCELLED, ProcurementStatus.NONE_SUITABLE} & next_statuses(procurement)),
    }
    return render(request, "procurement/selection/procurement_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def candidate_search(request, reference):
    """Narrow the catalogue (GET, the URL says everything), then take what is found as candidates (POST)."""
    procurement = _procurement(request, reference)
    permissions.check_can_search(request.user, procurement)
    active = procurement.searches.filter(is_active=True).first()
    given = request.POST if request.method == "POST" else request.GET
    if request.method == "GET" and not given and active:
        return redirect(f"{request.path}?{urlencode(_pairs(active.params))}")
    criteria = Criteria.from_params(given, {})
    params = _params(criteria.query, criteria.filters)
    if request.method == "POST":
        return _attempt(
            request,
            lambda: actions.search_candidates(procurement, params=params, by=request.user),
            success=_("候補を一覧にしました。除外するものがあれば、理由を記録してください。"),
            then=reverse("procurement:candidate_list", args=[reference]),
            otherwise=f"{request.path}?{urlencode(_pairs(params))}",
        )
    try:
        result = search(criteria.query, criteria.filters, page_size=found.LIMIT + 1)
    except SearchTimeout:
        return _candidates_timed_out(request, procurement, criteria)
    offers = found.sold(result.ids)
    too_many = len(offers) > found.LIMIT
    context = {
        "procurement": procurement,
        "criteria": criteria,
        "query": criteria.query,
        "found": result,
        "facets": result.facets,
        "offers": [
            (offer, records.estimate(offer, procurement).total)
            for offer in offers[: SHOWN_OF_TOO_MANY if too_many else found.LIMIT]
        ],
        "number": min(len(offers), found.LIMIT),
        "too_many": too_many,
        "limit": found.LIMIT,
        "pairs": _pairs(params),
        "chips": [{"label": label, "href": _search_url(request, less)} for label, less in criteria.conditions()],
        "without_filters": _search_url(request, replace(criteria, filters=Filters())),
        "unknown": not_understood(criteria.filters),
        "correction_url": result.did_you_mean and _search_url(request, replace(criteria, query=result.did_you_mean)),
        "active": active,
    }
    template = "includes/search_results.html" if request.htmx else "candidate_search.html"
    return render(request, f"procurement/selection/{template}", context | {"is_fragment": bool(request.htmx)})


def _candidates_timed_out(request, procurement, criteria):
    context = {
        "procurement": procurement,
        "criteria": criteria,
        "query": criteria.query,
        "narrower": [(label, _search_url(request, less)) for label, less in narrower(criteria)],
        "chips": [{"label": label, "href": _search_url(request, less)} for label, less in criteria.conditions()],
        "without_filters": _search_url(request, replace(criteria, filters=Filters())),
        "kept": [(name, value) for name, values in criteria.filters.chosen.items() for value in values],
        "is_fragment": bool(request.htmx),
    }
    template = "catalog/includes/search_timeout.html" if request.htmx else "procurement/selection/candidate_search.html"
    status = HTTPStatus.OK if request.htmx else HTTPStatus.SERVICE_UNAVAILABLE  # a fragment must be swapped in
    return render(request, template, context, status=status)


def _search_url(request, criteria) -> str:
    # With nothing in it, the address would lead back to the search on record.
    return f"{request.path}?{urlencode(criteria.pairs() or [('q', '')])}"


@require_safe
def candidate_list(request, reference):
    """Every candidate with its price at this procurement's size; kept, or dropped with a reason."""
    procurement = _procurement(request, reference)
    search_made = _active_search(procurement)
    rows = [
        {
            "candidate": candidate,
            "price": records.estimate(candidate.offer, procurement).total,
            "form": DropForm(prefix=str(candidate.position), initial={"reason": candidate.drop_reason}),
        }
        for candidate in _candidates(search_made)
    ]
    context = {
        "procurement": procurement,
        "search": search_made,
        "criteria": records.criteria_in_words(search_made.params),
        "rows": rows,
        "kept": sum(not row["candidate"].is_dropped for row in rows),
        "can_change": procurement.status == ProcurementStatus.SEARCHING
        and permissions.can_search(request.user, procurement),
        "can_lock": procurement.status == ProcurementStatus.SEARCHING
        and permissions.can_manage(request.user, procurement),
    }
    return render(request, "procurement/selection/candidate_list.html", context)


@require_POST
def candidate_drop(request, reference, position):
    procurement = _procurement(request, reference)
    candidate = _candidate(procurement, position)
    form = DropForm(request.POST, prefix=str(position))
    here = reverse("procurement:candidate_list", args=[reference]) + f"#candidate-{position}"
    if not form.is_valid():
        messages.error(
            request, _("%(position)d番の候補を除外するには、理由を入力してください。") % {"position": position}
        )
        return redirect(here)
    return _attempt(
        request,
        lambda: actions.drop_candidate(candidate, reason=form.cleaned_data["reason"], by=request.user),
        success=_("%(position)d番の候補を除外しました。") % {"position": position},
        then=here,
    )


@require_POST
def candidate_keep(request, reference, position):
    candidate = _candidate(_procurement(request, reference), position)
    return _attempt(
        request,
        lambda: actions.keep_candidate(candidate, by=request.user),
        success=_("%(position)d番の候補を戻しました。") % {"position": position},
        then=reverse("procurement:candidate_list", args=[reference]) + f"#candidate-{position}",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def selection_lock(request, reference):
    """Confirm what was seen, and lock it for ever."""
    procurement = _procurement(request, reference)
    permissions.check_can_manage(request.user, procurement)
    search_made = _active_search(procurement)
    candidates = list(_candidates(search_made))
    form = LockForm(request.POST or None, initial={"confirmed": found.fingerprint(candidates)})
    if request.method == "POST" and form.is_valid():
        return _attempt(
            request,
            lambda: actions.lock_selection(procurement, by=request.user, **form.cleaned_data),
            success=_("選定を確定しました。選定記録を保存し、決裁に使ってください。"),
            then=procurement.get_absolute_url(),
            otherwise=request.path,
        )
    context = {
        "procurement": procurement,
        "form": form,
        "criteria": records.criteria_in_words(search_made.params),
        "kept": [candidate for candidate in candidates if not candidate.is_dropped],
        "dropped": [candidate for candidate in candidates if candidate.is_dropped],
    }
    return render(request, "procurement/selection/selection_lock.html", context)


@require_safe
def selection_detail(request, reference):
    procurement = _procurement(request, reference)
    selection = _selection(procurement)
    return render(
        request,
        "procurement/selection/selection_detail.html",
        {"procurement": procurement, "selection": selection, "evidence": selection.evidence},
    )


@require_safe
def selection_json(request, reference):
    selection = _selection(_procurement(request, reference))
    body = json.dumps(selection.evidence, ensure_ascii=False, indent=1)
    return _download(body.encode(), "application/json", f"selection-{reference}.json")


@require_safe
def selection_pdf(request, reference):
    selection = _selection(_procurement(request, reference))
    return _download(pdf.selection_evidence(selection.evidence), "application/pdf", f"selection-{reference}.pdf")


@require_safe
def selection_xlsx(request, reference):
    file = io.BytesIO()
    write_xlsx(file, selection_sheets(_selection(_procurement(request, reference)).evidence))
    return _download(file.getvalue(), XLSX, f"selection-{reference}.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
def procurement_end(request, reference):
    procurement = _procurement(request, reference)
    permissions.check_can_manage(request.user, procurement)
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _attempt(
            request,
            lambda: actions.end_procurement(
                procurement,
                target=ProcurementStatus(form.cleaned_data["target"]),
                reason=form.cleaned_data["reason"],
                by=request.user,
            ),
            success=_("案件を終えました。"),
            then=procurement.get_absolute_url(),
        )
    context = {"procurement": procurement, "form": form, "danger": True}
    return render(request, "procurement/selection/procurement_end.html", context)


@require_POST
def procurement_close(request, reference):
    procurement = _procurement(request, reference)
    return _attempt(
        request,
        lambda: actions.close_procurement(procurement, by=request.user),
        success=_("案件を完了しました。"),
        then=procurement.get_absolute_url(),
    )


def durations(procurement, *, now) -> list[dict]:
    """The steps walked so far with the days spent in each; the running one counts up to ``now``."""
    steps = list(procurement.steps.all())
    ends = [*(step.entered_at for step in steps[1:]), procurement.ended_at or now]
    over = procurement.ended_at is not None
    return [
        {
            "label": step.get_status_display(),
            "entered_at": step.entered_at,
            "days": max((end - step.entered_at).days, 0),
            "is_running": not over and step is steps[-1],
        }
        for step, end in zip(steps, ends, strict=True)
    ]


def next_statuses(procurement) -> frozenset:
    """The statuses the procurement may enter next."""
    return PROCUREMENT_TRANSITIONS[ProcurementStatus(procurement.status)]


def _own(user):
    agencies = people.agencies_of(user, Role.BUYER, Role.OFFICER)
    return Procurement.objects.filter(agency__in=agencies)


def _procurement(request, reference) -> Procurement:
    """The agency's own procurement, or 404. Evaluators reach theirs through the tender."""
    rows = _own(request.user).select_related("agency", "officer").prefetch_related("steps")
    return get_object_or_404(rows, reference=reference)


def _active_search(procurement):
    search_made = procurement.searches.filter(is_active=True).first()
    if search_made is None:
        raise Http404(_("この案件では、まだ検索していません。"))
    return search_made


def _candidates(search_made):
    return (
        search_made.candidates.select_related(
            "software__maker", "offer__seller", "software_revision", "offer_revision", "dropped_by"
        )
        .prefetch_related(Prefetch("offer__price_lines"))
        .order_by("position")
    )


def _candidate(procurement, position) -> Candidate:
    rows = Candidate.objects.select_related("search", "offer").filter(search=_active_search(procurement))
    return get_object_or_404(rows, position=position)


def _selection(procurement):
    if not hasattr(procurement, "selection"):
        raise Http404(_("この案件の選定は、まだ確定していません。"))
    return procurement.selection


def _steps(procurement) -> list[dict]:
    entered = {step.status: step for step in procurement.steps.all()}
    current = procurement.status
    road = (
        [*MAIN_ROAD] if current in MAIN_ROAD else [s for s in MAIN_ROAD if s in entered] + [ProcurementStatus(current)]
    )
    return [
        {
            "label": status.label,
            "state": "current" if status == current else "done" if status in entered else "todo",
        }
        for status in road
    ]


def _params(query, filters) -> dict:
    params: dict = {}
    for name, value in filters.to_params():
        params.setdefault(name, []).append(value)
    return ({"q": query} if query.strip() else {}) | params


def _pairs(params) -> list[tuple[str, str]]:
    return [(name, each) for name, value in params.items() for each in ([value] if isinstance(value, str) else value)]


def _attempt(request, act, *, success, then, otherwise=None):
    """Run an action; say what came of it; go where the person can go on."""
    try:
        act()
    except RuleViolation as error:
        messages.error(request, str(error))
        return redirect(otherwise or then)
    messages.success(request, success)
    return redirect(then)


def _download(body: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
