"""Fixtures of all tests: a clean database under the runtime roles, and tenants made by the product's own calls.

``./connect test`` starts PostgreSQL and Redis and migrates as the owner; pytest-django's own test database
would be made by one role and hide what row security does.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

HAS_SERVERS = "DATABASE_URL_WEB" in os.environ


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database is there already, migrated by the owner role."""


@pytest.fixture(scope="session")
def super_connection() -> Iterator["psycopg.Connection[Any]"]:
    """A superuser's connection: only to empty tables between tests and to look behind row security."""
    with psycopg.connect(os.environ["CONNECT_TEST_SUPER_URL"], autocommit=True) as connection:
        yield connection


_KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture
def database(super_connection: "psycopg.Connection[Any]", django_db_blocker: Any) -> Iterator[None]:
    """Give a test the real database with real commits, and empty it afterwards."""
    from django.db import connections

    from integrations.operations import inbox
    from integrations.operations.delivery import courier
    from integrations.stores import vault, versions

    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()
    tables = [
        name
        for (name,) in super_connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        if name not in _KEPT
    ]
    super_connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
    # Ids start over, so nothing that is cached by id may stay.
    vault.forget()
    versions.forget()
    courier._schemas.clear()
    inbox._targets.clear()


@contextmanager
def database_role(role: str) -> Iterator[None]:
    """Speak to the database as another runtime role for a while."""
    from django.db import connections

    from portal.settings import database_of

    connection = connections["default"]
    connection.close()
    outer = dict(connection.settings_dict)
    connection.settings_dict.update(database_of(role))
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(outer)


@pytest.fixture
def as_engine(database: None) -> Iterator[None]:
    """Run the whole test under the engine role."""
    with database_role("engine"):
        yield
