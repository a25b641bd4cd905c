"""From rows to what the documents print (``documents.content``): plain, dated, complete."""

from decimal import Decimal
from fractions import Fraction
from typing import Literal

from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from catalog.models import Offer, Software
from catalog.pricing import Estimate, PriceLine, Size, tax_rate, total
from catalog.search.facets import BY_NAME, category_tree
from catalog.search.filters import Filters
from catalog.search.page import SORTS
from marketplace.accounts.enums import Role

from . import scoring
from .documents import content
from .documents.wording import OUTCOMES, in_japanese, language
from .enums import BidStatus
from .evaluation import parse_document
from .evaluation.messages import describe
from .evaluation.vocabulary import Outcome
from .models import BonusClaim
from .rules import term_years


def person(user, agency) -> content.Person:
    """A person as documents name them: with the post held in that agency."""
    memberships = [m for m in user.active_memberships if m.agency_id == agency.pk]
    officer_first = sorted(memberships, key=lambda m: m.role != Role.OFFICER)
    return {"name": user.name, "post": officer_first[0].post if officer_first else ""}


def procurement_content(procurement) -> content.Procurement:
    return {
        "reference": procurement.reference,
        "title": procurement.title,
        "agency": procurement.agency.name,
        "officer": person(procurement.officer, procurement.agency),
        "purpose": procurement.purpose,
        "budget_yen": str(procurement.budget_yen),
        "budget_tax": "included",
        "term": {"start": procurement.term_from.isoformat(), "end": procurement.term_to.isoformat()},
    }


def company_content(company) -> content.Company:
    # A sole proprietor's number is GビズID's own, not a 法人番号.
    number = None if company.is_sole_proprietor else company.corporate_number
    return {"name": company.name, "corporate_number": number}


def estimate(offer, procurement) -> Estimate:
    """What ``offer`` costs this procurement over its term. Uses prefetched price lines; no query then."""
    lines = [
        PriceLine(
            item=row.item,
            timing=row.timing,
            unit=row.unit,
            amount_yen=row.amount_yen,
            from_quantity=row.from_quantity,
            to_quantity=row.to_quantity,
            tax_included=row.tax_included,
        )
        for row in offer.price_lines.all()
    ]
    size = Size(users=procurement.users, residents=procurement.residents)
    years = term_years(procurement.term_from, procurement.term_to)
    return total(lines, size, years, tax_rate(procurement.term_from))


def price_content(found: Estimate) -> content.Price | None:
    """The calculation behind a price, tax in; None where the seller publishes no price for this size."""
    if found.total is None:
        return None
    lines: list[content.PriceLine] = []
    for item in found.items:
        if item.line is None:
            continue  # a quantity of zero: nothing is charged
        lines.append(
            {
                "item": item.item,
                "unit": str(item.unit.label),
                "amount_yen": _decimal(Fraction(item.line.amount_yen)),
                "quantity": str(item.quantity),
                "times": item.periods,
                "subtotal_yen": _decimal(item.charge),
            }
        )
    adjustment = found.total.including_tax - sum((item.charge or Fraction(0) for item in found.items), Fraction(0))
    return {
        "lines": lines,
        "adjustment_yen": _decimal(adjustment),
        "total_yen": str(found.total.including_tax),
        "tax": "included",
    }


def criteria_in_words(params: dict) -> list[content.Criterion]:
    """The search's conditions as a person reads them, in the order of the form."""
    words: list[content.Criterion] = []
    if query := params.get("q"):
        words.append({"label": _("検索語"), "value": query if isinstance(query, str) else query[-1]})
    filters = Filters.from_params(params)
    for name, values in filters.chosen.items():
        kind = BY_NAME[name]
        labels = {node.slug: node.label for node in category_tree()} if name == "category" else kind.labels
        words.append({"label": str(kind.label), "value": _("または").join(str(labels[value]) for value in values)})
    if filters.price_min is not None:
        words.append(
            {"label": _("年間価格（下限）"), "value": _("%(amount)s円") % {"amount": f"{filters.price_min:,}"}}
        )
    if filters.price_max is not None:
        words.append(
            {"label": _("年間価格（上限）"), "value": _("%(amount)s円") % {"amount": f"{filters.price_max:,}"}}
        )
    if filters.availability_min is not None:
        words.append({"label": _("稼働率（下限）"), "value": f"{filters.availability_min}%"})
    return words


