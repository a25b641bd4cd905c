"""The stand-in as a real process beside a test."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from django.conf import settings

REPOSITORY = Path(__file__).resolve().parents[2]
CLIENT = ("marketplace", "for tests only")


@contextmanager
def running_standin(public_url):
    """Yield the base address of a stand-in that serves ``public_url``, on a database of its own in the tests' cluster.

    The cluster must be up: ask for ``django_db_setup`` (or any database fixture) first.
    """
    with TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        port = _free_port()
        environment = os.environ | {
            "MARKETPLACE_VAR": folder,
            "GBIZID_DATABASE_URL": _database_url(),
            "PUBLIC_URL": public_url,
            "GBIZID_CLIENT_ID": CLIENT[0],
            "GBIZID_CLIENT_SECRET": CLIENT[1],
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace.gbizid_standin", "serve", "--port", str(port)],
            cwd=REPOSITORY,
            env=environment,
            stdout=log,
            stderr=log,
        )
        base = f"http://localhost:{port}"
        try:
            _wait_for(base, process, log)
            yield base
        finally:
            process.terminate()
            process.wait(timeout=20)


def discovery_url(base):
    return f"{base}/oauth/.well-known/openid-configuration"


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _database_url():
    database = settings.DATABASES["default"]
    login = ":".join(filter(None, (database["USER"], database.get("PASSWORD"))))
    name = f"gbizid_standin_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    if database["HOST"].startswith("/"):
        return f"postgres://{login}@/{name}?host={database['HOST']}"
    server = ":".join(filter(None, (database["HOST"], str(database.get("PORT", "")))))
    return f"postgres://{login}@{server}/{name}"


def _wait_for(base, process, log):
    deadline = time.monotonic() + 60
    while True:
        try:
            requests.get(base, timeout=2).raise_for_status()
        except requests.RequestException:
            if process.poll() is not None or time.monotonic() > deadline:
                log.seek(0)
                raise RuntimeError(f"The stand-in did not start:\n{log.read()}") from None
            time.sleep(0.1)
        else:
            return
