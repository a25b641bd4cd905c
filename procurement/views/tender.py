"""The officer's side of a tender, from the rule to the opening; and the door where each role gets its own view of it."""

import re
from decimal import Decimal

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.forms.utils import ErrorDict
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.pricing import tax_rate
from marketplace import clock
from marketplace.accounts import permissions as people
from marketplace.accounts.enums import AGENCY_ROLES, Role
from marketplace.accounts.models import Membership, User

from .. import actions, permissions, scoring
from ..enums import BidStatus, BonusKind, PriceTax, TenderStatus
from ..evaluation import DocumentError
from ..models import Bid, BonusClaim, Procurement
from ..rules import evaluators_needed
from ..tender_forms import (
    PRESETS,
    AssignForm,
    BonusFormSet,
    ClaimForm,
    ComponentFormSet,
    CriterionFormSet,
    DisqualifyForm,
    GivenPointsForm,
    PublishForm,
    RuleForm,
    TrialBidForm,
    TrialForm,
    component_initial,
    rule_initial,
)
from .bidding import vendor_view
from .common import (
    attempt,
    charted,
    for_officer,
    posted,
    progress_context,
    tenders_of_agency,
    tenders_of_evaluator,
    tenders_of_vendor,
)
from .marking import evaluator_view


@require_safe
def tender_detail(request, reference):
    """One address, three views: an evaluator's is blind, a vendor's is its own, the agency's follows the stage."""
    for scope, view in (
        (tenders_of_evaluator, evaluator_view),
        (tenders_of_agency, agency_view),
        (tenders_of_vendor, vendor_view),
    ):
        if tender := scope(request.user).filter(reference=reference).first():
            return view(request, tender)
    raise Http404


def agency_view(request, tender):
    procurement = tender.procurement
    manages = permissions.can_manage(request.user, procurement)
    assignments = list(tender.assignments.select_related("evaluator"))
    criteria, bonuses = list(tender.criteria.all()), list(tender.bonuses.all())
    bids, bid_count = [], tender.bids.standing().count() if tender.published_at else 0
    if manages and tender.closed_at:
        bids = list(
            tender.bids.exclude(status=BidStatus.REPLACED)
            .select_related("company", "invitation__candidate__software")
            .prefetch_related("claims__bonus", "attachments")
        )
    contract = getattr(procurement, "contract", None)
    award = getattr(tender, "award", None)
    context = {
        "tender": tender,
        "procurement": procurement,
        "manages": manages,
        "decides": manages,  # an assigned evaluator never gets here
        "criteria": criteria,
        "bonuses": bonuses,
        "words": _words(tender, criteria, bonuses),
        "assignments": assignments,
        "assign_form": _assign_form(tender) if manages and _may_assign(tender) else None,
        "bids": bids,
        "bid_count": bid_count,
        "has_bid_acts": tender.takes_given_points or tender.status in (TenderStatus.EVALUATED, TenderStatus.AWARDED),
        "invitations": tender.invitations.select_related("company", "candidate__software") if manages else [],
        "award": award,
        "contract": contract,
        "is_over_opening": bool(tender.opening_at and tender.opening_at <= clock.now()),
        **progress_context(
            tender,
            is_contracted=contract is not None,
            is_published=award is not None and award.published_at is not None,
        ),
    }
    return render(request, "procurement/tender/tender_detail_agency.html", context)


@require_POST
def tender_create(request, reference):
    rows = Procurement.objects.filter(agency__in=people.agencies_of(request.user, Role.BUYER, Role.OFFICER))
    procurement = get_object_or_404(rows, reference=reference)
    made = []
    answer = attempt(
        request,
        lambda: made.append(actions.draft_tender(procurement, by=request.user)),
        success=_("入札の準備を始めました。評価の方法を決めてください。"),
        then=procurement.get_absolute_url(),
    )
    return redirect("procurement:tender_rule", reference=made[0].reference) if made else answer


