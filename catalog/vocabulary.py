"""The operator's words for search: which find each other."""

import re

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts.permissions import check_can_operate
from marketplace.audit.trail import record
from marketplace.workflow import RuleViolation

from .models import SearchSynonym
from .search.normalise import canonical
from .search.query import MOST_ALTERNATIVES
from .search.synonyms import forget

LONGEST_WORD = 60
MOST_WORDS = MOST_ALTERNATIVES + 1
"""A search looks for that many alternatives of a word; a longer group would promise more than it does."""


def split_words(text: str) -> list[str]:
    """The words of a form's text area, as typed, without blanks."""
    return [word for part in re.split(r"[\n,、，]", text) if (word := " ".join(part.split()))]


@transaction.atomic
def add_synonyms(words: list[str], *, by) -> SearchSynonym:
    """Let words find each other from the next search on. Raises RuleViolation on what is no group."""
    check_can_operate(by)
    group = SearchSynonym.objects.create(words=_checked(words))
    record("synonyms:added", group, by=by, words=group.words)
    transaction.on_commit(forget)
    return group


@transaction.atomic
def change_synonyms(group, words: list[str], *, by) -> SearchSynonym:
    check_can_operate(by)
    group = SearchSynonym.objects.select_for_update(no_key=True).get(pk=group.pk)
    old, group.words = group.words, _checked(words)
    group.save(update_fields=["words"])
    record("synonyms:changed", group, by=by, old=old, words=group.words)
    transaction.on_commit(forget)
    return group


@transaction.atomic
def remove_synonyms(group, *, by) -> None:
    check_can_operate(by)
    group = SearchSynonym.objects.select_for_update().get(pk=group.pk)
    record("synonyms:removed", group, by=by, words=group.words)
    group.delete()
    transaction.on_commit(forget)


def _checked(words: list[str]) -> list[str]:
    forms: dict[str, str] = {}
    for word in words:
        if len(word) > LONGEST_WORD:
            raise RuleViolation(
                _("「%(word)s…」が長すぎます。%(limit)d文字以内にしてください。")
                % {"word": word[:20], "limit": LONGEST_WORD}
            )
        form = canonical(word)
        if not form:
            raise RuleViolation(_("「%(word)s」には文字がありません。") % {"word": word})
        if form in forms:
            raise RuleViolation(
                _("「%(one)s」と「%(other)s」は、検索では同じ語として扱われます。片方を除いてください。")
                % {"one": forms[form], "other": word}
            )
        forms[form] = word
    if len(forms) < 2:
        raise RuleViolation(_("2語以上を入力してください。"))
    if len(forms) > MOST_WORDS:
        raise RuleViolation(_("一つの組は%(limit)d語までです。") % {"limit": MOST_WORDS})
    return list(forms.values())
