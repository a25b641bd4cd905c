"""みなし大企業: five tests of whether large enterprises own or run a company. Every limit is inclusive (以上).

What is not told is bounded: a test is met if what is known suffices, and not met only if everything unknown, taken
at its worst, could not reach the limit. Shares are exact fractions, so 66.6 % is below two thirds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path

from marketplace.dated import in_force, load

from ..enums import Answer, EntityKind, HolderSize, Question
from .facts import Facts, Holding
from .verdicts import Reason, Verdict, either

DATA = Path(__file__).parent.parent / "data" / "startup.toml"


@dataclass(frozen=True, kw_only=True)
class DeemedLargeRule:
    """``investment_exempt``: 中小企業投資育成株式会社 and 投資事業有限責任組合 do not count as large enterprises."""

    id: str
    valid_from: date
    source: str
    one_holder_share: Fraction
    all_holders_share: Fraction
    officers_share: Fraction
    investment_exempt: bool


@cache
def all_deemed_large_rules() -> tuple[DeemedLargeRule, ...]:
    return tuple(
        DeemedLargeRule(
            id=row["id"],
            valid_from=row["valid_from"],
            source=row["source"],
            one_holder_share=Fraction(row["one_holder_share"]),
            all_holders_share=Fraction(row["all_holders_share"]),
            officers_share=Fraction(row["officers_share"]),
            investment_exempt=row["investment_exempt"],
        )
        for row in load(DATA)["deemed_large"]
    )


def deemed_large(facts: Facts, rule: DeemedLargeRule | None = None) -> Verdict:
    """Do large enterprises own or run the company by any of the five tests of ``rule`` (None: the newest)?"""
    rule = rule or in_force(all_deemed_large_rules(), None)
    if facts.entity_kind == EntityKind.SOLE_PROPRIETOR:
        reason = Reason(code="deemed_large.nobody_owns", answer=Answer.NO, source=rule.source)
        return Verdict(question=Question.DEEMED_LARGE, answer=Answer.NO, reasons=(reason,))

    reasons = (*_ownership(facts.shareholders or (), rule), *_officers(facts, rule))
    answer = either(reason.answer for reason in reasons if reason.answer)
    return Verdict(question=Question.DEEMED_LARGE, answer=answer, reasons=reasons)


# --- Tests 1, 2 and 4: who owns the company ---


def _ownership(holdings: Sequence[Holding], rule: DeemedLargeRule) -> Iterable[Reason]:
    untold = 1 - _total(holdings)
    if untold < 0:
        yield Reason(
            code="deemed_large.shares.above_whole",
            answer=Answer.CANNOT_TELL,
            source=rule.source,
            params={"share_total": str(1 - untold)},
            missing=("shareholders",),
        )
        return

    large_sizes = {HolderSize.LARGE} if rule.investment_exempt else {HolderSize.LARGE, HolderSize.INVESTMENT_EXEMPT}
    large = [holding for holding in holdings if holding.size in large_sizes]
    caught = [holding for holding in holdings if holding.size == HolderSize.DEEMED_LARGE_SME]
    unknown = [holding for holding in holdings if holding.size == HolderSize.UNKNOWN and holding.share]
    largest, largest_share = _largest(large)

    def test(number: int, known: Fraction, possible: Fraction, limit: Fraction, holder: str = "") -> Reason:
        """``possible``: the share if every holder of unknown size counted; what no line tells comes on top."""
        params = {
            "share": str(known),
            "share_possible": str(possible + untold),
            "share_limit": str(limit),
            "holder": holder,
        }
        rule_id = f"deemed_large.{number}"
        if known >= limit:
            return Reason(code=f"{rule_id}.met", answer=Answer.YES, source=rule.source, params=params)
        if possible + untold < limit:
            return Reason(code=f"{rule_id}.not_met", answer=Answer.NO, source=rule.source, params=params)
        missing = [*(["shareholders"] if untold else []), *(["shareholder_sizes"] if unknown else [])]
        return Reason(
            code=f"{rule_id}.open",
            answer=Answer.CANNOT_TELL,
            source=rule.source,
            params={**params, "unknown_holders": list(dict.fromkeys(holding.name for holding in unknown))},
            missing=tuple(missing),
        )

    yield test(1, largest_share, _largest([*large, *unknown])[1], rule.one_holder_share, largest)
    yield test(2, _total(large), _total([*large, *unknown]), rule.all_holders_share)
    yield test(4, _total(caught), _total([*caught, *unknown]), Fraction(1))

    for name in dict.fromkeys(holding.name for holding in unknown if holding.foreign):
        yield Reason(
            code="deemed_large.foreign_holder",
            answer=None,
            source="ものづくり・商業・サービス革新補助金Q&A（平成27年3月9日）No.2",
            params={"holder": name},
        )


def _total(holdings: Iterable[Holding]) -> Fraction:
    return sum((holding.share for holding in holdings), Fraction(0))


def _largest(holdings: Iterable[Holding]) -> tuple[str, Fraction]:
    """The holder with the largest share and that share; a holder's several lines count together."""
    shares: dict[str, Fraction] = {}
    names: dict[str, str] = {}
    for holding in holdings:
        shares[holding.holder] = shares.get(holding.holder, Fraction(0)) + holding.share
        names.setdefault(holding.holder, holding.name)
    holder = max(shares, key=lambda each: shares[each], default=None)
    return (names[holder], shares[holder]) if holder is not None else ("", Fraction(0))


# --- Tests 3 and 5: who runs it ---


def _officers(facts: Facts, rule: DeemedLargeRule) -> Iterable[Reason]:
    # A company has at least one officer, so an empty list tells as little as none.
    if not facts.officers:
        for number in (3, 5):
            yield Reason(
                code=f"deemed_large.{number}.not_told",
                answer=Answer.CANNOT_TELL,
                source=rule.source,
                missing=("officers",),
            )
        return
    yield _posts(3, [officer.at_large for officer in facts.officers], rule.officers_share, rule)
    yield _posts(5, [officer.at_deemed_large_sme for officer in facts.officers], Fraction(1), rule)


def _posts(number: int, posts: Sequence[bool | None], limit: Fraction, rule: DeemedLargeRule) -> Reason:
    known = sum(post is True for post in posts)
    possible = sum(post is not False for post in posts)
    params: dict[str, int | str] = {"officers": len(posts), "officers_at": known, "share_limit": str(limit)}
    rule_id = f"deemed_large.{number}"
    if known >= limit * len(posts):
        return Reason(code=f"{rule_id}.met", answer=Answer.YES, source=rule.source, params=params)
    if possible < limit * len(posts):
        return Reason(code=f"{rule_id}.not_met", answer=Answer.NO, source=rule.source, params=params)
    return Reason(
        code=f"{rule_id}.open",
        answer=Answer.CANNOT_TELL,
        source=rule.source,
        params={**params, "officers_open": possible - known},
        missing=("officer_posts",),
    )
