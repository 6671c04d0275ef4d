"""Shipments and the order's way through them: create, confirm, invoice, release. Called by the actions and by control.

Open -> SalesOrderCreateShipment -> Shipping -> ConfirmShipment -> Completed or Back Order -> PrepareInvoice -> Invoiced
-> ReleaseSalesInvoice -> Completed [documented].
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.sandbox.acumatica import stock
from integrations.sandbox.acumatica.orders import OPEN_STATUSES
from integrations.sandbox.acumatica.payments import invoice_shipment
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import server_error

FIRST_SHIPMENT = 412
_ZERO = Decimal("0.000000")


def create_shipment(
    store: Store, order: dict[str, Any], *, warehouse: str = "", quantities: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Create a shipment of what is open and in stock (or of given quantities by item), a receipt of a return.

    Raises Refusal.
    """
    if order["Status"] not in ("Open", "Back Order"):
        raise server_error(f"The order is {order['Status']}: the Create Shipment action is not available.")
    rows: list[dict[str, Any]] = []
    is_receipt = order["OrderType"] == "RC"
    for line in order.get("Details") or ():
        place = warehouse or line["WarehouseID"]
        wanted = line["OpenQty"]
        if quantities is not None:
            wanted = min(wanted, Decimal(str(quantities.get(line["InventoryID"], 0))))
        if quantities is None and not is_receipt and store.get("StockItem", line["InventoryID"]) is not None:
            shipped = min(wanted, stock.on_hand(store, line["InventoryID"], place))
        else:
            shipped = wanted  # as told, and what lies in no warehouse
        if shipped > 0 and line["WarehouseID"] == place:
            rows.append(_row(order, line, shipped, len(rows) + 1))
    if not rows:
        raise server_error("The shipment cannot be created: no items are available for shipping.")
    total = sum((row["ShippedQty"] for row in rows), _ZERO)
    shipment = {
        "ShipmentNbr": f"{store.next_number('Shipment', FIRST_SHIPMENT):06d}",
        "Type": "Shipment",
        "Status": "Open",
        "Operation": "Receipt" if is_receipt else "Issue",
        "Hold": False,
        "CustomerID": order["CustomerID"],
        "LocationID": order.get("LocationID"),
        "WarehouseID": rows[0]["WarehouseID"],
        "ShipVia": order.get("ShipVia"),
        "ShipmentDate": store.today(),
        "CreatedDateTime": store.stamp(),
        "ShippedQty": total,
        "Details": rows,
        "Packages": [],
        "Orders": [{"OrderType": order["OrderType"], "OrderNbr": order["OrderNbr"], "ShippedQty": total}],
    }
    with store.state.transaction():
        store.save("Shipment", shipment)
        order["Status"] = "Shipping"
        order.setdefault("Shipments", []).append(
            {"ShipmentNbr": shipment["ShipmentNbr"], "ShipmentType": "Shipment", "Status": "Open",
             "ShippedQty": total, "ShipmentDate": store.today()}
        )  # fmt: skip
        store.save("SalesOrder", order)
    return shipment


def _row(order: Mapping[str, Any], line: Mapping[str, Any], shipped: Decimal, number: int) -> dict[str, Any]:
    return {
        "OrderType": order["OrderType"],
        "OrderNbr": order["OrderNbr"],
        "OrderLineNbr": line["LineNbr"],
        "LineNbr": number,
        "InventoryID": line["InventoryID"],
        "Description": line.get("LineDescription"),
        "WarehouseID": line["WarehouseID"],
        "UOM": line.get("UOM"),
        "ShippedQty": shipped,
        "OrderedQty": line["OrderQty"],
        "OpenQty": line["OpenQty"] - shipped,
    }


def confirm_shipment(store: Store, shipment: dict[str, Any], tracking: Sequence[str] = ()) -> None:
    """Confirm: boxes with tracking numbers (two unless told), stock out, order lines on. Raises Refusal."""
    if shipment["Status"] != "Open":
        raise server_error(
            f"The shipment is {shipment['Status']}: the Confirm Shipment action is not available."
        )
    with store.state.transaction():
        number = str(shipment["ShipmentNbr"])
        numbers = list(tracking) or [f"1Z999AA1{number:0>8}{box:02d}" for box in (1, 2)]
        if not shipment.get("Packages"):
            shipment["Packages"] = [
                {
                    "BoxID": "SMALL",
                    "TrackingNbr": one,
                    "Weight": Decimal("1.400000"),
                    "LineNbr": box,
                    "Confirmed": True,
                }
                for box, one in enumerate(numbers, 1)
            ]
        shipment["PackageCount"] = len(shipment["Packages"])
        shipment["Status"] = "Confirmed"
        for key in {(row["OrderType"], row["OrderNbr"]) for row in shipment["Details"]}:
            _advance_order(store, shipment, key)
        sign = 1 if shipment["Operation"] == "Receipt" else -1
        for row in shipment["Details"]:
            if store.get("StockItem", row["InventoryID"]) is not None:
                stock.move(store, row["InventoryID"], row["WarehouseID"], sign * row["ShippedQty"])
        store.save("Shipment", shipment)


