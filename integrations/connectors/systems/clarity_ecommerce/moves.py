"""Status and attributes of orders, and the status of returns: read, compare, move only what differs.

Every real move e-mails the shopper, so a status is never set where it stands already.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import FieldProblem, NotFound, Rejected
from integrations.connectors.systems.clarity_ecommerce.client import Answered, ClarityClient, number
from integrations.connectors.systems.clarity_ecommerce.problems import Stale


def write_order(client: ClarityClient, request: WriteRequest) -> WriteResult:
    """Merge attributes, then move the status.

    Fields: ``orderId`` (or the request's external id), ``attributes`` (null deletes), ``status``, ``note``, and
    ``onlyFromStatus``: statuses from which alone the order moves, so that a late "Processing" never overtakes
    "Shipped". Without it an illegal move is Rejected.
    """
    fields = request.fields
    order_id = number(request.external_id or fields.get("orderId") or "", "order")
    status, attributes = str(fields.get("status") or ""), fields.get("attributes") or {}
    if not status and not attributes:
        raise needed("status", "name a status or attributes")
    try:
        return _write_order(client, order_id, status, attributes, fields)
    except Stale:
        return _write_order(client, order_id, status, attributes, fields)


def _write_order(
    client: ClarityClient,
    order_id: str,
    status: str,
    attributes: Mapping[str, Any],
    fields: Mapping[str, Any],
) -> WriteResult:
    order = client.record(f"orders/{order_id}")
    held = order.fields.get("attributes") or {}
    missing = {name: value for name, value in attributes.items() if held.get(name) != value}
    is_changed = bool(missing)
    if missing:
        # Reference: contract v1, PUT /orders/{id}/attributes. It merges, so nothing of the site's own is lost.
        order = client.send("PUT", f"orders/{order_id}/attributes", missing)
    present, only_from = str(order.fields.get("status", "")), fields.get("onlyFromStatus")
    if status and status != present and (only_from is None or present in only_from):
        order = _move(client, f"orders/{order_id}/status", order, status, fields.get("note"))
        is_changed = True
    held_now: dict[str, Any] = {
        "orderId": order_id,
        "status": str(order.fields.get("status", "")),
        "attributes": dict(order.fields.get("attributes") or {}),
    }
    if order.warning:
        held_now["warning"] = order.warning
    return WriteResult(
        order_id,
        business_key=str(order.fields.get("orderNumber") or ""),
        fields=held_now,
        is_unchanged=not is_changed,
    )


def _move(client: ClarityClient, path: str, present: Answered, status: str, note: object) -> Answered:
    body = {"status": status} | ({"note": str(note)} if note else {})
    try:
        # Reference: contract v1, 4.2. 409 illegal-transition, 422 for a status that the site does not have.
        return client.send("PUT", path, body, etag=present.etag)
    except Stale:
        raise
    except Rejected as error:
        error.problems = (FieldProblem("status", status, error.problems[0].rule if error.problems else ""),)
        raise


def write_return(client: ClarityClient, request: WriteRequest) -> WriteResult:
    """Move a return to ``status``; the same one changes nothing."""
    return_id = number(request.external_id or request.fields.get("returnId") or "", "return")
    status = str(request.fields.get("status") or "")
    if not status:
        raise needed("status", "is needed")
    path = f"returns/{return_id}"
    present = client.record(path)
    is_unchanged = present.fields.get("status") == status
    if not is_unchanged:
        try:
            present = _move(client, path, present, status, request.fields.get("note"))
        except Stale:
            present = _move(client, path, client.record(path), status, request.fields.get("note"))
    return WriteResult(
        return_id,
        business_key=str(present.fields.get("returnNumber") or ""),
        fields={"returnId": return_id, "status": str(present.fields.get("status", ""))},
        is_unchanged=is_unchanged,
    )


def find_order(client: ClarityClient, order_number: str) -> str | None:
    """Return the id behind an order number."""
    for row in client.page("orders", params={"orderNumber": order_number}):
        if row.get("orderNumber") == order_number:
            return number(row.get("orderId"), "order")
    return None


def is_order(client: ClarityClient, order_id: str) -> bool:
    try:
        client.record(f"orders/{number(order_id, 'order')}")
    except NotFound:
        return False
    return True


def needed(field: str, rule: str) -> Rejected:
    """Return the refusal of a record that lacks a field."""
    return Rejected(f"{field} {rule}", problems=(FieldProblem(field, "", rule),))
