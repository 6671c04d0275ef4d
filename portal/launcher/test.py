"""``./connect test``: pytest against real PostgreSQL and Redis in a temporary state directory.

The database is migrated by the owner; tests then run under the runtime roles, as production does.
"""

import os
import subprocess
import tempfile
from collections.abc import Sequence

from portal.launcher import environment
from portal.launcher.postgres import Postgres
from portal.launcher.redis import Redis
from portal.launcher.state import ROOT, State


def run(arguments: Sequence[str]) -> int:
    """Run pytest with these arguments; returns its exit code."""
    with tempfile.TemporaryDirectory(prefix="connect-test-") as folder:
        os.environ["CONNECT_STATE_DIR"] = folder
        for name in list(os.environ):
            if name.startswith("DATABASE_URL") or name == "BROKER_URL":
                del os.environ[name]
        state = State.open()
        # Losing the machine in the middle of a test run loses nothing worth an fsync.
        postgres, redis = Postgres(state, durable=False), Redis(state)
        try:
            postgres.start()
            redis.start()
            env = environment.build(
                state, postgres, redis, CONNECT_DB_ROLE="web", CONNECT_TEST_SUPER_URL=postgres.url("super"),
                CONNECT_EXTRA_CONNECTORS="tests.bench.systems",
                CONNECT_EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
            )  # fmt: skip
            subprocess.run(
                environment.python(str(ROOT / "manage.py"), "migrate", "--verbosity", "0"),
                env={**env, "CONNECT_DB_ROLE": "owner"}, cwd=ROOT, check=True,
            )  # fmt: skip
            return subprocess.run(
                environment.python("-m", "pytest", *arguments), env=env, cwd=ROOT, check=False
            ).returncode
        finally:
            redis.stop()
            postgres.stop()
