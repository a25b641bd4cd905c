"""What people do to listings. The only writers of status: lock → may they → is it time → write → audit → on commit."""

import datetime as dt
from hashlib import sha256
from json import dumps

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from marketplace import clock
from marketplace.accounts.enums import OPERATOR_ROLES
from marketplace.accounts.models import User
from marketplace.audit.trail import record
from marketplace.celery import enqueue_on_commit
from marketplace.companies.models import MasterAgreement
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, check_transition

from . import checks, permissions
from . import content as fields
from .enums import OfferKind, ReviewStatus, SoftwareStatus
from .models import Category, Certification, Comment, Finding, Offer, PriceLine, Review, Revision, Software
from .rules import REVIEW_TRANSITIONS, SOFTWARE_TRANSITIONS, lapse_date
from .search.index import index_listing, remove_listing

# A check that did not come back within this time is driven again by the sweep.
CHECK_RETRY = dt.timedelta(minutes=2)


def digest(content: dict) -> str:
    """sha256 (hex) of the canonical JSON: sorted keys, no white space, UTF-8."""
    return sha256(dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


# Drafts


@transaction.atomic
def create_software(*, company, content: dict, by) -> Revision:
    """Register a new software of ``company`` with its first draft. Raises RuleViolation on malformed content."""
    permissions.people.check_can_draft(by, company)
    _check_shape(content, fields.SOFTWARE)
    software = Software.objects.create(maker=company, name=content.get("name", "")[:100])
    revision = Revision.objects.create(software=software, number=1, content=content, edited_by=by)
    record("software:created", software, by=by)
    return revision


@transaction.atomic
def create_offer(*, software, company, content: dict, by) -> Revision:
    """Draft ``company``'s offer for ``software``: its maker sells directly, anybody else as a reseller."""
    permissions.people.check_can_draft(by, company)
    kind = OfferKind.DIRECT if software.maker_id == company.pk else OfferKind.RESELLER
    content = content | {"kind": kind.value}
    _check_shape(content, fields.OFFER)
    offer, created = Offer.objects.get_or_create(software=software, seller=company, defaults={"kind": kind})
    if not created:
        raise RuleViolation(_("この事業者の販売サービスはすでにあります。既存のものを編集してください。"))
    revision = Revision.objects.create(software=software, offer=offer, number=1, content=content, edited_by=by)
    record("offer:created", offer, by=by, software=software.reference)
    return revision


@transaction.atomic
def save_draft(revision, *, content: dict, by) -> Revision:
    """Replace a draft's content. Raises RuleViolation if it was submitted meanwhile or the content is malformed."""
    revision = _locked(Revision.objects.select_related("software__maker", "offer__seller"), revision)
    permissions.check_can_edit(by, revision)
    if revision.review_id:
        raise RuleViolation(_("この版はすでに提出されたため、変更できません。"))
    if revision.offer_id:
        content = content | {"kind": revision.offer.kind}
    _check_shape(content, fields.fields_of(bool(revision.offer_id)))
    revision.content, revision.edited_at, revision.edited_by = content, clock.now(), by
    revision.save(update_fields=["content", "edited_at", "edited_by"])
    if not revision.offer_id and revision.software.status == SoftwareStatus.UNLISTED and content.get("name"):
        # Until something is listed, the live row has no other name than the draft's.
        Software.objects.filter(pk=revision.software_id).update(name=content["name"])
    return revision


@transaction.atomic
def start_draft(subject, *, by) -> Revision:
    """Return the open draft of a software or offer, or begin one from its newest content."""
    software = subject.software if isinstance(subject, Offer) else subject
    offer = subject if isinstance(subject, Offer) else None
    _locked(Software.objects, software)
    permissions.people.check_can_draft(by, offer.seller if offer else software.maker)
    own = Revision.objects.filter(software=software, offer=offer)
    draft = own.drafts().first()
    if draft is None:
        if own.filter(review__in=Review.objects.open()).exists():
            raise RuleViolation(_("審査中です。結果が出てから、または取り下げてから編集してください。"))
        draft = _copy_as_draft(own.order_by("-number").first(), by=by)
    return draft


# Submission and review


@transaction.atomic
def submit_drafts(software, *, company, by) -> Review:
    """Submit all of ``company``'s drafts for ``software`` for review: from now on their content is fixed.

    Raises RuleViolation when something is missing, no basic agreement is in force, or a review is already open.
    """
    software = _locked(Software.objects, software)
    permissions.check_can_submit(by, company)
    now = clock.now()
    if not MasterAgreement.objects.in_force(now).filter(company=company).exists():
        raise RuleViolation(_("基本契約が有効ではないため、提出できません。運営にお問い合わせください。"))
    if Review.objects.open().filter(software=software, company=company).exists():
        raise RuleViolation(_("このソフトウェアは審査中です。結果が出てから提出してください。"))
    drafts = list(drafts_of(software, company).select_for_update(of=("self",), no_key=True))
    if not drafts:
        raise RuleViolation(_("提出する下書きがありません。すでに提出された可能性があります。"))
    for revision in drafts:
        if lacking := fields.missing(revision.content, fields.fields_of(bool(revision.offer_id))):
            raise RuleViolation(
                _("未入力の必須項目があります：%(fields)s")
                % {"fields": "、".join(str(field.label) for field in lacking)}
            )
    offers = Offer.objects.filter(software=software).filter(Q(listed_revision__isnull=False) | Q(revisions__in=drafts))
    if not offers.exists():
        raise RuleViolation(_("販売サービス（価格表）を1件以上登録してください。"))

    review = Review.objects.create(software=software, company=company, submitted_by=by, submitted_at=now, due_at=now)
    for revision in drafts:
        revision.review, revision.digest = review, digest(revision.content)
        revision.save(update_fields=["review", "digest"])
    record(
        "review:submitted",
        review,
        by=by,
        software=software.reference,
        revisions={str(revision.subject.reference): [revision.number, revision.digest] for revision in drafts},
    )
    from .tasks import check_review

    enqueue_on_commit(check_review, review.pk)
    return review


@transaction.atomic
def begin_check(review) -> Review:
    """Note that a check has begun, and when the sweep may begin it again should this one never come back."""
    review = _locked(Review.objects, review)
    if review.status == ReviewStatus.SUBMITTED:
        check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.CHECKING)
        review.status = ReviewStatus.CHECKING
    review.due_at = clock.now() + CHECK_RETRY
    review.save(update_fields=["status", "due_at"])
    return review


