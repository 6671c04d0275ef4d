"""Plays the source changes of a plan: shoppers order, staff edit, the warehouse counts and ships."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.plan import Step
from tests.chaos.world import World

_PREFIX = "XC-"


@dataclass(slots=True)
class Ledger:
    """What the stream did in the sources: the yardstick of the truth check."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Order number -> {id, email, edits}."""
    shipped: dict[str, str] = field(default_factory=dict)
    """Order number -> tracking number."""
    stock: dict[str, int] = field(default_factory=dict)
    """SKU -> last counted quantity."""


class Stream:
    """Does one change at a time, straight at the sandboxes (a shop does not fail because we do)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ledger = Ledger()
        self._postponed: list[Step] = []
        self._acts: dict[str, Callable[[Step], str]] = {
            "order": self._order, "stock": self._stock, "ship": self._ship, "edit": self._edit,
        }  # fmt: skip

    def play(self, step: Step) -> str:
        """Do one change; returns what was done, in words."""
        return self._acts[step.what](step)

    def finish(self) -> list[str]:
        """Ship what could not be shipped during the stream; returns words for each that now could."""
        postponed, self._postponed = self._postponed, []
        return [self._ship(step) for step in postponed]

    @property
    def is_finished(self) -> bool:
        return not self._postponed

    def _order(self, step: Step) -> str:
        placed = self._world.control("x_cart", "POST", "orders", dict(step.details))
        self.ledger.orders[placed["order_number"]] = {
            "id": placed["id"], "email": step.details["email"], "edits": 0,
        }  # fmt: skip
        return f"order {placed['order_number']} of {step.details['email']}"

    def _stock(self, step: Step) -> str:
        sku, quantity = step.details["sku"], step.details["quantity"]
        self._world.control("dynamics_sl", "POST", f"items/{sku}/stock", {"qty": quantity})
        self.ledger.stock[sku] = quantity
        return f"{sku} counted: {quantity}"

    def _ship(self, step: Step) -> str:
        """Ship an order that arrived; with none there yet it is done later."""
        waiting = [number for number in self.ledger.orders if number not in self.ledger.shipped]
        start = int(step.details["pick"] * len(waiting))
        for number in (waiting[start:] + waiting[:start])[:5]:
            held = self._world.control("dynamics_sl", "GET", f"orders?reference={_PREFIX}{number}")
            if not held:
                continue
            tracking = f"1ZCHAOS{number}"
            self._world.control(
                "dynamics_sl", "POST", f"orders/{held[0]['OrdNbr']}/ship", {"tracking": [tracking]}
            )
            self.ledger.shipped[number] = tracking
            return f"order {number} shipped as {held[0]['OrdNbr']} with {tracking}"
        self._postponed.append(step)
        return "nothing to ship yet"

    def _edit(self, step: Step) -> str:
        """Edit one of the last orders, as staff do in the first minutes: it may or may not have left already."""
        numbers = list(self.ledger.orders)[-4:]
        number = numbers[int(step.details["pick"] * len(numbers))]
        order = self.ledger.orders[number]
        order["edits"] += 1
        present = self._world.control("x_cart", "GET", f"orders/{order['id']}")
        address = {**present["shipping_address"], "street": f"{order['edits']} Chaos Street"}
        self._world.control("x_cart", "POST", f"orders/{order['id']}/touch", {"shipping_address": address})
        return f"order {number} edited to {address['street']}"
