from http import HTTPStatus

import structlog
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.workflow import RuleViolation

from . import actions, gbizid, permissions
from .enums import AccessRequestStatus
from .forms import ApproveAccessForm, DomainForm, RequestAccessForm, RequestCodeForm
from .gbizid import Failure, SignInFailed
from .models import AccessRequest, Agency, AgencyDomain

logger = structlog.get_logger(__name__)

NEXT_SESSION_KEY = "gbizid_next"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@never_cache
@require_safe
def sign_in(request):
    """Who are you: a vendor, or somebody of a public body? Each has one way in."""
    destination = _safe_next(request, request.GET.get("next"))
    if request.user.is_authenticated:
        return redirect(destination or "accounts:profile")
    return render(request, "accounts/sign_in.html", {"form": RequestCodeForm(), "next": destination})


@login_not_required
@never_cache
@require_POST
def gbizid_start(request):
    request.session[NEXT_SESSION_KEY] = _safe_next(request, request.POST.get("next"))
    try:
        return gbizid.begin(request, again="again" in request.POST)
    except SignInFailed as error:
        return _failed(request, error)


@login_not_required
@never_cache
@require_safe
def gbizid_callback(request):
    """Where GビズID sends the person back to. A GET by the protocol; the state parameter is what a CSRF token is elsewhere."""
    try:
        account = actions.admit_vendor(gbizid.finish(request))
    except SignInFailed as error:
        return _failed(request, error)
    destination = request.session.pop(NEXT_SESSION_KEY, "")
    login(request, account.user, backend=BACKEND)  # gives the session a new key
    UserSession.objects.create_from_request(request)
    if not permissions.may_bind_company(account):
        return redirect("accounts:limits")
    return redirect(destination or resolve_url("accounts:profile"))


_STATUS = {
    Failure.CANCELLED: HTTPStatus.OK,
    Failure.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    Failure.REFUSED: HTTPStatus.BAD_GATEWAY,
    Failure.NO_COMPANY: HTTPStatus.FORBIDDEN,
    Failure.COMPANY_HAS_MEMBERS: HTTPStatus.FORBIDDEN,
    Failure.COMPANY_CHANGED: HTTPStatus.FORBIDDEN,
    Failure.INACTIVE: HTTPStatus.FORBIDDEN,
}


def _failed(request, error):
    logger.warning("gbizid_sign_in_failed", code=error.failure.value, detail=error.detail)
    return render(
        request,
        "accounts/sign_in_failed.html",
        {"failure": error.failure.value, "next": request.session.get(NEXT_SESSION_KEY, "")},
        status=_STATUS.get(error.failure, HTTPStatus.BAD_REQUEST),
    )


def _safe_next(request, url):
    allowed = url and url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if allowed else ""


@require_safe
def profile(request):
    """Who am I here, for whom do I act, and what is still missing."""
    return _profile(request, RequestAccessForm())


def _profile(request, form, status=HTTPStatus.OK):
    user = request.user
    pending = user.access_requests.filter(status=AccessRequestStatus.PENDING).select_related("agency").order_by("pk")
    return render(
        request,
        "accounts/profile.html",
        {
            "gbiz_account": getattr(user, "gbiz_account", None),
            "memberships": user.active_memberships,
            "pending_requests": pending if user.email else [],
            "form": form if user.email else None,
        },
        status=status,
    )


@require_safe
def limits(request):
    """What an エントリー account, or a メンバー without mandate, may do here and how to get further."""
    account = getattr(request.user, "gbiz_account", None)
    if account is None or permissions.may_bind_company(account):
        return redirect("accounts:profile")
    return render(request, "accounts/limits.html", {"gbiz_account": account})


@require_POST
def access_request_create(request):
    form = RequestAccessForm(request.POST)
    if not form.is_valid():
        return _profile(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    actions.request_access(form.cleaned_data["agency"], by=request.user)
    messages.success(request, _("利用を申請しました。運営が確認し、結果をメールでお知らせします。"))
    return redirect("accounts:profile")


@require_safe
def access_request_list(request):
    permissions.check_can_operate(request.user)
    pending = AccessRequest.objects.filter(status=AccessRequestStatus.PENDING).select_related("user", "agency")
    return render(
        request,
        "accounts/access_request_list.html",
        {
            "requests": pending.order_by("requested_at", "pk"),
            "form": ApproveAccessForm(auto_id=False),
        },
    )


@require_POST
def access_request_decide(request, user_reference, agency_reference, decision):
    permissions.check_can_operate(request.user)
    requests = AccessRequest.objects.filter(user__reference=user_reference, agency__reference=agency_reference)
    access_request = requests.order_by("-pk").first()
    if access_request is None:
        raise Http404
    try:
        if decision == "refuse":
            actions.refuse_access(access_request, by=request.user)
            messages.success(request, _("申請を不承認にしました。"))
        else:
            form = ApproveAccessForm(request.POST)
            if not form.is_valid():
                raise RuleViolation(_("役割を選んでください。"))
            actions.approve_access(access_request, role=form.cleaned_data["role"], by=request.user)
            messages.success(request, _("申請を承認しました。"))
    except RuleViolation as error:
        messages.error(request, error)
    return redirect("accounts:access_request_list")


@require_safe
def agency_list(request):
    permissions.check_can_operate(request.user)
    agencies = Agency.objects.order_by("name_kana", "pk").prefetch_related(
        Prefetch("domains", AgencyDomain.objects.order_by("domain"))
    )
    return render(request, "accounts/agency_list.html", {"agencies": agencies})


def agency_detail(request, reference):
    """The mail domains of one agency; POST adds one."""
    permissions.check_can_operate(request.user)
    agency = get_object_or_404(Agency, reference=reference)
    form = DomainForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_domain(agency, form.cleaned_data["domain"], by=request.user)
        except RuleViolation as error:
            form.add_error("domain", str(error))
        else:
            messages.success(request, _("%(domain)s を登録しました。") % {"domain": added})
            return redirect("accounts:agency_detail", reference=agency.reference)
    return render(
        request,
        "accounts/agency_detail.html",
        {"agency": agency, "domains": agency.domains.order_by("domain"), "form": form},
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK,
    )


@require_POST
def domain_remove(request, reference, domain):
    permissions.check_can_operate(request.user)
    agency_domain = get_object_or_404(
        AgencyDomain.objects.select_related("agency"), agency__reference=reference, domain=domain
    )
    actions.remove_domain(agency_domain, by=request.user)
    messages.success(request, _("%(domain)s を削除しました。") % {"domain": domain})
    return redirect("accounts:agency_detail", reference=reference)
