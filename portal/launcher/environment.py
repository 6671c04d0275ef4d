"""The environment our processes run in, made from the state directory or taken from the caller's."""

import json
import os
import sys
from collections.abc import Mapping

from portal.launcher.postgres import Postgres
from portal.launcher.redis import Redis
from portal.launcher.state import ROLES, ROOT, State


def is_external() -> bool:
    """Return whether the caller brings a database of their own (DATABASE_URL_* for the four roles)."""
    return bool(os.environ.get("DATABASE_URL_WEB") or os.environ.get("DATABASE_URL"))


def database_urls(state: State, postgres: Postgres | None) -> dict[str, str]:
    """Return DATABASE_URL_<ROLE> for each role.

    ``DATABASE_URL`` alone names a server by its superuser; roles are provisioned there with our passwords.
    """
    if postgres is not None:
        return {f"DATABASE_URL_{role.upper()}": postgres.url(role) for role in ROLES}
    given = {
        f"DATABASE_URL_{role.upper()}": os.environ.get(f"DATABASE_URL_{role.upper()}", "") for role in ROLES
    }
    if all(given.values()):
        return given
    return _provisioned_urls(state, os.environ["DATABASE_URL"])


def _provisioned_urls(state: State, super_url: str) -> dict[str, str]:
    from urllib.parse import quote, urlsplit, urlunsplit

    from portal.launcher.postgres import DATABASE, provision

    secrets = state.secrets()
    parts = urlsplit(super_url)
    database = parts.path.lstrip("/") or DATABASE
    provision(super_url, {role: secrets[f"db_{role}"] for role in ROLES}, database)
    address = parts.netloc.rpartition("@")[2]
    return {
        f"DATABASE_URL_{role.upper()}": urlunsplit(
            (
                "postgresql",
                f"connect_{role}:{quote(secrets[f'db_{role}'], safe='')}@{address}",
                f"/{database}",
                parts.query,
                "",
            )
        )
        for role in ROLES
    }


def build(state: State, postgres: Postgres | None, redis: Redis | None, **extra: str) -> dict[str, str]:
    """Return the full environment of our processes; the caller's own CONNECT_* settings win."""
    secrets = state.secrets()
    ours = {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "CONNECT_SECRET_KEY": secrets["secret_key"],
        "CONNECT_KEY_RING": secrets["key_ring"],
        "CONNECT_STATE_DIR": str(state.directory),
        "BROKER_URL": redis.url if redis is not None else "",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        # Dozens of threads, of which one computes at a time: a heap for each would hold what it once needed.
        "MALLOC_ARENA_MAX": "2",
        **database_urls(state, postgres),
        **extra,
    }
    return {**ours, **_inherited(), **{name: ours[name] for name in ours if name.startswith("DATABASE_URL_")}}


def without_servers(state: State) -> dict[str, str]:
    """Return the environment of a command that asks neither database nor broker: it has their names only."""
    secrets = state.secrets()
    nowhere = {f"DATABASE_URL_{role.upper()}": "postgresql://localhost/none" for role in ROLES}
    ours = {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "CONNECT_SECRET_KEY": secrets["secret_key"],
        "CONNECT_KEY_RING": secrets["key_ring"],
        "BROKER_URL": "",
        "PYTHONPATH": str(ROOT),
    }
    return {**ours, **_inherited(), **nowhere}


def _inherited() -> Mapping[str, str]:
    return dict(os.environ)


def python(*arguments: str) -> list[str]:
    """Return the command that runs a module or file with this interpreter."""
    return [sys.executable, *arguments]


def sandboxes_json(addresses: Mapping[str, Mapping[str, str]]) -> str:
    return json.dumps(addresses)
