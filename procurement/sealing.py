"""Sealed prices: until opening the database holds ciphertext only.

The key lives in the server's secrets (``SEALING_KEYS``, newest first), never in the database, so neither a screen, an
export, the admin nor a copy of the database shows a price. Every envelope is bound to what it was made for.
"""

import json
import secrets
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class BrokenSeal(Exception):
    """The envelope was made for something else, changed, or with a key we no longer hold."""


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SEALING_KEYS])


def seal(values: dict, *, bound_to: str) -> tuple[bytes, str, str]:
    """Seal ``values`` (JSON). Return the envelope, its public digest, and the salt that lets its maker prove the digest.

    The digest commits to the values without telling them: sha256 over salt and values, 256 bits of salt.
    """
    salt = secrets.token_hex(32)
    body = {"bound_to": bound_to, "salt": salt, "values": values}
    envelope = _fernet().encrypt(_canonical(body))
    return envelope, commitment(values, salt=salt), salt


def commitment(values: dict, *, salt: str) -> str:
    """The digest of ``values`` under ``salt``: what the receipt shows and opening must reproduce."""
    return "sha256:" + sha256(committed_text(values, salt=salt).encode()).hexdigest()


def committed_text(values: dict, *, salt: str) -> str:
    """The very text whose SHA-256 is the digest, so that its holder can check it with any tool."""
    return _canonical({"salt": salt, "values": values}).decode()


def unseal(envelope: bytes, *, bound_to: str, digest: str | None = None) -> dict:
    """Open an envelope. Raises BrokenSeal unless it is intact, bound to ``bound_to`` and (if given) true to ``digest``."""
    try:
        body = json.loads(_fernet().decrypt(bytes(envelope)))
    except InvalidToken as error:
        raise BrokenSeal from error
    if body["bound_to"] != bound_to or (digest and commitment(body["values"], salt=body["salt"]) != digest):
        raise BrokenSeal
    return body["values"]


def _canonical(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
