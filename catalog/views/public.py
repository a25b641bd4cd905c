"""Search, read and compare listings. Open to everybody."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace import clock
from marketplace.companies.facts import badges

from .. import content as fields
from .. import pricing
from ..comparison import comparison
from ..enums import SoftwareStatus
from ..forms import SizeForm
from ..models import Offer, Revision, Software
from ..search.filters import Filters
from ..search.highlight import segments, snippet
from ..search.page import SORTS, SearchTimeout, search
from ..search.source import REFERENCE_SIZE
from ..search.suggest import suggest
from ..wording import category_names, in_words

COMPARED_AT_MOST = 5
LONGEST_QUERY = 200


class FoundPaginator(Paginator):
    """Lets the pagination component draw a page that the search has already cut out."""

    def __init__(self, found):
        super().__init__(range(min(found.total, found.last_number * found.size)), found.size)


@login_not_required
@require_safe
def software_list(request):
    """The search. The URL says everything: words, filters, order, page."""
    query = request.GET.get("q", "")[:LONGEST_QUERY]
    filters = Filters.from_params(request.GET)
    sort = request.GET.get("ordering", "relevance")
    try:
        found = search(query, filters, sort=sort, page=_page_number(request))
    except SearchTimeout:
        context = {"query": query}
        return render(request, "catalog/search_timeout.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
    if found.number > found.last_number:
        raise Http404(_("このページはありません。"))
    context = {
        "query": query,
        "found": found,
        "listings": _listings(found),
        "page": FoundPaginator(found).page(found.number),
        "chips": _chips(query, filters, found),
        "facets": [_facet(facet) for facet in found.facets],
        "sorts": [(value, label, value == found.sort) for value, label in SORTS.items()],
        "unknown": filters.unknown,
        "price_min": filters.price_min,
        "price_max": filters.price_max,
        "correction_url": _search_url(found.did_you_mean, filters) if found.did_you_mean else "",
        "compare_url": reverse("catalog:offer_compare"),
    }
    template = "includes/software_results.html" if request.htmx else "software_list.html"
    return render(request, f"catalog/{template}", context)


@login_not_required
@require_safe
def software_suggest(request):
    """Completions of what was typed so far, as JSON: categories and listings apart."""
    found = suggest(request.GET.get("q", "")[:LONGEST_QUERY])
    return JsonResponse(
        {
            "categories": [
                {"label": each.label, "url": _search_url("", {"category": each.value})} for each in found.categories
            ],
            "listings": [
                {"label": each.label, "url": reverse("catalog:software_detail", args=[each.value])}
                for each in found.listings
            ],
        }
    )


@login_not_required
@require_safe
def software_detail(request, reference):
    """A listing: what it is, who sells it at what price, and the price at the reader's own size."""
    software = get_object_or_404(_software().visible_to(request.user), reference=reference)
    if gone := _gone(request, software):
        return gone
    if software.listed_revision is None:
        raise Http404
    form = SizeForm(request.GET or None)
    size, years = form.size_or(REFERENCE_SIZE)
    today = clock.today()
    content = software.listed_revision.content
    context = {
        "software": software,
        "content": content,
        "groups": grouped(content),
        "offers": [
            {"offer": offer, "estimate": estimate(offer, size, years), "badges": badges(offer.seller, today)}
            for offer in software.listed_offers
        ],
        "form": form,
        "size": size,
        "years": years,
        "maker_badges": badges(software.maker, today),
        "today": today,
    }
    template = "includes/software_offers.html" if request.htmx else "software_detail.html"
    return render(request, f"catalog/{template}", context)


@login_not_required
@require_safe
def revision_detail(request, reference, number):
    """An approved revision of a listing as it stood: what decisions point at."""
    software = get_object_or_404(Software.objects.select_related("maker").visible_to(request.user), reference=reference)
    approved = Revision.objects.approved().filter(software=software, offer=None).select_related("review")
    revision = get_object_or_404(approved, number=number)
    numbers = list(approved.order_by("-number").values_list("number", flat=True))
    context = {
        "software": software,
        "revision": revision,
        "groups": grouped(revision.content),
        "numbers": numbers,
        "is_current": revision.pk == software.listed_revision_id,
    }
    return render(request, "catalog/revision_detail.html", context)


