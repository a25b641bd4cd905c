"""中小企業者 (中小企業基本法第2条第1項): capital or employees within the limit of the company's class.

Not the wider limits that other laws set by 政令 (software: 3億円, 300人): the startup scheme cites this Act.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from marketplace.dated import in_force, load

from ..enums import Answer, EntityKind, JsicRevision, Question, SmeClass
from .facts import Facts
from .verdicts import Reason, Verdict, either

DATA = Path(__file__).parent.parent / "data" / "sme.toml"
# 「会社」: those of 会社法, 特例有限会社, and the professional corporations the SME Agency counts with them (FAQ Q2).
COMPANIES = frozenset(
    {
        EntityKind.KABUSHIKI,
        EntityKind.YUGEN,
        EntityKind.GOMEI,
        EntityKind.GOSHI,
        EntityKind.GODO,
        EntityKind.SHIGYO,
    }
)
# Whether a foreign company, or a body the register lumps under "other", is a 会社 takes a person to decide.
UNDECIDED_KINDS = frozenset({EntityKind.FOREIGN, EntityKind.OTHER})


@dataclass(frozen=True, kw_only=True)
class Limit:
    capital_yen: int
    employees: int
    article: str

    @property
    def strictness(self) -> tuple[int, int]:
        return self.capital_yen, self.employees


@dataclass(frozen=True, kw_only=True)
class Limits:
    valid_from: date
    law: str
    by_class: Mapping[SmeClass, Limit]


@cache
def all_limits() -> tuple[Limits, ...]:
    return tuple(
        Limits(
            valid_from=row["valid_from"], law=row["law"], by_class={each: Limit(**row[each.value]) for each in SmeClass}
        )
        for row in load(DATA)["limits"]
    )


def sme_classes(jsic_code: str | None, jsic_revision: JsicRevision | None) -> frozenset[SmeClass]:
    """The classes an industry code may fall into: one if it decides, several if too short, all if it tells nothing.

    Without a revision every known revision is considered.
    """
    everything = frozenset(SmeClass)
    if jsic_code is None:
        return everything
    possible: frozenset[SmeClass] = frozenset()
    for table in load(DATA)["industry"]:
        if jsic_revision is None or table["revision"] == jsic_revision.value:
            by_prefix = {prefix: frozenset({each}) for each in SmeClass for prefix in table.get(each.value, ())}
            by_prefix |= dict.fromkeys(table["undecided"], frozenset({SmeClass.MANUFACTURING, SmeClass.SERVICE}))
            by_prefix |= dict.fromkeys(table["unusable"], everything)
            fitting = [prefix for prefix in by_prefix if jsic_code.startswith(prefix)]
            possible |= by_prefix[max(fitting, key=len)] if fitting else {SmeClass.MANUFACTURING}
            # Finer entries below a short code: its own digits do not tell which of them is meant.
            possible |= frozenset().union(
                *(found for prefix, found in by_prefix.items() if prefix.startswith(jsic_code))
            )
    return possible


def sme(facts: Facts, *, on: date | None = None) -> Verdict:
    """Is the company a 中小企業者 under the Act's limits in force on ``on`` (None: today's newest)?

    Uses partial knowledge as far as it carries: one measure within its limit suffices, and an unknown class does not
    matter where every class it may be gives the same answer.
    """
    limits = in_force(all_limits(), on)
    entity = _entity(facts.entity_kind, limits.law)
    if entity.answer != Answer.YES:
        return Verdict(question=Question.SME, answer=entity.answer or Answer.CANNOT_TELL, reasons=(entity,))

    classes = sme_classes(facts.jsic_code, facts.jsic_revision)
    by_strictness = sorted(classes, key=lambda each: limits.by_class[each].strictness)
    measured = {each: _measures(facts, each, limits.by_class[each]) for each in by_strictness}
    answers = {each: either(reason.answer for reason in reasons if reason.answer) for each, reasons in measured.items()}

    if all(answer == Answer.YES for answer in answers.values()):
        answer, shown = Answer.YES, by_strictness[0]
    elif all(answer == Answer.NO for answer in answers.values()):
        answer, shown = Answer.NO, by_strictness[-1]
    else:
        answer, shown = Answer.CANNOT_TELL, by_strictness[0]
    reasons = (entity, _industry(facts, by_strictness, limits, settled=answer != Answer.CANNOT_TELL), *measured[shown])
    return Verdict(question=Question.SME, answer=answer, reasons=reasons)


def _entity(kind: EntityKind | None, law: str) -> Reason:
    if kind is None:
        return Reason(code="sme.entity.not_told", answer=Answer.CANNOT_TELL, source=law, missing=("entity_kind",))
    params = {"entity_kind": kind.value}
    if kind in UNDECIDED_KINDS:
        return Reason(
            code="sme.entity.to_review", answer=Answer.CANNOT_TELL, source=law, params=params, missing=("entity_kind",)
        )
    if kind == EntityKind.SOLE_PROPRIETOR:
        return Reason(code="sme.entity.individual", answer=Answer.YES, source=law, params=params)
    if kind in COMPANIES:
        return Reason(code="sme.entity.company", answer=Answer.YES, source=law, params=params)
    return Reason(code="sme.entity.not_a_company", answer=Answer.NO, source=law, params=params)


def _industry(facts: Facts, by_strictness: list[SmeClass], limits: Limits, *, settled: bool) -> Reason:
    """Which class applies. Of several, the strictest if that is met, the widest if even that is not."""
    params: dict[str, str | list[str]] = {"classes": [each.value for each in by_strictness]}
    if facts.jsic_code is not None:
        params["jsic_code"] = facts.jsic_code
    if len(by_strictness) == 1:
        return Reason(
            code="sme.industry.known",
            answer=None,
            source=limits.by_class[by_strictness[0]].article,
            params={**params, "sme_class": by_strictness[0].value},
        )
    if facts.jsic_code is None:
        code = "sme.industry.not_told"
    elif len(by_strictness) == len(SmeClass):
        code = "sme.industry.unusable"
    else:
        code = "sme.industry.too_short"
    if settled:
        return Reason(code=f"{code}_but_settled", answer=None, source=limits.law, params=params)
    return Reason(code=code, answer=Answer.CANNOT_TELL, source=limits.law, params=params, missing=("jsic_code",))


def _measures(facts: Facts, sme_class: SmeClass, limit: Limit) -> tuple[Reason, ...]:
    """The either-or of capital and employees; individuals have no capital to measure."""
    employees = _measure("employees", facts.employees, limit.employees, sme_class, limit.article)
    if facts.entity_kind == EntityKind.SOLE_PROPRIETOR:
        return (employees,)
    return (_measure("capital_yen", facts.capital_yen, limit.capital_yen, sme_class, limit.article), employees)


def _measure(name: str, amount: int | None, limit: int, sme_class: SmeClass, article: str) -> Reason:
    stem = name.removesuffix("_yen")
    params: dict[str, int | str] = {"sme_class": sme_class.value, name.replace(stem, "limit"): limit}
    if amount is None:
        code = f"sme.{stem}.not_told"
        return Reason(code=code, answer=Answer.CANNOT_TELL, source=article, params=params, missing=(name,))
    params[name] = amount
    if amount <= limit:
        return Reason(code=f"sme.{stem}.within", answer=Answer.YES, source=article, params=params)
    return Reason(code=f"sme.{stem}.above", answer=Answer.NO, source=article, params=params)
