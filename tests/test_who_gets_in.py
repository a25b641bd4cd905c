"""Every URL × everybody: who gets in.

A URL without a row here fails. A row says what each person meets:

    in      the page, or an answer to what was sent: also "too late" and "you mistyped something"
    sign    sent to sign in
    403     it exists, but is not theirs to do
    404     it does not exist for them
    405     nothing to ask of this URL; also what a missing GET or POST row means

The objects are those of tests/world.py. `member`, `manager` and `entry` work for one bidding company, `rival` for the
other, `third` for a company that was not invited; `buyer` and `officer` belong to the buying agency, `foreign` is an
officer elsewhere; `marker` is assigned to every tender, `idle` to none.
"""

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from catalog.watches.actions import mute_path
from marketplace import clock
from marketplace.accounts import gbizid
from marketplace.accounts.enums import Role
from procurement import actions
from tests.factories.accounts import MembershipFactory
from tests.sign_in import session_cookie
from tests.world import the_world  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db

TABLE = """
                                           visitor member manager entry rival third buyer officer foreign marker idle reviewer operator
home                                 GET        in
about                                GET        in
accessibility                        GET        in
set_language                         GET        in
set_language                         POST       in

accounts:profile                     GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
accounts:limits                      GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
accounts:access_request_create       POST     sign    403     403   403   403   403    in      in      in     in   in       in       in
accounts:access_request_list         GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
accounts:access_request_approve      POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
accounts:access_request_refuse       POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
accounts:agency_list                 GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
accounts:agency_detail               GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
accounts:agency_detail               POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
accounts:domain_remove               POST     sign    403     403   403   403   403   403     403     403    403  403      403       in

account_login                        GET        in
gbizid_start                         POST      503
gbizid_callback                      GET        in
account_request_login_code           GET        in
account_request_login_code           POST       in
account_confirm_login_code           GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
account_confirm_login_code           POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
account_inactive                     GET        in
account_signup                       GET        in
account_signup                       POST       in
account_email_verification_sent      GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
account_email_verification_sent      POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
account_logout                       GET        in
account_logout                       POST       in
account_email                        GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
account_email                        POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_index                            GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_authenticate                     GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_authenticate                     POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_reauthenticate                   GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
mfa_reauthenticate                   POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
mfa_activate_totp                    GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_activate_totp                    POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_deactivate_totp                  GET      sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_deactivate_totp                  POST     sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_view_recovery_codes              GET      sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_generate_recovery_codes          GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_generate_recovery_codes          POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_download_recovery_codes          GET      sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_download_recovery_codes          POST     sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_list_webauthn                    GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_add_webauthn                     GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_add_webauthn                     POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
mfa_reauthenticate_webauthn          GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
mfa_reauthenticate_webauthn          POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
mfa_remove_webauthn                  GET      sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_remove_webauthn                  POST     sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_edit_webauthn                    GET      sign    404     404   404   404   404   404     404     404    404  404      404       in
mfa_edit_webauthn                    POST     sign    404     404   404   404   404   404     404     404    404  404      404       in
usersessions_list                    GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
usersessions_list                    POST     sign     in      in    in    in    in    in      in      in     in   in       in       in

companies:company_facts              GET      sign     in      in   403    in    in   403     403     403    403  403      403      403
companies:company_facts              POST     sign    403      in   403    in    in   403     403     403    403  403      403      403
companies:company_detail             GET        in

notifications:notification_list      GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
notifications:notification_read      POST     sign     in      in    in    in    in    in      in      in     in   in       in       in

catalog:software_list                GET        in
catalog:software_suggest             GET        in
catalog:software_detail              GET        in
catalog:revision_detail              GET        in
catalog:offer_compare                GET        in
catalog:offer_compare_xlsx           GET        in
catalog:offer_compare_csv            GET        in
catalog:saved_search_list            GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
catalog:saved_search_create          GET      sign     in      in    in    in    in    in      in      in     in   in       in       in
catalog:saved_search_create          POST     sign     in      in    in    in    in    in      in      in     in   in       in       in
catalog:saved_search_mute            GET        in    403     403   403   403   403    in     403     403    403  403      403      403
catalog:saved_search_mute            POST       in    403     403   403   403   403    in     403     403    403  403      403      403
catalog:saved_search_detail          GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
catalog:saved_search_edit            GET      sign    404     404   404   404   404    in     403     404    404  404      404      404
catalog:saved_search_edit            POST     sign    404     404   404   404   404    in     403     404    404  404      404      404
catalog:saved_search_delete          GET      sign    404     404   404   404   404    in     403     404    404  404      404      404
catalog:saved_search_delete          POST     sign    404     404   404   404   404    in     403     404    404  404      404      404
catalog:synonym_list                 GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:synonym_create               GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:synonym_create               POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:synonym_edit                 GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:synonym_edit                 POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:synonym_delete               GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:synonym_delete               POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:vendor_home                  GET      sign     in      in    in    in    in   403     403     403    403  403      403      403
catalog:software_create              GET      sign     in      in    in    in    in   403     403     403    403  403      403      403
catalog:software_create              POST     sign     in      in    in    in    in   403     403     403    403  403      403      403
catalog:vendor_software              GET      sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:software_edit                GET      sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:software_edit                POST     sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:offer_edit                   GET      sign     in      in    in   404   404   404     404     404    404  404      403      403
catalog:offer_edit                   POST     sign     in      in    in   404   404   404     404     404    404  404      403      403
catalog:software_preview             GET      sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:drafts_submit                POST     sign     in      in   403   404   404   403     403     403    403  403      403      403
catalog:software_draft_completeness  POST     sign     in      in    in   404   404   404     404     404    404  404      403      403
catalog:software_draft_discard       POST     sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:offer_draft_completeness     POST     sign     in      in    in   404   404   404     404     404    404  404      403      403
catalog:offer_draft_discard          POST     sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:attachment_add               POST     sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:attachment_remove            POST     sign     in      in    in   404   404   403     403     403    403  403      403      403
catalog:attachment_file              GET       404     in      in    in   404   404   404     404     404    404  404       in       in
catalog:review_list                  GET      sign    403     403   403   403   403   403     403     403    403  403       in       in
catalog:review_detail                GET      sign     in      in    in   404   404   404     404     404    404  404       in       in
catalog:review_assign                POST     sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_approve               GET      sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_approve               POST     sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_return                GET      sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_return                POST     sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_reject                GET      sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_reject                POST     sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:review_withdraw              GET      sign     in      in   403   404   404   404     404     404    404  404      403      403
catalog:review_withdraw              POST     sign     in      in   403   404   404   404     404     404    404  404      403      403
catalog:review_comment               POST     sign     in      in    in   404   404   404     404     404    404  404       in       in
catalog:review_post_check            POST     sign    403     403   403   404   404   404     404     404    404  404       in       in
catalog:listing_control              GET      sign    403     403   403   403   403   403     403     403    403  403       in       in
catalog:software_suspend             GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:software_suspend             POST     sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:software_resume              GET      sign    403     403   403   403   403   403     403     403    403  403      403       in
catalog:software_resume              POST     sign    403     403   403   403   403   403     403     403    403  403      403       in

procurement:procurement_list         GET      sign    403     403   403   403   403    in      in      in    403  403      403      403
procurement:procurement_create       GET      sign    403     403   403   403   403    in      in      in    403  403      403      403
procurement:procurement_create       POST     sign    403     403   403   403   403    in      in      in    403  403      403      403
procurement:procurement_detail       GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:procurement_edit         GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:procurement_edit         POST     sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:candidate_search         GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:candidate_search         POST     sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:candidate_list           GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:candidate_drop           POST     sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:candidate_keep           POST     sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:selection_lock           GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:selection_lock           POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:selection_detail         GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:selection_pdf            GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:selection_json           GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:selection_xlsx           GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:procurement_end          GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:procurement_end          POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:procurement_close        POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_create            POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:contract_create          GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:contract_create          POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_detail            GET      sign     in      in   404    in   404    in      in     404     in  404      404      404
procurement:tender_rule              GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_rule              POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_trial             GET      sign    404     404   404   404   404    in      in     404    404  404      404      404
procurement:tender_publish           GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_publish           POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:evaluator_assign         POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:evaluator_remove         POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:marking_close            GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:marking_close            POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_open              GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_open              POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:evaluation_detail        GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:evaluation_pdf           GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:evaluation_json          GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_award             GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:tender_award             POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:award_publish            GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:award_publish            POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:claim_decide             GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:claim_decide             POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:points_enter             GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:points_enter             POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:bid_disqualify           GET      sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:bid_disqualify           POST     sign    404     404   404   404   404   403      in     404    404  404      404      404
procurement:notice_pdf               GET      sign     in      in   404   404   404   404      in     404    404  404      404      404
procurement:bid_list                 GET      sign     in      in    in    in    in   403     403     403    403  403      403      403
procurement:bid_create               GET      sign     in      in   404    in   404   404     404     404    404  404      404      404
procurement:bid_create               POST     sign     in      in   404    in   404   404     404     404    404  404      404      404
procurement:bid_receipt              GET      sign     in      in   404   404   404   404     404     404    404  404      404      404
procurement:bid_receipt_file         POST     sign     in      in   404   404   404   404     404     404    404  404      404      404
procurement:bid_withdraw             GET      sign     in      in   404   404   404   404     404     404    404  404      404      404
procurement:bid_withdraw             POST     sign     in      in   404   404   404   404     404     404    404  404      404      404
procurement:bid_attachment           GET      sign     in      in   404   404   404   404      in     404     in  404      404      404
procurement:assignment_list          GET      sign    403     403   403   403   403    in      in      in     in   in      403      403
procurement:marking                  GET      sign    404     404   404   404   404   404     404     404     in  404      404      404
procurement:conflict_declare         POST     sign    404     404   404   404   404   404     404     404     in  404      404      404
procurement:marks_hand_in            GET      sign    404     404   404   404   404   404     404     404     in  404      404      404
procurement:marks_hand_in            POST     sign    404     404   404   404   404   404     404     404     in  404      404      404
procurement:proposal_mark            GET      sign    404     404   404   404   404   404     404     404     in  404      404      404
procurement:proposal_mark            POST     sign    404     404   404   404   404   404     404     404     in  404      404      404
procurement:award_list               GET        in
procurement:award_detail             GET        in
procurement:award_document           GET        in
procurement:award_result             GET        in
procurement:award_report             GET        in

api:software_list                    GET        in
api:software_detail                  GET        in
api:revision_list                    GET        in
api:revision_detail                  GET        in
api:offer_detail                     GET        in
api:category_list                    GET        in
api:company_detail                   GET        in
api:procurement_list                 GET        in
api:procurement_detail               GET        in
api:procurement_evaluation           GET        in
api:nothing_here                     GET       404

api_schema                           GET        in
healthz                              GET        in
readyz                               GET        in
"""


