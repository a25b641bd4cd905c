"""Pages that belong to no domain."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from marketplace.context_processors import optional_url

# (icon, title, text, URL name). Behind the first two stands sign-in, which knows the two kinds of people apart.
ENTRANCES = (
    (
        "building",
        _("行政機関の方"),
        _("候補を比べ、選定の記録を残し、総合評価による調達を進めます。職員のメールアドレスでサインインします。"),
        "procurement:procurement_list",
    ),
    (
        "storefront",
        _("事業者の方"),
        _("製品と販売サービスを登録し、審査を受け、入札に応じます。GビズIDでサインインします。"),
        "catalog:vendor_home",
    ),
    (
        "chart",
        _("調達の結果を見る"),
        _("どの機関が何をどのように選んだか、評価の計算まで公表されています。サインインは要りません。"),
        "procurement:award_list",
    ),
)


def no_figures():
    return []


@login_not_required
@require_safe
def home(request, figures=no_figures):
    """What the marketplace is, the search, and three ways in.

    `figures` is given in the URL configuration, because this room may not import the others: a function that returns
    triples (label, value, unit).
    """
    entrances = [
        {"icon": icon, "title": title, "text": text, "url": url}
        for icon, title, text, name in ENTRANCES
        if (url := optional_url(name))
    ]
    return render(request, "home.html", {"entrances": entrances, "figures": figures()})


@login_not_required
@require_safe
def about(request):
    """How the marketplace works, for whoever wants to trust it."""
    return render(request, "pages/about.html")


@login_not_required
@require_safe
def accessibility(request):
    return render(request, "pages/accessibility.html")
