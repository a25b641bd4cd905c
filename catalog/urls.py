from django.urls import path

from .views import public

app_name = "catalog"
urlpatterns = [
    path("software/", public.software_list, name="software_list"),
    path("software/suggest/", public.software_suggest, name="software_suggest"),
    path("software/<str:reference>/", public.software_detail, name="software_detail"),
    path("software/<str:reference>/revisions/<int:number>/", public.revision_detail, name="revision_detail"),
    path("compare/", public.offer_compare, name="offer_compare"),
]