@require_http_methods(["GET", "HEAD", "POST"])
def tender_rule(request, reference):
    """The rule while it is a draft: one form and its three lists, checked by the engine before it is stored."""
    tender = _draft(request, reference)
    if tender is None:
        return redirect("procurement:tender_detail", reference=reference)
    if request.method == "POST":
        data = request.POST
        if row := data.get("more"):
            return _rule_page(request, tender, _bound(_with_more(data, row)), added=row)
        forms = _bound(data)
        valid = [form.is_valid() for form in forms.values()]  # all of them: every fault is shown at once
        if all(valid) and (given := _checked(tender, forms)):
            return attempt(
                request,
                lambda: actions.save_rule(tender, by=request.user, **given),
                success=_("評価の方法を保存しました。言葉での説明と試算で確かめてください。"),
                then=reverse("procurement:tender_trial", args=[reference]),
                otherwise=tender.get_absolute_url(),
            )
        return _rule_page(request, tender, forms, status=422)
    return _rule_page(request, tender, _unbound(tender, PRESETS.get(request.GET.get("preset", ""))))


def _rule_page(request, tender, forms, *, status=200, added=""):
    """``added``: the list that has just got one more row; there is nothing to find fault with yet."""
    if added:
        forms["rule"]._errors = ErrorDict()
        for prefix in _FORMSETS:
            forms[prefix].forgive()
    context = {
        "tender": tender,
        "procurement": tender.procurement,
        "form": None if added else forms["rule"],
        "rule_form": forms["rule"],
        "components": forms["component"],
        "criteria": forms["criterion"],
        "bonuses": forms["bonus"],
        "summary": list(forms.values()) if forms["rule"].is_bound and not added else None,
        "added": added,
        "presets": [{"key": key, **preset} for key, preset in PRESETS.items()],
    }
    return render(request, "procurement/tender/rule_form.html", context, status=status)


_FORMSETS = {"component": ComponentFormSet, "criterion": CriterionFormSet, "bonus": BonusFormSet}


def _bound(data):
    return {"rule": RuleForm(data)} | {prefix: kind(data, prefix=prefix) for prefix, kind in _FORMSETS.items()}


def _with_more(data, prefix):
    """The same input with one more row in the list ``prefix``, as an empty one is offered."""
    data = data.copy()
    key = f"{prefix}-TOTAL_FORMS"
    count = int(data[key]) if re.fullmatch("[0-9]{1,3}", data.get(key, "")) else None
    if prefix in _FORMSETS and count is not None and count < _FORMSETS[prefix].max_num:
        data[key] = str(count + 1)
        for name, field in _FORMSETS[prefix].form.base_fields.items():
            if field.initial is not None:
                data[f"{prefix}-{count}-{name}"] = str(field.initial)
    return data


def _unbound(tender, preset):
    initial = rule_initial(tender)
    components = [component_initial(each) for each in (tender.rule.get("price") or {}).get("components", [])]
    if preset:
        initial |= preset["rule"]
        components = preset["components"]
    criteria = [
        {
            "kind": row.kind,
            "name": row.name,
            "description": row.description,
            "points": row.points and Decimal(scoring.text(row.points)),
            "scale": row.scale,
        }
        for row in tender.criteria.all()
    ]
    bonuses = [
        {"kind": row.kind, "label": row.label, "points": Decimal(scoring.text(row.points)), "group": row.group}
        for row in tender.bonuses.exclude(kind=BonusKind.STARTUP)
    ]
    blank = {"name": "総額", "points": None, "formula": "linear"}
    rows = {"component": components or [blank], "criterion": criteria or [{}, {}, {}], "bonus": bonuses}
    return {"rule": RuleForm(initial=initial)} | {
        prefix: kind(prefix=prefix, initial=rows[prefix]) for prefix, kind in _FORMSETS.items()
    }


def _checked(tender, forms) -> dict | None:
    """The arguments of ``save_rule``, or None after noting at the form what the engine holds against them."""
    rule_form = forms["rule"]
    criteria = [form.criterion() for form in forms["criterion"].kept]
    bonuses = rule_form.startup_bonus() + [form.bonus() for form in forms["bonus"].kept]
    components = [form.component() for form in forms["component"].kept]
    values = rule_form.tender_values(components, criteria)
    technical = values["rule"]["technical"]
    if not criteria:
        rule_form.add_error(None, _("評価項目を一つ以上入力してください。"))
    elif technical["points"] and not technical["raw_maximum"]:
        total = scoring.text(sum((each["points"] or Decimal(0) for each in criteria), Decimal(0)))
        if Decimal(total) != Decimal(technical["points"]):
            message = _("配点の合計%(total)s点が満点%(points)s点と合いません。配点を直すか、換算を選んでください。")
            rule_form.add_error("technical_points", message % {"total": total, "points": technical["points"]})
    if rule_form.errors:
        return None
    document = scoring.compose_rule(
        tender.procurement.title,
        values["rule"],
        actions.criterion_rows(tender, criteria),
        actions.bonus_rows(tender, bonuses),
    )
    try:
        scoring.read_rule(document)
    except DocumentError as error:
        rule_form.add_faults(error)
        return None
    return {"values": values, "criteria": criteria, "bonuses": bonuses}


