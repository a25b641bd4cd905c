"""What people tell about their company. Facts are added, never changed."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.accounts import permissions
from marketplace.audit.trail import record
from marketplace.workflow import RuleViolation

from .enums import FactSource
from .facts import facts_of
from .models import Company, FactSnapshot

# A code means little without its revision, and the two are believed together.
_COMPANIONS = {"jsic_revision": "jsic_code"}


@transaction.atomic
def declare_facts(company: Company, *, as_of: dt.date, values: dict[str, Any], evidence: str = "", by) -> FactSnapshot:
    """Record what ``company``'s administrator declares to be true on ``as_of``. ``values`` by field; None declares nothing.

    What better evidence already proves and the declaration only repeats is left out, so that it keeps its proof. Raises
    RuleViolation when nothing is left to declare.
    """
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    permissions.check_can_administer(by, company)
    known = facts_of(company)
    proved = {name for name, origin in known.provenance.items() if origin.source != FactSource.DECLARED}
    told = {
        name: value
        for name, value in values.items()
        if value is not None and not (name in proved and _as_stored(getattr(known.facts, name)) == value)
    }
    told = {name: value for name, value in told.items() if _COMPANIONS.get(name, name) in told}
    if "jsic_code" in told:
        told["jsic_revision"] = values["jsic_revision"]
    if not told:
        raise RuleViolation(_("すでに確かめられている情報と同じなので、新しく申告することはありません。"))
    snapshot = FactSnapshot.objects.create(
        company=company, source=FactSource.DECLARED, as_of=as_of, evidence=evidence, recorded_by=by, **told
    )
    record("company:facts_declared", company, by=by, as_of=as_of.isoformat(), facts=sorted(told))
    return snapshot


def _as_stored(fact):
    """A fact as the snapshot keeps it."""
    return [each.as_dict() for each in fact] if isinstance(fact, tuple) else fact
