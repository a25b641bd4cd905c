"""A company as everybody may see it: the public facts, where they come from, and what follows from them."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace import clock

from .facts import facts_of, startup_verdict
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
