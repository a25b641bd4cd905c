"""The bidder's side: the published rule, the sealed bid, its receipt, and one's own result."""

from pathlib import PurePosixPath

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import FileResponse, Http404, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.accounts.enums import Role
from marketplace.companies.rules import Verdict
from marketplace.companies.wording import explain
from marketplace.workflow import RuleViolation

from .. import actions, permissions, proposal_files, scoring, sealing
from ..enums import BidStatus, BonusKind, TenderStatus
from ..models import Assignment, Bid, BidAttachment, Invitation
from ..tender_forms import BidForm, WithdrawForm
from .common import (
    attempt,
    json_download,
    posted,
    progress_context,
    tender_or_404,
    tenders_of_agency,
    tenders_of_vendor,
    vendor_companies,
)

PAGE_SIZE = 20
STAGED_SALT = "procurement.bid.attachment"


@require_safe
def bid_list(request):
    """The tenders the user's companies were invited to, with what became of each."""
    companies = vendor_companies(request.user)
    if not companies and not people.companies_of(request.user):
        raise PermissionDenied(_("事業者の方のページです。"))
    rows = (
        Invitation.objects.filter(company__in=companies, tender__published_at__isnull=False)
        .select_related("company", "tender__procurement__agency", "tender__award", "candidate__software")
        .order_by("-tender__bids_due_at", "-pk")
    )
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    standing = {
        bid.invitation_id: bid
        for bid in Bid.objects.filter(invitation__in=[row.pk for row in page]).exclude(status=BidStatus.REPLACED)
    }
    context = {
        "page": page,
        "rows": [{"invitation": row, "tender": row.tender, "bid": standing.get(row.pk)} for row in page],
        "now": clock.now(),
        "unproven": not companies,
    }
    return render(request, "procurement/tender/bid_list.html", context)


def vendor_view(request, tender):
    """The rule in words, the own bids, and after the decision the own result. Nothing of any other bidder."""
    companies = vendor_companies(request.user)
    invitations = list(
        tender.invitations.filter(company__in=companies).select_related("company", "candidate__software")
    )
    bids = list(
        Bid.objects.filter(invitation__in=invitations)
        .select_related("company", "invitation__candidate__software", "submitted_by")
        .prefetch_related("claims__bonus", "attachments")
        .order_by("-pk")
    )
    award = getattr(tender, "award", None)
    rows = [
        {
            "invitation": invitation,
            "bid": next((b for b in bids if b.invitation_id == invitation.pk and b.status != BidStatus.REPLACED), None),
            "may_bid": people.can_submit(request.user, invitation.company),
        }
        for invitation in invitations
    ]
    own = own_results(tender, [row["bid"] for row in rows if row["bid"]]) if award else {}
    context = {
        "tender": tender,
        "procurement": tender.procurement,
        "rows": [row | {"own": own.get(row["bid"].pk) if row["bid"] else None} for row in rows],
        "is_accepting": tender.status == TenderStatus.OPEN and clock.now() < tender.bids_due_at,
        "award": award,
        "words": {
            "facts": scoring.rule_in_words(tender.rule),
            "weights": scoring.weights(scoring.read_rule(tender.rule)).facts,
        },
        "criteria": list(tender.criteria.all()),
        "bonuses": list(tender.bonuses.all()),
        **progress_context(
            tender, is_published=True, is_contracted=award is None or hasattr(tender.procurement, "contract")
        ),
    }
    return render(request, "procurement/tender/tender_detail_vendor.html", context)


