"""Payments, invoices and journal batches of the simulated tenant. Called by the REST writer and by orders."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.sandbox.acumatica.entities import ENTITIES
from integrations.sandbox.acumatica.merge import merged
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import Errors, FieldErrors

FIRST_PAYMENT, FIRST_BATCH, FIRST_INVOICE = 231, 881, 1
CASH_ACCOUNTS = ("10200", "10250", "10260")
ACCOUNTS = frozenset((*CASH_ACCOUNTS, "40000", "11000", "20100"))
_ZERO = Decimal("0.0000")


def settle_order_payments(store: Store, order: dict[str, Any]) -> None:
    """Make payments of the rows in ``Payments[]`` that have no number yet. Raises FieldErrors."""
    errors: Errors = {}
    for place, row in enumerate(order.get("Payments") or ()):
        if row.get("ReferenceNbr"):
            continue
        row["DocType"] = row.get("DocType") or "Payment"
        _check_method(store, row, ("Payments", place), errors)
        if (row.get("AppliedToOrder") or _ZERO) > (row.get("PaymentAmount") or _ZERO):
            errors[("Payments", place, "AppliedToOrder")] = "The amount exceeds the payment amount."
        if errors:
            errors[()] = (
                "Inserting  'Sales Order' record raised at least one error. Please review the errors."
            )
            raise FieldErrors(order | {"OrderNbr": "<NEW>"}, errors)
        row["ReferenceNbr"] = f"{store.next_number('Payment', FIRST_PAYMENT):06d}"
        applied = row.get("AppliedToOrder") or _ZERO
        link = {"OrderType": order["OrderType"], "OrderNbr": order["OrderNbr"], "AppliedToOrder": applied}
        payment = {
            "Type": row["DocType"],
            **{
                name: row.get(name) for name in ("ReferenceNbr", "PaymentMethod", "PaymentRef", "ExternalRef")
            },
            **{name: row.get(name) for name in ("CashAccount", "PaymentAmount", "Description", "Hold")},
            "CustomerID": order["CustomerID"],
            "CurrencyID": order.get("CurrencyID"),
            "ApplicationDate": store.today(),
            "OrdersToApply": [link],
        }
        _finish_payment(store, payment)
        row["Status"], row["Balance"] = payment["Status"], payment["AvailableBalance"]


def save_payment(store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check and save a payment. Raises FieldErrors."""
    errors: Errors = {}
    base = dict(held) if held is not None else {"Type": "Payment", "ApplicationDate": store.today()}
    payment = merged(ENTITIES["Payment"], base, sent, errors)
    if held is None:
        payment["ReferenceNbr"] = "<NEW>"
    if store.get("Customer", str(payment.get("CustomerID") or "")) is None:
        errors[("CustomerID",)] = "'Customer' cannot be found in the system."
    _check_method(store, payment, (), errors)
    for place, row in enumerate(payment.get("OrdersToApply") or ()):
        _check_application(store, row, ("OrdersToApply", place), errors, is_new=held is None)
    if errors:
        errors[()] = "Inserting  'Payment' record raised at least one error. Please review the errors."
        raise FieldErrors(payment, errors)
    with store.state.transaction():
        if held is None:
            payment["ReferenceNbr"] = f"{store.next_number('Payment', FIRST_PAYMENT):06d}"
        _finish_payment(store, payment)
        if held is None:
            _show_in_orders(store, payment)
    return payment


def _paid_order(store: Store, row: Mapping[str, Any]) -> dict[str, Any] | None:
    return store.get("SalesOrder", str(row.get("OrderType") or "SO"), str(row.get("OrderNbr") or ""))


def _check_application(
    store: Store, row: Mapping[str, Any], path: tuple[str | int, ...], errors: Errors, *, is_new: bool
) -> None:
    """Note what forbids an application: no such order, a closed one, more than is unpaid [inferred]."""
    order = _paid_order(store, row)
    if order is None:
        errors[(*path, "OrderNbr")] = "'Order Nbr.' cannot be found in the system."
    elif is_new and order["Status"] in ("Completed", "Invoiced", "Canceled"):
        errors[(*path, "OrderNbr")] = f"The order is {order['Status']}; a payment cannot be applied to it."
    elif is_new and (row.get("AppliedToOrder") or _ZERO) > order["Totals"]["UnpaidBalance"]:
        errors[(*path, "AppliedToOrder")] = "The amount exceeds the unpaid balance of the order."


def _show_in_orders(store: Store, payment: Mapping[str, Any]) -> None:
    """Show a payment in the orders it is applied to; what is unpaid of them falls."""
    for row in payment.get("OrdersToApply") or ():
        order = _paid_order(store, row)
        if order is None:
            continue  # the check before has refused it
        names = (
            "ReferenceNbr",
            "PaymentMethod",
            "PaymentRef",
            "ExternalRef",
            "CashAccount",
            "PaymentAmount",
            "Status",
        )
        shown = {
            "id": str(uuid.uuid4()),
            "DocType": payment["Type"],
            **{name: payment.get(name) for name in names},
        }
        shown |= {"AppliedToOrder": row.get("AppliedToOrder"), "Balance": payment["AvailableBalance"]}
        order.setdefault("Payments", []).append(shown)
        order["Totals"]["UnpaidBalance"] -= row.get("AppliedToOrder") or _ZERO
        store.save("SalesOrder", order)


