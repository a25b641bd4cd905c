"""A company as everybody may see it, and as its own people see and declare it: facts, their source, what follows."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace import clock
from marketplace.accounts import permissions
from marketplace.workflow import RuleViolation

from . import actions
from .facts import facts_of, startup_verdict
from .forms import ROWS_AT_MOST, FactForm, HoldingFormSet, OfficerFormSet
from .models import Company
from .wording import explain

# Shareholders and officers are people: they feed the rules and are not shown to visitors.
PUBLIC_FACTS = {
    "entity_kind": _("法人の種類"),
    "established_on": _("設立年月日"),
    "capital_yen": _("資本金"),
    "employees": _("常時使用する従業員の数"),
    "jsic_code": _("主たる事業（日本標準産業分類）"),
}


@login_not_required
@require_safe
def company_detail(request, number):
    company = get_object_or_404(Company.objects.prefetch_related("snapshots"), corporate_number=number)
    merged = facts_of(company)
    facts = [
        {"name": name, "label": label, "value": getattr(merged.facts, name), "origin": merged.provenance.get(name)}
        for name, label in PUBLIC_FACTS.items()
    ]
    verdict = startup_verdict(company, clock.today())
    context = {
        "company": company,
        "facts": facts,
        "verdict": verdict,
        "explanation": explain(verdict),
        "software": company.software.filter(status="listed").order_by("name", "pk"),
    }
    return render(request, "companies/company_detail.html", context)


def company_facts(request):
    """A company's own page: every fact with its source and date, the verdict with its reasons, and the declaration."""
    company = _own_company(request)
    may_declare = permissions.can_administer(request.user, company)
    prefetch_related_objects([company], "snapshots")
    merged = facts_of(company)
    verdict = startup_verdict(company, clock.today())
    if request.method == "POST":
        permissions.check_can_administer(request.user, company)
        form, rows, status = _declaration(request, company, merged)
        if form is None:
            return redirect(f"{request.path}?company={company.corporate_number}")
    else:
        form, rows, status = *_forms(merged), HTTPStatus.OK
    context = {
        "company": company,
        "companies": permissions.companies_of(request.user),
        "facts": _described(merged),
        "verdict": verdict,
        "explanation": explain(verdict),
        "snapshots": company.snapshots.order_by("-recorded_at", "-pk")[:20],
        "may_declare": may_declare,
        "form": form if may_declare else None,
        "rows": rows,
        "show_errors": status == HTTPStatus.UNPROCESSABLE_ENTITY,
        "all_forms": [form, *rows.values()],
        **{f"added_{name}": request.POST.get("add") == name for name in ROW_FORMSETS},
    }
    if request.htmx and request.POST.get("add") in rows:
        name = request.POST["add"]
        fragment = {"name": name, "rows": rows[name], "added": True}
        return render(request, "companies/includes/fact_rows.html", fragment)
    return render(request, "companies/company_facts.html", context, status=status)


def _own_company(request):
    companies = permissions.companies_of(request.user)
    if not companies:
        raise PermissionDenied(_t("事業者のメンバーだけが利用できるページです。"))
    permissions.check_identity_proven(request.user)  # the page names shareholders and officers
    number = request.GET.get("company")
    chosen = next((each for each in companies if each.corporate_number == number), None) if number else companies[0]
    if chosen is None:
        raise Http404
    return chosen


ROW_FORMSETS = {"shareholders": HoldingFormSet, "officers": OfficerFormSet}


def _forms(merged, data=None):
    """The declaration's form and its rows by name, showing what is known."""
    facts = merged.facts
    initial = {name: getattr(facts, name) for name in DECLARED_FACTS}
    rows_known = {
        "shareholders": [vars(each) for each in facts.shareholders or ()],
        "officers": [
            {
                "name": each.name,
                "at_large": TRI_STATE_TEXT[each.at_large],
                "at_deemed_large_sme": TRI_STATE_TEXT[each.at_deemed_large_sme],
            }
            for each in facts.officers or ()
        ],
    }
    for name, known in rows_known.items():
        told = getattr(facts, name)
        initial[name] = "" if told is None else "some" if known else "none"
    form = FactForm(data, initial=initial | {"as_of": clock.today()})
    rows = {
        name: formset(data, prefix=name, initial=rows_known[name] or [{}]) for name, formset in ROW_FORMSETS.items()
    }
    return form, rows


def _declaration(request, company, merged):
    """Read the posted declaration and record it: (None, …) when done, else the forms to show again and the status."""
    name = request.POST.get("add")
    if name in ROW_FORMSETS:
        data = request.POST.copy()
        total = data.get(f"{name}-TOTAL_FORMS", "")
        count = int(total) if total.isascii() and total.isdigit() and len(total) < 4 else 0
        data[f"{name}-TOTAL_FORMS"] = str(min(count + 1, ROWS_AT_MOST))
        return *_forms(merged, data), HTTPStatus.OK
    form, rows = _forms(merged, request.POST)
    for name, formset in rows.items():
        formset.required = request.POST.get(name) == "some"
    valid = [form.is_valid(), *(formset.is_valid() for formset in rows.values())]
    if not all(valid):
        return form, rows, HTTPStatus.UNPROCESSABLE_ENTITY
    values = {name: form.cleaned_data[name] for name in DECLARED_FACTS}
    values = {name: None if value == "" else value for name, value in values.items()}
    for name, formset in rows.items():
        told = form.cleaned_data[name]
        values[name] = {"some": formset.facts(), "none": []}.get(told)
    try:
        actions.declare_facts(
            company,
            as_of=form.cleaned_data["as_of"],
            evidence=form.cleaned_data["evidence"],
            values=values,
            by=request.user,
        )
    except RuleViolation as error:
        form.add_error(None, str(error))
        return form, rows, HTTPStatus.UNPROCESSABLE_ENTITY
    messages.success(request, _t("申告を記録しました。これまでの記録も残ります。"))
    return None, None, HTTPStatus.FOUND


DECLARED_FACTS = ("entity_kind", "established_on", "capital_yen", "employees", "jsic_code", "jsic_revision")
TRI_STATE_TEXT = {True: "yes", False: "no", None: ""}


def _described(merged) -> list[dict]:
    """Each fact with its source and date; people and shares included, for this page is the company's own."""
    names = {**PUBLIC_FACTS, "shareholders": _("株主・出資者"), "officers": _("役員")}
    return [
        {"name": name, "label": label, "value": getattr(merged.facts, name), "origin": merged.provenance.get(name)}
        for name, label in names.items()
    ]
