from functools import lru_cache
from html import escape

from django import template
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog import wording
from catalog.price_wording import PROBLEMS, QUANTITIES
from catalog.search.facets import BY_NAME
from catalog.search.highlight import segments

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
def quoted_words(words):
    """``{{ words|quoted_words }}``: 「勤怠」「管理」."""
    return "".join(_("「%(word)s」") % {"word": word} for word in words)


@register.filter
def marked(pieces):
    """``{{ segments|marked }}``: what ``search.highlight`` found, as text with <mark>. Everything is escaped."""
    return mark_safe(_marked(pieces))  # noqa: S308 - escaped piece by piece


@register.filter
def marked_by(text, terms):
    """``{{ name|marked_by:found.terms }}``: a text with the canonical ``terms`` found in it marked."""
    return marked(segments(text, terms))


def _marked(pieces) -> str:
    return "".join(f"<mark>{escape(text)}</mark>" if found else escape(text) for text, found in pieces)


# A page of results has a hundred check boxes and twenty cards. Written in a template, they alone would take longer than
# finding what they show; so they are written here, where everything that comes from people passes `escape`.


@register.simple_tag
def facet_choices(facet):
    """The check boxes of one facet (``search.page.Facet``) with their counts."""
    labels = tuple(choice.label if isinstance(choice.label, str) else None for choice in facet.choices)
    boxes = _boxes(facet.name, tuple((c.value, c.depth) for c in facet.choices), labels, get_language())
    return mark_safe(  # noqa: S308 - the boxes are escaped, the rest are numbers
        "\n".join(
            f"{start}{'' if choice.count else ' choice--none'}{box}{' checked' if choice.chosen else ''}{label}"
            f"{choice.count if facet.is_exact else wording.count_in_words(choice.count, is_exact=False)}{end}"
            for choice, (start, box, label, end) in zip(facet.choices, boxes, strict=True)
        )
    )


@lru_cache(maxsize=200)
def _boxes(facet: str, values: tuple, labels: tuple, language: str) -> list[tuple[str, str, str, str]]:
    """What a facet's check boxes have in common on every page, as the pieces between what differs.

    ``values``: (value, depth). ``labels``: None for those that are ours and so depend on the language alone.
    """
    unit = escape(_("件"))
    texts = [
        BY_NAME[facet].labels[value] if label is None else label
        for (value, _d), label in zip(values, labels, strict=True)
    ]
    return [
        (
            f'<div class="choice{" choice--child" if depth else ""}',
            f'"><input type="checkbox" id="{facet}-{number}" name="{facet}" value="{escape(value)}"',
            f'><label for="{facet}-{number}">{escape(str(text))}</label><span class="choice__count">',
            f'<span class="visually-hidden">{unit}</span></span></div>',
        )
        for number, ((value, depth), text) in enumerate(zip(values, texts, strict=True), start=1)
    ]


@register.simple_tag
def listing_cards(cards, chosen, is_full, has_size, filters_price, kept_query=""):
    """The cards of a page of results.

    ``chosen``: references of the offers ticked for comparison; ``is_full``: no more can be. ``has_size``: prices are at
    the reader's size. ``filters_price``: the reference price was asked for, so it is shown as well. ``kept_query``: what a
    listing's address must say for the choice not to be lost.
    """
    words = {
        "startup": f'<span class="badge badge--purple">{escape(_("スタートアップ"))}</span>',
        "sme": f'<span class="badge badge--cyan">{escape(_("中小企業"))}</span>',
        "price": escape(_("年間価格（自団体の規模、税込）") if has_size else _("年間価格の目安（税込）")),
        "reference": escape(_("標準の規模では")),
        "from": escape(_("から")),
        "unknown": escape(_("計算できません")),
        "sellers": escape(_("販売事業者")),
        "add": escape(_("比較に追加")),
        "colon": escape(_("：")),
        "kept": f"?{escape(kept_query)}" if kept_query else "",
    }
    return mark_safe("".join(_card(card, words, chosen, is_full, has_size and filters_price) for card in cards))  # noqa: S308 - _card escapes


def _card(card, words, chosen, is_full, shows_reference) -> str:
    name, several = escape(card.name), len(card.offers) > 1
    badges = (
        (words["startup"] if card.is_startup else "")
        + (words["sme"] if card.is_sme else "")
        + "".join(f'<span class="badge">{escape(label)}</span>' for label in card.certifications)
    )
    boxes = "".join(
        f'<div class="choice"><input type="checkbox" name="offer" value="{reference}" id="compare-{reference}"'
        f"{' checked' if reference in chosen else ' disabled' if is_full else ''}>"
        f'<label for="compare-{reference}">{words["add"]}'
        + (
            f"{words['colon']}{escape(seller)}"
            if several
            else f'<span class="visually-hidden">{words["colon"]}{name}</span>'
        )
        + "</label></div>"
        for reference, seller in card.offers
    )
    price = words["unknown"] if card.price is None else _yen(card.price) + (words["from"] if several else "")
    if shows_reference and card.reference_price is not None:
        price += f' <span class="small muted">{words["reference"]} {_yen(card.reference_price)}</span>'
    sellers = ngettext("%(n)s者", "%(n)s者", len(card.offers)) % {"n": len(card.offers)}
    group = escape(_("%(name)sを比較に追加") % {"name": card.name})
    return (
        f'<li><article class="card listing-card"><div><h2 class="listing-card__title"><a href="{card.url}{words["kept"]}">'
        f"{_marked(card.name_marked)}</a></h2>"
        + (f'<p class="listing-card__maker">{_marked(card.other_name)}</p>' if card.other_name else "")
        + f'<p class="listing-card__maker">{escape(card.maker)}</p></div>'
        f"<p>{_marked(card.summary)}</p>"
        + (f'<p class="small muted">{_marked(card.snippet)}</p>' if card.snippet else "")
        + (f'<p class="cluster">{badges}</p>' if badges else "")
        + f'<dl class="listing-card__facts"><div><dt>{words["price"]}</dt><dd>{price}</dd></div>'
        f"<div><dt>{words['sellers']}</dt><dd>{escape(sellers)}</dd></div></dl>"
        f'<div class="listing-card__compare" role="group" aria-label="{group}">{boxes}</div></article></li>\n'
    )


def _yen(amount: int) -> str:
    return escape(_("%(amount)s円") % {"amount": f"{amount:,}"})
