"""What people do to listings. The only writers of status: lock → may they → is it time → write → audit → on commit."""

import datetime as dt
from hashlib import sha256
from json import dumps

from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace import clock, malware
from marketplace.accounts.enums import OPERATOR_ROLES
from marketplace.accounts.models import User
from marketplace.audit.trail import record
from marketplace.celery import enqueue_on_commit
from marketplace.companies.models import MasterAgreement
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation, check_transition, locked

from . import checks, permissions, projection
from . import content as fields
from .enums import OfferKind, ReviewStatus, ScanStatus, SoftwareStatus
from .models import Attachment, Category, Certification, Comment, Finding, Offer, PriceLine, Review, Revision, Software
from .rules import REVIEW_TRANSITIONS, SOFTWARE_TRANSITIONS
from .search.index import index_listing, remove_listing

# A check that did not come back within this time is driven again by the sweep.
CHECK_RETRY = dt.timedelta(minutes=2)
# A scan is asked for again after this time: soon when the scanner gave no answer, later when there is none at all.
SCAN_RETRY = dt.timedelta(minutes=2)
SCANNER_RETRY = dt.timedelta(hours=1)


def digest(content: dict) -> str:
    """sha256 (hex) of the canonical JSON: sorted keys, no white space, UTF-8."""
    return sha256(dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


# Drafts


@transaction.atomic
def create_software(*, company, content: dict, by) -> Revision:
    """Register a new software of ``company`` with its first draft. Raises RuleViolation on malformed content."""
    permissions.people.check_can_draft(by, company)
    _check_shape(content, fields.SOFTWARE, draft=True)
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
    _check_shape(content, fields.OFFER, draft=True)
    offer, created = Offer.objects.get_or_create(software=software, seller=company, defaults={"kind": kind})
    if not created:
        raise RuleViolation(_("この事業者の販売サービスはすでにあります。既存のものを編集してください。"))
    revision = Revision.objects.create(software=software, offer=offer, number=1, content=content, edited_by=by)
    record("offer:created", offer, by=by, software=software.reference)
    return revision


@transaction.atomic
def save_draft(revision, *, content: dict, by, seen: dt.datetime | None = None) -> Revision:
    """Replace a draft's content. ``seen``: the ``edited_at`` of what the writer started from.

    Raises RuleViolation if it was submitted, or edited by a colleague, meanwhile, or if the content is malformed.
    """
    revision = locked(Revision.objects.select_related("software__maker", "offer__seller", "edited_by"), revision)
    permissions.check_can_edit(by, revision)
    if revision.review_id:
        raise RuleViolation(_("この版はすでに提出されたため、変更できません。"))
    if seen is not None and revision.edited_at != seen:
        raise RuleViolation(
            _("編集中に、%(name)sさんが別の内容を保存しました。そのまま保存すると、いま画面にある内容で上書きします。")
            % {"name": revision.edited_by.name if revision.edited_by else _("ほかの")}
        )
    if revision.offer_id:
        content = content | {"kind": revision.offer.kind}
    _check_shape(content, fields.fields_of(bool(revision.offer_id)), draft=True)
    if content == revision.content:
        return revision
    revision.content, revision.edited_at, revision.edited_by = content, clock.now(), by
    revision.save(update_fields=["content", "edited_at", "edited_by"])
    if not revision.offer_id and revision.software.status == SoftwareStatus.UNLISTED and content.get("name"):
        # Until something is listed, the live row has no other name than the draft's.
        Software.objects.filter(pk=revision.software_id).update(name=content["name"])
    record(f"{_room(revision)}:drafted", revision.subject, by=by, number=revision.number, digest=digest(content))
    return revision


@transaction.atomic
def start_draft(subject, *, by) -> Revision:
    """Return the open draft of a software or offer, or begin one from its newest content."""
    software = subject.software if isinstance(subject, Offer) else subject
    offer = subject if isinstance(subject, Offer) else None
    locked(Software.objects, software)
    permissions.people.check_can_draft(by, offer.seller if offer else software.maker)
    own = Revision.objects.filter(software=software, offer=offer)
    draft = own.drafts().first()
    if draft is None:
        if own.filter(review__in=Review.objects.open()).exists():
            raise RuleViolation(_("審査中です。結果が出てから、または取り下げてから編集してください。"))
        draft = _copy_as_draft(own.order_by("-number").first(), by=by)
        record(f"{_room(draft)}:draft_started", subject, by=by, number=draft.number)
    return draft


@transaction.atomic
def discard_draft(revision, *, by) -> None:
    """Throw away the draft of what is already listed. The first draft of all stays: without it there is nothing."""
    revision = locked(Revision.objects.select_related("software__maker", "offer__seller"), revision)
    permissions.check_can_edit(by, revision)
    if revision.review_id:
        raise RuleViolation(_("この版はすでに提出されたため、変更できません。"))
    if revision.subject.listed_revision_id is None:
        raise RuleViolation(_("まだ掲載されていないものの下書きは破棄できません。"))
    record(f"{_room(revision)}:draft_discarded", revision.subject, by=by, number=revision.number)
    revision.delete()


# Submission and review


@transaction.atomic
def submit_drafts(software, *, company, by) -> Review:
    """Submit what ``company`` drafted for ``software`` for review: from now on its content is fixed.

    A draft that says the same as the listed revision stays a draft. Raises RuleViolation when something is missing, no basic agreement is in force, or a review is already open.
    """
    software = locked(Software.objects, software)
    permissions.check_can_submit(by, company)
    now = clock.now()
    if not MasterAgreement.objects.in_force(now).filter(company=company).exists():
        raise RuleViolation(_("基本契約が有効ではないため、提出できません。運営にお問い合わせください。"))
    if Review.objects.open().filter(software=software, company=company).exists():
        raise RuleViolation(_("このソフトウェアは審査中です。結果が出てから提出してください。"))
    drafts = list(drafts_of(software, company).select_for_update(of=("self",), no_key=True))
    if not drafts:
        raise RuleViolation(_("提出する下書きがありません。すでに提出された可能性があります。"))
    drafts = [revision for revision in drafts if is_changed(revision)]
    if not drafts:
        raise RuleViolation(_("掲載中の内容から変わったところがないため、提出できません。"))
    for revision in drafts:
        if lacking := fields.missing(revision.content, fields.fields_of(bool(revision.offer_id))):
            raise RuleViolation(
                _("未入力の必須項目があります：%(fields)s") % {"fields": "、".join(lack.label for lack in lacking)}
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
    review = locked(Review.objects, review)
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
    review = locked(Review.objects.select_related("software", "company"), review)
    if review.status != ReviewStatus.CHECKING:
        return review
    now = clock.now()
    found = checks.run(review, today=clock.today())
    Finding.objects.bulk_create(found, ignore_conflicts=True)
    review.checked_at = now
    review.save(update_fields=["checked_at"])
    record("review:checked", review, by=None, findings=len(found))
    may_be_listed = MasterAgreement.objects.in_force(now).filter(company=review.company).exists()
    if may_be_listed and review.software.status == SoftwareStatus.LISTED and checks.passes_at_once(review, found):
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
def assign_reviewer(review, *, by, take_over: bool = False) -> Review:
    """Take a review from the queue, so that two reviewers do not do the same work; or take it over from a colleague."""
    review = locked(Review.objects.select_related("company", "reviewer"), review)
    permissions.check_can_decide(by, review)
    if review.status != ReviewStatus.IN_REVIEW:
        raise RuleViolation(_("この審査は「%(status)s」です。") % {"status": review.get_status_display()})
    if not take_over:
        _check_free(review, by)
    previous, review.reviewer = review.reviewer, by
    review.save(update_fields=["reviewer"])
    record("review:assigned", review, by=by, taken_from=previous.reference if previous and previous != by else "")
    return review


@transaction.atomic
def write_comment(review, *, revision, field: str, body: str, by) -> Comment:
    """Say something on one field; the other side is told when the review is returned or, for answers, at once."""
    review = locked(Review.objects.select_related("company", "reviewer"), review)
    permissions.check_can_comment(by, review)
    if review.status not in (ReviewStatus.IN_REVIEW, ReviewStatus.RETURNED):
        raise RuleViolation(_("審査中または差し戻し中のものにだけコメントできます。"))
    if revision.review_id != review.pk or not fields.is_known(field, fields.fields_of(bool(revision.offer_id))):
        raise RuleViolation(_("この審査にない項目には、コメントできません。"))
    if not body.strip():
        raise RuleViolation(_("コメントを入力してください。"))
    by_operator = not permissions.people.is_vendor_of(by, review.company)
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
    review = locked(Review.objects.select_related("software", "company", "reviewer"), review)
    permissions.check_can_decide(by, review)
    now = clock.now()
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.APPROVED)
    _check_free(review, by)
    if not MasterAgreement.objects.in_force(now).filter(company=review.company).exists():
        raise RuleViolation(_("基本契約が有効ではないため、掲載できません。"))
    _publish(review, now=now)
    _decide(review, ReviewStatus.APPROVED, by=by, now=now, note="")
    return review


@transaction.atomic
def return_review(review, *, note: str, by) -> Review:
    """Send the submission back with what to mend; new drafts with the same content wait for the vendor."""
    review = locked(Review.objects.select_related("software", "company", "reviewer"), review)
    permissions.check_can_decide(by, review)
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.RETURNED)
    _check_free(review, by)
    if not note.strip():
        raise RuleViolation(_("事業者への連絡を入力してください。"))
    _decide(review, ReviewStatus.RETURNED, by=by, now=clock.now(), note=note)
    for revision in review.revisions.all():
        _copy_as_draft(revision, by=None)
    return review


