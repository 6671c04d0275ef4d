"""Writes to a shop: shipment and order status in both dialects, stock in 5.5.

Every write compares first, so that it may be repeated: X-Cart has no idempotency key. Shipping status ``S`` sends
an e-mail each time it is set, so it is never set where it already stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

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
from integrations.connectors.systems.x_cart.values import problem, whole_amount

SHIPPED, DELIVERED = "S", "D"


class OrderDesk(Protocol):
    """What a dialect can do with an order once it is placed; both dialects have one."""

    can_write_numbers: bool
    has_carrier_prefix: bool

    def status(self, order_id: str, axis: str) -> str:
        """Return the present code of ``payment_status`` or ``shipping_status``. Raises NotFound."""

    def set_status(self, order_id: str, axis: str, code: str) -> None:
        """Set one status. Raises Rejected for a code that the shop does not have."""

    def shown(self, order_id: str) -> "ShownOrder":
        """Return what the order shows of its shipments. Raises NotFound."""

    def add_number(self, order_id: str, value: str, carrier: str) -> None:
        """Append a tracking number. Raises Misconfigured where the shop takes none."""


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order as far as shipments go."""

    order_number: str
    shipping_status: str
    numbers: tuple[str, ...]


class Api55Orders:
    """The order desk of the 5.5 API; tracking numbers go through the companion add-on."""

    def __init__(self, client: XCartClient) -> None:
        self._client = client
        self.can_write_numbers = bool(client.setting("addon_enabled", False))
        self.has_carrier_prefix = bool(client.setting("prefix_carrier", False))

    def status(self, order_id: str, axis: str) -> str:
        return str(self._client.get_object(f"orders/{order_id}/{axis}").get("code", ""))

    def set_status(self, order_id: str, axis: str, code: str) -> None:
        # Reference: developer.x-cart.com/api/5.5.1/admin, /orders/{id}/shipping_status. An unknown code is
        # a 400 "Status code 'x' is wrong"; setting S again sends the customer's e-mail again.
        try:
            self._client.send("PUT", f"orders/{order_id}/{axis}", {"code": code})
        except Rejected as error:
            error.problems = (FieldProblem(axis, code, error.message),)
            raise

    def shown(self, order_id: str) -> ShownOrder:
        order = self._client.order(order_id)
        return ShownOrder(
            str(order.get("order_number") or ""),
            str((order.get("shipping_status") or {}).get("code", "")),
            tuple(str(each.get("value", "")) for each in order.get("tracking_numbers") or ()),
        )

    def add_number(self, order_id: str, value: str, carrier: str) -> None:
        body = {"value": value, "carrier": carrier} if carrier else {"value": value}
        try:
            self._client.send("POST", f"orders/{order_id}/tracking_numbers", body)
        except (NotFound, Misconfigured) as error:
            if isinstance(error, Misconfigured) and error.missing == "api_key_rw":
                raise
            # The order was read a moment ago, so it is the route that is missing.
            raise Misconfigured(
                "The shop has no route for tracking numbers: the companion add-on is not installed or off",
                missing="addon_enabled",
                detail=error.detail,
            ) from error


def write_order_status(desk: OrderDesk, request: WriteRequest) -> WriteResult:
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
        raise problem("shipping_status", "", "name a payment status or a shipping status")
    held: dict[str, Any] = {"id": order_id}
    is_changed = False
    for axis, code in wanted.items():
        present = desk.status(order_id, axis)
        is_open = axis != "shipping_status" or only_from is None or present in only_from
        if present != code and is_open:
            desk.set_status(order_id, axis, code)
            present, is_changed = code, True
        held[axis] = present
    return WriteResult(order_id, fields=held, is_unchanged=not is_changed)


class Shipment:
    """The wanted end state of one shipment: numbers on the order, and its shipping status."""

    def __init__(self, desk: OrderDesk, fields: Mapping[str, Any]) -> None:
        self._desk = desk
        self.order_id = number(fields.get("order_id") or "", "order")
        self.status = str(fields.get("shipping_status") or "")
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
                raise problem("tracking_numbers[].value", "", "must not be empty")
            if carrier and self._desk.has_carrier_prefix and not value.startswith(carrier):
                value = f"{carrier} {value}"
            wanted.setdefault(value, carrier)
        return list(wanted.items())

    def find(self) -> Found | None:
        """Return the shipment when the order already shows all of it."""
        try:
            order = self._desk.shown(self.order_id)
        except NotFound:
            return None
        missing = self._missing(order) if self._desk.can_write_numbers else []
        if missing or self._must_set_status(order):
            return None
        return Found(self.external_id, self._held(order))

    def write(self) -> WriteResult:
        """Add the missing numbers, then set the status: the e-mail shows the numbers."""
        order = self._desk.shown(self.order_id)
        missing = self._missing(order)
        is_changed = False
        if self._desk.can_write_numbers:
            for value, carrier in missing:
                self._desk.add_number(self.order_id, value, carrier)
                is_changed = True
        if self._must_set_status(order):
            self._desk.set_status(self.order_id, "shipping_status", self.status)
            is_changed = True
        fields = self._held(self._desk.shown(self.order_id) if is_changed else order)
        if missing and not self._desk.can_write_numbers:
            # Said openly in the result: without the add-on X-Cart takes no numbers, only the status.
            fields["tracking_numbers_not_written"] = [value for value, _ in missing]
        return WriteResult(
            self.external_id, business_key=order.order_number, fields=fields, is_unchanged=not is_changed
        )

    def _missing(self, order: ShownOrder) -> list[tuple[str, str]]:
        return [(value, carrier) for value, carrier in self.numbers if value not in order.numbers]

    def _must_set_status(self, order: ShownOrder) -> bool:
        if not self.status or order.shipping_status == self.status:
            return False
        # Delivered lies beyond shipped: going back would tell the customer a second time.
        return not (self.status == SHIPPED and order.shipping_status == DELIVERED)

    def _held(self, order: ShownOrder) -> dict[str, Any]:
        return {
            "order_id": self.order_id,
            "tracking_numbers": [{"value": value} for value in order.numbers],
            "shipping_status": order.shipping_status,
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


def _order_id(request: WriteRequest) -> str:
    return number(request.external_id or request.fields.get("order_id") or "", "order")
