"""From the computed ranks to contract and publication."""

import re
from decimal import Decimal

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from catalog.pricing import tax_rate
from marketplace import clock
from marketplace.accounts import permissions as people

from .. import actions, permissions, records, scoring
from ..documents import pdf
from ..documents.wording import TIES, total_name
from ..enums import BidStatus, PriceTax, ProcurementStatus, TenderStatus
from ..evaluation import parse_document
from ..evaluation.vocabulary import TieRule
from ..models import Bid, Procurement
from ..tender_forms import AwardForm, ContractForm
from .common import (
    PDF,
    attempt,
    charted,
    download,
    for_officer,
    json_download,
    posted,
    progress_context,
    tenders_of_agency,
    vendor_companies,
)


def evaluation_context(tender, evaluation) -> dict:
    """A run of the engine as a page shows it: ranked rows, what each criterion came to, chart, tie, what happens next."""
    document, result = parse_document(evaluation.document), evaluation.result
    bids = scoring.evaluated_bids(tender)
    names = scoring.names_in(evaluation, bids)
    by_name = {names[bid.pk]: bid for bid in bids}
    rows = [
        {
            **row,
            "bid": by_name.get(row["id"]),
            "price": _total_price(by_name.get(row["id"])),
            "because": "" if row["rank"] is not None else records.not_ranked_because(row, by_name.get(row["id"])),
            "is_winner": row["id"] == result["winner"],
            "is_next": row["id"] == result["next"],
        }
        for row in sorted(result["bids"], key=lambda row: (row["rank"] is None, row["rank"] or 0))
    ]
    points = scoring.criterion_points(document)
    marked = [row for row in rows if points.get(row["id"])]
    tie = result["tie"]
    return {
        "evaluation": evaluation,
        "result": result,
        "rows": rows,
        "ranked": [row for row in rows if row["rank"] is not None],
        "is_division": tender.rule["method"] == "division",
        "total_name": total_name(document),
        "ceiling": evaluation.document["ceiling_price"],
        "threshold": evaluation.document["low_price_threshold"],
        "chart": [
            (row["id"], charted(Decimal(row["total"])), "green" if row["is_winner"] else "")
            for row in rows
            if row["total"] is not None
        ],
        "marked": marked,
        "criterion_table": [
            {"criterion": criterion, "cells": [points[row["id"]].get(criterion.key, "") for row in marked]}
            for criterion in tender.criteria.all()
        ],
        "tie_rule": TIES[TieRule(tie["resolved_by"])] if tie and tie["resolved_by"] else "",
    }


def _total_price(bid) -> Decimal | None:
    return sum(map(Decimal, bid.prices.values()), Decimal(0)) if bid is not None and bid.prices else None


@require_safe
def evaluation_detail(request, reference):
    """The newest computation for the officer who decides on it, and the earlier ones by number."""
    tender, evaluation = _evaluated(request, reference)
    award = getattr(tender, "award", None)
    newest = tender.evaluations.order_by("-number").first()
    context = {
        "tender": tender,
        "procurement": tender.procurement,
        "award": award,
        "is_newest": evaluation.number == newest.number,
        "history": list(tender.evaluations.order_by("number").only("number", "reason", "computed_at")),
        "can_decide": tender.status == TenderStatus.EVALUATED and evaluation.number == newest.number,
        **evaluation_context(tender, evaluation),
        **_stage(tender, award),
    }
    return render(request, "procurement/award/evaluation_detail.html", context)


def _stage(tender, award):
    return progress_context(
        tender,
        is_published=award is not None and award.published_at is not None,
        is_contracted=hasattr(tender.procurement, "contract"),
    )


@require_safe
def evaluation_pdf(request, reference):
    tender, evaluation = _evaluated(request, reference)
    body = pdf.evaluation_report(records.evaluation_report_content(tender, evaluation))
    return download(body, PDF, f"evaluation-{reference}-{evaluation.number}.pdf")


@require_safe
def evaluation_json(request, reference):
    _tender, evaluation = _evaluated(request, reference)
    return json_download(evaluation.document, f"evaluation-{reference}-{evaluation.number}.json")


def _evaluated(request, reference):
    """The agency's tender with the run asked for (``?number=``), the newest by default."""
    tender = for_officer(request, reference)
    permissions.check_can_manage(request.user, tender.procurement)
    runs = tender.evaluations.order_by("-number")
    number = request.GET.get("number", "")
    evaluation = runs.filter(number=number).first() if re.fullmatch("[0-9]{1,4}", number) else runs.first()
    if evaluation is None:
        raise Http404
    return tender, evaluation


