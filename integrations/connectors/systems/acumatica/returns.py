"""Returns for credit (RC): fetch them, and enter one for goods of an order. Called by the connector.

Acumatica wants the invoice of each returned line. A return that names its order takes customer, invoices and prices
from it: what is credited is what was invoiced. Tax and refunds of money are people's decisions.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import FieldProblem, MissingReference, NotFound, Rejected
from integrations.connectors.systems.acumatica import orders
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.order_fields import RETURN_TYPE
from integrations.connectors.systems.acumatica.records import record
from integrations.kinds import Kind, Record

INVOICE_TYPE = "Invoice"
Row = dict[str, Any]


def fetch_return(api: Acumatica, external_id: str) -> Record:
    """Return a return for credit. Raises NotFound, for an order of another type as well."""
    if not external_id.startswith(f"{RETURN_TYPE}/"):
        raise NotFound(f"{external_id} is no return of Acumatica")
    found = orders.shown_order(orders.load_order(api, external_id))
    return record(
        Kind.RETURN,
        orders.key_of(found),
        found,
        updated_at=found.get("LastModified"),
        business_key=str(found["OrderNbr"]),
        search_keys={name: found.get(name) for name in ("CustomerOrder", "ExternalRef", "CustomerID")},
    )


def create_return(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Enter a return for credit. Raises MissingReference until there is an invoice; otherwise as for orders."""
    fields = dict(request.fields)
    returned = str(fields.pop("returned_order", "") or "")
    if returned:
        fields = _completed(api, fields, returned)
    problems = tuple(_missing(fields))
    if problems:
        raise Rejected(f"{problems[0].field} {problems[0].rule}", problems=problems)
    return orders.create_order(
        api,
        WriteRequest(
            Kind.RETURN, fields, reference=request.reference, idempotency_key=request.idempotency_key
        ),
    )


def _missing(fields: Mapping[str, Any]) -> Iterator[FieldProblem]:
    rule = "is required where no returned order is named"
    if not fields.get("CustomerID"):
        yield FieldProblem("CustomerID", "", rule)
    if not fields.get("Details"):
        yield FieldProblem("Details", "", "is required")
    for place, line in enumerate(fields.get("Details") or ()):
        for name in ("InvoiceType", "InvoiceNbr"):
            if not line.get(name):
                yield FieldProblem(f"Details[{place}].{name}", "", rule)


def _completed(api: Acumatica, fields: Row, returned: str) -> Row:
    """Return the return with customer, currency, invoices and prices of the order that it takes back."""
    try:
        order = orders.load_order(api, returned)
    except NotFound as error:
        problem = FieldProblem("returned_order", returned, "is not in Acumatica")
        raise Rejected(f"The returned order {returned} is not there", problems=(problem,)) from error
    invoiced = _invoiced(api, order)
    lines: list[Row] = []
    problems: list[FieldProblem] = []
    for place, line in enumerate(fields.get("Details") or ()):
        if line.get("InvoiceNbr"):
            lines.append(line)
            continue
        taken, left = _taken(line, invoiced)
        lines += taken
        if left > 0:
            rule = f"{left.normalize():f} more come back than was invoiced"
            problems.append(FieldProblem(f"Details[{place}].InventoryID", str(line.get("InventoryID")), rule))
    if problems:
        raise Rejected(f"{problems[0].value}: {problems[0].rule}", problems=tuple(problems))
    own = {name: order.get(name) for name in ("CustomerID", "CurrencyID") if order.get(name)}
    return {**own, **fields, "Details": lines}


def _invoiced(api: Acumatica, order: Mapping[str, Any]) -> list[Row]:
    """Return the invoice lines of an order, oldest invoice first. Raises MissingReference where there is none yet."""
    key = orders.key_of(order)
    numbers = {
        str(each["InvoiceNbr"])
        for each in order.get("Shipments") or ()
        if each.get("InvoiceNbr") and each.get("InvoiceType") == INVOICE_TYPE
    }
    if not numbers:
        raise MissingReference(
            f"Order {key} has not been invoiced in Acumatica yet", kind=Kind.INVOICE.value, key=key
        )
    rows: list[Row] = []
    for number in sorted(numbers):
        # Reference: endpoint Default, entity SalesInvoice; its lines name their order.
        invoice = api.one("SalesInvoice", INVOICE_TYPE, number, expand="Details")
        rows += [
            {**row, "InvoiceNbr": number}
            for row in invoice.get("Details") or ()
            if row.get("OrderNbr") == order.get("OrderNbr")
        ]
    return rows


def _taken(line: Mapping[str, Any], invoiced: list[Row]) -> tuple[list[Row], Decimal]:
    """Return what a returned line takes of the invoice lines, which shrink by it, and the quantity left over."""
    item, left = str(line.get("InventoryID") or "").strip(), Decimal(line.get("OrderQty") or 0)
    taken: list[Row] = []
    for row in invoiced:
        quantity = min(left, Decimal(row.get("Qty") or 0))
        if quantity <= 0 or str(row.get("InventoryID") or "").strip() != item:
            continue
        row["Qty"] = Decimal(row["Qty"]) - quantity
        left -= quantity
        part = {
            "InvoiceType": INVOICE_TYPE,
            "InvoiceNbr": row["InvoiceNbr"],
            "UnitPrice": row.get("UnitPrice"),
        }
        taken.append({**part, **line, "OrderQty": quantity})
    return taken, left
