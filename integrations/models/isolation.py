"""Brings the database to what isolation demands, after every ``migrate``: keys, policies, grants, functions.

Convergent and idempotent: it looks at the models and at the catalogue and adds what is missing, so that a
new tenant table cannot be forgotten. Runs as the owner role. Called by the ``migrate`` command.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models

from integrations.models.tenancy import TenantModel

WEB, ENGINE, SUPPORT, OWNER = "connect_web", "connect_engine", "connect_support", "connect_owner"
SQL_DIRECTORY = Path(__file__).resolve().parent.parent / "sql"
_TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::bigint)"
_ALL = "SELECT, INSERT, UPDATE, DELETE"

# What each role may do with a tenant table, where it differs from the default below.
_DEFAULT = {WEB: _ALL, ENGINE: _ALL, SUPPORT: "SELECT"}
_EXCEPTIONS: dict[str, dict[str, str]] = {
    "audit_entry": {WEB: "SELECT, INSERT", ENGINE: "SELECT, INSERT"},
    "flow_version": {WEB: "SELECT, INSERT", ENGINE: "SELECT"},
    "value_map_version": {WEB: "SELECT, INSERT", ENGINE: "SELECT"},
    "connection_secret": {ENGINE: "SELECT, UPDATE", SUPPORT: ""},
    "tenant_data_key": {WEB: "SELECT, INSERT", ENGINE: "SELECT", SUPPORT: ""},
    "payload": {SUPPORT: ""},
    "api_key": {ENGINE: "", SUPPORT: ""},
    "membership": {ENGINE: ""},
    # Retention deletes old ones; that takes reading when they were made.
    "idempotency_key": {ENGINE: "SELECT, DELETE", SUPPORT: ""},
}
# Tables without a tenant, by prefix: sessions and sign-in belong to web, the schedule to the engine.
_SHARED: tuple[tuple[str, dict[str, str]], ...] = (
    ("tenant", {WEB: "SELECT, INSERT, UPDATE", ENGINE: "SELECT", SUPPORT: "SELECT"}),
    ("account_user", {WEB: _ALL, SUPPORT: "SELECT"}),
    ("account_", {WEB: _ALL, SUPPORT: "SELECT"}),
    ("auth_", {WEB: _ALL, SUPPORT: "SELECT"}),
    ("django_celery_beat_", {WEB: "SELECT", ENGINE: _ALL, SUPPORT: "SELECT"}),
    ("django_content_type", {WEB: "SELECT", ENGINE: "SELECT", SUPPORT: "SELECT"}),
    ("django_migrations", {WEB: "SELECT", ENGINE: "SELECT", SUPPORT: "SELECT"}),
    ("django_admin_log", {WEB: _ALL, SUPPORT: "SELECT, INSERT"}),
    ("django_", {WEB: _ALL}),
    ("drain_slot", {WEB: "SELECT", ENGINE: _ALL, SUPPORT: "SELECT"}),
    ("housekeeping_mark", {ENGINE: _ALL, SUPPORT: "SELECT"}),
)


def tenant_models() -> tuple[type[models.Model], ...]:
    """Return every concrete model whose rows belong to a tenant."""
    return tuple(
        model for model in apps.get_models() if issubclass(model, TenantModel) and not model._meta.abstract
    )


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference inside tenant data: its column, the table it points at, and what a deletion there does."""

    column: str
    table: str
    is_nullable: bool
    on_delete: str


def references_of(model: type[models.Model]) -> tuple[Reference, ...]:
    """Return a model's references to other tenant data."""
    found = []
    for field in model._meta.local_fields:
        target = field.related_model
        if field.name == "tenant" or not isinstance(field, models.ForeignKey):
            continue
        if isinstance(target, type) and issubclass(target, TenantModel):
            action = "CASCADE" if field.remote_field.on_delete is models.CASCADE else "NO ACTION"
            found.append(Reference(field.column, target._meta.db_table, field.null, action))
    return tuple(found)


def referenced_tables() -> frozenset[str]:
    """Return the tables that composite references point at; these have the key (tenant_id, id)."""
    return frozenset(reference.table for model in tenant_models() for reference in references_of(model))


