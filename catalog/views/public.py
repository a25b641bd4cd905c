"""Search, read and compare listings. Open to everybody."""

from dataclasses import dataclass, replace
from http import HTTPStatus
from io import BytesIO

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpResponse, JsonResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from marketplace import clock
from marketplace.companies.facts import badges
from marketplace.spreadsheets import CSV, XLSX, write_csv, write_xlsx

from .. import content as fields
from .. import pricing
from ..comparison import Comparison, calculation, compare, table
from ..criteria import Criteria, narrower, not_understood
from ..enums import SoftwareStatus
from ..forms import SizeForm
from ..models import Offer, Revision, Software
from ..results import cards
from ..search.filters import Filters
from ..search.page import SORTS, search
from ..search.source import REFERENCE_SIZE
from ..search.statement import DEEPEST, SearchTimeout
from ..search.suggest import suggest
from ..wording import category_names, in_words, names_of

COMPARED_AT_MOST = 5
LONGEST_QUERY = 200


class FoundPaginator(Paginator):
    """Lets the pagination component draw a page that the search has already cut out."""

    def __init__(self, found):
        super().__init__(range(min(found.total, found.last_number * found.size)), found.size)


@login_not_required
@require_safe
@vary_on_headers("HX-Request")
def software_list(request):
    """The search. The URL says everything: words, filters, order, size, page, and what is chosen to compare."""
    size_form = SizeForm.of_reader(request.GET, request.user)
    criteria = Criteria.from_params(request.GET, size_form.told, refused_size=size_form.is_refused)
    try:
        found = search(
            criteria.query, criteria.filters, sort=criteria.sort, page=_page_number(request), size=criteria.buyer
        )
    except SearchTimeout:
        return _timed_out(request, criteria)
    tray = _tray(request.GET.getlist("offer"))
    kept = [("offer", offer.reference) for offer in tray]
    if found.number > found.last_number:
        last_url = criteria.url(("page", str(found.last_number)), *kept)
        context = {"criteria": criteria, "found": found, "last_url": last_url}
        return render(request, "catalog/search_beyond.html", context, status=HTTPStatus.NOT_FOUND)
    shown = cards(found.ids, found.terms, criteria.buyer)
    on_page = {reference for card in shown for reference, _seller in card.offers}
    here = [("page", str(found.number))] if found.number > 1 else []
    kept_query = urlencode(kept)
    context = {
        "criteria": criteria,
        "query": criteria.query,
        "found": found,
        "cards": shown,
        "page": FoundPaginator(found).page(found.number),
        "paging": QueryDict(urlencode([*criteria.pairs(), *kept, ("page", str(found.number))])),
        "stay_url": reverse("catalog:software_list") + (f"?{urlencode(here)}" if here else ""),
        "chips": [{"label": label, "href": less.url(*kept)} for label, less in criteria.conditions()],
        "without_filters": replace(criteria, filters=Filters()).url(*kept),
        "facets": found.facets,
        "sorts": [(value, label, value == found.sort) for value, label in SORTS.items()],
        "unknown": [
            *not_understood(criteria.filters),
            *_misunderstood(request.GET),
            *(
                f"{size_form[name].label}{_('：')}{error}"
                for name, errors in size_form.errors.items()
                for error in errors
            ),
        ],
        "size_form": size_form,
        "address": criteria.url(*here, *kept) if size_form.is_filled_in else "",
        "correction_url": replace(criteria, query=found.did_you_mean).url(*kept) if found.did_you_mean else "",
        "tray": [
            {"offer": offer, "without": criteria.url(*(pair for pair in kept if pair[1] != offer.reference))}
            for offer in tray
        ],
        "filters_price": {"price"} & {*criteria.filters.restricted},
        "chosen": {offer.reference for offer in tray},
        "kept_query": kept_query,
        "carried": [offer for offer in tray if offer.reference not in on_page],
        "tray_is_full": len(tray) >= COMPARED_AT_MOST,
        "compare_query": urlencode([*kept, *((name, str(value)) for name, value in criteria.size.items())]),
        # A saved search watches for what is in it: for the words that were found by, not for a compound nothing has.
        "save_query": urlencode(replace(criteria, query=found.found_by).pairs()),
    }
    if request.htmx:
        response = render(request, "catalog/includes/software_results.html", context | {"is_fragment": True})
        response["HX-Push-Url"] = criteria.url(*here, *kept)
        return response
    return render(request, "catalog/software_list.html", context)