@require_safe
def tender_trial(request, reference):
    """The rule in words, and what it makes of invented bids. Nothing is stored: the address says it all."""
    tender = for_officer(request, reference)
    criteria, bonuses = list(tender.criteria.all()), list(tender.bonuses.all())
    words = _words(tender, criteria, bonuses)
    if words is None:
        return redirect("procurement:tender_rule", reference=reference)
    rule = tender.rule if tender.published_at else scoring.rule_document(tender)
    components = scoring.price_components(rule)
    proposed = _trial_bids(tender, rule, components, bonuses)
    given = request.GET if "0-name" in request.GET else _trial_input(tender, proposed)
    form = TrialForm(given)
    rows = [
        TrialBidForm(given, prefix=str(index), components=components, bonuses=bonuses) for index in range(len(proposed))
    ]
    result, faults = None, []
    valid = [each.is_valid() for each in (form, *rows)]
    if all(valid):
        try:
            result = scoring.trial(rule, bids=[row.bid(n) for n, row in enumerate(rows)], **form.cleaned_data)
        except DocumentError as error:
            faults = scoring.fault_lines(error).splitlines()
    context = {
        "tender": tender,
        "procurement": tender.procurement,
        "criteria": criteria,
        "bonuses": bonuses,
        "words": words,
        "limits": form,
        "rows": rows,
        "form": form,
        "result": _ranked(result) if result else None,
        "chart": _chart(result) if result else [],
        "is_division": rule["method"] == "division",
        "faults": faults,
    }
    template = "includes/trial_result.html" if request.htmx else "trial.html"
    return render(request, f"procurement/tender/{template}", context)


def _trial_input(tender, bids) -> dict:
    """What the forms would send for the proposed bids."""
    typed = {f"{index}-{name}": value for index, bid in enumerate(bids) for name, value in bid.items()}
    return {"ceiling_price": str(_assumed_ceiling(tender)), **typed}


def _assumed_ceiling(tender) -> int:
    """The budget, on the tax basis of the bids: the real ceiling is typed only when publishing."""
    budget = tender.procurement.budget_yen
    if tender.price_tax == PriceTax.EXCLUDED:
        budget = int(budget / tax_rate(tender.procurement.term_from).factor)
    return budget


def _trial_bids(tender, rule, components, bonuses) -> list[dict]:
    """Three typical bidders: strong and dear, middling, cheap and weak; the middling one is a startup."""
    technical = scoring.weights(scoring.read_rule(rule)).technical
    ceiling = _assumed_ceiling(tender)
    startups = {f"bonus_{bonus.key}": "on" for bonus in bonuses if bonus.kind == BonusKind.STARTUP}
    bids = []
    for name, merit, price, extra in (
        (_("提案が優れ、価格が高い"), 90, 95, {}),
        (_("提案も価格も中くらい"), 75, 85, startups),
        (_("提案は最低限で、価格が安い"), 60, 65, {}),
    ):
        each = ceiling * price // 100 // len(components)
        points = (technical * merit / 100).limit_denominator(10**4)
        bids.append(
            {
                "name": name,
                "technical_points": f"{Decimal(int(points * 100)) / 100:f}",
                **{f"price_{index}": str(each) for index in range(len(components))},
                **extra,
            }
        )
    return bids


def _ranked(result) -> list[dict]:
    return sorted(result["bids"], key=lambda bid: (bid["rank"] is None, bid["rank"] or 0))


