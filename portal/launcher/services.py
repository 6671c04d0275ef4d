"""The two servers that every word needs: borrowed when an installation is up, else started for the while."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from portal.launcher import environment
from portal.launcher.postgres import Postgres
from portal.launcher.redis import Redis
from portal.launcher.state import State


@dataclass(frozen=True, slots=True)
class Services:
    """Handles to PostgreSQL and Redis; None where the caller brings a server by URL."""

    postgres: Postgres | None
    redis: Redis | None


def is_up(postgres: Postgres) -> bool:
    """Return whether the embedded server of this state directory answers already."""
    import psycopg

    try:
        psycopg.connect(postgres.url("super", "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def borrowed(state: State, *, with_redis: bool = False) -> Iterator[Services]:
    """Use the running servers of this state directory, or start them and stop them afterwards."""
    postgres = None if environment.is_external() else Postgres(state)
    redis = None
    ours: list[Postgres | Redis] = []
    try:
        if postgres is not None and not is_up(postgres):
            postgres.start()
            ours.append(postgres)
            if with_redis:
                redis = Redis(state)
                redis.start()
                ours.append(redis)
        elif postgres is not None:
            redis = Redis(state)
        yield Services(postgres, redis)
    finally:
        for server in reversed(ours):
            server.stop()
