"""The warehouse: shipments from pending to posted, voids, and the end of an order. Called by control and by ticks.

tsoShipmentLog.TranStatus goes 2 -> 3, perhaps 5 later [documented]; shipping changes the lines of an order and not its
header's UpdateDate, so that only the log tells it [ours].
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from integrations.sandbox.sage_500 import orders
from integrations.sandbox.sage_500.keys import next_key, next_number
from integrations.sandbox.tds.records import Records, Row

SHIPMENT = 810
PENDING, POSTED, VOID = 2, 3, 5
_PENDING_INVOICE = 501


def is_shippable(records: Records, order: Row, line: Row, dist: Row) -> bool:
    """Say whether a line may ship now: the published filter, and no hold of the order [ours]."""
    customer = records.get("tarCustomer", CustKey=order["CustKey"])
    return bool(
        order["Status"] == orders.OPEN
        and not order["Hold"]
        and order["CrHold"] == 0
        and line["Status"] == orders.LINE_OPEN
        and dist["Status"] == orders.LINE_OPEN
        and dist["QtyOpenToShip"] != 0
        and dist["DeliveryMeth"] == 1
        and customer["Hold"] == 0
    )


def create_shipment(
    records: Records, order: Row, quantities: Mapping[str, Any] | None = None, tracking: Sequence[str] = ()
) -> int:
    """Create a pending shipment of given quantities by item (None = all that is open) and return its key.

    Raises ValueError where nothing may ship.
    """
    chosen = []
    for line, dist in orders.lines_of(records, order["SOKey"]):
        item = records.get("timItem", ItemKey=line["ItemKey"])
        wanted = (
            dist["QtyOpenToShip"] if quantities is None else Decimal(str(quantities.get(item["ItemID"], 0)))
        )
        if wanted > 0 and is_shippable(records, order, line, dist):
            chosen.append((line, dist, min(wanted, dist["QtyOpenToShip"])))
    if not chosen:
        raise ValueError(f"nothing of {order['TranNo']} may ship")
    key = next_key(records, "tsoShipment")
    number = f"{next_number(records, order['CompanyID'], 'SH')}-SH"
    row = {"ShipKey": key, "TranType": SHIPMENT, "TranID": number, "TranDate": records.now, "FreightAmt": 0,
           "CompanyID": order["CompanyID"], "ShipMethKey": order["DfltShipMethKey"]}  # fmt: skip
    records.insert("tsoPendShipment", row)
    log = {name: row[name] for name in ("ShipKey", "TranType", "TranID", "CompanyID")}
    records.insert("tsoShipmentLog", log | {"TranStatus": PENDING})
    for line, dist, quantity in chosen:
        _add_line(records, key, line, dist, quantity)
    for text in tracking:
        package = {"PackageKey": next_key(records, "tsoPackage"), "ShipKey": key, "ShipTrackNo": text}
        records.insert("tsoPackage", package)
    return key


def _add_line(records: Records, key: int, line: Row, dist: Row, quantity: Decimal) -> None:
    ship_line = next_key(records, "tsoShipLine")
    records.insert(
        "tsoShipLine",
        {
            "ShipLineKey": ship_line,
            "ShipKey": key,
            "SOLineKey": line["SOLineKey"],
            "ItemKey": line["ItemKey"],
        },
    )
    records.insert(
        "tsoShipLineDist",
        {"ShipLineDistKey": next_key(records, "tsoShipLineDist"), "ShipLineKey": ship_line,
         "SOLineDistKey": dist["SOLineDistKey"], "QtyShipped": quantity, "FreightAmt": 0},
    )  # fmt: skip
    _move_bin(records, line["ItemKey"], dist["WhseKey"], decrease=quantity)


def _move_bin(
    records: Records,
    item: int,
    warehouse: int | None,
    *,
    on_hand: Decimal = Decimal(0),
    decrease: Decimal = Decimal(0),
) -> None:
    """Change the first bin of an item that counts as available; the rows have no UpdateDate."""
    for place in records.find("timWhseBin", order="WhseBinKey", WhseKey=warehouse, ExclFromAvail=0):
        held = records.first("timWhseBinInvt", WhseBinKey=place["WhseBinKey"], ItemKey=item)
        if held is not None:
            changes = {
                "QtyOnHand": held["QtyOnHand"] + on_hand,
                "PendQtyDecrease": held["PendQtyDecrease"] + decrease,
            }
            records.update("timWhseBinInvt", changes, WhseBinKey=place["WhseBinKey"], ItemKey=item)
            return


def shipped_lines(records: Records, key: int) -> list[tuple[Row, Row, Row]]:
    """Return (shipment line, its distribution, distribution of the order's line) of a shipment."""
    found = []
    for line in records.find("tsoShipLine", ShipKey=key):
        dist = records.get("tsoShipLineDist", ShipLineKey=line["ShipLineKey"])
        found.append((line, dist, records.get("tsoSOLineDist", SOLineDistKey=dist["SOLineDistKey"])))
    return found


def post_shipment(records: Records, key: int, *, late_days: int = 0) -> None:
    """Post a pending shipment; ``late_days`` puts the posting that long after the shipping. Raises KeyError."""
    row = records.get("tsoPendShipment", ShipKey=key)
    records.delete("tsoPendShipment", ShipKey=key)
    posted = records.now + timedelta(days=late_days)
    records.insert("tsoShipment", row | {"PostDate": posted})
    records.update("tsoShipmentLog", {"TranStatus": POSTED}, ShipKey=key)
    for line, dist, ordered in shipped_lines(records, key):
        quantity = dist["QtyShipped"]
        _move_bin(records, line["ItemKey"], ordered["WhseKey"], on_hand=-quantity, decrease=-quantity)
        orders.sell(records, line["ItemKey"], ordered["WhseKey"], -quantity)
        _change_shipped(records, ordered, quantity)


def void_shipment(records: Records, key: int) -> None:
    """Void a posted shipment: the goods lie in the bin again and are open to ship. Raises KeyError."""
    log = records.get("tsoShipmentLog", ShipKey=key)
    if log["TranStatus"] != POSTED:
        raise ValueError(f"shipment {key} is not posted")
    records.update("tsoShipmentLog", {"TranStatus": VOID}, ShipKey=key)
    for line, dist, ordered in shipped_lines(records, key):
        quantity = dist["QtyShipped"]
        _move_bin(records, line["ItemKey"], ordered["WhseKey"], on_hand=quantity)
        orders.sell(records, line["ItemKey"], ordered["WhseKey"], quantity)
        _change_shipped(records, ordered, -quantity)


def _change_shipped(records: Records, ordered: Row, quantity: Decimal) -> None:
    changes = {
        "QtyShip": ordered["QtyShip"] + quantity,
        "QtyOpenToShip": ordered["QtyOpenToShip"] - quantity,
    }
    records.update("tsoSOLineDist", changes, SOLineDistKey=ordered["SOLineDistKey"])


def close_order(records: Records, order: Row) -> None:
    """Invoice what was shipped and close the order."""
    for _, dist in orders.lines_of(records, order["SOKey"]):
        invoiced = {"QtyInvcd": dist["QtyShip"], "AmtInvcd": dist["ExtAmt"]}
        records.update("tsoSOLineDist", invoiced, SOLineDistKey=dist["SOLineDistKey"])
    number = next_number(records, order["CompanyID"], "IN")
    records.insert(
        "tarInvoice",
        {"InvcKey": next_key(records, "tarInvoice"), "CompanyID": order["CompanyID"], "TranType": _PENDING_INVOICE,
         "TranNo": number, "TranID": f"{number}-IN", "TranDate": records.now, "CustKey": order["CustKey"],
         "SOKey": order["SOKey"], "TranAmt": order["TranAmt"], "Balance": order["TranAmt"], "Status": 1,
         "CreateDate": records.now, "UpdateDate": records.now, "UpdateCounter": 1},
    )  # fmt: skip
    orders.set_status(records, order["SOKey"], orders.CLOSED, OpenAmt=0)


def tick(records: Records) -> dict[str, list[Any]]:
    """Let the warehouse work one step: post what is pending, then ship half of new orders and the rest of begun ones.

    An order of which everything was posted is closed. Returns keys and numbers by what was done.
    """
    done: dict[str, list[Any]] = {"posted": [], "created": [], "closed": []}
    for row in records.find("tsoPendShipment", order="ShipKey"):
        post_shipment(records, row["ShipKey"])
        done["posted"].append(row["ShipKey"])
    for order in records.find("tsoSalesOrder", order="SOKey", TranType=orders.ORDER, Status=orders.OPEN):
        _step(records, order, done)
    return done


def _step(records: Records, order: Row, done: dict[str, list[Any]]) -> None:
    held = orders.lines_of(records, order["SOKey"])
    if held and all(dist["QtyOpenToShip"] <= 0 for _, dist in held):
        close_order(records, order)
        done["closed"].append(order["TranNo"])
        return
    wanted: dict[str, Decimal] = {}
    for line, dist in held:
        if is_shippable(records, order, line, dist):
            item = records.get("timItem", ItemKey=line["ItemKey"])
            is_begun = dist["QtyShip"] > 0
            half = (dist["QtyOpenToShip"] / 2).to_integral_value(ROUND_CEILING)
            wanted[item["ItemID"]] = dist["QtyOpenToShip"] if is_begun else half
    if wanted:
        done["created"].append(create_shipment(records, order, wanted))


def ship_everything(records: Records) -> dict[str, list[Any]]:
    """Ship and post all that may ship, as the other simulators' ``process`` does."""
    done: dict[str, list[Any]] = {"posted": []}
    for row in records.find("tsoPendShipment", order="ShipKey"):
        post_shipment(records, row["ShipKey"])
        done["posted"].append(row["ShipKey"])
    for order in records.find("tsoSalesOrder", order="SOKey", TranType=orders.ORDER, Status=orders.OPEN):
        held = orders.lines_of(records, order["SOKey"])
        if any(is_shippable(records, order, line, dist) for line, dist in held):
            key = create_shipment(records, order, tracking=[f"1Z{order['SOKey']:016d}"])
            post_shipment(records, key)
            done["posted"].append(key)
    return done
