"""What every answer tells the browser, from the settings all environments share."""

import pytest


@pytest.fixture
def response(client, db):
    return client.get("/")


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere(response):
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy.pop("form-action").split()[0] == "'self'"
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ],
)
def test_answer_carries(response, header, value):
    assert response[header] == value


def test_page_is_in_the_language_asked_for(client, db):
    assert client.get("/", headers={"Accept-Language": "en"})["Content-Language"] == "en"
    assert client.get("/")["Content-Language"] == "ja"
