"""The marketplace behind its web server, as it runs in production, on the database that is measured."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from django.test import RequestFactory
from gunicorn.app.base import BaseApplication

from marketplace.accounts.enums import AgencyKind, Role
from marketplace.accounts.models import Agency, Membership


class Visit:
    """A connection of somebody's browser: it stays open, as theirs does."""

    def __init__(self, path: Path, cookie: str):
        self._connection = http.client.HTTPConnection("localhost", timeout=60)
        self._connection.sock = socket.socket(socket.AF_UNIX)
        self._connection.sock.connect(str(path))
        self._headers = {"Cookie": cookie}

    def get(self, url: str) -> tuple[int, bytes]:
        self._connection.request("GET", url, headers=self._headers)
        response = self._connection.getresponse()
        return response.status, response.read()


class _Gunicorn(BaseApplication):
    def __init__(self, address: str):
        self._address = address
        super().__init__()

    def load_config(self):
        for name, value in {
            "bind": self._address,
            "workers": 1,
            "worker_class": "gthread",
            "threads": 1,
            "keepalive": 600,
            "timeout": 600,
            "loglevel": "error",
        }.items():
            self.cfg.set(name, value)

    def load(self):
        from marketplace.wsgi import application

        return application


@contextmanager
def serving(folder: Path, cookie: str) -> Iterator[Visit]:
    """A web server of one thread for as long as the block lasts, visited with ``cookie``."""
    path = folder / "web.sock"
    connections.close_all()  # a connection must not be shared with another process
    process = get_context("fork").Process(target=_serve, args=(f"unix:{path}",))
    process.start()
    try:
        yield _visit(path, cookie)
    finally:
        process.terminate()
        process.join()


def _serve(address: str) -> None:
    connection.settings_dict["CONN_MAX_AGE"] = None  # as the pool of production: one connection a thread, kept
    _Gunicorn(address).run()


def _visit(path: Path, cookie: str) -> Visit:
    for _attempt in range(300):
        try:
            visit = Visit(path, cookie)
            if visit.get("/healthz")[0] == 200:
                return visit
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("The web server did not start.")


def buyer_cookie() -> str:
    """The session of a buyer who signed in with both factors, for an agency with a size of its own."""
    user = get_user_model().objects.create_user(name="計測 花子", email="bench@city.example.lg.jp")
    agency = Agency.objects.create(
        name="計測市", name_kana="ケイソクシ", kind=AgencyKind.MUNICIPALITY, staff=480, population=52_000
    )
    Membership.objects.create(user=user, agency=agency, role=Role.BUYER)
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(), user
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, user, "mfa", reauthenticated=True)
    request.session.save()
    return f"{settings.SESSION_COOKIE_NAME}={request.session.session_key}"