@transaction.atomic
def reject_review(review, *, note: str, by) -> Review:
    """Refuse the submission for good, with the reason."""
    review = locked(Review.objects.select_related("software", "company", "reviewer"), review)
    permissions.check_can_decide(by, review)
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.REJECTED)
    _check_free(review, by)
    if not note.strip():
        raise RuleViolation(_("不承認の理由を入力してください。"))
    _decide(review, ReviewStatus.REJECTED, by=by, now=clock.now(), note=note)
    return review


@transaction.atomic
def withdraw_review(review, *, by) -> Review:
    """The vendor takes the submission back; drafts with the same content stay."""
    review = locked(Review.objects.select_related("software", "company"), review)
    permissions.check_can_submit(by, review.company)
    check_transition(REVIEW_TRANSITIONS, review.status, ReviewStatus.WITHDRAWN)
    _decide(review, ReviewStatus.WITHDRAWN, by=by, now=clock.now(), note="")
    for revision in review.revisions.all():
        _copy_as_draft(revision, by=by)
    return review


@transaction.atomic
def confirm_post_check(review, *, by) -> Review:
    """Note that a person has looked at what the policy table approved at once."""
    review = locked(Review.objects.select_related("company"), review)
    permissions.check_can_decide(by, review)
    if not review.post_check or review.status != ReviewStatus.APPROVED:
        raise RuleViolation(_("事後確認の対象ではありません。"))
    if review.post_checked_at:
        raise RuleViolation(_("すでに事後確認が済んでいます。"))
    review.post_checked_at, review.post_checked_by = clock.now(), by
    review.save(update_fields=["post_checked_at", "post_checked_by"])
    record("review:post_checked", review, by=by)
    return review


