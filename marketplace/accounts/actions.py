"""Who comes in, and by whose word. Nothing else writes memberships, access requests or domain lists."""

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from stdnum.jp import cn

from marketplace import clock
from marketplace.audit.trail import record
from marketplace.companies.models import Company
from marketplace.notifications.actions import notify
from marketplace.workflow import RuleViolation

from .enums import AGENCY_ROLES, COMPANY_ROLES, AccessRequestStatus, GbizAccountType, Role
from .gbizid import Failure, Identity, SignInFailed
from .models import AccessRequest, AgencyDomain, GbizAccount, Membership, User
from .permissions import check_can_operate

logger = structlog.get_logger(__name__)

SHARED_MAIL_DOMAINS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "yahoo.co.jp",
        "yahoo.com",
        "outlook.com",
        "outlook.jp",
        "hotmail.com",
        "hotmail.co.jp",
        "live.jp",
        "icloud.com",
        "me.com",
        "docomo.ne.jp",
        "ezweb.ne.jp",
        "au.com",
        "softbank.ne.jp",
        "i.softbank.jp",
        "nifty.com",
        "biglobe.ne.jp",
        "ocn.ne.jp",
    ]
)
"""Anybody gets an address there, so none of them can stand for a public body."""


# Vendors


@transaction.atomic
def admit_vendor(identity: Identity) -> GbizAccount:
    """Let ``identity`` in: its person, account, company and membership are created or brought up to date.

    The company is found by 法人番号, never by account. Its first プライム becomes its administrator; everybody else is a
    member. Raises SignInFailed, and then nothing is kept.
    """
    company = _company_of(identity)
    account = (
        GbizAccount.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user")
        .filter(issuer=identity.issuer, subject=identity.subject)
        .first()
    )
    if account is None:
        account = GbizAccount(
            user=User.objects.create_user(name=identity.person_name[:100]),
            issuer=identity.issuer,
            subject=identity.subject,
        )
    else:
        _check_may_return(account, identity)
    proven = identity.account_type != GbizAccountType.ENTRY
    others = Membership.objects.filter(company=company, ended_at=None).exclude(user=account.user)
    if not proven and others.exists():
        # Anybody can open an エントリー account in a company's name; it must not walk in on the company's own people.
        raise SignInFailed(Failure.COMPANY_HAS_MEMBERS)

    user = account.user
    _keep_current(user, name=identity.person_name[:100], contact_email=identity.contact_email)
    account.account_type = identity.account_type
    account.corp_type = identity.corp_type
    account.corporate_number = identity.corporate_number
    account.has_mandate = identity.has_mandate
    account.last_signed_in_at = clock.now()
    account.save()

    elsewhere = user.memberships.filter(company__isnull=False, ended_at=None).exclude(company=company)
    self_declared = others.filter(user__gbiz_account__account_type=GbizAccountType.ENTRY)
    for membership in [*elsewhere, *(self_declared if proven else ())]:
        _end(membership, by=user)

    is_first_prime = (
        identity.account_type == GbizAccountType.PRIME and not others.filter(role=Role.VENDOR_ADMINISTRATOR).exists()
    )
    _grant_in_company(user, company, Role.VENDOR_ADMINISTRATOR if is_first_prime else Role.VENDOR_MEMBER)
    if proven and not company.snapshots.exists():
        _keep_current(company, name=identity.company_name[:200])
    record("user:signed_in", user, by=user, method="gbizid", account_type=identity.account_type.value)
    return account


def _company_of(identity: Identity) -> Company:
    """The company, locked: of two first sign-ins at once only one may become the first administrator."""
    number = identity.corporate_number
    if not number:
        raise SignInFailed(Failure.NO_COMPANY)
    is_sole_proprietor = identity.corp_type == "2"
    if len(number) > 20 or not (is_sole_proprietor or (len(number) == 13 and number.isascii() and number.isdigit())):
        raise SignInFailed(Failure.CLAIMS, "corporate_number")
    if not is_sole_proprietor and not cn.is_valid(number):
        # GビズID's own test environment hands out numbers with a wrong check digit, so this is worth a line, not a refusal.
        logger.warning("gbizid_corporate_number_check_digit")
    Company.objects.get_or_create(
        corporate_number=number,
        defaults={"name": identity.company_name[:200] or number, "is_sole_proprietor": is_sole_proprietor},
    )
    return Company.objects.select_for_update(no_key=True).get(corporate_number=number)


def _check_may_return(account: GbizAccount, identity: Identity):
    if not account.user.is_active:
        raise SignInFailed(Failure.INACTIVE)
    was_proven = account.account_type != GbizAccountType.ENTRY
    if was_proven and account.corporate_number != identity.corporate_number:
        # A merger, or an account that changed hands. A person of the operator has to look at it.
        raise SignInFailed(Failure.COMPANY_CHANGED)


def _keep_current(row, **values):
    changed = [field for field, value in values.items() if value and getattr(row, field) != value]
    for field in changed:
        setattr(row, field, values[field])
    if changed:
        row.save(update_fields=changed)


def _grant_in_company(user, company, role):
    held = user.memberships.filter(company=company, ended_at=None, role__in=COMPANY_ROLES).first()
    if held is not None and (held.role == role or role == Role.VENDOR_MEMBER):
        return
    if held is not None:
        _end(held, by=user)
    Membership.objects.create(user=user, company=company, role=role)
    record("membership:granted", user, by=user, role=role.value, company=company.reference)


