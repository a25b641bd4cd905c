"""Secrets of a development machine: made once, kept beside the data they protect, never in the repository."""

import base64
import json
import os
import secrets
from pathlib import Path


def development_secrets(root: Path) -> dict[str, str]:
    """The secrets stored in `<root>/secrets.json`; whatever is missing is made first.

    Keys: SECRET_KEY and SEALING_KEY (32 bytes each, URL-safe base64), GBIZID_CLIENT_SECRET.
    """
    path = Path(root) / "secrets.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: value for name, value in _fresh().items() if name not in known}
    if missing:
        known |= missing
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"secrets.{os.getpid()}.new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(known, indent=2) + "\n")
        if not path.exists():
            # Two first processes at once: the slower one must take what the faster one has already used.
            try:
                os.link(unfinished, path)
            except FileExistsError:
                unfinished.unlink()
                return development_secrets(root)
            unfinished.unlink()
        else:
            unfinished.replace(path)
    return known


def _fresh() -> dict[str, str]:
    def key() -> str:
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

    return {"SECRET_KEY": key(), "SEALING_KEY": key(), "GBIZID_CLIENT_SECRET": secrets.token_urlsafe(32)}