def _reference(of):
    return lambda world: {"reference": of(world).reference}


def _own_bid(world, tender):
    return tender.bids.get(company=world.company)


# What the URL is about, where its path names something.
ABOUT = {
    **dict.fromkeys(
        ("accounts:access_request_approve", "accounts:access_request_refuse"),
        lambda world: {"user_reference": world.newcomer.reference, "agency_reference": world.agency.reference},
    ),
    "accounts:agency_detail": _reference(lambda world: world.agency),
    "accounts:domain_remove": lambda world: {"reference": world.agency.reference, "domain": world.domains[0].domain},
    **dict.fromkeys(("mfa_remove_webauthn", "mfa_edit_webauthn"), lambda world: {"pk": world.passkey.pk}),
    **dict.fromkeys(
        ("companies:company_detail", "api:company_detail"), lambda world: {"number": world.company.corporate_number}
    ),
    **dict.fromkeys(
        ("catalog:software_detail", "api:software_detail", "api:revision_list", "catalog:software_suspend"),
        _reference(lambda world: world.listed),
    ),
    **dict.fromkeys(
        ("catalog:revision_detail", "api:revision_detail"),
        lambda world: {"reference": world.listed.reference, "number": 1},
    ),
    "api:offer_detail": _reference(lambda world: world.listed.offers.get()),
    **dict.fromkeys(
        (
            "catalog:vendor_software",
            "catalog:software_edit",
            "catalog:offer_edit",
            "catalog:software_preview",
            "catalog:drafts_submit",
            "catalog:software_draft_completeness",
            "catalog:offer_draft_completeness",
            "catalog:software_draft_discard",
            "catalog:offer_draft_discard",
            "catalog:attachment_add",
        ),
        _reference(lambda world: world.draft),
    ),
    "catalog:attachment_remove": lambda world: {
        "reference": world.draft.reference,
        "attachment": world.attachment.reference,
    },
    "catalog:attachment_file": _reference(lambda world: world.attachment),
    **dict.fromkeys(
        (
            "catalog:review_detail",
            "catalog:review_assign",
            "catalog:review_approve",
            "catalog:review_return",
            "catalog:review_reject",
            "catalog:review_withdraw",
            "catalog:review_comment",
            "catalog:review_post_check",
        ),
        _reference(lambda world: world.review),
    ),
    **dict.fromkeys(
        ("catalog:saved_search_detail", "catalog:saved_search_edit", "catalog:saved_search_delete"),
        _reference(lambda world: world.saved_search),
    ),
    "catalog:saved_search_mute": lambda world: {"token": mute_path(world.saved_search).split("/")[-2]},
    **dict.fromkeys(("catalog:synonym_edit", "catalog:synonym_delete"), lambda world: {"pk": world.synonyms.pk}),
    "catalog:listing_control": _reference(lambda world: world.suspended),
    "catalog:software_resume": _reference(lambda world: world.suspended),
    **dict.fromkeys(
        (
            "procurement:procurement_detail",
            "procurement:procurement_edit",
            "procurement:candidate_search",
            "procurement:candidate_list",
            "procurement:selection_lock",
            "procurement:procurement_end",
        ),
        _reference(lambda world: world.searching),
    ),
    **dict.fromkeys(
        ("procurement:candidate_drop", "procurement:candidate_keep"),
        lambda world: {"reference": world.searching.reference, "position": 1},
    ),
    **dict.fromkeys(
        (
            "procurement:selection_detail",
            "procurement:selection_pdf",
            "procurement:selection_json",
            "procurement:selection_xlsx",
            "procurement:procurement_close",
            "api:procurement_detail",
            "api:procurement_evaluation",
        ),
        _reference(lambda world: world.published_tender.procurement),
    ),
    "procurement:tender_create": _reference(lambda world: world.selected),
    **dict.fromkeys(
        ("procurement:tender_detail", "procurement:evaluator_assign", "procurement:bid_create"),
        _reference(lambda world: world.open_tender),
    ),
    "procurement:evaluator_remove": lambda world: {"reference": world.open_tender.reference, "key": "e1"},
    **dict.fromkeys(
        ("procurement:tender_rule", "procurement:tender_trial", "procurement:tender_publish"),
        _reference(lambda world: world.draft_tender),
    ),
    **dict.fromkeys(
        (
            "procurement:marking",
            "procurement:conflict_declare",
            "procurement:marks_hand_in",
            "procurement:marking_close",
        ),
        _reference(lambda world: world.marking_tender),
    ),
    "procurement:proposal_mark": lambda world: {"reference": world.marking_tender.reference, "label": "A"},
    "procurement:tender_open": _reference(lambda world: world.marked_tender),
    **dict.fromkeys(
        (
            "procurement:evaluation_detail",
            "procurement:evaluation_pdf",
            "procurement:evaluation_json",
            "procurement:tender_award",
        ),
        _reference(lambda world: world.evaluated_tender),
    ),
    "procurement:award_publish": _reference(lambda world: world.awarded_tender),
    "procurement:contract_create": _reference(lambda world: world.awarded_tender.procurement),
    **dict.fromkeys(
        ("procurement:bid_receipt", "procurement:bid_receipt_file", "procurement:bid_withdraw"),
        _reference(lambda world: _own_bid(world, world.open_tender)),
    ),
    "procurement:bid_attachment": lambda world: {
        "reference": _own_bid(world, world.marking_tender).reference,
        "sha256": _own_bid(world, world.marking_tender).attachments.get().sha256,
    },
    "procurement:claim_decide": lambda world: {
        "reference": _own_bid(world, world.marking_tender).reference,
        "key": world.marking_tender.bonuses.get().key,
    },
    "procurement:points_enter": _reference(lambda world: world.past_sheet.bids.get()),
    "procurement:bid_disqualify": _reference(lambda world: _own_bid(world, world.evaluated_tender)),
    "procurement:notice_pdf": _reference(lambda world: _own_bid(world, world.awarded_tender)),
    **dict.fromkeys(
        (
            "procurement:award_detail",
            "procurement:award_document",
            "procurement:award_result",
            "procurement:award_report",
        ),
        _reference(lambda world: world.published_tender.procurement),
    ),
    "api:nothing_here": lambda world: {"rest": "sofware/"},
}
# What is posted, where an empty form would hide that somebody may not send a full one.
SENT = {
    "accounts:access_request_create": lambda world: {"agency": world.agency.pk},
    "accounts:access_request_approve": lambda world: {"role": "buyer"},
    "accounts:agency_detail": lambda world: {"domain": "bosai.aozora.example"},
    "catalog:software_create": lambda world: {"name": "公印ノート"},
    "procurement:evaluator_assign": lambda world: {"evaluator": world.people["idle"].reference},
}

