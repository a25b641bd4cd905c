"""The evaluator's side: proposals under letters, one's own marks, and nothing else: no names, no prices, nobody's marks."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.accounts.enums import AGENCY_ROLES
from marketplace.workflow import RuleViolation

from .. import actions, permissions, scoring
from ..enums import BidStatus, TenderStatus
from ..models import Assignment, Bid, Criterion
from ..tender_forms import DeclareForm, MarkForm
from .common import attempt, progress_context

PAGE_SIZE = 20


@require_safe
def assignment_list(request):
    if not people.agencies_of(request.user, *AGENCY_ROLES):
        raise PermissionDenied(_("行政機関の評価委員の方のページです。"))
    standing = Q(marks__bid__status=BidStatus.SUBMITTED)
    rows = (
        Assignment.objects.filter(
            evaluator=request.user, tender__procurement__agency__in=people.agencies_of(request.user)
        )
        .select_related("tender__procurement__agency")
        .annotate(
            given=Count("marks", filter=standing),
            bid_count=_counted(Bid.objects.standing()),
            criterion_count=_counted(Criterion.objects),
        )
        .annotate(wanted=F("bid_count") * F("criterion_count"))
        .order_by("submitted_at", "-pk")
    )
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "procurement/tender/assignment_list.html", {"page": page})


def _counted(rows):
    """How many of ``rows`` the tender of each assignment has: not joined, so that counts do not multiply."""
    counted = (
        rows.filter(tender=OuterRef("tender")).order_by().values("tender").annotate(count=Count("pk")).values("count")
    )
    return Coalesce(Subquery(counted), 0)


def evaluator_view(request, tender):
    """The way in: declaration, then the table of one's own marks."""
    return redirect("procurement:marking", reference=tender.reference)


@require_safe
def marking(request, reference):
    assignment = _assignment(request, reference)
    tender = assignment.tender
    context = _context(assignment)
    if not assignment.declared_at:
        context |= {"form": DeclareForm()}
    if assignment.has_conflict is False and tender.closed_at:
        context |= {"proposals": _proposals(assignment, context["criteria"])}
        context |= _counts(context["proposals"], context["criteria"])
    return render(request, "procurement/tender/marking.html", context)


