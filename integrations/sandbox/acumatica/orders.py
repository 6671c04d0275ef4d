"""Sales orders: checks, computes and saves them the way SO301000 does.

Called by the REST writer, the actions and the control API. Totals that are sent are ignored; an address without its
Override is ignored; a price without ManualPrice is the item's [documented].
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.sandbox.acumatica import stock
from integrations.sandbox.acumatica.entities import ENTITIES
from integrations.sandbox.acumatica.merge import merged
from integrations.sandbox.acumatica.payments import settle_order_payments
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import Errors, FieldErrors

FIRST_ORDER = 73
ORDER_TYPES = frozenset(["SO", "SA", "IN", "CS", "CM", "CR", "RC", "RM", "RR", "QT", "TR", "BL"])
OPEN_STATUSES = frozenset(
    ("On Hold", "Open", "Awaiting Payment", "Credit Hold", "Pending Approval", "Back Order")
)
_CENT = Decimal("0.01")
_SCALE = Decimal("0.0001")
_PARTS = (("ShipToAddress", "MainContact/Address"), ("BillToAddress", "MainContact/Address"),
          ("ShipToContact", "MainContact"), ("BillToContact", "MainContact"))  # fmt: skip


def amount(value: Decimal) -> Decimal:
    """Return money rounded to cents, in the database scale."""
    return value.quantize(_CENT, ROUND_HALF_UP).quantize(_SCALE)


def save_order(store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Lay what was sent over an order (None = a new one), check, compute and save. Raises FieldErrors."""
    errors: Errors = {}
    base = (
        dict(held) if held is not None else {"OrderType": "SO", "LocationID": "MAIN", "Date": store.today()}
    )
    order = merged(ENTITIES["SalesOrder"], base, sent, errors)
    is_new = held is None
    if is_new:
        order["OrderNbr"] = "<NEW>"
        order["Hold"] = True if order.get("Hold") is None else order["Hold"]
    customer = store.get("Customer", str(order.get("CustomerID") or ""))
    _check(store, order, customer, held, errors)
    if errors or customer is None:
        errors[()] = (
            "Inserting  'Sales Order' record raised at least one error. Please review the errors."
            if is_new
            else "Updating 'Sales Order' record raised at least one error. Please review the errors."
        )
        raise FieldErrors(order, errors)
    _complete(store, order, customer, held)
    with store.state.transaction():
        if is_new:
            order["OrderNbr"] = f"{store.next_number('SalesOrder', FIRST_ORDER):06d}"
            order["CreatedDate"] = store.stamp()
        settle_order_payments(store, order)
        compute_totals(order)
        order["Status"] = _status(order, customer)
        store.save("SalesOrder", order)
    return order


def _check(
    store: Store,
    order: dict[str, Any],
    customer: Mapping[str, Any] | None,
    held: Mapping[str, Any] | None,
    errors: Errors,
) -> None:
    if order.get("OrderType") not in ORDER_TYPES:
        errors[("OrderType",)] = "'Order Type' cannot be found in the system."
    if customer is None:
        errors[("CustomerID",)] = "'Customer' cannot be found in the system."
    elif customer.get("Status") not in ("Active", "One-Time", None):
        errors[("CustomerID",)] = f"The customer status is '{customer['Status']}'."
    if order.get("ShipVia") and store.get("ShipVia", order["ShipVia"]) is None:
        errors[("ShipVia",)] = f"'Ship Via' '{order['ShipVia']}' cannot be found in the system."
    if (
        held is not None
        and held["Status"] not in OPEN_STATUSES
        and order.get("Details") != held.get("Details")
    ):
        errors[("Status",)] = f"The order is {held['Status']}; its lines cannot be changed."
    for place, line in enumerate(order.get("Details") or ()):
        _check_line(store, line, ("Details", place), errors)
    for place, row in enumerate(order.get("TaxDetails") or ()):
        if store.get("Tax", str(row.get("TaxID") or "")) is None:
            errors[("TaxDetails", place, "TaxID")] = (
                f"'Tax ID' '{row.get('TaxID')}' cannot be found in the system."
            )
    if order.get("OrderType") == "RC":
        _check_return(store, order, errors)


def _check_line(store: Store, line: dict[str, Any], path: tuple[str | int, ...], errors: Errors) -> None:
    item = stock.item_of(store, str(line.get("InventoryID") or ""))
    if item is None:
        words = f"'Inventory ID' '{line.get('InventoryID') or ''}' cannot be found in the system."
        errors[(*path, "InventoryID")] = words
    elif item.get("ItemStatus") in ("Inactive", "No Sales", "Marked for Deletion"):
        errors[(*path, "InventoryID")] = f"The inventory item is {item['ItemStatus']}."
    if line.get("WarehouseID") and store.get("Warehouse", line["WarehouseID"]) is None:
        words = f"'Warehouse' '{line['WarehouseID']}' cannot be found in the system."
        errors[(*path, "WarehouseID")] = words


