"""From totals to ranks, a winner and, where the award is provisional, the bid next in line (rules.md C.8, C.9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby
from typing import Final

from .document import Bid, Document
from .faults import DocumentError, Fault
from .result import Tie
from .vocabulary import TieRule


@dataclass(frozen=True)
class Entry:
    """A bid that takes part in the ranking."""

    bid: Bid
    total: Fraction
    technical: Fraction  # with bonuses: they are added to the technical points
    price: Fraction


@dataclass(frozen=True)
class Standing:
    """Who stands where. Equal entries that no rule separates share a rank."""

    ranks: dict[str, int]
    tie: Tie | None = None
    winner: str | None = None
    provisional: bool = False
    next: str | None = None


# What each rule prefers, as a key that sorts the better entry first. A lot prefers nobody: it is drawn.
PREFERS: Final[dict[TieRule, Callable[[Entry], Fraction]]] = {
    TieRule.TECHNICAL: lambda entry: -entry.technical,
    TieRule.PRICE: lambda entry: entry.price,
}


def rank(entries: Sequence[Entry], document: Document) -> Standing:
    """Order the entries by the document's tie rules.

    The technical and the price rule order equal totals wherever they stand. A lot names a winner, so it is drawn only
    where one is needed: for the award and, if that is provisional, for the next in line. Raises DocumentError if a lot
    must be drawn and a bid lacks what it takes.
    """
    if not entries:
        return Standing({})
    leader, groups = _name_leader(_tied_groups(entries, document.ties), document)
    provisional = (
        leader is not None and document.low_price_threshold is not None and leader.price < document.low_price_threshold
    )
    heir = None
    if provisional and len(groups) > 1:
        # 次に有利なもの among the same scores: the leader's bid stays valid, only the award passes it by (ADR 0003).
        heir, others = _name_leader(groups[1:], document)
        groups = groups[:1] + others
    return Standing(
        ranks=_ranks(groups),
        tie=_tie(entries, document.ties),
        winner=leader.bid.id if leader else None,
        provisional=provisional,
        next=heir.bid.id if heir else None,
    )


def _tied_groups(entries: Sequence[Entry], ties: Sequence[TieRule]) -> list[list[Entry]]:
    """The entries, best first, those together that compare equal."""
    comparing = ties[: ties.index(TieRule.LOT)] if TieRule.LOT in ties else ties

    def key(entry: Entry) -> tuple[Fraction, ...]:
        return (-entry.total, *(PREFERS[rule](entry) for rule in comparing))

    return [list(group) for _, group in groupby(sorted(entries, key=key), key)]


def _name_leader(groups: list[list[Entry]], document: Document) -> tuple[Entry | None, list[list[Entry]]]:
    """The one leader, and the groups with it at their head; None where equal entries lead and no lot is drawn."""
    first, *rest = groups
    if len(first) == 1:
        return first[0], groups
    if TieRule.LOT not in document.ties:
        return None, groups
    leader = draw_lot(first, document.missing_lot_number)
    return leader, [[leader], [entry for entry in first if entry is not leader], *rest]


def draw_lot(entries: Sequence[Entry], missing_number: int | None) -> Entry:
    """The published lot (rules.md C.8, 鳥取県): in ascending lot order, the sum of the numbers modulo their count is the
    zero-based index of the winner."""
    faults: list[Fault] = []
    numbers: list[int] = []
    orders: set[int] = set()
    for entry in entries:
        bid = entry.bid
        number = missing_number if bid.lot_number is None else bid.lot_number
        if number is None:
            faults.append(Fault(f"{bid.path}.lot_number", "lot_number_missing"))
        else:
            numbers.append(number)
        if bid.lot_order is None:
            faults.append(Fault(f"{bid.path}.lot_order", "lot_order_missing"))
        elif bid.lot_order in orders:
            faults.append(Fault(f"{bid.path}.lot_order", "lot_order_shared", {"found": bid.lot_order}))
        else:
            orders.add(bid.lot_order)
    if faults:
        raise DocumentError(faults)
    standing = sorted(entries, key=lambda entry: entry.bid.lot_order or 0)
    return standing[sum(numbers) % len(standing)]


def _ranks(groups: list[list[Entry]]) -> dict[str, int]:
    """Competition ranks: after two bids that share rank 2 comes rank 4."""
    ranks: dict[str, int] = {}
    place = 1
    for group in groups:
        ranks.update((entry.bid.id, place) for entry in group)
        place += len(group)
    return ranks


def _tie(entries: Sequence[Entry], ties: Sequence[TieRule]) -> Tie | None:
    """The tie for the best total, if there is one."""
    best = max(entry.total for entry in entries)
    pool = [entry for entry in entries if entry.total == best]
    if len(pool) == 1:
        return None
    tie = Tie(bids=tuple(sorted(entry.bid.id for entry in pool)), resolved_by=None)
    for rule in ties:
        if rule is TieRule.LOT:
            return replace(tie, resolved_by=rule)
        preferred = min(map(PREFERS[rule], pool))
        pool = [entry for entry in pool if PREFERS[rule](entry) == preferred]
        if len(pool) == 1:
            return replace(tie, resolved_by=rule)
    return tie
