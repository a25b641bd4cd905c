from django.utils.translation import gettext_lazy as _

from marketplace.forms import Form, NumberField

from .pricing import Size


class SizeForm(Form):
    """The reader's own size: what the calculator multiplies by."""

    users = NumberField(label=_("利用者数"), min_value=1, max_value=10_000_000, required=False)
    residents = NumberField(label=_("住民数"), min_value=1, max_value=200_000_000, required=False)
    years = NumberField(label=_("年数"), min_value=1, max_value=10, required=False)

    def size_or(self, reference: Size) -> tuple[Size, int]:
        """The size and years told; what was not told, or not sensibly, is the reference's, and one year."""
        self.is_valid()
        told = getattr(self, "cleaned_data", {})  # absent when nothing was told; without the fields that have errors
        return (
            Size(
                organizations=reference.organizations,
                users=told.get("users") or reference.users,
                residents=told.get("residents") or reference.residents,
                devices=told.get("users") or reference.devices,
                cases_per_year=reference.cases_per_year,
                gigabytes=reference.gigabytes,
                gigabytes_per_year=reference.gigabytes_per_year,
            ),
            told.get("years") or 1,
        )
