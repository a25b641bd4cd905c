"""``/api/v1/``: wiring of the rooms' public APIs."""

from django.urls import path, re_path
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound

from catalog import api as catalog
from marketplace.companies import api as companies
from procurement import api as procurement

app_name = "api"


@extend_schema(exclude=True)
@api_view(["GET"])
def nothing_here(request, rest):
    """A program that mistyped a path gets JSON, not a page."""
    raise NotFound


urlpatterns = [
    path("software/", catalog.software_list, name="software_list"),
    path("software/<str:reference>/", catalog.software_detail, name="software_detail"),
    path("software/<str:reference>/revisions/", catalog.revision_list, name="revision_list"),
    path("software/<str:reference>/revisions/<int:number>/", catalog.revision_detail, name="revision_detail"),
    path("offers/<str:reference>/", catalog.offer_detail, name="offer_detail"),
    path("categories/", catalog.category_list, name="category_list"),
    path("companies/<str:number>/", companies.company_detail, name="company_detail"),
    path("procurements/", procurement.procurement_list, name="procurement_list"),
    path("procurements/<str:reference>/", procurement.procurement_detail, name="procurement_detail"),
    path("procurements/<str:reference>/evaluation/", procurement.procurement_evaluation, name="procurement_evaluation"),
    re_path("(?P<rest>.*)", nothing_here, name="nothing_here"),
]
