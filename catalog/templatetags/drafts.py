import re

from django import template

from catalog.enums import AttachmentKind
from marketplace.accounts import permissions as people

register = template.Library()


@register.filter
def control_id(path):
    """Where the form asks for ``path`` of the content: ``price_lines[1].item`` → ``id_price_lines-1-item``."""
    return "id_" + re.sub(r"\[(\d+)\]\.?", r"-\1-", path).rstrip("-")


@register.filter
def attachment_kind(value):
    return AttachmentKind(value).label


@register.inclusion_tag("catalog/includes/attachment_links.html")
def attachment_links(software, entries):
    """A listing's documents: a link where a scan found the file clean, its name and state elsewhere."""
    kept = {row.sha256: row for row in software.attachments.all()}
    return {"attachments": [(entry, kept.get(entry["sha256"])) for entry in entries]}


@register.inclusion_tag("catalog/vendor/includes/listing_tools.html", takes_context=True)
def listing_tools(context, software):
    """What a listing's page offers besides reading it: its maker edits, other vendors sell, the operator looks after it."""
    user = context["request"].user
    companies = {company.pk for company in people.companies_of(user)}
    return {
        "software": software,
        "is_own": software.maker_id in companies,
        "may_sell": bool(companies) and software.maker_id not in companies,
        "is_operator": people.can_review(user),
    }
