"""Removes what a chaos run kept on disk."""

import shutil
from pathlib import Path

from portal.launcher.state import State


def remove_home(home: Path) -> None:
    """Remove all state; as root the database lies elsewhere, because its user may not enter our directory."""
    state = State(home / "state")
    if state.directory.exists():
        for place in {state.sockets, state.data}:
            shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
