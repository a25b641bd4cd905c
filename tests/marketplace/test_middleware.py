"""What nobody types into an address."""

import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/software/%00/", 404),
        ("/companies/1%00/", 404),
        ("/awards/%00/", 404),
        ("/api/v1/procurements/%00/", 404),
        ("/awards/?q=%00", 200),
        ("/awards/?agency=a%00b", 200),
        ("/software/?q=a%00b&certification=%00&users=%00&page=%00", 200),
    ],
)
def test_nul_character_is_no_page_and_no_more_than_a_space_in_a_query(client, path, status):
    assert client.get(path).status_code == status
