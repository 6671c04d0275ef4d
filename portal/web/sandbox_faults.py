"""The switches of the sandbox page that break something: what each says, and what the simulator of a system is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.kinds import Side
from portal.web.sandbox_desks import ERPS


@dataclass(frozen=True, slots=True)
class Fault:
    """A switch. ``systems`` names the ones that can fail this way; empty = all of that side."""

    key: str
    side: Side
    label: str
    text: str
    told: Mapping[str, Any]
    systems: frozenset[str] = frozenset()

    def told_to(self, system: str) -> dict[str, Any]:
        """Return the switch as the simulator of this system takes it."""
        if self.key == _LOST:
            return {**self.told, "match": ERPS[system].write_match}
        return dict(self.told)


_LOST = "lost"
_WEB = frozenset({"dynamics_sl", "acumatica"})
_SQL = frozenset({"sage_500"})

FAULTS = (
    Fault("slow", Side.ERP, "Slow", "answers after 8 s", {"kind": "slow", "seconds": 8}),
    Fault("down", Side.ERP, "Down", "drops every call", {"kind": "down"}),
    Fault(
        "rate", Side.ERP, "Rate limited", "10 calls a minute", {"kind": "rate_limit", "per_minute": 10}, _WEB
    ),
    Fault(
        _LOST,
        Side.ERP,
        "Timeout after saving",
        "saves one order, does not answer",
        {"kind": "drop_after_commit", "times": 1},
    ),
    Fault(
        "refused", Side.ERP, "Wrong password", "401 to everything", {"kind": "status", "status": 401}, _WEB
    ),
    Fault("html", Side.ERP, "HTML instead of an answer", "a login page", {"kind": "html"}, _WEB),
    Fault(
        "deadlock",
        Side.ERP,
        "Deadlocks",
        "three calls are the victim",
        {"kind": "deadlock", "times": 3},
        _SQL,
    ),
    Fault("hooks", Side.STOREFRONT, "Webhooks stop", "the poll must find them", {"kind": "webhook_off"}),
    Fault("twice", Side.STOREFRONT, "Webhooks twice", "same event, two times", {"kind": "webhook_duplicate"}),
    Fault("shop-down", Side.STOREFRONT, "Shop down", "drops every call", {"kind": "down"}),
)


def faults_of(system: str, side: Side) -> list[Fault]:
    """Return the switches that a system has."""
    return [one for one in FAULTS if one.side is side and (not one.systems or system in one.systems)]
