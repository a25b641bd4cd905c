from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.utils import is_mfa_enabled
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from .permissions import needs_second_factor

OPEN_WITHOUT_SECOND_FACTOR = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "account_logout",
        "set_language",
        "healthz",
        "readyz",
        # Routed on a development machine only.
        "devmail_list",
        "devmail_detail",
        "devmail_code_list",
    }
)


class SecondFactorRequired:
    """Until this session has passed a second factor, an official can do one thing: pass it, or set it up.

    The session itself remembers, so a page costs no query for it; and a session begun before the factor was set up
    (by somebody with access to the mailbox alone, say) does not become a trusted one by that.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not needs_second_factor(request.user) or request.resolver_match.url_name in OPEN_WITHOUT_SECOND_FACTOR:
            return None
        if has_passed_second_factor(request):
            return None
        if request.method not in {"GET", "HEAD"} or request.path.startswith("/api/"):
            raise PermissionDenied(_("先に2段階認証を済ませてください。"))
        if is_mfa_enabled(request.user):
            return HttpResponseRedirect(
                f"{reverse('mfa_reauthenticate')}?{urlencode({'next': request.get_full_path()})}"
            )
        return HttpResponseRedirect(reverse("mfa_index"))


def has_passed_second_factor(request) -> bool:
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


def remember_new_factor(request, user, **signal):
    """Receiver of allauth's ``authenticator_added``: whoever sets a factor up has just shown that they hold it."""
    record_authentication(request, user, "mfa", reauthenticated=True)
