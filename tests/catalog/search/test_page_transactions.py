"""Search where no transaction is open, as in a page; the other tests run inside one."""

import pytest
from django.db import connection

from catalog.search.page import search


@pytest.mark.django_db(transaction=True)
def test_search_outside_a_transaction(plain):
    pk = plain(name="勤怠管理クラウド")
    assert not connection.in_atomic_block
    assert search("勤怠管理").ids == (pk,)
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_seqscan")
        assert cursor.fetchone() == ("on",)
