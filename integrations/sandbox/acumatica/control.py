"""The control routes of the Acumatica simulator, for tests, the demo and the portal's sandbox page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.acumatica import shipping, stock
from integrations.sandbox.acumatica.orders import save_order
from integrations.sandbox.acumatica.records import (
    save_customer,
    save_item,
    save_non_stock_item,
    save_purchase_order,
)
from integrations.sandbox.acumatica.wire import FieldErrors, Refusal, answer
from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.core.messages import Request, Response

if TYPE_CHECKING:
    from integrations.sandbox.acumatica.simulator import Acumatica


class Control:
    """Answers the routes below ``/control/`` that belong to this system."""

    def __init__(self, simulator: Acumatica) -> None:
        self._here = simulator

    @staticmethod
    def moment(at: float | None) -> datetime | None:
        """Return the time at which the clock stands: seconds since 1970, None = it runs."""
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def answer(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        """Return the answer, or None where there is no such route. Raises ValueError for refusals."""
        asked = request.json() if request.body else {}
        try:
            return self._answer(method, path, request, asked)
        except FieldErrors as error:
            raise ValueError(str(error)) from error
        except Refusal as refusal:
            raise ValueError(str(refusal.body)) from refusal

    def _answer(self, method: str, path: Sequence[str], request: Request, asked: Any) -> Response | None:
        here, store = self._here, self._here.store
        match (method, *path):
            case ("POST", "settings"):
                return answer(here.change_settings(asked))
            case ("POST", "process"):
                return answer(shipping.run_process(store))
            case ("GET", "orders"):
                return answer(self._orders(request.query))
            case ("POST", "orders"):
                return answer(self._place(asked), 201)
            case ("GET", "orders", number):
                return answer(self._order(number))
            case ("POST", "orders", number, action):
                return self._act(number, action, asked)
            case ("GET", "shippers" | "shipments"):
                return answer(self._shipments(request.query.get("order", "")))
            case ("GET", "customers"):
                wanted = request.query.get("email", "").casefold()
                every = store.all("Customer")
                return answer(
                    [one for one in every if not wanted or str(one.get("Email")).casefold() == wanted]
                )
            case ("POST", "customers"):
                sent = {name: {"value": value} for name, value in asked.items()}
                return answer(save_customer(store, sent, None), 201)
            case ("POST", "customers", number):
                return answer(self._change_customer(number, asked))
            case ("GET", "payments"):
                return answer(list(store.all("Payment")))
            case ("GET", "journals"):
                return answer(list(store.all("JournalTransaction")))
            case ("GET", "counts", what):
                return self._counts(what)
            case ("GET", "messages"):
                return answer(here.push.listing())
            case ("POST", "messages", number, "resend"):
                here.push.resend(int(number))
                return answer({"number": int(number)})
            case ("POST", "sessions", "expire"):
                here.sessions.drop_all()
                return answer({"open": 0})
            case ("POST", "refresh-token"):
                return answer({"refresh_token": here.sessions.new_refresh_token()})
            case ("POST", "non-stock-items"):
                return answer(save_non_stock_item(store, _wrapped(asked), None), 201)
            case ("POST", "purchase-orders"):
                header = {name: value for name, value in asked.items() if name != "lines"}
                lines = [_wrapped(line) for line in asked.get("lines") or ()]
                return answer(save_purchase_order(store, {**_wrapped(header), "Details": lines}, None), 201)
            case (_, "items", *_):
                return self._items(method, path[1:], asked)
        return None

    def _orders(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        wanted = query.get("reference", "")
        found = [
            one
            for one in self._here.store.all("SalesOrder")
            if not wanted or wanted in (one.get("CustomerOrder"), one.get("ExternalRef"))
        ]
        return list(reversed(found))[: int(query.get("limit", "200"))]

    def _order(self, number: str) -> dict[str, Any]:
        found = self._here.store.get("SalesOrder", *(number.split("|") if "|" in number else ("SO", number)))
        if found is None:
            raise KeyError(number)
        return found

    def _place(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Enter orders as a clerk would: ``count``, ``lines`` and any field of the header."""
        store = self._here.store
        header = {
            name: {"value": value}
            for name, value in asked.items()
            if name not in ("count", "lines", "freight")
        }
        lines = [
            {name: {"value": value} for name, value in line.items()}
            for line in asked.get("lines") or [{"InventoryID": CATALOGUE[0].sku, "OrderQty": 1}]
        ]
        sent: dict[str, Any] = {"CustomerID": {"value": "GOODFOOD"}, "Hold": {"value": False}, **header}
        sent["Details"] = lines
        if "freight" in asked:
            sent["ShippingSettings"] = {
                "OverrideFreightPrice": {"value": True}, "FreightPrice": {"value": str(asked["freight"])},
            }  # fmt: skip
        placed = [save_order(store, sent, None) for _ in range(int(asked.get("count", 1)))]
        return {"orders": [f"{one['OrderType']}/{one['OrderNbr']}" for one in placed]}

    def _change_customer(self, number: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Change a customer as a clerk would; parts such as MainContact are objects of plain values."""
        store = self._here.store
        held = store.get("Customer", number)
        if held is None:
            raise KeyError(number)
        return save_customer(store, _wrapped(asked), held)

    def _act(self, number: str, action: str, asked: Mapping[str, Any]) -> Response | None:
        store, order = self._here.store, self._order(number)
        if action == "ship":
            shipment = shipping.create_shipment(store, order, quantities=asked.get("lines"))
            shipping.confirm_shipment(store, shipment, asked.get("tracking") or ())
            return answer({"ShipmentNbr": shipment["ShipmentNbr"]}, 201)
        if action == "invoice":
            shipments = [store.get("Shipment", row["ShipmentNbr"]) for row in order.get("Shipments") or ()]
            made = [
                shipping.prepare_invoice(store, one)
                for one in shipments
                if one and one["Status"] == "Confirmed"
            ]
            return answer({"invoices": [one["ReferenceNbr"] for one in made]}, 201)
        if action in ("hold", "release"):
            save_order(store, {"Hold": {"value": action == "hold"}}, order)
        elif action == "cancel":
            shipping.cancel_order(store, order)
        else:
            return None
        return answer(self._order(number))

    def _shipments(self, order: str) -> list[dict[str, Any]]:
        every = self._here.store.all("Shipment")
        return [one for one in every if not order or any(row["OrderNbr"] == order for row in one["Orders"])]

    def _counts(self, what: str) -> Response | None:
        """Return how many orders there are per reference, or customers per e-mail."""
        names = {"orders": ("SalesOrder", "CustomerOrder"), "customers": ("Customer", "Email")}
        if what not in names:
            return None
        entity, field = names[what]
        counts: dict[str, int] = {}
        for one in self._here.store.all(entity):
            key = str(one.get(field) or "").lower() if what == "customers" else str(one.get(field) or "")
            counts[key] = counts.get(key, 0) + 1
        return answer(counts)

    def _item(self, number: str) -> dict[str, Any]:
        held = self._here.store.get("StockItem", number)
        if held is None:
            raise KeyError(number)
        return held

    def _items(self, method: str, path: Sequence[str], asked: Mapping[str, Any]) -> Response | None:
        store = self._here.store
        match (method, *path):
            case ("GET",):
                return answer(
                    [
                        {**one, "stock": stock.quantities(store, one["InventoryID"])}
                        for one in store.all("StockItem")
                    ]
                )
            case ("POST",):
                sent = {name: {"value": value} for name, value in asked.items() if name != "stock"}
                item = save_item(store, sent, None)
                stock.count_stock(store, item["InventoryID"], "MAIN", Decimal(str(asked.get("stock", 0))))
                return answer(item, 201)
            case ("POST", number):
                return answer(save_item(store, _wrapped(asked), self._item(number)))
            case ("DELETE", number):
                store.delete("StockItem", self._item(number))
                return answer({"removed": number})
            case ("POST", number, "stock"):
                site = str(asked.get("warehouse", asked.get("site", "MAIN")))
                self._item(number)
                stock.count_stock(store, number, site, Decimal(str(asked["qty"])))
                return answer({"InventoryID": number, "WarehouseID": site, "QtyOnHand": asked["qty"]})
        return None


def _wrapped(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain values in the envelope of the wire, parts all the way down."""
    return {
        name: _wrapped(value) if isinstance(value, Mapping) else {"value": value}
        for name, value in plain.items()
    }
