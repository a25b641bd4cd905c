"""GビズID's paths: no trailing slash, and the key set only where discovery says it is."""

from django.urls import include, path
from oauth2_provider import views

from .views import ChooseAccount, Discovery, welcome

oauth = [
    path("authorize", ChooseAccount.as_view(), name="authorize"),
    path("token", views.TokenView.as_view(), name="token"),
    path("userinfo", views.UserInfoView.as_view(), name="user-info"),
    path("keys", views.JwksInfoView.as_view(), name="jwks-info"),
    path(
        ".well-known/openid-configuration",
        Discovery.as_view(),
        name="oidc-connect-discovery-info",
    ),
]

urlpatterns = [
    path("", welcome),
    path("oauth/", include((oauth, "oauth2_provider"))),
]
