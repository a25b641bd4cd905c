import json

from django.contrib.auth import get_user_model
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.models import update_last_login
from django.http import JsonResponse
from django.shortcuts import render
from oauth2_provider.views import AuthorizationView, ConnectDiscoveryInfoView

from .presets import ACCOUNT_TYPES, accounts


class ChooseAccount(AuthorizationView):
    """The sign-in page: one button an account instead of a password, and one to cancel.

    Nothing is remembered between two visits, so every sign-in shows the page, as ``prompt=login`` would.
    """

    template_name = "gbizid_standin/choose_account.html"

    def dispatch(self, request, *args, **kwargs):
        self.oauth2_data = {}
        # The person becomes known by this very form, so the parent's demand for a session does not apply.
        return super(LoginRequiredMixin, self).dispatch(request, *args, **kwargs)

    def get(self, request, *args, **kwargs):
        request.GET = request.GET.copy()
        request.GET.pop("prompt", None)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            accounts=[
                account | {"type_label": ACCOUNT_TYPES[account["account_type"]]} for account in accounts().values()
            ],
            **kwargs,
        )

    def form_valid(self, form):
        subject = self.request.POST.get("account")
        if subject in accounts():
            user, _ = get_user_model().objects.get_or_create(username=subject)
            update_last_login(None, user)  # becomes auth_time
            self.request.user = user
            form.cleaned_data["allow"] = True
        else:
            form.cleaned_data["allow"] = False  # becomes access_denied
        return super().form_valid(form)


class Discovery(ConnectDiscoveryInfoView):
    """Announces what GビズID announces; the toolkit would add HS256, which we never sign with."""

    def get(self, request, *args, **kwargs):
        response = super().get(request, *args, **kwargs)
        announced = json.loads(response.content) | {"id_token_signing_alg_values_supported": ["RS256"]}
        return JsonResponse(announced)


def welcome(request):
    return render(request, "gbizid_standin/welcome.html")
