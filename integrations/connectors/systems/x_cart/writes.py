"""Writes to a shop: shipment, order status, stock. Every write compares first, so that it may be repeated.

X-Cart has no idempotency key. Shipping status ``S`` sends an e-mail each time it is set, so it is never set
where it already stands.
"""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import (
    FieldProblem,
    Misconfigured,
    MissingReference,
    NotFound,
    Rejected,
)
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.sku_index import SkuIndex

SHIPPED, DELIVERED = "S", "D"


def write_order_status(client: XCartClient, request: WriteRequest) -> WriteResult:
    """Set payment and shipping status where they differ.

    Fields: ``order_id`` (or the request's external id), ``payment_status``, ``shipping_status`` (codes), and
    ``only_from_shipping_status``: codes from which alone the shipping status moves, so that a late
    "processing" never overtakes "shipped".
    """
    order_id = _order_id(request)
    only_from = request.fields.get("only_from_shipping_status")
    wanted = {
        axis: str(request.fields[axis])
        for axis in ("payment_status", "shipping_status")
        if request.fields.get(axis) not in (None, "")
    }
    if not wanted:
        raise _problem("shipping_status", "", "name a payment status or a shipping status")
    held: dict[str, Any] = {"id": order_id}
    is_changed = False
    for axis, code in wanted.items():
        # Reference: developer.x-cart.com/api/5.5.1/admin, /orders/{id}/shipping_status. An unknown code is
        # a 400 "Status code 'x' is wrong"; setting S again sends the customer's e-mail again.
        path = f"orders/{order_id}/{axis}"
        present = str(client.get_object(path).get("code", ""))
        is_open = axis != "shipping_status" or only_from is None or present in only_from
        if present != code and is_open:
            _put_status(client, path, axis, code)
            present, is_changed = code, True
        held[axis] = present
    return WriteResult(order_id, fields=held, is_unchanged=not is_changed)


def _put_status(client: XCartClient, path: str, axis: str, code: str) -> None:
    try:
        client.send("PUT", path, {"code": code})
    except Rejected as error:
        error.problems = (FieldProblem(axis, code, error.message),)
        raise


class Shipment:
    """The wanted end state of one shipment: numbers on the order, and its shipping status."""

    def __init__(self, client: XCartClient, fields: Mapping[str, Any]) -> None:
        self._client = client
        self.order_id = number(fields.get("order_id") or "", "order")
        self.status = str(fields.get("shipping_status") or "")
        self._can_write_numbers = bool(client.setting("addon_enabled", False))
        self.numbers = self._wanted_numbers(fields.get("tracking_numbers") or ())

    @property
    def external_id(self) -> str:
        """The order's id, and the first number where there is one: an order can have several shipments."""
        return f"{self.order_id}/{self.numbers[0][0]}" if self.numbers else self.order_id

    def _wanted_numbers(self, given: Any) -> list[tuple[str, str]]:
        """Return (value as written, carrier), each value once."""
        wanted: dict[str, str] = {}
        for each in given:
            entry = each if isinstance(each, Mapping) else {"value": each}
            value, carrier = str(entry.get("value") or "").strip(), str(entry.get("carrier") or "").strip()
            if not value:
                raise _problem("tracking_numbers[].value", "", "must not be empty")
            if carrier and self._client.setting("prefix_carrier", False) and not value.startswith(carrier):
                value = f"{carrier} {value}"
            wanted.setdefault(value, carrier)
        return list(wanted.items())

    def find(self) -> Found | None:
        """Return the shipment when the order already shows all of it."""
        try:
            order = self._client.order(self.order_id)
        except NotFound:
            return None
        missing = self._missing(order) if self._can_write_numbers else []
        if missing or self._must_set_status(order):
            return None
        return Found(self.external_id, self._held(order))

    def write(self) -> WriteResult:
        """Add the missing numbers, then set the status: the e-mail shows the numbers."""
        order = self._client.order(self.order_id)
        missing = self._missing(order)
        is_changed = False
        if self._can_write_numbers:
            for value, carrier in missing:
                self._add_number(value, carrier)
                is_changed = True
        if self._must_set_status(order):
            _put_status(
                self._client, f"orders/{self.order_id}/shipping_status", "shipping_status", self.status
            )
            is_changed = True
        fields = self._held(self._client.order(self.order_id) if is_changed else order)
        if missing and not self._can_write_numbers:
            # Said openly in the result: without the add-on X-Cart takes no numbers, only the status.
            fields["tracking_numbers_not_written"] = [value for value, _ in missing]
        return WriteResult(
            self.external_id,
            business_key=str(order.get("order_number") or ""),
            fields=fields,
            is_unchanged=not is_changed,
        )

    def _missing(self, order: Mapping[str, Any]) -> list[tuple[str, str]]:
        present = {str(each.get("value", "")) for each in order.get("tracking_numbers") or ()}
        return [(value, carrier) for value, carrier in self.numbers if value not in present]

    def _must_set_status(self, order: Mapping[str, Any]) -> bool:
        present = str((order.get("shipping_status") or {}).get("code", ""))
        if not self.status or present == self.status:
            return False
        # Delivered lies beyond shipped: going back would tell the customer a second time.
        return not (self.status == SHIPPED and present == DELIVERED)

    def _add_number(self, value: str, carrier: str) -> None:
        body = {"value": value, "carrier": carrier} if carrier else {"value": value}
        try:
            self._client.send("POST", f"orders/{self.order_id}/tracking_numbers", body)
        except (NotFound, Misconfigured) as error:
            if isinstance(error, Misconfigured) and error.missing == "api_key_rw":
                raise
            # The order was read a moment ago, so it is the route that is missing.
            raise Misconfigured(
                "The shop has no route for tracking numbers: the companion add-on is not installed or off",
                missing="addon_enabled",
                detail=error.detail,
            ) from error

    def _held(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "tracking_numbers": [
                {"value": str(each.get("value", ""))} for each in order.get("tracking_numbers") or ()
            ],
            "shipping_status": str((order.get("shipping_status") or {}).get("code", "")),
        }