def isolate(cursor: Any) -> None:
    """Add every missing composite key, policy, grant and function. Safe to run at any time."""
    _isolate_tenant_row(cursor)
    tables = [model._meta.db_table for model in tenant_models()]
    referenced = referenced_tables()
    for table in sorted(referenced):
        _ensure_constraint(cursor, table, f"{table}_tenant_id_id", "UNIQUE (tenant_id, id)")
    for model in tenant_models():
        _ensure_references(cursor, model)
        _drop_what_is_implied(cursor, model, is_referenced=model._meta.db_table in referenced)
        _ensure_policies(cursor, model._meta.db_table)
    _grant(cursor, frozenset(tables))
    for script in sorted(SQL_DIRECTORY.glob("*.sql")):
        cursor.execute(script.read_text())


def _isolate_tenant_row(cursor: Any) -> None:
    cursor.execute(
        "ALTER TABLE tenant ENABLE ROW LEVEL SECURITY; ALTER TABLE tenant FORCE ROW LEVEL SECURITY"
    )
    _ensure_policy(cursor, "tenant", WEB, f"id = {_TENANT}")
    for role in (OWNER, ENGINE, SUPPORT):
        _ensure_policy(cursor, "tenant", role, "true")


def _ensure_references(cursor: Any, model: type[models.Model]) -> None:
    table = model._meta.db_table
    for reference in references_of(model):
        name = f"{table}_{reference.column}_same_tenant"
        _ensure_constraint(
            cursor,
            table,
            name,
            f"FOREIGN KEY (tenant_id, {reference.column}) REFERENCES {reference.table} (tenant_id, id)"
            f" ON DELETE {reference.on_delete} DEFERRABLE INITIALLY IMMEDIATE NOT VALID",
        )
        cursor.execute(f'ALTER TABLE {table} VALIDATE CONSTRAINT "{name}"')


def _drop_what_is_implied(cursor: Any, model: type[models.Model], *, is_referenced: bool) -> None:
    """Drop the keys that cost every order an index entry or a look-up and forbid nothing.

    A row with a composite reference belongs to the tenant of what it refers to, so its own reference to the tenant
    says it twice; and a table that nothing refers to needs no key to be referred by.
    """
    table = model._meta.db_table
    if any(not reference.is_nullable for reference in references_of(model)):
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'"
            " AND confrelid = 'tenant'::regclass",
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    if not is_referenced:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{table}_tenant_id_id"')


def _ensure_constraint(cursor: Any, table: str, name: str, definition: str) -> None:
    cursor.execute(
        "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [name, table]
    )
    if cursor.fetchone() is None:
        cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def _ensure_policies(cursor: Any, table: str) -> None:
    cursor.execute(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    )
    _ensure_policy(cursor, table, WEB, f"tenant_id = {_TENANT}")
    for role in (OWNER, ENGINE, SUPPORT):
        _ensure_policy(cursor, table, role, "true")


def _ensure_policy(cursor: Any, table: str, role: str, condition: str) -> None:
    """One policy per table and role; a second permissive one for web would lose the tenant index."""
    name = f"{role}_rows"
    cursor.execute("SELECT 1 FROM pg_policies WHERE tablename = %s AND policyname = %s", [table, name])
    if cursor.fetchone() is None:
        cursor.execute(
            f"CREATE POLICY {name} ON {table} TO {role} USING ({condition}) WITH CHECK ({condition})"
        )


def _grant(cursor: Any, tenant_tables: frozenset[str]) -> None:
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    for (table,) in cursor.fetchall():
        if table in tenant_tables:
            wanted = {**_DEFAULT, **_EXCEPTIONS.get(table, {})}
        else:
            wanted = next((roles for prefix, roles in _SHARED if table.startswith(prefix)), {})
        for role in (WEB, ENGINE, SUPPORT):
            cursor.execute(f"REVOKE ALL ON {table} FROM {role}")
            if privileges := wanted.get(role, ""):
                cursor.execute(f"GRANT {privileges} ON {table} TO {role}")
    roles: Iterable[str] = (WEB, ENGINE, SUPPORT)
    cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {', '.join(roles)}")
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {', '.join(roles)}")
