from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from marketplace import clock

from .enums import EntityKind, FactSource, JsicRevision


class CompanyQuerySet(models.QuerySet):
    def under_agreement(self, now):
        """Companies whose basic agreement with the operator is in force: only theirs is listed."""
        return self.filter(models.Exists(MasterAgreement.objects.in_force(now).filter(company=models.OuterRef("pk"))))


class Company(models.Model):
    """A legal entity or sole proprietor. ``name`` and ``kana`` repeat its newest facts, for lists and links."""

    # 法人番号, or the 個人事業主管理番号 GビズID gives a sole proprietor: both are public and stable, so this is the public reference.
    corporate_number = models.CharField(_("法人番号"), max_length=20, unique=True)
    is_sole_proprietor = models.BooleanField(_("個人事業主"), default=False)
    name = models.CharField(_("商号又は名称"), max_length=200)
    name_kana = models.CharField(_("フリガナ"), max_length=300, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name = _("事業者")
        verbose_name_plural = _("事業者")
        constraints = [
            models.CheckConstraint(
                name="company_number_shape",
                condition=Q(corporate_number__regex=r"^[0-9]{13}$") | Q(is_sole_proprietor=True),
                violation_error_message=_("法人番号は13桁の数字です。"),
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("companies:company_detail", args=[self.corporate_number])

    @property
    def reference(self):
        return self.corporate_number


class FactSnapshot(models.Model):
    """What one source said about a company on one day. Never changed: a newer snapshot supersedes (``rules.merge``).

    NULL means the source did not tell; 0 yen and 0 employees are answers.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="snapshots")
    source = models.CharField(_("出典"), max_length=20, choices=FactSource)
    as_of = models.DateField(_("基準日"))
    recorded_at = models.DateTimeField(default=clock.now, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    evidence = models.CharField(_("根拠"), max_length=300, blank=True)

    name = models.CharField(_("商号又は名称"), max_length=200, null=True, blank=True)
    address = models.CharField(_("所在地"), max_length=300, null=True, blank=True)
    prefecture = models.CharField(_("都道府県"), max_length=10, null=True, blank=True)
    entity_kind = models.CharField(_("法人の種類"), max_length=24, choices=EntityKind, null=True, blank=True)
    established_on = models.DateField(_("設立年月日"), null=True, blank=True)
    capital_yen = models.BigIntegerField(_("資本金（円）"), null=True, blank=True)
    employees = models.IntegerField(_("常時使用する従業員の数"), null=True, blank=True)
    jsic_code = models.CharField(_("日本標準産業分類"), max_length=4, null=True, blank=True)
    jsic_revision = models.CharField(_("産業分類の改定"), max_length=2, choices=JsicRevision, null=True, blank=True)
    # Lists of rules.Holding / rules.Officer as JSON; NULL: not told, []: told that there are none.
    shareholders = models.JSONField(_("株主"), null=True, blank=True)
    officers = models.JSONField(_("役員"), null=True, blank=True)

    class Meta:
        verbose_name = _("企業情報の記録")
        ordering = ["company_id", "as_of", "pk"]
        constraints = [
            models.CheckConstraint(name="fact_source_known", condition=Q(source__in=FactSource.values)),
            models.CheckConstraint(
                name="fact_capital_not_negative",
                condition=Q(capital_yen=None) | Q(capital_yen__gte=0),
                violation_error_message=_("資本金は0円以上です。"),
            ),
            models.CheckConstraint(
                name="fact_employees_not_negative",
                condition=Q(employees=None) | Q(employees__gte=0),
                violation_error_message=_("従業員数は0人以上です。"),
            ),
        ]

    def __str__(self):
        return f"{self.company} {self.as_of} {self.get_source_display()}"


class MasterAgreementQuerySet(models.QuerySet):
    def in_force(self, now):
        return self.filter(starts_at__lte=now).filter(Q(ended_at=None) | Q(ended_at__gt=now))


class MasterAgreement(models.Model):
    """基本契約 between company and operator. Without one in force nothing of the company is listed."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="agreements")
    number = models.CharField(_("契約番号"), max_length=30, unique=True)
    starts_at = models.DateTimeField(_("開始日時"))
    ended_at = models.DateTimeField(_("終了日時"), null=True, blank=True)
    accepted_at = models.DateTimeField(default=clock.now, editable=False)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+")

    objects = MasterAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("基本契約")
        constraints = [
            models.CheckConstraint(
                name="agreement_ends_after_start", condition=Q(ended_at=None) | Q(ended_at__gt=F("starts_at"))
            ),
            models.UniqueConstraint(
                fields=["company"], condition=Q(ended_at=None), name="agreement_one_open_per_company"
            ),
        ]

    def __str__(self):
        return self.number
