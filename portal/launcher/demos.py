"""Demos on demand: simulators that run while a company wants them. Watched by ``up``, wished for by the portal.

The portal puts ``<key>.wish`` into ``sandbox/demos`` of the state directory (``integrations.stores.demo_places``);
this starts the two simulators and answers with ``<key>.ready``. When the wish is gone they are stopped; what
they hold stays. A key is ``<tenant>-<storefront>-<erp>``.
"""

import contextlib
import hashlib
import hmac
import json
import os
import re
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.launcher.processes import Child, tail
from portal.launcher.simulators import ERPS, STOREFRONTS, child_of, options_of
from portal.launcher.state import State, write_private

_START_SECONDS = 30.0
_KEY = re.compile(rf"\d{{1,18}}-({'|'.join(STOREFRONTS)})-({'|'.join(ERPS)})", re.ASCII)


@dataclass
class Demo:
    """The two simulators of one key, on their way or running."""

    key: str
    secret: str
    started_at: float
    children: dict[str, Child] = field(default_factory=dict)
    ready_files: dict[str, Path] = field(default_factory=dict)
    is_told: bool = False


@dataclass
class Slot:
    """Three ports (storefront, ERP, SQL of the ERP) that are ours as long as we live, and who has them."""

    ports: tuple[int, int, int]
    held: list[socket.socket]
    last_key: str = ""
    demo: Demo | None = None