def _chart(result) -> list[tuple]:
    """Totals for the bar chart, best first; the winner in colour."""
    return [
        (bid["id"], charted(Decimal(bid["total"])), "green" if bid["id"] == result["winner"] else "")
        for bid in _ranked(result)
        if bid["total"] is not None
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def tender_publish(request, reference):
    """Confirm the rule, type the secret prices, publish. Nothing of the rule can change afterwards."""
    tender = _written_here(request, reference)
    criteria, bonuses = list(tender.criteria.all()), list(tender.bonuses.all())
    words = _words(tender, criteria, bonuses)
    if tender.status != TenderStatus.DRAFT or words is None:
        return redirect(tender if words else reverse("procurement:tender_rule", args=[reference]))
    form = PublishForm(posted(request))
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.publish_tender(tender, by=request.user, **_decimals(form.cleaned_data)),
            success=_("公告しました。選定で残した販売事業者に、入札の案内を送りました。"),
            then=tender.get_absolute_url(),
            otherwise=request.path,
        )
    candidates = tender.procurement.selection.search.candidates.filter(is_dropped=False).select_related(
        "offer__seller", "software"
    )
    context = {
        "tender": tender,
        "procurement": tender.procurement,
        "form": form,
        "words": words,
        "criteria": criteria,
        "bonuses": bonuses,
        "candidates": candidates,
        "evaluators": tender.assignments.count(),
        "evaluators_needed": evaluators_needed(tender.rule["technical"]["aggregate"]),
    }
    return render(request, "procurement/tender/publish.html", context, status=422 if form.errors else 200)


def _decimals(values):
    return {name: None if value is None else Decimal(value) for name, value in values.items()}


# Evaluators


@require_POST
def evaluator_assign(request, reference):
    tender = for_officer(request, reference)
    form = _assign_form(tender, request.POST)
    if not form.is_valid():
        messages.error(request, _("評価委員にする人を選んでください。"))
        return redirect(_evaluators_of(tender))
    return attempt(
        request,
        lambda: actions.assign_evaluator(tender, evaluator=form.cleaned_data["evaluator"], by=request.user),
        success=_("%(name)sさんを評価委員に割り当てました。") % {"name": form.cleaned_data["evaluator"].name},
        then=_evaluators_of(tender),
    )


@require_POST
def evaluator_remove(request, reference, key):
    tender = for_officer(request, reference)
    assignment = get_object_or_404(tender.assignments, key=key)
    return attempt(
        request,
        lambda: actions.remove_evaluator(assignment, by=request.user),
        success=_("評価委員の割当てを取り消しました。"),
        then=_evaluators_of(tender),
    )


def _evaluators_of(tender):
    return tender.get_absolute_url() + "#evaluators"


def _may_assign(tender) -> bool:
    return tender.status in (TenderStatus.DRAFT, TenderStatus.OPEN, TenderStatus.MARKING)


def _assign_form(tender, data=None):
    """People of the agency who are no vendor's, not in charge of the tender, and not assigned yet."""
    here = Membership.objects.filter(
        user=OuterRef("pk"), agency=tender.procurement.agency, ended_at=None, role__in=AGENCY_ROLES
    )
    vendors = Membership.objects.filter(user=OuterRef("pk"), company__isnull=False, ended_at=None)
    assigned = tender.assignments.filter(evaluator=OuterRef("pk"))
    people = (
        User.objects.filter(Exists(here), ~Exists(vendors), ~Exists(assigned), is_active=True)
        .exclude(pk=tender.procurement.officer_id)
        .order_by("name", "pk")
    )
    return AssignForm(data, people=people)


# Between deadline and opening


@require_http_methods(["GET", "HEAD", "POST"])
def claim_decide(request, reference, key):
    """A bonus claim with its derivation from company facts; the officer accepts or refuses it with a reason."""
    claim = _claim(request, reference, key)
    tender = claim.bid.tender
    permissions.check_can_decide(request.user, tender)
    decidable = tender.status in (TenderStatus.MARKING, TenderStatus.MARKED) and claim.bid.status == BidStatus.SUBMITTED
    form = ClaimForm(posted(request))
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.decide_claim(claim, by=request.user, **form.cleaned_data),
            success=_("加点の申告についての判断を記録しました。"),
            then=tender.get_absolute_url() + "#claims",
        )
    context = {
        "claim": claim,
        "tender": tender,
        "procurement": tender.procurement,
        "form": form if decidable else None,
        **progress_context(tender),
    }
    return render(request, "procurement/tender/claim_detail.html", context, status=422 if form.errors else 200)


def _claim(request, reference, key):
    tenders = tenders_of_agency(request.user).exclude(closed_at=None)
    claim = (
        BonusClaim.objects.filter(bid__reference=reference, bonus__key=key, bid__tender__in=tenders)
        .select_related("bid__company", "bid__tender__procurement__agency", "bonus", "decided_by")
        .first()
    )
    if claim is None:
        raise Http404
    return claim


