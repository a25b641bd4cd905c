from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from marketplace import clock
from marketplace.api import FaultSerializer

from .facts import facts_of, startup_verdict
from .models import Company
from .views import PUBLIC_FACTS


class FactSerializer(serializers.Serializer):
    value = serializers.JSONField(allow_null=True)
    source = serializers.CharField(allow_null=True)
    as_of = serializers.DateField(allow_null=True)


class CompanyDetailSerializer(serializers.Serializer):
    corporate_number = serializers.CharField()
    name = serializers.CharField()
    name_kana = serializers.CharField()
    startup = serializers.CharField(help_text="yes, no or cannot_tell, today")
    facts = serializers.DictField(child=FactSerializer())


@extend_schema(responses={200: CompanyDetailSerializer, 404: FaultSerializer})
@api_view(["GET"])
def company_detail(request, number):
    """A company's public facts, each with source and date, and what follows from them today."""
    company = Company.objects.prefetch_related("snapshots").filter(corporate_number=number).first()
    if company is None:
        raise NotFound
    merged = facts_of(company)
    facts = {}
    for name in PUBLIC_FACTS:
        origin = merged.provenance.get(name)
        facts[name] = {
            "value": getattr(merged.facts, name),
            "source": origin and origin.source,
            "as_of": origin and origin.as_of,
        }
    return Response(
        {
            "corporate_number": company.corporate_number,
            "name": company.name,
            "name_kana": company.name_kana,
            "startup": startup_verdict(company, clock.today()).answer,
            "facts": facts,
        }
    )
