"""Places orders as a shopper would: lines from the shop's goods, amounts that add up, a payment beside it."""

import random
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.sandbox.clarity_ecommerce import clock
from integrations.sandbox.clarity_ecommerce.goods import Goods
from integrations.sandbox.clarity_ecommerce.people import address
from integrations.sandbox.clarity_ecommerce.records import Records, Stored
from integrations.sandbox.clarity_ecommerce.tables import Settings
from integrations.sandbox.clarity_ecommerce.webhooks import Webhooks
from integrations.sandbox.core.state import State

_CENT = Decimal("0.01")
_SHIPPING = {"UPS Ground": Decimal("5.00"), "UPS Next Day Air": Decimal("24.90"), "Local Pickup": Decimal(0)}
_TAX_PERCENT = Decimal("8.25")


@dataclass(frozen=True, slots=True)
class Sums:
    """The amounts of an order."""

    shipping: Decimal
    handling: Decimal
    fees: Decimal
    order_discount: Decimal
    order_tax: Decimal


class Placing:
    """Makes orders from options; what is left open is drawn from the site's seed and the order id."""

    def __init__(
        self, state: State, settings: Settings, records: Records, goods: Goods, webhooks: Webhooks
    ) -> None:
        self._state = state
        self._settings = settings
        self._records = records
        self._goods = goods
        self._webhooks = webhooks

    def place(self, options: dict[str, Any]) -> list[Stored]:
        """Place ``count`` orders (1 when left out) in one transaction."""
        with self._state.transaction():
            return [self._place_one(options) for _ in range(int(options.get("count", 1)))]

    def _place_one(self, options: dict[str, Any]) -> Stored:
        number = self._records.take_number("order")
        draw = random.Random(f"{self._settings['seed']}-{number}")  # noqa: S311  invented shoppers
        customer = None if options.get("guest") else self._shopper(draw, options)
        billing = self._address(customer, options)
        lines = [_line(place, each) for place, each in enumerate(self._wanted(draw, options), start=1)]
        totals = _totals(lines, _sums(options))
        moment = clock.text(clock.now(self._settings))
        method = options.get("payment_method", "Credit Card")
        body = {
            "orderNumber": options.get("number") or f"W-{number}",
            "customerId": customer.id if customer else None,
            "customerKey": customer.body["customerKey"] if customer else None,
            "orderDate": moment,
            "modifiedDate": moment,
            "status": options.get("status", "Confirmed"),
            "currency": options.get("currency", self._settings["currency"]),
            "purchaseOrderNumber": options.get("purchase_order"),
            "totals": totals,
            "totalAmount": totals["total"],
            "shippingMethod": options.get("shipping_method", "UPS Ground"),
            "shippingAddress": None if options.get("pickup") else {**billing, **options.get("ship_to", {})},
            "billingAddress": billing,
            "lineItems": lines,
            "paymentInfo": {
                "method": method,
                "status": "captured",
                "transactionId": f"ch_{number}",
                "amount": totals["total"],
                "last4": "4242" if method == "Credit Card" else None,
            },
            "coupons": [{"code": options["coupon"], "amount": totals["discounts"]}]
            if "coupon" in options
            else [],
            "shipments": [],
            "attributes": dict(options.get("attributes", {})),
            "notes": options.get("notes"),
        }
        order = self._records.add_numbered("order", number, body, body["orderNumber"])
        for line in lines:
            self._goods.allocate(line["sku"], line["quantity"])
        self._pay(order)
        self._webhooks.announce("order.created", {"orderId": order.id})
        return order

    def _shopper(self, draw: random.Random, options: dict[str, Any]) -> Stored | None:
        if "email" in options:
            return self._records.by_key("customer", str(options["email"]).lower())
        return draw.choice(self._records.all("customer"))

    def _address(self, customer: Stored | None, options: dict[str, Any]) -> dict[str, Any]:
        kept = customer.body["addresses"][0] if customer and customer.body["addresses"] else {}
        given = options.get("address", {})
        mail = options.get("email") or (customer.body["email"] if customer else "guest@example.com")
        start = {
            "firstName": "Sam",
            "lastName": "Roe",
            "street1": "9 Elm St",
            "city": "Dallas",
            "region": "TX",
        }
        return address({**start, "postalCode": "75201", "country": "US", **kept, "email": mail, **given})

    def _wanted(self, draw: random.Random, options: dict[str, Any]) -> list[dict[str, Any]]:
        if "lines" in options:
            found = [(each, self._goods.by_sku(each["sku"])) for each in options["lines"]]
            return [{**(_article(product) if product else {}), **each} for each, product in found]
        products = self._records.all("product")
        chosen = draw.sample(products, draw.randint(1, 3))
        return [{**_article(each), "quantity": draw.randint(1, 4)} for each in chosen]

    def _pay(self, order: Stored) -> None:
        paid = order.body["paymentInfo"]
        payment = {
            "orderId": order.id,
            "amount": paid["amount"],
            "currency": order.body["currency"],
            "method": paid["method"],
            "type": "sale",
            "status": "captured",
            "transactionId": paid["transactionId"],
            "authCode": None,
            "last4": paid["last4"],
            "receivedDate": order.body["orderDate"],
        }
        stored = self._records.add("payment", payment)
        self._webhooks.announce("payment.received", {"paymentId": stored.id, "orderId": order.id})

    def request_return(self, order: Stored, options: dict[str, Any]) -> Stored:
        """Let a shopper ask to send the first line back."""
        line = order.body["lineItems"][0]
        number = self._records.take_number("return")
        body = {
            "returnNumber": f"R-{number}",
            "orderId": order.id,
            "customerId": order.body["customerId"],
            "status": "requested",
            "reason": options.get("reason", "Damaged"),
            "refundAmount": line["unitPrice"],
            "lines": [
                {
                    "lineId": line["lineId"],
                    "sku": line["sku"],
                    "quantity": 1,
                    "reason": None,
                    "condition": None,
                }
            ],
            "createdDate": clock.text(clock.now(self._settings)),
            "attributes": {},
        }
        stored = self._records.add_numbered("return", number, body, None)
        self._webhooks.announce("return.created", {"returnId": stored.id})
        return stored


