"""What people do in a procurement. The only writers of status: lock → may they → is it time → write → audit → on commit."""

from .award import award_tender, disqualify_bid, publish_award, record_contract
from .bidding import close_bids, scan_attachment, submit_bid, withdraw_bid
from .evaluation import close_marking, decide_claim, enter_technical_points, open_prices
from .marking import assign_evaluator, declare_conflict, hand_in_marks, remove_evaluator, save_mark
from .selection import (
    close_procurement,
    drop_candidate,
    end_procurement,
    keep_candidate,
    lock_selection,
    open_procurement,
    search_candidates,
    update_procurement,
)
from .tender import bonus_rows, criterion_rows, draft_tender, publish_tender, save_rule

__all__ = [
    "assign_evaluator",
    "award_tender",
    "bonus_rows",
    "close_bids",
    "close_marking",
    "close_procurement",
    "criterion_rows",
    "decide_claim",
    "declare_conflict",
    "disqualify_bid",
    "draft_tender",
    "drop_candidate",
    "end_procurement",
    "enter_technical_points",
    "hand_in_marks",
    "keep_candidate",
    "lock_selection",
    "open_prices",
    "open_procurement",
    "publish_award",
    "publish_tender",
    "record_contract",
    "remove_evaluator",
    "save_mark",
    "save_rule",
    "scan_attachment",
    "search_candidates",
    "submit_bid",
    "update_procurement",
    "withdraw_bid",
]
