from django.urls import path

from . import views

app_name = "companies"
urlpatterns = [
    path("vendor/company/", views.company_facts, name="company_facts"),
    path("companies/<str:number>/", views.company_detail, name="company_detail"),
]
