"""What happens to placed orders: status changes with their stock moves and e-mails, tracking numbers."""

import json
import sqlite3
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock, numbering, statuses
from integrations.sandbox.x_cart.placing import move_stock
from integrations.sandbox.x_cart.tables import Settings


class Orders:
    """Changes orders in the state; each method is one transaction and returns None for an unknown id."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def get(self, order_id: int) -> dict[str, Any] | None:
        row = self._state.row("SELECT body FROM orders WHERE id = ?", (order_id,))
        return json.loads(row["body"]) if row else None

    def set_status(self, order_id: int, axis: str, code: str) -> dict[str, Any] | None:
        """Set ``payment_status`` or ``shipping_status`` to a known code and return the order.

        Setting shipping ``S`` sends the "order shipped" e-mail every time, also when it is ``S`` already.
        """
        table = statuses.PAYMENT if axis == "payment_status" else statuses.SHIPPING
        with self._state.transaction() as db:
            order = self.get(order_id)
            if order is None:
                return None
            order[axis] = statuses.as_json(table, code)
            stock = statuses.stock_status(order["payment_status"]["code"], order["shipping_status"]["code"])
            if stock != order["stock_status"]:
                move_stock(db, order, -1 if stock == "reduced" else 1)
                order["stock_status"] = stock
            if axis == "shipping_status" and code == "S":
                self._send_mail(db, order)
            self._store(db, order, f"{axis} set to {code}")
            return order

    def add_tracking(self, order_id: int, value: str) -> dict[str, Any] | None:
        """Append a tracking number and return it as the add-on's route does; it does not look for doubles."""
        with self._state.transaction() as db:
            order = self.get(order_id)
            if order is None:
                return None
            moment = clock.utc_text(clock.now(self._settings))
            number = {"id": numbering.take(db, "tracking"), "date": moment, "value": value}
            order["tracking_numbers"].append(number)
            self._store(db, order, f"tracking number {value}")
            return number

    def add_payment(self, order_id: int, given: dict[str, Any]) -> dict[str, Any] | None:
        """Append a step of the gateway (``type``, ``value``, ``status`` = S) to the order's first transaction."""
        with self._state.transaction() as db:
            row = self._state.row("SELECT transactions FROM orders WHERE id = ?", (order_id,))
            order = self.get(order_id)
            if row is None or order is None:
                return None
            transactions = json.loads(row["transactions"])
            step = {
                "id": numbering.take(db, "backend_transaction"),
                "type": str(given["type"]),
                "date": clock.utc_text(clock.now(self._settings)),
                "status": str(given.get("status", "S")),
                "value": float(given["value"]),
                "data": [],
            }
            transactions[0]["backend_transactions"].append(step)
            text = json.dumps(transactions, ensure_ascii=False)
            db.execute("UPDATE orders SET transactions = ? WHERE id = ?", (text, order_id))
            self._store(db, order, f"payment step {step['type']}")
            return step

    def touch(self, order_id: int, changes: dict[str, Any]) -> dict[str, Any] | None:
        """Renew the order, as an edit by the shop's staff does; ``changes`` replaces top-level keys."""
        with self._state.transaction() as db:
            order = self.get(order_id)
            if order is None:
                return None
            order.update(changes)
            self._store(db, order, "edited")
            return order

    def _store(self, db: sqlite3.Connection, order: dict[str, Any], text: str) -> None:
        now = clock.now(self._settings)
        order["update_date"] = clock.utc_text(now)
        db.execute(
            "UPDATE orders SET renewed_at = ?, payment = ?, shipping = ?, body = ? WHERE id = ?",
            (
                now,
                order["payment_status"]["code"],
                order["shipping_status"]["code"],
                json.dumps(order, ensure_ascii=False),
                order["id"],
            ),
        )
        db.execute("INSERT INTO history (order_id, at, text) VALUES (?, ?, ?)", (order["id"], now, text))

    def _send_mail(self, db: sqlite3.Connection, order: dict[str, Any]) -> None:
        numbers = ", ".join(number["value"] for number in order["tracking_numbers"]) or "none"
        db.execute(
            "INSERT INTO outbox (at, recipient, subject, order_id) VALUES (?, ?, ?, ?)",
            (
                clock.now(self._settings),
                order["email"],
                f"Order #{order['order_number']} has been shipped (tracking: {numbers})",
                order["id"],
            ),
        )
