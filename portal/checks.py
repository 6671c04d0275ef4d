"""Start-up checks: refuse a runtime role that row-level security does not bind."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections


@register(Tags.database)
def runtime_role_is_bound(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Report every alias whose role is superuser, bypasses row security, or owns a tenant table."""
    problems: list[CheckMessage] = []
    for alias in databases or ():
        if alias == "default" and settings.DB_ROLE == "owner":
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT rolname, rolsuper, rolbypassrls,"
                " EXISTS (SELECT 1 FROM pg_class WHERE relname = 'run' AND relowner = pg_roles.oid)"
                " FROM pg_roles WHERE rolname = current_user"
            )
            name, is_super, bypasses, is_owner = cursor.fetchone()
        if is_super or bypasses or is_owner:
            problems.append(
                Error(
                    f"Database alias {alias!r} runs as {name!r}, which row-level security does not bind.",
                    hint="Use the web, engine or support role; see README, Database roles.",
                    id="connect.E001",
                )
            )
    return problems
