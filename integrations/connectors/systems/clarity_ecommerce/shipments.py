"""Shipments: found by the ERP's reference within their order, and made once; the site then moves the order.

The mapping may name lines by SKU: the ERP does not know the site's line ids.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, NotFound, Rejected
from integrations.connectors.systems.clarity_ecommerce.client import (
    ClarityClient,
    fitting_key,
    number,
    written_id,
)
from integrations.connectors.systems.clarity_ecommerce.moves import needed
from integrations.connectors.systems.clarity_ecommerce.normalise import shaped, wire_moment
from integrations.connectors.systems.clarity_ecommerce.schema import SHIPMENT_FIELDS

LONGEST_TRACKING = 64


def find_shipment(client: ClarityClient, hint: Mapping[str, Any]) -> Found | None:
    """Return the order's shipment that carries ``externalRef``; both come from the hint."""
    reference = str(hint.get("externalRef") or "")
    if not hint.get("orderId") or not reference:
        raise needed("externalRef", "and orderId are needed to look for a shipment")
    try:
        rows = client.rows(f"orders/{number(hint['orderId'], 'order')}/shipments")
    except NotFound:
        return None
    for row in rows:
        if row.get("externalRef") == reference:
            return Found(number(row.get("shipmentId"), "shipment"), shaped(SHIPMENT_FIELDS, row))
    return None


def write_shipment(client: ClarityClient, request: WriteRequest) -> WriteResult:
    """Make a shipment unless the order has it. Raises OutcomeUnknown, after which ``find`` tells."""
    fields = request.fields
    order_id = number(fields.get("orderId") or "", "order")
    reference = str(fields.get("externalRef") or "")
    if not reference:
        raise needed("externalRef", "is needed: by it the shipment is found again")
    order = client.record(f"orders/{order_id}").fields
    known = next((row for row in order.get("shipments") or () if row.get("externalRef") == reference), None)
    if known is not None:
        return _result(known, number(known.get("shipmentId"), "shipment"), (), is_unchanged=True)
    body, left_out = _body(fields, order, reference)
    key = fitting_key(request.idempotency_key or f"shipment-{order_id}-{reference}")
    try:
        made = client.send("POST", f"orders/{order_id}/shipments", body, key=key)
    except Duplicate as error:
        # Made between our look and our write, or by an attempt whose body was another.
        found = find_shipment(client, fields)
        if found is None:
            raise
        error.existing_id = found.external_id
        raise
    return _result(made.fields, written_id(made, "shipmentId"), left_out, is_unchanged=False)


def _result(
    held: Mapping[str, Any], shipment_id: str, left_out: Sequence[str], *, is_unchanged: bool
) -> WriteResult:
    fields = shaped(SHIPMENT_FIELDS, held)
    if left_out:
        # Said openly in the result: the contract has one tracking number of 64 characters for a shipment.
        fields["tracking_numbers_not_written"] = list(left_out)
    return WriteResult(shipment_id, shipment_id, fields, is_unchanged=is_unchanged)


def _body(
    fields: Mapping[str, Any], order: Mapping[str, Any], reference: str
) -> tuple[dict[str, Any], list[str]]:
    tracking, left_out = tracking_number(fields)
    body = {
        "trackingNumber": tracking or None,
        "carrier": str(fields.get("carrier") or ""),
        "method": fields.get("method") or None,
        "shipDate": _moment(fields, "shipDate"),
        "estimatedDeliveryDate": _moment(fields, "estimatedDeliveryDate"),
        "externalRef": reference,
        "lines": shipped_lines(fields.get("lines") or (), order),
    }
    return body, left_out


def _moment(fields: Mapping[str, Any], name: str) -> str | None:
    try:
        return wire_moment(fields.get(name))
    except ValueError as error:
        rule = "must be a date and time"
        raise Rejected(
            f"{name} {rule}", problems=(FieldProblem(name, str(fields[name])[:60], rule),)
        ) from error


def tracking_number(fields: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return (one text, numbers that did not fit): whole numbers only, each once, with commas between."""
    given = [str(fields.get("trackingNumber") or "").strip()]
    given += [str(each.get("value") or "").strip() for each in fields.get("trackingNumbers") or ()]
    written, left_out = "", []
    for value in dict.fromkeys(each for each in given if each):
        longer = f"{written}, {value}" if written else value
        if len(longer) <= LONGEST_TRACKING:
            written = longer
        else:
            left_out.append(value)
    return written, left_out


def shipped_lines(given: Sequence[Mapping[str, Any]], order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return ``[{lineId, quantity}]``; a quantity by SKU is dealt out over the open lines of that SKU.

    Raises Rejected for a SKU that the order does not have, or more of it than is left to ship.
    """
    left = open_lines(order)
    wanted: dict[int, Decimal] = {}
    for position, each in enumerate(given):
        quantity = Decimal(each.get("quantity") or 0)
        if not quantity:
            continue  # back-ordered: nothing of this line leaves with this shipment
        if each.get("lineId") not in (None, ""):
            line_id = int(number(each["lineId"], "line"))
            wanted[line_id] = wanted.get(line_id, Decimal(0)) + quantity
        else:
            _deal_out(str(each.get("sku") or ""), quantity, left, wanted, position)
    if not wanted:
        raise needed("lines", "must hold a quantity")
    return [{"lineId": line_id, "quantity": quantity} for line_id, quantity in wanted.items()]


def _deal_out(
    sku: str,
    quantity: Decimal,
    left: list[tuple[int, str, Decimal]],
    wanted: dict[int, Decimal],
    position: int,
) -> None:
    open_before = quantity
    for line_id, line_sku, is_open in left:
        if line_sku.casefold() != sku.casefold():
            continue
        part = min(quantity, is_open - wanted.get(line_id, Decimal(0)))
        if part > 0:
            wanted[line_id] = wanted.get(line_id, Decimal(0)) + part
            quantity -= part
    if quantity > 0:
        is_known = any(line_sku.casefold() == sku.casefold() for _, line_sku, _ in left)
        rule = "is more than is left to ship" if is_known else "is no SKU of this order"
        value = str(open_before) if is_known else sku
        field = f"lines[{position}].{'quantity' if is_known else 'sku'}"
        raise Rejected(f"{sku}: {value} {rule}", problems=(FieldProblem(field, value, rule),))


def open_lines(order: Mapping[str, Any]) -> list[tuple[int, str, Decimal]]:
    """Return (line id, SKU, quantity not shipped yet) of an order as the site gives it."""
    shipped: dict[int, Decimal] = {}
    for shipment in order.get("shipments") or ():
        for line in shipment.get("lines") or ():
            line_id = int(line["lineId"])
            shipped[line_id] = shipped.get(line_id, Decimal(0)) + Decimal(line["quantity"])
    return [
        (
            int(line["lineId"]),
            str(line.get("sku") or "").strip(),
            Decimal(line["quantity"]) - shipped.get(int(line["lineId"]), Decimal(0)),
        )
        for line in order.get("lineItems") or ()
    ]
