"""Who may act for whom.

``check_x`` raises PermissionDenied with a reason a person can read; ``can_x`` answers the same question. Memberships
are read once per request (``User.active_memberships``), so asking again is free. Existence is not decided here: scope
the queryset first (404), then ask for authority (403).
"""

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from .enums import COMPANY_ROLES, OPERATOR_ROLES, GbizAccountType, Role


def _memberships(user):
    return getattr(user, "active_memberships", ())  # an anonymous visitor has none


def _holds(user, roles, *, company=None, agency=None):
    return any(
        membership.role in roles
        and membership.company_id == (company.pk if company else None)
        and membership.agency_id == (agency.pk if agency else None)
        for membership in _memberships(user)
    )


def companies_of(user) -> list:
    """The companies ``user`` belongs to, in a stable order. No query after the first call of a request."""
    return list(dict.fromkeys(m.company for m in _memberships(user) if m.company_id))


def agencies_of(user, *roles) -> list:
    """The agencies where ``user`` holds one of ``roles`` (any agency role when none is given)."""
    return list(dict.fromkeys(m.agency for m in _memberships(user) if m.agency_id and (not roles or m.role in roles)))


# What a person is


def is_vendor_of(user, company) -> bool:
    return _holds(user, COMPANY_ROLES, company=company)


def is_administrator_of(user, company) -> bool:
    return _holds(user, {Role.VENDOR_ADMINISTRATOR}, company=company)


def is_buyer(user, agency) -> bool:
    """Buyer rights: search, save, select, compare, ask for quotes. An officer has them too."""
    return _holds(user, {Role.BUYER, Role.OFFICER}, agency=agency)


def is_officer(user, agency) -> bool:
    return _holds(user, {Role.OFFICER}, agency=agency)


def is_evaluator(user, agency) -> bool:
    """May be assigned as evaluator by the agency. Which tenders: that is procurement's question."""
    return _holds(user, {Role.EVALUATOR}, agency=agency)


def is_operator(user) -> bool:
    return _holds(user, OPERATOR_ROLES)


def is_operator_reviewer(user) -> bool:
    """May work the review queue. The operator's administrator may too."""
    return _holds(user, OPERATOR_ROLES)


def is_operator_administrator(user) -> bool:
    return _holds(user, {Role.ADMINISTRATOR})


def needs_second_factor(user) -> bool:
    """Whoever signs in by e-mail works for a public body or the operator. Vendors give theirs to GビズID."""
    return bool(user.is_authenticated and user.email)


def is_identity_proven(user) -> bool:
    """True when GビズID has checked who stands behind the account (ial2): プライム, and the メンバー a プライム issued.

    エントリー is self-declared: anybody can open one in any company's name, so it must see nothing of its own affairs.
    """
    account = getattr(user, "gbiz_account", None)
    return account is not None and account.account_type in {GbizAccountType.PRIME, GbizAccountType.MEMBER}


def may_bind_company(account) -> bool:
    """Whether a GbizAccount may act in its company's name: プライム, or メンバー with a mandate for this service."""
    return account.account_type == GbizAccountType.PRIME or (
        account.account_type == GbizAccountType.MEMBER and account.has_mandate
    )


# What a person may do


def check_can_draft(user, company):
    """Write and keep drafts for ``company``: every member, エントリー included."""
    if not is_vendor_of(user, company):
        raise PermissionDenied(_("この事業者のメンバーではないため、操作できません。"))


def check_can_submit(user, company):
    """Bind ``company``: submit a listing, quote, bid, withdraw.

    プライム, or メンバー with a mandate for this service; エントリー never (GビズID connection guideline 2.9, §3.4.1).
    """
    check_can_draft(user, company)
    account = getattr(user, "gbiz_account", None)
    if account is not None and may_bind_company(account):
        return
    check_identity_proven(user)
    raise PermissionDenied(
        _(
            "このGビズIDメンバーには、本サービスの利用が許可されていません。プライムの方に、GビズIDのマイページで本サービスの利用を許可するよう依頼し、サインインし直してください。"
        )
    )


def check_identity_proven(user):
    """See what a company keeps to itself. Whoever opened an エントリー account may be anybody."""
    if not is_identity_proven(user):
        raise PermissionDenied(
            _(
                "GビズIDエントリーでは、下書きの作成までご利用になれます。申請・入札には、GビズIDプライム、または委任を受けたGビズIDメンバーでサインインしてください。"
            )
        )


def check_can_administer(user, company):
    """Manage the company's members, agreement and facts: its administrator, with a proven identity."""
    if not (is_administrator_of(user, company) and is_identity_proven(user)):
        raise PermissionDenied(_("この操作は、事業者の管理者だけが行えます。"))


def check_can_buy(user, agency):
    if not is_buyer(user, agency):
        raise PermissionDenied(_("この行政機関の購買担当または契約担当官だけが行える操作です。"))


def check_can_procure(user, agency):
    """Tenders, opening, award, contract, assignment of evaluators."""
    if not is_officer(user, agency):
        raise PermissionDenied(_("この行政機関の契約担当官だけが行える操作です。"))


def check_can_review(user):
    if not is_operator_reviewer(user):
        raise PermissionDenied(_("運営の審査担当だけが行える操作です。"))


def check_can_operate(user):
    """Approve access requests, manage agencies and their domains, agreements, suspension, categories, rules data."""
    if not is_operator_administrator(user):
        raise PermissionDenied(_("運営管理者だけが行える操作です。"))


def _can(check, *args) -> bool:
    try:
        check(*args)
    except PermissionDenied:
        return False
    return True


def can_draft(user, company) -> bool:
    return _can(check_can_draft, user, company)


def can_submit(user, company) -> bool:
    return _can(check_can_submit, user, company)


def can_administer(user, company) -> bool:
    return _can(check_can_administer, user, company)


def can_buy(user, agency) -> bool:
    return _can(check_can_buy, user, agency)


def can_procure(user, agency) -> bool:
    return _can(check_can_procure, user, agency)


def can_review(user) -> bool:
    return _can(check_can_review, user)


def can_operate(user) -> bool:
    return _can(check_can_operate, user)
