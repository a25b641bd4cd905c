import re

from django import template

from catalog.enums import AttachmentKind

register = template.Library()


@register.filter
def control_id(path):
    """Where the form asks for ``path`` of the content: ``price_lines[1].item`` → ``id_price_lines-1-item``."""
    return "id_" + re.sub(r"\[(\d+)\]\.?", r"-\1-", path).rstrip("-")


@register.filter
def attachment_kind(value):
    return AttachmentKind(value).label
