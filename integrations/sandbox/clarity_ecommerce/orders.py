"""Orders: status moves, attributes and shipments, with what follows from them in one transaction."""

from typing import Any

from integrations.sandbox.clarity_ecommerce import clock
from integrations.sandbox.clarity_ecommerce.goods import Goods
from integrations.sandbox.clarity_ecommerce.problems import duplicate, illegal_move, invalid, not_found
from integrations.sandbox.clarity_ecommerce.records import Records, Stored
from integrations.sandbox.clarity_ecommerce.statuses import CLOSED, ORDER_STATUSES, SHIPPED, may_move
from integrations.sandbox.clarity_ecommerce.tables import Settings
from integrations.sandbox.clarity_ecommerce.webhooks import Webhooks
from integrations.sandbox.core.state import State


class Orders:
    """The orders of the site."""

    def __init__(
        self, state: State, settings: Settings, records: Records, goods: Goods, webhooks: Webhooks
    ) -> None:
        self._state = state
        self._settings = settings
        self._records = records
        self._goods = goods
        self._webhooks = webhooks

    def need(self, number: int) -> Stored:
        """Return an order. Raises Refused."""
        found = self._records.get("order", number)
        if found is None:
            raise not_found(f"Order {number}")
        return found

    def move(self, order: Stored, status: str) -> tuple[Stored, bool]:
        """Set a status; return the order and whether the customer's e-mail failed. Raises Refused."""
        custom = list(self._settings["custom_statuses"])
        if status not in (*ORDER_STATUSES, *custom):
            raise invalid({"status": [f"'{status}' is not a known status."]})
        before = order.body["status"]
        if status == before:
            return order, False
        if not may_move(before, status, custom):
            raise illegal_move(f"{before} cannot become {status}.")
        with self._state.transaction():
            return self._set_status(order, {**order.body, "status": status})

    def _set_status(self, order: Stored, body: dict[str, Any]) -> tuple[Stored, bool]:
        before, status = order.body["status"], body["status"]
        if status in CLOSED | SHIPPED and before not in CLOSED | SHIPPED:
            for line in order.body["lineItems"]:
                self._goods.release(line["sku"], open_quantity(order.body, line))
        changed = self._records.put("order", order, body)
        self._webhooks.announce("order.statusChanged", {"orderId": order.id})
        has_failed = bool(self._settings["mail_fails"])
        if not has_failed:
            self._mail(changed.body, f"Your order {body['orderNumber']} is now {status}")
        return changed, has_failed

    def _mail(self, order: dict[str, Any], subject: str) -> None:
        recipient = (order["billingAddress"] or {}).get("email") or ""
        with self._state.transaction() as db:
            db.execute(
                "INSERT INTO outbox (at, recipient, subject, order_id) VALUES (?, ?, ?, ?)",
                (clock.now(self._settings), recipient, subject, order["orderId"]),
            )

    def set_attributes(self, order: Stored, given: dict[str, str | None]) -> Stored:
        """Merge attributes; null deletes. Unchanged ones make no new version. Raises Refused."""
        merged = {**order.body["attributes"], **given}
        merged = {key: value for key, value in merged.items() if value is not None}
        if len(merged) > 64:
            raise invalid({"attributes": ["must be an object of at most 64 keys."]})
        if merged == order.body["attributes"]:
            return order
        with self._state.transaction():
            changed = self._records.put("order", order, {**order.body, "attributes": merged})
            self._webhooks.announce("order.updated", {"orderId": order.id})
        return changed

    def ship(self, order: Stored, given: dict[str, Any]) -> Stored:
        """Add a shipment; the order is Shipped once every line is covered. Raises Refused."""
        body = order.body
        if body["status"] in CLOSED:
            raise illegal_move(f"An order that is {body['status']} takes no shipment.")
        reference = given.get("externalRef")
        if reference and any(each["externalRef"] == reference for each in body["shipments"]):
            raise duplicate(f"Shipment {reference} is on this order.", "externalRef")
        self._refuse_over_shipment(body, given["lines"])
        with self._state.transaction():
            shipment = self._records.add("shipment", _shipment(order.id, given))
            for line in given["lines"]:
                sku = next(one["sku"] for one in body["lineItems"] if one["lineId"] == line["lineId"])
                self._goods.take(sku, line["quantity"])
            changed = {**body, "shipments": [*body["shipments"], shipment.body]}
            is_covered = not any(open_quantity(changed, line) > 0 for line in body["lineItems"])
            if is_covered and body["status"] not in SHIPPED:
                self._set_status(order, {**changed, "status": "Shipped"})
            else:
                self._records.put("order", order, changed)
                self._webhooks.announce("order.updated", {"orderId": order.id})
            self._webhooks.announce("shipment.created", {"shipmentId": shipment.id, "orderId": order.id})
        return shipment

    def _refuse_over_shipment(self, order: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        errors: dict[str, list[str]] = {}
        wanted: dict[int, float] = {}
        known = {line["lineId"]: line for line in order["lineItems"]}
        for position, given in enumerate(lines):
            number = given["lineId"]
            wanted[number] = round(wanted.get(number, 0) + given["quantity"], 4)
            if number not in known:
                errors[f"lines[{position}].lineId"] = ["is not a line of this order."]
            elif wanted[number] > open_quantity(order, known[number]):
                errors[f"lines[{position}].quantity"] = ["is more than is left to ship."]
        if errors:
            raise invalid(errors)


def open_quantity(order: dict[str, Any], line: dict[str, Any]) -> float:
    """Return what of a line is not shipped yet."""
    shipped = sum(
        each["quantity"]
        for shipment in order["shipments"]
        for each in shipment["lines"]
        if each["lineId"] == line["lineId"]
    )
    return round(line["quantity"] - shipped, 4)


def _shipment(order_id: int, given: dict[str, Any]) -> dict[str, Any]:
    estimated = given.get("estimatedDeliveryDate")
    return {
        "orderId": order_id,
        "trackingNumber": given.get("trackingNumber"),
        "carrier": given["carrier"],
        "method": given.get("method"),
        "shipDate": clock.text(clock.parsed(given["shipDate"])),
        "estimatedDeliveryDate": clock.text(clock.parsed(estimated)) if estimated else None,
        "externalRef": given.get("externalRef"),
        "lines": [{"lineId": each["lineId"], "quantity": each["quantity"]} for each in given["lines"]],
    }
