"""An agency's purchase from need to contract. What is decided is frozen here by trigger, whatever route a change takes."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.models import Offer, Revision, Software
from marketplace import clock
from marketplace.accounts.models import Agency
from marketplace.companies.models import Company
from marketplace.references import new_reference
from marketplace.workflow import pairs

from .enums import (
    BidStatus,
    BonusKind,
    ClaimStatus,
    ContractKind,
    CriterionKind,
    PriceTax,
    ProcurementStatus,
    TenderStatus,
)
from .rules import PROCUREMENT_TRANSITIONS, TENDER_TRANSITIONS


def new_procurement_reference():
    return new_reference("PR")


def new_tender_reference():
    return new_reference("TD")


def new_bid_reference():
    return new_reference("BD")


def _person(**options):
    """A foreign key to whoever acted: kept for ever, without a way back from the person."""
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", **options)


class ProcurementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """An agency's buyers and officers see their agency's; evaluators what they are assigned to."""
        agencies = [m.agency_id for m in user.active_memberships if m.role in ("buyer", "officer")]
        assigned = Assignment.objects.filter(evaluator=user, tender__procurement=models.OuterRef("pk"))
        return self.filter(Q(agency__in=agencies) | models.Exists(assigned))

    def published(self):
        """What anybody may read: an award that was published."""
        return self.filter(tender__award__published_at__isnull=False)


class Procurement(models.Model):
    """調達案件."""

    reference = models.CharField(
        _("案件番号"), max_length=16, unique=True, default=new_procurement_reference, editable=False
    )
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="procurements", verbose_name=_("調達機関"))
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("担当官"))
    title = models.CharField(_("件名"), max_length=120)
    purpose = models.TextField(_("調達の目的"), max_length=2000)
    kind = models.CharField(_("契約の種類"), max_length=12, choices=ContractKind, default=ContractKind.SERVICE)
    budget_yen = models.PositiveBigIntegerField(_("予算額（円・税込・総額）"))
    term_from = models.DateField(_("利用開始予定日"))
    term_to = models.DateField(_("利用終了予定日"))
    # The size at which prices are computed and compared.
    users = models.PositiveIntegerField(_("利用者数"))
    residents = models.PositiveIntegerField(_("対象住民数"), null=True, blank=True)
    status = models.CharField(max_length=16, choices=ProcurementStatus, default=ProcurementStatus.DRAFT, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = _person()
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = _person(null=True)
    end_reason = models.CharField(_("理由"), max_length=1000, blank=True, editable=False)

    objects = ProcurementQuerySet.as_manager()

    class Meta:
        verbose_name = _("調達案件")
        verbose_name_plural = _("調達案件")
        indexes = [models.Index(fields=["agency", "status", "-id"], name="procurement_by_agency")]
        constraints = [
            models.CheckConstraint(name="procurement_status_known", condition=Q(status__in=ProcurementStatus.values)),
            models.CheckConstraint(
                name="procurement_term_in_order",
                condition=Q(term_to__gte=F("term_from")),
                violation_error_message=_("利用終了予定日は利用開始予定日以後にしてください。"),
            ),
            models.CheckConstraint(
                name="procurement_budget_above_zero",
                condition=Q(budget_yen__gt=0),
                violation_error_message=_("予算額は1円以上にしてください。"),
            ),
            models.CheckConstraint(
                name="procurement_users_above_zero",
                condition=Q(users__gt=0),
                violation_error_message=_("利用者数は1人以上にしてください。"),
            ),
            models.CheckConstraint(
                name="procurement_unsuccessful_end_says_why",
                condition=~Q(status__in=[ProcurementStatus.CANCELLED, ProcurementStatus.NONE_SUITABLE])
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason="")),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="legal_transition", field="status", transitions=pairs(PROCUREMENT_TRANSITIONS)),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("procurement:procurement_detail", args=[self.reference])


class Step(models.Model):
    """When a procurement entered a status: the days spent in each step come from here."""

    procurement = models.ForeignKey(Procurement, models.PROTECT, related_name="steps")
    status = models.CharField(max_length=16, choices=ProcurementStatus)
    entered_at = models.DateTimeField(default=clock.now)
    entered_by = _person(null=True)

    class Meta:
        ordering = ["procurement_id", "entered_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["procurement", "status"], name="step_once_per_status")]

    def __str__(self):
        return f"{self.procurement_id} {self.status}"


class Search(models.Model):
    """A search made for a procurement. One is active; earlier ones stay as history."""

    procurement = models.ForeignKey(Procurement, models.PROTECT, related_name="searches")
    params = models.JSONField()  # as in the catalogue's URL: {"q": "…", "category": ["…"]}
    searched_at = models.DateTimeField(default=clock.now, editable=False)
    searched_by = _person()
    is_active = models.BooleanField(default=True, editable=False)

    class Meta:
        ordering = ["procurement_id", "-searched_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["procurement"], condition=Q(is_active=True), name="search_one_active_per_procurement"
            )
        ]

    def __str__(self):
        return f"{self.procurement_id} {self.params}"


_REFUSE_WHEN_LOCKED = """
    IF EXISTS (SELECT 1 FROM procurement_selection s WHERE s.search_id = OLD.search_id) THEN
        RAISE EXCEPTION 'candidates of a locked selection cannot change';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
