"""Sign-in and accounts. The names without a namespace are those django-allauth looks up; its password pages have no URL."""

from allauth.account import views as account
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

from . import views

pages = [
    path("account/", views.profile, name="profile"),
    path("account/limits/", views.limits, name="limits"),
    path("account/access-requests/", views.access_request_create, name="access_request_create"),
    path("operator/access-requests/", views.access_request_list, name="access_request_list"),
    *(
        path(
            f"operator/access-requests/<str:user_reference>/<str:agency_reference>/{decision}/",
            views.access_request_decide,
            {"decision": decision},
            name=f"access_request_{decision}",
        )
        for decision in ("approve", "refuse")
    ),
    path("operator/agencies/", views.agency_list, name="agency_list"),
    path("operator/agencies/<str:reference>/", views.agency_detail, name="agency_detail"),
    path("operator/agencies/<str:reference>/domains/<str:domain>/remove/", views.domain_remove, name="domain_remove"),
]

urlpatterns = [
    path("", include((pages, "accounts"))),
    path("sign-in/", views.sign_in, name="account_login"),
    path("sign-in/gbizid/", views.gbizid_start, name="gbizid_start"),
    path("sign-in/gbizid/callback/", views.gbizid_callback, name="gbizid_callback"),
    path("sign-in/email/", account.request_login_code, name="account_request_login_code"),
    path("sign-in/email/code/", account.confirm_login_code, name="account_confirm_login_code"),
    path("sign-in/inactive/", account.account_inactive, name="account_inactive"),
    path("sign-up/", account.signup, name="account_signup"),
    path("sign-up/code/", account.email_verification_sent, name="account_email_verification_sent"),
    path("sign-out/", login_not_required(account.logout), name="account_logout"),
    # The address is the account: it is not changed here. The library only wants somewhere to go back to.
    path("account/email/", RedirectView.as_view(pattern_name="accounts:profile"), name="account_email"),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
]
