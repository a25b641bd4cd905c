"""The home page's key figures: what the marketplace holds today."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Offer, Software

from .models import Award


def key_figures() -> list[tuple]:
    """Triples (label, value, unit), in three queries."""
    offers = Offer.objects.listed().filter(software__status="listed")
    return [
        (_("掲載中のソフトウェア"), Software.objects.listed().count(), _("件")),
        (pgettext("figures", "販売事業者"), offers.values("seller").distinct().count(), _("者")),
        (_("公表された調達の結果"), Award.objects.exclude(published_at=None).count(), _("件")),
    ]
