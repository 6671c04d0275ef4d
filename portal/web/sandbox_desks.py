"""What a shopper, a clerk and a warehouse do in each simulated system, and how their screens read. For the sandbox page.

One desk per system over its control API; all stores look alike to the page, and all ERPs.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from integrations.kinds import Family
from portal.web.sandbox_client import Simulator

_GOODS, _ORDERS = 4, 5
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Goods:
    """An article on the store's shelf."""

    sku: str
    name: str
    price: Decimal
    amount: int


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order as the shopper sees it."""

    number: str
    total: Decimal
    words: str
    family: Family


@dataclass(frozen=True, slots=True)
class StoreState:
    """What the store shows: goods, its newest orders, its fault switches."""

    products: tuple[Goods, ...]
    orders: tuple[ShopOrder, ...]
    faults: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """An article in the ERP, with the pieces in the main warehouse."""

    sku: str
    on_hand: int


@dataclass(frozen=True, slots=True)
class SalesOrder:
    """A sales order; ``state`` is open, shipped or cancelled."""

    number: str
    reference: str
    total: Decimal
    state: str


@dataclass(frozen=True, slots=True)
class ErpState:
    """What the ERP shows: sales orders, stock by item, its fault switches."""

    items: tuple[Item, ...]
    orders: tuple[SalesOrder, ...]
    faults: tuple[dict[str, Any], ...]


def _cents(amount: Any) -> Decimal:
    """Return an amount in cents; the simulators write round ones as whole numbers, some as binary floats."""
    return Decimal(str(amount)).quantize(_CENT)


class StoreDesk:
    """A store's shelf and its counter."""

    def state(self, store: Simulator) -> StoreState:
        """Return what the store shows now. Raises SandboxUnavailable."""
        orders = store.ask("GET", "orders", limit=str(_ORDERS))
        return StoreState(
            self.shelf(store),
            tuple(self.order(one) for one in orders),
            tuple(store.ask("GET", "faults")),
        )

    def shelf(self, store: Simulator) -> tuple[Goods, ...]:
        """Return the first articles. Raises SandboxUnavailable."""
        raise NotImplementedError

    def order(self, given: Mapping[str, Any]) -> ShopOrder:
        """Return an order as the shopper sees it."""
        raise NotImplementedError

    def place(self, store: Simulator, lines: list[dict[str, Any]], *, is_guest: bool) -> str:
        """Place an order as a shopper would; returns its number. Raises SandboxUnavailable."""
        return str(store.ask("POST", "orders", {"lines": lines, "guest": is_guest})["order_number"])

    def ensure_product(self, store: Simulator, sku: str, name: str, price: float) -> None:
        """Let the store sell an article, unless it does already. Raises SandboxUnavailable."""
        if not any(one["sku"] == sku for one in store.ask("GET", "products")):
            store.ask("POST", "products", {"sku": sku, "name": name, "price": price, **self.extras})

    extras: Mapping[str, Any] = {}
    """What a new article needs beside SKU, name and price."""


class XCartDesk(StoreDesk):
    extras = {"amount": 50}

    def shelf(self, store: Simulator) -> tuple[Goods, ...]:
        return tuple(
            Goods(one["sku"], one["name"], _cents(one["price"]), int(one["amount"]))
            for one in store.ask("GET", "products")[:_GOODS]
        )

    def order(self, given: Mapping[str, Any]) -> ShopOrder:
        words, family = "Processing", Family.GREY
        if given["tracking_numbers"]:
            words, family = f"Shipped, {given['tracking_numbers'][0]}", Family.GREEN
        elif given["shipping_status"] in ("S", "D"):
            words, family = "Shipped", Family.GREEN
        elif given["payment_status"] == "C" or given["shipping_status"] == "WND":
            words = "Cancelled"
        return ShopOrder(given["order_number"], _cents(given["total"]), words, family)


class ClarityDesk(StoreDesk):
    def shelf(self, store: Simulator) -> tuple[Goods, ...]:
        amounts: dict[str, int] = {}
        for row in store.ask("GET", "inventory"):
            amounts[row["sku"]] = amounts.get(row["sku"], 0) + int(row["quantityAvailable"])
        # The newest come first; the shelf begins with the oldest, as everywhere.
        shelf = sorted(store.ask("GET", "products"), key=lambda one: one["productId"])[:_GOODS]
        return tuple(
            Goods(one["sku"], one["name"], _cents(one["price"]), amounts.get(one["sku"], 0)) for one in shelf
        )

    def order(self, given: Mapping[str, Any]) -> ShopOrder:
        words, family = given["status"], Family.GREY
        tracking = [one["trackingNumber"] for one in given["shipments"] if one["trackingNumber"]]
        if tracking:
            words, family = f"Shipped, {tracking[0]}", Family.GREEN
        elif words in ("Shipped", "Completed"):
            family = Family.GREEN
        return ShopOrder(given["orderNumber"], _cents(given["totalAmount"]), words, family)