@transaction.atomic
def finish_check(review) -> Review:
    """Run the automated checks: store the findings and pass the review on to people, or approve what is low-risk.

    Run by a task, any number of times: a review past its checks is left alone.
    """
    review = _locked(Review.objects.select_related("software", "company"), review)
    if review.status != ReviewStatus.CHECKING:
        return review
    now = clock.now()
    found = checks.run(review, today=clock.today())
    Finding.objects.bulk_create(found, ignore_conflicts=True)
    review.checked_at = now
    review.save(update_fields=["checked_at"])
    record("review:checked", review, by=None, findings=len(found))
    if review.software.status == SoftwareStatus.LISTED and checks.passes_at_once(review, found):
        review.post_check = True
        _publish(review, now=now)
        _decide(review, ReviewStatus.APPROVED, by=None, now=now, note="")
    else:
        check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.IN_REVIEW)
        review.status = ReviewStatus.IN_REVIEW
        review.save(update_fields=["status"])
        notify(_reviewers(), "review_waiting", room="catalog", path=review.get_absolute_url(), review=review)
    return review


@transaction.atomic
def assign_reviewer(review, *, by) -> Review:
    """Take a review from the queue, so that two reviewers do not do the same work."""
    review = _locked(Review.objects.select_related("company"), review)
    permissions.check_can_decide(by, review)
    if review.status != ReviewStatus.IN_REVIEW:
        raise RuleViolation(_("この審査は「%(status)s」です。") % {"status": review.get_status_display()})
    if review.reviewer_id and review.reviewer_id != by.pk:
        raise RuleViolation(_("%(name)sさんがすでに審査を担当しています。") % {"name": review.reviewer.name})
    review.reviewer = by
    review.save(update_fields=["reviewer"])
    record("review:assigned", review, by=by)
    return review


@transaction.atomic
def write_comment(review, *, revision, field: str, body: str, by) -> Comment:
    """Say something on one field; the other side is told when the review is returned or, for answers, at once."""
    review = _locked(Review.objects.select_related("company", "reviewer"), review)
    permissions.check_can_comment(by, review)
    if review.status not in (ReviewStatus.IN_REVIEW, ReviewStatus.RETURNED):
        raise RuleViolation(_("審査中または差し戻し中のものにだけコメントできます。"))
    by_operator = permissions.people.can_review(by)
    comment = Comment.objects.create(
        review=review, revision=revision, field=field, body=body, written_by=by, by_operator=by_operator
    )
    record("review:commented", review, by=by, field=field)
    if not by_operator and review.reviewer:
        notify([review.reviewer], "review_answered", room="catalog", path=review.get_absolute_url(), review=review)
    return comment


