import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import translation

from marketplace.launcher.browser import find_browser
from tests.roots import data_root


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    """Start the throw-away PostgreSQL when the first test asks for the database; pure tests never wait for it.

    Parallel workers share it: the launcher stops it when the last one is done.
    """
    if settings.EMBEDDED_DATABASE is None:
        yield
    else:
        with settings.EMBEDDED_DATABASE.in_use():
            yield


@pytest.fixture
def root():
    """A data root of its own, for tests that start services."""
    with data_root() as folder:
        yield folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """At the end, send away whoever still holds on to the database (a browser's last request on a busy machine): it
    could not be dropped."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_append_only_triggers():
    """Between tests the tables are truncated, which our triggers rightly refuse; only a superuser can switch them off."""
    flush = DatabaseOperations.execute_sql_flush

    def execute_sql_flush(self, sql_list):
        return flush(
            self, ["SET session_replication_role = replica", *sql_list, "SET session_replication_role = origin"]
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_sql_flush)
        yield


@pytest.fixture(autouse=True)
def _language_is_the_sites():
    """A request leaves its language behind in the thread: what comes next must not be in English for that."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def _force_login_is_a_completed_sign_in(monkeypatch):
    """`client.force_login(user)` includes the second factor. Tests of sign-in itself go through its pages."""
    from django.test import Client

    from tests.sign_in import pass_second_factor

    force_login = Client.force_login

    def completed(client, user, backend=None):
        force_login(client, user, backend)
        session = client.session
        pass_second_factor(session, user)
        session.save()

    monkeypatch.setattr(Client, "force_login", completed)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The distribution's Chromium, quiet on the network; nothing is downloaded."""
    quiet = ["gpu", "quic", "background-networking", "component-update", "sync"]
    return {
        **browser_type_launch_args,
        "executable_path": find_browser(),
        "args": ["--no-first-run", *(f"--disable-{feature}" for feature in quiet)],
    }


@pytest.fixture(scope="session")
def base_url():
    """Tests name the whole address. The plugin's own fixture is defined in a way pytest 9 warns about."""
    return


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "ja-JP", "timezone_id": "Asia/Tokyo"}