@login_not_required
@require_safe
def software_suggest(request):
    """Completions of what was typed so far, as JSON: categories and listings apart."""
    found = suggest(request.GET.get("q", "")[:LONGEST_QUERY])
    groups = [
        (_("業務分類"), [(each.label, _in_category(each.value)) for each in found.categories]),
        (_("ソフトウェア"), [(e.label, reverse("catalog:software_detail", args=[e.value])) for e in found.listings]),
    ]
    return JsonResponse(
        {
            "groups": [
                {"label": label, "options": [{"label": text, "url": url} for text, url in options]}
                for label, options in groups
                if options
            ]
        }
    )


@login_not_required
@require_safe
@vary_on_headers("HX-Request")
def software_detail(request, reference):
    """A listing: what it is, who sells it at what price, and the price at the reader's own size."""
    software = get_object_or_404(_software().visible_to(request.user), reference=reference)
    if gone := _gone(request, software):
        return gone
    if software.listed_revision is None:
        raise Http404
    form = SizeForm.of_reader(request.GET, request.user)
    size, years = form.size_or(REFERENCE_SIZE)
    told = [(name, str(value)) for name, value in form.told.items()]
    tray = [offer.reference for offer in _tray(request.GET.getlist("offer"))]
    today = clock.today()
    content = software.listed_revision.content
    name, other_name = names_of(software.name, software.name_en)
    context = {
        "software": software,
        "name": name,
        "other_name": other_name,
        "content": content,
        "groups": grouped(content),
        "offers": [
            {
                "offer": offer,
                "estimate": estimate(offer, size, years),
                "badges": badges(offer.seller, today),
                "is_chosen": offer.reference in tray,
                "compare_query": urlencode(
                    [*(("offer", chosen) for chosen in dict.fromkeys([*tray, offer.reference])), *told]
                ),
            }
            for offer in software.listed_offers
        ],
        "tray_is_full": len(tray) >= COMPARED_AT_MOST,
        "back_query": urlencode([("offer", chosen) for chosen in tray]),
        "form": form,
        "size_words": size_words(size, years),
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
    """Up to five software × seller side by side. The URL can be handed to a colleague, who sees the same prices."""
    compared = _compared(request)
    if compared.columns and compared.form.is_filled_in:
        params = request.GET.copy()
        params.update({name: str(value) for name, value in compared.form.told.items()})
        return redirect(f"{request.path}?{params.urlencode()}")
    told = [(name, str(value)) for name, value in compared.form.told.items()]
    references = [column["offer"].reference for column in compared.columns]
    context = {
        "columns": [
            column
            | {"without": urlencode([*(("offer", r) for r in references if r != column["offer"].reference), *told])}
            for column in compared.columns
        ],
        "groups": compared.table.groups(),
        "form": compared.form,
        "size_words": compared.size_words,
        "years": compared.years,
        "too_many": compared.too_many,
        "gone": compared.gone,
        "query": urlencode([*(("offer", reference) for reference in references), *told]),
        "may_add": len(compared.columns) < COMPARED_AT_MOST,
        "today": date_format(clock.today(), "DATE_FORMAT"),
        "address": request.build_absolute_uri(),
    }
    return render(request, "catalog/offer_compare.html", context)


@login_not_required
@require_safe
def offer_compare_xlsx(request):
    """The comparison and its calculation as a workbook."""
    compared = _compared(request)
    if not compared.columns:
        raise Http404
    file = BytesIO()
    write_xlsx(file, [table(compared.columns, compared.table, compared.notes), calculation(compared.columns)])
    return HttpResponse(file.getvalue(), content_type=XLSX, headers=_download("comparison.xlsx"))


@login_not_required
@require_safe
def offer_compare_csv(request):
    compared = _compared(request)
    if not compared.columns:
        raise Http404
    sheet = table(compared.columns, compared.table, compared.notes)
    return StreamingHttpResponse(
        write_csv(sheet.columns, sheet.rows), content_type=CSV, headers=_download("comparison.csv")
    )


def _download(name) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


@dataclass(frozen=True)
class Compared:
    """What a URL asks to compare. ``gone``: what was asked for and is not listed (any more), as (what, why, URL)."""

    columns: list[dict]
    table: Comparison
    form: SizeForm
    size: pricing.Size
    years: int
    too_many: bool
    gone: list[tuple[str, str, str]]

    @property
    def size_words(self) -> str:
        return size_words(self.size, self.years)

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader of the sheet must know who does not see the page."""
        return [
            (_("計算の規模"), self.size_words),
            (_("作成日"), date_format(clock.today(), "DATE_FORMAT")),
            (_("税"), _("消費税率%(percent)s%%") % {"percent": pricing.tax_rate(clock.today()).percent}),
        ]


def _compared(request) -> Compared:
    asked = list(dict.fromkeys(request.GET.getlist("offer")))
    references = asked[:COMPARED_AT_MOST]
    rows = {
        offer.reference: offer
        for offer in Offer.objects.listed()
        .filter(reference__in=references, software__status=SoftwareStatus.LISTED)
        .select_related("software__maker", "software__listed_revision", "seller", "listed_revision")
    }
    offers = [rows[reference] for reference in references if reference in rows]
    form = SizeForm.of_reader(request.GET, request.user)
    size, years = form.size_or(REFERENCE_SIZE)
    columns = [{"offer": offer, "estimate": estimate(offer, size, years)} for offer in offers]
    return Compared(
        columns=columns,
        table=compare(columns, clock.today()),
        form=form,
        size=size,
        years=years,
        too_many=len(asked) > COMPARED_AT_MOST,
        gone=_gone_offers([reference for reference in references if reference not in rows], request.user),
    )


def _gone_offers(references, user) -> list[tuple[str, str, str]]:
    """What became of offers that were listed once; of a reference that never was, no more than itself."""
    visible = Software.objects.visible_to(user).exclude(listed_revision=None)
    rows = {
        offer.reference: offer
        for offer in Offer.objects.filter(reference__in=references, software__in=visible)
        .exclude(listed_revision=None)
        .select_related("software", "seller")
    }
    found = []
    for reference in references:
        if not (offer := rows.get(reference)):
            found.append((Truncator(reference).chars(20), _("この番号の販売サービスはありません。"), ""))
            continue
        software = offer.software
        if software.status == SoftwareStatus.SUSPENDED:
            when = date_format(software.suspended_at, "DATE_FORMAT")
            why = _("%(day)sに掲載を停止しました。理由：%(reason)s") % {
                "day": when,
                "reason": software.suspension_reason,
            }
        elif software.status == SoftwareStatus.LAPSED:
            why = _("%(day)sに掲載の期限が切れました。") % {"day": date_format(software.lapses_on, "DATE_FORMAT")}
        else:
            why = _("この事業者は販売を終えました。")
        found.append((str(offer), why, software.get_absolute_url()))
    return found


def size_words(size, years) -> str:
    told = {"users": f"{size.users:,}", "residents": f"{size.residents:,}", "years": years}
    return _("利用者%(users)s人、住民%(residents)s人、%(years)d年間") % told


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


def _in_category(slug) -> str:
    return Criteria(filters=Filters({"category": (slug,)})).url()


def _tray(references) -> list[Offer]:
    """What is chosen to compare, in the order chosen."""
    wanted = list(dict.fromkeys(references))[:COMPARED_AT_MOST]
    if not wanted:
        return []
    offers = Offer.objects.listed().filter(reference__in=wanted, software__status=SoftwareStatus.LISTED)
    rows = {offer.reference: offer for offer in offers.select_related("software", "seller")}
    return [rows[reference] for reference in wanted if reference in rows]


def _timed_out(request, criteria):
    """Offer what is likely to be quicker, and lose nothing that was chosen."""
    kept = [("offer", offer.reference) for offer in _tray(request.GET.getlist("offer"))]
    context = {
        "query": criteria.query,
        "narrower": [(label, less.url(*kept)) for label, less in narrower(criteria)],
        "chips": [{"label": label, "href": less.url(*kept)} for label, less in criteria.conditions()],
        "without_filters": replace(criteria, filters=Filters()).url(*kept),
        "kept": [pair for pair in [*criteria.pairs(), *kept] if pair[0] != "q"],
        "is_fragment": bool(request.htmx),
    }
    template = "includes/search_timeout.html" if request.htmx else "search_timeout.html"
    status = HTTPStatus.OK if request.htmx else HTTPStatus.SERVICE_UNAVAILABLE  # a fragment must be swapped in
    return render(request, f"catalog/{template}", context, status=status)


def _misunderstood(params) -> list[str]:
    """What else of the URL leads elsewhere than its reader may think."""
    said = []
    if (ordering := params.get("ordering", "")) not in {"", *SORTS}:
        said.append(_("並び順に「%(value)s」という選択肢はありません。") % {"value": Truncator(ordering).chars(60)})
    if (page := params.get("page", "1")) != "1" and not _is_page_number(page):
        said.append(
            _("ページ番号「%(value)s」は使えません。最初のページを表示しています。")
            % {"value": Truncator(page).chars(60)}
        )
    return said


def _page_number(request) -> int:
    """The page asked for; a number however large is one, and beyond the end."""
    text = request.GET.get("page", "1")
    return min(int(text), DEEPEST + 1) if _is_page_number(text) else 1


def _is_page_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0
