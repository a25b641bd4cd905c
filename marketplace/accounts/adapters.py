"""Our answers to the questions django-allauth asks."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from . import actions


class OfficialsAdapter(DefaultAccountAdapter):
    """Sign-in by e-mail: officials only."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("このアカウントは停止されています。"),
        "incorrect_code": _("確認コードが正しくありません。メールの数字をもう一度ご確認ください。"),
        "too_many_login_attempts": _(
            "入力の間違いまたは送信の回数が上限に達しました。しばらく待ってから、もう一度お試しください。"
        ),
        "rate_limited": _("操作の回数が上限に達しました。しばらく待ってから、もう一度お試しください。"),
        "email_taken": _("このメールアドレスは、すでに登録されています。"),
    }

    def save_user(self, request, user, form, commit=True):
        user.name = form.cleaned_data["name"]
        return super().save_user(request, user, form, commit)

    def send_account_already_exists_mail(self, email):
        # The library's own would point to a password reset; there are no passwords.
        sign_in_url = self.request.build_absolute_uri(reverse("account_request_login_code"))
        self.send_mail("account/email/account_already_exists", email, {"sign_in_url": sign_in_url})

    def pre_login(self, request, user, **details):
        if not user.email:
            # GビズID is a vendor's only way in, whatever address is on record for letters.
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **details)

    def post_login(self, request, user, **details):
        actions.admit_official(user, method="email_code")
        return super().post_login(request, user, **details)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _(
            "2段階認証は必須のため、最後の認証手段は削除できません。別の手段を追加してから削除してください。"
        ),
        "cannot_generate_recovery_codes": _("先に、認証アプリまたはパスキーを設定してください。"),
        "incorrect_code": _("認証コードが正しくありません。最新の数字を入力してください。"),
        "unverified_email": _("先に、メールアドレスの確認を済ませてください。"),
    }

    def encrypt(self, text):
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text):
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator):
        return (
            Authenticator.objects.filter(user=authenticator.user)
            .exclude(pk=authenticator.pk)
            .exclude(type=Authenticator.Type.RECOVERY_CODES)
            .exists()
        )

    def generate_authenticator_name(self, user, type):
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("パスキー%(number)d") % {"number": number}


def _cipher():
    """Secrets of the second factor are unreadable in a stolen database. The first key seals, all of them open."""
    return MultiFernet([Fernet(key) for key in settings.SEALING_KEYS])