@login_not_required
@require_safe
def offer_compare(request):
    """Up to five software × seller side by side. The URL can be handed to a colleague."""
    references = list(dict.fromkeys(request.GET.getlist("offer")))
    too_many = len(references) > COMPARED_AT_MOST
    rows = {
        offer.reference: offer
        for offer in Offer.objects.listed()
        .filter(reference__in=references[:COMPARED_AT_MOST], software__status=SoftwareStatus.LISTED)
        .select_related("software__maker", "software__listed_revision", "seller", "listed_revision")
        .prefetch_related("price_lines", "seller__snapshots")
    }
    offers = [rows[reference] for reference in references if reference in rows]
    form = SizeForm(request.GET or None)
    size, years = form.size_or(REFERENCE_SIZE)
    columns = [
        {
            "offer": offer,
            "estimate": estimate(offer, size, years),
            "without": urlencode([("offer", o.reference) for o in offers if o != offer]),
        }
        for offer in offers
    ]
    context = {
        "columns": columns,
        "rows": comparison(columns),
        "form": form,
        "years": years,
        "too_many": too_many,
        "gone": [reference for reference in references[:COMPARED_AT_MOST] if reference not in rows],
    }
    return render(request, "catalog/offer_compare.html", context)


def estimate(offer, size, years) -> pricing.Estimate:
    """What ``offer`` costs at ``size``. Uses prefetched price lines."""
    lines = [pricing.PriceLine.from_dict(line) for line in offer.listed_revision.content["price_lines"]]
    return pricing.total(lines, size, years, pricing.tax_rate(clock.today()))


def grouped(content: dict) -> list[tuple]:
    """A software's content by group of fields, as (group label, [(field, value, words)]), told fields only."""
    groups: dict[str, list] = {}
    names = category_names()
    for field in fields.SOFTWARE:
        value = fields.get(content, field.name)
        if not fields.is_blank(value) and field.name not in {"name", "name_kana", "name_en", "summary", "description"}:
            groups.setdefault(field.group, []).append((field, value, in_words(field, value, names)))
    return [(fields.GROUPS[group], rows) for group, rows in groups.items()]


def _software():
    offers = (
        Offer.objects.listed()
        .select_related("seller", "listed_revision")
        .prefetch_related("seller__snapshots")
        .order_by("reference")
    )
    return Software.objects.select_related("maker", "listed_revision").prefetch_related(
        "maker__snapshots", Prefetch("offers", offers, to_attr="listed_offers")
    )


def _gone(request, software):
    """The 410 page of a listing that was listed once: since when, and why."""
    if software.status == SoftwareStatus.SUSPENDED:
        context = {"name": software.name, "suspended_at": software.suspended_at, "reason": software.suspension_reason}
    elif software.status == SoftwareStatus.LAPSED:
        reason = _("情報開示日から2年が過ぎたため、掲載を終えました。")
        context = {"name": software.name, "suspended_at": software.lapses_on, "reason": reason}
    else:
        return None
    return render(request, "410.html", context, status=HTTPStatus.GONE)


def _listings(found) -> list[dict]:
    """The page's listings in the order found, with what was found marked."""
    today = clock.today()
    rows = {
        software.pk: software
        for software in _software()
        .prefetch_related("certifications")
        .select_related("search_document")
        .filter(pk__in=found.ids)
    }
    return [
        {
            "software": software,
            "name": segments(software.name, found.terms),
            "summary": segments(software.summary, found.terms),
            "snippet": snippet(software.description, found.terms) if found.terms else [],
            "badges": badges(software.maker, today),
            "certifications": [each.get_scheme_display() for each in software.certifications.all()],
            "sellers": len(software.listed_offers),
            "first_offer": software.listed_offers[0] if software.listed_offers else None,
            "price": software.search_document.price,
        }
        for pk in found.ids
        if (software := rows.get(pk))
    ]


def _facet(facet) -> dict:
    chosen = {choice.value for choice in facet.chosen}
    return {
        "name": facet.name,
        "legend": facet.label,
        "open": bool(chosen) or facet.name in {"category", "target"},
        "options": [
            {"value": c.value, "label": c.label, "count": c.count, "checked": c.chosen, "depth": c.depth}
            for c in facet.choices
        ],
    }


def _chips(query, filters, found) -> list[dict]:
    """The chosen conditions, each with the URL of the same search without it."""
    chips = [
        {
            "label": f"{facet.label}：{choice.label}",
            "href": _search_url(query, filters.without(facet.name, choice.value), found.sort),
        }
        for facet in found.facets
        for choice in facet.chosen
    ]
    if filters.price_min is not None or filters.price_max is not None:
        bounds = [f"{bound:,}円" if bound is not None else "" for bound in (filters.price_min, filters.price_max)]
        label = _("年間価格：%(low)s〜%(high)s") % {"low": bounds[0], "high": bounds[1]}
        chips.append({"label": label, "href": _search_url(query, filters.without("price"), found.sort)})
    return chips


def _search_url(query, filters, sort="") -> str:
    pairs = list(filters.items()) if isinstance(filters, dict) else filters.to_params()
    pairs = [("q", query)] * bool(query) + pairs + [("ordering", sort)] * bool(sort and sort != "relevance")
    return reverse("catalog:software_list") + ("?" + urlencode(pairs) if pairs else "")


def _page_number(request) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) else 1