def _end(membership, *, by):
    membership.ended_at = clock.now()
    membership.save(update_fields=["ended_at"])
    organisation = membership.company or membership.agency
    record(
        "membership:ended",
        membership.user,
        by=by,
        role=membership.role,
        organisation=organisation.reference if organisation else "",
    )


# Officials


@transaction.atomic
def enrol_official(*, name: str, email: str, second_factor: bool = False) -> User:
    """Create an official known beforehand, for the demonstration and for the operator's first administrator.

    Grants no role. ``second_factor`` sets up an authenticator app whose secret nobody has seen; the development page
    at /dev/authenticator/ shows its codes. Without it the person sets one up at their first sign-in.
    """
    user = User.objects.create_user(name=name, email=email.lower())
    remember_address(user)
    if second_factor:
        TOTP.activate(user, generate_totp_secret())
    return user


@transaction.atomic
def enrol_administrator(*, name: str, email: str) -> tuple[User, bool]:
    """Make the person at ``email`` an administrator of the operator; also whether that is new. By the system's hand."""
    user = User.objects.filter(email=email.lower()).first() or enrol_official(name=name, email=email)
    _, created = Membership.objects.get_or_create(
        user=user, role=Role.ADMINISTRATOR, company=None, agency=None, ended_at=None
    )
    if created:
        record("membership:granted", user, by=None, role=Role.ADMINISTRATOR.value)
    return user, created


def remember_address(user: User):
    """Give the library its own record of the address. Unconfirmed: the first code that comes back confirms it."""
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True})


@transaction.atomic
def admit_official(user: User, *, method: str) -> User:
    """Note the sign-in of ``user``, and make them a buyer of the agency whose list carries their address's domain.

    Whoever holds or ever held a role keeps what the operator decided; the list only welcomes newcomers.
    """
    record("user:signed_in", user, by=user, method=method)
    if not user.memberships.exists():
        domain = AgencyDomain.objects.select_related("agency").filter(domain=mail_domain(user.email)).first()
        if domain is not None:
            Membership.objects.create(user=user, agency=domain.agency, role=Role.BUYER)
            record("membership:granted", user, by=user, role=Role.BUYER.value, agency=domain.agency.reference)
    return user


def mail_domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


@transaction.atomic
def request_access(agency, *, by) -> AccessRequest:
    """Ask the operator to be let in as an official of ``agency``. Asking twice is asking once."""
    if not by.email:
        raise PermissionDenied(_("行政機関の利用申請は、行政機関のメールアドレスでサインインした方だけが行えます。"))
    request, created = AccessRequest.objects.get_or_create(
        user=by, agency=agency, status=AccessRequestStatus.PENDING, defaults={"requested_at": clock.now()}
    )
    if created:
        record("access_request:submitted", by, by=by, agency=agency.reference)
        operators = User.objects.filter(
            is_active=True, memberships__role=Role.ADMINISTRATOR, memberships__ended_at=None
        ).distinct()
        notify(
            operators, "access_requested", room="accounts", path=reverse("accounts:access_request_list"), agency=agency
        )
    return request


@transaction.atomic
def approve_access(request: AccessRequest, *, role: Role, by) -> AccessRequest:
    """Let the official in with ``role``, one of AGENCY_ROLES."""
    if role not in AGENCY_ROLES:
        raise ValueError(f"{role} is not a role in an agency.")
    request = _decide(request, AccessRequestStatus.APPROVED, by=by)
    _, created = Membership.objects.get_or_create(user=request.user, agency=request.agency, role=role, ended_at=None)
    if created:
        record("membership:granted", request.user, by=by, role=role, agency=request.agency.reference)
    return request


@transaction.atomic
def refuse_access(request: AccessRequest, *, by) -> AccessRequest:
    return _decide(request, AccessRequestStatus.REFUSED, by=by)


def _decide(request, status, *, by):
    request = (
        AccessRequest.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user", "agency")
        .get(pk=request.pk)
    )
    check_can_operate(by)
    if request.user_id == by.pk:
        raise PermissionDenied(_("ご自分の申請を承認・不承認にすることはできません。"))
    if request.status != AccessRequestStatus.PENDING:
        raise RuleViolation(_("この申請は、すでに処理されています。"))
    request.status = status
    request.decided_at, request.decided_by = clock.now(), by
    request.save(update_fields=["status", "decided_at", "decided_by"])
    record(f"access_request:{status.value}", request.user, by=by, agency=request.agency.reference)
    notify(
        [request.user],
        f"access_{status.value}",
        room="accounts",
        path=reverse("accounts:profile"),
        agency=request.agency,
    )
    return request


@transaction.atomic
def add_domain(agency, domain: str, *, by) -> AgencyDomain:
    """Welcome everybody with an address at ``domain`` as a buyer of ``agency``."""
    check_can_operate(by)
    domain = domain.strip().lower()
    if domain in SHARED_MAIL_DOMAINS:
        raise RuleViolation(_("だれでも取得できるメールアドレスのドメインは登録できません。"))
    if holder := AgencyDomain.objects.select_related("agency").filter(domain=domain).first():
        raise RuleViolation(_("このドメインは、%(agency)sに登録されています。") % {"agency": holder.agency})
    added = AgencyDomain.objects.create(agency=agency, domain=domain)
    record("agency:domain_added", agency, by=by, domain=domain)
    return added


@transaction.atomic
def remove_domain(agency_domain: AgencyDomain, *, by):
    """Stop welcoming newcomers of the domain. Those who are in stay in."""
    check_can_operate(by)
    record("agency:domain_removed", agency_domain.agency, by=by, domain=agency_domain.domain)
    agency_domain.delete()
