"""The evaluation engine: pure, exact, and usable without Django.

    document = parse_document(load_json(path.read_bytes()))
    print(evaluate(document).to_json())

Anybody who holds the published file of an award recomputes it with `python -m procurement.evaluation FILE.json`.
"""

from .canonical import canonical_bytes, digest
from .document import Document, parse_document
from .engine import RULES_VERSION, evaluate
from .faults import DocumentError, Fault
from .reading import load_json
from .result import BidResult, Reason, Result, Tie

__all__ = [
    "RULES_VERSION",
    "BidResult",
    "Document",
    "DocumentError",
    "Fault",
    "Reason",
    "Result",
    "Tie",
    "canonical_bytes",
    "digest",
    "evaluate",
    "load_json",
    "parse_document",
]