def void_payment(store: Store, payment: dict[str, Any]) -> None:
    """Void a payment: it is taken off the orders it was applied to [inferred]."""
    with store.state.transaction():
        for link in payment.get("OrdersToApply") or ():
            order = _paid_order(store, link)
            if order is None:
                continue  # deleted since
            for row in order.get("Payments") or ():
                if row.get("ReferenceNbr") == payment["ReferenceNbr"]:
                    order["Totals"]["UnpaidBalance"] += row.get("AppliedToOrder") or _ZERO
                    row["AppliedToOrder"], row["Status"] = _ZERO, "Voided"
            store.save("SalesOrder", order)
        payment["Status"] = "Voided"
        store.save("Payment", payment)


def _check_method(store: Store, row: Mapping[str, Any], path: tuple[str | int, ...], errors: Errors) -> None:
    method = str(row.get("PaymentMethod") or "")
    if store.get("PaymentMethod", method) is None:
        errors[(*path, "PaymentMethod")] = (
            f"'Payment Method' '{method}' cannot be found in the system."
            if method
            else "'Payment Method' cannot be empty."
        )
    account = str(row.get("CashAccount") or "")
    if account not in CASH_ACCOUNTS:
        errors[(*path, "CashAccount")] = (
            f"'Cash Account' '{account}' cannot be found in the system."
            if account
            else "'Cash Account' cannot be empty."
        )
    if not row.get("PaymentAmount"):
        errors[(*path, "PaymentAmount")] = "'Payment Amount' cannot be empty."


def _finish_payment(store: Store, payment: dict[str, Any]) -> None:
    applied = sum((row.get("AppliedToOrder") or _ZERO for row in payment.get("OrdersToApply") or ()), _ZERO)
    payment["AppliedToOrders"], payment["AppliedToDocuments"] = applied, _ZERO
    payment["AvailableBalance"] = payment["PaymentAmount"] - applied
    payment["Status"] = "On Hold" if payment.get("Hold") else payment.get("Status") or "Balanced"
    store.save("Payment", payment)


def save_journal(store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check and save a journal batch; debits must equal credits to leave hold. Raises FieldErrors."""
    errors: Errors = {}
    base = dict(held) if held is not None else {"Module": "GL", "TransactionDate": store.today()}
    batch = merged(ENTITIES["JournalTransaction"], base, sent, errors)
    if held is None:
        batch["BatchNbr"] = "<NEW>"
    debit = credit = _ZERO
    for place, row in enumerate(batch.get("Details") or ()):
        debit += row.get("DebitAmount") or _ZERO
        credit += row.get("CreditAmount") or _ZERO
        if row.get("Account") not in ACCOUNTS:
            errors[("Details", place, "Account")] = (
                f"'Account' '{row.get('Account')}' cannot be found in the system."
            )
    if debit != credit and not batch.get("Hold"):
        errors[("Hold",)] = "The document is out of the balance."
    if errors:
        errors[()] = (
            "Inserting  'Journal Transaction' record raised at least one error. Please review the errors."
        )
        raise FieldErrors(batch, errors)
    with store.state.transaction():
        if held is None:
            batch["BatchNbr"] = f"{store.next_number('JournalTransaction', FIRST_BATCH):06d}"
            batch["CreatedDateTime"] = store.stamp()
        batch["Status"] = "On Hold" if batch.get("Hold") else "Balanced"
        store.save("JournalTransaction", batch)
    return batch


def invoice_shipment(store: Store, shipment: Mapping[str, Any], order: Mapping[str, Any]) -> dict[str, Any]:
    """Make the invoice of a shipment: its lines at the order's prices, the order's freight and tax."""
    by_line = {line["LineNbr"]: line for line in order["Details"]}
    rows = []
    for number, row in enumerate(shipment["Details"], 1):
        line = by_line[row["OrderLineNbr"]]
        share = (line["Amount"] * row["ShippedQty"] / line["OrderQty"]) if line["OrderQty"] else _ZERO
        rows.append(
            {"InventoryID": row["InventoryID"], "Qty": row["ShippedQty"], "UnitPrice": line["UnitPrice"],
             "Amount": share.quantize(_ZERO), "OrderType": order["OrderType"], "OrderNbr": order["OrderNbr"],
             "ShipmentNbr": shipment["ShipmentNbr"], "LineNbr": number, "OrderLineNbr": line["LineNbr"]}
        )  # fmt: skip
    total = sum((row["Amount"] for row in rows), _ZERO) + order["Totals"]["Freight"] + order["TaxTotal"]
    invoice = {
        "Type": "Invoice",
        "ReferenceNbr": f"AR{store.next_number('SalesInvoice', FIRST_INVOICE):06d}",
        "Status": "Balanced",
        "CustomerID": order["CustomerID"],
        "CustomerOrder": order.get("CustomerOrder"),
        "ExternalRef": order.get("ExternalRef"),
        "Currency": order.get("CurrencyID"),
        "Date": store.today(),
        "Amount": total,
        "Balance": total,
        "TaxTotal": order["TaxTotal"],
        "Details": rows,
    }
    store.save("SalesInvoice", invoice)
    return invoice
