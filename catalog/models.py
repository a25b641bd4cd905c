"""Software, offers, and their revisions. Revisions are the truth; the live rows are projections written on approval."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.companies.models import Company
from marketplace.references import new_reference
from marketplace.workflow import pairs

from .enums import (
    OPEN_REVIEW_STATUSES,
    Accessibility,
    AttachmentKind,
    CertificationScheme,
    DataLocation,
    OfferKind,
    PriceTiming,
    PriceUnit,
    ReviewStatus,
    ScanStatus,
    Severity,
    SoftwareStatus,
)
from .rules import REVIEW_TRANSITIONS, SOFTWARE_TRANSITIONS


def new_software_reference():
    return new_reference("SW")


def new_offer_reference():
    return new_reference("OF")


def new_review_reference():
    return new_reference("RV")


def new_attachment_reference():
    return new_reference("AT")


def attachment_path(attachment, filename):
    """Where the file is kept. Nothing a person typed gets into the path."""
    return f"attachments/{attachment.reference}"


class Category(models.Model):
    """業務分類: a tree of two levels, seeded from ``categories.json``."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    name_en = models.CharField(max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    # Stable for ever: the search index keeps a software's categories as a bit mask.
    bit = models.SmallIntegerField(unique=True, null=True, editable=False)
    position = models.SmallIntegerField(default=0)

    class Meta:
        verbose_name = _("業務分類")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(name="category_leaf_has_bit", condition=Q(parent=None) | Q(bit__range=(0, 62)))
        ]

    def __str__(self):
        return self.name_en if get_language() == "en" else self.name


class SoftwareQuerySet(models.QuerySet):
    def listed(self):
        return self.filter(status=SoftwareStatus.LISTED)

    def visible_to(self, user):
        """Listed software is public; unlisted is seen by its maker's staff and the operator."""
        if user.is_authenticated:
            if any(m.role in ("reviewer", "administrator") for m in user.active_memberships):
                return self
            companies = [m.company_id for m in user.active_memberships if m.company_id]
            if companies:
                return self.filter(~Q(status=SoftwareStatus.UNLISTED) | Q(maker__in=companies))
        return self.exclude(status=SoftwareStatus.UNLISTED)


class Software(models.Model):
    """What a maker registered. Everything below ``listed_revision`` is the approved revision's content, typed for filter, sort and compare."""

    reference = models.CharField(
        _("登録番号"), max_length=16, unique=True, default=new_software_reference, editable=False
    )
    maker = models.ForeignKey(Company, models.PROTECT, related_name="software", verbose_name=_("製造事業者"))
    status = models.CharField(max_length=12, choices=SoftwareStatus, default=SoftwareStatus.UNLISTED, editable=False)
    listed_revision = models.ForeignKey("Revision", models.PROTECT, null=True, editable=False, related_name="+")
    listed_at = models.DateTimeField(null=True, editable=False)
    lapses_on = models.DateField(_("掲載期限"), null=True, editable=False)
    suspended_at = models.DateTimeField(null=True, editable=False)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    suspension_reason = models.CharField(max_length=500, blank=True, editable=False)
    # How many agencies are known to use it: told by ``procurement``, which this room does not know.
    adoption_count = models.PositiveIntegerField(_("導入機関数"), default=0, editable=False)

    name = models.CharField(_("名称"), max_length=100)
    name_kana = models.CharField(_("フリガナ"), max_length=200, blank=True)
    name_en = models.CharField(_("英語名称"), max_length=200, blank=True)
    summary = models.CharField(_("概要"), max_length=100, blank=True)
    description = models.TextField(_("説明"), blank=True)
    categories = models.ManyToManyField(Category, related_name="software", verbose_name=_("業務分類"))
    target_bodies = ArrayField(models.CharField(max_length=20), default=list)
    delivery = ArrayField(models.CharField(max_length=20), default=list)
    data_location = models.CharField(max_length=20, choices=DataLocation, blank=True)
    data_ownership = models.BooleanField(null=True)
    data_import = models.BooleanField(null=True)
    data_export = models.BooleanField(null=True)
    api = models.BooleanField(null=True)
    multi_tenant = models.BooleanField(null=True)
    sign_in = ArrayField(models.CharField(max_length=20), default=list)
    integrations = ArrayField(models.CharField(max_length=20), default=list)
    standard_tasks = ArrayField(models.CharField(max_length=30), default=list)
    accessibility = models.CharField(max_length=20, choices=Accessibility, blank=True)
    availability_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    disclosed_on = models.DateField(_("情報開示日"), null=True)

    objects = SoftwareQuerySet.as_manager()

    class Meta:
        verbose_name = _("ソフトウェア")
        verbose_name_plural = _("ソフトウェア")
        indexes = [models.Index(fields=["status", "-listed_at", "id"], name="software_newest")]
        constraints = [
            models.CheckConstraint(name="software_status_known", condition=Q(status__in=SoftwareStatus.values)),
            models.CheckConstraint(
                name="software_listed_has_revision",
                condition=Q(status=SoftwareStatus.UNLISTED)
                | Q(listed_revision__isnull=False, listed_at__isnull=False, lapses_on__isnull=False),
            ),
            models.CheckConstraint(
                name="software_suspended_says_why",
                condition=~Q(status=SoftwareStatus.SUSPENDED)
                | (Q(suspended_at__isnull=False, suspended_by__isnull=False) & ~Q(suspension_reason="")),
            ),
            models.CheckConstraint(
                name="software_availability_is_percent",
                condition=Q(availability_percent=None) | Q(availability_percent__range=(0, 100)),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="legal_transition", field="status", transitions=pairs(SOFTWARE_TRANSITIONS)),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("catalog:software_detail", args=[self.reference])


class Certification(models.Model):
    """A certificate of a listed software: projection of its revision, one row a scheme."""

    software = models.ForeignKey(
        Software, models.CASCADE, related_name="certifications"
    )  # a projection goes with its row
    scheme = models.CharField(max_length=20, choices=CertificationScheme)
    number = models.CharField(_("登録番号"), max_length=60)
    expires_on = models.DateField(_("有効期限"), null=True)

    class Meta:
        ordering = ["scheme", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["software", "scheme"], name="certification_once_per_scheme"),
            models.CheckConstraint(
                name="certification_scheme_known", condition=Q(scheme__in=CertificationScheme.values)
            ),
        ]

    def __str__(self):
        return f"{self.get_scheme_display()} {self.number}"


