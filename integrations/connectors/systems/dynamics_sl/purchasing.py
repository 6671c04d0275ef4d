"""Purchase orders: read with their lines, entered for a vendor, found by our reference in User1.

Called by the connector. A purchase order has no key of ours either: the reference is looked up before it is entered.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, NotFound, OutcomeUnknown, Rejected
from integrations.connectors.systems.dynamics_sl.aliases import refuse_long_text
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.orders import moment, to_wire
from integrations.connectors.systems.dynamics_sl.payments import shown
from integrations.connectors.systems.dynamics_sl.references import PURCHASE_LENGTH, fit_document
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.connectors.systems.dynamics_sl.schema_ledger import PURCHASE_ORDER
from integrations.connectors.systems.dynamics_sl.views import can_search, changed_rows, matching
from integrations.kinds import Kind, Record

_VIEW = "view_purchord"
_SERVICE = "purchaseOrders"
_SHOWN = frozenset(each.name for each in PURCHASE_ORDER.fields)
_REGULAR, _FOR_STOCK = "OR", "GI"
"""Types of a regular order and of goods for inventory [inferred]."""


def fetch_purchase_order(api: CtApi, po_nbr: str) -> Record:
    """Return a purchase order with its lines. Raises NotFound."""
    # Reference: purchaseOrders.asmx?op=getPurchaseOrder. An unknown number gives one with a blank PONbr.
    order = api.call(_SERVICE, "getPurchaseOrder", PONbr=po_nbr)
    if not order or not order.get("PONbr"):
        raise NotFound(f"Purchase order {po_nbr} is not in Dynamics SL")
    return Record(
        SYSTEM,
        Kind.PURCHASE_ORDER,
        order["PONbr"],
        _fields(order),
        business_key=order["PONbr"],
        search_keys={"VendId": order.get("VendId", ""), "VendName": order.get("VendName", "")},
    )


def _fields(order: Mapping[str, Any]) -> dict[str, Any]:
    fields = shown(order, _SHOWN)
    fields.pop("returnVal", None)
    return fields


def read_purchase_orders(api: CtApi, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield thin records of purchase orders that were made or changed since the cursor."""
    return changed_rows(api, _VIEW, cursor, now, _thin)


def _thin(row: Mapping[str, Any]) -> Record | None:
    if not row.get("PONbr"):
        return None
    changed = moment(row.get("LUpd_DateTime"))
    return Record(
        SYSTEM,
        Kind.PURCHASE_ORDER,
        str(row["PONbr"]),
        {},
        updated_at=changed,
        business_key=str(row["PONbr"]),
        version=f"{changed} {row.get('Status')} {row.get('RcptStage')} {row.get('CuryPOAmt')}",
    )


def find_purchase_order(api: CtApi, reference: str) -> Found | None:
    """Return the purchase order that carries a reference, of several the lowest number. Raises Misconfigured."""
    rows = matching(api, _VIEW, User1=fit_document(reference, PURCHASE_LENGTH))
    numbers = sorted(str(row["PONbr"]) for row in rows if row.get("PONbr"))
    return Found(numbers[0], {"PONbr": numbers[0]}) if numbers else None


def create_purchase_order(api: CtApi, request: WriteRequest) -> WriteResult:
    """Enter a purchase order. Raises Duplicate when the reference is there, Rejected, OutcomeUnknown."""
    order = _completed(api, request)
    if request.reference and can_search(api, _VIEW):
        existing = find_purchase_order(api, request.reference)
        if existing is not None:
            words = f"Purchase order {existing.external_id} exists"
            raise Duplicate(words, existing_id=existing.external_id)
    # Reference: purchaseOrders.asmx?op=saveNewPurchaseOrder. Refusals are in returnVal with HTTP 200.
    made = api.call(_SERVICE, "saveNewPurchaseOrder", is_write=True, oPurchOrd=to_wire(order, api)) or {}
    verdict = made.get("returnVal") or {}
    if not verdict.get("success"):
        words = str(verdict.get("returnString") or "") or "Dynamics SL refuses the order without a reason"
        refuse_business_error(words, order)
    number = str(made.get("PONbr") or "")
    if not number:
        raise OutcomeUnknown("Dynamics SL answered without a purchase order number")
    return WriteResult(number, number, _fields(made), total=made.get("CuryPOAmt"))


def _completed(api: CtApi, request: WriteRequest) -> dict[str, Any]:
    given = {name: value for name, value in request.fields.items() if value is not None}
    refuse_long_text(given, PURCHASE_ORDER.writes)
    lines = [
        {"UOM": "EA", "PurchaseType": _FOR_STOCK, "SiteID": api.settings.get("default_site") or "", **line}
        for line in given.get("LineItems") or ()
    ]
    problems = [FieldProblem("VendId", "", "is required")] if not given.get("VendId") else []
    problems += [FieldProblem("LineItems", "", "has no line")] if not lines else []
    for index, line in enumerate(lines):
        quantity = line.get("QtyOrd")
        if not isinstance(quantity, Decimal | int) or quantity <= 0:
            problems.append(FieldProblem(f"LineItems[{index}].QtyOrd", str(quantity), "must be above zero"))
    if problems:
        raise Rejected(f"A purchase order: {problems[0].field} {problems[0].rule}", problems=tuple(problems))
    reference = {"User1": fit_document(request.reference, PURCHASE_LENGTH)} if request.reference else {}
    return {"POType": _REGULAR, **given, "CpnyID": api.cpny_id, "LineItems": lines, **reference}
