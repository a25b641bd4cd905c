"""The canonical form of a document and its digest."""

import hashlib
import json


def canonical_bytes(data: object) -> bytes:
    """JSON with sorted keys, no white space, in UTF-8: equal documents are equal bytes, however they were laid out."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: object) -> str:
    """`"sha256:"` and the hexadecimal SHA-256 of the canonical form."""
    return f"sha256:{hashlib.sha256(canonical_bytes(data)).hexdigest()}"
