"""Places orders as shoppers do: one at a time with chosen contents, or many in one transaction.

Whatever the caller leaves open is drawn from a random generator seeded with the shop's seed and the order id,
so that the same shop places the same orders.
"""

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock, numbering, statuses
from integrations.sandbox.x_cart.basket import Basket, Line, priced
from integrations.sandbox.x_cart.people import (
    COUPONS,
    NAMES,
    PAYMENT_METHODS,
    SHIPPING_CENTS,
    SHIPPING_METHODS,
    Town,
    find_town,
)
from integrations.sandbox.x_cart.tables import Settings

KNOWN_OPTIONS = frozenset(
    {
        "count",
        "lines",
        "email",
        "guest",
        "firstname",
        "lastname",
        "company",
        "phone",
        "coupon",
        "shipping_method",
        "payment_method",
        "country",
        "state",
        "payment_status",
        "shipping_status",
        "has_included_tax",
        "volume_discount",
        "handling",
        "refund",
        "tracking",
        "notes",
        "currency",
    }
)

UNKNOWN_KEYS = {"usps_shipments": [], "gross_profit": 12.5, "lost": False, "mobile_order": False}
"""What add-ons hang onto an order; a reader must not stumble over them."""


@dataclass(frozen=True, slots=True)
class Placed:
    id: int
    order_number: str


@dataclass(frozen=True, slots=True)
class _Shopper:
    customer_id: int | None
    email: str
    firstname: str
    lastname: str
    company: str
    phone: str


