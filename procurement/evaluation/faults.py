"""Faults of a document: a stable code, where it is, and what a message needs to say about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .messages import Language, describe


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a document. `path` is a JSON path, `code` a key of `messages.FAULTS`."""

    path: str
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def message(self, language: Language = "ja") -> str:
        return describe(self.code, self.params, language)

    def __str__(self) -> str:
        return f"{self.path}: {self.message()} [{self.code}]"


class DocumentError(Exception):
    """The document cannot be evaluated; `faults` names everything found wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
