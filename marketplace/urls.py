from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from marketplace import health, views
from procurement.figures import key_figures

urlpatterns = [
    path("", views.home, {"figures": key_figures}, name="home"),
    path("about/", views.about, name="about"),
    path("accessibility/", views.accessibility, name="accessibility"),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("", include("marketplace.accounts.urls")),
    path("", include("marketplace.companies.urls")),
    path("", include("marketplace.notifications.urls")),
    path("", include("catalog.urls")),
    path("", include("procurement.urls")),
    path("api/v1/", include("marketplace.api_urls")),
    path("api/schema/", login_not_required(SpectacularAPIView.as_view()), name="api_schema"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler500 = "marketplace.health.server_error"
