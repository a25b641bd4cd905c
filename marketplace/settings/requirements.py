"""Reads the variables production cannot do without, and names every fault at once."""

import base64
import binascii
from collections.abc import Callable
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


class Requirements:
    """Collects what is missing or wrong, so that a person mends one list instead of starting ten times.

    required = Requirements(os.environ)
    SECRET_KEY = required.text("SECRET_KEY", "50 random characters", at_least(50))
    required.check()
    """

    def __init__(self, environment):
        self.environment = environment
        self.faults: list[str] = []

    def text(self, name: str, hint: str, *checks: Callable[[str], str | None]) -> str:
        """The variable's text. A check answers what is wrong with it, or None."""
        value = self.environment.get(name, "").strip()
        if not value:
            self.faults.append(f"{name} is not set: {hint}")
            return ""
        self.faults += [f"{name} {fault}: {hint}" for check in checks if (fault := check(value))]
        return value

    def texts(self, name: str, hint: str, *checks: Callable[[str], str | None]) -> list[str]:
        """A comma-separated list; each part is checked."""
        whole = self.text(name, hint)
        parts = [part.strip() for part in whole.split(",") if part.strip()]
        self.faults += [f"{name} {fault}: {hint}" for part in parts for check in checks if (fault := check(part))]
        return parts

    def refuse(self, fault: str) -> None:
        self.faults.append(fault)

    def check(self) -> None:
        if self.faults:
            listed = "\n".join(f"  - {fault}" for fault in self.faults)
            raise ImproperlyConfigured(
                f"Production settings are incomplete; nothing was started.\n{listed}\n"
                "deploy/marketplace.env.example shows all variables, docs/operations.md explains them."
            )


def at_least(length: int):
    return lambda value: f"has {len(value)} characters, fewer than {length}" if len(value) < length else None


def scheme(*allowed: str):
    """A URL of one of these schemes, with a host. Says nothing of the value itself, which may hold a password."""

    def check(value: str) -> str | None:
        parts = urlsplit(value)
        if parts.scheme not in allowed:
            return f"does not start with {' or '.join(f'{name}://' for name in allowed)}"
        return None if parts.netloc else "names no host"

    return check


def sealing_key(value: str) -> str | None:
    try:
        length = len(base64.urlsafe_b64decode(value))
    except (binascii.Error, ValueError):
        return "holds something that is not base64"
    return None if length == 32 else f"holds a key of {length} bytes, not 32"
