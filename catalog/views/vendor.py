"""A vendor's own pages: what they list, what is drafted, what is missing, and the way to the operator."""

import datetime as dt
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.workflow import RuleViolation

from .. import actions, desk, pricing
from .. import content as fields
from ..draft_forms import ROW_FORMSETS, AttachmentForm, NameForm, offer_draft, software_draft, with_added_row
from ..enums import ReviewStatus, SoftwareStatus
from ..forms import SizeForm
from ..models import Attachment, Revision, Software
from ..search.source import REFERENCE_SIZE
from .public import grouped

PER_PAGE = 20
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@require_safe
def vendor_home(request):
    """All software of the person's companies: its state, its review, what to do next."""
    companies = _companies(request.user)
    page = Paginator(desk.on_desks(companies).order_by("-pk"), PER_PAGE).get_page(request.GET.get("page"))
    today = clock.today()
    desks = [desk.Desk(software, _company_for(software, companies), today) for software in page.object_list]
    return render(request, "catalog/vendor/vendor_home.html", {"page": page, "desks": desks, "companies": companies})


def software_create(request):
    """Begin a new software with its name; everything else is asked on the next page."""
    companies = _companies(request.user)
    form = NameForm(request.POST or None, companies=companies)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data.get("company", companies[0].corporate_number)
        company = next(each for each in companies if each.corporate_number == chosen)
        try:
            revision = actions.create_software(
                company=company, content={"name": form.cleaned_data["name"]}, by=request.user
            )
        except RuleViolation as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("下書きを作りました。続けて内容を入力してください。"))
            return redirect("catalog:software_edit", reference=revision.software.reference)
    return render(
        request,
        "catalog/vendor/software_create.html",
        {"form": form},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
    )


@require_safe
def vendor_software(request, reference):
    """One software: how far its drafts are, the documents, the reviews so far, and the submission."""
    return _software_page(request, _desk(request, reference), AttachmentForm(auto_id="id_attachment_%s"))


def _software_page(request, own, attachment_form, status=HTTPStatus.OK):
    reviews = own.software.reviews.filter(company=own.company).order_by("-pk")
    kept = {row.sha256: row for row in own.software.attachments.all()} if own.is_maker else {}
    draft = own.software_part.draft if own.is_maker else None
    shown = draft or own.software.listed_revision
    named = (shown.content.get("attachments") or []) if shown else []
    context = {
        "desk": own,
        "software": own.software,
        "reviews": reviews[:20],
        "attachments": [(entry, kept.get(entry["sha256"])) for entry in named],
        "attachment_form": attachment_form if own.is_maker and not own.is_under_review else None,
        "refusal": _refusal(request.user, own.company),
    }
    return render(request, "catalog/vendor/vendor_software.html", context, status=status)


def software_edit(request, reference):
    """The draft of a software, one form for all its fields."""
    own = _desk(request, reference)
    if not own.is_maker:
        raise Http404
    return _edit(request, own, own.software_part)


def offer_edit(request, reference):
    """The draft of the company's offer. For the software of others: begin to sell it."""
    software = get_object_or_404(Software.objects.visible_to(request.user), reference=reference)
    companies = _companies(request.user)
    own = _find_desk(software, companies)
    if own is None:
        if software.status != SoftwareStatus.LISTED:
            raise Http404
        own = desk.Desk(_on_desk(software, companies), companies[0], clock.today())
    part = own.offer_part or desk.Part("offer", _NoOfferYet(), None, request.path)
    return _edit(request, own, part)


class _NoOfferYet:
    """Stands for the offer that the first saving creates."""

    listed_revision = None
    listed_revision_id = None
    pk = None


BUILDERS = {"software": software_draft, "offer": offer_draft}


