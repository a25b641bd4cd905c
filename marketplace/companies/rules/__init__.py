"""中小企業者, みなし大企業, age and startup, decided from facts alone: no query, no request, no clock."""

from marketplace.dated import NoRuleInForce

from .corporate_number import corporate_number_check_digit, corporate_number_is_valid, format_corporate_number
from .deemed_large import DeemedLargeRule, all_deemed_large_rules, deemed_large
from .facts import Facts, Holding, Merged, Officer, Provenance, Snapshot, merge
from .sme import sme, sme_classes
from .startup import StartupDefinition, age_reached_on, age_under, all_startup_definitions, startup, startup_definition
from .verdicts import Reason, Verdict

__all__ = [
    "DeemedLargeRule",
    "Facts",
    "Holding",
    "Merged",
    "NoRuleInForce",
    "Officer",
    "Provenance",
    "Reason",
    "Snapshot",
    "StartupDefinition",
    "Verdict",
    "age_reached_on",
    "age_under",
    "all_deemed_large_rules",
    "all_startup_definitions",
    "corporate_number_check_digit",
    "corporate_number_is_valid",
    "deemed_large",
    "format_corporate_number",
    "merge",
    "sme",
    "sme_classes",
    "startup",
    "startup_definition",
]
