import pytest
from celery import Celery
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection
from django.test import Client
from django.urls import path

from marketplace import health
from marketplace import urls as site

DATABASE_ERRORS = {"gone": OperationalError("connection refused"), "busy": OperationalError("canceling statement")}
DATABASE_ERRORS["busy"].__cause__ = type("QueryCanceled", (Exception,), {"sqlstate": "57014"})()


@login_not_required
def failing(request, kind):
    if kind == "bug":
        raise ValueError("secret detail")
    raise DATABASE_ERRORS[kind]


handler500 = site.handler500
urlpatterns = [*site.urlpatterns, path("failing/<kind>/", failing), path("api/failing/<kind>/", failing)]


@pytest.fixture
def visitor(settings):
    settings.ROOT_URLCONF = "tests.test_health"
    return Client(raise_request_exception=False)


def test_healthz_asks_nothing_of_the_database(client):
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_is_ready_with_database_and_broker(client):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": "ok", "broker": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_without_broker_says_so(client, monkeypatch, tmp_path):
    elsewhere = Celery("elsewhere", broker=f"redis+socket://{tmp_path}/secret-name.sock", set_as_current=False)
    monkeypatch.setattr(health, "current_app", elsewhere)
    response = client.get("/readyz")
    expected = {"status": "unavailable", "database": "ok", "broker": "unavailable"}
    assert (response.status_code, response.json()) == (503, expected)
    assert "secret-name" not in response.text


def test_readyz_without_database_says_so(client, monkeypatch):
    def refuse():
        raise OperationalError('connection to "secret-name" failed')

    monkeypatch.setattr(connection, "cursor", refuse)
    response = client.get("/readyz")
    expected = {"status": "unavailable", "database": "unavailable", "broker": "ok"}
    assert (response.status_code, response.json()) == (503, expected)
    assert "secret-name" not in response.text


@pytest.mark.parametrize("language", ["ja", "en"])
def test_database_gone_is_a_page_in_the_visitors_language(visitor, language):
    response = visitor.get("/failing/gone/", headers={"Accept-Language": language})
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert f'<html lang="{language}">' in response.text
    assert "503" in response.text


def test_database_busy_is_told_apart_from_gone(visitor):
    assert "集中" in visitor.get("/failing/busy/").text
    assert "集中" not in visitor.get("/failing/gone/").text


def test_fault_of_ours_is_a_plain_page_without_detail(visitor):
    response = visitor.get("/failing/bug/")
    assert response.status_code == 500
    assert "secret detail" not in response.text


@pytest.mark.parametrize(("kind", "status", "detail"), [("gone", 503, "unavailable"), ("bug", 500, "error")])
def test_api_fails_in_json(visitor, kind, status, detail):
    response = visitor.get(f"/api/failing/{kind}/")
    assert (response.status_code, response.json()) == (status, {"detail": detail})