# What other rooms tell


@transaction.atomic
def note_adoptions(software, *, count) -> Software:
    """Keep how many agencies are known to use ``software``; ``count()`` tells it once the row is locked."""
    software = locked(Software.objects, software)
    software.adoption_count = count()
    software.save(update_fields=["adoption_count"])
    index_listing(software.pk)
    return software


# Attachments


@transaction.atomic
def add_attachment(software, *, kind, upload, inspection, by) -> Attachment:
    """Keep a document and name it in the software's draft. ``inspection``: what ``uploads.inspect`` said of ``upload``.

    Nobody else gets to see it before a scan found it clean.
    """
    draft = start_draft(software, by=by)
    attachment = Attachment.objects.filter(software=software, sha256=inspection.sha256).first()
    if attachment is None:
        attachment = Attachment(
            software=software,
            kind=kind,
            name=inspection.name,
            content_type=inspection.content_type,
            size=inspection.size,
            sha256=inspection.sha256,
            uploaded_by=by,
        )
        attachment.file.save(inspection.name, upload, save=True)
        record("attachment:uploaded", attachment, by=by, software=software.reference, sha256=inspection.sha256)
        from .tasks import scan_attachment

        enqueue_on_commit(scan_attachment, attachment.pk)
    elif attachment.status == ScanStatus.INFECTED:
        raise RuleViolation(_("このファイルからはウイルスが見つかっています。別のファイルを選んでください。"))
    entry = {"kind": kind, "name": inspection.name, "sha256": inspection.sha256}
    others = [item for item in draft.content.get("attachments") or [] if item["sha256"] != inspection.sha256]
    save_draft(draft, content=draft.content | {"attachments": [*others, entry]}, by=by)
    return attachment


