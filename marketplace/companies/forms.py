"""What a company's administrator declares about it. A blank field declares nothing; 0 and "nobody" are answers."""

import unicodedata
from fractions import Fraction

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from marketplace import clock
from marketplace.forms import DateField, Form, NumberField, YenField

from .enums import EntityKind, HolderSize, JsicRevision
from .rules import Holding, Officer, corporate_number_is_valid
from .wording import share_text

ROWS_AT_MOST = 60
TRI_STATE = [("", _("わからない")), ("no", _("ない")), ("yes", _("ある"))]
TOLD = [("", _("申告しない")), ("none", _("いない")), ("some", _("下の欄のとおり"))]


class ShareField(forms.CharField):
    """A part of all shares, exact: "1/3", or a percentage such as 33.4. The value is a Fraction from 0 to 1."""

    unit = _("％")

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value):
        text = unicodedata.normalize("NFKC", super().to_python(value)).replace(" ", "").removesuffix("%")
        if not text:
            return None
        try:
            share = Fraction(text) if "/" in text else Fraction(text) / 100
        except (ValueError, ZeroDivisionError):
            share = None
        if share is None or not 0 <= share <= 1:
            raise ValidationError(_("持ち分を、33.4（％）または 1/3 のように入力してください。"), code="invalid")
        return share

    def prepare_value(self, value):
        """A fraction that is no round percentage stays a fraction."""
        if not isinstance(value, Fraction):
            return value
        text = share_text(value)
        return str(value) if "/" in text else text.removesuffix("％")


class FactForm(Form):
    as_of = DateField(label=_("基準日"), help_text=_("この日の時点で正しいことを申告します。"))
    evidence = forms.CharField(
        label=_("根拠"), max_length=300, required=False, help_text=_("例：2026年6月の決算書、履歴事項全部証明書")
    )
    entity_kind = forms.ChoiceField(label=_("法人の種類"), choices=[("", "—"), *EntityKind.choices], required=False)
    established_on = DateField(label=_("設立年月日（開業日）"), required=False)
    capital_yen = YenField(label=_("資本金（出資の総額）"), min_value=0, max_value=10**15, required=False)
    employees = NumberField(
        label=_("常時使用する従業員の数"),
        unit=_("人"),
        min_value=0,
        max_value=10**7,
        required=False,
        help_text=_("役員と個人事業主は含めません。"),
    )
    jsic_code = forms.RegexField(
        label=_("主たる事業の産業分類"),
        regex="^[0-9]{2,4}$",
        required=False,
        help_text=_("日本標準産業分類の2〜4桁の番号。3桁以上だと判定できることが増えます。例：391"),
        error_messages={"invalid": _("2〜4桁の数字で入力してください。")},
    )
    jsic_revision = forms.ChoiceField(
        label=_("産業分類の改定"), choices=[("", "—"), *JsicRevision.choices], required=False
    )
    shareholders = forms.ChoiceField(label=_("株主・出資者"), choices=TOLD, required=False)
    officers = forms.ChoiceField(label=_("役員"), choices=TOLD, required=False)

    fieldsets = (
        (_("いつの、何にもとづく申告か"), ("as_of", "evidence")),
        (
            _("会社の基本"),
            ("entity_kind", "established_on", "capital_yen", "employees", "jsic_code", "jsic_revision"),
        ),
    )

    def clean_as_of(self):
        if self.cleaned_data["as_of"] > clock.today():
            raise ValidationError(_("基準日は今日までの日付にしてください。"))
        return self.cleaned_data["as_of"]

    def clean(self):
        told = super().clean()
        if told.get("jsic_code") and not told.get("jsic_revision"):
            self.add_error("jsic_revision", _("番号がどの改定のものかを選んでください。"))
        return told


class HoldingForm(Form):
    name = forms.CharField(label=_("氏名・名称"), max_length=200)
    share = ShareField(label=_("持ち分"))
    size = forms.ChoiceField(label=_("企業規模"), choices=HolderSize.choices, initial=HolderSize.UNKNOWN)
    corporate_number = forms.CharField(label=_("法人番号"), max_length=13, required=False)
    foreign = forms.BooleanField(label=_("外国の法人・個人"), required=False)

    def clean_corporate_number(self):
        number = unicodedata.normalize("NFKC", self.cleaned_data["corporate_number"])
        if number and not corporate_number_is_valid(number):
            raise ValidationError(_("法人番号を確かめてください（13桁の数字で、検査用の数字が合いません）。"))
        return number or None

    def as_fact(self) -> dict:
        names = ("name", "share", "size", "corporate_number", "foreign")
        return Holding(**{name: self.cleaned_data[name] for name in names}).as_dict()


class OfficerForm(Form):
    name = forms.CharField(label=_("氏名"), max_length=100)
    at_large = forms.ChoiceField(label=_("大企業との兼務"), choices=TRI_STATE, required=False)
    at_deemed_large_sme = forms.ChoiceField(
        label=_("大企業の支配を受ける中小企業との兼務"), choices=TRI_STATE, required=False
    )

    def as_fact(self) -> dict:
        posts = {
            name: {"yes": True, "no": False}.get(self.cleaned_data[name])
            for name in ("at_large", "at_deemed_large_sme")
        }
        return Officer(name=self.cleaned_data["name"], **posts).as_dict()


class _Rows(BaseFormSet):
    """Rows that were filled in. ``required`` by the form above: "as below" needs a row."""

    required = False

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("この行を削除する")
        form.empty_permitted = True
        form.use_required_attribute = False

    def facts(self) -> list[dict]:
        return [
            form.as_fact() for form in self.forms if form.cleaned_data.get("name") and not form.cleaned_data["DELETE"]
        ]

    def clean(self):
        if not any(self.errors) and self.required and not self.facts():
            raise ValidationError(_("1件以上入力するか、「いない」「申告しない」を選んでください。"))


class _Holdings(_Rows):
    def clean(self):
        super().clean()
        if any(self.errors):
            return
        total = sum((Fraction(row["share"]) for row in self.facts()), Fraction(0))
        if total > 1:
            message = _("持ち分の合計が%(total)sになり、100％を超えています。")
            raise ValidationError(message % {"total": share_text(total)})


_ROWS = {"extra": 0, "can_delete": True, "max_num": ROWS_AT_MOST, "absolute_max": ROWS_AT_MOST + 1}
HoldingFormSet = formset_factory(HoldingForm, formset=_Holdings, **_ROWS)
OfficerFormSet = formset_factory(OfficerForm, formset=_Rows, **_ROWS)
