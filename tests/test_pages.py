"""What every page must be, whoever it is for: complete, named, readable by everybody, lean, and there in English too.

The pages are those that somebody gets in to see (tests/test_who_gets_in.py), and those of every stage of a purchase.
"""

from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest
import zeal
from django.core.cache import cache
from django.template import engines
from django.test import Client
from django.urls import reverse
from zeal.constants import initialize_app_registry
from zeal.patch import patch

from tests.sign_in import session_cookie
from tests.test_who_gets_in import ABOUT, ASKED, ROWS
from tests.world import STAGES, the_world  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db

# Who sees most of a page, first; a page is looked at as the first of these who gets in.
READERS = ("officer", "marker", "manager", "operator", "visitor")

# What is an answer: a page, also the one that says what went wrong with GビズID, or when a listing was suspended.
SHOWN = (200, 400, 410)

# Pages that several roles see, each in another way, and pages whose content follows the stage.
SEEN_OTHERWISE = [
    ("catalog:review_detail", "manager", lambda world: world.review),
    ("catalog:review_detail", "manager", lambda world: world.returned),
    ("catalog:review_detail", "reviewer", lambda world: world.assigned_review),
    ("catalog:software_detail", "visitor", lambda world: world.suspended),
    ("catalog:software_detail", "manager", lambda world: world.listed),
    ("catalog:vendor_software", "entry", lambda world: world.draft),
    ("catalog:vendor_software", "manager", lambda world: world.listed),
    ("catalog:vendor_software", "manager", lambda world: world.returned.software),
    ("catalog:offer_edit", "third", lambda world: world.listed),
    ("catalog:listing_control", "operator", lambda world: world.listed),
    ("procurement:procurement_detail", "officer", lambda world: world.draft_procurement),
    ("procurement:procurement_detail", "buyer", lambda world: world.selected),
    ("procurement:tender_detail", "officer", lambda world: world.draft_tender),
    *(
        (f"procurement:{page}", person, lambda world, stage=stage: getattr(world, f"{stage}_tender"))
        for page, person in (("tender_detail", "officer"), ("tender_detail", "rival"), ("marking", "marker"))
        for stage in STAGES
    ),
    *(
        ("procurement:procurement_detail", "officer", lambda world, stage=stage: getattr(world, f"{stage}_tender").procurement)
        for stage in STAGES
    ),
    *(
        ("procurement:bid_receipt", "manager", lambda world, stage=stage: _own_bid(world, stage))
        for stage in ("marking", "published")
    ),
]  # fmt: skip


def _own_bid(world, stage):
    return getattr(world, f"{stage}_tender").bids.get(company=world.company)


def pages():
    """pytest parameters: name of the URL, who looks, and of the world what it is about."""
    for (name, method), row in ROWS.items():
        reader = next((person for person in READERS if row[person] == "in"), None)
        if method == "GET" and reader:
            yield pytest.param(name, reader, ABOUT.get(name, lambda world: {}), id=f"{name}-{reader}")
    seen = {}
    for name, person, of in SEEN_OTHERWISE:
        seen[name, person] = seen.get((name, person), 0) + 1
        about = lambda world, of=of: {"reference": of(world).reference}  # noqa: E731
        yield pytest.param(name, person, about, id=f"{name}-{person}-{seen[name, person]}")


class Page(HTMLParser):
    """What is on a page that a rule can be held against."""

    UNLABELLED_TYPES = ("hidden", "submit", "button")

    def __init__(self, source):
        super().__init__()
        self.headings, self.title, self.language, self.inline = 0, "", "", []
        self.ids, self.labelled, self.controls = [], set(), []
        self._inside = []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "html":
            self.language = attributes.get("lang")
        self.headings += tag == "h1"
        self.inline += [f"<{tag} {name}>" for name in attributes if name == "style" or name.startswith("on")]
        if tag == "style" or (
            tag == "script" and "src" not in attributes and attributes.get("type") != "application/json"
        ):
            self.inline.append(f"<{tag}>")
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "label":
            self.labelled.add(attributes.get("for"))
        is_control = tag in ("select", "textarea") or (
            tag == "input" and attributes.get("type", "text") not in self.UNLABELLED_TYPES
        )
        if is_control and not {"aria-label", "aria-labelledby"} & attributes.keys():
            self.controls.append(attributes.get("id") or f"<{tag} name={attributes.get('name')}>")
        self._inside.append(tag)

    def handle_endtag(self, tag):
        self._inside.append("")

    def handle_data(self, text):
        if self._inside[-1:] == ["title"]:
            self.title += text

    @property
    def faults(self) -> list[str]:
        found = [f"{self.headings} headings of the first level"] if self.headings != 1 else []
        found += ["no title of its own"] if not self.title.split("｜")[0].strip() else []
        found += [f"inline code: {each}" for each in self.inline]
        found += [f"no label: {each}" for each in self.controls if each not in self.labelled]
        found += [f"id used twice: {each}" for each in dict.fromkeys(self.ids) if self.ids.count(each) > 1]
        return found


@pytest.fixture(scope="module")
def _watch_queries():
    """zeal sees a query repeated for each row of a list once Django's managers are patched for it."""
    initialize_app_registry()
    patch()


class Undefined(str):
    """Printed for what a template asks for and nobody gave. False, so that a template may ask whether it was given."""

    def __bool__(self):
        return False


def see(world, name, person, about, language):
    """The page, through its redirections; each request on its own must ask the database once for what it asks."""
    client = Client(headers={"Accept-Language": language})
    if user := world.people[person]:
        cookie = session_cookie(user)
        client.cookies[cookie["name"]] = cookie["value"]
    cache.clear()
    url, data = reverse(name, kwargs=about(world)), ASKED.get(name, lambda world: {})(world)
    while True:
        with zeal.zeal_context():
            response = client.get(url, data)
        if response.status_code != 302:
            return response
        url, data = urljoin(url, response["Location"]), {}


@pytest.mark.usefixtures("_watch_queries")
@pytest.mark.parametrize(("name", "person", "about"), list(pages()))
def test_page_is_sound(world, monkeypatch, name, person, about):
    response = see(world, name, person, about, "ja")
    assert response.status_code in SHOWN
    if not response["Content-Type"].startswith("text/html"):
        return
    page = Page(response.text)
    assert (page.language, page.faults) == ("ja", [])

    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", Undefined("UNDEFINED"))
    response = see(world, name, person, about, "en")
    assert response.status_code in SHOWN
    assert Page(response.text).language == "en"
    assert "UNDEFINED" not in response.text
