"""The public, read-only API of procurement: awards that were published, and all it takes to recompute them."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from marketplace.api import FaultSerializer

from .models import Procurement


class AwardSerializer(serializers.Serializer):
    reference = serializers.CharField()
    title = serializers.CharField()
    agency = serializers.CharField()
    status = serializers.CharField()
    winner = serializers.CharField()
    awarded_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField()
    document_digest = serializers.CharField()


class AwardPageSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AwardSerializer(many=True)


class EvaluationSerializer(serializers.Serializer):
    document = serializers.JSONField(help_text="evaluation/1: put it through any copy of the engine.")
    result = serializers.JSONField(help_text="evaluation-result/1")


@extend_schema(
    operation_id="procurement_search",
    parameters=[OpenApiParameter("page", int)],
    responses={200: AwardPageSerializer, 404: FaultSerializer},
)
@api_view(["GET"])
def procurement_list(request):
    """Procurements whose award was published, newest first."""
    paginator = PageNumberPagination()
    paginator.page_size = 20
    page = paginator.paginate_queryset(_published().order_by("-tender__award__published_at", "-pk"), request)
    return paginator.get_paginated_response([_award(row) for row in page])


@extend_schema(responses={200: AwardSerializer, 404: FaultSerializer})
@api_view(["GET"])
def procurement_detail(request, reference):
    return Response(_award(_one(reference)))


@extend_schema(responses={200: EvaluationSerializer, 404: FaultSerializer})
@api_view(["GET"])
def procurement_evaluation(request, reference):
    """The evaluation document and its result: recompute it, and it must be the same to the last digit."""
    evaluation = _one(reference).tender.award.evaluation
    return Response({"document": evaluation.document, "result": evaluation.result})


def _published():
    return Procurement.objects.published().select_related(
        "agency", "tender__award__evaluation", "tender__award__bid__company"
    )


def _one(reference) -> Procurement:
    found = _published().filter(reference=reference).first()
    if found is None:
        raise NotFound
    return found


def _award(procurement) -> dict:
    award = procurement.tender.award
    return {
        "reference": procurement.reference,
        "title": procurement.title,
        "agency": procurement.agency.name,
        "status": procurement.status,
        "winner": award.bid.company.name,
        "awarded_at": award.awarded_at,
        "published_at": award.published_at,
        "document_digest": award.evaluation.document_digest,
    }
