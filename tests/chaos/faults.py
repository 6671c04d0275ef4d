"""Does what a plan's faults say to the running installation, and heals it: by process id, proxy mode or control call."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import psutil
from redis import Redis, RedisError

from tests.chaos.plan import Step
from tests.chaos.proxy import Mode
from tests.chaos.world import World

Heal = Callable[[], None]


class Faults:
    """Begins faults and remembers how each is healed."""

    def __init__(self, world: World, broker: "Broker") -> None:
        self._world = world
        self._broker = broker
        self._acts: dict[str, Callable[[Step], tuple[str, Heal | None]]] = {
            "kill": self._kill,
            "pause_worker": self._pause_worker,
            "stop_postgres": self._stop_postgres,
            "kill_postgres": self._kill_postgres,
            "flush_broker": self._flush_broker,
            "kill_broker": self._kill_broker,
            "stall_broker": self._stall_broker,
            "network": self._network,
            "answers": self._answers,
        }

    def knows(self, what: str) -> bool:
        return what in self._acts

    def begin(self, step: Step) -> tuple[str, Heal | None]:
        """Do one fault; returns what was done in words, and how to end it (None: it ends by itself)."""
        return self._acts[step.what](step)

    def heal_all(self) -> None:
        """Bring the network back to order and let both systems be near; bad answers end by being given."""
        for system, proxy in self._world.proxies.items():
            proxy.set_mode(Mode.PASS)
            self._world.control(system, "DELETE", "faults?kind=latency")

    def given(self) -> list[dict[str, Any]]:
        """Return the bad answers of both systems, each with its number of ``hits``."""
        return [
            {"system": system, **{name: each[name] for name in ("kind", "match", "times", "hits")}}
            for system in self._world.proxies
            for each in self._world.control(system, "GET", "faults")
        ]

    # -- processes ---------------------------------------------------------------------------------------

    def _kill(self, step: Step) -> tuple[str, Heal | None]:
        who, _, is_child = str(step.details["who"]).partition(" ")
        victims = self._world.members(who)[:1] if is_child else self._world.processes(who)
        return f"killed {who} {send_signal(victims, signal.SIGKILL)}", None

    def _pause_worker(self, step: Step) -> tuple[str, Heal | None]:
        victims = self._world.members("delivery")[:1]
        return f"paused delivery {send_signal(victims, signal.SIGSTOP)}", lambda: _resume(victims)

    def _stop_postgres(self, step: Step) -> tuple[str, Heal | None]:
        return self._down("postgres", signal.SIGINT)

    def _kill_postgres(self, step: Step) -> tuple[str, Heal | None]:
        return self._down("postgres", signal.SIGKILL)

    def _kill_broker(self, step: Step) -> tuple[str, Heal | None]:
        return self._broker.kill(self)

    def _stall_broker(self, step: Step) -> tuple[str, Heal | None]:
        victims = self._broker.processes()
        return f"stalled broker {send_signal(victims, signal.SIGSTOP)}", lambda: _resume(victims)

    def _flush_broker(self, step: Step) -> tuple[str, Heal | None]:
        return self._broker.flush(), None

    def _down(self, who: str, sign: signal.Signals) -> tuple[str, Heal | None]:
        """End a server and keep it down: the launcher, which would revive it at once, sleeps meanwhile."""
        launcher = self._world.launcher_process
        victims = self._world.processes(who)
        launcher.suspend()
        words = f"{sign.name} to {who} {send_signal(victims, sign)}, launcher {launcher.pid} asleep"
        return words, launcher.resume

    def down(self, who: str) -> tuple[str, Heal | None]:
        """Kill a server and keep it down until healed."""
        return self._down(who, signal.SIGKILL)

    # -- network and answers -----------------------------------------------------------------------------

    def _network(self, step: Step) -> tuple[str, Heal | None]:
        proxy = self._world.proxies[step.details["link"]]
        mode = Mode(step.details["mode"])
        proxy.set_mode(mode, delay_seconds=step.details["milliseconds"] / 1000)
        return f"network to {step.details['link']}: {mode}", lambda: proxy.set_mode(Mode.PASS)

    def _answers(self, step: Step) -> tuple[str, Heal | None]:
        system, fault = step.details["system"], dict(step.details["fault"])
        self._world.control(system, "POST", "faults", fault)
        return f"{system} answers: {json.dumps(fault)}", None


class Broker:
    """The embedded Redis as faults see it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def processes(self) -> list[psutil.Process]:
        return self._world.processes("broker")

    def kill(self, faults: Faults) -> tuple[str, Heal | None]:
        return faults.down("broker")

    def flush(self) -> str:
        """Empty it; returns what was done, also when it does not answer."""
        directory = self._world.directory
        password = json.loads((directory / "secrets.json").read_text())["redis_password"]
        config = (directory / "redis.conf").read_text()
        path = next(line.split('"')[1] for line in config.splitlines() if line.startswith("unixsocket "))
        client: Any = Redis(unix_socket_path=path, password=password, socket_timeout=2)
        try:
            client.flushall()
        except (OSError, RedisError) as error:  # it is down or stalled: that is a fault too
            return f"broker could not be flushed: {type(error).__name__}"
        finally:
            client.close()
        return "broker flushed"


def send_signal(victims: list[psutil.Process], sign: signal.Signals) -> str:
    """Send a signal by process id; returns the ids, in words."""
    told = []
    for victim in victims:
        try:
            os.kill(victim.pid, sign)
            told.append(str(victim.pid))
        except ProcessLookupError:
            told.append(f"{victim.pid} (gone)")
    return ", ".join(told) or "(nobody there)"


def _resume(victims: list[psutil.Process]) -> None:
    send_signal(victims, signal.SIGCONT)