"""
_REFUSE_ADDED_WHEN_LOCKED = _REFUSE_WHEN_LOCKED.replace("OLD.search_id", "NEW.search_id")


class Candidate(models.Model):
    """候補: one software × seller a search found, at exact revisions, kept or dropped with a reason."""

    search = models.ForeignKey(Search, models.PROTECT, related_name="candidates")
    position = models.PositiveIntegerField()
    software = models.ForeignKey(Software, models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+")
    software_revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    offer_revision = models.ForeignKey(Revision, models.PROTECT, related_name="+")
    is_dropped = models.BooleanField(default=False, editable=False)
    drop_reason = models.CharField(_("除外の理由"), max_length=500, blank=True)
    dropped_at = models.DateTimeField(null=True, editable=False)
    dropped_by = _person(null=True)

    class Meta:
        verbose_name = _("候補")
        ordering = ["search_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["search", "offer"], name="candidate_once_per_search"),
            models.CheckConstraint(
                name="candidate_dropped_says_why",
                condition=Q(is_dropped=False, drop_reason="", dropped_at=None, dropped_by=None)
                | (Q(is_dropped=True, dropped_at__isnull=False, dropped_by__isnull=False) & ~Q(drop_reason="")),
                violation_error_message=_("除外する理由を入力してください。"),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="locked_with_selection",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=_REFUSE_WHEN_LOCKED,
            ),
            pgtrigger.Trigger(
                name="none_added_after_lock",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_REFUSE_ADDED_WHEN_LOCKED,
            ),
        ]

    def __str__(self):
        return f"{self.position}. {self.offer_id}"


class Selection(models.Model):
    """選定記録: the locked search with everything that was known and decided. Immutable from its first moment."""

    procurement = models.OneToOneField(Procurement, models.PROTECT, related_name="selection")
    search = models.OneToOneField(Search, models.PROTECT, related_name="selection")
    evidence = models.JSONField()  # selection-evidence/1
    digest = models.CharField(max_length=71)  # sha256:…
    locked_at = models.DateTimeField(default=clock.now, editable=False)
    locked_by = _person()

    class Meta:
        verbose_name = _("選定記録")
        constraints = [
            models.CheckConstraint(name="selection_digest_shape", condition=Q(digest__regex=r"^sha256:[0-9a-f]{64}$"))
        ]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.procurement_id} {self.digest[:19]}"


class Tender(models.Model):
    """総合評価の入札: the rule is published and frozen before bids; prices open after technical marks closed."""

    reference = models.CharField(
        _("入札番号"), max_length=16, unique=True, default=new_tender_reference, editable=False
    )
    procurement = models.OneToOneField(Procurement, models.PROTECT, related_name="tender")
    status = models.CharField(max_length=12, choices=TenderStatus, default=TenderStatus.DRAFT, editable=False)
    # The evaluation document (evaluation/1) without bids and without the secret prices; frozen with its digest on publication.
    rule = models.JSONField(default=dict)
    rule_digest = models.CharField(max_length=71, blank=True, editable=False)
    # 予定価格 and 調査基準価格 stay secret until opening.
    sealed_limits = models.BinaryField(null=True, editable=False)
    bids_due_at = models.DateTimeField(_("入札書提出期限"), null=True, blank=True)
    opening_at = models.DateTimeField(_("開札予定日時"), null=True, blank=True)
    # The basis of every amount in the tender: bids, ceiling, threshold.
    price_tax = models.CharField(_("入札価格の消費税"), max_length=8, choices=PriceTax, default=PriceTax.EXCLUDED)
    # What the startup bonus is measured by; not fixed by any public text, so each tender says it.
    startup_reference_date = models.DateField(_("スタートアップ加点の基準日"), null=True, blank=True)
    startup_years = models.PositiveSmallIntegerField(_("設立からの年数の上限（未満）"), null=True, blank=True)
    startup_source = models.CharField(_("加点の根拠"), max_length=300, blank=True)
    # Past sheets bring technical points instead of marks.
    takes_given_points = models.BooleanField(_("技術点を直接入力する"), default=False)

    published_at = models.DateTimeField(null=True, editable=False)
    published_by = _person(null=True)
    closed_at = models.DateTimeField(null=True, editable=False)  # bids closed, by the clock
    marked_at = models.DateTimeField(null=True, editable=False)
    marked_by = _person(null=True)
    opened_at = models.DateTimeField(null=True, editable=False)
    opened_by = _person(null=True)

    class Meta:
        verbose_name = _("入札")
        verbose_name_plural = _("入札")
        indexes = [models.Index(fields=["status", "bids_due_at"], name="tender_due")]
        constraints = [
            models.CheckConstraint(name="tender_status_known", condition=Q(status__in=TenderStatus.values)),
            models.CheckConstraint(name="tender_price_tax_known", condition=Q(price_tax__in=PriceTax.values)),
            models.CheckConstraint(
                name="tender_published_is_complete",
                condition=Q(status__in=[TenderStatus.DRAFT, TenderStatus.CANCELLED])
                | (
                    Q(
                        published_at__isnull=False,
                        published_by__isnull=False,
                        bids_due_at__isnull=False,
                        opening_at__isnull=False,
                    )
                    & ~Q(rule_digest="")
                ),
                violation_error_message=_("公告には提出期限と開札予定日時が必要です。"),
            ),
            models.CheckConstraint(
                name="tender_opening_after_due",
                condition=Q(bids_due_at=None) | Q(opening_at=None) | Q(opening_at__gte=F("bids_due_at")),
                violation_error_message=_("開札は入札書提出期限以後にしてください。"),
            ),
            models.CheckConstraint(
                name="tender_marks_close_before_prices_open",
                condition=Q(opened_at=None) | Q(marked_at__isnull=False, opened_at__gte=F("marked_at")),
            ),
            models.CheckConstraint(
                name="tender_marked_at_and_by",
                condition=Q(marked_at=None, marked_by=None) | Q(marked_at__isnull=False, marked_by__isnull=False),
            ),
            models.CheckConstraint(
                name="tender_opened_at_and_by",
                condition=Q(opened_at=None, opened_by=None) | Q(opened_at__isnull=False, opened_by__isnull=False),
            ),
        ]
        triggers = [
            pgtrigger.FSM(name="legal_transition", field="status", transitions=pairs(TENDER_TRANSITIONS)),
            pgtrigger.Protect(
                name="rule_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__published_at__isnull=False)
                & (
                    pgtrigger.Q(old__rule__df=pgtrigger.F("new__rule"))
                    | pgtrigger.Q(old__rule_digest__df=pgtrigger.F("new__rule_digest"))
                    | pgtrigger.Q(old__sealed_limits__df=pgtrigger.F("new__sealed_limits"))
                    | pgtrigger.Q(old__price_tax__df=pgtrigger.F("new__price_tax"))
                    | pgtrigger.Q(old__startup_reference_date__df=pgtrigger.F("new__startup_reference_date"))
                    | pgtrigger.Q(old__startup_years__df=pgtrigger.F("new__startup_years"))
                ),
            ),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("procurement:tender_detail", args=[self.reference])


_REFUSE_WHEN_PUBLISHED = """
    IF EXISTS (SELECT 1 FROM procurement_tender t WHERE t.id = {row}.tender_id AND t.published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'the rule of a published tender cannot change';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NEW; END IF;
"""


def _frozen_with_tender():
    return [
        pgtrigger.Trigger(
            name="frozen_once_published",
            when=pgtrigger.Before,
            operation=pgtrigger.Update | pgtrigger.Delete,
            func=_REFUSE_WHEN_PUBLISHED.format(row="OLD"),
        ),
        pgtrigger.Trigger(
            name="none_added_once_published",
            when=pgtrigger.Before,
            operation=pgtrigger.Insert,
            func=_REFUSE_WHEN_PUBLISHED.format(row="NEW"),
        ),
    ]


class Criterion(models.Model):
    """評価項目, mandatory or scored."""

    tender = models.ForeignKey(Tender, models.PROTECT, related_name="criteria")
    key = models.SlugField(max_length=20)  # its id in the evaluation document
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(_("種別"), max_length=10, choices=CriterionKind)
    name = models.CharField(_("評価項目"), max_length=100)
    description = models.TextField(_("評価の観点"), max_length=1000, blank=True)
    points = models.DecimalField(_("配点"), max_digits=9, decimal_places=4, null=True, blank=True)
    scale = models.JSONField(_("評語と割合"), null=True, blank=True)  # {"A": "1", "B": "0.7"}

    class Meta:
        verbose_name = _("評価項目")
        ordering = ["tender_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["tender", "key"], name="criterion_key_unique"),
            models.CheckConstraint(
                name="criterion_points_iff_scored",
                condition=Q(kind=CriterionKind.MANDATORY, points=None, scale=None)
                | Q(kind=CriterionKind.SCORED, points__isnull=False, points__gt=0),
                violation_error_message=_("加点項目には0より大きい配点を、必須項目には配点なしを指定してください。"),
            ),
        ]
        triggers = _frozen_with_tender()

    def __str__(self):
        return self.name


class Bonus(models.Model):
    """加点措置 added to the technical points; of one group only the highest counts."""

    tender = models.ForeignKey(Tender, models.PROTECT, related_name="bonuses")
    key = models.SlugField(max_length=20)
    kind = models.CharField(_("種別"), max_length=12, choices=BonusKind)
    label = models.CharField(_("名称"), max_length=100)
    points = models.DecimalField(_("加点"), max_digits=9, decimal_places=4)
    group = models.CharField(_("重複しない組"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("加点措置")
        ordering = ["tender_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["tender", "key"], name="bonus_key_unique"),
            models.CheckConstraint(name="bonus_points_above_zero", condition=Q(points__gt=0)),
        ]
        triggers = _frozen_with_tender()

    def __str__(self):
        return self.label


class Invitation(models.Model):
    """A kept candidate's seller may bid."""

    tender = models.ForeignKey(Tender, models.PROTECT, related_name="invitations")
    company = models.ForeignKey(Company, models.PROTECT, related_name="invitations")
    candidate = models.ForeignKey(
        Candidate, models.PROTECT, null=True, related_name="+"
    )  # NULL: a re-entered past sheet
    invited_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["tender_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["tender", "company", "candidate"], nulls_distinct=False, name="invitation_once"
            )
        ]

    def __str__(self):
        return f"{self.tender_id} {self.company_id}"


class BidQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(status=BidStatus.SUBMITTED)


class Bid(models.Model):
    """入札. Its prices are sealed until opening: only ciphertext is stored. A replaced or withdrawn bid stays on record."""

    reference = models.CharField(max_length=16, unique=True, default=new_bid_reference, editable=False)
    tender = models.ForeignKey(Tender, models.PROTECT, related_name="bids")
    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="bids")
    company = models.ForeignKey(Company, models.PROTECT, related_name="bids")
    status = models.CharField(max_length=10, choices=BidStatus, default=BidStatus.SUBMITTED, editable=False)
    proposal = models.TextField(_("提案内容"), max_length=20000, blank=True)
    sealed_prices = models.BinaryField(editable=False)
    price_digest = models.CharField(max_length=71, editable=False)  # the bidder's receipt: sha256 over salt and prices
    prices = models.JSONField(null=True, editable=False)  # {"total": "49100000"} in yen, written at opening
    technical_points = models.DecimalField(max_digits=12, decimal_places=4, null=True, editable=False)
    lot_number = models.PositiveSmallIntegerField(_("くじ番号"), null=True, blank=True)
    label = models.CharField(max_length=3, blank=True, editable=False)  # what evaluators see instead of a name
    submitted_at = models.DateTimeField(default=clock.now, editable=False)
    submitted_by = _person()
    ended_at = models.DateTimeField(null=True, editable=False)
    ended_by = _person(null=True)
    end_reason = models.CharField(max_length=500, blank=True, editable=False)

    objects = BidQuerySet.as_manager()

    class Meta:
        verbose_name = _("入札書")
        ordering = ["tender_id", "pk"]
        constraints = [
            models.CheckConstraint(name="bid_status_known", condition=Q(status__in=BidStatus.values)),
            models.UniqueConstraint(
                fields=["invitation"],
                condition=Q(status=BidStatus.SUBMITTED),
                name="bid_one_standing_per_invitation",
            ),
            models.UniqueConstraint(fields=["tender", "label"], condition=~Q(label=""), name="bid_label_unique"),
            models.CheckConstraint(
                name="bid_lot_number_range",
                condition=Q(lot_number=None) | Q(lot_number__range=(0, 999)),
                violation_error_message=_("くじ番号は0から999までの数字です。"),
            ),
            models.CheckConstraint(
                name="bid_ended_at_and_by",
                condition=Q(status=BidStatus.SUBMITTED, ended_at=None, ended_by=None)
                | (~Q(status=BidStatus.SUBMITTED) & Q(ended_at__isnull=False, ended_by__isnull=False)),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="envelope_immutable",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__sealed_prices__df=pgtrigger.F("new__sealed_prices"))
                | pgtrigger.Q(old__price_digest__df=pgtrigger.F("new__price_digest"))
                | pgtrigger.Q(old__proposal__df=pgtrigger.F("new__proposal"))
                | pgtrigger.Q(old__submitted_at__df=pgtrigger.F("new__submitted_at")),
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return self.reference


class BidAttachment(models.Model):
    """The proposal as a file; nothing is served before it was found clean."""

    bid = models.ForeignKey(Bid, models.PROTECT, related_name="attachments")
    file = models.FileField(upload_to="bids/%Y/%m/")
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    is_clean = models.BooleanField(null=True)  # NULL: not scanned yet
    uploaded_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["bid_id", "pk"]
        constraints = [
            models.CheckConstraint(name="bid_attachment_sha256", condition=Q(sha256__regex=r"^[0-9a-f]{64}$"))
        ]

    def __str__(self):
        return self.name


class BonusClaim(models.Model):
    """A bidder's claim to a bonus, with its derivation from company facts at the reference date; an officer decides."""

    bid = models.ForeignKey(Bid, models.PROTECT, related_name="claims")
    bonus = models.ForeignKey(Bonus, models.PROTECT, related_name="claims")
    statement = models.TextField(_("技術と事業拡大の説明"), max_length=2000, blank=True)
    derivation = models.JSONField(default=dict)  # the rule's answer and reasons, as of the claim
    status = models.CharField(max_length=10, choices=ClaimStatus, default=ClaimStatus.CLAIMED, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = _person(null=True)
    reason = models.CharField(_("判断の理由"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("加点の申告")
        ordering = ["bid_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["bid", "bonus"], name="claim_once_per_bonus"),
            models.CheckConstraint(
                name="claim_decided_says_why",
                condition=Q(status=ClaimStatus.CLAIMED, decided_at=None, decided_by=None)
                | (
                    ~Q(status=ClaimStatus.CLAIMED)
                    & Q(decided_at__isnull=False, decided_by__isnull=False)
                    & ~Q(reason="")
                ),
                violation_error_message=_("判断の理由を入力してください。"),
            ),
        ]

    def __str__(self):
        return f"{self.bid} {self.bonus}"


class Assignment(models.Model):
    """An evaluator's task in one tender. Marking starts with a declaration on conflicts of interest."""

    tender = models.ForeignKey(Tender, models.PROTECT, related_name="assignments")
    evaluator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")
    key = models.SlugField(max_length=20)  # the evaluator in the published document: e1, e2 … never a name
    assigned_at = models.DateTimeField(default=clock.now, editable=False)
    assigned_by = _person()
    declared_at = models.DateTimeField(null=True, editable=False)
    has_conflict = models.BooleanField(null=True, editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)  # marks handed in: no change afterwards

    class Meta:
        verbose_name = _("評価委員の割当て")
        ordering = ["tender_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["tender", "evaluator"], name="assignment_once"),
            models.UniqueConstraint(fields=["tender", "key"], name="assignment_key_unique"),
            models.CheckConstraint(
                name="assignment_declared_pair",
                condition=Q(declared_at=None, has_conflict=None)
                | Q(declared_at__isnull=False, has_conflict__isnull=False),
            ),
            models.CheckConstraint(
                name="assignment_submits_without_conflict",
                # A check that comes to NULL passes, so NULL is refused by name, here and below.
                condition=Q(submitted_at=None) | Q(has_conflict__isnull=False, has_conflict=False),
            ),
        ]

    def __str__(self):
        return f"{self.tender_id} {self.key}"


class Mark(models.Model):
    """One evaluator's judgement of one bid on one criterion. 0 points is a mark; a missing row is not."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="marks")
    bid = models.ForeignKey(Bid, models.PROTECT, related_name="marks")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="marks")
    is_met = models.BooleanField(null=True)  # mandatory criteria
    letter = models.CharField(max_length=5, blank=True)  # scored by scale
    points = models.DecimalField(max_digits=9, decimal_places=4, null=True)  # scored by points
    comment = models.CharField(_("コメント"), max_length=1000, blank=True)
    marked_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("採点")
        ordering = ["assignment_id", "bid_id", "criterion_id"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "bid", "criterion"], name="mark_once"),
            models.CheckConstraint(
                name="mark_says_exactly_one_thing",
                condition=Q(is_met__isnull=False, letter="", points=None)
                | (Q(is_met=None, points=None) & ~Q(letter=""))
                | Q(is_met=None, letter="", points__isnull=False, points__gte=0),
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="closed_with_assignment",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                    IF EXISTS (SELECT 1 FROM procurement_assignment a WHERE a.id = NEW.assignment_id AND a.submitted_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'marks that were handed in cannot change';
                    END IF;
                    RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.bid_id} {self.criterion_id}"


class Evaluation(models.Model):
    """One run of the engine: its document and its result. Whatever changes the set of bids makes a new run."""

    tender = models.ForeignKey(Tender, models.PROTECT, related_name="evaluations")
    number = models.PositiveSmallIntegerField()
    document = models.JSONField()
    result = models.JSONField()
    document_digest = models.CharField(max_length=71)
    reason = models.CharField(max_length=300)
    computed_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("評価計算")
        ordering = ["tender_id", "number"]
        constraints = [models.UniqueConstraint(fields=["tender", "number"], name="evaluation_number_unique")]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.tender_id} 第{self.number}回"


class Award(models.Model):
    """落札者の決定, on one evaluation. Publication makes the document and result public."""

    tender = models.OneToOneField(Tender, models.PROTECT, related_name="award")
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, related_name="+")
    bid = models.ForeignKey(Bid, models.PROTECT, related_name="+")
    reason = models.CharField(_("決定の理由"), max_length=1000)
    awarded_at = models.DateTimeField(default=clock.now, editable=False)
    awarded_by = _person()
    published_at = models.DateTimeField(null=True, editable=False)
    published_by = _person(null=True)

    class Meta:
        verbose_name = _("落札者の決定")
        constraints = [
            models.CheckConstraint(
                name="award_published_at_and_by",
                condition=Q(published_at=None, published_by=None)
                | Q(published_at__isnull=False, published_by__isnull=False),
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="decision_immutable",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__bid__df=pgtrigger.F("new__bid"))
                | pgtrigger.Q(old__evaluation__df=pgtrigger.F("new__evaluation"))
                | pgtrigger.Q(old__reason__df=pgtrigger.F("new__reason")),
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.tender_id} → {self.bid_id}"


class Contract(models.Model):
    """個別契約 concluded from an award."""

    procurement = models.OneToOneField(Procurement, models.PROTECT, related_name="contract")
    company = models.ForeignKey(Company, models.PROTECT, related_name="contracts")
    software = models.ForeignKey(Software, models.PROTECT, null=True, related_name="contracts")
    number = models.CharField(_("契約番号"), max_length=40)
    amount_yen = models.PositiveBigIntegerField(_("契約金額（円・税込）"))
    signed_on = models.DateField(_("契約締結日"))
    term_from = models.DateField(_("契約期間の開始日"))
    term_to = models.DateField(_("契約期間の終了日"))
    recorded_at = models.DateTimeField(default=clock.now, editable=False)
    recorded_by = _person()

    class Meta:
        verbose_name = _("個別契約")
        constraints = [
            models.CheckConstraint(name="contract_term_in_order", condition=Q(term_to__gte=F("term_from"))),
            models.CheckConstraint(name="contract_amount_above_zero", condition=Q(amount_yen__gt=0)),
        ]

    def __str__(self):
        return self.number


class Adoption(models.Model):
    """導入実績: the published fact that an agency uses a software."""

    software = models.ForeignKey(Software, models.PROTECT, related_name="adoptions")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="adoptions")
    contract = models.OneToOneField(Contract, models.PROTECT, related_name="adoption")
    published_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = _("導入実績")
        ordering = ["-published_at", "pk"]

    def __str__(self):
        return f"{self.software_id} {self.agency_id}"
