from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CompaniesConfig(AppConfig):
    name = "marketplace.companies"
    verbose_name = _("事業者")
