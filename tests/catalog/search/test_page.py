import pytest

from catalog.search.filters import Filters
from catalog.search.page import search


@pytest.mark.django_db
def test_search_smoke(corpus):
    page = search("勤怠", Filters())
    assert page.total
    print(page)
