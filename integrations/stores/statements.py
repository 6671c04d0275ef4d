"""The hot statements: bound and prepared on the server, so that PostgreSQL parses and plans each of them once.

Django's cursors bind on the client, which plans every statement anew; intake, claim and finish run through here.
Works on the thread's Django connection, inside its transaction when there is one.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import OperationalError, connection


def fetch(statement: str, parameters: Sequence[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows. Raises django.db errors."""
    with connection.wrap_database_errors, _cursor() as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall()


def change(statement: str, parameters: Sequence[Any] | dict[str, Any]) -> int:
    """Run one statement that returns no rows; returns how many it touched. Raises django.db errors."""
    with connection.wrap_database_errors, _cursor() as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.rowcount


def fetch_repeatable(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Like :func:`fetch`, and once more on a new connection when this one had died.

    Only for a statement that is its own transaction and may run twice: whether the first one committed is unknown.
    """
    try:
        return fetch(statement, parameters)
    except OperationalError:
        if connection.in_atomic_block or connection.connection is None or not connection.connection.closed:
            raise
        connection.close()
        return fetch(statement, parameters)


def _cursor() -> "psycopg.Cursor[tuple[Any, ...]]":
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        # Django's own cursors never prepare; a threshold must be set for those here, which say so themselves.
        raw.prepare_threshold = 1_000_000
    return psycopg.Cursor(raw)