class ErpDesk:
    """An ERP's order list and its warehouse."""

    write_match = ""
    """What names the call that saves an order, for the switch that spoils its answer."""

    def state(self, erp: Simulator) -> ErpState:
        """Return what the ERP shows now. Raises SandboxUnavailable."""
        return ErpState(
            tuple(self.item(one) for one in erp.ask("GET", "items")[:_GOODS]),
            tuple(self.order(one) for one in erp.ask("GET", "orders", limit=str(_ORDERS))),
            tuple(erp.ask("GET", "faults")),
        )

    def item(self, given: Mapping[str, Any]) -> Item:
        """Return an article with its stock."""
        raise NotImplementedError

    def order(self, given: Mapping[str, Any]) -> SalesOrder:
        """Return a sales order as the clerk sees it."""
        raise NotImplementedError

    def ship(self, erp: Simulator, number: str) -> str:
        """Ship a sales order whole; returns the shipment's number. Raises SandboxUnavailable."""
        shipped = erp.ask("POST", f"orders/{quote(number, safe='')}/ship", self.parcel())
        return str(shipped[self.shipment_field])

    shipment_field = ""

    def parcel(self) -> dict[str, Any]:
        """Return what is told with a shipment, beside that it left."""
        return {}

    def set_stock(self, erp: Simulator, sku: str, quantity: int) -> None:
        """Count an item's stock anew. Raises SandboxUnavailable."""
        erp.ask("POST", f"items/{quote(sku, safe='')}/stock", {"qty": quantity})


_MAIN = "MAIN"


def _on_hand(rows: Sequence[Mapping[str, Any]], place: str) -> int:
    """Return the pieces in the main warehouse, which is the one that the page counts anew."""
    return sum(int(Decimal(str(one["QtyOnHand"]))) for one in rows if str(one[place]).strip() == _MAIN)


class DynamicsSlDesk(ErpDesk):
    write_match, shipment_field = "placeOrder", "ShipperID"

    def item(self, given: Mapping[str, Any]) -> Item:
        return Item(str(given["InvtID"]).strip(), _on_hand(given["bins"], "SiteID"))

    def order(self, given: Mapping[str, Any]) -> SalesOrder:
        state = "cancelled" if given["Cancelled"] else "shipped" if given["shippers"] else "open"
        return SalesOrder(given["OrdNbr"].strip(), given["CustOrdNbr"], _cents(given["CuryTotOrd"]), state)


class AcumaticaDesk(ErpDesk):
    write_match, shipment_field = "/SalesOrder?$expand", "ShipmentNbr"

    def item(self, given: Mapping[str, Any]) -> Item:
        return Item(given["InventoryID"], _on_hand(given["stock"], "WarehouseID"))

    def order(self, given: Mapping[str, Any]) -> SalesOrder:
        status = given["Status"]
        state = "cancelled" if status in ("Canceled", "Cancelled") else "open"
        if given.get("Shipments") or status in ("Shipping", "Completed", "Invoiced"):
            state = "shipped"
        return SalesOrder(
            given["OrderNbr"], given.get("CustomerOrder") or "", _cents(given["OrderTotal"]), state
        )


class Sage500Desk(ErpDesk):
    # The second of two slices is the one that commits the imported order.
    write_match, shipment_field = "EXEC spSOapiSalesOrdIns? slice 2", "ShipKey"
    _CANCELED = 3

    def item(self, given: Mapping[str, Any]) -> Item:
        # What stands in quarantine is not for sale and not what a person counts here.
        bins = [one for one in given["bins"] if not one["ExclFromAvail"]]
        return Item(given["ItemID"], _on_hand(bins, "WhseID"))

    def parcel(self) -> dict[str, Any]:
        # Sage ships without a tracking number unless it is told one.
        return {"tracking": [f"1Z999AA1{secrets.randbelow(10**8):08d}"]}

    def order(self, given: Mapping[str, Any]) -> SalesOrder:
        state = "shipped" if given["shipments"] else "open"
        if int(given["Status"]) == self._CANCELED:
            state = "cancelled"
        return SalesOrder(given["TranNo"], given["UserFld1"] or "", _cents(given["TranAmt"]), state)


STORES: Mapping[str, StoreDesk] = {"x_cart": XCartDesk(), "clarity_ecommerce": ClarityDesk()}
ERPS: Mapping[str, ErpDesk] = {
    "dynamics_sl": DynamicsSlDesk(),
    "acumatica": AcumaticaDesk(),
    "sage_500": Sage500Desk(),
}
