"""Addresses that no page has."""

import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/software/%00/", 404),
        ("/companies/1%00/", 404),
        ("/awards/%00/", 404),
        ("/api/v1/procurements/%00/", 404),
        ("/awards/?q=%00", 400),
        ("/awards/?agency=a%00b", 400),
    ],
)
def test_nul_character_in_an_address_is_refused(client, path, status):
    assert client.get(path).status_code == status
