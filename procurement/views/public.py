"""What anybody may read of a published award, and compute again."""

from decimal import Decimal

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from marketplace.accounts.models import Agency

from .. import records, scoring
from ..documents import pdf
from ..documents.wording import rule_facts
from ..evaluation import parse_document
from ..models import Award, BonusClaim
from .award import evaluation_context
from .common import PDF, download, json_download

PAGE_SIZE = 20
LONGEST_QUERY = 100


@login_not_required
@require_safe
def award_list(request):
    """Published awards, newest first, by words of the title, the winner or the agency, and by agency."""
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    agency = request.GET.get("agency", "")
    rows = _published().select_related("bid__invitation__candidate__software")
    for word in query.split():
        rows = rows.filter(
            Q(tender__procurement__title__icontains=word)
            | Q(bid__company__name__icontains=word)
            | Q(tender__procurement__agency__name__icontains=word)
        )
    if agency:
        rows = rows.filter(tender__procurement__agency__reference=agency)
    page = Paginator(rows.order_by("-published_at", "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    agencies = (
        Agency.objects.filter(procurements__tender__award__published_at__isnull=False)
        .distinct()
        .order_by("name_kana", "pk")
    )
    context = {
        "page": page,
        "rows": [{"award": award, "price": _price(award)} for award in page],
        "query": query,
        "agency": agency,
        "agencies": agencies,
    }
    template = "includes/award_results.html" if request.htmx else "award_list.html"
    return render(request, f"procurement/award/{template}", context)


@login_not_required
@require_safe
def award_detail(request, reference):
    award = _award(reference)
    tender = award.tender
    document = parse_document(award.evaluation.document)
    evaluated = evaluation_context(tender, award.evaluation)
    context = {
        "award": award,
        "tender": tender,
        "procurement": tender.procurement,
        "contract": getattr(tender.procurement, "contract", None),
        "price": _price(award),
        "words": {"facts": rule_facts(document), "weights": scoring.weights(document).facts},
        "criteria": list(tender.criteria.all()),
        "bonuses": list(tender.bonuses.all()),
        "claims": _claims(evaluated["rows"]),
        **evaluated,
    }
    return render(request, "procurement/award/award_detail.html", context)


@login_not_required
@require_safe
def award_document(request, reference):
    """The evaluation document (evaluation/1): whoever holds it can compute the award again."""
    return json_download(_award(reference).evaluation.document, f"evaluation-{reference}.json")


@login_not_required
@require_safe
def award_result(request, reference):
    return json_download(_award(reference).evaluation.result, f"result-{reference}.json")


@login_not_required
@require_safe
def award_report(request, reference):
    award = _award(reference)
    body = pdf.evaluation_report(records.evaluation_report_content(award.tender, award.evaluation))
    return download(body, PDF, f"evaluation-{reference}.pdf")


def _published():
    return Award.objects.filter(published_at__isnull=False).select_related(
        "tender__procurement__agency", "tender__procurement__officer", "tender__opened_by", "bid__company", "evaluation"
    )


def _award(reference) -> Award:
    return get_object_or_404(_published(), tender__procurement__reference=reference)


def _price(award) -> Decimal:
    return sum(map(Decimal, award.bid.prices.values()), Decimal(0))


def _claims(rows) -> list[dict]:
    """How the bonus claims of the evaluated bids were decided, without what the bidders wrote."""
    names = {row["bid"].pk: row["id"] for row in rows if row["bid"]}
    claims = BonusClaim.objects.filter(bid__in=names).exclude(decided_at=None).select_related("bonus")
    return [
        {"name": names[claim.bid_id], "label": claim.bonus.label, "claim": claim}
        for claim in claims.order_by("bid", "pk")
    ]
