from django.urls import path

from .views import award, bidding, marking, public, selection, tender

app_name = "procurement"

_one = "procurements/<str:reference>/"
_tender = "tenders/<str:reference>/"
_bid = "bids/<str:reference>/"
_published = "awards/<str:reference>/"

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
    # The tender: the officer's side
    path(_one + "tender/", tender.tender_create, name="tender_create"),
    path(_one + "contract/", award.contract_create, name="contract_create"),
    path(_tender, tender.tender_detail, name="tender_detail"),
    path(_tender + "rule/", tender.tender_rule, name="tender_rule"),
    path(_tender + "trial/", tender.tender_trial, name="tender_trial"),
    path(_tender + "publish/", tender.tender_publish, name="tender_publish"),
    path(_tender + "evaluators/", tender.evaluator_assign, name="evaluator_assign"),
    path(_tender + "evaluators/<str:key>/remove/", tender.evaluator_remove, name="evaluator_remove"),
    path(_tender + "marking/close/", tender.marking_close, name="marking_close"),
    path(_tender + "open/", tender.tender_open, name="tender_open"),
    path(_tender + "evaluation/", award.evaluation_detail, name="evaluation_detail"),
    path(_tender + "evaluation.pdf", award.evaluation_pdf, name="evaluation_pdf"),
    path(_tender + "evaluation.json", award.evaluation_json, name="evaluation_json"),
    path(_tender + "award/", award.tender_award, name="tender_award"),
    path(_tender + "award/publish/", award.award_publish, name="award_publish"),
    path(_bid + "claims/<str:key>/", tender.claim_decide, name="claim_decide"),
    path(_bid + "points/", tender.points_enter, name="points_enter"),
    path(_bid + "disqualify/", tender.bid_disqualify, name="bid_disqualify"),
    path(_bid + "notice.pdf", award.notice_pdf, name="notice_pdf"),
    # The bidder's side
    path("bids/", bidding.bid_list, name="bid_list"),
    path(_tender + "bid/", bidding.bid_create, name="bid_create"),
    path(_bid, bidding.bid_receipt, name="bid_receipt"),
    path(_bid + "receipt.json", bidding.bid_receipt_file, name="bid_receipt_file"),
    path(_bid + "withdraw/", bidding.bid_withdraw, name="bid_withdraw"),
    path(_bid + "attachments/<str:sha256>/", bidding.bid_attachment, name="bid_attachment"),
    # The evaluator's side
    path("evaluations/", marking.assignment_list, name="assignment_list"),
    path(_tender + "marking/", marking.marking, name="marking"),
    path(_tender + "marking/declaration/", marking.conflict_declare, name="conflict_declare"),
    path(_tender + "marking/hand-in/", marking.marks_hand_in, name="marks_hand_in"),
    path(_tender + "marking/<str:label>/", marking.proposal_mark, name="proposal_mark"),
    # What was published
    path("awards/", public.award_list, name="award_list"),
    path(_published, public.award_detail, name="award_detail"),
    path(_published + "evaluation.json", public.award_document, name="award_document"),
    path(_published + "result.json", public.award_result, name="award_result"),
    path(_published + "evaluation.pdf", public.award_report, name="award_report"),
]
