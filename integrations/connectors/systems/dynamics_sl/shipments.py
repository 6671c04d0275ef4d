"""Shippers with their lines, boxes and tracking numbers, and whether they complete their order."""

from typing import Any

from integrations.connectors.errors import NotFound
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.orders import is_complete, load_order, moment
from integrations.connectors.systems.dynamics_sl.schema import SHIPMENT
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.kinds import Kind, Record

_SHOWN = frozenset(each.name for each in SHIPMENT.fields)
_LINE = ("LineRef", "OrdLineRef", "InvtID", "Descr", "QtyOrd", "QtyShip", "QtyBO", "QtyPrevShip", "UnitDesc")
_PACK = ("BoxRef", "TrackingNbr", "CartonID", "Wght")


def fetch_shipment(api: CtApi, shipper_id: str) -> Record:
    """Return a shipper with lines, boxes and its order's state. Raises NotFound."""
    # Reference: shippers.asmx?op=getSOShipHeaders. The key is a prefix: S1 also answers S10.
    headers = api.call("shippers", "getSOShipHeaders", shipperID=shipper_id) or []
    header = next((row for row in headers if row.get("ShipperID") == shipper_id), None)
    if header is None:
        raise NotFound(f"Shipper {shipper_id} is not in Dynamics SL")
    lines = api.call("shippers", "getSOShipLines", shipperID=shipper_id, lineRef="") or []
    packs = api.call("manifestEntry", "getSOShipPacks", shipperID=shipper_id, lineRef="") or []
    order = load_order(api, header["OrdNbr"]) if header.get("OrdNbr") else {}
    fields = {
        name: value for name, value in header.items() if name in _SHOWN or value not in ("", None, 0, [])
    }
    fields |= {
        "is_confirmed": bool(header.get("ShippingConfirmed")) and not header.get("Cancelled"),
        "is_complete": is_complete(order.get("orderItems") or []),
        "CustOrdNbr": header.get("CustOrdNbr") or order.get("CustOrdNbr", ""),
        "lines": [_pick(row, _LINE) for row in lines],
        "packs": [_pick(row, _PACK) for row in packs],
        "tracking_numbers": _tracking(header, packs),
    }
    return Record(
        SYSTEM,
        Kind.SHIPMENT,
        shipper_id,
        fields,
        updated_at=moment(header.get("LUpd_DateTime")),
        business_key=shipper_id,
        search_keys={
            "OrdNbr": header.get("OrdNbr", ""),
            "CustOrdNbr": fields["CustOrdNbr"],
            **{
                f"tracking {place}": each["value"] for place, each in enumerate(fields["tracking_numbers"], 1)
            },
        },
    )


def _pick(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names if name in row}


def _tracking(header: dict[str, Any], packs: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return each tracking number once, boxes first; the header's only where no box has one."""
    values = dict.fromkeys(row["TrackingNbr"] for row in packs if row.get("TrackingNbr"))
    if not values and header.get("TrackingNbr"):
        values = {header["TrackingNbr"]: None}
    return [{"value": value, "carrier": header.get("ShipViaID", "")} for value in values]
