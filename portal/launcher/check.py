"""``./connect check``: every linter and proof, in one list; the last line says all or which failed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from portal.launcher import environment
from portal.launcher.services import borrowed
from portal.launcher.state import ROOT, State


def run(arguments: Sequence[str]) -> int:
    """Run all checks on temporary servers; returns 0 only when all pass."""
    with tempfile.TemporaryDirectory(prefix="connect-check-") as folder:
        os.environ["CONNECT_STATE_DIR"] = folder
        state = State.open()
        with borrowed(state) as services:
            as_owner = environment.build(state, services.postgres, services.redis, CONNECT_DB_ROLE="owner")
            as_web = environment.build(
                state,
                services.postgres,
                services.redis,
                CONNECT_DB_ROLE="web",
                CONNECT_PUBLIC_URL="https://connect.example",
            )
            return _all(as_owner, as_web)


def _all(as_owner: dict[str, str], as_web: dict[str, str]) -> int:
    manage = environment.python(str(ROOT / "manage.py"))
    schema = ROOT / "portal" / "api" / "schema.yaml"
    steps: list[tuple[str, list[str], dict[str, str]]] = [
        ("ruff check", ["ruff", "check", "."], as_owner),
        ("ruff format", ["ruff", "format", "--check", "."], as_owner),
        ("import layers", ["lint-imports", "--no-cache"], as_owner),
        ("mypy", ["mypy", "portal", "integrations"], as_owner),
        ("templates", ["djlint", "--lint", "--quiet", "templates"], as_owner),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], as_owner),
        ("migrate", [*manage, "migrate", "--verbosity", "0"], as_owner),
        ("deploy check", [*manage, "check", "--deploy", "--fail-level", "WARNING", "--database", "default"], as_web),
        ("API schema", [*manage, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull], as_web),
        ("API schema file", environment.python("-m", "portal.launcher.schema_file", str(schema)), as_web),
    ]  # fmt: skip
    failed = []
    for name, command, env in steps:
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        word = "ok" if done.returncode == 0 else "FAILED"
        print(f"{word:7}{name} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode != 0:
            failed.append(name)
            sys.stderr.write(done.stdout + done.stderr)
    print("check: all passed" if not failed else f"check: failed: {', '.join(failed)}")
    return 1 if failed else 0
