"""The operator's queue and the page of one review, which the submitting vendor reads and answers too."""

from collections import defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, F, OuterRef, Q
from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.workflow import RuleViolation

from .. import actions, permissions
from .. import content as fields
from ..differences import Difference, difference
from ..draft_forms import CommentForm, NoteForm, SuspensionForm
from ..enums import ReviewStatus, Severity, SoftwareStatus
from ..models import Review, Revision, Software
from ..wording import category_names

PER_PAGE = 20

# The queue's tabs: name in the URL, label, which reviews.
TABS = {
    "waiting": (gettext_lazy("審査待ち"), Q(status=ReviewStatus.IN_REVIEW)),
    "checking": (gettext_lazy("自動点検中"), Q(status__in=[ReviewStatus.SUBMITTED, ReviewStatus.CHECKING])),
    "post_check": (
        gettext_lazy("事後確認待ち"),
        Q(status=ReviewStatus.APPROVED, post_check=True, post_checked_at=None),
    ),
    "returned": (gettext_lazy("差し戻し"), Q(status=ReviewStatus.RETURNED)),
    "closed": (
        gettext_lazy("終わったもの"),
        Q(status__in=[ReviewStatus.APPROVED, ReviewStatus.REJECTED, ReviewStatus.WITHDRAWN]),
    ),
}
# These are worked off, oldest first; the others are looked up, newest first.
WORKED_OFF = {"waiting", "checking", "post_check"}


@require_safe
def review_list(request):
    """The operator's queue."""
    people.check_can_review(request.user)
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    reviews = Review.objects.filter(TABS[tab][1])
    if request.GET.get("mine"):
        reviews = reviews.filter(reviewer=request.user)
    earlier = Review.objects.filter(
        software=OuterRef("software"), company=OuterRef("company"), pk__lt=OuterRef("pk"), status=ReviewStatus.APPROVED
    )
    reviews = (
        reviews.select_related("software", "company", "reviewer")
        .annotate(
            errors=Count("findings", filter=Q(findings__severity=Severity.ERROR)),
            warnings=Count("findings", filter=Q(findings__severity=Severity.WARNING)),
            is_change=Exists(earlier),
        )
        .order_by(*(("submitted_at", "pk") if tab in WORKED_OFF else ("-submitted_at", "-pk")))
    )
    page = Paginator(reviews, PER_PAGE).get_page(request.GET.get("page"))
    now = clock.now()
    for review in page.object_list:
        review.age_days = (now - review.submitted_at).days
    counts = Review.objects.aggregate(
        **{name: Count("pk", filter=condition) for name, (_label, condition) in TABS.items()}
    )
    mine = "&mine=1" if request.GET.get("mine") else ""
    context = {
        "page": page,
        "tab": tab,
        "mine": bool(mine),
        "tabs": [
            {
                "label": label,
                "url": f"?tab={name}{mine}",
                "current": name == tab,
                "count": counts[name] if name in WORKED_OFF else None,
            }
            for name, (label, _condition) in TABS.items()
        ],
    }
    return render(request, "catalog/review/review_list.html", context)


@dataclass
class FieldView:
    """One field of a submitted revision, with all that was found and said about it."""

    part: "PartView"
    difference: Difference
    findings: list = field(default_factory=list)
    comments: list = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.difference.field.name

    @property
    def anchor(self) -> str:
        return f"{self.part.key}-{self.name.replace('.', '-')}"


@dataclass
class PartView:
    """One revision of a review. ``before``: the revision approved before it, if any."""

    revision: Revision
    before: Revision | None
    groups: list = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.revision.subject.reference

    @property
    def rows(self) -> list[FieldView]:
        return [row for _label, rows in self.groups for row in rows]

    @property
    def changed(self) -> list[FieldView]:
        return [row for row in self.rows if row.difference.op != "same"]


@require_safe
def review_detail(request, reference):
    """What was submitted, what changed, what was found and said; with what this person may do about it."""
    review = _review(request, reference)
    is_operator = people.can_review(request.user)
    parts = _parts(review)
    findings = [(row, finding) for part in parts for row in part.rows for finding in row.findings]
    order = [Severity.ERROR, Severity.WARNING, Severity.INFO]
    context = {
        "review": review,
        "parts": parts,
        "findings": sorted(findings, key=lambda pair: order.index(pair[1].severity)),
        "is_operator": is_operator,
        "base": "layout/base.html",
        "may_comment": _may_comment(request.user, review),
        "comment_form": CommentForm(auto_id=False),
        "acts": _acts(request.user, review),
        "own_company": is_operator and not permissions.can_decide(request.user, review),
        "age_days": (clock.now() - review.submitted_at).days,
        "steps": _steps(review),
        "attachments": {row.sha256: row for row in review.software.attachments.all()},
    }
    return render(request, "catalog/review/review_detail.html", context)