@transaction.atomic
def remove_attachment(attachment, *, by) -> None:
    """Take a document out of the software's draft. The file stays: earlier revisions name it."""
    draft = start_draft(attachment.software, by=by)
    kept = [item for item in draft.content.get("attachments") or [] if item["sha256"] != attachment.sha256]
    rest = {name: value for name, value in draft.content.items() if name != "attachments"}
    save_draft(draft, content=rest | ({"attachments": kept} if kept else {}), by=by)


def scan_file(attachment) -> Attachment:
    """Ask the scanner about a waiting attachment and store its answer; without an answer the sweep asks again.

    Reads the file outside any transaction: a scan takes seconds.
    """
    if attachment.status != ScanStatus.WAITING:
        return attachment
    try:
        with attachment.file.open("rb") as file:
            verdict = malware.scan(file)
    except malware.ScanError:
        return _postpone_scan(attachment, SCAN_RETRY)
    if verdict.outcome == malware.Outcome.NOT_SCANNED:
        return _postpone_scan(attachment, SCANNER_RETRY)
    return _record_scan(attachment, verdict)


def _postpone_scan(attachment, wait):
    attachment.scan_due_at = clock.now() + wait
    attachment.save(update_fields=["scan_due_at"])
    return attachment


@transaction.atomic
def _record_scan(attachment, verdict):
    attachment = locked(Attachment.objects.select_related("software__maker"), attachment)
    if attachment.status != ScanStatus.WAITING:
        return attachment
    infected = verdict.outcome != malware.Outcome.CLEAN
    attachment.status = ScanStatus.INFECTED if infected else ScanStatus.CLEAN
    attachment.scanned_at = clock.now()
    attachment.save(update_fields=["status", "scanned_at"])
    record("attachment:scanned", attachment, by=None, outcome=attachment.status, signature=verdict.signature)
    if infected:
        transaction.on_commit(lambda: attachment.file.delete(save=False))
        notify(
            _staff(attachment.software.maker),
            "attachment_infected",
            room="catalog",
            path=reverse("catalog:vendor_software", args=[attachment.software.reference]),
            attachment=attachment,
        )
    return attachment


# Listings


@transaction.atomic
def suspend_software(software, *, reason: str, by) -> Software:
    """Take a listing out of search at once; its page says when and why."""
    software = locked(Software.objects, software)
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
    software = locked(Software.objects, software)
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
    software = locked(Software.objects, software)
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
    drafts = Revision.objects.drafts().filter(mine, software=software)
    return drafts.select_related("software__listed_revision", "offer__listed_revision").order_by("pk")


def is_changed(revision) -> bool:
    """Whether a draft says anything else than what is listed."""
    listed = revision.subject.listed_revision
    return listed is None or listed.content != revision.content


def _room(revision):
    return "offer" if revision.offer_id else "software"


def _check_free(review, by):
    if review.reviewer_id and review.reviewer_id != by.pk:
        raise RuleViolation(_("%(name)sさんがすでに審査を担当しています。") % {"name": review.reviewer.name})


def _check_shape(content, table, *, draft=False):
    if faults := fields.faults(content, table, categories=category_slugs(), draft=draft):
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
    software = locked(Software.objects, review.software)
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
    for name, value in projection.software_columns(content).items():
        setattr(software, name, value)
    software.listed_revision, software.listed_at = revision, software.listed_at or now
    software.save()
    software.categories.set(Category.objects.filter(slug__in=content.get("categories") or []))
    software.certifications.all().delete()
    Certification.objects.bulk_create(
        Certification(software=software, **columns) for columns in projection.certifications(content)
    )


def project_offer(offer, revision):
    """Copy a revision's content to the offer's columns and price lines."""
    content = revision.content
    offer.services, offer.listed_revision, offer.withdrawn_at = content.get("services") or [], revision, None
    offer.save(update_fields=["services", "listed_revision", "withdrawn_at"])
    offer.price_lines.all().delete()
    PriceLine.objects.bulk_create(PriceLine(offer=offer, **columns) for columns in projection.price_lines(content))