@require_http_methods(["GET", "HEAD", "POST"])
def points_enter(request, reference):
    """Technical points of a re-entered past sheet, bid by bid."""
    bid = _bid_after_closing(request, reference)
    tender = bid.tender
    permissions.check_can_decide(request.user, tender)
    if not tender.takes_given_points:
        raise Http404
    form = GivenPointsForm(posted(request), initial={"points": bid.technical_points})
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.enter_technical_points(bid, points=form.cleaned_data["points"], by=request.user),
            success=_("技術点を記録しました。"),
            then=tender.get_absolute_url() + "#bids",
        )
    context = {"bid": bid, "tender": tender, "procurement": tender.procurement, "form": form}
    return render(request, "procurement/tender/points_enter.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def marking_close(request, reference):
    tender = for_officer(request, reference)
    permissions.check_can_decide(request.user, tender)
    if request.method == "POST":
        return attempt(
            request,
            lambda: actions.close_marking(tender, by=request.user),
            success=_("技術評価を確定しました。採点はもう変更できません。"),
            then=tender.get_absolute_url(),
        )
    context = {"tender": tender, "procurement": tender.procurement, "assignments": _counted(tender)}
    return render(request, "procurement/tender/marking_close.html", context)


def _counted(tender):
    return tender.assignments.select_related("evaluator").annotate(
        given=Count("marks", filter=Q(marks__bid__status=BidStatus.SUBMITTED))
    )


@require_http_methods(["GET", "HEAD", "POST"])
def tender_open(request, reference):
    tender = for_officer(request, reference)
    permissions.check_can_decide(request.user, tender)
    if request.method == "POST":
        return attempt(
            request,
            lambda: actions.open_prices(tender, by=request.user),
            success=_("開札しました。評価の結果を確かめてください。"),
            then=reverse("procurement:evaluation_detail", args=[reference]),
            otherwise=tender.get_absolute_url(),
        )
    context = {"tender": tender, "procurement": tender.procurement, "bid_count": tender.bids.standing().count()}
    return render(request, "procurement/tender/tender_open.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def bid_disqualify(request, reference):
    bid = _bid_after_closing(request, reference)
    tender = bid.tender
    permissions.check_can_decide(request.user, tender)
    evaluation = reverse("procurement:evaluation_detail", args=[tender.reference])
    form = DisqualifyForm(posted(request))
    if request.method == "POST" and form.is_valid():
        return attempt(
            request,
            lambda: actions.disqualify_bid(bid, reason=form.cleaned_data["reason"], by=request.user),
            success=_("入札を無効とし、評価を計算し直しました。"),
            then=evaluation,
        )
    context = {"bid": bid, "tender": tender, "procurement": tender.procurement, "form": form, "danger": True}
    return render(request, "procurement/tender/bid_disqualify.html", context, status=422 if form.errors else 200)


def _bid_after_closing(request, reference) -> Bid:
    """A bid of the agency's own tender, once the deadline let its name be known."""
    tenders = tenders_of_agency(request.user).exclude(closed_at=None)
    rows = Bid.objects.filter(tender__in=tenders).select_related(
        "company", "tender__procurement__agency", "tender__procurement__officer"
    )
    return get_object_or_404(rows, reference=reference)


def _draft(request, reference):
    """The tender if its rule may still be written by this person, None once it was published."""
    tender = _written_here(request, reference)
    return tender if tender.status == TenderStatus.DRAFT else None


def _written_here(request, reference):
    """A tender whose rule is written and published on pages; a past sheet comes with its bidders, through the actions."""
    tender = for_officer(request, reference)
    permissions.check_can_manage(request.user, tender.procurement)
    if tender.takes_given_points:
        raise Http404
    return tender


def _words(tender, criteria, bonuses) -> dict | None:
    """The rule in words with what weighs how much; None while a draft has none yet."""
    if not tender.rule:
        return None
    rule = (
        tender.rule
        if tender.published_at
        else scoring.compose_rule(tender.procurement.title, tender.rule, criteria, bonuses)
    )
    try:
        document = scoring.read_rule(rule)
    except DocumentError:
        return None
    return {"facts": scoring.rule_in_words(rule), "weights": scoring.weights(document).facts}