def _parts(review: Review) -> list[PartView]:
    names = category_names()
    findings, comments = defaultdict(list), defaultdict(list)
    for finding in review.findings.all():
        findings[finding.revision_id, _top(finding.field)].append(finding)
    for comment in review.comments.select_related("written_by"):
        comments[comment.revision_id, _top(comment.field)].append(comment)
    parts = []
    for revision in _revisions(review):
        approved = Revision.objects.approved().filter(software=revision.software, offer=revision.offer)
        before = approved.filter(number__lt=revision.number).order_by("-number").first()
        part = PartView(revision, before)
        groups: dict[str, list[FieldView]] = {}
        for each in fields.fields_of(bool(revision.offer_id)):
            old = fields.get(before.content, each.name) if before else None
            new = fields.get(revision.content, each.name)
            # With nothing to compare to, everything would be "added": then it is simply shown.
            found = difference(each, old if before else new, new, names)
            here = revision.pk, each.name
            groups.setdefault(each.group, []).append(FieldView(part, found, findings[here], comments[here]))
        part.groups = [(fields.GROUPS[group], rows) for group, rows in groups.items()]
        parts.append(part)
    return parts


def _acts(user, review) -> list[dict[str, Any]]:
    """The buttons of the page, from the same checks the acts themselves make. ``post``: done at once, without a page."""

    def act(name, label, *, post=False, style="", **data):
        return {
            "url": reverse(f"catalog:{name}", args=[review.reference]),
            "label": label,
            "post": post,
            "style": style,
            "data": data,
        }

    acts = []
    if permissions.can_decide(user, review):
        if review.status == ReviewStatus.IN_REVIEW:
            if review.reviewer_id is None:
                acts.append(act("review_assign", _("担当する"), post=True, style="button--outline"))
            elif review.reviewer_id != user.pk:
                label = _("担当を引き継ぐ")
                acts.append(act("review_assign", label, post=True, style="button--outline", take_over="1"))
            if review.reviewer_id in (None, user.pk):
                acts += [
                    act("review_approve", _("承認する")),
                    act("review_return", _("差し戻す"), style="button--outline"),
                    act("review_reject", _("不承認にする"), style="button--outline button--danger"),
                ]
        elif review.post_check and review.post_checked_at is None and review.status == ReviewStatus.APPROVED:
            acts.append(act("review_post_check", _("事後確認を済ませる"), post=True))
    is_open = review.status in (ReviewStatus.SUBMITTED, ReviewStatus.CHECKING, ReviewStatus.IN_REVIEW)
    if is_open and people.can_submit(user, review.company):
        acts.append(act("review_withdraw", _("取り下げる"), style="button--outline button--danger"))
    if review.status in (ReviewStatus.RETURNED, ReviewStatus.WITHDRAWN) and people.can_draft(user, review.company):
        url = reverse("catalog:vendor_software", args=[review.software.reference])
        acts.append({"url": url, "label": _("下書きを直す"), "post": False, "style": "", "data": {}})
    return acts


def _steps(review) -> list[dict]:
    """Where the review stands, for components/steps.html."""
    status = review.status
    checked = bool(review.checked_at)
    decided = review.decided_at is not None
    outcome = review.get_status_display() if decided else _("結果")
    states = [
        (_("提出"), "done", review.submitted_at),
        (_("自動点検"), "done" if checked or decided else "current", review.checked_at),
        (_("審査"), "done" if decided else "current" if status == ReviewStatus.IN_REVIEW else "todo", None),
        (outcome, "current" if decided else "todo", review.decided_at),
    ]
    return [{"label": label, "state": state, "at": at} for label, state, at in states]


@require_POST
def review_comment(request, reference):
    """Say something on one field. With htmx the answer is that field's thread, without it the page at the field."""
    review = _review(request, reference)
    subject = request.POST.get("subject", "")
    revision = next((each for each in _revisions(review) if each.subject.reference == subject), None)
    name = request.POST.get("field", "")
    if revision is None or not fields.is_known(name, fields.fields_of(bool(revision.offer_id))):
        return HttpResponseBadRequest(_("この審査にない項目です。"))
    form = CommentForm(request.POST, auto_id=False)
    status = HTTPStatus.OK
    if form.is_valid():
        try:
            actions.write_comment(
                review, revision=revision, field=name, body=form.cleaned_data["body"], by=request.user
            )
        except RuleViolation as error:
            form.add_error("body", str(error))
        else:
            form = CommentForm(auto_id=False)
    if form.errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    part = next(part for part in _parts(review) if part.revision.pk == revision.pk)
    row = next(row for row in part.rows if row.name == _top(name))
    if not request.htmx and not form.errors:
        return redirect(f"{review.get_absolute_url()}#{row.anchor}")
    template = "includes/thread.html" if request.htmx else "comment_again.html"
    context = {"review": review, "row": row, "comment_form": form, "may_comment": True, "form": form}
    return render(request, f"catalog/review/{template}", context, status=status)