def _check_return(store: Store, order: dict[str, Any], errors: Errors) -> None:
    for place, line in enumerate(order.get("Details") or ()):
        kind, number = str(line.get("InvoiceType") or ""), str(line.get("InvoiceNbr") or "")
        invoice = store.get("SalesInvoice", kind, number)
        if invoice is None or not any(
            row.get("InventoryID") == line.get("InventoryID") for row in invoice.get("Details") or ()
        ):
            words = f"'Invoice Nbr.' '{number}' cannot be found in the system."
            errors[("Details", place, "InvoiceNbr")] = words


def _complete(
    store: Store, order: dict[str, Any], customer: Mapping[str, Any], held: Mapping[str, Any] | None
) -> None:
    order["CustomerID"] = customer["CustomerID"]
    order["CurrencyID"] = order.get("CurrencyID") or customer.get("CurrencyID") or "USD"
    for name, path in _PARTS:
        if not order.get(f"{name}Override"):
            source: Any = customer
            for part in path.split("/"):
                source = (source or {}).get(part)
            order[name] = {
                key: value for key, value in (source or {}).items() if isinstance(value, str) and key != "id"
            }
            if name.endswith("Contact"):
                order[name]["BusinessName"] = customer.get("CustomerName")
    for line in order.get("Details") or ():
        item = stock.item_of(store, line["InventoryID"])
        if item is None:
            continue  # the check before has refused it
        _price(line, item, order)
        line["WarehouseID"] = line.get("WarehouseID") or item.get("DefaultWarehouseID") or "MAIN"
        line["LastModifiedDate"] = store.now().strftime("%m/%d/%Y %H:%M:%S")


def _price(line: dict[str, Any], item: Mapping[str, Any], order: Mapping[str, Any]) -> None:
    line["InventoryID"] = item["InventoryID"]
    line["LineDescription"] = line.get("LineDescription") or item.get("Description")
    line["UOM"] = line.get("UOM") or item.get("SalesUOM") or "EA"
    zero = Decimal("0.000000")
    quantity = line["OrderQty"] = line.get("OrderQty") or zero
    if not line.get("ManualPrice"):
        line["UnitPrice"] = item.get("DefaultPrice") or zero
    price = line["UnitPrice"] = line.get("UnitPrice") or zero
    extended = amount(quantity * price)
    if not line.get("ManualDiscount"):
        line["DiscountAmount"] = Decimal("0.0000")
    discount = line["DiscountAmount"] = line.get("DiscountAmount") or Decimal("0.0000")
    line["ExtendedPrice"], line["Amount"] = extended, amount(extended - discount)
    line["QtyOnShipments"] = line.get("QtyOnShipments") or zero
    line["OpenQty"] = max(quantity - line["QtyOnShipments"], zero)
    line["Completed"] = bool(quantity) and not line["OpenQty"]
    line["OrderType"], line["OrderNbr"] = order["OrderType"], order.get("OrderNbr")


def compute_totals(order: dict[str, Any]) -> None:
    """Write lines, freight, tax and totals; tax rows count only with IsTaxValid."""
    zero = Decimal("0.0000")
    lines = order.get("Details") or []
    shipping = order.setdefault("ShippingSettings", {})
    if not shipping.get("OverrideFreightPrice"):
        shipping["FreightPrice"] = zero
    freight = shipping.get("FreightPrice") or zero
    if not order.get("IsTaxValid"):
        order["TaxDetails"] = []
    tax = sum((row.get("TaxAmount") or zero for row in order.get("TaxDetails") or ()), zero)
    merchandise = sum((line["Amount"] for line in lines), zero)
    order["TaxTotal"], order["OrderTotal"] = amount(tax), amount(merchandise + freight + tax)
    order["OrderedQty"] = sum((line["OrderQty"] for line in lines), Decimal("0.000000"))
    shipping["ShipVia"] = order.get("ShipVia")
    paid = sum((row.get("AppliedToOrder") or zero for row in order.get("Payments") or ()), zero)
    order["Totals"] = {
        "LineTotalAmount": amount(merchandise),
        "DiscountTotal": sum((line["DiscountAmount"] for line in lines), zero),
        "TaxTotal": amount(tax),
        "Freight": amount(freight),
        "FreightCost": zero,
        "PremiumFreight": zero,
        "UnbilledAmount": order["OrderTotal"],
        "UnpaidBalance": amount(order["OrderTotal"] - paid),
    }


def _status(order: dict[str, Any], customer: Mapping[str, Any]) -> str:
    held_status = order.get("Status")
    if held_status not in OPEN_STATUSES and held_status is not None:
        return str(held_status)
    if order.get("Hold"):
        return "On Hold"
    limit = customer.get("CreditLimit") or Decimal(0)
    if limit and order["OrderTotal"] > limit:
        order["CreditHold"] = True
        return "Credit Hold"
    order["CreditHold"] = False
    if any(line.get("QtyOnShipments") for line in order.get("Details") or ()):
        return "Back Order"
    return "Open"
