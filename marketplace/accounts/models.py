from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.references import new_reference

from .enums import (
    AGENCY_ROLES,
    COMPANY_ROLES,
    OPERATOR_ROLES,
    AccessRequestStatus,
    AgencyKind,
    GbizAccountType,
    Role,
)


def new_user_reference():
    return new_reference("U")


def new_agency_reference():
    return new_reference("AG")


class UserManager(BaseUserManager):
    def create_user(self, *, name, email=None, contact_email="", password=None, **fields):
        """A person. Officials carry ``email`` (their sign-in address), vendors only ``contact_email``."""
        user = self.model(
            name=name,
            email=self.normalize_email(email) or None if email else None,
            contact_email=contact_email or email or "",
            **fields,
        )
        # Nobody signs in by password; set_password(None) marks it unusable.
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, reference):
        return self.get(reference=reference)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Personal data lives here only: the audit trail refers to people by reference, so a person can be erased."""

    reference = models.CharField(
        _("利用者番号"), max_length=16, unique=True, default=new_user_reference, editable=False
    )
    name = models.CharField(_("氏名"), max_length=100)
    # The sign-in address of officials. NULL for vendors: GビズID is their only way in, so a contact address must never open a session.
    email = models.EmailField(_("サインイン用メールアドレス"), unique=True, null=True, blank=True)
    contact_email = models.EmailField(_("連絡先メールアドレス"), blank=True, default="")
    is_active = models.BooleanField(_("有効"), default=True)
    created_at = models.DateTimeField(_("登録日時"), default=clock.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "reference"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("利用者")
        verbose_name_plural = _("利用者")

    def __str__(self):
        return self.name

    @cached_property
    def active_memberships(self):
        """This person's memberships in force, loaded once a request with their organisations."""
        return list(self.memberships.filter(ended_at=None).select_related("company", "agency").order_by("pk"))

    def has_usable_password(self):
        return False  # nobody signs in or proves who they are by password, whatever the column holds

    @property
    def mail_address(self):
        return self.contact_email or self.email or ""


class GbizAccount(models.Model):
    """A GビズID account that signed in here. Companies are keyed by 法人番号; one may hold several プライム accounts."""

    user = models.OneToOneField(User, models.PROTECT, related_name="gbiz_account")
    issuer = models.URLField(max_length=200)
    subject = models.CharField(max_length=255)
    account_type = models.CharField(max_length=1, choices=GbizAccountType)
    corp_type = models.CharField(max_length=1, choices=[("1", _("法人")), ("2", _("個人事業主"))])
    corporate_number = models.CharField(max_length=20)
    # A member may act for the company here only if the mandate names our client id.
    has_mandate = models.BooleanField(default=False)
    last_signed_in_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("GビズIDアカウント")
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="gbiz_account_issuer_subject_unique"),
            models.CheckConstraint(
                name="gbiz_account_type_known", condition=Q(account_type__in=GbizAccountType.values)
            ),
        ]

    def __str__(self):
        return f"{self.get_account_type_display()} {self.corporate_number}"


class Agency(models.Model):
    """A public body that buys: ministry, prefecture, designated city, municipality, union or incorporated agency."""

    reference = models.CharField(max_length=16, unique=True, default=new_agency_reference, editable=False)
    name = models.CharField(_("名称"), max_length=100, unique=True)
    name_kana = models.CharField(_("フリガナ"), max_length=200)
    kind = models.CharField(_("種別"), max_length=20, choices=AgencyKind)
    population = models.PositiveIntegerField(_("人口"), null=True, blank=True)
    staff = models.PositiveIntegerField(_("職員数"), null=True, blank=True)

    class Meta:
        verbose_name = _("行政機関")
        verbose_name_plural = _("行政機関")
        constraints = [models.CheckConstraint(name="agency_kind_known", condition=Q(kind__in=AgencyKind.values))]

    def __str__(self):
        return self.name


class AgencyDomain(models.Model):
    """A mail domain whose holders may sign in as buyers of the agency without the operator's approval."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="domains")
    domain = models.CharField(_("メールドメイン"), max_length=253, unique=True)

    class Meta:
        verbose_name = _("メールドメイン")
        constraints = [
            models.CheckConstraint(
                name="agency_domain_lower_case", condition=Q(domain=models.functions.Lower("domain"))
            )
        ]

    def __str__(self):
        return self.domain


class AccessRequest(models.Model):
    """An official whose address is on no list asks to be let in; the operator decides."""

    user = models.ForeignKey(User, models.PROTECT, related_name="access_requests")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="access_requests")
    status = models.CharField(max_length=10, choices=AccessRequestStatus, default=AccessRequestStatus.PENDING)
    requested_at = models.DateTimeField(default=clock.now, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="access_request_decided_at_and_by",
                condition=Q(status=AccessRequestStatus.PENDING, decided_at=None, decided_by=None)
                | (~Q(status=AccessRequestStatus.PENDING) & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["user", "agency"],
                condition=Q(status=AccessRequestStatus.PENDING),
                name="access_request_one_pending",
            ),
        ]

    def __str__(self):
        return f"{self.agency} {self.get_status_display()}"


class Membership(models.Model):
    """A person's role in a company, in an agency, or with the operator (neither)."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(_("役割"), max_length=24, choices=Role)
    post = models.CharField(_("職名"), max_length=60, blank=True)  # as documents print it: 総務課 主査
    company = models.ForeignKey("companies.Company", models.PROTECT, null=True, blank=True, related_name="memberships")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="memberships")
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("所属")
        constraints = [
            models.CheckConstraint(
                name="membership_role_fits_organisation",
                condition=Q(role__in=COMPANY_ROLES, company__isnull=False, agency=None)
                | Q(role__in=AGENCY_ROLES, company=None, agency__isnull=False)
                | Q(role__in=OPERATOR_ROLES, company=None, agency=None),
            ),
            models.UniqueConstraint(
                fields=["user", "role", "company", "agency"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="membership_unique_in_force",
            ),
        ]

    def __str__(self):
        return f"{self.get_role_display()} {self.company or self.agency or _('運営')}"