@require_POST
def review_assign(request, reference):
    review = _review(request, reference)
    return _acted(
        request,
        review,
        lambda: actions.assign_reviewer(review, by=request.user, take_over=bool(request.POST.get("take_over"))),
        _("この審査を担当します。"),
    )


@require_POST
def review_post_check(request, reference):
    review = _review(request, reference)
    return _acted(
        request, review, lambda: actions.confirm_post_check(review, by=request.user), _("事後確認を記録しました。")
    )


def review_approve(request, reference):
    review = _deciding(request, reference)
    if request.method == "POST":
        return _acted(
            request,
            review,
            lambda: actions.approve_review(review, by=request.user),
            _("承認し、カタログに掲載しました。"),
        )
    errors = review.findings.filter(severity=Severity.ERROR).count()
    return _confirm(request, review, "approve", {"errors": errors, "revisions": _revisions(review)})


def review_return(request, reference):
    review = _deciding(request, reference)
    return _decide_with_note(
        request, review, "return", actions.return_review, _("事業者に差し戻しました。"), ReviewStatus.RETURNED
    )


def review_reject(request, reference):
    review = _deciding(request, reference)
    return _decide_with_note(
        request, review, "reject", actions.reject_review, _("不承認にしました。"), ReviewStatus.REJECTED
    )


def review_withdraw(request, reference):
    review = _review(request, reference)
    permissions.check_can_submit(request.user, review.company)
    if request.method == "POST":
        return _acted(
            request,
            review,
            lambda: actions.withdraw_review(review, by=request.user),
            _("取り下げました。内容は下書きとして残っています。"),
        )
    return _confirm(request, review, "withdraw", {"danger": True})


def software_suspend(request, reference):
    people.check_can_operate(request.user)
    software = get_object_or_404(Software.objects.select_related("maker"), reference=reference)
    form = SuspensionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.suspend_software(software, reason=form.cleaned_data["reason"], by=request.user)
        except RuleViolation as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("掲載を停止しました。"))
        return redirect("catalog:listing_control", reference=software.reference)
    context = {"software": software, "form": form, "danger": True}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "catalog/review/software_suspend.html", context, status=status)


def software_resume(request, reference):
    people.check_can_operate(request.user)
    software = get_object_or_404(Software.objects.select_related("maker"), reference=reference)
    if request.method == "POST":
        try:
            actions.resume_software(software, by=request.user)
        except RuleViolation as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("掲載を再開しました。"))
        return redirect("catalog:listing_control", reference=software.reference)
    return render(request, "catalog/review/software_resume.html", {"software": software})


@require_safe
def listing_control(request, reference):
    """The operator's view of one listing: its state, its reviews, suspension. Also where its own page says "gone"."""
    people.check_can_review(request.user)
    software = get_object_or_404(Software.objects.select_related("maker", "suspended_by"), reference=reference)
    context = {
        "software": software,
        "reviews": software.reviews.select_related("company", "reviewer").order_by("-pk")[:50],
        "can_suspend": people.can_operate(request.user) and software.status == SoftwareStatus.LISTED,
        "can_resume": people.can_operate(request.user) and software.status == SoftwareStatus.SUSPENDED,
    }
    return render(request, "catalog/review/listing_control.html", context)


# Inside


def _review(request, reference):
    reviews = Review.objects.visible_to(request.user).select_related(
        "software", "company", "reviewer", "submitted_by", "decided_by", "post_checked_by"
    )
    return get_object_or_404(reviews, reference=reference)


def _deciding(request, reference):
    review = _review(request, reference)
    permissions.check_can_decide(request.user, review)
    return review


def _revisions(review):
    """The review's revisions: the software itself, then the offer."""
    return list(review.revisions.select_related("software", "offer__seller").order_by(F("offer").asc(nulls_first=True)))


def _may_comment(user, review) -> bool:
    if review.status not in (ReviewStatus.IN_REVIEW, ReviewStatus.RETURNED):
        return False
    try:
        permissions.check_can_comment(user, review)
    except PermissionDenied:
        return False
    return True


def _acted(request, review, act, done):
    """Do ``act`` and go back to the review; who came too late reads why."""
    try:
        act()
    except RuleViolation as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect(review)


def _decide_with_note(request, review, verb, decide, done, target):
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _acted(request, review, lambda: decide(review, note=form.cleaned_data["note"], by=request.user), done)
    context = {"form": form, "danger": target == ReviewStatus.REJECTED}
    return _confirm(request, review, verb, context)


def _confirm(request, review, verb, context):
    """The page that asks before an act that cannot be undone."""
    status = HTTPStatus.OK
    if request.method == "POST" and context.get("form") and context["form"].errors:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context |= {"review": review}
    return render(request, f"catalog/review/review_{verb}.html", context, status=status)


def _top(path: str) -> str:
    return path.partition("[")[0]
