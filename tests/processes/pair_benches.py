"""The four ready pairs as a person at both screens sees them: place, ship, cancel, count; and what the other side shows.

Each store and each ERP is one class over the control API of its simulator; a bench joins two of them.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests


@dataclass(frozen=True)
class Simulator:
    """The control API of one simulator."""

    control_url: str
    token: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(
            method, f"{self.control_url}/{path}", json=body, timeout=30,
            headers={"Authorization": f"Bearer {self.token}"},
        )  # fmt: skip
        assert answer.status_code < 400, f"{method} {path}: {answer.text}"
        return answer.json(parse_float=Decimal)


@dataclass(frozen=True)
class Placed:
    """An order as the shop confirmed it."""

    id: str
    number: str


class Store(Simulator):
    prefix = ""

    def place(self, **options: Any) -> Placed:
        placed = self.ask("POST", "orders", options)
        return Placed(str(placed["id"]), str(placed["order_number"]))

    def order(self, placed: Placed) -> Any:
        return self.ask("GET", f"orders/{placed.id}")

    def price(self, sku: str) -> Decimal:
        return next(Decimal(str(one["price"])) for one in self.ask("GET", "products") if one["sku"] == sku)


class XCart(Store):
    prefix = "XC-"

    def place_unpaid(self) -> Placed:
        """An order that the ERP may still cancel."""
        return self.place(payment_status="Q")

    def total(self, placed: Placed) -> Decimal:
        return Decimal(str(self.order(placed)["total"]))

    def capture(self, placed: Placed) -> None:
        """Let the gateway take what it had authorised."""
        taken = {"type": "capture", "value": float(self.total(placed))}
        self.ask("POST", f"orders/{placed.id}/payment", taken)

    def is_acknowledged(self, placed: Placed, erp_number: str) -> bool:
        return bool(self.order(placed)["shipping_status"]["code"] == "P")

    def tracking(self, placed: Placed) -> list[str]:
        return [each["value"] for each in self.order(placed)["tracking_numbers"]]

    def is_shipped(self, placed: Placed) -> bool:
        return bool(self.order(placed)["shipping_status"]["code"] == "S")

    def is_cancelled(self, placed: Placed) -> bool:
        return bool(self.order(placed)["shipping_status"]["code"] == "WND")

    def stock(self, sku: str) -> int:
        return next(int(each["amount"]) for each in self.ask("GET", "products") if each["sku"] == sku)

    def open_account(self, email: str) -> None:
        address = {
            "firstname": "Nia",
            "lastname": "Fox",
            "street": "9 Elm St",
            "city": "Dallas",
            "zipcode": "75201",
        }
        self.ask("POST", "customers", {"email": email, "country_code": "US", "state_code": "TX", **address})

    def shows_number(self, email: str, number: str) -> bool:
        """Return whether the shopper's account names the customer number of the ERP."""
        (found,) = [each for each in self.ask("GET", "customers") if each["login"] == email]
        return number in str(found["status_comment"]).split()


class ClarityCommerce(Store):
    prefix = "CE-"

    def place_unpaid(self) -> Placed:
        return self.place()

    def total(self, placed: Placed) -> Decimal:
        return Decimal(str(self.order(placed)["totalAmount"]))

    def is_acknowledged(self, placed: Placed, erp_number: str) -> bool:
        order = self.order(placed)
        return (order["status"], order["attributes"].get("erpOrderNumber")) == ("Processing", erp_number)

    def tracking(self, placed: Placed) -> list[str]:
        return [each["trackingNumber"] for each in self.order(placed)["shipments"]]

    def is_shipped(self, placed: Placed) -> bool:
        return bool(self.order(placed)["status"] == "Shipped")

    def is_cancelled(self, placed: Placed) -> bool:
        return bool(self.order(placed)["status"] == "Void")

    def stock(self, sku: str) -> int:
        rows = self.ask("GET", "inventory")
        return next(int(one["quantity"]) for one in rows if (one["sku"], one["locationKey"]) == (sku, "MAIN"))

    def open_account(self, email: str) -> None:
        self.ask("POST", "customers", {"name": "Nia Fox", "email": email})

    def shows_number(self, email: str, number: str) -> bool:
        (found,) = [each for each in self.ask("GET", "customers") if each["email"] == email]
        return bool(found["customerKey"] == number)

    def ask_return(self, placed: Placed) -> Any:
        return self.ask("POST", f"orders/{placed.id}/return", {})


