"""The public, read-only API of the catalogue (``/api/v1/``). It answers with what the pages show, by the same search."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.reverse import reverse

from marketplace import clock
from marketplace.api import FaultSerializer
from marketplace.companies.facts import badges

from .enums import SoftwareStatus
from .models import Category, Offer, Revision, Software
from .search.facets import FACETS
from .search.filters import Filters
from .search.page import SORTS, search
from .search.statement import SearchTimeout


class TooBroad(APIException):
    status_code = 503
    default_detail = "The search took too long. Narrow it."


class CompanySerializer(serializers.Serializer):
    corporate_number = serializers.CharField()
    name = serializers.CharField()


class SoftwareSerializer(serializers.Serializer):
    """A listing in a result list."""

    reference = serializers.CharField()
    url = serializers.URLField()
    name = serializers.CharField()
    name_kana = serializers.CharField()
    summary = serializers.CharField()
    maker = CompanySerializer()
    startup = serializers.BooleanField(help_text="The maker is a proven startup today.")
    sme = serializers.BooleanField(help_text="The maker is a proven 中小企業者 and not みなし大企業 today.")
    price_yen = serializers.IntegerField(
        allow_null=True, help_text="Lowest yearly price, tax in, at the reference size."
    )
    revision = serializers.IntegerField()
    listed_at = serializers.DateTimeField()


class OfferSerializer(serializers.Serializer):
    reference = serializers.CharField()
    software = serializers.CharField()
    seller = CompanySerializer()
    kind = serializers.CharField()
    revision = serializers.IntegerField()
    content = serializers.JSONField(help_text="As in the interchange format: price_lines, services.")


class SoftwareDetailSerializer(SoftwareSerializer):
    content = serializers.JSONField(help_text="As in the interchange format.")
    digest = serializers.CharField(help_text="SHA-256 of the canonical content.")
    offers = OfferSerializer(many=True)


class RevisionSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    approved_at = serializers.DateTimeField()
    digest = serializers.CharField()
    url = serializers.URLField()


class RevisionDetailSerializer(RevisionSerializer):
    content = serializers.JSONField()


class ChoiceSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()
    count = serializers.IntegerField()


class SoftwarePageSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SoftwareSerializer(many=True)
    facets = serializers.DictField(child=ChoiceSerializer(many=True))


class CategorySerializer(serializers.Serializer):
    slug = serializers.CharField()
    name = serializers.CharField()
    name_en = serializers.CharField()
    parent = serializers.CharField(allow_null=True)


PARAMETERS = [
    OpenApiParameter("q", str, description="Words; AND, quotes and -NOT as on the search page."),
    *(
        # The categories are data: /categories/ lists them.
        OpenApiParameter(kind.name, str, many=True, description=str(kind.label), enum=list(kind.labels) or None)
        for kind in FACETS
    ),
    OpenApiParameter("price_min", int),
    OpenApiParameter("price_max", int),
    OpenApiParameter("ordering", str, enum=list(SORTS)),
    OpenApiParameter("page", int),
]


@extend_schema(
    operation_id="software_search",
    parameters=PARAMETERS,
    responses={200: SoftwarePageSerializer, 400: OpenApiTypes.OBJECT, 404: FaultSerializer, 503: FaultSerializer},
)
@api_view(["GET"])
def software_list(request):
    """Search listings. An unknown filter value is refused by name; a page beyond the end is 404.

    In a catalogue of 200,000 listings or more, counts of what very many have are estimates, in two significant digits.
    """
    params = request.query_params
    text = params.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 else 0
    if number < 1:
        raise NotFound
    query, sort, filters = params.get("q", "")[:200], params.get("ordering", "relevance"), Filters.from_params(params)
    refused = [*filters.unknown, *([("ordering", sort)] if sort not in SORTS else [])]
    if refused:
        raise ValidationError({name: [f"No such value: {value[:100]!r}"] for name, value in refused})
    try:
        found = search(query, filters, sort=sort, page=number)
    except SearchTimeout as error:
        raise TooBroad from error
    if number > found.last_number:
        raise NotFound
    rows = {row.pk: row for row in _listed().filter(pk__in=found.ids)}
    facets = {
        facet.name: [{"value": c.value, "label": str(c.label), "count": c.count} for c in facet.choices]
        for facet in found.facets
    }
    return Response(
        {
            "count": found.total,
            "next": _page_url(request, number + 1) if number < found.last_number else None,
            "previous": _page_url(request, number - 1) if number > 1 else None,
            "results": [_summary(rows[pk], request) for pk in found.ids if pk in rows],
            "facets": facets,
        }
    )


@extend_schema(responses={200: SoftwareDetailSerializer, 404: FaultSerializer})
@api_view(["GET"])
def software_detail(request, reference):
    """A listing with its sellers' offers."""
    software = _one(_listed(), reference=reference)
    offers = Offer.objects.listed().filter(software=software).select_related("seller", "software", "listed_revision")
    return Response(
        _summary(software, request)
        | {
            "content": software.listed_revision.content,
            "digest": software.listed_revision.digest,
            "offers": [_offer(offer) for offer in offers.order_by("reference")],
        }
    )