class OfferQuerySet(models.QuerySet):
    def listed(self):
        return self.filter(listed_revision__isnull=False, withdrawn_at=None)


class Offer(models.Model):
    """販売サービス: one seller's price and services for one software. A candidate is software × seller."""

    reference = models.CharField(_("販売番号"), max_length=16, unique=True, default=new_offer_reference, editable=False)
    software = models.ForeignKey(Software, models.PROTECT, related_name="offers")
    seller = models.ForeignKey(Company, models.PROTECT, related_name="offers", verbose_name=_("販売事業者"))
    kind = models.CharField(_("販売形態"), max_length=12, choices=OfferKind)
    listed_revision = models.ForeignKey("Revision", models.PROTECT, null=True, editable=False, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    services = ArrayField(models.CharField(max_length=20), default=list)

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("販売サービス")
        verbose_name_plural = _("販売サービス")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["software", "seller"], name="offer_one_per_seller"),
            models.CheckConstraint(name="offer_kind_known", condition=Q(kind__in=OfferKind.values)),
        ]

    def __str__(self):
        return f"{self.software} × {self.seller}"


class PriceLine(models.Model):
    """A line of a listed offer's price table: projection of its revision. ``amount_yen`` a timing and unit."""

    offer = models.ForeignKey(Offer, models.CASCADE, related_name="price_lines")  # a projection goes with its row
    position = models.SmallIntegerField()
    item = models.CharField(_("品目"), max_length=100)
    timing = models.CharField(_("支払時期"), max_length=10, choices=PriceTiming)
    unit = models.CharField(_("単位"), max_length=12, choices=PriceUnit)
    amount_yen = models.DecimalField(_("単価（円）"), max_digits=14, decimal_places=2)
    from_quantity = models.PositiveIntegerField(default=1)
    to_quantity = models.PositiveIntegerField(null=True)
    tax_included = models.BooleanField(_("税込"), default=False)

    class Meta:
        ordering = ["offer_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["offer", "position"], name="price_line_position_unique"),
            models.CheckConstraint(name="price_line_timing_known", condition=Q(timing__in=PriceTiming.values)),
            models.CheckConstraint(name="price_line_unit_known", condition=Q(unit__in=PriceUnit.values)),
            models.CheckConstraint(name="price_line_not_negative", condition=Q(amount_yen__gte=0)),
            models.CheckConstraint(
                name="price_line_tier_in_order",
                condition=Q(to_quantity=None) | Q(to_quantity__gte=F("from_quantity")),
            ),
        ]

    def __str__(self):
        return f"{self.item} {self.amount_yen}"


class ReviewQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status__in=OPEN_REVIEW_STATUSES)

    def awaiting_post_check(self):
        return self.filter(status=ReviewStatus.APPROVED, post_check=True, post_checked_at=None)

    def visible_to(self, user):
        """The operator sees all; a company's staff see what their company submitted; nobody else sees any."""
        if any(m.role in ("reviewer", "administrator") for m in user.active_memberships):
            return self
        return self.filter(company__in=[m.company_id for m in user.active_memberships if m.company_id])


class Review(models.Model):
    """審査: what one company submitted for one software, on its way to one decision. It holds one or more revisions."""

    reference = models.CharField(
        _("審査番号"), max_length=16, unique=True, default=new_review_reference, editable=False
    )
    software = models.ForeignKey(Software, models.PROTECT, related_name="reviews")
    company = models.ForeignKey(Company, models.PROTECT, related_name="reviews")
    status = models.CharField(max_length=12, choices=ReviewStatus, default=ReviewStatus.SUBMITTED, editable=False)
    submitted_at = models.DateTimeField(default=clock.now, editable=False)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    due_at = models.DateTimeField(default=clock.now, editable=False)  # when a sweep may (re-)drive the checks
    checked_at = models.DateTimeField(null=True, editable=False)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    note = models.TextField(_("事業者への連絡"), blank=True)
    # Only low-risk fields changed: approved by the policy table at once, looked at afterwards.
    post_check = models.BooleanField(default=False, editable=False)
    post_checked_at = models.DateTimeField(null=True, editable=False)
    post_checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("審査")
        verbose_name_plural = _("審査")
        indexes = [models.Index(fields=["status", "submitted_at", "id"], name="review_queue")]
        constraints = [
            models.CheckConstraint(name="review_status_known", condition=Q(status__in=ReviewStatus.values)),
            models.CheckConstraint(
                name="review_decided_iff_closed",
                condition=Q(status__in=OPEN_REVIEW_STATUSES, decided_at=None)
                | (~Q(status__in=OPEN_REVIEW_STATUSES) & Q(decided_at__isnull=False)),
            ),
            # decided_by is NULL only where the policy table decided.
            models.CheckConstraint(
                name="review_decided_by_someone_or_policy",
                condition=Q(status__in=OPEN_REVIEW_STATUSES) | Q(decided_by__isnull=False) | Q(post_check=True),
            ),
            models.CheckConstraint(
                name="review_nobody_decides_their_own",
                condition=Q(decided_by=None) | Q(status=ReviewStatus.WITHDRAWN) | ~Q(decided_by=F("submitted_by")),
                violation_error_message=_("自分が提出したものを審査することはできません。"),
            ),
            models.CheckConstraint(
                name="review_post_checked_at_and_by",
                condition=Q(post_checked_at=None, post_checked_by=None)
                | Q(post_check=True, post_checked_at__isnull=False, post_checked_by__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["software", "company"],
                condition=Q(status__in=OPEN_REVIEW_STATUSES),
                name="review_one_open_per_submitter",
                violation_error_message=_("このソフトウェアは審査中です。結果が出てから提出してください。"),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="legal_transition", field="status", transitions=pairs(REVIEW_TRANSITIONS)),
        ]

    def __str__(self):
        return f"{self.reference} {self.software}"

    def get_absolute_url(self):
        return reverse("catalog:review_detail", args=[self.reference])


class RevisionQuerySet(models.QuerySet):
    def drafts(self):
        return self.filter(review=None)

    def approved(self):
        return self.filter(review__status=ReviewStatus.APPROVED)


class Revision(models.Model):
    """版: the content of a software, or of one offer. A draft (no review yet) may change; a submitted one never again."""

    software = models.ForeignKey(Software, models.PROTECT, related_name="revisions")
    offer = models.ForeignKey(Offer, models.PROTECT, null=True, related_name="revisions")  # NULL: the software itself
    number = models.PositiveIntegerField(_("版番号"))
    content = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)  # sha256 of the canonical content, set on submission
    review = models.ForeignKey(Review, models.PROTECT, null=True, related_name="revisions")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    edited_at = models.DateTimeField(default=clock.now, editable=False)
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")

    objects = RevisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("版")
        ordering = ["software_id", "offer_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["software", "offer", "number"], nulls_distinct=False, name="revision_number_unique"
            ),
            models.UniqueConstraint(
                fields=["software", "offer"],
                condition=Q(review=None),
                nulls_distinct=False,
                name="revision_one_draft",
            ),
            models.CheckConstraint(
                name="revision_submitted_has_digest", condition=Q(review=None) | Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="immutable_once_submitted",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__review__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.offer or self.software} 第{self.number}版"

    @property
    def subject(self):
        return self.offer or self.software