def write_stock(client: XCartClient, index: SkuIndex, request: WriteRequest) -> WriteResult:
    """Set a product's or variant's amount where it differs.

    Fields: ``product_id`` ("40" or "40/143") or ``sku``; ``amount`` (fractions are rounded down).
    Raises MissingReference when no product has the SKU.
    """
    sku = str(request.fields.get("sku") or "")
    external_id = request.external_id or str(request.fields.get("product_id") or "")
    if not external_id:
        external_id = index.find(sku) or "" if sku else ""
        if not external_id:
            raise MissingReference(f"The shop has no product with SKU {sku!r}", kind="product", key=sku)
    amount = whole_amount(request.fields.get("amount"))
    path = stock_path(external_id)
    present = client.get_object(path)
    is_variant = "/variants/" in path
    # default_amount=true: the variant shows its parent's amount, and must get one of its own.
    is_own = not (is_variant and present.get("default_amount"))
    if is_own and present.get("amount") == amount:
        return _stock_result(external_id, present, is_unchanged=True)
    body: dict[str, Any] = {"amount": amount}
    if is_variant:
        body["default_amount"] = False
    written = client.send("PUT", path, body)
    held = written if isinstance(written, dict) else {"sku": sku, "amount": amount}
    return _stock_result(external_id, held, is_unchanged=False)


def _stock_result(external_id: str, held: Mapping[str, Any], *, is_unchanged: bool) -> WriteResult:
    sku = str(held.get("sku") or "")
    fields = {"product_id": external_id, "sku": sku, "amount": held.get("amount")}
    return WriteResult(external_id, business_key=sku, fields=fields, is_unchanged=is_unchanged)


def stock_path(external_id: str) -> str:
    """Return the path of ``"40"`` or ``"40/143"``. Raises NotFound for anything else."""
    product_id, _, variant_id = external_id.partition("/")
    path = f"products/{number(product_id, 'product')}"
    return f"{path}/variants/{number(variant_id, 'variant')}" if variant_id else path


def whole_amount(value: object) -> int:
    """Return a stock amount as X-Cart takes it: a whole number, rounded down. Raises Rejected."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str) or value == "":
        raise _problem("amount", str(value), "must be a number")
    try:
        amount = int(Decimal(value).to_integral_value(ROUND_FLOOR))
    except (ArithmeticError, ValueError) as error:
        raise _problem("amount", str(value), "must be a number") from error
    if amount < 0:
        raise _problem("amount", str(value), "must not be below zero")
    return amount


def _order_id(request: WriteRequest) -> str:
    return number(request.external_id or request.fields.get("order_id") or "", "order")


def _problem(field: str, value: str, rule: str) -> Rejected:
    return Rejected(f"{field} {rule}", problems=(FieldProblem(field, value, rule),))
