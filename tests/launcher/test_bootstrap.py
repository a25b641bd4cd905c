"""The one script that runs on a bare Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from marketplace.launcher import bootstrap, browser
from marketplace.launcher.service import LaunchError

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder like a fresh clone whose requirements are empty."""
    monkeypatch.setattr(bootstrap, "REPOSITORY", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def test_environment_is_made_once_and_follows_the_requirements(checkout, monkeypatch, capfd):
    bootstrap.main("requirements.txt")
    assert "Creating .venv" in capfd.readouterr().out

    bootstrap.main("requirements.txt")
    assert capfd.readouterr().out == ""

    (checkout / "requirements.txt").write_text("# still nothing, but different\n")
    bootstrap.main("requirements.txt")
    assert capfd.readouterr().out == (
        "Installing the 0 packages of requirements.txt, each checked against its hash …\n"
    )

    # A moved checkout or a replaced Python leaves an environment that does not run, and is made anew.
    assert bootstrap._works()
    bootstrap.PYTHON.unlink()
    bootstrap.PYTHON.symlink_to("/nonexistent/python")
    assert not bootstrap._works()


def test_failed_installation_gets_a_sentence_and_is_tried_again(checkout, monkeypatch):
    monkeypatch.setattr(bootstrap, "PYTHON", Path("/bin/false"))
    monkeypatch.setattr(bootstrap, "_works", lambda: True)
    (checkout / ".venv").mkdir()
    for _ in range(2):
        with pytest.raises(bootstrap.SetupError, match="could not be installed"):
            bootstrap.main("requirements.txt")


def test_python_without_pip_names_the_missing_package(checkout, monkeypatch):
    without = subprocess.CompletedProcess([], 1, stdout="ensurepip is not available", stderr="")
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *arguments, **options: without)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    with pytest.raises(bootstrap.SetupError, match=f"sudo apt-get install {package}"):
        bootstrap.main("requirements.txt")


def test_old_python_gets_a_sentence(tmp_path):
    script = REPOSITORY / "marketplace" / "launcher" / "bootstrap.py"
    old = tmp_path / "old.py"
    old.write_text(
        f"import runpy, sys\nsys.version_info = (3, 9, 2)\nrunpy.run_path({str(script)!r}, run_name='__main__')\n"
    )
    refused = subprocess.run([sys.executable, old], capture_output=True, text=True)
    assert (refused.returncode, refused.stderr.startswith("Python 3.11 or newer is needed")) == (1, True)


def test_make_without_python_gets_a_sentence():
    refused = subprocess.run(["make", "run", "PYTHON="], cwd=REPOSITORY, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "Python 3.11 or newer is needed, and none was found" in refused.stderr


def test_make_help_lists_every_target():
    makefile = (REPOSITORY / "Makefile").read_text()
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout
    assert sorted(line.split()[0] for line in shown.splitlines()) == sorted(phony)


def test_missing_browser_is_named_where_it_may_not_be_installed(monkeypatch):
    monkeypatch.setattr(browser, "missing_packages", lambda: ["chromium", "fonts-noto-cjk"])
    monkeypatch.setattr(browser.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(browser, "superuser", list)
    with pytest.raises(LaunchError, match="sudo apt-get install chromium fonts-noto-cjk"):
        browser.install()


def test_nothing_missing_installs_nothing(monkeypatch):
    monkeypatch.setattr(browser, "missing_packages", list)
    monkeypatch.setattr(browser.subprocess, "run", pytest.fail)
    browser.install()


def test_packages_are_missing_by_what_is_not_found(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert browser.missing_packages() == ["chromium", "fonts-noto-cjk", "poppler-utils"]