class Finding(models.Model):
    """What an automated check found, by field, with what to do."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="findings")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="findings")
    field = models.CharField(max_length=100)  # path in the content, e.g. price_lines[1].amount_yen
    check_name = models.CharField(max_length=40)
    severity = models.CharField(max_length=10, choices=Severity)
    message = models.CharField(max_length=500)

    class Meta:
        verbose_name = _("点検結果")
        ordering = ["review_id", "pk"]
        constraints = [
            models.CheckConstraint(name="finding_severity_known", condition=Q(severity__in=Severity.values)),
            # The checks may run twice; they find the same thing once.
            models.UniqueConstraint(fields=["revision", "field", "check_name", "message"], name="finding_once"),
        ]

    def __str__(self):
        return f"{self.field}: {self.message}"


class Comment(models.Model):
    """A reviewer's or the vendor's words on one field of a submitted revision."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="comments")
    revision = models.ForeignKey(Revision, models.PROTECT, related_name="comments")
    field = models.CharField(max_length=100)
    body = models.TextField(_("コメント"), max_length=2000)
    written_at = models.DateTimeField(default=clock.now, editable=False)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")
    by_operator = models.BooleanField(editable=False)

    class Meta:
        verbose_name = _("項目へのコメント")
        ordering = ["review_id", "pk"]
        constraints = [models.CheckConstraint(name="comment_not_empty", condition=~Q(body=""))]

    def __str__(self):
        return f"{self.field}: {self.body[:40]}"


class AttachmentQuerySet(models.QuerySet):
    def scan_due(self, now):
        return self.filter(status=ScanStatus.WAITING, scan_due_at__lte=now)


class Attachment(models.Model):
    """A document of a software: price table, terms, certificate. Contents name it by sha256; nothing is served before it is clean."""

    reference = models.CharField(max_length=16, unique=True, default=new_attachment_reference, editable=False)
    software = models.ForeignKey(Software, models.PROTECT, related_name="attachments")
    kind = models.CharField(_("種類"), max_length=20, choices=AttachmentKind)
    file = models.FileField(_("ファイル"), upload_to=attachment_path, editable=False)
    name = models.CharField(_("ファイル名"), max_length=150)
    content_type = models.CharField(max_length=100, editable=False)
    size = models.PositiveIntegerField(editable=False)  # bytes
    sha256 = models.CharField(max_length=64, editable=False)
    status = models.CharField(max_length=10, choices=ScanStatus, default=ScanStatus.WAITING, editable=False)
    scan_due_at = models.DateTimeField(default=clock.now, editable=False)
    scanned_at = models.DateTimeField(null=True, editable=False)
    uploaded_at = models.DateTimeField(default=clock.now, editable=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("添付書類")
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["scan_due_at"], name="attachment_scan_due", condition=Q(status=ScanStatus.WAITING.value)
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["software", "sha256"], name="attachment_once_per_software"),
            models.CheckConstraint(name="attachment_kind_known", condition=Q(kind__in=AttachmentKind.values)),
            models.CheckConstraint(name="attachment_sha256_shape", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")),
            models.CheckConstraint(
                name="attachment_scanned_iff_judged",
                condition=Q(status=ScanStatus.WAITING, scanned_at=None)
                | Q(status__in=[ScanStatus.CLEAN, ScanStatus.INFECTED], scanned_at__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="legal_transition",
                field="status",
                transitions=[
                    (ScanStatus.WAITING.value, ScanStatus.CLEAN.value),
                    (ScanStatus.WAITING.value, ScanStatus.INFECTED.value),
                ],
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_clean(self) -> bool:
        return self.status == ScanStatus.CLEAN


from .search.models import (  # noqa: E402 - Django finds models here
    SearchDocument,  # noqa: F401
    SearchName,  # noqa: F401
    SearchPrice,  # noqa: F401
    SearchSlice,  # noqa: F401
    SearchSynonym,  # noqa: F401
    SearchWord,  # noqa: F401
)
from .watches.models import (  # noqa: E402
    ChangedListing,  # noqa: F401
    SavedSearch,  # noqa: F401
    SavedSearchHit,  # noqa: F401
    SavedSearchListing,  # noqa: F401
)
