"""What a reader tells of the body they buy for, and the operator of words."""

from django.utils.translation import gettext_lazy as _

from marketplace.accounts.enums import Role
from marketplace.accounts.permissions import agencies_of
from marketplace.forms import Form, NumberField, TextAreaField

from .pricing import Size


class SizeForm(Form):
    """The reader's own size: what the calculator multiplies by."""

    users = NumberField(label=_("利用者数"), min_value=1, max_value=10_000_000, required=False, unit=_("人"))
    residents = NumberField(label=_("住民数"), min_value=1, max_value=200_000_000, required=False, unit=_("人"))
    years = NumberField(label=_("年数"), min_value=1, max_value=10, required=False, unit=_("年"))

    @classmethod
    def of_reader(cls, params, user) -> "SizeForm":
        """The form as the URL fills it or, where the URL says nothing of size, with the reader's own agency's."""
        agency = next(iter(agencies_of(user, Role.BUYER, Role.OFFICER)), None)
        own = {"users": agency.staff, "residents": agency.population} if agency else {}
        if any(name in params for name in cls.base_fields):
            form = cls({name: params.get(name, "") for name in cls.base_fields})
            form.is_refused = agency is not None and not form.tells_size
        else:
            form = cls({name: number or "" for name, number in own.items()} if agency else None)
            form.is_filled_in = any(own.values())
        if any(own.values()) and all(form.told.get(name) == (number or None) for name, number in own.items()):
            form.agency = agency
        return form

    agency = None
    """Whose registered size it is, if any's."""
    is_filled_in = False
    """Whether the size is known from the reader alone: an address without it shows others another one."""
    is_refused = False
    """Whether an agency's reader emptied the fields: they want the reference size."""

    @property
    def told(self) -> dict[str, int]:
        """What was told, and sensibly."""
        self.is_valid()
        return {name: value for name, value in getattr(self, "cleaned_data", {}).items() if value}

    @property
    def tells_size(self) -> bool:
        return "users" in self.told or "residents" in self.told

    def size_or(self, reference: Size) -> tuple[Size, int]:
        """The size and years told; what was not told, or not sensibly, is the reference's, and one year."""
        told = self.told
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


class SynonymForm(Form):
    """Words that find each other, separated by commas or line breaks."""

    words = TextAreaField(
        label=_("同じ意味の語"),
        max_length=1000,
        help_text=_(
            "2語以上を、読点、カンマまたは改行で区切って入力してください。どの語で検索しても、すべての語で探します。"
        ),
    )
