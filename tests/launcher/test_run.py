"""`make run` as a person meets it: the real command, real processes, real signals."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from marketplace.launcher.postgres import Postgres
from marketplace.launcher.valkey import Valkey

COMMAND = [sys.executable, "-m", "marketplace.launcher"]


def environment(root, port, provider_port):
    unset = ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "PUBLIC_URL", "GBIZID_DISCOVERY_URL")
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    return inherited | {
        "MARKETPLACE_VAR": str(root),
        "PORT": str(port),
        "GBIZID_PORT": str(provider_port),
        "DEMO": "0",
        "PYTHONWARNINGS": "",
    }


class Platform:
    """A running `make run`."""

    def __init__(self, root, port, provider_port):
        self.url = f"http://127.0.0.1:{port}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*COMMAND, "run"],
            env=environment(root, port, provider_port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout))
        self._reader.start()

    @property
    def output(self):
        return "".join(self.lines)

    def until(self, condition, seconds=60.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def ready(self):
        self.until(lambda: "Ready: " in self.output)
        return self

    def get(self, path):
        """Status and body."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=15) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def stop(self, number=signal.SIGINT):
        """Exit status."""
        self.process.send_signal(number)
        return self.process.wait(40)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()
        self._reader.join()
        self.process.stdout.close()


def processes_naming(text):
    """Command lines of living processes that mention the data root or run inside of it."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if int(entry.name) != os.getpid() and (text.encode() in variables or text in command):
            found.append(command)
    return found


def launch(root, port, provider_port, *arguments):
    return subprocess.run(
        [*COMMAND, *(arguments or ["run"])],
        env=environment(root, port, provider_port),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.services
def test_run_serves_survives_and_leaves_nothing_behind(root, free_port):
    port, provider_port = free_port(), free_port()
    with Platform(root, port, provider_port) as platform:
        platform.ready()
        assert f"http://localhost:{port}/" in platform.output
        assert platform.get("/healthz") == (200, '{"status": "ok"}')
        status, body = platform.get("/readyz")
        assert (status, json.loads(body)) == (200, {"status": "ok", "database": "ok", "broker": "ok"})
        discovery = f"http://localhost:{provider_port}/oauth/.well-known/openid-configuration"
        with urllib.request.urlopen(discovery, timeout=5) as response:
            assert json.load(response)["issuer"] == f"http://localhost:{provider_port}/oauth/"

        # A second one at the same time is told so, and disturbs nothing.
        second = launch(root, free_port(), free_port())
        assert (second.returncode, "Traceback" in second.stderr) == (1, False)
        assert f"The platform already runs from this folder: http://localhost:{port}/" in second.stderr

        assert platform.stop() == 0
        assert "Traceback" not in platform.output
    assert processes_naming(str(root)) == []
    assert Postgres(root).processes() == Valkey(root).processes() == []
    secrets = (root / "secrets.json").read_text()

    started = time.monotonic()
    with Platform(root, port, provider_port) as platform:
        platform.ready()
        assert time.monotonic() - started < 30  # 10 on an idle machine; tests share theirs
        assert (root / "secrets.json").read_text() == secrets

        # The database and the broker die; both come back by themselves.
        for pid in [*Postgres(root).processes()[:1], *Valkey(root).processes()]:
            os.kill(pid, signal.SIGKILL)
        platform.until(lambda: "postgres| was gone; started again" in platform.output)
        platform.until(lambda: "valkey  | was gone; started again" in platform.output)
        platform.until(lambda: platform.get("/readyz")[0] == 200)

        assert platform.stop(signal.SIGTERM) == 0
    assert processes_naming(str(root)) == []


@pytest.mark.parametrize("variable", ["PORT", "GBIZID_PORT"])
def test_busy_port_gets_a_sentence(root, free_port, variable):
    ports = {"PORT": free_port(), "GBIZID_PORT": free_port()}
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", ports[variable]))
        busy.listen()
        refused = launch(root, *ports.values())
    assert refused.returncode == 1
    assert re.fullmatch(
        rf"\nerror: Port {ports[variable]} is in use by another program\. Stop that, or choose another: "
        rf"{variable}=\d+ make run\n",
        refused.stderr,
    )


def test_port_that_is_none_gets_a_sentence(root):
    refused = launch(root, "http", 8010)
    assert (refused.returncode, refused.stderr) == (
        1,
        "\nerror: PORT=http is not a port: a number from 1 to 65535 is needed.\n",
    )


def test_stale_run_lock_is_no_obstacle(root, free_port):
    (root / "run.lock").write_text("http://localhost:1/ (process 1)\n")
    port = free_port()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        refused = launch(root, port, free_port())
    assert "already runs" not in refused.stderr
    assert f"Port {port}" in refused.stderr


def test_held_run_lock_says_who_holds_it(root, free_port):
    with open(root / "run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("http://localhost:8000/ (process 77)\n")
        lock.flush()
        refused = launch(root, free_port(), free_port())
    assert refused.stderr == (
        "\nerror: The platform already runs from this folder: http://localhost:8000/ (process 77)\n"
    )


@pytest.mark.services
def test_exec_lends_the_services_to_a_command(root):
    answer = launch(root, 8000, 8010, "exec", sys.executable, "-c", "import os; print(os.environ['MARKETPLACE_VAR'])")
    assert (answer.returncode, answer.stdout.strip()) == (0, str(root))
    assert launch(root, 8000, 8010, "exec", sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    assert Postgres(root).processes() == Valkey(root).processes() == []
