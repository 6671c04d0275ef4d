"""The promise that no tenant sees another, asked of the database's own catalogue and of the start-up check."""

import os
import re
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, connections
from django.urls import URLPattern, URLResolver, get_resolver

from integrations.models import AuditEntry, in_tenant
from integrations.models.isolation import referenced_tables, tenant_models
from portal.checks import refuse_unbound_roles, runtime_role_is_bound
from tests.conftest import database_role
from tests.worlds import BenchWorld

ROLES = ("connect_web", "connect_engine", "connect_support", "connect_owner")
_TENANT_TABLES = """
    SELECT c.relname::text, c.relrowsecurity AND c.relforcerowsecurity, c.oid FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY 1
"""
# Ids that outlive what they point at, or point at several tables; no statement joins by one without the tenant.
LOOSE_IDS = {
    ("alert", "connection_id"), ("alert", "flow_id"), ("alert", "pair_id"), ("attempt", "batch_id"),
    ("link_intent", "run_id"), ("payload", "event_id"), ("payload", "run_id"), ("record_head", "live_run_id"),
    ("run", "parent_run_id"), ("run_edit", "payload_id"), ("usage_day", "pair_id"),
}  # fmt: skip
_IDS_IN_NO_TABLE = {"external_id", "target_id", "storefront_id", "erp_id", "request_id"}


@pytest.fixture
def tables(super_connection: "psycopg.Connection[Any]") -> list[tuple[str, bool, int]]:
    return super_connection.execute(_TENANT_TABLES).fetchall()


def test_the_catalogue_knows_every_tenant_table_of_the_models(tables: list[tuple[str, bool, int]]) -> None:
    assert {name for name, _, _ in tables} == {model._meta.db_table for model in tenant_models()}
    assert len(tables) > 20


def test_row_security_is_forced_on_every_tenant_table(tables: list[tuple[str, bool, int]]) -> None:
    assert [name for name, is_forced, _ in tables if not is_forced] == []


def test_each_role_has_exactly_one_policy_on_every_tenant_table_and_webs_compares_the_tenant(
    tables: list[tuple[str, bool, int]], super_connection: "psycopg.Connection[Any]"
) -> None:
    for name, _, _ in tables:
        rows = super_connection.execute(
            "SELECT roles::text[], permissive, qual, with_check FROM pg_policies WHERE tablename = %s", [name]
        ).fetchall()
        assert sorted(role for roles, *_ in rows for role in roles) == sorted(ROLES), name
        for roles, permissive, seen, written in rows:
            assert permissive == "PERMISSIVE"
            if roles == ["connect_web"]:
                assert "tenant_id = " in seen, name
                assert "app.tenant_id" in seen
                assert seen == written


def test_every_table_that_tenant_data_refers_to_has_the_key_for_it_and_no_other_has(
    tables: list[tuple[str, bool, int]], super_connection: "psycopg.Connection[Any]"
) -> None:
    keyed = {
        name
        for name, _, oid in tables
        if super_connection.execute(
            "SELECT 1 FROM pg_constraint c WHERE c.conrelid = %s AND c.contype IN ('u', 'p') AND (SELECT"
            " array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a"
            " WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) = ARRAY['id', 'tenant_id']",
            [oid],
        ).fetchone()
    }
    assert keyed == referenced_tables()


def test_every_row_belongs_to_a_tenant_that_exists(
    tables: list[tuple[str, bool, int]], super_connection: "psycopg.Connection[Any]"
) -> None:
    """By a reference of its own to the tenant, or by one that carries the tenant and cannot be empty."""
    homeless = [
        name
        for name, _, oid in tables
        if not super_connection.execute(
            "SELECT 1 FROM pg_constraint c WHERE c.conrelid = %s AND c.contype = 'f'"
            " AND (c.confrelid = 'tenant'::regclass"
            " OR NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
            "  AND NOT a.attnotnull) AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.conrelid"
            "  AND a.attnum = ANY (c.conkey) AND a.attname = 'tenant_id'))",
            [oid],
        ).fetchone()
        and name != "tenant"
    ]
    assert homeless == []


