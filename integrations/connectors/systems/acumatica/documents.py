"""Payments, invoices and journal batches. Called by the connector.

Payments and batches are numbered by Acumatica: each create looks up our reference first.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, Rejected
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.envelope import quoted
from integrations.connectors.systems.acumatica.records import keys_of, record, refuse_unfit, same, writable
from integrations.connectors.systems.acumatica.references import fit_reference
from integrations.connectors.systems.acumatica.schema import JOURNAL, PAYMENT
from integrations.kinds import Kind, Record

PAYMENT_TYPES = ("Payment", "Prepayment", "Refund")
"""The list also returns credit memos; those are invoices."""
_PAYMENT_PARTS = "OrdersToApply,DocumentsToApply"
_BATCH_REFERENCE = 60


def document_key(document: Mapping[str, Any]) -> str:
    """Return ``Prepayment/000231``: the external id of a payment or invoice."""
    return f"{document.get('Type') or ''}/{document.get('ReferenceNbr') or ''}"


def _document_record(kind: Kind, document: Mapping[str, Any]) -> Record:
    return record(
        kind,
        document_key(document),
        dict(document),
        updated_at=document.get("LastModifiedDateTime"),
        business_key=str(document.get("ReferenceNbr") or ""),
        search_keys={name: document.get(name) for name in ("ExternalRef", "CustomerID", "CustomerOrder")},
    )


def fetch_payment(api: Acumatica, external_id: str) -> Record:
    """Return a payment with the orders it pays, read by key: its list cannot be expanded fully. Raises NotFound."""
    keys = keys_of(external_id, 2, "payment")
    return _document_record(Kind.PAYMENT, api.one("Payment", *keys, expand=_PAYMENT_PARTS))


def fetch_invoice(api: Acumatica, external_id: str) -> Record:
    """Return a sales invoice with its lines. Raises NotFound."""
    keys = keys_of(external_id, 2, "sales invoice")
    return _document_record(Kind.INVOICE, api.one("SalesInvoice", *keys, expand="Details"))


def find_payment(api: Acumatica, reference: str) -> Found | None:
    """Return the payment that carries a reference in ExternalRef; voided ones are none."""
    wanted = fit_reference(reference)
    if not wanted:
        return None
    rows = api.listed(
        "Payment",
        filter=f"ExternalRef eq {quoted(wanted)}",
        select="Type,ReferenceNbr,ExternalRef,Status,PaymentAmount",
    )
    for row in rows:
        if (
            same(row.get("ExternalRef"), wanted)
            and row.get("Type") in PAYMENT_TYPES
            and row.get("Status") != "Voided"
        ):
            return Found(document_key(row), row)
    return None


def create_payment(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Enter a payment, a prepayment unless the mapping says otherwise. Raises Duplicate, Rejected, OutcomeUnknown."""
    payment = writable(request.fields, PAYMENT.fields)
    payment.setdefault("Type", "Prepayment")
    payment.setdefault("Hold", False)
    if request.reference:
        payment.setdefault("ExternalRef", fit_reference(request.reference))
    refuse_unfit(payment, PAYMENT, creating=True)
    existing = find_payment(api, str(payment.get("ExternalRef") or ""))
    if existing is not None:
        raise Duplicate(f"{existing.external_id} carries this reference", existing_id=existing.external_id)
    # Reference: endpoint Default, entity Payment, PUT.
    made = api.put("Payment", payment, expand=_PAYMENT_PARTS)
    return WriteResult(
        document_key(made), str(made.get("ReferenceNbr") or ""), made, total=made.get("PaymentAmount")
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
