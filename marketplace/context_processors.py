"""What every page's frame shows: navigation by role, account, notifications, footer.

Everything is lazy, so a fragment or a plain error page, which prints none of it, asks the database nothing. A link
whose URL name is not known is left out rather than breaking every page.
"""

from functools import lru_cache

from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.enums import AGENCY_ROLES, COMPANY_ROLES, OPERATOR_ROLES, Role

EVERYONE = None

# (label, URL name, roles that see it), in the order shown.
NAVIGATION = (
    (_("ソフトウェアを探す"), "catalog:software_list", EVERYONE),
    (_("調達の結果"), "procurement:award_list", EVERYONE),
    (_("自社の製品"), "catalog:vendor_home", COMPANY_ROLES),
    (_("入札の案件"), "procurement:bid_list", COMPANY_ROLES),
    (_("調達案件"), "procurement:procurement_list", (Role.BUYER, Role.OFFICER)),
    (_("評価"), "procurement:assignment_list", (Role.EVALUATOR, Role.BUYER)),
    (_("審査"), "catalog:review_list", OPERATOR_ROLES),
    (_("利用申請"), "accounts:access_request_list", (Role.ADMINISTRATOR,)),
    (_("行政機関"), "accounts:agency_list", (Role.ADMINISTRATOR,)),
    (_("同義語"), "catalog:synonym_list", (Role.ADMINISTRATOR,)),
)

ACCOUNT_LINKS = (
    (_("アカウント"), "accounts:profile", EVERYONE),
    (_("保存した検索"), "catalog:saved_search_list", EVERYONE),
    (_("自社の情報"), "companies:company_facts", COMPANY_ROLES),
    (_("認証の設定"), "mfa_index", (*AGENCY_ROLES, *OPERATOR_ROLES)),
    (_("サインイン中の端末"), "usersessions_list", EVERYONE),
)

FOOTER_LINKS = (
    (_("このサイトについて"), "about"),
    (_("アクセシビリティ"), "accessibility"),
    (_("API"), "api_schema"),
)


def frame(request):
    """Context of `layout/base.html`: `navigation`, `account`, `sign_in_url`, `footer_links`."""
    user = getattr(request, "user", None)  # absent when the request failed before authentication
    return {
        "navigation": SimpleLazyObject(lambda: _navigation(user, request.path)),
        "account": SimpleLazyObject(lambda: _account(user)),
        "sign_in_url": optional_url("account_login"),
        "footer_links": SimpleLazyObject(
            lambda: [{"label": label, "url": url} for label, name in FOOTER_LINKS if (url := optional_url(name))]
        ),
    }


def _memberships(user):
    return getattr(user, "active_memberships", ())  # an anonymous visitor has none


def _navigation(user, path):
    """The links of the main menu as `{"label", "url", "current"}`.

    `current` is the value of aria-current: "page" on the page itself, "true" below it, "" elsewhere.
    """
    links = _links(NAVIGATION, user)
    below = [link["url"] for link in links if path.startswith(link["url"])]
    nearest = max(below, key=len, default=None)
    for link in links:
        link["current"] = ("page" if link["url"] == path else "true") if link["url"] == nearest else ""
    return links


def _account(user):
    """What the account menu shows, or {} for a visitor."""
    if user is None or not user.is_authenticated:
        return {}
    notifications_url = optional_url("notifications:notification_list")
    return {
        "name": user.name,
        "roles": [
            {"organisation": str(m.company or m.agency or _("運営")), "label": m.get_role_display()}
            for m in _memberships(user)
        ],
        "links": _links(ACCOUNT_LINKS, user),
        "notifications_url": notifications_url,
        "unread": user.notifications.unread().count() if notifications_url else 0,
        "sign_out_url": optional_url("account_logout"),
    }


def _links(table, user):
    held = {membership.role for membership in _memberships(user)}
    return [
        {"label": label, "url": url}
        for label, name, roles in table
        if (roles is EVERYONE or held.intersection(roles)) and (url := optional_url(name))
    ]


def optional_url(name):
    """The URL of `name`, or '' where this site has no such page."""
    return _url(name, get_urlconf(), get_script_prefix())


@lru_cache(maxsize=200)
def _url(name, urlconf, _script_prefix):
    try:
        return reverse(name, urlconf)
    except NoReverseMatch:
        return ""