def _article(product: Stored) -> dict[str, Any]:
    return {name: product.body[name] for name in ("sku", "name", "price", "uom")}


def _exact(value: Any) -> Decimal:
    return Decimal(str(value))


def _line(place: int, given: dict[str, Any]) -> dict[str, Any]:
    quantity, price = _exact(given["quantity"]), _exact(given.get("price", 10))
    discount = _exact(given.get("discount", 0))
    taxed = (quantity * price - discount) * _TAX_PERCENT / 100
    tax = _exact(given["tax"]) if "tax" in given else taxed.quantize(_CENT, ROUND_HALF_UP)
    return {
        "lineId": int(given.get("lineId", place)),
        "sku": given["sku"],
        "name": given.get("name", given["sku"]),
        "quantity": _number(quantity),
        "unitPrice": _number(price),
        "discount": _number(discount),
        "tax": _number(tax),
        "uom": given.get("uom", "EA"),
    }


def _sums(options: dict[str, Any]) -> Sums:
    method = options.get("shipping_method", "UPS Ground")
    return Sums(
        _exact(options.get("shipping", _SHIPPING.get(method, Decimal("7.50")))),
        _exact(options.get("handling", 0)),
        _exact(options.get("fees", 0)),
        _exact(options.get("discount", 0)),
        _exact(options.get("order_tax", 0)),
    )


def _totals(lines: list[dict[str, Any]], sums: Sums) -> dict[str, Any]:
    goods = sum((_exact(each["quantity"]) * _exact(each["unitPrice"]) for each in lines), Decimal(0))
    discounts = sum((_exact(each["discount"]) for each in lines), sums.order_discount)
    tax = sum((_exact(each["tax"]) for each in lines), sums.order_tax)
    total = goods - discounts + sums.shipping + sums.handling + sums.fees + tax
    named = {
        "subTotal": goods,
        "shipping": sums.shipping,
        "handling": sums.handling,
        "fees": sums.fees,
        "discounts": discounts,
        "tax": tax,
        "total": total,
    }
    return {name: _number(value) for name, value in named.items()}


def _number(value: Decimal) -> float | int:
    """Return a JSON number of at most four decimals, whole ones without a point."""
    rounded = value.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
