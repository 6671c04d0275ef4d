"""Compares what the stream did in the sources with what stands in the targets, and says where they differ.

Called once, when everything came to rest or the patience for it ended. Evidence is read from both sandboxes
and from our tables.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.chaos.stream import Ledger
from tests.chaos.tables import Tables
from tests.chaos.world import World

_PREFIX = "XC-"
_EVERYTHING = 10_000_000


@dataclass(slots=True)
class Anomaly:
    """One way in which the truth differs; ``keys`` are ids under which our runs are found."""

    verdict: str
    """``lost``, ``doubled``, ``misordered`` or ``stuck``."""
    subject: str
    words: str
    keys: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both systems as they stand at the end."""

    shop_orders: dict[str, dict[str, Any]]
    """Order number -> order as the shop lists it."""
    shop_stock: dict[str, int]
    mails: Counter[str]
    """Order number -> "has been shipped" e-mails."""
    deliveries: list[dict[str, Any]]
    erp_orders: dict[str, list[dict[str, Any]]]
    """Reference -> orders that carry it."""
    erp_stock: dict[str, int]
    erp_customers: Counter[str]
    """E-mail -> customers."""


def read_sides(world: World) -> Sides:
    """Read everything that counts from both sandboxes."""
    orders = world.control("x_cart", "GET", f"orders?limit={_EVERYTHING}")
    numbers = {order["id"]: order["order_number"] for order in orders}
    outbox = world.control("x_cart", "GET", "outbox")
    by_reference: dict[str, list[dict[str, Any]]] = {}
    for order in world.control("dynamics_sl", "GET", f"orders?limit={_EVERYTHING}"):
        by_reference.setdefault(order["CustOrdNbr"].strip(), []).append(order)
    return Sides(
        shop_orders={order["order_number"]: order for order in orders},
        shop_stock={one["sku"]: one["amount"] for one in world.control("x_cart", "GET", "products")},
        mails=Counter(numbers.get(mail["order_id"], "") for mail in outbox if "shipped" in mail["subject"]),
        deliveries=world.control("x_cart", "GET", f"webhooks?limit={_EVERYTHING}"),
        erp_orders=by_reference,
        erp_stock={
            item["InvtID"].strip(): math.floor(sum(each["QtyAvail"] for each in item["bins"]))
            for item in world.control("dynamics_sl", "GET", "items")
        },
        erp_customers=Counter(world.control("dynamics_sl", "GET", "counts/customers")),
    )


def judge(ledger: Ledger, sides: Sides, tables: Tables) -> list[Anomaly]:
    """Return every difference, without evidence yet."""
    found = [
        *_orders(ledger, sides), *_customers(ledger, sides), *_shipments(ledger, sides), *_stock(ledger, sides),
        *_edits(ledger, sides, tables.held_for_review()), *_acknowledged(sides, tables.deliveries_known()),
    ]  # fmt: skip
    for run in tables.stuck():
        words = f"run {run['id']} of {run['flow']} is {run['status']}: {run['why']}"
        keys = (run["business_key"], run["record_key"])
        found.append(
            Anomaly("stuck", f"{run['flow']} {run['business_key'] or run['record_key']}", words, keys)
        )
    return found


def _orders(ledger: Ledger, sides: Sides) -> Iterable[Anomaly]:
    for number, order in ledger.orders.items():
        there = sides.erp_orders.get(f"{_PREFIX}{number}", [])
        keys = (number, str(order["id"]))
        if not there:
            yield Anomaly("lost", f"order {number}", "it is in X-Cart and not in Dynamics SL", keys)
        elif len(there) > 1:
            names = ", ".join(one["OrdNbr"] for one in there)
            yield Anomaly(
                "doubled", f"order {number}", f"Dynamics SL has it {len(there)} times: {names}", keys
            )


def _customers(ledger: Ledger, sides: Sides) -> Iterable[Anomaly]:
    numbers: dict[str, list[str]] = {}
    for number, order in ledger.orders.items():
        numbers.setdefault(order["email"].lower(), []).append(number)
    for email, theirs in numbers.items():
        times = sides.erp_customers[email]
        if times > 1:
            yield Anomaly("doubled", f"customer {email}", f"Dynamics SL has {times} of them", tuple(theirs))


def _shipments(ledger: Ledger, sides: Sides) -> Iterable[Anomaly]:
    for number, tracking in ledger.shipped.items():
        order = sides.shop_orders[number]
        times = order["tracking_numbers"].count(tracking)
        held = sides.erp_orders.get(f"{_PREFIX}{number}", [])
        keys = (*(shipper["ShipperID"] for one in held for shipper in one["shippers"]), number)
        subject = f"shipment of order {number}"
        if times == 0 or order["shipping_status"] != "S":
            shown = f"X-Cart shows {order['tracking_numbers']} and status {order['shipping_status']}"
            yield Anomaly("lost", subject, f"shipped with {tracking}, but {shown}", keys)
        if times > 1:
            yield Anomaly("doubled", subject, f"X-Cart shows {tracking} {times} times", keys)
        if sides.mails[number] > 1:
            yield Anomaly("doubled", subject, f"the shopper got {sides.mails[number]} e-mails", keys)


def _stock(ledger: Ledger, sides: Sides) -> Iterable[Anomaly]:
    for sku in ledger.stock:
        wanted, shown = max(0, sides.erp_stock[sku]), sides.shop_stock[sku]
        if shown != wanted:
            words = f"Dynamics SL has {wanted} at the end, X-Cart shows {shown}"
            yield Anomaly("misordered", f"stock of {sku}", words, (sku,))


def _edits(ledger: Ledger, sides: Sides, in_review: set[str]) -> Iterable[Anomaly]:
    """An order edited before it left must arrive as edited; edited later it waits for a person."""
    for number, order in ledger.orders.items():
        there = sides.erp_orders.get(f"{_PREFIX}{number}", [])
        if not order["edits"] or not there or number in in_review:
            continue
        wanted = f"{order['edits']} Chaos Street"
        if there[0]["ShipAddr1"].strip() != wanted:
            words = (
                f"X-Cart has {wanted!r}, Dynamics SL {there[0]['ShipAddr1'].strip()!r}, and nobody is asked"
            )
            yield Anomaly("misordered", f"order {number}", words, (number, str(order["id"])))


def _acknowledged(sides: Sides, known: set[str]) -> Iterable[Anomaly]:
    """A webhook that got its 2xx is in our inbox: acknowledged after commit, never before."""
    for delivery in sides.deliveries:
        if delivery["state"] == "delivered" and delivery["delivery_id"] not in known:
            words = f"answered {delivery['last_status']}, and no event has its id"
            yield Anomaly("lost", f"webhook {delivery['delivery_id']}", words, (), {"delivery": delivery})


def add_evidence(anomalies: list[Anomaly], sides: Sides, tables: Tables, world: World) -> None:
    """Give each anomaly our runs with their attempts, and what both sides show of its order."""
    for anomaly in anomalies:
        keys = [key for key in anomaly.keys if key]
        anomaly.evidence["runs"] = tables.runs_of(keys) if keys else []
        for key in keys:
            order = sides.shop_orders.get(key)
            if order is None:
                continue
            anomaly.evidence["x_cart"] = order
            anomaly.evidence["dynamics_sl"] = sides.erp_orders.get(f"{_PREFIX}{key}", [])
            anomaly.evidence["deliveries"] = [
                one for one in sides.deliveries if f'"order_number":"{key}"' in one["body"]
            ]
