"""An authenticator app as a page, for the demonstration: a newcomer tries the officials' way in without a telephone.

Only the development settings route it, and only there can it read the secrets: they are sealed with this machine's key.
"""

import time

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@login_not_required
@never_cache
@require_safe
def code_list(request):
    counter, elapsed = divmod(int(time.time()), app_settings.TOTP_PERIOD)
    apps = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__is_active=True).select_related("user")
    codes = [
        (app.user, format_hotp_value(hotp_value(decrypt(app.data["secret"]), counter)))
        for app in apps.order_by("user__email", "pk")
    ]
    return render(
        request, "devmail/code_list.html", {"codes": codes, "seconds_left": app_settings.TOTP_PERIOD - elapsed}
    )