def own_results(tender, bids) -> dict[int, dict]:
    """What the decided evaluation says of each of ``bids`` (of one company), by bid pk, with the number of bids."""
    evaluation = tender.award.evaluation
    names = scoring.names_in(evaluation, scoring.evaluated_bids(tender))
    rows = {row["id"]: row for row in evaluation.result["bids"]}
    return {
        bid.pk: rows[names[bid.pk]] | {"is_winner": tender.award.bid_id == bid.pk, "of": len(rows)}
        for bid in bids
        if names.get(bid.pk) in rows
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bid_create(request, reference):
    """Type the bid, confirm it, hand it in. Whatever is refused, what was typed stays on the page.

    ``step``: "" checks and asks for confirmation, "edit" goes back, "submit" hands in.
    """
    tender = tender_or_404(tenders_of_vendor(request.user), reference)
    invitation = _invitation(request, tender)
    permissions.check_can_bid(request.user, invitation)
    standing = Bid.objects.filter(invitation=invitation).standing().prefetch_related("claims__bonus").first()
    if request.method != "POST":
        staged = _staged_from(standing)
        form = BidForm(initial=_initial(standing), tender=tender, attached=bool(staged))
        return _bid_page(request, tender, invitation, standing, form, staged)
    staged = _staged(request.POST.get("staged", ""), invitation)
    form = BidForm(request.POST, request.FILES, tender=tender, attached=bool(staged))
    is_valid = form.is_valid()
    if upload := form.cleaned_data.get("attachment"):
        staged = proposal_files.stage(upload)
    elif form.cleaned_data.get("drop_attachment"):
        staged = None
    if not is_valid:
        return _bid_page(request, tender, invitation, standing, form, staged, status=422)
    step = request.POST.get("step", "")
    if step == "edit":
        return _bid_page(request, tender, invitation, standing, form, staged)
    if step != "submit":
        return _confirm_page(request, tender, invitation, standing, form, staged)
    try:
        bid, salt = actions.submit_bid(
            invitation,
            prices=form.prices,
            proposal=form.cleaned_data["proposal"],
            lot_number=form.cleaned_data["lot_number"],
            claims={bonus.pk: statement for bonus, statement in form.claims.items()},
            attachment=staged and {key: staged[key] for key in ("file", "name", "content_type", "size", "sha256")},
            seen=request.POST.get("seen", ""),
            by=request.user,
        )
    except RuleViolation as error:
        messages.error(request, str(error))
        return _bid_page(request, tender, invitation, standing, form, staged, status=409)
    # Shown here and never again, without a redirect: kept anywhere on the server until a next page, the salt would
    # let whoever reads that place try prices against the public digest before the opening.
    values = {component: str(price) for component, price in form.prices.items()}
    context = {"bid": bid, "tender": tender, "procurement": tender.procurement, "salt": salt, "values": values}
    context["hashed_text"] = sealing.committed_text(values, salt=salt)
    return render(request, "procurement/tender/bid_submitted.html", context)


def _bid_page(request, tender, invitation, standing, form, staged, *, status=200):
    context = _bid_context(tender, invitation, standing, form, staged)
    context["form"] = form
    context["is_accepting"] = tender.status == TenderStatus.OPEN and clock.now() < tender.bids_due_at
    context["verdict"] = _startup_preview(tender, invitation.company)
    return render(request, "procurement/tender/bid_form.html", context, status=status)


def _confirm_page(request, tender, invitation, standing, form, staged):
    claims = [
        {
            "bonus": bonus,
            "statement": statement,
            "derivation": scoring.startup_derivation(tender, invitation.company, statement=statement)
            if bonus.kind == BonusKind.STARTUP
            else None,
        }
        for bonus, statement in form.claims.items()
    ]
    context = _bid_context(tender, invitation, standing, form, staged) | {
        "prices": form.prices,
        "total": sum(form.prices.values()),
        "given": form.cleaned_data,
        "claims": claims,
        # Again as typed: the confirmed page sends the same form once more.
        "hidden": [
            (name, value)
            for name in form.fields
            if name not in ("attachment", "drop_attachment") and (value := request.POST.get(name, ""))
        ],
    }
    return render(request, "procurement/tender/bid_confirm.html", context)


def _bid_context(tender, invitation, standing, form, staged):
    return {
        "tender": tender,
        "procurement": tender.procurement,
        "invitation": invitation,
        "standing": standing,
        "staged": staged,
        "staged_token": staged and signing.dumps({"invitation": invitation.pk, **staged}, salt=STAGED_SALT),
        "bid_url": f"{reverse('procurement:bid_create', args=[tender.reference])}?{_query(invitation)}",
        "bid_form": form,
    }


def _query(invitation) -> str:
    """Which of a company's candidates is bid for: one company may sell two of them."""
    return f"for={invitation.candidate.offer.reference}" if invitation.candidate else ""


def _invitation(request, tender) -> Invitation:
    rows = Invitation.objects.filter(tender=tender, company__in=vendor_companies(request.user)).select_related(
        "company", "tender", "candidate__offer", "candidate__software"
    )
    if offer := request.GET.get("for"):
        rows = rows.filter(candidate__offer__reference=offer)
    invitation = rows.order_by("pk").first()
    if invitation is None:
        raise Http404
    return invitation


def _initial(standing) -> dict:
    """Everything of the bid that will be replaced but its prices: those are sealed, for us too."""
    if standing is None:
        return {}
    initial = {"proposal": standing.proposal, "lot_number": standing.lot_number}
    for claim in standing.claims.all():
        initial |= {f"claim_{claim.bonus.key}": True, f"statement_{claim.bonus.key}": claim.statement}
    return initial


def _startup_preview(tender, company):
    """What the company's facts say today about the startup bonus, before a statement is written."""
    if not any(bonus.kind == BonusKind.STARTUP for bonus in tender.bonuses.all()):
        return None
    return explain(Verdict.from_dict(scoring.startup_derivation(tender, company, statement="―")))


def _staged(token, invitation) -> dict | None:
    """What ``_bid_context`` signed for this invitation, or None. Signed, so that nobody names another's file."""
    try:
        staged = signing.loads(token, salt=STAGED_SALT, max_age=proposal_files.TOKEN_SECONDS)
    except signing.BadSignature:
        return None
    return staged if staged.pop("invitation") == invitation.pk else None


def _staged_from(standing) -> dict | None:
    """The file of the bid that will be replaced, kept unless the bidder takes it off."""
    attachment = standing and standing.attachments.first()
    if not attachment:
        return None
    return {
        "file": attachment.file.name,
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
    }


@never_cache
@require_POST
def bid_receipt_file(request, reference):
    """The receipt as JSON, from what the page after handing in holds; nothing of it is stored here."""
    bid = _own_bid(request, reference)
    salt = request.POST.get("salt", "")
    values = {name.removeprefix("value:"): text for name, text in request.POST.items() if name.startswith("value:")}
    if sealing.commitment(values, salt=salt) != bid.price_digest:
        return HttpResponseBadRequest(_("受付の要約値と合いません。"))
    receipt = {
        "format": "bid-receipt/1",
        "reference": bid.reference,
        "tender": bid.tender.reference,
        "bidder": bid.company.name,
        "submitted_at": bid.submitted_at.isoformat(),
        "prices": values,
        "salt": salt,
        "digest": bid.price_digest,
        "hashed_text": sealing.committed_text(values, salt=salt),
    }
    return json_download(receipt, f"receipt-{bid.reference}.json")


@require_safe
def bid_receipt(request, reference):
    """What was received, and when; after opening the price that came out of the envelope."""
    bid = _own_bid(request, reference)
    tender = bid.tender
    award = getattr(tender, "award", None)
    context = {
        "bid": bid,
        "tender": tender,
        "procurement": tender.procurement,
        "is_accepting": tender.status == TenderStatus.OPEN and clock.now() < tender.bids_due_at,
        "may_act": people.can_submit(request.user, bid.company),
        "claims": bid.claims.select_related("bonus"),
        "own": own_results(tender, [bid]).get(bid.pk) if award else None,
        "award": award,
        "bid_url": f"{reverse('procurement:bid_create', args=[tender.reference])}?{_query(bid.invitation)}",
        **progress_context(
            tender, is_published=True, is_contracted=award is None or hasattr(tender.procurement, "contract")
        ),
    }
    return render(request, "procurement/tender/bid_receipt.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def bid_withdraw(request, reference):
    bid = _own_bid(request, reference)
    people.check_can_submit(request.user, bid.company)
    form = WithdrawForm(posted(request))
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.withdraw_bid(bid, reason=form.cleaned_data["reason"], by=request.user),
            success=_("辞退しました。期限までは、もう一度入札書を提出できます。"),
            then=reverse("procurement:bid_receipt", args=[reference]),
        )
    context = {"bid": bid, "tender": bid.tender, "procurement": bid.tender.procurement, "form": form, "danger": True}
    return render(request, "procurement/tender/bid_withdraw.html", context)


def _own_bid(request, reference) -> Bid:
    rows = Bid.objects.filter(company__in=vendor_companies(request.user)).select_related(
        "company", "tender__procurement__agency", "tender__procurement__officer", "tender__award__evaluation",
        "invitation__candidate__software", "invitation__candidate__offer", "submitted_by",
    )  # fmt: skip
    return get_object_or_404(rows, reference=reference)


@require_safe
def bid_attachment(request, reference, sha256):
    """A proposal's file: to its bidder, after the deadline to the officers, to the evaluators under its letter."""
    attachment = get_object_or_404(
        BidAttachment.objects.filter(_readable_by(request.user)).select_related("bid"),
        bid__reference=reference,
        sha256=sha256,
    )
    if not attachment.is_clean:
        raise Http404(_("このファイルは、まだウイルス検査が済んでいません。"))
    is_own = attachment.bid.company_id in {company.pk for company in vendor_companies(request.user)}
    name = attachment.name if is_own else f"proposal-{attachment.bid.label}{PurePosixPath(attachment.name).suffix}"
    return FileResponse(
        attachment.file.open("rb"), as_attachment=True, filename=name, content_type=attachment.content_type
    )


def _readable_by(user) -> Q:
    marking = Assignment.objects.filter(
        tender=OuterRef("bid__tender"),
        tender__procurement__agency__in=people.agencies_of(user),
        evaluator=user,
        has_conflict=False,
    )
    after_closing = tenders_of_agency(user, Role.OFFICER).exclude(closed_at=None)
    return (
        Q(bid__company__in=vendor_companies(user))
        | Q(bid__tender__in=after_closing)
        | (Q(Exists(marking)) & ~Q(bid__label="") & Q(bid__status=BidStatus.SUBMITTED))
    )
