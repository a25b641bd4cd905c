"""`python -m marketplace.launcher run | exec COMMAND… | browser`; what `make` calls."""

import contextlib
import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from marketplace.launcher import browser
from marketplace.launcher.postgres import Postgres
from marketplace.launcher.processes import Supervisor
from marketplace.launcher.service import LaunchError, Service
from marketplace.launcher.valkey import Valkey

REPOSITORY = Path(__file__).resolve().parents[2]
READY_WITHIN = 60.0


def main(arguments: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)  # whoever stops us, we stop all the same way
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.dev")
    os.chdir(REPOSITORY)
    try:
        match arguments:
            case ["run"]:
                run()
                return 0
            case ["exec", *command] if command:
                return execute(command)
            case ["browser"]:
                browser.install()
                return 0
            case _:
                print(__doc__)
                return 2
    except LaunchError as error:
        print(f"\nerror: {error}", file=sys.stderr)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"\nerror: No space left on the disk of {error.filename or data_root()}.", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def run() -> None:
    """Everything a person needs to try the platform, until Ctrl-C."""
    port, provider_port = _port("PORT", 8000), _port("GBIZID_PORT", 8010)
    host = os.environ.get("HOST", "127.0.0.1")
    url = os.environ.get("PUBLIC_URL") or f"http://localhost:{port}"
    own_provider = not os.environ.get("GBIZID_DISCOVERY_URL")

    with alone(url), contextlib.ExitStack() as stack:
        require_free(host, port, "PORT")
        if own_provider:
            require_free("127.0.0.1", provider_port, "GBIZID_PORT")
        services = [stack.enter_context(service.in_use()) for service in embedded_services()]
        for service in services:
            if isinstance(service, Postgres):
                service.ensure_database("marketplace")

        supervisor = Supervisor()
        stack.callback(supervisor.stop)
        python = sys.executable
        # Root is a habit of containers; Celery fears for its pickles, and we take none.
        quiet = ("-W", "ignore:You're running the worker with superuser privileges")
        celery = [python, *quiet, "-m", "celery", "-A", "marketplace.celery", "--quiet"]
        if own_provider:
            supervisor.start("gbizid", [python, "-m", "marketplace.gbizid_standin", "serve"])
        accounts = prepare()
        supervisor.start(
            "web",
            [
                *(python, "-m", "gunicorn", "marketplace.wsgi", "--bind", f"{host}:{port}", "--workers", "2"),
                *("--threads", os.environ.get("WEB_THREADS", "4"), "--log-level", "warning"),
            ],
            MARKETPLACE_PROCESS="web",
        )
        supervisor.start(
            "worker",
            [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"],
            MARKETPLACE_PROCESS="worker",
        )
        # The schedule is static and each entry runs every minute: nothing is worth remembering in a file.
        supervisor.start("beat", [*celery, "beat", "--scheduler", "celery.beat:Scheduler", "--pidfile", ""])

        addresses = [f"http://127.0.0.1:{port}/readyz"]
        if own_provider:
            addresses.append(f"http://localhost:{provider_port}/oauth/.well-known/openid-configuration")
        wait_for(addresses, supervisor)
        print(f"\n{accounts.rstrip()}\n\nReady: {url}/   (mail: {url}/dev/mail/, codes: {url}/dev/authenticator/)")
        print("Ctrl-C stops everything.\n", flush=True)
        try:
            watch(supervisor, services)
        except KeyboardInterrupt:
            print("\nStopping …", flush=True)


def watch(supervisor: Supervisor, services: list[Service]) -> None:
    """Keep everything up, the servers too: a killed database comes back within seconds and has lost nothing."""
    while True:
        supervisor.check()
        for service in services:
            try:
                if service.revive():
                    supervisor.report(service.name, "was gone; started again")
            except LaunchError as error:  # the pages say so meanwhile; perhaps there is space again in a moment
                supervisor.report(service.name, str(error))
        time.sleep(1)


def execute(command: list[str]) -> int:
    """Run a command while the embedded services are up; started for it only if they are not."""
    with contextlib.ExitStack() as stack:
        for service in embedded_services():
            stack.enter_context(service.in_use())
            if isinstance(service, Postgres):
                service.ensure_database("marketplace")
        child = subprocess.Popen(command)
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                pass  # it was told as well; what it makes of that is its own business


def prepare() -> str:
    """Bring database, messages and demonstration data up to date; the demonstration accounts to print."""
    accounts = data_root() / "accounts.txt"
    empty = ["--empty"] if os.environ.get("DEMO") == "0" else []
    command = [sys.executable, "manage.py", "prepare", "--accounts", str(accounts), *empty]
    done = subprocess.run(command, start_new_session=True)  # Ctrl-C reaches us alone, and then it is ended
    if done.returncode:
        raise LaunchError("The database could not be prepared; the reason is above.")
    return accounts.read_text()


def embedded_services() -> list[Service]:
    """The servers nobody has named one of their own for."""
    services: list[Service] = []
    if not os.environ.get("DATABASE_URL"):
        services.append(Postgres(data_root()))
    if not os.environ.get("CELERY_BROKER_URL"):
        services.append(Valkey(data_root()))
    return services


def data_root() -> Path:
    return Path(os.environ.get("MARKETPLACE_VAR") or REPOSITORY / "var")


@contextlib.contextmanager
def alone(url: str) -> Iterator[None]:
    """One platform per data root. The lock dies with us, so it never outlives a crash."""
    data_root().mkdir(parents=True, exist_ok=True)
    with open(data_root() / "run.lock", "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LaunchError(f"The platform already runs from this folder: {lock.read().strip()}") from None
        lock.truncate(0)
        lock.write(f"{url}/ (process {os.getpid()})\n")
        lock.flush()
        yield


def require_free(host: str, port: int, variable: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise LaunchError(
                    f"Port {port} is in use by another program. Stop that, or choose another: "
                    f"{variable}={port + 100} make run"
                ) from None
            raise LaunchError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None


def wait_for(addresses: list[str], supervisor: Supervisor) -> None:
    """Return when every address answers 200; `LaunchError` after a minute, with what the last one said."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_WITHIN
    for address in addresses:
        while True:
            supervisor.check()
            try:
                with direct.open(address, timeout=5):
                    break
            except (urllib.error.URLError, OSError) as error:
                if time.monotonic() > deadline:
                    raise LaunchError(f"{address} does not answer: {error}") from None
                time.sleep(0.1)


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise LaunchError(f"{variable}={text} is not a port: a number from 1 to 65535 is needed.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
