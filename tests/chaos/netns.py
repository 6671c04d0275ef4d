"""Two workers in two network namespaces against one database; one is cut off from everything while it sends.

Needs root and iproute2: a namespace with a virtual cable to this machine. The cut-off worker reaches database,
broker and both systems only through that cable. Nothing leaves the machine; all of it is removed at the end.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from portal.launcher.processes import Child
from portal.launcher.state import State
from tests.chaos.home import remove_home
from tests.chaos.proxy import proxied
from tests.chaos.tables import Tables
from tests.chaos.world import World, running

_ORDERS = 40
_LATENCY_MS = 1500
_ARRIVAL_SECONDS = 150.0
_RECOVERY_SECONDS = 90.0
_PREFIX = "XC-"


@dataclass(slots=True)
class CutOff:
    """What came of it."""

    accepted: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    calls_cut: int = 0
    """Calls of the cut-off worker that were under way."""
    passed_on: int = 0
    """Runs that another worker took over."""
    seconds_to_deliver: float = 0.0
    came_back: bool = False
    left_behind: int = 0

    @property
    def is_clean(self) -> bool:
        return self.came_back and not (self.lost or self.doubled or self.stuck or self.left_behind)

    def figures(self) -> dict[str, Any]:
        return asdict(self)


def reason_not_to() -> str:
    """Return why namespaces cannot be made here; "" where they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None:
        return "network namespaces need iproute2 (ip)"
    name = f"probe{os.getpid()}"
    tried = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return f"network namespaces are not permitted here: {tried.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", name], check=True)
    return ""


class Cable:
    """A namespace and the virtual cable to it. ``here`` is our address, also while the cable is pulled."""

    def __init__(self) -> None:
        number = os.getpid() % 250
        self.name = f"chaos{os.getpid()}"
        self._end = f"cx{os.getpid()}"[:15]
        self.here, self._port, self.there = f"10.231.{number}.1", f"10.232.{number}.1", f"10.232.{number}.2"

    def lay(self) -> None:
        peer = f"{self._end}p"[-15:]
        _ip("netns", "add", self.name)
        # Ours is an address of its own: one on the cable would go away with it, for the worker that stays too.
        _ip("addr", "add", f"{self.here}/32", "dev", "lo")
        _ip("link", "add", self._end, "type", "veth", "peer", "name", peer, "netns", self.name)
        _ip("addr", "add", f"{self._port}/30", "dev", self._end)
        _ip("link", "set", self._end, "up")
        for words in (("addr", "add", f"{self.there}/30", "dev", peer), ("link", "set", peer, "up"),
                      ("link", "set", "lo", "up"), ("route", "add", f"{self.here}/32", "via", self._port)):  # fmt: skip
            _ip("-n", self.name, *words)

    def pull(self) -> None:
        """Take the cable out: nothing arrives, nobody is told."""
        _ip("link", "set", self._end, "down")

    def plug(self) -> None:
        _ip("link", "set", self._end, "up")

    def take_away(self) -> None:
        for words in (("link", "delete", self._end), ("netns", "delete", self.name),
                      ("addr", "del", f"{self.here}/32", "dev", "lo")):  # fmt: skip
            with suppress(subprocess.CalledProcessError):  # laid in part: the rest is to go all the same
                _ip(*words)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def _laid() -> Iterator[Cable]:
    cable = Cable()
    try:
        cable.lay()
        yield cable
    finally:
        cable.take_away()


def cut_off_while_sending(tell: Callable[[str], None] = lambda words: None) -> CutOff:
    """Run the scenario. Raises RuntimeError where namespaces are not permitted, or a step does not come about."""
    if reason := reason_not_to():
        raise RuntimeError(reason)
    found, left = CutOff(), []
    home = Path(tempfile.mkdtemp(prefix="connect-chaos-netns-"))
    try:
        with _laid() as cable, running(home / "state", left, host=cable.here) as world:
            with _far_worker(world, cable):
                _play(world, cable, found, tell)
            _judge(world, found)
    finally:
        remove_home(home)
    found.left_behind = len(left)
    return found