@in_japanese
def selection_content(procurement, search, candidates, *, locked_at, locked_by, note) -> content.SelectionContent:
    """Everything the selection rests on. ``candidates`` with software, offer, their makers, sellers and revisions."""
    listed = Software.objects.listed().count()
    query = [
        (key, value)
        for key, values in search.params.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {
        "procurement": procurement_content(procurement),
        "round": procurement.searches.count(),
        "search": {
            "criteria": criteria_in_words(search.params),
            "query": urlencode(query),
            "ordering": str(SORTS["relevance"]),
            "price_basis": _("利用者%(users)s人、%(years)d年間の総額")
            % {
                "users": f"{procurement.users:,}",
                "years": term_years(procurement.term_from, procurement.term_to),
            },
            "searched_at": search.searched_at.isoformat(),
            "result_count": len(candidates),
        },
        "catalogue": {
            "as_of": search.searched_at.isoformat(),
            "software": listed,
            "offers": Offer.objects.listed().filter(software__status="listed").count(),
        },
        "candidates": [_candidate(candidate, procurement) for candidate in candidates],
        "note": note,
        "locked_at": locked_at.isoformat(),
        "locked_by": person(locked_by, procurement.agency),
    }


def _candidate(candidate, procurement) -> content.Candidate:
    return {
        "number": candidate.position,
        "software": {
            **_revision(candidate.software, candidate.software_revision),
            "name": candidate.software_revision.content["name"],
            "maker": company_content(candidate.software.maker),
        },
        "offer": {**_revision(candidate.offer, candidate.offer_revision), "kind": candidate.offer.kind},
        "seller": company_content(candidate.offer.seller),
        "price": price_content(estimate(candidate.offer, procurement)),
        "decision": "dropped" if candidate.is_dropped else "kept",
        "reason": candidate.drop_reason,
    }


def _revision(subject, revision) -> content.Revision:
    return {"reference": subject.reference, "number": revision.number, "digest": f"sha256:{revision.digest}"}


def _decimal(amount: Fraction) -> str:
    """Plain decimal text: amounts have two places at most, so this always ends."""
    cents = amount * 100
    whole, rest = divmod(abs(cents.numerator // cents.denominator), 100)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:02}".removesuffix(".00") if rest else f"{sign}{whole}"


# The tender's documents


@in_japanese
def evaluation_report_content(tender, evaluation) -> content.EvaluationReport:
    """総合評価結果 of one run of the engine. The day of the run is the day of the report, so it prints the same again."""
    procurement = tender.procurement
    schedule: content.Schedule = {"evaluated_at": _instant(evaluation.computed_at)}
    for key, moment in (
        ("published_at", tender.published_at),
        ("bids_closed_at", tender.bids_due_at),
        ("technical_closed_at", tender.marked_at),
        ("opened_at", tender.opened_at),
    ):
        if moment:
            schedule[key] = _instant(moment)  # type: ignore[literal-required]
    return {
        "procurement": procurement_content(procurement),
        "schedule": schedule,
        "evaluation": evaluation.document,
        "result": evaluation.result,
        "criteria": {criterion.key: {"label": criterion.name} for criterion in tender.criteria.all()},
        "bidders": _bidders(tender, evaluation),
        "prepared_by": person(tender.opened_by or procurement.officer, procurement.agency),
        "prepared_on": _day(evaluation.computed_at),
    }


def _bidders(tender, evaluation) -> dict[str, content.Bidder]:
    bids = scoring.evaluated_bids(tender)
    names = scoring.names_in(evaluation, bids)
    reasons: dict[int, list[str]] = {}
    for claim in BonusClaim.objects.filter(bid__in=bids).exclude(reason="").select_related("bonus").order_by("pk"):
        decision = f"{claim.bonus.label}：{claim.get_status_display()}。{claim.reason}"
        reasons.setdefault(claim.bid_id, []).append(decision)
    bidders: dict[str, content.Bidder] = {}
    for bid in bids:
        bidder: content.Bidder = {**company_content(bid.company), "name": names[bid.pk]}
        if bid.invitation.candidate:
            bidder["software"] = bid.invitation.candidate.software.name
        told = reasons.get(bid.pk, [])
        if bid.status == BidStatus.INVALID and bid.end_reason:
            told = [*told, _("無効の理由：%(reason)s") % {"reason": bid.end_reason}]
        if told:
            bidder["bonus_reason"] = "\n".join(told)
        bidders[names[bid.pk]] = bidder
    return bidders


@in_japanese
def award_notice_content(tender, bid, evaluation, *, award=None) -> content.AwardNotice:
    """The letter to one bidder: of the decision, or while there is none, of the low-price investigation it is under."""
    procurement = tender.procurement
    bids = scoring.evaluated_bids(tender)
    names = scoring.names_in(evaluation, bids)
    rows = {row["id"]: row for row in evaluation.result["bids"]}
    decided_on = _day(award.awarded_at) if award else None
    is_winner = award is not None and award.bid_id == bid.pk
    outcome: Literal["awarded", "not_awarded", "provisional"] = (
        "provisional" if award is None else "awarded" if is_winner else "not_awarded"
    )
    officer = award.awarded_by if award else procurement.officer
    inquiry: content.Inquiry = {"office": procurement.agency.name}
    if officer.mail_address:
        inquiry["email"] = officer.mail_address
    notice: content.AwardNotice = {
        "procurement": procurement_content(procurement),
        "number": bid.reference,
        "issued_on": decided_on or _day(evaluation.computed_at),
        "issuer": person(officer, procurement.agency),
        "recipient": company_content(bid.company),
        "outcome": outcome,
        "decided_on": decided_on,
        "price_tax": tender.price_tax,
        "method": METHOD_WORDS[tender.rule["method"]],
        "own": _own_result(tender, bid, evaluation, rows[names[bid.pk]], names[bid.pk], of=len(rows)),
        "winner": _winner(award, rows[evaluation.result["winner"]]) if award else None,
        "next_steps": NEXT_STEPS[outcome],
        "document_digest": evaluation.document_digest,
        "inquiry": inquiry,
    }
    return notice


METHOD_WORDS = {"addition": "総合評価落札方式（加算方式）", "division": "総合評価落札方式（除算方式）"}
NEXT_STEPS = {
    "awarded": ["契約の締結に必要な書類と日程は、担当官から連絡します。"],
    "not_awarded": ["評価の内容についてお尋ねになりたいことがあれば、下記へお問い合わせください。"],
    "provisional": ["入札価格の内訳と、その価格で履行できる根拠を示す書類の提出を、担当官から求めます。"],
}


def _own_result(tender, bid, evaluation, row, name, *, of) -> content.OwnResult:
    own: content.OwnResult = {
        "price_yen": str(sum(map(Decimal, bid.prices.values()))) if bid.prices else None,
        "technical_points": row["technical_points"],
        "bonus_points": row["bonus_points"],
        "total": row["total"],
        "rank": row["rank"],
        "of": of,
    }
    if tender.rule["method"] == "addition":
        own["price_points"] = row["price_points"]
    if row["rank"] is None:
        own["reason"] = not_ranked_because(row, bid)
    document = parse_document(evaluation.document)
    points = scoring.criterion_points(document).get(name, {})
    criteria: list[content.OwnCriterion] = [
        {
            "label": criterion.name,
            "points": points[criterion.key],
            "maximum": None if criterion.points is None else scoring.text(criterion.points),
        }
        for criterion in tender.criteria.all()
        if criterion.key in points
    ]
    if criteria:
        own["criteria"] = criteria
    return own


def not_ranked_because(row, bid=None) -> str:
    """In words why a bid of a result has no rank: the engine's reasons, and what the officer wrote."""
    told = [describe(reason["code"], reason["params"], language()) for reason in row["reasons"]]
    if bid is not None and bid.status == BidStatus.INVALID and bid.end_reason:
        told.append(bid.end_reason)
    return "。".join([str(OUTCOMES[Outcome(row["outcome"])]), *told]).strip("。")


def _winner(award, row) -> content.Winner:
    winner: content.Winner = {
        **company_content(award.bid.company),
        "price_yen": str(sum(map(Decimal, award.bid.prices.values()))),
        "total": row["total"],
    }
    if award.bid.invitation.candidate:
        winner["software"] = award.bid.invitation.candidate.software.name
    return winner


def _instant(moment) -> str:
    return timezone.localtime(moment, timezone.get_default_timezone()).isoformat(timespec="seconds")


def _day(moment) -> str:
    return timezone.localdate(moment, timezone.get_default_timezone()).isoformat()
