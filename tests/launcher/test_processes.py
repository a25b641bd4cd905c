import os
import signal
import subprocess
import sys
import time

import pytest

from marketplace.launcher import processes
from marketplace.launcher.processes import Supervisor
from marketplace.launcher.service import LaunchError

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def supervisor(capsys):
    supervisor = Supervisor()
    yield supervisor
    supervisor.stop()


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "Z"


def said(capsys, text):
    """Wait for a line of output; what was read meanwhile is part of it."""
    seen = ""

    def found():
        nonlocal seen
        seen += capsys.readouterr().out
        return text in seen

    until(found)
    return seen


def test_output_is_prefixed(supervisor, capsys):
    supervisor.start("web", [sys.executable, "-c", SLEEP])
    assert said(capsys, "up") == "web     | up\n"


def test_killed_process_is_started_again(supervisor, capsys, monkeypatch):
    process = supervisor.start("worker", [sys.executable, "-c", SLEEP])
    said(capsys, "up")
    monkeypatch.setattr(processes, "TOO_SOON", 0)
    first = process.child
    first.kill()
    first.wait()

    supervisor.check()

    assert process.child.pid != first.pid
    assert "worker  | ended (killed by SIGKILL); starting it again" in said(capsys, "up")


def test_process_that_ends_at_once_stops_everything(supervisor):
    process = supervisor.start("web", [sys.executable, "-c", "raise SystemExit(3)"])
    process.child.wait()
    with pytest.raises(LaunchError, match=r"'web' ended right after its start \(status 3\)"):
        supervisor.check()


def test_stop_kills_whoever_does_not_listen(supervisor, capsys, monkeypatch):
    monkeypatch.setattr(processes, "STOP_PATIENCE", 0.3)
    deaf = supervisor.start("deaf", [sys.executable, "-c", DEAF]).child
    said(capsys, "up")
    supervisor.stop()
    assert deaf.returncode == -signal.SIGKILL


def test_children_of_a_killed_supervisor_stop(capsys):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "from marketplace.launcher.processes import Supervisor\n"
            f"child = Supervisor().start('child', [sys.executable, '-c', {SLEEP!r}]).child\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "child   | up\n"
        parent.kill()
        parent.wait()
        until(lambda: not alive(child))
