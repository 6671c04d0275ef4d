"""Shipments with packages, tracking numbers and the state of their order. Called by the connector.

An external id names shipment and order (``000412/SO/000073``), for a shipment may serve several orders.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.errors import NotFound
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.order_fields import RETURN_TYPE
from integrations.connectors.systems.acumatica.records import keys_of, record
from integrations.kinds import Kind, Record

CONFIRMED = frozenset({"Confirmed", "Partially Invoiced", "Invoiced", "Completed"})
DONE_ORDERS = frozenset({"Completed", "Invoiced"})
_ORDER = "OrderType,OrderNbr,Status,CustomerOrder,ExternalRef"


def ids_of(shipment: Mapping[str, Any]) -> list[str]:
    """Return one external id for each order of a shipment; transfers and receipts of returned goods have none."""
    number = shipment.get("ShipmentNbr")
    orders = dict.fromkeys(
        (row.get("OrderType"), row.get("OrderNbr"))
        for row in shipment.get("Orders") or ()
        if row.get("OrderNbr") and row.get("OrderType") != RETURN_TYPE
    )
    return [f"{number}/{kind}/{order}" for kind, order in orders]


def fetch_shipment(api: Acumatica, external_id: str) -> Record:
    """Return a shipment as one of its orders sees it; a bare number means its first order. Raises NotFound."""
    number = external_id.partition("/")[0]
    # Reference: endpoint Default, entity Shipment. There is no tracking field on the header: packages have it.
    shipment = api.one(
        "Shipment", number, expand="Packages,Orders,Details", custom=api.custom_fields("Shipment")
    )
    ids = ids_of(shipment)
    if not ids:
        raise NotFound(f"Shipment {number} belongs to no sales order")
    wanted = external_id if "/" in external_id else ids[0]
    if wanted not in ids:
        raise NotFound(f"Shipment {number} does not belong to the order of {external_id}")
    _, kind, order_number = keys_of(wanted, 3, "shipment")
    order = api.one("SalesOrder", kind, order_number, select=_ORDER)
    carrier = str(shipment.get("ShipVia") or "")
    status = str(shipment.get("Status") or "")
    values = dict.fromkeys(
        str(row["TrackingNbr"]).strip() for row in shipment.get("Packages") or () if row.get("TrackingNbr")
    )
    fields = {
        **shipment,
        "order_key": f"{kind}/{order_number}",
        "OrderNbr": order_number,
        "CustomerOrder": order.get("CustomerOrder"),
        "ExternalRef": order.get("ExternalRef"),
        "OrderStatus": order.get("Status"),
        "is_confirmed": status in CONFIRMED,
        "is_complete": order.get("Status") in DONE_ORDERS,
        "carrier": carrier,
        "tracking_numbers": [{"value": value, "carrier": carrier} for value in values],
    }
    return record(
        Kind.SHIPMENT,
        wanted,
        fields,
        updated_at=shipment.get("LastModifiedDateTime"),
        business_key=number,
        search_keys={
            "OrderNbr": order_number,
            "CustomerOrder": order.get("CustomerOrder"),
            **{f"tracking {place}": value for place, value in enumerate(values, 1)},
        },
    )