def _edit(request, own, part):
    build = BUILDERS[part.name]
    if own.is_under_review and part.draft is None:
        messages.info(request, _("審査中は編集できません。結果が出てから、または取り下げてから編集してください。"))
        return redirect(own.url)
    content = _shown_content(part)
    seen = part.draft.edited_at if part.draft else None
    if request.method != "POST":
        return _edit_page(request, own, part, build(content), seen)

    if (name := request.POST.get("add")) in ROW_FORMSETS:
        draft = build(content, with_added_row(request.POST, name))
        if request.htmx:
            context = {"name": name, "rows": draft.lists[name], "path": request.path, "added": True}
            return render(request, "catalog/vendor/includes/rows.html", context)
        return _edit_page(request, own, part, draft, _seen(request), added=name)

    draft = build(content, request.POST)
    if not draft.is_valid():
        return _edit_page(request, own, part, draft, _seen(request), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        _save(request, own, part, draft.content())
    except RuleViolation as error:
        # What was typed stays on the page; saving again is then a decision, not an accident.
        messages.error(request, str(error))
        return _edit_page(request, own, part, draft, seen, status=HTTPStatus.CONFLICT)
    messages.success(request, _("下書きを保存しました。"))
    return redirect(request.path if "stay" in request.POST else own.url)


def _save(request, own, part, content):
    if part.subject.pk is None:
        actions.create_offer(software=own.software, company=own.company, content=content, by=request.user)
        return
    draft = part.draft or actions.start_draft(part.subject, by=request.user)
    # A draft that began after this page was opened was never seen on it.
    seen = (_seen(request) or NEVER) if part.draft else draft.edited_at
    actions.save_draft(draft, content=content, by=request.user, seen=seen)


def _edit_page(request, own, part, draft, seen, *, added="", status=HTTPStatus.OK):
    context = {
        "desk": own,
        "software": own.software,
        "part": part,
        "draft": draft,
        "form": draft.form,  # the title says when it has errors
        "seen": seen.isoformat() if seen else "",
        **{f"added_{name}": added == name for name in draft.lists},
        "completeness": desk.completeness(draft.content(), part.table) if draft.form.is_bound else _told(part),
        "notes": _notes(own, part),
        "show_errors": status == HTTPStatus.UNPROCESSABLE_ENTITY,
    }
    return render(request, f"catalog/vendor/{part.name}_edit.html", context, status=status)


def _told(part):
    return desk.completeness(_shown_content(part), part.table)


@require_POST
def draft_completeness(request, reference, part):
    """What the form, as it stands on somebody's screen, still lacks. Saves nothing."""
    table = fields.fields_of(part == "offer")
    own = _find_desk(
        get_object_or_404(Software.objects.visible_to(request.user), reference=reference), _companies(request.user)
    )
    kept = _shown_content(getattr(own, f"{part}_part")) if own and getattr(own, f"{part}_part") else {}
    draft = BUILDERS[part](kept, request.POST)
    draft.is_valid()
    context = {"completeness": desk.completeness(draft.content(), table), "invalid": draft.errors}
    return render(request, "catalog/vendor/includes/completeness.html", context)


@require_safe
def software_preview(request, reference):
    """The drafts as a buyer would read them, priced at the reader's size."""
    own = _desk(request, reference)
    form = SizeForm(request.GET or None)
    size, years = form.size_or(REFERENCE_SIZE)
    content = _shown_content(own.software_part) if own.is_maker else own.software.listed_revision.content
    lines = desk.price_lines(_shown_content(own.offer_part)) if own.offer_part else []
    context = {
        "desk": own,
        "software": own.software,
        "content": content,
        "groups": grouped(content),
        "form": form,
        "years": years,
        "estimate": pricing.total(lines, size, years, pricing.tax_rate(clock.today())) if lines else None,
    }
    template = "includes/estimate.html" if request.htmx else "software_preview.html"
    return render(request, f"catalog/vendor/{template}", context)


@require_POST
def drafts_submit(request, reference):
    own = _desk(request, reference)
    try:
        review = actions.submit_drafts(own.software, company=own.company, by=request.user)
    except RuleViolation as error:
        messages.error(request, str(error))
        return redirect(own.url)
    messages.success(
        request,
        _("審査番号 %(reference)s で提出しました。結果はお知らせとメールで届きます。")
        % {"reference": review.reference},
    )
    return redirect(review)


@require_POST
def draft_discard(request, reference, part):
    own = _desk(request, reference)
    chosen = getattr(own, f"{part}_part")
    if chosen is None or chosen.draft is None:
        raise Http404
    try:
        actions.discard_draft(chosen.draft, by=request.user)
    except RuleViolation as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("下書きを破棄しました。掲載中の内容はそのままです。"))
    return redirect(own.url)


