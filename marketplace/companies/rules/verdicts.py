"""What a rule answers: yes, no or cannot tell, with every step that led there.

A verdict is plain JSON at heart (``as_dict``), so the one that decided a bonus claim can be stored with the bid and
read again years later, in either language. The sentences live in ``marketplace.companies.wording``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ..enums import Answer, Question

# By name: ``*_yen``, counts and years are int; ``*_on`` ISO dates; ``share*`` fractions ("2/3"); the rest text, codes.
Params = Mapping[str, int | str | list[str]]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One step: ``code`` names the sentence, ``source`` the law, ``missing`` the facts that would settle it.

    ``answer`` is this step's own answer to the verdict's question, or None for a remark.
    """

    code: str
    answer: Answer | None
    source: str
    params: Params = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The rule this step applied, e.g. ``sme.capital`` of ``sme.capital.within``."""
        return self.code.rpartition(".")[0]

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "answer": self.answer and str(self.answer.value),
            "source": self.source,
            "params": dict(self.params),
            "missing": list(self.missing),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            code=data["code"],
            answer=Answer(data["answer"]) if data["answer"] else None,
            source=data["source"],
            params=data["params"],
            missing=tuple(data["missing"]),
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to one question. ``parts`` are the verdicts it is built from, where it is built from several."""

    question: Question
    answer: Answer
    reasons: tuple[Reason, ...]
    parts: tuple["Verdict", ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the facts still needed, in order of appearance; empty once the answer is yes or no."""
        if self.answer != Answer.CANNOT_TELL:
            return ()
        steps: list[Reason | Verdict] = [*self.reasons, *self.parts]
        steps = [step for step in steps if step.answer == Answer.CANNOT_TELL]
        return tuple(dict.fromkeys(name for step in steps for name in step.missing))

    def part(self, question: Question) -> "Verdict":
        """The part that answers ``question``. Raises KeyError where the verdict has no such part."""
        for part in self.parts:
            if part.question == question:
                return part
        raise KeyError(question)

    def as_dict(self) -> dict[str, Any]:
        return {
            "question": str(self.question.value),
            "answer": str(self.answer.value),
            "missing": list(self.missing),
            "reasons": [reason.as_dict() for reason in self.reasons],
            "parts": [part.as_dict() for part in self.parts],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            question=Question(data["question"]),
            answer=Answer(data["answer"]),
            reasons=tuple(Reason.from_dict(reason) for reason in data["reasons"]),
            parts=tuple(cls.from_dict(part) for part in data["parts"]),
        )


def negate(answer: Answer) -> Answer:
    return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(answer, answer)


def every(answers: Iterable[Answer]) -> Answer:
    """Logical AND with an unknown: one NO settles it, whatever is not told."""
    answers = set(answers)
    return next((a for a in (Answer.NO, Answer.CANNOT_TELL) if a in answers), Answer.YES)


def either(answers: Iterable[Answer]) -> Answer:
    """Logical OR with an unknown: one YES settles it, whatever is not told."""
    return negate(every(negate(answer) for answer in answers))