@extend_schema(responses={200: RevisionSerializer(many=True), 404: FaultSerializer})
@api_view(["GET"])
def revision_list(request, reference):
    """The approved revisions of a listing, newest first."""
    software = _one(_listed(), reference=reference)
    rows = _approved(software).order_by("-number")
    return Response([_revision(row, software, request) for row in rows])


@extend_schema(responses={200: RevisionDetailSerializer, 404: FaultSerializer})
@api_view(["GET"])
def revision_detail(request, reference, number):
    """One approved revision, as decisions point at it."""
    software = _one(_listed(), reference=reference)
    revision = _one(_approved(software), number=number)
    return Response(_revision(revision, software, request) | {"content": revision.content})


@extend_schema(responses={200: OfferSerializer, 404: FaultSerializer})
@api_view(["GET"])
def offer_detail(request, reference):
    """One seller's offer for one software."""
    offers = Offer.objects.listed().filter(software__status=SoftwareStatus.LISTED)
    return Response(_offer(_one(offers.select_related("seller", "software", "listed_revision"), reference=reference)))


@extend_schema(responses=CategorySerializer(many=True))
@api_view(["GET"])
def category_list(request):
    """The 業務分類, parents before their children."""
    rows = Category.objects.select_related("parent").order_by("parent__position", "position", "pk")
    return Response(
        [
            {"slug": row.slug, "name": row.name, "name_en": row.name_en, "parent": row.parent and row.parent.slug}
            for row in sorted(rows, key=lambda row: row.parent_id is not None)
        ]
    )


def _listed():
    return (
        Software.objects.listed()
        .select_related("maker", "listed_revision", "search_document")
        .prefetch_related("maker__snapshots")
    )


def _approved(software):
    return Revision.objects.approved().filter(software=software, offer=None).select_related("review")


def _one(rows, **lookup):
    found = rows.filter(**lookup).first()
    if found is None:
        raise NotFound
    return found


def _summary(software, request) -> dict:
    return {
        "reference": software.reference,
        "url": request.build_absolute_uri(software.get_absolute_url()),
        "name": software.name,
        "name_kana": software.name_kana,
        "summary": software.summary,
        "maker": _company(software.maker),
        **badges(software.maker, clock.today()),
        "price_yen": software.search_document.price,
        "revision": software.listed_revision.number,
        "listed_at": software.listed_at,
    }


def _offer(offer) -> dict:
    return {
        "reference": offer.reference,
        "software": offer.software.reference,
        "seller": _company(offer.seller),
        "kind": offer.kind,
        "revision": offer.listed_revision.number,
        "content": offer.listed_revision.content,
    }


def _revision(revision, software, request) -> dict:
    url = reverse("api:revision_detail", args=[software.reference, revision.number], request=request)
    return {"number": revision.number, "approved_at": revision.review.decided_at, "digest": revision.digest, "url": url}


def _company(company) -> dict:
    return {"corporate_number": company.corporate_number, "name": company.name}


def _page_url(request, number) -> str:
    params = request.query_params.copy()
    params["page"] = number
    return request.build_absolute_uri(f"{request.path}?{params.urlencode()}")
