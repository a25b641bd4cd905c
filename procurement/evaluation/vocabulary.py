"""The words an evaluation document may use where it offers a choice."""

from enum import StrEnum


class Method(StrEnum):
    """How technical merit and price become one number (rules.md C.1, C.2 P6)."""

    ADDITION = "addition"  # 加算方式: technical points + price points
    DIVISION = "division"  # 除算方式: technical points ÷ price


class Formula(StrEnum):
    """How a price becomes points in the addition method (rules.md C.2)."""

    LINEAR = "linear"
    LOWEST_RATIO = "lowest_ratio"
    LINEAR_FLOORED = "linear_floored"
    LINEAR_KINKED = "linear_kinked"
    TENT = "tent"


class RoundingMode(StrEnum):
    """There is no universal rounding rule, so each stage of a document states its own (rules.md C.6)."""

    DOWN = "down"  # 切捨て
    HALF_UP = "half_up"  # 四捨五入
    UP = "up"  # 切上げ


class Aggregate(StrEnum):
    """How the evaluators' marks for one criterion become one number (rules.md C.5)."""

    MEAN = "mean"
    MEDIAN = "median"
    TRIMMED_MEAN = "trimmed_mean"


class CriterionKind(StrEnum):
    MANDATORY = "mandatory"  # 必須項目
    SCORED = "scored"  # 加点項目


class MandatoryRule(StrEnum):
    """How many evaluators must say "unmet" before a mandatory criterion fails a bid (rules.md C.4)."""

    ANY = "any"
    MAJORITY = "majority"
    UNANIMOUS = "unanimous"


class TieRule(StrEnum):
    """What separates equal totals (rules.md C.8)."""

    TECHNICAL = "technical"
    PRICE = "price"
    LOT = "lot"


class BidStatus(StrEnum):
    """What is known of a bid before anything is computed."""

    VALID = "valid"
    WITHDRAWN = "withdrawn"
    INVALID = "invalid"


class Outcome(StrEnum):
    """What became of a bid."""

    RANKED = "ranked"
    OVER_CEILING = "over_ceiling"
    DISQUALIFIED = "disqualified"
    BELOW_MINIMUM = "below_minimum"
    BELOW_STANDARD = "below_standard"
    WITHDRAWN = "withdrawn"
    INVALID = "invalid"
