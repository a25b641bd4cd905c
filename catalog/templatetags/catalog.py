from django import template
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from catalog import wording
from catalog.price_wording import PROBLEMS, QUANTITIES

register = template.Library()


@register.filter
def in_words(value, field):
    """``{{ value|in_words:field }}``: a content value with its codes as labels."""
    return wording.in_words(field, value)


@register.filter
def iso_day(text):
    """``{{ "2027-12-31"|iso_day }}``: a date of the content as people write it."""
    return wording.day(text) if text else ""


@register.filter
def problem(item):
    """Why an item of an estimate could not be priced."""
    return PROBLEMS[item.problem] if item.problem else ""


@register.filter
def quantity_name(item):
    return QUANTITIES[item.needs]


@register.filter
def grouped_number(number):
    """`{{ 52000|grouped_number }}` → 52,000."""
    return "" if number is None else f"{number:,}"


@register.filter
def marked(segments):
    """``{{ segments|marked }}``: what ``search.highlight`` found, as text with <mark>. Everything is escaped."""
    return format_html_join(
        "", "{}", ((format_html("<mark>{}</mark>", text) if found else text,) for text, found in segments)
    )


@register.simple_tag
def facet_choices(facet):
    """The check boxes of one facet. Written here and not in a template: a page has a hundred of them."""
    unit = _("件")
    return format_html_join(
        "\n",
        '<div class="choice{}{}"><input type="checkbox" id="{}-{}" name="{}" value="{}"{}><label for="{}-{}">{}</label>'
        '<span class="choice__count">{}<span class="visually-hidden">{}</span></span></div>',
        (
            (
                " choice--child" if option["depth"] else "",
                "" if option["count"] else " choice--none",
                facet["name"],
                number,
                facet["name"],
                option["value"],
                " checked" if option["checked"] else "",
                facet["name"],
                number,
                option["label"],
                option["count"],
                unit,
            )
            for number, option in enumerate(facet["options"], start=1)
        ),
    )