# What is asked after the question mark, where without it there is nothing to see.
ASKED = {
    name: lambda world: {"offer": [each.offers.get().reference for each in (world.listed, world.rival_listed)]}
    for name in ("catalog:offer_compare", "catalog:offer_compare_xlsx", "catalog:offer_compare_csv")
}

# Views open to visitors. Everything else asks for sign-in before it looks at anything.
PUBLIC = {
    "about",
    "accessibility",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_inactive",
    "account_login",
    "account_logout",
    "account_request_login_code",
    "account_signup",
    "api:category_list",
    "api:company_detail",
    "api:nothing_here",
    "api:offer_detail",
    "api:procurement_detail",
    "api:procurement_evaluation",
    "api:procurement_list",
    "api:revision_detail",
    "api:revision_list",
    "api:software_detail",
    "api:software_list",
    "api_schema",
    "catalog:attachment_file",
    "catalog:offer_compare",
    "catalog:offer_compare_csv",
    "catalog:offer_compare_xlsx",
    "catalog:revision_detail",
    "catalog:saved_search_mute",
    "catalog:software_detail",
    "catalog:software_list",
    "catalog:software_suggest",
    "companies:company_detail",
    "gbizid_callback",
    "gbizid_start",
    "healthz",
    "home",
    "mfa_authenticate",
    "procurement:award_detail",
    "procurement:award_document",
    "procurement:award_list",
    "procurement:award_report",
    "procurement:award_result",
    "readyz",
    "set_language",
}


