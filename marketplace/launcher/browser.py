"""The browser and fonts the browser tests need, from Debian's packages."""

import os
import shutil
import subprocess

from marketplace.launcher.bootstrap import superuser
from marketplace.launcher.service import LaunchError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """The path of a Chromium: CHROMIUM, or the first on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def missing_packages() -> list[str]:
    missing = []
    if find_browser() is None:
        missing.append("chromium")
    if not _has_japanese_font():
        missing.append("fonts-noto-cjk")
    if shutil.which("pdftotext") is None:
        missing.append("poppler-utils")
    return missing


def install() -> None:
    """Install what is missing where we may; else `LaunchError` with the command to give to somebody who may."""
    missing = missing_packages()
    if not missing:
        return
    prefix = superuser()
    advice = f"The browser tests need: {' '.join(missing)}. Install them: sudo apt-get install {' '.join(missing)}"
    if not shutil.which("apt-get") or (os.geteuid() != 0 and not prefix):
        raise LaunchError(advice)
    print(f"Installing {' '.join(missing)} …", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        done = subprocess.run(
            [*prefix, "apt-get", *step],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if done.returncode:
        raise LaunchError(f"{done.stdout.strip()}\n{advice}")


def _has_japanese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    fonts = subprocess.run(["fc-list", ":lang=ja", "family"], capture_output=True, text=True)
    return bool(fonts.stdout.strip())