@require_POST
def attachment_add(request, reference):
    own = _desk(request, reference)
    if not own.is_maker:
        raise Http404
    form = AttachmentForm(request.POST, request.FILES, auto_id="id_attachment_%s")
    if form.is_valid():
        try:
            actions.add_attachment(
                own.software,
                kind=form.cleaned_data["kind"],
                upload=form.cleaned_data["file"],
                inspection=form.inspection,
                by=request.user,
            )
        except RuleViolation as error:
            form.add_error("file", str(error))
        else:
            messages.success(request, _("ファイルを添付しました。ウイルス検査が済むまで、ほかの人には表示されません。"))
            return redirect(f"{own.url}#attachments")
    return _software_page(request, own, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
def attachment_remove(request, reference, attachment):
    own = _desk(request, reference)
    row = get_object_or_404(Attachment.objects.select_related("software"), software=own.software, reference=attachment)
    try:
        actions.remove_attachment(row, by=request.user)
    except RuleViolation as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("下書きから添付書類を外しました。"))
    return redirect(f"{own.url}#attachments")


@login_not_required
@require_safe
def attachment_file(request, reference):
    """Hand out a document that a scan found clean, to those who may see a revision that names it."""
    attachment = get_object_or_404(
        Attachment.objects.select_related("software__maker", "software__listed_revision"), reference=reference
    )
    software = attachment.software
    listed = software.listed_revision.content.get("attachments") or [] if software.listed_revision else []
    is_public = software.status == SoftwareStatus.LISTED and any(
        entry["sha256"] == attachment.sha256 for entry in listed
    )
    is_insider = people.is_vendor_of(request.user, software.maker) or people.can_review(request.user)
    if not (attachment.is_clean and (is_public or is_insider)):
        raise Http404
    return FileResponse(
        attachment.file.open("rb"),
        as_attachment=True,
        filename=attachment.name,
        content_type=attachment.content_type,
    )


# Inside


def _companies(user) -> list:
    companies = people.companies_of(user)
    if not companies:
        raise PermissionDenied(_("事業者のメンバーだけが利用できるページです。"))
    return companies


def _company_for(software, companies):
    """For which of the person's companies a page about ``software`` is shown: its maker before a seller."""
    sellers = {offer.seller_id for offer in software.own_offers}
    return next(
        (each for each in companies if each.pk == software.maker_id),
        next((each for each in companies if each.pk in sellers), None),
    )


def _on_desk(software, companies):
    """``software`` with what a Desk asks for, also where the companies have nothing to do with it yet."""
    found = desk.on_desks(companies).filter(pk=software.pk).first()
    if found is None:
        found = software
        found.own_offers, found.newest_reviews, found.draft_revisions = [], [], []
    return found


def _find_desk(software, companies):
    found = _on_desk(software, companies)
    company = _company_for(found, companies)
    return desk.Desk(found, company, clock.today()) if company else None


def _desk(request, reference):
    companies = _companies(request.user)
    software = get_object_or_404(desk.on_desks(companies), reference=reference)
    return desk.Desk(software, _company_for(software, companies), clock.today())


def _shown_content(part) -> dict:
    """The draft's content, or what a new draft would begin from."""
    if part.draft is not None:
        return part.draft.content
    if part.subject.pk is None:
        return {}
    newest = Revision.objects.filter(
        software=part.subject.software_id if part.name == "offer" else part.subject.pk,
        offer=part.subject.pk if part.name == "offer" else None,
    )
    newest = newest.order_by("-number").first()
    return newest.content if newest else {}


def _seen(request):
    """The moment of the draft the page was opened with, or None."""
    try:
        return parse_datetime(request.POST.get("seen", ""))
    except ValueError:
        return None


def _refusal(user, company) -> str:
    """Why this person may not submit for ``company``; "" if they may."""
    try:
        people.check_can_submit(user, company)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""


def _notes(own, part) -> list[dict]:
    """What was said on this part in the newest review, each leading to its field."""
    if own.review is None or own.review.status == ReviewStatus.APPROVED:
        return []
    on_part = {"revision__offer": part.subject if part.name == "offer" else None}
    if part.subject.pk is None:
        return []
    labels = {field.name: field.label for field in part.table}
    comments = own.review.comments.filter(**on_part).select_related("written_by")
    findings = own.review.findings.filter(**on_part)
    return [
        {"field": name, "label": labels[name], "text": text, "severity": severity, "by_operator": by_operator}
        for name, text, severity, by_operator in (
            *((_top(each.field), each.message, each.severity, True) for each in findings),
            *((_top(each.field), each.body, "", each.by_operator) for each in comments),
        )
        if name in labels
    ]


def _top(path: str) -> str:
    return path.partition("[")[0]
