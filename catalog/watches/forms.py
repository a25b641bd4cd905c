from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.enums import Role
from marketplace.accounts.permissions import agencies_of
from marketplace.forms import Form, TextAreaField

from .enums import Frequency


class SavedSearchForm(Form):
    """Name, note, how often to tell, and who else sees it."""

    name = forms.CharField(label=_("名前"), max_length=100)
    note = TextAreaField(label=_("メモ"), max_length=500, required=False)
    frequency = forms.ChoiceField(
        label=_("新着を知らせる頻度"),
        choices=Frequency,
        widget=forms.RadioSelect,
        help_text=_("新しく合致したとき、価格が変わったとき、掲載が止まったときに知らせます。"),
    )
    agency = forms.ChoiceField(label=_("共有"), widget=forms.RadioSelect, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.agencies = {agency.reference: agency for agency in agencies_of(user, Role.BUYER, Role.OFFICER)}
        if self.agencies:
            shared = [
                (reference, _("%(name)sの購買担当と契約担当官") % {"name": a.name})
                for reference, a in self.agencies.items()
            ]
            self.fields["agency"].choices = [("", _("自分だけ")), *shared]
        else:
            del self.fields["agency"]

    def answers(self) -> dict:
        """What was filled in, as the actions take it."""
        told = self.cleaned_data
        return {
            "name": told["name"],
            "note": told["note"],
            "frequency": told["frequency"],
            "agency": self.agencies.get(told.get("agency") or ""),
        }
