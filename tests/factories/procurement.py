"""Procurements on their way, driven by the actions themselves so that every state here is one people can reach."""

import datetime as dt
from decimal import Decimal

from marketplace import clock
from marketplace.accounts.enums import Role
from procurement import actions, found
from tests.factories.accounts import AgencyFactory, MembershipFactory, vendor
from tests.factories.catalog import listed_software

RULE = {
    "method": "addition",
    "technical": {
        "points": None, "base_points": "0", "raw_maximum": None, "minimum": None, "aggregate": "mean",
        "criterion_rounding": None, "rounding": None,
    },
    "mandatory_rule": "any",
    "price": {"components": [{"id": "total", "points": "100", "formula": "linear", "rounding": None}]},
    "total": {"rounding": {"mode": "down", "digits": 4}},
    "ties": ["technical", "price", "lot"],
    "lot": {"missing_number": 999},
}  # fmt: skip
CRITERIA = [
    {"kind": "mandatory", "name": "データを国内に保存する", "description": "", "points": None, "scale": None},
    {"kind": "scored", "name": "操作のしやすさ", "description": "", "points": Decimal(60), "scale": {"A": "1", "B": "0.5", "C": "0"}},
    {"kind": "scored", "name": "導入の計画", "description": "", "points": Decimal(40), "scale": None},
]  # fmt: skip
BONUSES = [{"kind": "startup", "label": "スタートアップ", "points": Decimal(10), "group": ""}]


def officer(agency=None):
    return MembershipFactory(officer=True, agency=agency or AgencyFactory()).user


def colleague(agency, role=Role.EVALUATOR):
    return MembershipFactory(evaluator=True, role=role, agency=agency).user


def agency_of(user):
    return user.active_memberships[0].agency


def draft_procurement(by=None, **values):
    by = by or officer()
    return actions.open_procurement(
        agency=agency_of(by), by=by,
        **{
            "title": "勤怠管理サービスの利用", "purpose": "職員の勤怠を正しく管理するため。", "kind": "service",
            "budget_yen": 9_000_000, "term_from": dt.date(2027, 4, 1), "term_to": dt.date(2030, 3, 31), "users": 480,
        } | values,
    )  # fmt: skip


def searched_procurement(by=None, *, listings=2):
    """Searching, with one candidate a listing."""
    by = by or officer()
    for _ in range(listings):
        listed_software()
    procurement = draft_procurement(by)
    actions.search_candidates(procurement, params={"q": "勤怠"}, by=by)
    procurement.refresh_from_db()
    return procurement


def selected_procurement(by=None, *, listings=2):
    by = by or officer()
    procurement = searched_procurement(by, listings=listings)
    candidates = list(procurement.searches.get(is_active=True).candidates.all())
    actions.lock_selection(procurement, confirmed=found.fingerprint(candidates), note="", by=by)
    procurement.refresh_from_db()
    return procurement


def open_tender(by=None, *, listings=2, evaluators=2, ceiling=Decimal(9_000_000), threshold=None):
    """Published: sellers invited, evaluators assigned, bids due in a week."""
    by = by or officer()
    procurement = selected_procurement(by, listings=listings)
    tender = actions.draft_tender(procurement, by=by)
    now = clock.now()
    actions.save_rule(
        tender,
        values={
            "rule": RULE, "bids_due_at": now + dt.timedelta(days=7), "opening_at": now + dt.timedelta(days=14),
            "startup_reference_date": clock.today(), "startup_years": 10, "startup_source": "入札説明書",
        },
        criteria=CRITERIA, bonuses=BONUSES, by=by,
    )  # fmt: skip
    for _ in range(evaluators):
        actions.assign_evaluator(tender, evaluator=colleague(agency_of(by)), by=by)
    tender.refresh_from_db()
    return actions.publish_tender(tender, ceiling_price=ceiling, low_price_threshold=threshold, by=by)


def bid_on(tender, *, prices=(8_000_000, 7_000_000)):
    """One bid an invitation, in order, by somebody of the invited company; returns the bidders."""
    bidders = []
    for invitation, price in zip(tender.invitations.select_related("company"), prices, strict=False):
        bidder = vendor(company=invitation.company)
        actions.submit_bid(invitation, prices={"total": Decimal(price)}, proposal="提案書のとおり。", by=bidder)
        bidders.append(bidder)
    return bidders


def marking_tender(by=None, **kwargs):
    """Bids closed: evaluators may declare and mark. The clock stands after the deadline only inside this call."""
    tender = open_tender(by, **kwargs)
    bid_on(tender)
    with clock.at(tender.bids_due_at):
        return actions.close_bids(tender)


def mark_everything(tender, *, letter="A", points=Decimal(30)):
    """Every evaluator marks every bid the same and hands in."""
    for assignment in tender.assignments.select_related("evaluator"):
        mark_as(assignment, letter=letter, points=points)


def mark_as(assignment, *, letter="A", points=Decimal(30)):
    """One evaluator declares, marks every bid the same, and hands in."""
    by, tender = assignment.evaluator, assignment.tender
    actions.declare_conflict(assignment, has_conflict=False, by=by)
    for bid in tender.bids.standing():
        mandatory, scaled, pointed = tender.criteria.all()
        actions.save_mark(assignment, bid=bid, criterion=mandatory, is_met=True, by=by)
        actions.save_mark(assignment, bid=bid, criterion=scaled, letter=letter, by=by)
        actions.save_mark(assignment, bid=bid, criterion=pointed, points=points, by=by)
    actions.hand_in_marks(assignment, by=by)


def evaluated_tender(by=None, **kwargs):
    """Opened and computed: ready for the award."""
    by = by or officer()
    tender = marking_tender(by, **kwargs)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        actions.open_prices(tender, by=by)
    tender.refresh_from_db()
    return tender


def low_price_tender(by, *, prices, threshold=Decimal(7_500_000)):
    """Evaluated, with a low-price threshold: below it the leader is investigated before any award."""
    tender = open_tender(by, threshold=threshold)
    bid_on(tender, prices=prices)
    with clock.at(tender.bids_due_at):
        actions.close_bids(tender)
    mark_everything(tender)
    actions.close_marking(tender, by=by)
    with clock.at(tender.opening_at):
        actions.open_prices(tender, by=by)
    tender.refresh_from_db()
    return tender
