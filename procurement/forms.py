from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts import permissions as people
from marketplace.accounts.enums import Role
from marketplace.forms import DateField, Form, ModelForm, NumberField, TextAreaField, YenField

from .models import Procurement


class ProcurementForm(ModelForm):
    """Need, budget and term. The agency is asked only from people who buy for several."""

    budget_yen = YenField(label=_("予算額（円・税込・総額）"), min_value=1, help_text=_("利用期間全体の金額です。"))
    term_from = DateField(label=_("利用開始予定日"))
    term_to = DateField(label=_("利用終了予定日"))
    users = NumberField(label=_("利用者数"), min_value=1, help_text=_("価格の計算に使います。"))
    residents = NumberField(
        label=_("対象住民数"),
        min_value=1,
        required=False,
        help_text=_("住民数で価格が決まる製品を比べるときに使います。"),
    )
    agency = forms.ModelChoiceField(label=_("調達機関"), queryset=None)

    fieldsets = [
        (_("何を調達するか"), ["agency", "title", "purpose", "kind"]),
        (_("予算と期間"), ["budget_yen", "term_from", "term_to"]),
        (_("規模"), ["users", "residents"]),
    ]

    class Meta:
        model = Procurement
        fields = ["agency", "title", "purpose", "kind", "budget_yen", "term_from", "term_to", "users", "residents"]
        widgets = {"purpose": forms.Textarea(attrs={"rows": 5})}

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        agencies = people.agencies_of(by, Role.BUYER, Role.OFFICER)
        field = self.fields["agency"]
        field.queryset = (
            type(agencies[0]).objects.filter(pk__in=[agency.pk for agency in agencies]) if agencies else None
        )
        if self.instance.pk or len(agencies) == 1:
            # Nothing to choose; and a procurement never changes hands.
            del self.fields["agency"]

    def clean(self):
        cleaned = super().clean()
        start, end = cleaned.get("term_from"), cleaned.get("term_to")
        if start and end and end < start:
            self.add_error("term_to", _("利用終了予定日は利用開始予定日以後にしてください。"))
        return cleaned


class DropForm(Form):
    reason = forms.CharField(label=_("除外する理由"), max_length=500, widget=forms.TextInput)


class LockForm(Form):
    confirmed = forms.CharField(widget=forms.HiddenInput)
    note = TextAreaField(
        label=_("選定の考え方"),
        required=False,
        max_length=2000,
        help_text=_("候補全体についての説明です。選定記録に載ります。"),
    )


class ReasonForm(Form):
    reason = TextAreaField(label=_("理由"), max_length=1000)


class EndForm(ReasonForm):
    """Why, and which of the two ends."""

    target = forms.ChoiceField(
        label=_("終わり方"),
        choices=[("none_suitable", _("該当なし：条件に合う候補がなかった")), ("cancelled", _("中止：調達をやめる"))],
        widget=forms.RadioSelect,
    )

    field_order = ["target", "reason"]