@transaction.atomic
def approve_review(review, *, by) -> Review:
    """Approve exactly the submitted revisions and list them: live rows, search index and audit in this transaction."""
    review = _locked(Review.objects.select_related("software", "company"), review)
    permissions.check_can_decide(by, review)
    now = clock.now()
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.APPROVED)
    if not MasterAgreement.objects.in_force(now).filter(company=review.company).exists():
        raise RuleViolation(_("基本契約が有効ではないため、掲載できません。"))
    _publish(review, now=now)
    _decide(review, ReviewStatus.APPROVED, by=by, now=now, note="")
    return review


@transaction.atomic
def return_review(review, *, note: str, by) -> Review:
    """Send the submission back with what to mend; new drafts with the same content wait for the vendor."""
    review = _locked(Review.objects.select_related("software", "company"), review)
    permissions.check_can_decide(by, review)
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.RETURNED)
    if not note.strip():
        raise RuleViolation(_("事業者への連絡を入力してください。"))
    _decide(review, ReviewStatus.RETURNED, by=by, now=clock.now(), note=note)
    for revision in review.revisions.all():
        _copy_as_draft(revision, by=None)
    return review


@transaction.atomic
def reject_review(review, *, note: str, by) -> Review:
    """Refuse the submission for good, with the reason."""
    review = _locked(Review.objects.select_related("software", "company"), review)
    permissions.check_can_decide(by, review)
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.REJECTED)
    if not note.strip():
        raise RuleViolation(_("不承認の理由を入力してください。"))
    _decide(review, ReviewStatus.REJECTED, by=by, now=clock.now(), note=note)
    return review


@transaction.atomic
def withdraw_review(review, *, by) -> Review:
    """The vendor takes the submission back; drafts with the same content stay."""
    review = _locked(Review.objects.select_related("software", "company"), review)
    permissions.check_can_submit(by, review.company)
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.WITHDRAWN)
    _decide(review, ReviewStatus.WITHDRAWN, by=by, now=clock.now(), note="")
    for revision in review.revisions.all():
        _copy_as_draft(revision, by=by)
    return review


# Listings


@transaction.atomic
def suspend_software(software, *, reason: str, by) -> Software:
    """Take a listing out of search at once; its page says when and why."""
    software = _locked(Software.objects, software)
    permissions.check_can_suspend(by)
    check_transition(SOFTWARE_TRANSITIONS, software.status, SoftwareStatus.SUSPENDED)
    if not reason.strip():
        raise RuleViolation(_("掲載停止の理由を入力してください。"))
    software.status, software.suspended_at, software.suspended_by = SoftwareStatus.SUSPENDED, clock.now(), by
    software.suspension_reason = reason
    software.save(update_fields=["status", "suspended_at", "suspended_by", "suspension_reason"])
    remove_listing(software.pk)
    record("software:suspended", software, by=by)
    notify(
        _staff(software.maker),
        "software_suspended",
        room="catalog",
        path=software.get_absolute_url(),
        software=software,
    )
    return software


@transaction.atomic
def resume_software(software, *, by) -> Software:
    """End a suspension."""
    software = _locked(Software.objects, software)
    permissions.check_can_suspend(by)
    if software.status != SoftwareStatus.SUSPENDED:
        raise RuleViolation(_("掲載停止中ではありません。"))
    check_transition(SOFTWARE_TRANSITIONS, software.status, SoftwareStatus.LISTED)
    software.status, software.suspended_at, software.suspended_by = SoftwareStatus.LISTED, None, None
    software.suspension_reason = ""
    software.save(update_fields=["status", "suspended_at", "suspended_by", "suspension_reason"])
    index_listing(software.pk)
    record("software:resumed", software, by=by)
    return software


@transaction.atomic
def lapse_software(software) -> Software:
    """End a listing whose disclosure is two years old. Run by the sweep; a listing renewed meanwhile is left alone."""
    software = _locked(Software.objects, software)
    if software.status != SoftwareStatus.LISTED or software.lapses_on > clock.today():
        return software
    software.status = SoftwareStatus.LAPSED
    software.save(update_fields=["status"])
    remove_listing(software.pk)
    record("software:lapsed", software, by=None)
    notify(
        _staff(software.maker), "software_lapsed", room="catalog", path=software.get_absolute_url(), software=software
    )
    return software


# Inside


