"""Which function answers which operation: one row per ``service.operation`` of the operation table."""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.sandbox.dynamics_sl import changes, customers, issues, items, ledger, paperwork, shipping
from integrations.sandbox.dynamics_sl.events import search_events
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.order_lists import (
    list_order_types,
    list_orders,
    list_ship_vias,
    search_addresses,
)
from integrations.sandbox.dynamics_sl.orders import delete_line, load_order, place_order, set_admin_hold
from integrations.sandbox.dynamics_sl.quick_query import run_view
from integrations.sandbox.dynamics_sl.store import (
    ADDRESSES,
    CUSTOMERS,
    ITEM_SIZES,
    ITEMS,
    LOCATIONS,
    PACKS,
    SHIPPER_LINES,
    SHIPPERS,
    find,
    find_one,
    find_prefix,
)

VERSION = "ctDynamicsSL sandbox 1.0"
Handler = Callable[[Installation, Mapping[str, Any]], Any]


def _filled(asked: Mapping[str, Any], **columns: str) -> dict[str, str]:
    """Return the conditions whose parameter is not blank, by column."""
    return {column: asked[name].strip() for name, column in columns.items() if asked.get(name, "").strip()}


def _hold(installation: Installation, asked: Mapping[str, Any]) -> None:
    set_admin_hold(installation, asked.get("ordNbr", ""), is_held=asked["adminHoldFlag"])


HANDLERS: dict[str, Handler] = {
    "orders.placeOrder": lambda here, asked: place_order(here, asked.get("inOrder") or {}),
    "orders.validateOrder": lambda here, asked: place_order(here, asked.get("inOrder") or {}, is_saved=False),
    "orders.calculateOrderTotals": lambda here, asked: place_order(
        here, asked.get("inOrder") or {}, is_saved=False
    ),
    # Reference: getOrder answers an order with a blank OrdNbr where there is none.
    "orders.getOrder": lambda here, asked: (
        load_order(here, asked.get("orderNumber", "")) or {"errorString": ""}
    ),
    "orders.getOrders": lambda here, asked: list_orders(here, dict(asked)),
    "orders.adminHoldFlag": _hold,
    "orders.deleteLineItem": lambda here, asked: delete_line(
        here, asked.get("ordNbr", ""), asked.get("lineRef", "")
    ),
    "orders.getOrderTypes": lambda here, asked: list_order_types(here),
    "orders.getShipVias": lambda here, asked: list_ship_vias(),
    "orders.searchSOEvent": lambda here, asked: search_events(here, dict(asked)),
    "orders.searchSOAddress": lambda here, asked: search_addresses(here, dict(asked)),
    "customerMaintenance.getCustomerByExactID": lambda here, asked: (
        find_one(here.state, CUSTOMERS, CustId=asked.get("custID", "").strip()) or {}
    ),
    "customerMaintenance.getCustomersByID": lambda here, asked: find_prefix(
        here.state, CUSTOMERS, "CustId", asked.get("custID", "").strip()
    ),
    "customerMaintenance.getCustomers": lambda here, asked: customers.list_customers(here, asked),
    "customerMaintenance.getScreenByCustID": lambda here, asked: customers.load_screen(
        here, asked.get("custID", "")
    ),
    "customerMaintenance.editScreen": lambda here, asked: customers.edit_customer(
        here, asked.get("actionType", ""), asked.get("inScreen") or {}
    ),
    "customerMaintenance.getSOAddressesByID": lambda here, asked: find(
        here.state, ADDRESSES, _filled(asked, custID="CustId", shipToID="ShipToId")
    ),
    "customerMaintenance.editSOAddress": lambda here, asked: customers.edit_address(
        here, asked.get("actionType", ""), asked.get("inItem") or {}
    ),
    "inventoryItems.getInventoryByExactID": lambda here, asked: (
        find_one(here.state, ITEMS, InvtID=asked.get("invtID", "").strip()) or {}
    ),
    "inventoryItems.getInventoryByID": lambda here, asked: find_prefix(
        here.state, ITEMS, "InvtID", asked.get("invtID", "").strip()
    ),
    "inventoryItems.getInventoryADGByExactID": lambda here, asked: (
        find_one(here.state, ITEM_SIZES, InvtID=asked.get("invtID", "").strip()) or {}
    ),
    "inventoryItems.getItemPrice": lambda here, asked: items.price_of(here, dict(asked.get("inItem") or {})),
    "inventoryItems.getScreenByInvtID": lambda here, asked: items.load_screen(here, asked.get("invtID", "")),
    "inventoryItems.editScreen": lambda here, asked: items.edit_item(
        here, asked.get("actionType", ""), asked.get("inScreen") or {}
    ),
    "inventoryIssues.getWarehouseBinLocations": lambda here, asked: find(
        here.state, LOCATIONS, _filled(asked, siteID="SiteID", whseLoc="WhseLoc", invtID="InvtID")
    ),
    "inventoryIssues.editScreen": lambda here, asked: issues.edit_issue(
        here, asked.get("actionType", ""), asked.get("inScreen") or {}
    ),
    "shippers.getSOShipHeaders": lambda here, asked: find_prefix(
        here.state, SHIPPERS, "ShipperID", asked.get("shipperID", "").strip()
    ),
    "shippers.getSOShipLines": lambda here, asked: find(
        here.state, SHIPPER_LINES, _filled(asked, shipperID="ShipperID", lineRef="LineRef")
    ),
    "shippers.getScreenByShipperID": lambda here, asked: shipping.load_screen(
        here, asked.get("shipperID", "")
    ),
    "manifestEntry.getSOShipPacks": lambda here, asked: find(
        here.state, PACKS, _filled(asked, shipperID="ShipperID")
    ),
    "paymentEntry.editScreen": lambda here, asked: ledger.edit_payment(
        here, asked.get("actionType", ""), asked.get("inScreen") or {}
    ),
    "paymentEntry.getScreenByBatNbr": lambda here, asked: ledger.load_payment(here, asked.get("batNbr", "")),
    "journalTransactions.editScreen": lambda here, asked: ledger.edit_journal(
        here, asked.get("actionType", ""), asked.get("inScreen") or {}
    ),
    "journalTransactions.getScreenByBatNbr": lambda here, asked: ledger.load_journal(
        here, asked.get("batNbr", "")
    ),
    "queue.getDSLXMLs": lambda here, asked: changes.list_entries(here, asked),
    "queue.copyDSLXMLToLog": lambda here, asked: changes.copy_to_log(here, asked),
    "quickQuery.getScreen": run_view,
    "purchaseOrders.saveNewPurchaseOrder": lambda here, asked: paperwork.save_purchase_order(
        here, asked.get("oPurchOrd") or {}
    ),
    "purchaseOrders.getPurchaseOrder": lambda here, asked: paperwork.load_purchase_order(
        here, asked.get("PONbr", "")
    ),
}
