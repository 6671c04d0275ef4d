"""Sales orders and returns: fetch, find by our references, create, change, cancel. Called by the connector.

Acumatica numbers orders itself and has no idempotency key, so a create looks the order up before it sends anything.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, Rejected
from integrations.connectors.systems.acumatica.aliases import resolve_order
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.envelope import quoted
from integrations.connectors.systems.acumatica.order_fields import RETURN_TYPE
from integrations.connectors.systems.acumatica.records import (
    changed_fields,
    keys_of,
    record,
    refuse_unfit,
    same,
)
from integrations.connectors.systems.acumatica.references import fit_reference
from integrations.connectors.systems.acumatica.schema import ORDER, RETURN
from integrations.kinds import Kind, Record

EXPAND = (
    "Details,TaxDetails,Payments,Shipments,ShipToAddress,ShipToContact,BillToAddress,BillToContact,ShippingSettings,"
    "FinancialSettings,Totals"
)
_FOUND = "OrderType,OrderNbr,Status,ExternalRef,CustomerOrder,CustomerID"
CANCELED = "Canceled"


def key_of(order: Mapping[str, Any]) -> str:
    """Return ``SO/000073``: the external id of an order."""
    return f"{order.get('OrderType') or ''}/{order.get('OrderNbr') or ''}"


def fetch_order(api: Acumatica, external_id: str) -> Record:
    """Return an order with lines, taxes, payments and shipments. Raises NotFound."""
    order = shown_order(load_order(api, external_id))
    return record(
        Kind.ORDER,
        key_of(order),
        order,
        updated_at=order.get("LastModified"),
        business_key=str(order["OrderNbr"]),
        search_keys={name: order.get(name) for name in ("CustomerOrder", "ExternalRef", "CustomerID")},
    )


def load_order(api: Acumatica, external_id: str) -> dict[str, Any]:
    keys = keys_of(external_id, 2, "sales order")
    return api.one("SalesOrder", *keys, expand=EXPAND, custom=api.custom_fields("SalesOrder"))


def shown_order(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order with our derived fields and the names of our promises."""
    lines = [{**line, "LineAmt": line.get("Amount")} for line in order.get("Details") or ()]
    return {
        **order,
        "order_key": key_of(order),
        "OrderDate": order.get("Date"),
        "CustomerOrderNbr": order.get("CustomerOrder"),
        "Details": lines,
    }


def find_order(api: Acumatica, kind: Kind, *, reference: str, hint: Mapping[str, Any]) -> Found | None:
    """Return the order that carries our ExternalRef, else our reference as customer order; cancelled ones last."""
    order_type = RETURN_TYPE if kind is Kind.RETURN else str(hint.get("OrderType") or api.text("order_type"))
    external, customer = str(hint.get("ExternalRef") or ""), str(hint.get("CustomerID") or "")
    ladder = []
    if external:
        ladder.append(("ExternalRef", external, ""))
    if reference:
        also = f" and CustomerID eq {quoted(customer)}" if customer else ""
        ladder.append(("CustomerOrder", fit_reference(reference), also))
    for field, wanted, also in ladder:
        condition = f"OrderType eq {quoted(order_type)} and {field} eq {quoted(wanted)}{also}"
        rows = api.listed("SalesOrder", filter=condition, select=_FOUND)
        # Compared here as well: a filter that is not understood must not make a stranger's order ours.
        found = [row for row in rows if same(row.get(field), wanted)]
        found.sort(key=lambda row: (row.get("Status") == CANCELED, str(row.get("OrderNbr"))))
        if found:
            return Found(key_of(found[0]), found[0])
    return None


def create_order(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Enter an order, or a return for credit. Raises Duplicate, Rejected, OutcomeUnknown when it may be there."""
    is_return = request.kind is Kind.RETURN
    resolved = resolve_order(request.fields, api.text("tax_id"))
    order = resolved.fields
    if resolved.is_cancelled:
        problem = FieldProblem("Cancelled", "true", "an order is not entered to be cancelled")
        raise Rejected("The order is cancelled already and was never entered", problems=(problem,))
    order["OrderType"] = RETURN_TYPE if is_return else order.get("OrderType") or api.text("order_type")
    if request.reference:
        order["CustomerOrder"] = fit_reference(request.reference)
    order.setdefault("Hold", bool(api.settings.get("hold_on_create")))
    for line in order.get("Details") or ():
        if api.text("default_warehouse"):
            line.setdefault("WarehouseID", api.text("default_warehouse"))
    refuse_unfit(order, RETURN if is_return else ORDER, creating=True)
    existing = find_order(api, request.kind, reference=request.reference, hint=order)
    if existing is not None:
        raise Duplicate(f"{existing.external_id} carries this reference", existing_id=existing.external_id)
    # Reference: endpoint Default, entity SalesOrder, PUT. Totals are computed there; ours only compares.
    return _result(api.put("SalesOrder", order, expand=EXPAND))


def update_order(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Change an order by value, lines by their id; a cancelled one runs the action. Raises Rejected."""
    before = load_order(api, request.external_id)
    resolved = resolve_order(request.fields, api.text("tax_id"))
    wanted = resolved.fields
    wanted.pop("OrderType", None)
    refuse_unfit(wanted, ORDER, creating=False)
    if resolved.is_cancelled:
        return _cancel(api, request.external_id, before)
    lines = _changed_rows(
        before.get("Details") or [], wanted.pop("Details", None), ("ExternalRef", "InventoryID")
    )
    taxes = _changed_rows(before.get("TaxDetails") or [], wanted.pop("TaxDetails", None), ("TaxID",))
    wanted.pop("Payments", None)  # payments are made once, and changed in Acumatica
    changed = changed_fields(before, wanted)
    for name, rows in (("Details", lines), ("TaxDetails", taxes)):
        if rows:
            changed[name] = rows
    if changed.keys() <= {"IsTaxValid"} or not changed:
        return _result(before, is_unchanged=True)
    return _result(api.put("SalesOrder", {"id": before["id"], **changed}, expand=EXPAND))


def _cancel(api: Acumatica, external_id: str, before: Mapping[str, Any]) -> WriteResult:
    if before.get("Status") == CANCELED:
        return _result(before, is_unchanged=True)
    keys = {"OrderType": before["OrderType"], "OrderNbr": before["OrderNbr"]}
    # Reference: endpoint Default, action CancelSalesOrder; refused once a shipment or an applied payment is there.
    api.act("SalesOrder", "CancelSalesOrder", keys)
    return _result(load_order(api, external_id))


def _changed_rows(
    held: list[dict[str, Any]], wanted: list[dict[str, Any]] | None, names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the rows to send: changed ones with their id, new ones, and deletions; [] = nothing changes.

    Rows without an id would be added a second time, so each wanted row is matched with a held one first.
    """
    if wanted is None:
        return []
    left = list(held)
    sent: list[dict[str, Any]] = []
    for row in wanted:
        match = next(
            (one for name in names for one in left if row.get(name) and same(one.get(name), row[name])), None
        )
        if match is None:
            sent.append(row)
            continue
        left.remove(match)
        changed = changed_fields(match, row)
        if changed:
            sent.append({"id": match["id"], **changed})
    return sent + [{"id": one["id"], "delete": True} for one in left]


def _result(order: Mapping[str, Any], *, is_unchanged: bool = False) -> WriteResult:
    shown = shown_order(order)
    return WriteResult(
        shown["order_key"],
        str(order.get("OrderNbr") or ""),
        shown,
        is_unchanged=is_unchanged,
        total=order.get("OrderTotal"),
    )
