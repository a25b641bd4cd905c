from django.urls import path

from .views import selection

app_name = "procurement"

_one = "procurements/<str:reference>/"

urlpatterns = [
    path("procurements/", selection.procurement_list, name="procurement_list"),
    path("procurements/new/", selection.procurement_create, name="procurement_create"),
    path(_one, selection.procurement_detail, name="procurement_detail"),
    path(_one + "edit/", selection.procurement_edit, name="procurement_edit"),
    path(_one + "search/", selection.candidate_search, name="candidate_search"),
    path(_one + "candidates/", selection.candidate_list, name="candidate_list"),
    path(_one + "candidates/<int:position>/drop/", selection.candidate_drop, name="candidate_drop"),
    path(_one + "candidates/<int:position>/keep/", selection.candidate_keep, name="candidate_keep"),
    path(_one + "selection/new/", selection.selection_lock, name="selection_lock"),
    path(_one + "selection/", selection.selection_detail, name="selection_detail"),
    path(_one + "selection.pdf", selection.selection_pdf, name="selection_pdf"),
    path(_one + "selection.json", selection.selection_json, name="selection_json"),
    path(_one + "selection.xlsx", selection.selection_xlsx, name="selection_xlsx"),
    path(_one + "end/", selection.procurement_end, name="procurement_end"),
    path(_one + "close/", selection.procurement_close, name="procurement_close"),
]
