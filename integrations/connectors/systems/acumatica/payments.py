"""Payments and prepayments: fetch, find by our reference, enter. Called by the connector.

A payment that comes for an order names it by ``order_key``: its customer is the order's, and it is applied to what
the order still has to pay. Payments are numbered by Acumatica, so each create looks up our reference first.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, Rejected
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.documents import document_key, document_record
from integrations.connectors.systems.acumatica.envelope import quoted
from integrations.connectors.systems.acumatica.records import keys_of, refuse_unfit, same, writable
from integrations.connectors.systems.acumatica.references import fit_reference
from integrations.connectors.systems.acumatica.schema_ledger import PAYMENT
from integrations.kinds import Kind, Record

PAYMENT_TYPES = ("Payment", "Prepayment", "Refund")
"""The list also returns credit memos; those are invoices."""
_PARTS = "OrdersToApply,DocumentsToApply"
_NOT_TO_BE_PAID = frozenset({"Completed", "Invoiced", "Canceled", "Expired", "Rejected"})
"""Orders that take no application any more [inferred]: their payments stand on the customer's account."""


def fetch_payment(api: Acumatica, external_id: str) -> Record:
    """Return a payment with the orders it pays, read by key: its list cannot be expanded fully. Raises NotFound."""
    keys = keys_of(external_id, 2, "payment")
    payment = api.one("Payment", *keys, expand=_PARTS)
    applied = payment.get("OrdersToApply") or [{}]
    first = "/".join(str(applied[0].get(name) or "") for name in ("OrderType", "OrderNbr"))
    return document_record(Kind.PAYMENT, payment | {"order_key": first.strip("/") or None})


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
    order_key = str(payment.pop("order_key", "") or "")
    payment.setdefault("Type", "Prepayment")
    payment.setdefault("Hold", False)
    if request.reference:
        payment.setdefault("ExternalRef", fit_reference(request.reference))
    refuse_unfit(payment, PAYMENT, creating=True)
    existing = find_payment(api, str(payment.get("ExternalRef") or ""))
    if existing is not None:
        raise Duplicate(f"{existing.external_id} carries this reference", existing_id=existing.external_id)
    if order_key:
        _apply(api, payment, order_key)
    if not payment.get("CustomerID"):
        problem = FieldProblem("CustomerID", "", "is required where no order is named")
        raise Rejected("The payment names neither a customer nor an order", problems=(problem,))
    # Reference: endpoint Default, entity Payment, PUT.
    made = api.put("Payment", payment, expand=_PARTS)
    return WriteResult(
        document_key(made), str(made.get("ReferenceNbr") or ""), made, total=made.get("PaymentAmount")
    )


def _apply(api: Acumatica, payment: dict[str, Any], order_key: str) -> None:
    """Take the order's customer, and apply what the order has not been paid yet; the rest stays on account.

    Raises NotFound where the order is gone.
    """
    order = api.one("SalesOrder", *keys_of(order_key, 2, "sales order"), expand="Totals")
    payment.setdefault("CustomerID", order.get("CustomerID"))
    if "OrdersToApply" in payment:
        return
    applied = min(Decimal(payment["PaymentAmount"]), _unpaid(order, Decimal(payment["PaymentAmount"])))
    if applied > 0:
        names = {name: order[name] for name in ("OrderType", "OrderNbr")}
        payment["OrdersToApply"] = [{**names, "AppliedToOrder": applied}]


def _unpaid(order: Mapping[str, Any], amount: Decimal) -> Decimal:
    """Return what may be applied to an order; where Acumatica does not say it, all that is paid."""
    if order.get("Status") in _NOT_TO_BE_PAID:
        return Decimal(0)
    unpaid = (order.get("Totals") or {}).get("UnpaidBalance")
    return amount if unpaid is None else Decimal(unpaid)
