from django import template

from marketplace.companies.wording import share_text

register = template.Library()


@register.filter
def share(fraction):
    """``{{ holding.share|share }}``: a part of the shares as people read it, 33.4％ or 1/3（約33.33％）."""
    return share_text(fraction)