@require_POST
def conflict_declare(request, reference):
    assignment = _assignment(request, reference)
    form = DeclareForm(request.POST)
    if not form.is_valid():
        context = _context(assignment) | {"form": form}
        return render(request, "procurement/tender/marking.html", context, status=422)
    has_conflict = form.cleaned_data["has_conflict"]
    return attempt(
        request,
        lambda: actions.declare_conflict(assignment, has_conflict=has_conflict, by=request.user),
        success=_("利害関係があると申告しました。この調達の評価からは外れます。")
        if has_conflict
        else _("利害関係がないと申告しました。採点を始めてください。"),
        then=reverse("procurement:marking", args=[reference]),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def proposal_mark(request, reference, label):
    """One proposal by all criteria. Each mark is kept as it is set (htmx); the button keeps them all without script."""
    assignment = _assignment(request, reference)
    tender = assignment.tender
    permissions.check_can_mark(request.user, assignment)
    context = _context(assignment)
    proposals = _proposals(assignment, context["criteria"])
    position = next((index for index, row in enumerate(proposals) if row["bid"].label == label), None)
    if position is None:
        raise Http404
    row = proposals[position]
    posted = request.POST if request.method == "POST" else None
    only = request.POST.get("only") if request.htmx else None
    forms = [
        MarkForm(posted, criterion=cell["criterion"], mark=cell["mark"])
        for cell in row["cells"]
        if only in (None, cell["criterion"].key)
    ]
    status, saved = 200, 0
    if posted is not None:
        saved, refused = _save(request, assignment, row["bid"], forms)
        status = 422 if refused or any(form.errors for form in forms) else 200
        proposals = _proposals(assignment, context["criteria"])
        row = proposals[position]
        if not request.htmx and status == 200:
            messages.success(request, _("提案%(label)sの採点を保存しました。") % {"label": label})
            following = proposals[(position + 1) % len(proposals)]["bid"].label if "next" in request.POST else label
            return redirect("procurement:proposal_mark", reference=reference, label=following)
    context |= {
        "bid": row["bid"],
        "cells": list(zip(row["cells"], forms, strict=True)) if only is None else [],
        "forms": forms,
        "form": forms[0] if len(forms) == 1 else None,
        "proposals": proposals,
        "row": row,
        "can_mark": tender.status == TenderStatus.MARKING and not assignment.submitted_at,
        "attachment": row["bid"].attachments.first(),
        "saved_at": clock.now() if saved else None,
        **_counts(proposals, context["criteria"]),
    }
    template = "includes/mark_saved.html" if request.htmx else "proposal_mark.html"
    return render(request, f"procurement/tender/{template}", context, status=status)


def _save(request, assignment, bid, forms) -> tuple[int, bool]:
    """Keep what was marked; return how many, and whether an action refused."""
    saved = 0
    for form in forms:
        if form.is_valid() and form.is_marked:
            try:
                actions.save_mark(assignment, bid=bid, criterion=form.criterion, by=request.user, **form.values())
            except RuleViolation as error:
                form.add_error("mark", str(error))
                return saved, True
            saved += 1
    return saved, False


@require_http_methods(["GET", "HEAD", "POST"])
def marks_hand_in(request, reference):
    assignment = _assignment(request, reference)
    permissions.check_can_mark(request.user, assignment)
    if request.method == "POST":
        return attempt(
            request,
            lambda: actions.hand_in_marks(assignment, by=request.user),
            success=_("採点を提出しました。ありがとうございました。"),
            then=reverse("procurement:marking", args=[reference]),
        )
    context = _context(assignment)
    proposals = _proposals(assignment, context["criteria"])
    context |= {"proposals": proposals, **_counts(proposals, context["criteria"])}
    return render(request, "procurement/tender/marks_hand_in.html", context)


def _assignment(request, reference) -> Assignment:
    rows = Assignment.objects.filter(
        evaluator=request.user, tender__procurement__agency__in=people.agencies_of(request.user)
    ).select_related("tender__procurement__agency", "tender__procurement__officer")
    return get_object_or_404(rows, tender__reference=reference)


def _context(assignment) -> dict:
    tender = assignment.tender
    criteria = list(tender.criteria.all())
    words = scoring.rule_in_words(tender.rule) if tender.published_at else []
    return {
        "assignment": assignment,
        "tender": tender,
        "procurement": tender.procurement,
        "criteria": criteria,
        "words": [(label, text) for label, text in words if label in (_("方式"), _("採点の集約"), _("必須項目の判定"))],
        "can_mark": tender.status == TenderStatus.MARKING and not assignment.submitted_at,
        **progress_context(tender, is_published=True, is_contracted=True),
    }


def _proposals(assignment, criteria) -> list[dict]:
    """The standing bids by letter, each with this evaluator's mark on every criterion or None."""
    marks = {(mark.bid_id, mark.criterion_id): mark for mark in assignment.marks.all()}
    # Only what a blind reader may have is read from the database at all.
    bids = (
        assignment.tender.bids.standing().exclude(label="").only("reference", "label", "proposal", "status", "tender")
    )
    bids = bids.prefetch_related("attachments").order_by("label")
    return [
        {
            "bid": bid,
            "cells": [{"criterion": each, "mark": marks.get((bid.pk, each.pk))} for each in criteria],
            "given": sum((bid.pk, each.pk) in marks for each in criteria),
        }
        for bid in sorted(bids, key=lambda bid: (len(bid.label), bid.label))
    ]


def _counts(proposals, criteria) -> dict:
    wanted = len(proposals) * len(criteria)
    given = sum(row["given"] for row in proposals)
    return {"wanted": wanted, "given": given, "left": wanted - given}
