"""Saves what a PUT sends, entity by entity: customers and items here, the others in their own modules.

Called by ``rest`` and the control API.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.sandbox.acumatica import orders, payments, stock
from integrations.sandbox.acumatica.entities import ENTITIES
from integrations.sandbox.acumatica.merge import merged
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import Errors, FieldErrors, server_error, unwrap

FIRST_CUSTOMER, FIRST_PURCHASE = 1165, 17
Save = Callable[[Store, Mapping[str, Any], "Mapping[str, Any] | None"], dict[str, Any]]


def save_customer(store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check and save a customer; a sent CustomerID is replaced by the autonumber [documented]. Raises FieldErrors."""
    errors: Errors = {}
    base = (
        dict(held)
        if held is not None
        else {"Status": "Active", "CustomerClass": "DEFAULT", "CurrencyID": "USD"}
    )
    customer = merged(ENTITIES["Customer"], base, sent, errors)
    contact = customer.setdefault("MainContact", {})
    if "Email" in sent:
        contact["Email"] = customer.get("Email")
    customer["Email"] = contact.get("Email") or customer.get("Email")
    if not customer.get("CustomerName"):
        errors[("CustomerName",)] = "'Account Name' cannot be empty."
    if errors:
        errors[()] = "Inserting  'Customer' record raised at least one error. Please review the errors."
        raise FieldErrors(customer, errors)
    with store.state.transaction():
        if held is None:
            number = store.next_number("Customer", FIRST_CUSTOMER)
            customer["CustomerID"], customer["BAccountID"] = f"C{number}", number
            customer["CreatedDateTime"] = store.stamp()
        contact["CompanyName"] = contact.get("CompanyName") or customer["CustomerName"]
        store.save("Customer", customer)
    return customer


def save_item(store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check and save a stock item; without InventoryID the template values come back and nothing is saved."""
    errors: Errors = {}
    base = dict(held) if held is not None else {
        "ItemStatus": "Active", "ItemType": "Finished Good", "BaseUOM": "EA", "SalesUOM": "EA", "ItemClass": "STOCK",
        "DefaultWarehouseID": "MAIN",
    }  # fmt: skip
    item = merged(ENTITIES["StockItem"], base, sent, errors)
    if errors:
        errors[()] = "Inserting  'Stock Item' record raised at least one error. Please review the errors."
        raise FieldErrors(item, errors)
    if not item.get("InventoryID"):
        return item | {"InventoryID": "<NEW>"}
    store.save("StockItem", item)
    return item


def save_non_stock_item(
    store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Check and save a non-stock item."""
    errors: Errors = {}
    base = dict(held) if held is not None else {
        "ItemStatus": "Active", "ItemType": "Non-Stock Item", "BaseUnit": "EA", "SalesUnit": "EA",
        "RequireShipment": True,
    }  # fmt: skip
    item = merged(ENTITIES["NonStockItem"], base, sent, errors)
    if not item.get("InventoryID"):
        errors[("InventoryID",)] = "'Inventory ID' cannot be empty."
    if errors:
        errors[()] = "Inserting  'Non-Stock Item' record raised at least one error. Please review the errors."
        raise FieldErrors(item, errors)
    store.save("NonStockItem", item)
    return item


def save_purchase_order(
    store: Store, sent: Mapping[str, Any], held: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Check and save a purchase order: quantities times costs, no tax."""
    errors: Errors = {}
    base = dict(held) if held is not None else {"Type": "Normal", "Date": store.today(), "CurrencyID": "USD"}
    order = merged(ENTITIES["PurchaseOrder"], base, sent, errors)
    if not order.get("VendorID"):
        errors[("VendorID",)] = "'Vendor' cannot be empty."
    for place, line in enumerate(order.get("Details") or ()):
        if stock.item_of(store, str(line.get("InventoryID") or "")) is None:
            errors[("Details", place, "InventoryID")] = "'Inventory ID' cannot be found in the system."
    if errors:
        errors[()] = "Inserting  'Purchase Order' record raised at least one error. Please review the errors."
        raise FieldErrors(order | {"OrderNbr": "<NEW>"}, errors)
    zero = Decimal("0.0000")
    with store.state.transaction():
        if held is None:
            order["OrderNbr"] = f"PO{store.next_number('PurchaseOrder', FIRST_PURCHASE):06d}"
        for line in order.get("Details") or ():
            line["ExtendedCost"] = orders.amount(
                (line.get("OrderQty") or zero) * (line.get("UnitCost") or zero)
            )
            line["OrderType"], line["OrderNbr"] = order["Type"], order["OrderNbr"]
            line.setdefault("QtyOnReceipts", Decimal("0.000000"))
        order["LineTotal"] = sum((line["ExtendedCost"] for line in order.get("Details") or ()), zero)
        order["TaxTotal"], order["OrderTotal"] = zero, order["LineTotal"]
        order["Status"] = "On Hold" if order.get("Hold") else "Open"
        store.save("PurchaseOrder", order)
    return order


SAVES: dict[str, Save] = {
    "Customer": save_customer,
    "JournalTransaction": payments.save_journal,
    "NonStockItem": save_non_stock_item,
    "Payment": payments.save_payment,
    "PurchaseOrder": save_purchase_order,
    "SalesOrder": orders.save_order,
    "StockItem": save_item,
}
"""Entities that may be written; the others answer 500 to a PUT."""


def held_record(store: Store, entity: str, sent: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record that a body means, by id or keys; None = a new one. Raises Refusal for an unknown id."""
    if sent.get("id"):
        found = store.by_id(entity, str(sent["id"]))
        if found is None:
            raise server_error(
                "No entity satisfies the condition.",
                "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException",
            )
        return found
    keys = [unwrap(sent.get(name)) for name in ENTITIES[entity].keys]
    if entity == "SalesOrder" and keys[1] and not keys[0]:
        keys[0] = "SO"
    if not all(keys) or "<NEW>" in keys:
        return None
    return store.get(entity, *(str(key) for key in keys))
