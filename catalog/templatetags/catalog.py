from django import template

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
