"""What happens in one chaos run, drawn from one ``random.Random(seed)``: source changes and faults on one timeline.

Pure: the same seed, number of events and choice of faults give the same plan. ``run`` plays it.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

LEASE_SECONDS = 6
"""The lease under which the harness runs its workers (``CONNECT_LEASE_SECONDS``)."""

STOCK_SKUS = ("BLB-GU10-5W", "CBL-TXT-3M", "SHD-LIN-40", "DIM-ROT-LED", "STR-OUT-10M")
"""Counted by the stream and never ordered, so that their final amount has one right value."""
ORDERED_SKUS = ("A50-HALO", "LMP-DSK-BLK", "LMP-TBL-OAK", "BLB-E27-4W", "BLB-E14-3W")

_CHANGES = {"order": 60, "burst": 6, "stock": 14, "ship": 14, "edit": 6}
_LARGEST_BURST = 6
# Two deaths of one of the launcher's children are so far apart: five within a minute end the launcher.
_APART_SECONDS = 16.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, ``at`` seconds after the stream began; ``seconds`` is how long a fault lasts."""

    at: float
    what: str
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _seconds(draw: random.Random, low: float, high: float) -> float:
    return round(draw.uniform(low, high), 2)


def _kill(draw: random.Random, who: str) -> Step:
    return Step(0.0, "kill", details={"who": who})


def _network(draw: random.Random, link: str) -> Step:
    mode = draw.choice(("refuse", "silent", "delay", "reset", "swallow"))
    milliseconds = draw.randint(100, 900) if mode == "delay" else 0
    return Step(
        0.0, "network", _seconds(draw, 1.0, 6.0), {"link": link, "mode": mode, "milliseconds": milliseconds}
    )


_ERP_WRITES = ("placeOrder", "editScreen")


def _erp_answers(draw: random.Random) -> Step:
    fault = draw.choice(
        (
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 503, "retry_after": 2},
            {"kind": "html", "match": draw.choice(_ERP_WRITES)},
            {"kind": "soap_fault"},
            {"kind": "deadlock"},
            {"kind": "slow", "seconds": 6.0},
        )
    )
    return Step(
        0.0, "answers", 0.0, {"system": "dynamics_sl", "fault": {"times": draw.randint(1, 6), **fault}}
    )


def _after_commit(draw: random.Random) -> Step:
    kind = draw.choice(
        ("drop_after_commit", "bad_gateway_after_commit", "html_after_commit", "truncate_after_commit",
         "slow_after_commit")
    )  # fmt: skip
    fault = {"kind": kind, "times": draw.randint(1, 5), "match": draw.choice(_ERP_WRITES)}
    if kind == "slow_after_commit":
        fault |= {"seconds": 6.0, "times": draw.randint(1, 2)}
    return Step(0.0, "answers", 0.0, {"system": "dynamics_sl", "fault": fault})


def _shop_answers(draw: random.Random) -> Step:
    fault = draw.choice(
        (
            {"kind": "status", "status": 429, "retry_after": 1},
            {"kind": "status", "status": 502},
            {"kind": "drop_after_commit", "match": "POST"},
            {"kind": "drop_after_commit", "match": "PUT"},
            {"kind": "html_after_commit", "match": "PUT"},
            {"kind": "drop_before_commit"},
        )
    )
    return Step(0.0, "answers", 0.0, {"system": "x_cart", "fault": {"times": draw.randint(1, 6), **fault}})


def _webhooks(draw: random.Random) -> Step:
    kind = draw.choice(
        ("webhook_duplicate", "webhook_duplicate", "webhook_out_of_order", "webhook_out_of_order",
         "webhook_off", "webhook_bad_signature", "webhook_stale_timestamp")
    )  # fmt: skip
    fault: dict[str, Any] = {"kind": kind, "times": draw.randint(2, 12)}
    if kind == "webhook_out_of_order":
        fault["seconds"] = _seconds(draw, 0.2, 3.0)
    return Step(0.0, "answers", 0.0, {"system": "x_cart", "fault": fault})