def drafts_of(software, company):
    """The drafts ``company`` may submit for ``software``: the software's own if it is the maker, and its offer's."""
    mine = Q(offer__seller=company)
    if software.maker_id == company.pk:
        mine |= Q(offer=None)
    return Revision.objects.drafts().filter(mine, software=software).order_by("pk")


def _locked(queryset, instance):
    # Lock first, then check: a second click waits here and fails the transition check.
    return queryset.select_for_update(of=("self",), no_key=True).get(pk=instance.pk)


def _check_shape(content, table):
    if faults := fields.faults(content, table, categories=category_slugs()):
        raise RuleViolation("\n".join(f"{fault.path}: {fault.message}" for fault in faults))


def category_slugs() -> frozenset[str]:
    return frozenset(Category.objects.exclude(parent=None).values_list("slug", flat=True))


def _copy_as_draft(revision, *, by):
    number = Revision.objects.filter(software=revision.software_id, offer=revision.offer_id).aggregate(m=Max("number"))[
        "m"
    ]
    return Revision.objects.create(
        software_id=revision.software_id,
        offer_id=revision.offer_id,
        number=number + 1,
        content=revision.content,
        edited_by=by,
    )


def _decide(review, target, *, by, now, note):
    old, review.status = review.status, target
    review.decided_at, review.decided_by, review.note = now, by, note
    review.save(update_fields=["status", "decided_at", "decided_by", "note", "post_check"])
    record(f"review:{target.value}", review, by=by, old=old, software=review.software.reference)
    if target != ReviewStatus.WITHDRAWN:
        notify(
            _staff(review.company),
            f"review_{target.value}",
            room="catalog",
            path=review.get_absolute_url(),
            review=review,
        )


def _staff(company):
    return User.objects.filter(memberships__company=company, memberships__ended_at=None, is_active=True).distinct()


def _reviewers():
    return User.objects.filter(
        memberships__role__in=OPERATOR_ROLES, memberships__ended_at=None, is_active=True
    ).distinct()


def _publish(review, *, now):
    """Write the live rows from exactly this review's revisions."""
    software = _locked(Software.objects, review.software)
    for revision in review.revisions.select_related("offer").order_by("pk"):
        if revision.offer_id:
            project_offer(revision.offer, revision)
        else:
            project_software(software, revision, now=now)
    if software.listed_revision_id is None:
        raise RuleViolation(_("ソフトウェア本体が承認されるまで、販売サービスは掲載できません。"))
    if software.status != SoftwareStatus.SUSPENDED:
        if software.status != SoftwareStatus.LISTED:
            check_transition(SOFTWARE_TRANSITIONS, software.status, SoftwareStatus.LISTED)
            software.status = SoftwareStatus.LISTED
            software.save(update_fields=["status"])
            record("software:listed", software, by=None, review=review.reference)
        index_listing(software.pk)
    review.software = software


def project_software(software, revision, *, now):
    """Copy a revision's content to the typed columns people filter, sort and compare by."""
    content = revision.content
    disclosed_on = dt.date.fromisoformat(content["disclosed_on"])
    for name in ("name", "name_kana", "summary", "description", "data_location", "accessibility"):
        setattr(software, name, content.get(name) or "")
    for name in ("target_bodies", "delivery", "sign_in", "integrations", "standard_tasks"):
        setattr(software, name, content.get(name) or [])
    for name in ("data_ownership", "data_import", "data_export", "api", "multi_tenant"):
        setattr(software, name, content.get(name))
    software.availability_percent = fields.get(content, "sla.availability_percent")
    software.disclosed_on, software.lapses_on = disclosed_on, lapse_date(disclosed_on)
    software.listed_revision, software.listed_at = revision, software.listed_at or now
    software.save()
    software.categories.set(Category.objects.filter(slug__in=content.get("categories") or []))
    software.certifications.all().delete()
    Certification.objects.bulk_create(
        Certification(software=software, scheme=c["scheme"], number=c["number"], expires_on=c.get("expires_on") or None)
        for c in content.get("certifications") or []
    )


def project_offer(offer, revision):
    """Copy a revision's content to the offer's columns and price lines."""
    content = revision.content
    offer.services, offer.listed_revision, offer.withdrawn_at = content.get("services") or [], revision, None
    offer.save(update_fields=["services", "listed_revision", "withdrawn_at"])
    offer.price_lines.all().delete()
    PriceLine.objects.bulk_create(
        PriceLine(offer=offer, position=position, **line)
        for position, line in enumerate(content["price_lines"], start=1)
    )
