"""One chaos run from start to verdict: start everything, play the plan, heal, wait for rest, compare both sides."""

import heapq
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.chaos import rabbit
from tests.chaos.faults import Broker, Faults
from tests.chaos.home import remove_home
from tests.chaos.plan import Step, make_plan
from tests.chaos.stream import Stream
from tests.chaos.tables import Tables
from tests.chaos.truth import Anomaly, add_evidence, judge, read_sides
from tests.chaos.world import World, running

_ASK_SECONDS = 0.5
# Rest is believed when it was seen this often in a row, each time after further polls.
_SEEN_AT_REST = 2
# Systems far away: without it hardly a call would be under way when something dies.
_LATENCIES_MS = {"x_cart": 30, "dynamics_sl": 80}


@dataclass(slots=True)
class Report:
    """What a run found. ``timeline`` holds what was planned and done, so that it can be repeated and explained."""

    seed: int
    events: int
    broker: str
    accepted: int = 0
    delivered: int = 0
    drain_seconds: float | None = None
    anomalies: list[Anomaly] = field(default_factory=list)
    dead: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, int] = field(default_factory=dict)
    last_runs: list[dict[str, Any]] = field(default_factory=list)
    """The runs that came to rest last, with their tries: what the draining waited for."""
    paused: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    webhooks: dict[str, int] = field(default_factory=dict)
    bad_answers: list[dict[str, Any]] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(one.verdict == verdict for one in self.anomalies)

    def figures(self) -> dict[str, Any]:
        """Return the figures of the command's JSON."""
        return {
            "seed": self.seed,
            "events": self.events,
            "broker": self.broker,
            "accepted": self.accepted,
            "delivered": self.delivered,
            **{verdict: self.count(verdict) for verdict in ("lost", "doubled", "stuck", "misordered")},
            "dead": len(self.dead),
            "held": self.runs.get("held", 0),
            "drain_seconds": self.drain_seconds,
            "left_behind": len(self.left_behind),
            "bad_answers": sum(one["hits"] for one in self.bad_answers),
            "faults": sum(one["is_fault"] for one in self.timeline),
        }

    @property
    def is_clean(self) -> bool:
        return not (self.anomalies or self.dead or self.left_behind) and self.drain_seconds is not None


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is made. ``patience_seconds`` bounds the wait for rest."""

    seed: int
    events: int
    rate: float
    faults: Collection[str]
    patience_seconds: float
    broker: str = "redis"
    keep: bool = False


def run_chaos(settings: Settings, *, tell: Callable[[str], None] = lambda words: None) -> Report:
    """Run one seed in a directory of its own; ``tell`` gets a line for each thing that happens.

    Raises RuntimeError when the installation, or the broker that was asked for, does not start.
    """
    report = Report(settings.seed, settings.events, settings.broker)
    home = Path(tempfile.mkdtemp(prefix=f"connect-chaos-{settings.seed}-"))
    try:
        with _BROKERS[settings.broker](home) as broker:
            url = broker.url if broker is not None else ""
            with running(home / "state", report.left_behind, broker_url=url) as world:
                _Play(world, settings, report, tell).run(broker or Broker(world))
    finally:
        if settings.keep:
            tell(f"kept {home}")
        else:
            remove_home(home)
    return report


@contextmanager
def _embedded(home: Path) -> Iterator[None]:
    """The launcher brings its own Redis."""
    yield None


_BROKERS: dict[str, Callable[[Path], AbstractContextManager[rabbit.RabbitMQ | None]]] = {
    "redis": _embedded,
    "rabbitmq": rabbit.serving,
}
BROKER_NAMES = tuple(_BROKERS)


class _Play:
    """The plan being played against one world."""

    def __init__(self, world: World, settings: Settings, report: Report, tell: Callable[[str], None]) -> None:
        self._world = world
        self._settings = settings
        self._report = report
        self._tell = tell
        self._stream = Stream(world)
        self._healings: list[tuple[float, int, str, Callable[[], None]]] = []
        self._started = 0.0
        self._standing: set[str] = set()

    def run(self, broker: Broker) -> None:
        settings = self._settings
        # Seconds instead of the add-on's minute between tries: a run must come to an end.
        self._world.control("x_cart", "POST", "settings", {"webhook_first_wait_seconds": 0.3})
        for system, milliseconds in _LATENCIES_MS.items():
            fault = {"kind": "latency", "latency_ms": milliseconds}
            self._world.control(system, "POST", "faults", fault)
        plan = make_plan(settings.seed, settings.events, rate=settings.rate, faults=settings.faults)
        faults = Faults(self._world, broker)
        self._started = time.monotonic()
        try:
            for step in plan:
                self._wait_until(step.at)
                self._do(step, faults)
            if self._healings:
                self._wait_until(max(at for at, *_ in self._healings))
        finally:
            self._heal_due(float("inf"))
            faults.heal_all()
        self._note(None, "healed: only bad answers that nobody asked for yet are left", is_fault=False)
        self._come_to_rest()
        self._report.bad_answers = faults.given()
        self._judge()

    def _do(self, step: Step, faults: Faults) -> None:
        if not faults.knows(step.what):
            self._note(step, self._stream.play(step), is_fault=False)
            return
        words, heal = faults.begin(step)
        self._note(step, words, is_fault=True)
        if heal is not None:
            end = self._now() + step.seconds
            heapq.heappush(self._healings, (end, len(self._report.timeline), words, heal))

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _wait_until(self, at: float) -> None:
        """Sleep until a planned moment; what is to be healed before is healed at its own moment."""
        while self._healings and self._healings[0][0] <= at:
            time.sleep(max(0.0, self._healings[0][0] - self._now()))
            self._heal_due(self._healings[0][0])
        time.sleep(max(0.0, at - self._now()))

    def _heal_due(self, until: float) -> None:
        while self._healings and self._healings[0][0] <= until:
            _, _, words, heal = heapq.heappop(self._healings)
            heal()
            self._note(None, f"over: {words}", is_fault=False)

    def _note(self, step: Step | None, words: str, *, is_fault: bool) -> None:
        self._report.timeline.append(
            {
                "at": round(self._now(), 3),
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "is_fault": is_fault,
                "words": words,
                "planned": step.as_json() if step is not None else None,
            }
        )
        self._tell(f"{self._now():8.2f}  {'!!' if is_fault else '  '} {words}")

    # -- the end ---------------------------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        """Wait until nothing moves: webhooks sent, runs at rest, polls that started afterwards have finished."""
        healed_at = datetime.now(UTC)
        deadline = time.monotonic() + self._settings.patience_seconds
        seen, since = 0, healed_at
        while seen < _SEEN_AT_REST and time.monotonic() < deadline:
            time.sleep(_ASK_SECONDS)
            for words in self._stream.finish():
                if words != "nothing to ship yet":
                    self._note(None, words, is_fault=False)
                    seen, since = 0, datetime.now(UTC)
            waiting = self._world.control("x_cart", "GET", "state")["webhooks"].get("waiting", 0)
            try:
                with self._world.database() as database:
                    tables = Tables(database)
                    still = tables.open(since)
                    now, last = tables.now(), tables.last_finish()
                    self._note_standstill(tables.paused())
            except psycopg.OperationalError:
                continue  # it is just coming up again
            if still.runs or waiting or not self._stream.is_finished:
                seen, since = 0, now
                continue
            if still.polls:
                continue  # a poll that began before may have missed the last change
            seen, since = seen + 1, now
            if seen == _SEEN_AT_REST:
                self._note_rest(((last or healed_at) - healed_at).total_seconds())

    def _note_standstill(self, words: list[str]) -> None:
        """Tell when a connection or flow begins or ceases to stand still: it explains a long drain."""
        for each in sorted(set(words) ^ self._standing):
            self._note(None, f"{'' if each in words else 'over: '}{each}", is_fault=False)
        self._standing = set(words)

    def _note_rest(self, seconds: float) -> None:
        self._report.drain_seconds = round(max(0.0, seconds), 1)
        words = f"at rest; the last run ended {self._report.drain_seconds} s after healing"
        self._note(None, words, is_fault=False)

    def _judge(self) -> None:
        ledger, report = self._stream.ledger, self._report
        sides = read_sides(self._world)
        with self._world.database() as database:
            tables = Tables(database)
            report.anomalies = judge(ledger, sides, tables)
            add_evidence(report.anomalies, sides, tables, self._world)
            report.last_runs = tables.last_runs()
            report.dead, report.runs, report.paused = tables.dead(), tables.counts(), tables.paused()
        report.webhooks = self._world.control("x_cart", "GET", "state")["webhooks"]
        edited = sum(bool(order["edits"]) for order in ledger.orders.values())
        report.accepted = len(ledger.orders) + len(ledger.shipped) + len(ledger.stock) + edited
        wrong = {one.subject for one in report.anomalies if one.verdict in ("lost", "misordered")}
        report.delivered = report.accepted - len(wrong)