class Placing:
    """Writes new orders into the state; the caller announces them."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def place(self, options: Mapping[str, Any]) -> list[Placed]:
        """Place ``count`` (default 1) orders in one transaction. Raises ValueError on bad options."""
        unknown = set(options) - KNOWN_OPTIONS
        if unknown:
            raise ValueError(f"unknown options: {', '.join(sorted(unknown))}")
        count = int(options.get("count", 1))
        with self._state.transaction() as db:
            goods = _Goods(db)
            first_id = numbering.take(db, "order", count)
            first_number = numbering.take(db, "order_number", count)
            return [
                self._place_one(db, goods, first_id + index, str(first_number + index), options)
                for index in range(count)
            ]

    def _place_one(
        self, db: sqlite3.Connection, goods: "_Goods", order_id: int, number: str, options: Mapping[str, Any]
    ) -> Placed:
        draw = random.Random(f"{self._settings['seed']}/{order_id}")  # noqa: S311 - demo contents
        town = find_town(options.get("country", "US"), options.get("state", ""))
        if "state" not in options and "country" not in options:
            town = find_town("US", draw.choice(("TX", "CA", "NY", "IL", "GA", "OR")))
        shopper = _shopper(db, options, draw)
        now = clock.now(self._settings)
        shipping_method = options.get("shipping_method") or draw.choice(("Courier", "Courier", "Express air"))
        basket = Basket(
            lines=goods.lines(options.get("lines"), draw),
            shipping_cents=SHIPPING_CENTS.get(shipping_method, 700),
            tax_basis_points=town.tax_basis_points,
            has_included_tax=bool(options.get("has_included_tax", False)),
            volume_discount_cents=round(float(options.get("volume_discount", 0)) * 100),
            coupon=_coupon(options.get("coupon", "")),
            handling_cents=round(float(options.get("handling", 0)) * 100),
        )
        payment, shipping = options.get("payment_status", "P"), options.get("shipping_status", "N")
        order = self._document(db, order_id, number, basket, town, shopper, (payment, shipping), now, options)
        order["shipping_id"] = SHIPPING_METHODS.get(shipping_method, 99)
        order["shipping_method_name"] = shipping_method
        transactions = _transactions(db, order, options, draw, now)
        db.execute(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                order_id,
                number,
                shopper.email,
                now,
                now,
                payment,
                shipping,
                json.dumps(order, ensure_ascii=False),
                json.dumps(transactions, ensure_ascii=False),
            ),
        )
        db.execute(
            "INSERT INTO history (order_id, at, text) VALUES (?, ?, ?)", (order_id, now, "Order placed")
        )
        if order["stock_status"] == "reduced":
            move_stock(db, order, -1)
        return Placed(order_id, number)

    def _document(
        self,
        db: sqlite3.Connection,
        order_id: int,
        number: str,
        basket: Basket,
        town: Town,
        shopper: _Shopper,
        status: tuple[str, str],
        now: int,
        options: Mapping[str, Any],
    ) -> dict[str, Any]:
        amounts, items = priced(basket)
        moment = clock.utc_text(now)
        first_item = numbering.take(db, "item", len(items))
        first_address = numbering.take(db, "address", 2)
        code, kind, value = basket.coupon or ("", "", 0)
        numbers = [str(each) for each in options.get("tracking", ())]
        first_tracking = numbering.take(db, "tracking", len(numbers))
        return {
            "id": order_id,
            "order_number": number,
            "total": amounts["total"],
            "sub_total": amounts["sub_total"],
            "currency": options.get("currency") or self._settings["currency"],
            "email": shopper.email,
            "customer_id": shopper.customer_id,
            "order_profile_id": numbering.take(db, "order_profile"),
            "create_date": moment,
            "update_date": moment,
            "payment_status": statuses.as_json(statuses.PAYMENT, status[0]),
            "shipping_status": statuses.as_json(statuses.SHIPPING, status[1]),
            "stock_status": statuses.stock_status(*status),
            "billing_address": _address(first_address, shopper, town, is_billing=True),
            "shipping_address": _address(first_address + 1, shopper, town, is_billing=False),
            "items": [
                {"id": first_item + index, "update_date": moment, **item} for index, item in enumerate(items)
            ],
            "surcharges": amounts["surcharges"],
            "tracking_numbers": [
                {"id": first_tracking + index, "date": moment, "value": each}
                for index, each in enumerate(numbers)
            ],
            "used_coupons": [{"id": 1, "code": code, "value": value, "type": kind, "coupon_id": 9}]
            if code
            else [],
            "notes": options.get("notes", ""),
            "admin_notes": "",
            **(UNKNOWN_KEYS if self._settings["has_unknown_keys"] else {}),
        }


class _Goods:
    """The catalogue as it is while orders are placed: SKU -> product or variant."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._by_sku: dict[str, tuple[int, int | None, str, int]] = {}
        self._single: list[str] = []
        for row in db.execute("SELECT id, sku, body FROM products ORDER BY id"):
            body = json.loads(row["body"])
            self._by_sku[row["sku"]] = (row["id"], None, body["name"], round(body["price"] * 100))
            if body.get("enabled", True) and not body.get("is_demo_variant_parent"):
                self._single.append(row["sku"])
        for row in db.execute("SELECT id, product_id, sku, body FROM variants"):
            body = json.loads(row["body"])
            self._by_sku[row["sku"]] = (
                row["product_id"],
                row["id"],
                body["name"],
                round(body["price"] * 100),
            )

    def lines(self, wanted: list[dict[str, Any]] | None, draw: random.Random) -> list[Line]:
        if wanted is None:
            chosen = draw.sample(self._single, k=min(draw.randint(1, 4), len(self._single)))
            wanted = [{"sku": sku, "quantity": draw.choice((1, 1, 1, 2, 3))} for sku in chosen]
        lines = []
        for each in wanted:
            sku = each["sku"]
            if sku not in self._by_sku:
                raise ValueError(f"the shop sells no {sku}")
            product_id, variant_id, name, cents = self._by_sku[sku]
            if "price" in each:
                cents = round(float(each["price"]) * 100)
            quantity = int(each.get("quantity", 1))
            lines.append(Line(product_id, variant_id, sku, each.get("name", name), cents, quantity))
        return lines


