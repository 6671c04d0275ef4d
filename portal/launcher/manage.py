"""``./connect manage``: Django's commands inside the installation, under the role that the command needs."""

import subprocess
from collections.abc import Sequence

from portal.launcher import environment
from portal.launcher.services import borrowed
from portal.launcher.state import ROOT, State

# Schema and key changes need the owner; everything else runs as the engine sees the world.
_OWNER_WORDS = frozenset(
    {"migrate", "makemigrations", "sqlmigrate", "showmigrations", "rotatekeys", "dbshell", "createsuperuser",
     "seeddemo", "startdemos", "createapikey", "flush", "check"}
)  # fmt: skip

# They work on files and ask no server, so none is started for them.
_SERVERLESS_WORDS = frozenset({"mapping"})


def run(arguments: Sequence[str]) -> int:
    """Run ``manage.py`` with these arguments; returns its exit code."""
    state = State.open()
    word = arguments[0] if arguments else "help"
    command = environment.python(str(ROOT / "manage.py"), *arguments)
    if word in _SERVERLESS_WORDS:
        return subprocess.run(command, env=environment.without_servers(state), check=False).returncode
    role = "owner" if word in _OWNER_WORDS else "engine"
    with borrowed(state) as services:
        process = subprocess.run(
            command,
            env=environment.build(state, services.postgres, services.redis, CONNECT_DB_ROLE=role),
            check=False,
        )
    return process.returncode
