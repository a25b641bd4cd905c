"""Tags and filters of the component templates (`templates/components/README.md` shows how to use them)."""

from decimal import Decimal

from django import template
from django.forms import BaseForm
from django.forms.formsets import BaseFormSet
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from marketplace.icons import ICONS

register = template.Library()

TONES = {
    "gray": {"draft", "withdrawn", "closed", "expired", "lapsed", "superseded", "none_suitable", "not_awarded"},
    "blue": {"submitted", "checking", "in_review", "searching", "quoting", "tendering", "evaluating", "open", "info"},
    "green": {"approved", "listed", "selected", "awarded", "contracted", "verified", "published", "success", "yes"},
    "yellow": {"returned", "pending", "warning", "investigating", "unknown"},
    "red": {"rejected", "refused", "suspended", "cancelled", "disqualified", "failed", "error"},
}
_TONE_OF = {value: tone for tone, values in TONES.items() for value in values}


@register.simple_tag
def icon(name, label=""):
    """The icon `name` as inline SVG: decoration, unless `label` says what it means."""
    shape = mark_safe(ICONS[name])  # noqa: S308 - a constant of this project
    if label:
        return format_html('<svg class="icon" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>', label, shape)
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>', shape)


@register.filter
def tone(status):
    """The colour of a status value: gray, blue, green, yellow or red. The word beside it carries the meaning."""
    return _TONE_OF.get(str(status), "gray")


@register.filter
def yen(amount):
    """`1234567` → `1,234,567円`. None gives an empty string; zero is an amount."""
    if amount is None or amount == "":
        return ""
    amount = Decimal(amount)
    return _("%(amount)s円") % {"amount": f"{amount:,f}"}


@register.simple_tag
def error_links(forms):
    """All errors of a form, a formset or a list of them, in page order.

    Returns a list of `{"href", "label", "message"}`; `href` is the fragment of the first control of the field.
    """
    links = []
    for form in _flatten(forms):
        if isinstance(form, BaseFormSet):
            links += [
                {"href": f"#{form.prefix}-errors", "label": "", "message": message}
                for message in form.non_form_errors()
            ]
            continue
        links += [
            {"href": f"#{non_field_errors_id(form)}", "label": "", "message": message}
            for message in form.non_field_errors()
        ]
        links += [
            {
                "href": f"#{field.first_control_id}",
                "label": "" if str(field.label) in message else field.label,  # many of our messages name the field
                "message": message,
            }
            for field in form
            for message in field.errors
        ]
    return links


def _flatten(forms):
    """Formsets are followed by their forms, so that the set's own errors come first."""
    if isinstance(forms, BaseForm):
        return [forms]
    if isinstance(forms, BaseFormSet):
        return [forms, *forms.forms]
    return [flat for form in forms if form is not None for flat in _flatten(form)]


@register.filter
def non_field_errors_id(form):
    return f"{form.prefix or 'form'}-errors"


@register.simple_tag(takes_context=True)
def page_links(context, page, query=None):
    """The links to show for a `Page`: `{"previous", "next", "pages"}`, with None for a link there is not.

    `pages` are pairs (number, href), or (None, "") for what is left out. `query`: a QueryDict to keep instead of the address's.
    """
    query = (query or context.request.GET).copy()
    query.pop("page", None)
    kept = f"?{query.urlencode()}&page=" if query else "?page="
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {
        "previous": f"{kept}{page.number - 1}" if page.has_previous() else None,
        "next": f"{kept}{page.number + 1}" if page.has_next() else None,
        "pages": [(None, "") if n == page.paginator.ELLIPSIS else (n, f"{kept}{n}") for n in numbers],
    }


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context, label, field, css_class=""):
    """A column header that sorts: a link to the same page with `ordering=field`, or `-field` when already ascending."""
    ordering = context["request"].GET.get("ordering", "")
    direction = {field: "ascending", f"-{field}": "descending"}.get(ordering, "")
    target = f"-{field}" if direction == "ascending" else field
    query = context["request"].GET.copy()
    query["ordering"] = target
    query.pop("page", None)
    return {"label": label, "direction": direction, "href": f"?{query.urlencode()}", "css_class": css_class}


@register.inclusion_tag("components/bar_chart.html")
def bar_chart(title, rows, unit=""):
    """A horizontal bar chart: a table whose bars are SVG.

    `rows`: pairs (label, value) or triples (label, value, tone), values ≥ 0. The lengths are computed here, in
    thousandths of the longest bar, because a strict content security policy leaves only attributes to carry them.
    """
    rows = [(*row, "")[:3] for row in rows]
    largest = max((value for _label, value, _tone in rows), default=0)
    bars = [
        {"label": label, "value": value, "tone": tone, "length": int(1000 * value / largest) if largest else 0}
        for label, value, tone in rows
    ]
    return {"title": title, "unit": unit, "bars": bars}