@dataclass(frozen=True)
class SalesOrder:
    number: str
    total: Decimal


class Erp(Simulator):
    number_field, total_field, customer_field = "", "", ""

    def orders(self, reference: str) -> list[SalesOrder]:
        found = self.ask("GET", f"orders?reference={reference}")
        return [
            SalesOrder(str(each[self.number_field]).strip(), round(Decimal(str(each[self.total_field])), 2))
            for each in found
        ]

    def ship(self, order: SalesOrder, tracking: str) -> None:
        self.ask("POST", f"orders/{order.number}/ship", {"tracking": [tracking]})

    def cancel(self, order: SalesOrder) -> None:
        self.ask("POST", f"orders/{order.number}/cancel")

    def count(self, sku: str, quantity: int) -> None:
        self.ask("POST", f"items/{sku}/stock", {"qty": quantity})

    def customers(self, email: str) -> list[Any]:
        return list(self.ask("GET", f"customers?email={email}"))

    def number_of(self, customer: Any) -> str:
        return str(customer[self.customer_field]).strip()


class DynamicsSl(Erp):
    number_field, total_field, customer_field = "OrdNbr", "CuryTotOrd", "CustId"

    def receipts(self, order: SalesOrder) -> list[Decimal]:
        """Return the amounts that were paid for an order in advance."""
        found = self.ask("GET", "documents?DocType=PP")
        return [
            round(Decimal(str(one["CuryOrigDocAmt"])), 2)
            for one in found
            if one["OrdNbr"].strip() == order.number
        ]

    def reprice(self, sku: str, price: str) -> None:
        self.ask("POST", "items", {"InvtID": sku, "Descr": "Linen shade, 40 cm", "price": price, "stock": 33})


class Acumatica(Erp):
    number_field, total_field, customer_field = "OrderNbr", "OrderTotal", "CustomerID"

    def receipts(self, order: SalesOrder) -> list[Decimal]:
        """Return the amounts of the payments that are applied to an order."""
        return [
            round(Decimal(str(one["PaymentAmount"])), 2)
            for one in self.ask("GET", "payments")
            if order.number in [row["OrderNbr"] for row in one["OrdersToApply"]]
        ]

    def reprice(self, sku: str, price: str) -> None:
        self.ask("POST", f"items/{sku}", {"DefaultPrice": price})


class Sage500(Erp):
    number_field, total_field, customer_field = "TranNo", "TranAmt", "CustID"

    def receipts(self, order: SalesOrder) -> list[Decimal]:
        """Return the amounts of the posted receipts that were entered for an order."""
        staged = self.ask("GET", f"tables/StgCashReceipt?ApplyToTranID={order.number}-SO")
        ours = {one["UserFld1"] for one in staged}
        found = self.ask("GET", "tables/tarCustPmt")
        return [round(Decimal(str(one["TranAmt"])), 2) for one in found if one["UserFld1"] in ours]

    def reprice(self, sku: str, price: str) -> None:
        self.ask("POST", f"items/{sku}/price", {"price": price})


@dataclass(frozen=True)
class PairBench:
    """A store, an ERP, and how an order of the one is called in the other."""

    store: Any
    erp: Any

    def sales_orders(self, placed: Placed) -> list[SalesOrder]:
        found: list[SalesOrder] = self.erp.orders(f"{self.store.prefix}{placed.number}")
        return found


STORES = {"x_cart": XCart, "clarity_ecommerce": ClarityCommerce}
ERPS = {"dynamics_sl": DynamicsSl, "acumatica": Acumatica, "sage_500": Sage500}


def bench_of(ready: dict[str, Any], store: str, erp: str) -> PairBench:
    """Return the bench of a pair in an installation that runs with ``--pairs all``."""
    demo = ready["demos"].get(f"{store}-{erp}")
    if demo is None:  # the first pair is there without being opened
        first, second = ready["sandboxes"][store], ready["sandboxes"][erp]
        return PairBench(
            STORES[store](first["control_url"], first["token"]),
            ERPS[erp](second["control_url"], second["token"]),
        )
    return PairBench(
        STORES[store](demo["storefront"]["control_url"], demo["token"]),
        ERPS[erp](demo["erp"]["control_url"], demo["token"]),
    )
