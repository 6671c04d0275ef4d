"""Asks the launcher for simulators and reads where they answer: files in ``settings.DEMO_DIRECTORY``.

``<key>.wish`` is ours (its time is the last use), ``<key>.ready`` the launcher's answer, ``<key>.pair`` remembers the
pair that was made for it. A key is ``<tenant>-<storefront>-<erp>``. Called by ``operations.demos`` and the sandbox page.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

_LOOK_SECONDS = 0.1


class DemoProblem(RuntimeError):
    """A demo cannot run; the text is for the person at the page."""


@dataclass(frozen=True, slots=True)
class DemoKey:
    """Whose demo of which pair."""

    tenant_id: int
    storefront: str
    erp: str

    def __str__(self) -> str:
        return f"{self.tenant_id}-{self.storefront}-{self.erp}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a simulator answers; ``sql_port`` and ``certificate`` only where its system speaks SQL."""

    url: str
    control_url: str
    sql_port: int = 0
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class DemoPlaces:
    """Both simulators of a demo. ``secret`` is every credential they take, ``token`` opens their control APIs."""

    storefront: Place
    erp: Place
    token: str
    secret: str


def is_possible() -> bool:
    """Return whether a launcher listens that starts simulators for the portal."""
    return bool(settings.DEMO_DIRECTORY)


def wish(key: DemoKey) -> None:
    """Ask for a demo, or say that it is in use; what an earlier try was answered is forgotten when it is new."""
    file = _file(key, "wish")
    if not file.exists():
        _file(key, "ready").unlink(missing_ok=True)
    file.touch(mode=0o600)


def take_back(key: DemoKey) -> None:
    """Let the launcher stop a demo's simulators; what they hold stays."""
    _file(key, "wish").unlink(missing_ok=True)


def wished() -> list[tuple[DemoKey, float]]:
    """Return each demo that is asked for, with the time of its last use in seconds since 1970."""
    found = []
    for key in _keys("wish"):
        try:
            found.append((key, _file(key, "wish").stat().st_mtime))
        except FileNotFoundError:
            continue  # taken back at this very moment
    return found


def made() -> list[DemoKey]:
    """Return each demo for which a pair was made."""
    return _keys("pair")


def _keys(ending: str) -> list[DemoKey]:
    files = sorted(Path(settings.DEMO_DIRECTORY).glob(f"*.{ending}")) if is_possible() else []
    parts = [file.stem.split("-") for file in files]
    return [DemoKey(int(tenant_id), storefront, erp) for tenant_id, storefront, erp in parts]


def touch(key: DemoKey) -> None:
    """Note that somebody looks at a demo."""
    try:
        os.utime(_file(key, "wish"))
    except FileNotFoundError:
        return  # closed a moment ago; looking does not open it again


def find(key: DemoKey) -> DemoPlaces | None:
    """Return where a demo answers, None while it starts or when nobody asked for it. Raises DemoProblem."""
    if not is_possible():
        return None
    try:
        told: dict[str, Any] = json.loads(_file(key, "ready").read_text())
    except FileNotFoundError:
        return None
    if "problem" in told:
        raise DemoProblem(told["problem"])
    if not _file(key, "wish").exists():
        return None
    return DemoPlaces(Place(**told["storefront"]), Place(**told["erp"]), told["token"], told["secret"])


def await_places(key: DemoKey, *, seconds: float) -> DemoPlaces:
    """Ask for a demo and return where it answers, within ``seconds``. Raises DemoProblem."""
    if not is_possible():
        raise DemoProblem("This installation starts no simulators: only ./connect up does.")
    wish(key)
    deadline = time.monotonic() + seconds
    while (places := find(key)) is None:
        if time.monotonic() > deadline:
            raise DemoProblem("The simulators are still starting. Press Start again in a few seconds.")
        time.sleep(_LOOK_SECONDS)
    return places


def remember_pair(key: DemoKey, pair_id: int) -> None:
    """Note which pair was made for a demo; a name may be changed, this note stays."""
    _file(key, "pair").write_text(str(pair_id))


def remembered_pair(key: DemoKey) -> int | None:
    """Return the pair that was made for a demo; it may be gone."""
    file = _file(key, "pair")
    return int(file.read_text()) if is_possible() and file.exists() else None


def _file(key: DemoKey, ending: str) -> Path:
    return Path(settings.DEMO_DIRECTORY) / f"{key}.{ending}"