_FAULTS = {
    "kill_worker_child": lambda draw: _kill(draw, "delivery child"),
    "kill_worker": lambda draw: _kill(draw, "delivery"),
    "kill_rest": lambda draw: _kill(draw, "rest"),
    "kill_web_child": lambda draw: _kill(draw, "web child"),
    "kill_web": lambda draw: _kill(draw, "web"),
    "kill_beat": lambda draw: _kill(draw, "beat"),
    "pause_worker": lambda draw: Step(
        0.0, "pause_worker", _seconds(draw, LEASE_SECONDS + 1, LEASE_SECONDS + 4)
    ),
    "stop_postgres": lambda draw: Step(0.0, "stop_postgres", _seconds(draw, 0.5, 4.0)),
    "kill_postgres": lambda draw: Step(0.0, "kill_postgres", _seconds(draw, 0.2, 2.0)),
    "flush_broker": lambda draw: Step(0.0, "flush_broker"),
    "kill_broker": lambda draw: Step(0.0, "kill_broker", _seconds(draw, 0.2, 3.0)),
    "stall_broker": lambda draw: Step(0.0, "stall_broker", _seconds(draw, 1.0, 6.0)),
    "erp_network": lambda draw: _network(draw, "dynamics_sl"),
    "shop_network": lambda draw: _network(draw, "x_cart"),
    "erp_answers": _erp_answers,
    "after_commit": _after_commit,
    "shop_answers": _shop_answers,
    "webhooks": _webhooks,
}
FAULT_NAMES = tuple(_FAULTS)
_DEADLY = {
    "kill_worker": "delivery", "kill_rest": "rest", "kill_web": "web", "kill_beat": "beat",
    "stop_postgres": "postgres", "kill_postgres": "postgres", "kill_broker": "broker",
}  # fmt: skip


def make_plan(seed: int, events: int, *, rate: float, faults: Collection[str]) -> list[Step]:
    """Return ``events`` source changes at about ``rate`` a second, and faults every second or two among them."""
    draw = random.Random(seed)
    changes = _changes(draw, events, rate)
    length = changes[-1].at if changes else 0.0
    return sorted(
        changes + _faults(draw, length, [name for name in FAULT_NAMES if name in faults]), key=_when
    )


def _when(step: Step) -> float:
    return step.at


def _changes(draw: random.Random, events: int, rate: float) -> list[Step]:
    steps: list[Step] = []
    at = 0.0
    shoppers = max(3, events // 4)
    # The first changes are orders: nothing can be shipped or edited before.
    while len(steps) < events:
        at += draw.expovariate(rate)
        what = "order" if len(steps) < 5 else draw.choices(list(_CHANGES), list(_CHANGES.values()))[0]
        email = f"shopper{draw.randrange(shoppers)}@example.com"
        lines = [
            {"sku": sku, "quantity": draw.randint(1, 3)}
            for sku in draw.sample(ORDERED_SKUS, draw.randint(1, 3))
        ]
        if what == "burst":
            # One new shopper, several orders at once: there must be one customer.
            size = min(draw.randint(2, _LARGEST_BURST), events - len(steps))
            fresh = f"burst{len(steps)}@example.com"
            steps += [
                Step(round(at, 3), "order", details={"email": fresh, "lines": lines}) for _ in range(size)
            ]
        elif what == "order":
            steps.append(Step(round(at, 3), "order", details={"email": email, "lines": lines}))
        elif what == "stock":
            details = {"sku": draw.choice(STOCK_SKUS), "quantity": draw.randint(0, 400)}
            steps.append(Step(round(at, 3), "stock", details=details))
        else:
            steps.append(Step(round(at, 3), what, details={"pick": round(draw.random(), 6)}))
    return steps


def _faults(draw: random.Random, length: float, names: list[str]) -> list[Step]:
    """Draw faults so that each kind comes once before any comes twice."""
    steps: list[Step] = []
    last_death: dict[str, float] = {}
    at, bag = 0.0, []
    while names:
        at += draw.uniform(0.4, 2.2)
        if at > length:
            return steps
        if not bag:
            bag = draw.sample(names, len(names))
        name = bag.pop()
        victim = _DEADLY.get(name, "")
        fault = _FAULTS[name](draw)
        if victim and at - last_death.get(victim, -_APART_SECONDS) < _APART_SECONDS:
            continue
        last_death[victim] = at
        steps.append(Step(round(at, 3), fault.what, fault.seconds, fault.details))
    return steps