def _shopper(db: sqlite3.Connection, options: Mapping[str, Any], draw: random.Random) -> _Shopper:
    first, last = draw.choice(NAMES)
    first, last = options.get("firstname", first), options.get("lastname", last)
    email = options.get("email") or ""
    if not email and not options.get("guest"):
        row = db.execute(
            "SELECT login FROM profiles ORDER BY id LIMIT 1 OFFSET ?", (draw.randrange(8),)
        ).fetchone()
        email = row["login"] if row else ""
    email = email or f"guest{draw.randrange(100_000)}@example.com"
    row = None
    if not options.get("guest"):
        row = db.execute("SELECT id, body FROM profiles WHERE login = ?", (email,)).fetchone()
    if row is not None and "lastname" not in options:
        address = db.execute(
            "SELECT body FROM addresses WHERE profile_id = ? ORDER BY id LIMIT 1", (row["id"],)
        ).fetchone()
        if address is not None:
            named = json.loads(address["body"])
            first, last = named["firstname"], named["lastname"]
    return _Shopper(
        customer_id=row["id"] if row else None,
        email=email,
        firstname=first,
        lastname=last,
        company=options.get("company", ""),
        phone=options.get("phone", f"+1512555{draw.randrange(10_000):04d}"),
    )


def _address(number: int, shopper: _Shopper, town: Town, *, is_billing: bool) -> dict[str, Any]:
    return {
        "id": number,
        "is_billing": is_billing,
        "is_shipping": not is_billing,
        "is_work": False,
        "type": "R",
        "title": "",
        "firstname": shopper.firstname,
        "lastname": shopper.lastname,
        "phone": shopper.phone,
        "street": town.street,
        "zipcode": town.zipcode,
        "city": town.city,
        "country_code": town.country,
        "state": town.state_id,
        "state_name": town.state_name,
        "custom_fields": [{"name": "company", "value": shopper.company}] if shopper.company else [],
    }


def _coupon(code: str) -> tuple[str, str, float] | None:
    if not code:
        return None
    for coupon in COUPONS:
        if coupon[0] == code:
            return coupon
    raise ValueError(f"no coupon {code}; known: {', '.join(each[0] for each in COUPONS)}")


def _transactions(
    db: sqlite3.Connection,
    order: dict[str, Any],
    options: Mapping[str, Any],
    draw: random.Random,
    now: int,
) -> list[dict[str, Any]]:
    """Return the order's payment transactions; a refund is a backend transaction of the sale."""
    method = options.get("payment_method") or draw.choice(("Credit card", "Credit card", "PayPal"))
    code = order["payment_status"]["code"]
    public = f"{draw.getrandbits(24):06X}"
    backend = []
    if options.get("refund"):
        backend.append(
            {
                "id": numbering.take(db, "backend_transaction"),
                "type": "refundPart",
                "date": clock.utc_text(now),
                "status": "S",
                "value": float(options["refund"]),
                "data": [],
            }
        )
    return [
        {
            "id": numbering.take(db, "transaction"),
            "public_id": f"{order['order_number']}-{public}",
            "public_txn_id": public,
            "method_id": PAYMENT_METHODS.get(method, 99),
            "type": "auth" if code == "A" else "sale",
            "status": {"Q": "W", "D": "F", "C": "C"}.get(code, "S"),
            "date": clock.utc_text(now),
            "value": order["total"],
            "currency": order["currency"],
            "name": method,
            "local_name": method,
            "note": "",
            "data": [{"id": 1, "name": "cc_number", "label": "Card", "value": "4111111111111111"}]
            if method == "Credit card"
            else [],
            "backend_transactions": backend,
        }
    ]


def move_stock(db: sqlite3.Connection, order: dict[str, Any], sign: int) -> None:
    """Take an order's goods from stock (-1) or give them back (+1); never below zero."""
    for item in order["items"]:
        variant = item["variant"]
        if variant is not None:
            row = db.execute("SELECT body FROM variants WHERE id = ?", (variant,)).fetchone()
            if row is not None and not json.loads(row["body"])["default_amount"]:
                db.execute(
                    "UPDATE variants SET amount = max(0, amount + ?) WHERE id = ?",
                    (sign * item["amount"], variant),
                )
                continue
        db.execute(
            "UPDATE products SET amount = max(0, amount + ?) WHERE id = ?",
            (sign * item["amount"], item["product_id"]),
        )
