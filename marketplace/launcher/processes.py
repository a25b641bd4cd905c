"""Runs our own processes side by side: output prefixed, a fallen one set up again, all stopped together."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from marketplace.launcher.service import LaunchError

TOO_SOON = 10.0
"""Seconds. A process that ends earlier than this after its start would only end again."""

STOP_PATIENCE = 15.0


@dataclass
class Process:
    """One program to keep running. `environment` is added to ours."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    child: subprocess.Popen | None = None
    started_at: float = 0.0

    def start(self, report: Callable[[str, str], None]) -> None:
        self.started_at = time.monotonic()
        tether = [sys.executable, "-m", "marketplace.launcher.tether", str(os.getpid())]
        self.child = subprocess.Popen(
            [*tether, *self.command],
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._relay, args=(self.child, report), daemon=True).start()

    def _relay(self, child: subprocess.Popen, report: Callable[[str, str], None]) -> None:
        with child.stdout:
            for line in child.stdout:
                report(self.name, line.rstrip())

    def signal(self, number: int) -> None:
        """To the whole group: a server's workers are its own children."""
        if self.child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, number)

    def stop(self) -> None:
        """Ask the program itself, so that it can let its workers finish."""
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()


class Supervisor:
    """Keeps processes up until `stop()`."""

    def __init__(self):
        self.processes: list[Process] = []
        self._writing = threading.Lock()

    def start(self, name: str, command: list[str], **environment: str) -> Process:
        process = Process(name, command, environment)
        self.processes.append(process)
        process.start(self.report)
        return process

    def report(self, name: str, line: str) -> None:
        with self._writing:
            print(f"{name:<8}| {line}", flush=True)

    def check(self) -> None:
        """Set up again whatever has fallen; `LaunchError` if it fell right after its start."""
        for process in self.processes:
            code = process.child.poll()
            if code is None:
                continue
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"status {code}"
            if time.monotonic() - process.started_at < TOO_SOON:
                raise LaunchError(f"'{process.name}' ended right after its start ({how}); its output is above.")
            self.report(process.name, f"ended ({how}); starting it again")
            process.signal(signal.SIGKILL)  # what it may have left behind
            process.start(self.report)

    def stop(self) -> None:
        """Stop all, the last started first to be told; whoever does not listen is killed after a while."""
        for process in reversed(self.processes):
            process.stop()
        deadline = time.monotonic() + STOP_PATIENCE
        for process in self.processes:
            try:
                process.child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.report(process.name, "does not stop; killing it")
            except KeyboardInterrupt:  # asked again: no more patience with anybody
                deadline = 0
            process.signal(signal.SIGKILL)
            process.child.wait()
        self.processes.clear()
