"""What is known of a company, and which of several dated reports of it to believe.

None always means "not told". 0 yen, 0 employees, an empty list and an empty text are told facts.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from fractions import Fraction
from typing import Any, Self

from ..enums import EntityKind, FactSource, HolderSize, JsicRevision


@dataclass(frozen=True, kw_only=True)
class Holding:
    """A shareholder's part of all issued shares (or of all contributions). ``share`` is exact, from 0 to 1."""

    name: str
    share: Fraction
    size: HolderSize = HolderSize.UNKNOWN
    corporate_number: str | None = None
    foreign: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.share, Fraction):
            raise TypeError("A share is a Fraction: a rounded one can cross a limit.")
        if not 0 <= self.share <= 1:
            raise ValueError(f"A share lies between 0 and 1, not {self.share}.")
        object.__setattr__(self, "size", HolderSize(self.size))

    @property
    def holder(self) -> str:
        """What makes two lines one holder: the 法人番号, else the name as written."""
        return self.corporate_number or self.name.strip()

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "share": str(self.share),
            "size": str(self.size.value),
            "corporate_number": self.corporate_number,
            "foreign": self.foreign,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """``share`` is text: "1/3", "0.499", "1". Absent keys take defaults. Raises ValueError, KeyError, TypeError."""
        if not isinstance(data["share"], str):
            raise TypeError("A share is given as text, so that it stays exact.")
        return cls(**{**data, "share": Fraction(data["share"])})


@dataclass(frozen=True, kw_only=True)
class Officer:
    """An officer's other posts, as officer or employee. None: not told.

    ``at_large``: at any large enterprise. ``at_deemed_large_sme``: at a 中小企業者 that tests 1 to 3 catch.
    """

    name: str = ""
    at_large: bool | None = None
    at_deemed_large_sme: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All the rules need to know. Raises ValueError for what no company can be (negative capital, "39x" as industry).

    ``employees``: 常時使用する従業員, without officers and the sole proprietor (中小企業庁FAQ Q3; 労働基準法第20条).
    ``established_on``: 会社成立の年月日; for a sole proprietor the day business began.
    ``shareholders`` may be a part of them: what their shares lack of the whole counts as unknown. ``officers`` are all
    of them, each with what is told of their other posts.
    ``technology_statement``: what a bidder says of its technology and of growing with the contract (bonus claims only).
    """

    entity_kind: EntityKind | None = None
    capital_yen: int | None = None
    employees: int | None = None
    jsic_code: str | None = None
    jsic_revision: JsicRevision | None = None
    established_on: date | None = None
    shareholders: tuple[Holding, ...] | None = None
    officers: tuple[Officer, ...] | None = None
    technology_statement: str | None = None

    def __post_init__(self) -> None:
        for name in ("capital_yen", "employees"):
            number = getattr(self, name)
            if number is not None and (type(number) is not int or number < 0):
                raise ValueError(f"{name} is a whole number from 0, not {number!r}.")
        if self.jsic_code is not None and not re.fullmatch("[0-9]{2,4}", self.jsic_code):
            raise ValueError(f"An industry code has two to four digits, not {self.jsic_code!r}.")
        if self.entity_kind is not None:
            object.__setattr__(self, "entity_kind", EntityKind(self.entity_kind))
        if self.jsic_revision is not None:
            object.__setattr__(self, "jsic_revision", JsicRevision(self.jsic_revision))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What one source said of a company as of one day."""

    source: FactSource
    as_of: date
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Provenance:
    source: FactSource
    as_of: date


@dataclass(frozen=True, kw_only=True)
class Merged:
    """``provenance`` has a key for every fact that is told."""

    facts: Facts
    provenance: Mapping[str, Provenance]


# A code means little under another revision, so the two come from one snapshot.
COMPANIONS = {"jsic_code": "jsic_revision"}
EVIDENCE_RANK = {source: rank for rank, source in enumerate(FactSource)}


def merge(snapshots: Iterable[Snapshot]) -> Merged:
    """For each fact the newest report; of one day the best evidence; of equals the one given last.

    "Not told" never overrides what an older snapshot told.
    """
    ordered = sorted(snapshots, key=lambda snapshot: (snapshot.as_of, EVIDENCE_RANK[snapshot.source]))
    leaders = [field.name for field in fields(Facts) if field.name not in COMPANIONS.values()]

    values: dict[str, Any] = {}
    provenance: dict[str, Provenance] = {}
    for snapshot in ordered:
        for name in leaders:
            if getattr(snapshot.facts, name) is None:
                continue
            for copied in filter(None, (name, COMPANIONS.get(name))):
                values[copied] = getattr(snapshot.facts, copied)
                provenance[copied] = Provenance(source=snapshot.source, as_of=snapshot.as_of)
    facts = replace(Facts(), **values)
    told = {name: origin for name, origin in provenance.items() if getattr(facts, name) is not None}
    return Merged(facts=facts, provenance=told)
