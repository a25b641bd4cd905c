"""The operator's administrator keeps the groups of words that find each other."""

from http import HTTPStatus

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.accounts.permissions import check_can_operate
from marketplace.workflow import RuleViolation

from .. import vocabulary
from ..forms import SynonymForm
from ..models import SearchSynonym
from ..search.normalise import fold

PER_PAGE = 50


@require_safe
def synonym_list(request):
    """All groups, or those with a word that contains ``?q=``, however either is written: ｻｰﾊﾞ finds サーバー."""
    check_can_operate(request.user)
    query = request.GET.get("q", "").strip()[:60]
    groups = SearchSynonym.objects.order_by("pk")
    if query:
        groups = [group for group in groups if any(fold(query) in fold(word) for word in group.words)]
    page = Paginator(groups, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "catalog/synonyms/synonym_list.html", {"page": page, "query": query})


@require_http_methods(["GET", "HEAD", "POST"])
def synonym_create(request):
    check_can_operate(request.user)
    return _form_page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def synonym_edit(request, pk):
    check_can_operate(request.user)
    return _form_page(request, get_object_or_404(SearchSynonym, pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
def synonym_delete(request, pk):
    check_can_operate(request.user)
    group = get_object_or_404(SearchSynonym, pk=pk)
    if request.method == "POST":
        vocabulary.remove_synonyms(group, by=request.user)
        messages.success(request, _("「%(words)s」の組を削除しました。") % {"words": group})
        return redirect("catalog:synonym_list")
    return render(request, "catalog/synonyms/synonym_delete.html", {"group": group, "danger": True})


def _form_page(request, group):
    form = SynonymForm(request.POST or None, initial={"words": "\n".join(group.words)} if group else None)
    if request.method == "POST" and form.is_valid():
        words = vocabulary.split_words(form.cleaned_data["words"])
        try:
            if group:
                vocabulary.change_synonyms(group, words, by=request.user)
            else:
                vocabulary.add_synonyms(words, by=request.user)
        except RuleViolation as error:
            form.add_error("words", str(error))
        else:
            messages.success(request, _("同義語を保存しました。次の検索から使われます。"))
            return redirect("catalog:synonym_list")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "catalog/synonyms/synonym_edit.html", {"form": form, "group": group}, status=status)
