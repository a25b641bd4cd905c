"""The key that signs the stand-in's tokens: made once, kept outside the repository, replaced by deleting the file."""

import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def signing_key(path: Path) -> str:
    """Return the RSA key at ``path`` as PEM, making it first where there is none. Two processes may ask at once."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(pem)
        try:
            os.link(unfinished, path)  # fails where another process was faster: then its key is the key
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return path.read_text()