def test_every_reference_between_tenant_tables_carries_the_tenant(
    tables: list[tuple[str, bool, int]], super_connection: "psycopg.Connection[Any]"
) -> None:
    names = [name for name, _, _ in tables]
    references = super_connection.execute(
        "SELECT c.conrelid::regclass::text, c.conname, c.convalidated, ARRAY(SELECT a.attname::text"
        " FROM unnest(c.conkey) k JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k)"
        " FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid::regclass::text = ANY (%s)"
        " AND c.confrelid::regclass::text = ANY (%s)",
        [names, names],
    ).fetchall()
    assert len(references) > 15
    assert [
        name for _, name, is_valid, columns in references if "tenant_id" not in columns or not is_valid
    ] == []


def test_every_id_column_of_a_tenant_table_is_a_composite_reference_or_a_known_loose_one(
    tables: list[tuple[str, bool, int]], super_connection: "psycopg.Connection[Any]"
) -> None:
    loose = set()
    for name, _, oid in tables:
        rows = super_connection.execute(
            "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = %s AND a.attname LIKE '%%\\_id'"
            " AND a.atttypid = 'bigint'::regtype AND NOT EXISTS (SELECT 1 FROM pg_constraint c"
            " WHERE c.conrelid = a.attrelid AND c.contype = 'f' AND a.attnum = ANY (c.conkey))",
            [oid],
        ).fetchall()
        loose |= {(name, column) for (column,) in rows}
    assert loose == LOOSE_IDS


@pytest.mark.parametrize("table", [model._meta.db_table for model in tenant_models()] + ["tenant"])
def test_without_a_tenant_the_web_role_sees_no_row_of_any_table(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]", table: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone() == (0,)
    behind = super_connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    # Tables that this world leaves empty prove nothing here; the catalogue tests hold for them.
    assert behind != (0,) or table in {
        "api_key", "arrival_hour", "bulk_action", "bulk_action_run", "idempotency_key", "link_intent", "run_edit",
        "sync_job", "value_map_version",
    }  # fmt: skip


def test_rows_of_another_tenant_are_neither_seen_nor_written_under_the_web_role(
    world: BenchWorld, super_connection: "psycopg.Connection[Any]"
) -> None:
    with in_tenant(world.tenant.pk + 1), connection.cursor() as cursor:
        cursor.execute("UPDATE connection SET name = 'mine'")
        assert cursor.rowcount == 0
    theirs = AuditEntry(tenant_id=world.tenant.pk, actor="", action="", subject="", summary="")
    with pytest.raises(ProgrammingError, match="row-level security"), in_tenant(world.tenant.pk + 1):
        theirs.save(force_insert=True)


def test_the_start_up_check_accepts_the_runtime_roles(database: None) -> None:
    assert runtime_role_is_bound(["default", "support"]) == []


@pytest.mark.parametrize("role", ["superuser", "owner"])
def test_the_start_up_check_refuses_a_role_that_row_security_does_not_bind(
    database: None, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    if role == "superuser":
        monkeypatch.setenv("DATABASE_URL_OWNER", os.environ["CONNECT_TEST_SUPER_URL"])
    assert settings.DB_ROLE == "web"
    with database_role("owner"):
        (problem,) = runtime_role_is_bound(["default"])
        with pytest.raises(ImproperlyConfigured, match="row-level security does not bind"):
            refuse_unbound_roles()
    assert problem.id == "connect.E001"
    assert ("postgres" if role == "superuser" else "connect_owner") in problem.msg
    connections["default"].close()


def _addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[str]:
    found = []
    for one in patterns:
        path = prefix + str(one.pattern)
        found += _addresses(one.url_patterns, path) if isinstance(one, URLResolver) else [path]
    return found


def test_staff_without_a_membership_get_404_on_every_page_of_a_tenant(world: BenchWorld, staff: Any) -> None:
    pages = [path for path in _addresses(get_resolver().url_patterns) if path.startswith("t/<slug:slug>/")]
    for path in pages:
        address = "/" + re.sub(r"<[^>]+>", "1", path.replace("<slug:slug>", world.tenant.slug))
        for method in (staff.get, staff.post):
            assert method(address).status_code in (404, 405), address