class Demos:
    """Keeps simulators as they are wished for. ``look`` is one turn and never waits."""

    def __init__(self, state: State, token: str, *, slots: int) -> None:
        self._state, self._token = state, token
        self.directory = state.directory / "sandbox" / "demos"
        self.directory.mkdir(exist_ok=True, mode=0o700)
        self._notes = state.directory / "sandbox" / "demo-slots.json"
        self._slots = self._reserve(slots)
        for file in self.directory.glob("*.ready"):
            file.unlink()

    @property
    def hosts(self) -> list[str]:
        """Return every ``host:port`` at which a demo may answer; fixed for the life of the installation."""
        return [f"127.0.0.1:{port}" for slot in self._slots for port in slot.ports]

    @property
    def is_wanted(self) -> bool:
        return any(self.directory.glob("*.wish"))

    def look(self) -> None:
        """Start what is wished for, stop what is not any more, tell the addresses of what listens now."""
        wished = {file.stem for file in self.directory.glob("*.wish") if _KEY.fullmatch(file.stem)}
        for slot in self._slots:
            if slot.demo is not None and slot.demo.key not in wished:
                self._end(slot)
        taken = {slot.demo.key for slot in self._slots if slot.demo is not None}
        for key in sorted(wished - taken):
            self._begin(key)
        for slot in self._slots:
            if slot.demo is not None:
                self._tend(slot, slot.demo)

    def stop(self) -> None:
        """Stop all simulators; the wishes stay, so the next start brings them back."""
        for slot in self._slots:
            self._end(slot)
            for one in slot.held:
                one.close()

    # -- slots -------------------------------------------------------------------------------------------

    def _reserve(self, count: int) -> list[Slot]:
        """Hold the ports that were ours before, so that stored connections stay right; new ones where taken."""
        noted = json.loads(self._notes.read_text()) if self._notes.exists() else []
        slots = []
        for number in range(count):
            before = noted[number] if number < len(noted) else {"ports": [0, 0, 0], "key": ""}
            held = [_hold(port) for port in before["ports"]]
            first, second, third = (one.getsockname()[1] for one in held)
            slots.append(Slot((first, second, third), held, before["key"]))
        self._note(slots)
        return slots

    def _note(self, slots: list[Slot]) -> None:
        noted = [{"ports": slot.ports, "key": slot.last_key} for slot in slots]
        write_private(self._notes, json.dumps(noted))

    def _slot_for(self, key: str) -> Slot | None:
        free = [slot for slot in self._slots if slot.demo is None]
        # Its former place first, then one that was never used.
        return min(free, key=lambda slot: (slot.last_key != key, slot.last_key != ""), default=None)

    # -- one demo ----------------------------------------------------------------------------------------

    def _begin(self, key: str) -> None:
        slot = self._slot_for(key)
        if slot is None:
            (self.directory / f"{key}.wish").unlink(missing_ok=True)
            self._answer(key, {"problem": "All places for demos are taken. Close another demo first."})
            return
        store, erp = key.split("-")[1:]
        secret = hmac.new(self._token.encode(), key.encode(), hashlib.sha256).hexdigest()[:40]
        demo = Demo(key, secret, time.monotonic())
        for system, port in ((store, slot.ports[0]), (erp, slot.ports[1])):
            options = options_of(system, secret, sql_port=slot.ports[2])
            name = f"demo-{key}-{'store' if system == store else 'erp'}"
            child, ready = child_of(
                self._state, system, name, options, port=str(port), token=self._control_token(key)
            )
            demo.children[system], demo.ready_files[system] = child, ready
            child.start()
        slot.demo, slot.last_key = demo, key
        self._note(self._slots)

    def _control_token(self, key: str) -> str:
        return hmac.new(self._token.encode(), f"control:{key}".encode(), hashlib.sha256).hexdigest()[:40]

    def _tend(self, slot: Slot, demo: Demo) -> None:
        """Revive what died, and tell the addresses once both listen."""
        for system, child in demo.children.items():
            if child.is_alive:
                continue
            # Its certificate is new with each start, so the addresses are told again.
            demo.ready_files[system].unlink(missing_ok=True)
            demo.is_told, demo.started_at = False, time.monotonic()
            if not child.revive():
                self._give_up(slot, demo, child)
                return
        if demo.is_told:
            return
        found = {system: _read(file) for system, file in demo.ready_files.items()}
        if all(found.values()):
            store, erp = (self._place(demo.key, address or {}) for address in found.values())
            if store is not None and erp is not None:
                told = {"storefront": store, "erp": erp, "token": self._control_token(demo.key)}
                self._answer(demo.key, {**told, "secret": demo.secret})
                demo.is_told = True
        elif time.monotonic() - demo.started_at > _START_SECONDS:
            self._give_up(slot, demo, next(iter(demo.children.values())))

    def _place(self, key: str, address: dict[str, Any]) -> dict[str, Any] | None:
        place: dict[str, Any] = {"url": address["url"], "control_url": address["control_url"].rstrip("/")}
        if "tds_port" not in address:
            return place
        token = self._control_token(key)
        request = urllib.request.Request(  # noqa: S310  our own sandbox
            f"{place['control_url']}/state", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
                state = json.load(answer)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return None  # asked again at the next turn
        return {**place, "sql_port": address["tds_port"], "certificate": state["certificate"]}

    def _give_up(self, slot: Slot, demo: Demo, child: Child) -> None:
        key = demo.key
        last = tail(child.log, 1)
        self._end(slot)
        (self.directory / f"{key}.wish").unlink(missing_ok=True)
        self._answer(key, {"problem": f"{child.name} did not start: {last}"})

    def _answer(self, key: str, told: dict[str, Any]) -> None:
        write_private(self.directory / f"{key}.ready", json.dumps(told))

    def _end(self, slot: Slot) -> None:
        if slot.demo is None:
            return
        (self.directory / f"{slot.demo.key}.ready").unlink(missing_ok=True)
        for child in slot.demo.children.values():
            child.stop()
        slot.demo = None


def _hold(port: int) -> socket.socket:
    """Hold a loopback port without listening: no other program is given it, our simulator may listen on it."""
    for wanted in (port, 0):
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            held.bind(("127.0.0.1", wanted))
            return held
        held.close()
    raise RuntimeError("no loopback port is free")


def _read(file: Path) -> dict[str, Any] | None:
    if not file.exists() or not (text := file.read_text()).endswith("}"):
        return None
    found: dict[str, Any] = json.loads(text)
    return found


def slots_wanted() -> int:
    """Return how many demos may run at once (CONNECT_DEMO_SLOTS); 0 = none is started from the portal."""
    return int(os.environ.get("CONNECT_DEMO_SLOTS", "4"))