@contextmanager
def _far_worker(world: World, cable: Cable) -> Iterator[None]:
    """Run a second delivery worker behind the cable."""
    state = State(world.directory)
    secrets = state.secrets()
    with ExitStack() as stack:
        database = stack.enter_context(proxied(state.sockets / ".s.PGSQL.5432", host=cable.here))
        broker = stack.enter_context(proxied(state.sockets / "redis.sock", host=cable.here))
        near = world.processes("delivery")[0].environ()
        password = quote(secrets["db_engine"], safe="")
        env = {
            **near,
            "DATABASE_URL_ENGINE": f"postgresql://connect_engine:{password}@{_at(database.address)}/connect",
            "BROKER_URL": f"redis://:{quote(secrets['redis_password'], safe='')}@{_at(broker.address)}/0",
        }
        worker = Child(
            "far worker",
            [
                "ip", "netns", "exec", cable.name, sys.executable, "-m", "celery", "-A", "portal.celery", "worker",
                "--loglevel", "WARNING", "-Q", "delivery", "-n", "far@%h", "-c", "1",
                "--without-gossip", "--without-mingle", "--without-heartbeat",
            ],
            env, world.directory / "logs" / "far-worker.log", grace_seconds=20.0,
        )  # fmt: skip
        worker.start()
        try:
            yield
        finally:
            cable.plug()
            worker.stop()


def _at(address: tuple[str, int]) -> str:
    return "{}:{}".format(*address)


def _play(world: World, cable: Cable, found: CutOff, tell: Callable[[str], None]) -> None:
    erp = world.proxies["dynamics_sl"]
    world.control("dynamics_sl", "POST", "faults", {"kind": "latency", "latency_ms": _LATENCY_MS})
    # The near worker is held until the far one is at work; a held process keeps its lease and loses it.
    near = world.members("delivery")
    for process in near:
        process.suspend()
    try:
        placed = world.control("x_cart", "POST", "orders", {"count": _ORDERS, "email": "cut.off@example.com"})
        found.accepted = len(placed["orders"])
        _wait(lambda: erp.waiting_for_answers(cable.there) > 0, 90.0, "the far worker to send")
        cable.pull()
        found.calls_cut = erp.waiting_for_answers(cable.there)
        tell(f"cut off with {found.calls_cut} calls under way")
    finally:
        for process in near:
            process.resume()
    started = time.monotonic()
    world.control("dynamics_sl", "DELETE", "faults")
    _wait(lambda: _arrived(world) >= found.accepted, _ARRIVAL_SECONDS, "all orders in Dynamics SL")
    found.seconds_to_deliver = round(time.monotonic() - started, 1)
    tell(f"all orders arrived {found.seconds_to_deliver} s after the cut")
    cable.plug()
    found.came_back = _comes_back(world)
    tell(f"cable plugged in again; the far worker {'serves' if found.came_back else 'does not serve'}")


def _arrived(world: World) -> int:
    counts = world.control("dynamics_sl", "GET", "counts/orders")
    return sum(name.startswith(_PREFIX) for name in counts)


def _comes_back(world: World) -> bool:
    """Place orders that only the far worker can deliver."""
    near = world.members("delivery")
    for process in near:
        process.suspend()
    try:
        before = _arrived(world)
        world.control("x_cart", "POST", "orders", {"count": 2, "email": "back.again@example.com"})
        _wait(lambda: _arrived(world) >= before + 2, _RECOVERY_SECONDS, "orders through the far worker")
    except TimeoutError:
        return False
    finally:
        for process in near:
            process.resume()
    return True


def _judge(world: World, found: CutOff) -> None:
    counts = world.control("dynamics_sl", "GET", "counts/orders")
    customers = world.control("dynamics_sl", "GET", "counts/customers")
    ours = {name: times for name, times in counts.items() if name.startswith(_PREFIX)}
    shoppers = ("cut.off@example.com", "back.again@example.com")
    found.delivered = min(found.accepted, len(ours))
    found.lost = found.accepted - found.delivered
    found.doubled = sum(times > 1 for times in ours.values())
    found.doubled += sum(customers.get(shopper, 0) > 1 for shopper in shoppers)
    with world.database() as database:
        tables = Tables(database)
        found.stuck = len(tables.stuck())
        found.passed_on = tables.passed_on()


def _wait(is_true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.05)
