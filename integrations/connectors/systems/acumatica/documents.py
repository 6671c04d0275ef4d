"""Invoices, purchase orders and journal batches, and what payments share with them. Called by the connector.

Batches are numbered by Acumatica: each create looks up our reference first.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, Rejected
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.envelope import quoted
from integrations.connectors.systems.acumatica.records import keys_of, record, refuse_unfit, writable
from integrations.connectors.systems.acumatica.references import fit_reference
from integrations.connectors.systems.acumatica.schema_ledger import JOURNAL
from integrations.kinds import Kind, Record

_BATCH_REFERENCE = 60


def document_key(document: Mapping[str, Any]) -> str:
    """Return ``Prepayment/000231``: the external id of a payment or invoice."""
    return f"{document.get('Type') or ''}/{document.get('ReferenceNbr') or ''}"


def document_record(kind: Kind, document: Mapping[str, Any]) -> Record:
    """Return a payment or invoice as a record."""
    return record(
        kind,
        document_key(document),
        dict(document),
        updated_at=document.get("LastModifiedDateTime"),
        business_key=str(document.get("ReferenceNbr") or ""),
        search_keys={name: document.get(name) for name in ("ExternalRef", "CustomerID", "CustomerOrder")},
    )


def fetch_invoice(api: Acumatica, external_id: str) -> Record:
    """Return a sales invoice with its lines. Raises NotFound."""
    keys = keys_of(external_id, 2, "sales invoice")
    return document_record(Kind.INVOICE, api.one("SalesInvoice", *keys, expand="Details"))


def fetch_purchase_order(api: Acumatica, external_id: str) -> Record:
    """Return a purchase order with its lines. Raises NotFound."""
    keys = keys_of(external_id, 2, "purchase order")
    return purchase_record(api.one("PurchaseOrder", *keys, expand="Details"))


def purchase_record(order: Mapping[str, Any]) -> Record:
    """Return a purchase order as a record; its id is ``Normal/PO000017``."""
    number = str(order.get("OrderNbr") or "")
    return record(
        Kind.PURCHASE_ORDER,
        f"{order.get('Type') or ''}/{number}",
        dict(order),
        updated_at=order.get("LastModifiedDateTime"),
        business_key=number,
        search_keys={name: order.get(name) for name in ("VendorID", "VendorRef")},
    )


def _batch_mark(reference: str) -> str:
    return f"{fit_reference(reference, _BATCH_REFERENCE)}:"


def find_journal(api: Acumatica, reference: str) -> Found | None:
    """Return the batch whose description begins with our reference."""
    if not reference:
        return None
    mark = _batch_mark(reference)
    rows = api.listed(
        "JournalTransaction",
        filter=f"startswith(Description,{quoted(mark)})",
        select="Module,BatchNbr,Description,Status",
    )
    for row in rows:
        if str(row.get("Description") or "").startswith(mark):
            return Found(f"{row.get('Module')}/{row.get('BatchNbr')}", row)
    return None


def create_journal(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Enter a journal batch; debits must equal credits. Raises Duplicate, Rejected, OutcomeUnknown."""
    batch = writable(request.fields, JOURNAL.fields)
    batch.setdefault("Module", "GL")
    if request.reference:
        batch["Description"] = f"{_batch_mark(request.reference)} {batch.get('Description') or ''}".strip()
    refuse_unfit(batch, JOURNAL, creating=True)
    debit, credit = (
        sum((Decimal(row.get(name) or 0) for row in batch["Details"]), Decimal(0))
        for name in ("DebitAmount", "CreditAmount")
    )
    if debit != credit:
        problem = FieldProblem(
            "Details", str(debit - credit), f"debits {debit} and credits {credit} must be equal"
        )
        raise Rejected("The batch is out of balance", problems=(problem,))
    existing = find_journal(api, request.reference)
    if existing is not None:
        raise Duplicate(f"{existing.external_id} carries this reference", existing_id=existing.external_id)
    # Reference: endpoint Default, entity JournalTransaction, PUT.
    made = api.put("JournalTransaction", batch, expand="Details")
    number = str(made.get("BatchNbr") or "")
    return WriteResult(f"{made.get('Module')}/{number}", number, made, total=debit)
