from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "marketplace.accounts"
    verbose_name = _("利用者と所属")

    def ready(self):
        from allauth.mfa.signals import authenticator_added

        from .middleware import remember_new_factor

        authenticator_added.connect(remember_new_factor)
