"""Documents that are only read: invoices and memos, purchase orders. Called by the connector."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.orders import moment
from integrations.connectors.systems.dynamics_sl.payments import shown
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.connectors.systems.dynamics_sl.schema_ledger import INVOICE, PURCHASE_ORDER
from integrations.connectors.systems.dynamics_sl.views import changed_rows, matching
from integrations.kinds import Kind, Record

INVOICES = ("IN", "CM", "DM")
_AR_VIEW = "view_ardoc"
_PO_VIEW = "view_purchord"
_INVOICE_FIELDS = frozenset(each.name for each in INVOICE.fields)
_ORDER_FIELDS = frozenset(each.name for each in PURCHASE_ORDER.fields)


def fetch_invoice(api: CtApi, external_id: str) -> Record:
    """Return an invoice or memo by ``IN/070001``. Raises NotFound."""
    doc_type, _, ref_nbr = external_id.rpartition("/")
    doc_type = doc_type or "IN"
    rows = matching(api, _AR_VIEW, DocType=doc_type, RefNbr=ref_nbr) if doc_type in INVOICES else []
    if not rows:
        raise NotFound(f"Invoice {external_id} is not in Dynamics SL")
    return _invoice(rows[0])


def read_invoices(api: CtApi, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield invoices and memos that were made or changed since the cursor, payments on them included."""
    return changed_rows(
        api, _AR_VIEW, cursor, now, lambda row: _invoice(row) if row.get("DocType") in INVOICES else None
    )


def _invoice(document: Mapping[str, Any]) -> Record:
    return Record(
        SYSTEM,
        Kind.INVOICE,
        f"{document['DocType']}/{document['RefNbr']}",
        shown(document, _INVOICE_FIELDS),
        updated_at=moment(document.get("LUpd_DateTime")),
        business_key=str(document["RefNbr"]),
        search_keys={name: str(document.get(name) or "") for name in ("OrdNbr", "CustOrdNbr", "CustId")},
    )


def fetch_purchase_order(api: CtApi, po_nbr: str) -> Record:
    """Return a purchase order with its lines. Raises NotFound."""
    # Reference: purchaseOrders.asmx?op=getPurchaseOrder. An unknown number gives one with a blank PONbr.
    order = api.call("purchaseOrders", "getPurchaseOrder", PONbr=po_nbr)
    if not order or not order.get("PONbr"):
        raise NotFound(f"Purchase order {po_nbr} is not in Dynamics SL")
    fields = shown(order, _ORDER_FIELDS)
    fields.pop("returnVal", None)
    return Record(
        SYSTEM,
        Kind.PURCHASE_ORDER,
        order["PONbr"],
        fields,
        business_key=order["PONbr"],
        search_keys={"VendId": order.get("VendId", ""), "VendName": order.get("VendName", "")},
    )


def read_purchase_orders(api: CtApi, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield thin records of purchase orders that were made or changed since the cursor."""
    return changed_rows(api, _PO_VIEW, cursor, now, _thin_purchase_order)


def _thin_purchase_order(row: Mapping[str, Any]) -> Record | None:
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
