"""The startup of national IT procurement: a 中小企業者, not みなし大企業, younger than some years at a reference date.

What the scheme's text leaves to each tender (age limit, reference date) is an argument; what may change is dated data.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from marketplace.dated import in_force, load

from ..enums import Answer, Question
from .deemed_large import DeemedLargeRule, all_deemed_large_rules, deemed_large
from .facts import Facts
from .sme import sme
from .verdicts import Reason, Verdict, every, negate

DATA = Path(__file__).parent.parent / "data" / "startup.toml"
CIVIL_CODE = "民法第143条"


@dataclass(frozen=True, kw_only=True)
class StartupDefinition:
    """One programme's definition. ``confidence``: how well its source is known (see the data file)."""

    id: str
    valid_from: date
    source: str
    confidence: str
    years: int
    years_a_tender_may_say: tuple[int, ...]
    deemed_large: DeemedLargeRule


@cache
def all_startup_definitions() -> tuple[StartupDefinition, ...]:
    rules = {rule.id: rule for rule in all_deemed_large_rules()}
    return tuple(
        StartupDefinition(
            id=row["id"],
            valid_from=row["valid_from"],
            source=row["source"],
            confidence=row["confidence"],
            years=row["years"],
            years_a_tender_may_say=tuple(row["years_a_tender_may_say"]),
            deemed_large=rules[row["deemed_large"]],
        )
        for row in load(DATA)["definition"]
    )


def startup_definition(on: date | None = None, *, years: int | None = None) -> StartupDefinition:
    """The definition in force on ``on`` (None: the newest), with the age limit a tender chose (None: its own).

    Raises NoRuleInForce before the first definition, ValueError for an age limit a tender may not choose.
    """
    definition = in_force(all_startup_definitions(), on)
    if years is None:
        return definition
    if years not in definition.years_a_tender_may_say:
        raise ValueError(f"A tender may say {definition.years_a_tender_may_say} years, not {years}.")
    return replace(definition, years=years)


def age_reached_on(established_on: date, years: int) -> date:
    """The first day on which ``years`` full years have passed, the day of establishment counted.

    A period ends the day before the same date; without such a date it ends with the last day of the month
    (民法第143条第2項), so what began on 29 February 2016 has lasted ten years from 1 March 2026.
    """
    try:
        return established_on.replace(year=established_on.year + years)
    except ValueError:
        return date(established_on.year + years, 3, 1)


def age_under(established_on: date | None, reference_date: date, years: int) -> Verdict:
    """Is the company younger than ``years`` years on ``reference_date``? On the anniversary itself it is not."""
    params: dict[str, int | str] = {"reference_on": reference_date.isoformat(), "years": years}
    if established_on is None:
        return _age(Answer.CANNOT_TELL, "age.not_told", params)
    params["established_on"] = established_on.isoformat()
    if established_on > reference_date:
        # No company bids before it exists: one of the two dates is wrong.
        return _age(Answer.CANNOT_TELL, "age.not_yet_established", params)
    reached_on = age_reached_on(established_on, years)
    params["reached_on"] = reached_on.isoformat()
    if reference_date < reached_on:
        return _age(Answer.YES, "age.under", params)
    return _age(Answer.NO, "age.reached", params)


def _age(answer: Answer, code: str, params: dict[str, int | str]) -> Verdict:
    missing = ("established_on",) if answer == Answer.CANNOT_TELL else ()
    reason = Reason(code=code, answer=answer, source=CIVIL_CODE, params=params, missing=missing)
    return Verdict(question=Question.AGE, answer=answer, reasons=(reason,))


def startup(
    facts: Facts, reference_date: date, definition: StartupDefinition, *, statement_required: bool = False
) -> Verdict:
    """Is the company a startup on ``reference_date``? Parts: SME, DEEMED_LARGE, AGE and, where required, STATEMENT.

    ``statement_required``: a bonus claim must state the technology and the growth expected from the contract;
    the catalogue's badge does not ask for it. Part DEEMED_LARGE answers its own question: there NO is what qualifies.
    """
    size = sme(facts, on=reference_date)
    owned = deemed_large(facts, definition.deemed_large)
    age = age_under(facts.established_on, reference_date, definition.years)
    parts = [size, owned, age]
    if statement_required:
        parts.append(_statement(facts.technology_statement, definition))
    conditions = [negate(part.answer) if part.question == Question.DEEMED_LARGE else part.answer for part in parts]
    applied = Reason(
        code="startup.definition",
        answer=None,
        source=definition.source,
        params={"definition": definition.id, "years": definition.years, "reference_on": reference_date.isoformat()},
    )
    return Verdict(question=Question.STARTUP, answer=every(conditions), reasons=(applied,), parts=tuple(parts))


def _statement(statement: str | None, definition: StartupDefinition) -> Verdict:
    """Only that it is there: whether it convinces is for the officer who accepts or refuses the claim."""
    if statement is None:
        answer, code = Answer.CANNOT_TELL, "statement.not_told"
    elif statement.strip():
        answer, code = Answer.YES, "statement.present"
    else:
        answer, code = Answer.NO, "statement.empty"
    missing = ("technology_statement",) if answer == Answer.CANNOT_TELL else ()
    reason = Reason(code=code, answer=answer, source=definition.source, missing=missing)
    return Verdict(question=Question.STATEMENT, answer=answer, reasons=(reason,))
