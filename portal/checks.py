"""Start-up checks: refuse a runtime role that row-level security does not bind.

``refuse_unbound_roles`` is called as web processes and workers start; ``manage check --database`` runs the same.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

log = logging.getLogger("connect.checks")


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


def refuse_unbound_roles() -> None:
    """Raise ImproperlyConfigured when this process would run under a role that sees every tenant's rows.

    A database that does not answer yet refuses nobody: no row can be read through it either.
    """
    try:
        problems = runtime_role_is_bound(databases=list(settings.DATABASES))
    except OperationalError:
        log.warning("the database does not answer yet; its role is not checked")
        return
    finally:
        connections.close_all()
    if problems:
        raise ImproperlyConfigured(" ".join(problem.msg for problem in problems))