def patterns(resolver=None, namespace=""):
    """(name, pattern) of every URL that is routed."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", entry
        else:
            yield from patterns(entry, namespace + (f"{entry.namespace}:" if entry.namespace else ""))


def outcome(response, *, is_visitor) -> str:
    if is_visitor and response.status_code == 302 and response["Location"].startswith(reverse("account_login")):
        return "sign"
    return "in" if response.status_code in (200, 204, 302, 400, 409, 422) else str(response.status_code)


PEOPLE, ROWS = [], {}
for line in filter(None, map(str.split, TABLE.splitlines())):
    if PEOPLE:
        name, method, *cells = line
        ROWS[name, method] = dict(zip(PEOPLE, cells if len(cells) > 1 else cells * len(PEOPLE), strict=True))
    else:
        PEOPLE = line


def expected(name, method):
    # Where there is nothing to ask, two people are enough to see it.
    return ROWS.get((name, method)) or {"visitor": "405" if name in PUBLIC else "sign", "operator": "405"}


@pytest.fixture(scope="module")
def cookies(world, django_db_blocker):
    with django_db_blocker.unblock():
        return {name: user and session_cookie(user) for name, user in world.people.items()}


@pytest.fixture(autouse=True)
def _provider_is_down(settings):
    settings.GBIZID_DISCOVERY_URL = "http://127.0.0.1:1/"
    gbizid._client.cache_clear()


def _browser(cookie):
    client = Client()
    if cookie:
        client.cookies[cookie["name"]] = cookie["value"]
    return client


def ask(cookie, name, method, world):
    """What whoever brings this cookie meets. Whatever it did is undone."""
    url = reverse(name, kwargs=ABOUT[name](world) if name in ABOUT else {})
    client = _browser(cookie)
    cache.clear()  # the rate limits are not what is asked here
    with transaction.atomic():
        data = {"GET": ASKED, "POST": SENT}[method].get(name, lambda world: {})(world)
        answer = client.get(url, data) if method == "GET" else client.post(url, data)
        transaction.set_rollback(True)
    return outcome(answer, is_visitor=cookie is None)


def test_every_url_has_a_row():
    assert {name for name, _method in ROWS} == {name for name, _pattern in patterns()}


def test_world_has_everybody(world):
    assert list(world.people) == PEOPLE


def test_public_views_are_these():
    public = {name for name, entry in patterns() if not getattr(entry.callback, "login_required", True)}
    assert public == PUBLIC


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _method in ROWS))
def test_who_gets_in(name, world, cookies):
    wanted = {method: expected(name, method) for method in ("GET", "POST")}
    met = {
        method: {person: ask(cookies[person], name, method, world) for person in row} for method, row in wanted.items()
    }
    assert met == wanted


# Nobody judges their own


def test_reviewer_cannot_decide_what_their_company_submitted(world):
    both = world.people["reviewer"]
    MembershipFactory(user=both, company=world.company)
    for verb in ("assign", "approve", "return", "reject", "post_check"):
        assert ask(session_cookie(both), f"catalog:review_{verb}", "POST", world) == "403"


def test_reviewer_cannot_decide_what_they_once_submitted(world):
    submitter = world.review.submitted_by
    submitter.memberships.update(ended_at=clock.now())
    MembershipFactory(user=submitter, role=Role.REVIEWER, company=None)
    for verb in ("assign", "approve", "return", "reject", "post_check"):
        assert ask(session_cookie(submitter), f"catalog:review_{verb}", "POST", world) == "403"


def test_operator_cannot_let_themselves_in(world):
    MembershipFactory(user=world.newcomer, role=Role.ADMINISTRATOR, company=None)
    for verb in ("approve", "refuse"):
        assert ask(session_cookie(world.newcomer), f"accounts:access_request_{verb}", "POST", world) == "403"


def test_officer_who_evaluates_meets_the_tender_blind(world):
    both = MembershipFactory(officer=True, agency=world.agency).user
    actions.assign_evaluator(world.marking_tender, evaluator=both, by=world.people["officer"])
    met = {
        name: ask(session_cookie(both), f"procurement:{name}", "POST", world)
        for name in ("marking_close", "claim_decide", "evaluator_assign")
    }
    assert met == {"marking_close": "404", "claim_decide": "403", "evaluator_assign": "in"}  # the last: another tender


def test_vendor_cannot_be_made_an_evaluator(world):
    MembershipFactory(user=world.people["idle"], company=world.third_company)
    officer = _browser(session_cookie(world.people["officer"]))
    officer.post(
        reverse("procurement:evaluator_assign", args=[world.open_tender.reference]),
        {"evaluator": world.people["idle"].reference},
    )
    assert not world.open_tender.assignments.filter(evaluator=world.people["idle"]).exists()
