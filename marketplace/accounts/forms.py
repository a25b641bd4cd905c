"""Forms of sign-in and access. Those of the library are restyled here; what they check is the library's."""

import unicodedata

from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from marketplace.forms import Form

from . import actions
from .enums import AGENCY_ROLES, Role
from .models import Agency


def _address_field():
    return forms.EmailField(
        label=_("メールアドレス"),
        help_text=_("行政機関または運営のメールアドレスを入力してください。"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": _("メールアドレスの形が正しくありません。例：taro@city.example.jp")},
    )


class _Code(forms.CharField):
    """A code as people type it: full-width digits and blanks are welcome."""

    def __init__(self, *, label, help_text=""):
        widget = forms.TextInput(
            attrs={"class": "code-input", "inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        )
        super().__init__(label=label, help_text=help_text, max_length=40, widget=widget)

    def to_python(self, value):
        return unicodedata.normalize("NFKC", super().to_python(value)).replace(" ", "")


class RequestCodeForm(Form, account.RequestLoginCodeForm):
    email = _address_field()

    def clean_email(self):
        self.cleaned_data["email"] = self.cleaned_data["email"].lower()
        address = super().clean_email()
        if self._user is not None and self._user.email == address:
            actions.remember_address(self._user)
        return address


class ConfirmCodeForm(Form, account.ConfirmLoginCodeForm):
    code = _Code(label=_("確認コード"), help_text=_("メールに記載された8桁の数字"))


class ConfirmAddressForm(Form, account.ConfirmEmailVerificationCodeForm):
    code = _Code(label=_("確認コード"), help_text=_("メールに記載された8桁の数字"))


class SignUpForm(Form, account.SignupForm):
    """An official introduces themselves; nothing but the mailbox is believed, and it grants nothing by itself."""

    name = forms.CharField(label=_("氏名"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = _address_field()
    field_order = ("name", "email")


class SecondFactorForm(Form, second_factor.AuthenticateForm):
    code = _Code(label=_("認証コード"), help_text=_("認証アプリの6桁の数字、または予備コード"))


class ConfirmIdentityForm(Form, second_factor.ReauthenticateForm):
    code = _Code(label=_("認証コード"), help_text=_("認証アプリの6桁の数字、または予備コード"))


class ActivateTotpForm(Form, totp.ActivateTOTPForm):
    code = _Code(label=_("認証コード"), help_text=_("認証アプリに表示された6桁の数字"))


class AddPasskeyForm(Form, webauthn.AddWebAuthnForm):
    name = forms.CharField(label=_("名前"), required=False, max_length=100, help_text=_("例：業務用パソコン"))


class EditPasskeyForm(Form, webauthn.EditWebAuthnForm):
    name = forms.CharField(label=_("名前"), max_length=100)


class RequestAccessForm(Form):
    agency = forms.ModelChoiceField(
        label=_("行政機関"),
        queryset=Agency.objects.order_by("name_kana", "pk"),
        empty_label=_("選んでください"),
        help_text=_("所属する行政機関を選んでください。運営が所属を確認します。"),
    )


class ApproveAccessForm(Form):
    role = forms.ChoiceField(
        label=_("役割"), choices=[(role.value, role.label) for role in AGENCY_ROLES], initial=Role.BUYER
    )

    def clean_role(self):
        return Role(self.cleaned_data["role"])


class _Domain(forms.CharField):
    def to_python(self, value):
        return unicodedata.normalize("NFKC", super().to_python(value)).lower().removeprefix("@")


class DomainForm(Form):
    domain = _Domain(
        label=_("メールドメイン"),
        max_length=253,
        help_text=_("例：city.example.jp（@より後ろの部分）"),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "autocapitalize": "none"}),
        validators=[
            RegexValidator(
                r"^(?!-)([a-z0-9-]{1,63}(?<!-)\.)+[a-z]{2,63}$",
                message=_("ドメインの形が正しくありません。例：city.example.jp"),
            )
        ],
    )
