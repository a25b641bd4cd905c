"""Somebody at a browser of their own, who looks at every page they pass as a strict tester would."""

import re

from tests.axe import violations

# What a browser notes as an error and is none: a page that refuses (it is an answer, and the test reads it), and a
# request that was given up for a newer one while somebody types.
EXPECTED = re.compile(r"status of (403|404|409|422)|^htmx:(afterRequest|sendAbort)")

# While a part of the page is fetched anew it is dimmed.
AT_REST = "() => !document.querySelector('.htmx-request') && document.getAnimations().length === 0"


class Person:
    """One person's browser. ``shows`` asserts, ``look`` examines the page as it stands and takes its picture."""

    def __init__(self, context, site, looks):
        self.page = context.new_page()
        self.site = site
        self.looks = looks
        self.complaints = []
        # A refused policy, a failed script or a missing file is an error on the console.
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message):
        if message.type == "error" and not EXPECTED.search(message.text):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def open(self, path):
        self.page.goto(f"{self.site}{path}")

    def status_of(self, path, *, method="GET") -> int:
        """What the server answers to this person's session, without leaving the page."""
        return self.page.request.fetch(f"{self.site}{path}", method=method, max_redirects=0).status

    def download(self, path) -> bytes:
        answer = self.page.request.get(f"{self.site}{path}")
        assert answer.status == 200, answer.status
        return answer.body()

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.site)

    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    @property
    def text(self) -> str:
        return self.main.inner_text()

    @property
    def main(self):
        return self.page.get_by_role("main")

    def press(self, label, *, within=None):
        # A form's first button may be hidden: it is the one that Enter presses.
        seen = self.page.locator(":not(.visually-hidden)")
        (within or self.main).get_by_role("button", name=label, exact=True).and_(seen).first.click()

    def follow(self, label, *, within=None):
        (within or self.main).get_by_role("link", name=label, exact=True).first.click()

    def menu(self, label):
        self.page.get_by_role("navigation", name="メインメニュー").get_by_role("link", name=label).click()

    def fill(self, values):
        """Type into the fields of these names."""
        for name, value in values.items():
            self.main.locator(f'[name="{name}"]').fill(value)

    def choose(self, name, *values):
        for value in values:
            self.main.locator(f'[name="{name}"][value="{value}"]').check()

    def select(self, name, value):
        self.main.locator(f'select[name="{name}"]').select_option(value)

    def reads(self, *sentences):
        """Each of ``sentences`` stands on the page, or comes to stand there."""
        for sentence in sentences:
            self.main.get_by_text(sentence).first.wait_for()

    def look(self, name):
        self.looks(self.page, name)
        assert self.complaints == []


class Looks:
    """Examines pages and numbers their pictures."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.png"):
            old.unlink()

    def __call__(self, page, name):
        self.count += 1
        page.wait_for_function(AT_REST)
        page.screenshot(path=self.folder / f"{self.count:02}-{name}.png", full_page=True)
        found = violations(page)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            found.append(f"{wide} px too wide")
        assert (page.url, found) == (page.url, [])
