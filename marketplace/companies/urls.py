from django.urls import path

from . import views

app_name = "companies"
urlpatterns = [
    path("companies/<str:number>/", views.company_detail, name="company_detail"),
]
