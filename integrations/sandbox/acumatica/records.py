"""Saves what a PUT sends, entity by entity: customers and items here, the others in their own modules.

Called by ``rest`` and the control API.
"""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.sandbox.acumatica import orders, payments
from integrations.sandbox.acumatica.entities import ENTITIES
from integrations.sandbox.acumatica.merge import merged
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import Errors, FieldErrors, server_error, unwrap

FIRST_CUSTOMER = 1165
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


SAVES: dict[str, Save] = {
    "Customer": save_customer,
    "JournalTransaction": payments.save_journal,
    "Payment": payments.save_payment,
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
