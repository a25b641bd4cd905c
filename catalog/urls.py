from django.urls import path

from .views import public, review, synonyms, vendor, watches

app_name = "catalog"
urlpatterns = [
    path("software/", public.software_list, name="software_list"),
    path("software/suggest/", public.software_suggest, name="software_suggest"),
    path("software/<str:reference>/", public.software_detail, name="software_detail"),
    path("software/<str:reference>/revisions/<int:number>/", public.revision_detail, name="revision_detail"),
    path("compare/", public.offer_compare, name="offer_compare"),
    path("compare/comparison.xlsx", public.offer_compare_xlsx, name="offer_compare_xlsx"),
    path("compare/comparison.csv", public.offer_compare_csv, name="offer_compare_csv"),
    # Saved searches
    path("watches/", watches.saved_search_list, name="saved_search_list"),
    path("watches/new/", watches.saved_search_create, name="saved_search_create"),
    path("watches/stop/<str:token>/", watches.saved_search_mute, name="saved_search_mute"),
    path("watches/<str:reference>/", watches.saved_search_detail, name="saved_search_detail"),
    path("watches/<str:reference>/edit/", watches.saved_search_edit, name="saved_search_edit"),
    path("watches/<str:reference>/delete/", watches.saved_search_delete, name="saved_search_delete"),
    # The operator's synonyms
    path("operator/synonyms/", synonyms.synonym_list, name="synonym_list"),
    path("operator/synonyms/new/", synonyms.synonym_create, name="synonym_create"),
    path("operator/synonyms/<int:pk>/edit/", synonyms.synonym_edit, name="synonym_edit"),
    path("operator/synonyms/<int:pk>/delete/", synonyms.synonym_delete, name="synonym_delete"),
    # A vendor's own pages
    path("vendor/", vendor.vendor_home, name="vendor_home"),
    path("vendor/software/new/", vendor.software_create, name="software_create"),
    path("vendor/software/<str:reference>/", vendor.vendor_software, name="vendor_software"),
    path("vendor/software/<str:reference>/edit/", vendor.software_edit, name="software_edit"),
    path("vendor/software/<str:reference>/offer/", vendor.offer_edit, name="offer_edit"),
    path("vendor/software/<str:reference>/preview/", vendor.software_preview, name="software_preview"),
    path("vendor/software/<str:reference>/submit/", vendor.drafts_submit, name="drafts_submit"),
    *(
        path(f"vendor/software/<str:reference>/{part}/{verb}/", view, {"part": part}, name=f"{part}_{name}")
        for part in ("software", "offer")
        for verb, view, name in (
            ("completeness", vendor.draft_completeness, "draft_completeness"),
            ("discard", vendor.draft_discard, "draft_discard"),
        )
    ),
    path("vendor/software/<str:reference>/attachments/", vendor.attachment_add, name="attachment_add"),
    path(
        "vendor/software/<str:reference>/attachments/<str:attachment>/remove/",
        vendor.attachment_remove,
        name="attachment_remove",
    ),
    path("attachments/<str:reference>/", vendor.attachment_file, name="attachment_file"),
    # Reviews: the operator's queue, and the page the submitting vendor shares
    path("reviews/", review.review_list, name="review_list"),
    path("reviews/<str:reference>/", review.review_detail, name="review_detail"),
    path("reviews/<str:reference>/assign/", review.review_assign, name="review_assign"),
    path("reviews/<str:reference>/approve/", review.review_approve, name="review_approve"),
    path("reviews/<str:reference>/return/", review.review_return, name="review_return"),
    path("reviews/<str:reference>/reject/", review.review_reject, name="review_reject"),
    path("reviews/<str:reference>/withdraw/", review.review_withdraw, name="review_withdraw"),
    path("reviews/<str:reference>/comment/", review.review_comment, name="review_comment"),
    path("reviews/<str:reference>/post-check/", review.review_post_check, name="review_post_check"),
    path("operator/software/<str:reference>/", review.listing_control, name="listing_control"),
    path("software/<str:reference>/suspend/", review.software_suspend, name="software_suspend"),
    path("software/<str:reference>/resume/", review.software_resume, name="software_resume"),
]
