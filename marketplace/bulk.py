"""Many rows at once, by COPY: a third of the time of INSERT, for the server and for us."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from django.db.models import Choices, Model


def take_pks(model: type[Model], count: int) -> Iterator[int]:
    """Keys taken from the sequence beforehand, so that rows can name each other and each is written once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return iter([pk for (pk,) in cursor.fetchall()])


def copy_rows(rows: Iterable[Model]) -> None:
    """Insert ``rows`` of one model, in the caller's transaction. All carry a key, or all leave it to the database.

    As ``bulk_create``: no ``save()`` and no signals. Constraints and triggers of the database hold.
    """
    rows = list(rows)
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key or rows[0].pk is not None]
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(field.column) for field in fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quoted(meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([_plain(field.get_db_prep_save(field.pre_save(row, True), connection)) for field in fields])


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Choices) else value
