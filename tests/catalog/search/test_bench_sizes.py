"""The bench loads one size upon the other; in a module of its own, for it stores live rows with fixed keys."""

from io import StringIO

import pytest

from catalog.management.commands.bench_search import Command, Times
from catalog.search import page
from catalog.search.bench import database

pytestmark = pytest.mark.django_db


def test_each_size_is_searched_as_a_catalogue_of_that_size(plain, monkeypatch, settings):
    """A million after ten thousand was once searched like ten thousand: what is remembered outlasts a run."""
    settings.SEARCH_CACHE_SECONDS = 3600
    monkeypatch.setattr(page, "LARGE", 200)
    for name in ("drop_indexes", "make_indexes"):  # cannot run in a test's transaction
        monkeypatch.setattr(database, name, lambda: None)
    sizes = []
    monkeypatch.setattr(Command, "_measure", lambda self, engines: sizes.append(page.is_large()) or Times([1.0]))
    monkeypatch.setattr(Command, "_report_index", lambda self, engines: None)
    monkeypatch.setattr(Command, "_judge", lambda self: None)
    command = Command(stdout=StringIO())
    command.cases, command.repeat = [], 1
    command._measure_sizes([20, 600], lambda numbers: map(database.build, numbers), [], 0)
    page.forget_size()
    assert sizes == [False, True]
