"""Public references: short, opaque, never a primary key."""

import secrets

# No 0/O, 1/I/L: people read these over the telephone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 6


def new_reference(prefix: str) -> str:
    """Return e.g. ``SW-7K2M9Q``. 30**6 values; the column's unique constraint catches the rare collision."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
