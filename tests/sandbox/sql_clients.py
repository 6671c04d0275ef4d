"""The three clients that judge our TDS server: python-tds, pymssql (FreeTDS as a library) and FreeTDS' tsql."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymssql
import pytds

DATABASE = "mas500_app"
USER, PASSWORD = "connect", "sandbox-password"


def dial(port: int, user: str = USER, password: str = PASSWORD, **options: Any) -> Any:
    """Connect with python-tds; autocommit unless told otherwise."""
    given = {"autocommit": True, "timeout": 10, "login_timeout": 10, "database": DATABASE, **options}
    return pytds.connect(dsn="127.0.0.1", port=port, user=user, password=password, **given)


@contextmanager
def dialled(port: int, *args: Any, **options: Any) -> Iterator[Any]:
    connection = dial(port, *args, **options)
    try:
        yield connection
    finally:
        with suppress(Exception):  # a test may have broken the connection on purpose
            connection.close()


def ask(connection: Any, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Execute and return the rows."""
    cursor = connection.cursor()
    cursor.execute(sql, tuple(values))
    return [tuple(row) for row in cursor.fetchall()]


def do(connection: Any, sql: str, values: Sequence[Any] = ()) -> int:
    """Execute a statement without rows and return how many it changed."""
    cursor = connection.cursor()
    cursor.execute(sql, tuple(values))
    return int(cursor.rowcount)


def number_of(error: BaseException) -> int:
    """Return the SQL Server error number that a client's exception carries."""
    if isinstance(error, pymssql.Error):
        first = error.args[0]
        return int(first[0] if isinstance(first, tuple) else first)
    return int(getattr(error, "number", 0) or 0)


def dial_freetds(port: int, password: str = PASSWORD, **options: Any) -> Any:
    """Connect with pymssql, TDS 7.3."""
    return pymssql.connect(
        server="127.0.0.1", port=str(port), user=USER, password=password, database=DATABASE,
        tds_version="7.3", login_timeout=10, timeout=10, **options,
    )  # fmt: skip


def tsql(
    port: int, script: str, directory: Path, *, password: str = PASSWORD, encryption: str = "request"
) -> str:
    """Run a script with FreeTDS' own shell, TDS 7.4, and return all that it printed."""
    settings = directory / "freetds.conf"
    settings.write_text(
        f"[sandbox]\nhost = 127.0.0.1\nport = {port}\ntds version = 7.4\nencryption = {encryption}\n"
        "client charset = UTF-8\n"
    )
    done = subprocess.run(
        ["tsql", "-S", "sandbox", "-U", USER, "-P", password, "-D", DATABASE],
        input=f"{script}\nexit\n", capture_output=True, text=True, timeout=30,
        env={**os.environ, "FREETDSCONF": str(settings)},
    )  # fmt: skip
    return done.stdout + done.stderr
