"""Moments, deadlines and verdicts as the pages of a tender show them."""

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketplace import clock
from marketplace.companies.rules import Verdict
from marketplace.companies.wording import explain

from .. import scoring
from ..documents.wording import OUTCOMES
from ..evaluation.exact import UNROUNDED_DIGITS
from ..evaluation.vocabulary import Outcome

register = template.Library()


@register.filter
def moment(value):
    """An aware time with its weekday: 2026年12月1日（火）17:00."""
    if value is None:
        return ""
    return date_format(timezone.localtime(value), _("Y年n月j日（D）H:i"))


@register.filter
def remaining(value):
    """How long until ``value``, in the two largest units; a word for what is past."""
    left = value - clock.now()
    if left <= timedelta(0):
        return _("期限を過ぎました")
    days, hours, minutes = left.days, left.seconds // 3600, left.seconds % 3600 // 60
    if days:
        text = ngettext("%(count)d日", "%(count)d日", days) % {"count": days}
        more = ngettext("%(count)d時間", "%(count)d時間", hours) % {"count": hours} if hours else ""
    elif hours:
        text = ngettext("%(count)d時間", "%(count)d時間", hours) % {"count": hours}
        more = ngettext("%(count)d分", "%(count)d分", minutes) % {"count": minutes} if minutes else ""
    else:
        text = ngettext("%(count)d分", "%(count)d分", max(minutes, 1)) % {"count": max(minutes, 1)}
        more = ""
    if more:
        text = _("%(larger)s%(smaller)s") % {"larger": text, "smaller": more}
    return _("あと%(text)s") % {"text": text}


@register.filter
def is_past(value):
    return value is not None and value <= clock.now()


@register.filter
def explained(derivation):
    """A stored derivation in sentences, or None where there is none."""
    return explain(Verdict.from_dict(derivation)) if derivation else None


@register.filter
def get(mapping, key):
    return mapping.get(key) if mapping else None


@register.filter
def points(value):
    """Points as published: no idle zeros of the database, thousands apart; a dash for what was not computed."""
    if value is None or value == "":
        return "―"
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value  # 適合 2/2
    text = value if isinstance(value, str) else scoring.text(value)
    _whole, dot, part = text.partition(".")
    if len(part) == UNROUNDED_DIGITS:
        part = f"{part[:4]}…"  # no rounding was declared: the exact value is in the document
    return f"{number.to_integral_value(ROUND_DOWN):,f}{dot}{part}"


@register.filter
def percent(share):
    """A share of a scale, ``"0.7"``, as 70％."""
    return _("%(percent)s％") % {"percent": scoring.text(Decimal(share) * 100)}


@register.filter
def outcome_words(outcome):
    return OUTCOMES[Outcome(outcome)]
