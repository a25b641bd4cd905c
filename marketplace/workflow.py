"""What every state machine here shares. The machines themselves are dicts in each domain's ``rules.py``."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext as _

Transitions = Mapping[TextChoices, frozenset[TextChoices]]


class RuleViolation(Exception):
    """A request at the wrong time or in the wrong state. The message is shown to the person who asked."""


def check_transition(transitions: Transitions, current: str, target: TextChoices) -> None:
    """Raise ``RuleViolation`` unless ``current`` may become ``target``."""
    state = type(target)(current)
    if target not in transitions[state]:
        raise RuleViolation(
            _(
                "現在の状態は「%(current)s」です。「%(target)s」にはできません。すでに処理された可能性があります。画面を読み直してください。"
            )
            % {"current": state.label, "target": target.label}
        )


def pairs(transitions: Transitions) -> list[tuple[str, str]]:
    """The machine as (from, to) values, for the database trigger and the diagram."""
    return [
        (str(current.value), str(target.value))
        for current, targets in transitions.items()
        for target in sorted(targets)
    ]


def locked(queryset, instance):
    """Lock the row until commit, then read it with what ``queryset`` joins. A second click waits here and fails the check
    that follows.

    Two statements: one that waited for the lock would show the row as it is now beside joined rows as they were before.
    """
    queryset.model._base_manager.select_for_update(no_key=True).values_list("pk").get(pk=instance.pk)
    return queryset.get(pk=instance.pk)
