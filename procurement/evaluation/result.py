"""The result of an evaluation (`evaluation-result/1`)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from .exact import Amount
from .messages import Language, describe
from .vocabulary import Outcome, TieRule

RESULT_FORMAT = "evaluation-result/1"


@dataclass(frozen=True)
class Reason:
    """Why a bid is not ranked. `code` is a key of `messages.REASONS`."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def message(self, language: Language = "ja") -> str:
        return describe(self.code, self.params, language)

    def as_dict(self) -> dict[str, object]:
        return {"code": self.code, "params": dict(self.params)}


@dataclass(frozen=True)
class BidResult:
    """What became of one bid. None stands for what was not computed; it never stands for zero."""

    id: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    technical_points: Amount | None = None
    bonus_points: Amount | None = None
    price_points: Amount | None = None
    price_components: Mapping[str, Amount] | None = None
    total: Amount | None = None
    rank: int | None = None

    def as_dict(self) -> dict[str, object]:
        components = self.price_components
        return {
            "id": self.id,
            "outcome": self.outcome.value,
            "reasons": [reason.as_dict() for reason in self.reasons],
            "technical_points": _text(self.technical_points),
            "bonus_points": _text(self.bonus_points),
            "price_points": _text(self.price_points),
            "price_components": None
            if components is None
            else {key: str(points) for key, points in components.items()},
            "total": _text(self.total),
            "rank": self.rank,
        }


@dataclass(frozen=True)
class Tie:
    """The bids that share the best total, by id, and the rule that named a winner among them (None: no rule did)."""

    bids: tuple[str, ...]
    resolved_by: TieRule | None

    def as_dict(self) -> dict[str, object]:
        return {"bids": list(self.bids), "resolved_by": self.resolved_by and self.resolved_by.value}


@dataclass(frozen=True)
class Result:
    """A whole evaluation result."""

    document_digest: str
    rules_version: str
    standard_value: Amount | None
    bids: tuple[BidResult, ...]
    tie: Tie | None
    winner: str | None
    provisional: bool
    next: str | None

    def as_dict(self) -> dict[str, object]:
        """The result document as JSON values; numbers are decimal strings."""
        return {
            "format": RESULT_FORMAT,
            "document_digest": self.document_digest,
            "rules_version": self.rules_version,
            "standard_value": _text(self.standard_value),
            "bids": [bid.as_dict() for bid in self.bids],
            "tie": self.tie and self.tie.as_dict(),
            "winner": self.winner,
            "provisional": self.provisional,
            "next": self.next,
        }

    def to_json(self) -> str:
        """The result document as readable JSON text, without a final newline."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=2)


def _text(amount: Amount | None) -> str | None:
    return None if amount is None else str(amount)
