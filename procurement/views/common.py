"""What the pages of a tender share: who sees which tender, and how an act answers."""

import json
from decimal import ROUND_DOWN, Decimal

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.accounts.enums import Role
from marketplace.workflow import RuleViolation

from .. import progress
from ..enums import ClaimStatus, TenderStatus
from ..models import Assignment, BonusClaim, Invitation, Tender

PDF = "application/pdf"


def vendor_companies(user) -> list:
    """The companies whose tenders ``user`` may see: GビズID must have proven who stands behind the account."""
    companies = people.companies_of(user)
    return companies if companies and people.is_identity_proven(user) else []


def tenders_of_agency(user, *roles):
    return _tenders().filter(procurement__agency__in=people.agencies_of(user, *(roles or (Role.BUYER, Role.OFFICER))))


def tenders_of_evaluator(user):
    assigned = Assignment.objects.filter(tender=OuterRef("pk"), evaluator=user)
    # Whoever has left the agency since is no evaluator of its tenders any more.
    return _tenders().filter(Exists(assigned), procurement__agency__in=people.agencies_of(user))


def tenders_of_vendor(user):
    """What the user's companies were invited to, once published."""
    invited = Invitation.objects.filter(tender=OuterRef("pk"), company__in=vendor_companies(user))
    return _tenders().exclude(published_at=None).filter(Exists(invited))


def _tenders():
    return Tender.objects.select_related("procurement__agency", "procurement__officer")


def tender_or_404(rows, reference) -> Tender:
    tender = rows.filter(reference=reference).first()
    if tender is None:
        raise Http404
    return tender


def for_officer(request, reference) -> Tender:
    """The agency's tender; an evaluator sees it blind, whatever else they are."""
    tender = tender_or_404(tenders_of_agency(request.user), reference)
    if any(assignment.evaluator_id == request.user.pk for assignment in tender.assignments.all()):
        raise Http404
    return tender


def waiting(tender) -> progress.Waiting:
    """What is open at this stage. No query outside of it."""
    if tender.status not in (TenderStatus.MARKING, TenderStatus.MARKED):
        return progress.Waiting()
    claims = BonusClaim.objects.filter(bid__tender=tender, bid__status="submitted", status=ClaimStatus.CLAIMED).count()
    undone = tender.assignments.filter(Q(submitted_at=None) & ~Q(has_conflict=True)).count()
    return progress.Waiting(evaluators=undone, claims=claims, bids=tender.bids.standing().count())


def progress_context(tender, **known) -> dict:
    """For ``includes/progress.html``."""
    return {
        "steps": progress.steps(tender),
        "next": progress.next_act(tender, now=clock.now(), waiting=waiting(tender), **known),
        "is_closing": progress.is_closing(tender, now=clock.now()),
    }


def posted(request):
    """What a form is bound to: the input of a POST, even an empty one."""
    return request.POST if request.method == "POST" else None


def attempt(request, act, *, success, then, otherwise=None):
    """Run an action; say what came of it; go where the person can go on."""
    try:
        act()
    except RuleViolation as error:
        for line in str(error).splitlines():
            messages.error(request, line)
        return redirect(otherwise or then)
    messages.success(request, success)
    return redirect(then)


def download(body: bytes, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        body, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def json_download(value, name: str) -> HttpResponse:
    """Readable JSON, keys in the order of the document."""
    return download(json.dumps(value, ensure_ascii=False, indent=1).encode(), "application/json", name)


def charted(total: Decimal) -> Decimal:
    """A total as long as a chart can print it; the table beside tells when that is not all of it."""
    return min(total, total.quantize(Decimal("0.0001"), ROUND_DOWN), key=lambda number: len(str(number)))