def _advance_order(store: Store, shipment: Mapping[str, Any], key: tuple[str, str]) -> None:
    order = store.get("SalesOrder", *key)
    if order is None:
        return
    for row in shipment["Details"]:
        for line in order["Details"]:
            if row["OrderNbr"] == order["OrderNbr"] and line["LineNbr"] == row["OrderLineNbr"]:
                line["QtyOnShipments"] = (line.get("QtyOnShipments") or _ZERO) + row["ShippedQty"]
                line["OpenQty"] = max(line["OrderQty"] - line["QtyOnShipments"], _ZERO)
                line["Completed"] = not line["OpenQty"]
    is_done = all(not line["OpenQty"] for line in order["Details"])
    order["Status"] = "Completed" if is_done else "Back Order"
    _mark(order, shipment, Status="Confirmed")
    store.save("SalesOrder", order)


def _mark(order: dict[str, Any], shipment: Mapping[str, Any], **changes: Any) -> None:
    for row in order.get("Shipments") or ():
        if row["ShipmentNbr"] == shipment["ShipmentNbr"]:
            row.update(changes)


def prepare_invoice(store: Store, shipment: dict[str, Any]) -> dict[str, Any]:
    """Invoice a confirmed shipment. Raises Refusal."""
    if shipment["Status"] != "Confirmed":
        raise server_error(
            f"The shipment is {shipment['Status']}: the Prepare Invoice action is not available."
        )
    first = shipment["Orders"][0]
    order = store.get("SalesOrder", first["OrderType"], first["OrderNbr"])
    if order is None:
        raise server_error("The order of the shipment cannot be found.")
    with store.state.transaction():
        invoice = invoice_shipment(store, shipment, order)
        shipment["Status"] = "Invoiced"
        first.update(InvoiceType="Invoice", InvoiceNbr=invoice["ReferenceNbr"])
        store.save("Shipment", shipment)
        _mark(order, shipment, Status="Invoiced", InvoiceType="Invoice", InvoiceNbr=invoice["ReferenceNbr"])
        if order["Status"] == "Completed":
            order["Status"] = "Invoiced"
        store.save("SalesOrder", order)
    return invoice


def release_invoice(store: Store, invoice: dict[str, Any]) -> None:
    """Release an invoice: it opens, its shipment and order are completed."""
    invoice["Status"] = "Open"
    with store.state.transaction():
        store.save("SalesInvoice", invoice)
        for number in {row["ShipmentNbr"] for row in invoice["Details"] if row.get("ShipmentNbr")}:
            shipment = store.get("Shipment", number)
            if shipment is not None:
                shipment["Status"] = "Completed"
                store.save("Shipment", shipment)
        for kind, number in {(row["OrderType"], row["OrderNbr"]) for row in invoice["Details"]}:
            order = store.get("SalesOrder", kind, number)
            if order is not None and order["Status"] == "Invoiced":
                order["Status"] = "Completed"
                store.save("SalesOrder", order)


def cancel_order(store: Store, order: dict[str, Any]) -> None:
    """Cancel an order that may be: not shipped, no payment applied. Raises Refusal."""
    has_shipment = bool(order.get("Shipments"))
    is_paid = any(row.get("AppliedToOrder") for row in order.get("Payments") or ())
    if order["Status"] not in OPEN_STATUSES - {"Back Order"} or has_shipment or is_paid:
        why = "it has applied payments" if is_paid else f"it is {order['Status']}"
        raise server_error(f"The Cancel Order action is not available for the order: {why}.")
    order["Status"], order["Hold"] = "Canceled", False
    for line in order.get("Details") or ():
        line["OpenQty"] = _ZERO
    store.save("SalesOrder", order)


def run_process(store: Store) -> dict[str, list[str]]:
    """Ship as a warehouse would: confirm open shipments, then create shipments for open orders."""
    confirmed = [one for one in store.all("Shipment") if one["Status"] == "Open"]
    for shipment in confirmed:
        confirm_shipment(store, shipment)
    created = []
    for order in store.all("SalesOrder"):
        lines = order.get("Details") or ()
        if order["Status"] in ("Open", "Back Order") and any(
            line["OpenQty"] and stock.on_hand(store, line["InventoryID"], line["WarehouseID"]) > 0
            for line in lines
        ):
            created.append(str(create_shipment(store, order)["ShipmentNbr"]))
    return {"created": created, "confirmed": [str(one["ShipmentNbr"]) for one in confirmed]}