@require_http_methods(["GET", "HEAD", "POST"])
def tender_award(request, reference):
    """Decide, on the evaluation that is on the screen and no other."""
    tender = for_officer(request, reference)
    permissions.check_can_decide(request.user, tender)
    newest = tender.evaluations.order_by("-number").first()
    if newest is None or tender.status != TenderStatus.EVALUATED:
        messages.error(request, _("いまは落札者を決定できません。状態を確かめてください。"))
        return redirect(tender)
    winner = scoring.winning_bid(tender, newest)
    evaluation_url = reverse("procurement:evaluation_detail", args=[reference])
    if winner is None:
        messages.error(request, _("落札者となる入札がありません。該当なしとして終えてください。"))
        return redirect(evaluation_url)
    form = AwardForm(posted(request), initial={"evaluation": newest.number, "reason": _proposed_reason(newest)})
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.award_tender(tender, by=request.user, **form.cleaned_data),
            success=_("落札者を決定し、すべての入札者に知らせました。"),
            then=tender.get_absolute_url(),
            otherwise=evaluation_url,
        )
    context = {
        "tender": tender,
        "procurement": tender.procurement,
        "form": form,
        "winner": winner,
        "price": _total_price(winner),
        **evaluation_context(tender, newest),
    }
    return render(request, "procurement/award/tender_award.html", context, status=422 if form.errors else 200)


def _proposed_reason(evaluation) -> str:
    """A sentence to start from; a provisional winner's is for the officer to write, after the investigation."""
    if evaluation.result["provisional"]:
        return ""
    if evaluation.document["method"] == "division":
        return _("評価値が最も高いため。")
    return _("総合評価点が最も高いため。")


@require_http_methods(["GET", "HEAD", "POST"])
def award_publish(request, reference):
    tender = for_officer(request, reference)
    permissions.check_can_manage(request.user, tender.procurement)
    award = getattr(tender, "award", None)
    if award is None:
        raise Http404
    if request.method == "POST":
        return attempt(
            request,
            lambda: actions.publish_award(award, by=request.user),
            success=_("結果を公表しました。"),
            then=tender.get_absolute_url(),
        )
    context = {"tender": tender, "procurement": tender.procurement, "award": award}
    return render(request, "procurement/award/award_publish.html", context)


@require_safe
def notice_pdf(request, reference):
    """The letter to one bidder: to that bidder once decided, to the officers also while an investigation is on."""
    rows = Bid.objects.select_related(
        "company", "tender__procurement__agency", "tender__procurement__officer", "tender__award__evaluation",
        "tender__award__bid__company", "tender__award__bid__invitation__candidate__software", "tender__award__awarded_by",
        "invitation__candidate__software",
    ).exclude(status__in=[BidStatus.REPLACED, BidStatus.WITHDRAWN])  # fmt: skip
    bid = get_object_or_404(rows, reference=reference)
    tender = bid.tender
    award = getattr(tender, "award", None)
    is_own = bid.company_id in {company.pk for company in vendor_companies(request.user)}
    is_officer = people.can_procure(request.user, tender.procurement.agency) and tender.opened_at is not None
    if not ((is_own and award) or is_officer):
        raise Http404
    evaluation = award.evaluation if award else tender.evaluations.order_by("-number").first()
    if award is None and not _is_investigated(tender, bid, evaluation):
        raise Http404
    notice = records.award_notice_content(tender, bid, evaluation, award=award)
    return download(pdf.award_notice(notice), PDF, f"notice-{reference}.pdf")


def _is_investigated(tender, bid, evaluation) -> bool:
    winner = scoring.winning_bid(tender, evaluation)
    return evaluation.result["provisional"] and winner is not None and winner.pk == bid.pk


@require_http_methods(["GET", "HEAD", "POST"])
def contract_create(request, reference):
    rows = Procurement.objects.filter(tender__in=tenders_of_agency(request.user)).select_related(
        "agency", "tender__award__bid__company", "tender__award__bid__invitation__candidate__software"
    )
    procurement = get_object_or_404(rows, reference=reference)
    permissions.check_can_manage(request.user, procurement)
    tender = procurement.tender
    award = getattr(tender, "award", None)
    if award is None or procurement.status != ProcurementStatus.AWARDED:
        messages.error(request, _("契約は、落札者の決定後に一度だけ記録できます。"))
        return redirect(procurement)
    form = ContractForm(posted(request), initial=_proposed_contract(procurement, award))
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.record_contract(procurement, by=request.user, **form.cleaned_data),
            success=_("契約を記録しました。"),
            then=tender.get_absolute_url(),
        )
    context = {
        "procurement": procurement,
        "tender": tender,
        "award": award,
        "form": form,
        "price": _total_price(award.bid),
        "software": award.bid.invitation.candidate and award.bid.invitation.candidate.software,
    }
    return render(request, "procurement/award/contract_form.html", context, status=422 if form.errors else 200)


def _proposed_contract(procurement, award) -> dict:
    """The bid with the tax, fractions of a yen cut off; everything may be changed to what was really signed."""
    price = _total_price(award.bid)
    if procurement.tender.price_tax == PriceTax.EXCLUDED:
        price = int(int(price) * tax_rate(procurement.term_from).factor)
    return {
        "amount_yen": int(price),
        "signed_on": clock.today(),
        "term_from": procurement.term_from,
        "term_to": procurement.term_to,
    }
