"""Makes `.venv` and keeps it equal to the pinned requirements. Runs on a bare Python, so it imports nothing of ours.

python3.11 marketplace/launcher/bootstrap.py requirements.txt
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"


class SetupError(Exception):
    """A sentence for the person at the terminal."""


def main(requirements: str) -> None:
    if not _works():
        _create()
    wanted = REPOSITORY / requirements
    stamp = VENV / f".installed-{wanted.name}"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        _install(wanted)
        stamp.write_text(digest)


def _works() -> bool:
    """Whether the environment runs: not after the folder was moved or its Python was replaced."""
    if not PYTHON.exists():
        return False
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([PYTHON, "-c", probe], capture_output=True).returncode == 0


def _create() -> None:
    print(f"Creating .venv with Python {sys.version.split()[0]} …", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode and "ensurepip" in made.stdout + made.stderr:
        # Debian keeps the part of Python that brings pip in a package of its own.
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install = [*superuser(), "apt-get", "install", "-y", "-qq", package]
        if not shutil.which("apt-get") or (os.geteuid() != 0 and not superuser()):
            raise SetupError(f"Python's venv module is incomplete. Install it: sudo apt-get install {package}")
        print(f"Installing {package} …", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for step in ([*superuser(), "apt-get", "update", "-qq"], install):
            subprocess.run(step, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
        made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise SetupError(f"Cannot create .venv:\n{(made.stdout + made.stderr).strip()}")


def superuser() -> list[str]:
    """The prefix that makes a command run as root without asking for a password; empty if there is none or no need."""
    if os.geteuid() == 0 or not shutil.which("sudo"):
        return []
    free = subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    return ["sudo", "-n"] if free else []


def _install(requirements: Path) -> None:
    count = sum("==" in line for line in requirements.read_text().splitlines())
    print(f"Installing the {count} packages of {requirements.name}, each checked against its hash …", flush=True)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--no-deps", "-r", str(requirements)]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        raise SetupError("The packages could not be installed; pip says above why. Is the network reachable?")


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what finds out
        sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    try:
        main(sys.argv[1])
    except SetupError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.strerror}: {error.filename or VENV}")
    except KeyboardInterrupt:
        sys.exit(130)
