"""From stored snapshots to the facts the rules judge."""

from collections.abc import Iterable
from dataclasses import replace

from .enums import Answer, FactSource, Question
from .models import Company, FactSnapshot
from .rules import Facts, Holding, Merged, Officer, Snapshot, Verdict, merge, startup, startup_definition


def facts_of(company: Company) -> Merged:
    """What is known of ``company``, each fact with its source and date. Uses prefetched ``snapshots`` if there are any."""
    return merged(company.snapshots.all())


def merged(rows: Iterable[FactSnapshot]) -> Merged:
    ordered = sorted(rows, key=lambda row: (row.pk is None, row.pk or 0))  # what is not saved yet was told last
    return merge(Snapshot(source=FactSource(row.source), as_of=row.as_of, facts=_facts(row)) for row in ordered)


def startup_verdict(company: Company, on, *, years: int | None = None, statement: str | None = None) -> Verdict:
    """Is ``company`` a startup on that day? ``years``: a tender's own limit; ``statement``: a bonus claim's."""
    facts = facts_of(company).facts
    if statement is not None:
        facts = replace(facts, technology_statement=statement)
    return startup(facts, on, startup_definition(on, years=years), statement_required=statement is not None)


def badges(company: Company, on) -> dict[str, bool]:
    """What the catalogue shows and its facets count: only a proven yes is a badge."""
    verdict = startup_verdict(company, on)
    return {
        "sme": verdict.part(Question.SME).answer == Answer.YES
        and verdict.part(Question.DEEMED_LARGE).answer == Answer.NO,
        "startup": verdict.answer == Answer.YES,
    }


def _facts(row: FactSnapshot) -> Facts:
    return Facts(
        entity_kind=row.entity_kind,
        capital_yen=row.capital_yen,
        employees=row.employees,
        jsic_code=row.jsic_code,
        jsic_revision=row.jsic_revision,
        established_on=row.established_on,
        shareholders=None if row.shareholders is None else tuple(map(Holding.from_dict, row.shareholders)),
        officers=None if row.officers is None else tuple(map(Officer.from_dict, row.officers)),
    )
