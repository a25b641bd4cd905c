import datetime as dt
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone

from marketplace import clock
from marketplace.accounts import gbizid
from tests.gbizid_standin.process import CLIENT, discovery_url, running_standin

pytest.register_assert_rewrite("tests.e2e.people")

from .people import Looks, Person  # noqa: E402 - after its assertions were made to speak


class ShiftingClock:
    """Stands in for the clock's own context variable, so that every thread of this process lives in the same time."""

    def __init__(self):
        self.ahead = dt.timedelta(0)

    def get(self):
        return timezone.now() + self.ahead

    def move_to(self, moment):
        self.ahead = moment - timezone.now()


@pytest.fixture
def shifting_clock(monkeypatch):
    shifting = ShiftingClock()
    monkeypatch.setattr(clock, "_moment", shifting)
    return shifting


@pytest.fixture
def site(live_server, settings, mailoutbox):
    """The marketplace, with the stand-in of GビズID beside it as a process of its own."""
    cache.clear()
    with running_standin(live_server.url) as standin:
        settings.PUBLIC_URL = live_server.url
        settings.GBIZID_DISCOVERY_URL = discovery_url(standin)
        settings.GBIZID_CLIENT_ID, settings.GBIZID_CLIENT_SECRET = CLIENT
        settings.CONTENT_SECURITY_POLICY = {
            "DIRECTIVES": settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"form-action": ["'self'", standin]}
        }
        gbizid._client.cache_clear()
        yield live_server.url
    gbizid._client.cache_clear()


@pytest.fixture
def arrives(browser, browser_context_args, site, pytestconfig):
    """Somebody arrives: call it for a new person with a browser of their own."""
    looks, contexts = Looks(Path(pytestconfig.getoption("--output")) / "journey"), []

    def arrive():
        context = browser.new_context(**browser_context_args)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return Person(context, site, looks)

    yield arrive
    for context in contexts:
        context.close()
