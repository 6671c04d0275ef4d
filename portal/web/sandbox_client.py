"""Speaks to the control API of this installation's simulators for the sandbox page. HTTP only, never imports them.

Addresses and tokens come from ``settings.SANDBOXES``. Every call ends within a few seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings

_TIMEOUT_SECONDS = (1.0, 5.0)


class SandboxUnavailable(RuntimeError):
    """A simulator does not answer, or refuses what was asked; the text is for the person at the page."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """The control API of one simulator."""

    system: str
    url: str
    control_url: str
    token: str

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, **query: str) -> Any:
        """Return the answer of one control call. Raises SandboxUnavailable."""
        session = requests.Session()
        session.trust_env = False
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = session.request(
                method,
                self.control_url.rstrip("/") + "/" + path,
                json=body,
                params=query,
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise SandboxUnavailable(f"The sandbox of {self.system} does not answer.") from error
        finally:
            session.close()
        try:
            told = answer.json(parse_float=Decimal)
        except ValueError as error:
            raise SandboxUnavailable(f"The sandbox of {self.system} gave no JSON.") from error
        if answer.status_code >= 400:
            reason = told.get("message", "no reason") if isinstance(told, dict) else "no reason"
            raise SandboxUnavailable(f"The sandbox of {self.system} refused that: {reason}")
        return told


def simulator(system: str) -> Simulator | None:
    """Return the simulator of a system in this installation, None where it has none."""
    given = settings.SANDBOXES.get(system)
    if given is None:
        return None
    return Simulator(system, given["url"], given["control_url"], given.get("token", ""))


@dataclass(frozen=True, slots=True)
class StoreState:
    """What the store shows: goods with price and stock, its newest orders, its fault switches."""

    products: tuple[dict[str, Any], ...]
    orders: tuple[dict[str, Any], ...]
    faults: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ErpState:
    """What the ERP shows: sales orders, stock by item, its fault switches."""

    items: tuple[dict[str, Any], ...]
    orders: tuple[dict[str, Any], ...]
    faults: tuple[dict[str, Any], ...]


def store_state(store: Simulator, *, goods: int = 4, orders: int = 5) -> StoreState:
    """Return the store's present state. Raises SandboxUnavailable."""
    return StoreState(
        tuple(_with_money(one, "price") for one in store.ask("GET", "products")[:goods]),
        tuple(_with_money(one, "total") for one in store.ask("GET", "orders", limit=str(orders))),
        tuple(store.ask("GET", "faults")),
    )


def erp_state(erp: Simulator, *, items: int = 4, orders: int = 5) -> ErpState:
    """Return the ERP's present state. Raises SandboxUnavailable."""
    return ErpState(
        tuple(_item(one) for one in erp.ask("GET", "items")[:items]),
        tuple(_with_cents(one, "CuryTotOrd") for one in erp.ask("GET", "orders", limit=str(orders))),
        tuple(erp.ask("GET", "faults")),
    )


def _with_money(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a record whose amount is a Decimal; JSON writes a round one as a whole number."""
    return {**given, name: Decimal(str(given[name]))}


def _with_cents(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a record of the ERP, whose amounts are binary floats on the wire, with the amount in cents."""
    return {**given, name: Decimal(str(given[name])).quantize(Decimal("0.01"))}


def _item(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sku": str(given["InvtID"]).strip(),
        "name": str(given["Descr"]).strip(),
        "on_hand": sum(int(one["QtyOnHand"]) for one in given["bins"]),
    }


def place_order(store: Simulator, lines: list[dict[str, Any]], *, is_guest: bool) -> str:
    """Place an order as a shopper would; returns its number. Raises SandboxUnavailable."""
    placed = store.ask("POST", "orders", {"lines": lines, "guest": is_guest})
    return str(placed["order_number"])


def ensure_product(store: Simulator, sku: str, name: str, price: float) -> None:
    """Let the store sell an article, unless it does already. Raises SandboxUnavailable."""
    if not any(one["sku"] == sku for one in store.ask("GET", "products")):
        store.ask("POST", "products", {"sku": sku, "name": name, "price": price, "amount": 50})


def ship_order(erp: Simulator, number: str) -> str:
    """Ship a sales order whole; returns the shipper's number. Raises SandboxUnavailable."""
    return str(erp.ask("POST", f"orders/{quote(number, safe='')}/ship", {})["ShipperID"])


def set_stock(erp: Simulator, sku: str, quantity: int) -> None:
    """Count an item's stock anew. Raises SandboxUnavailable."""
    erp.ask("POST", f"items/{quote(sku, safe='')}/stock", {"qty": quantity})


def switch(where: Simulator, fault: Mapping[str, Any], *, on: bool) -> None:
    """Set one fault switch, or clear all of its kind. Raises SandboxUnavailable."""
    where.ask("DELETE", "faults", kind=str(fault["kind"]))
    if on:
        where.ask("POST", "faults", fault)
