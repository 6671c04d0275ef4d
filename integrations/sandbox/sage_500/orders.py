"""Sales orders in the base tables: entering, changing, cancelling, totals. Called by the staging run and by control."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from integrations.sandbox.sage_500.keys import next_key, next_number
from integrations.sandbox.sage_500.seed import add_address, stamps
from integrations.sandbox.tds.records import Records, Row

ORDER, RETURN = 801, 835
UNACKNOWLEDGED, OPEN, INACTIVE, CANCELED, CLOSED, INCOMPLETE, PENDING_APPROVAL = range(7)
STATUS_WORDS = {
    "unacknowledged": UNACKNOWLEDGED, "open": OPEN, "inactive": INACTIVE, "canceled": CANCELED, "closed": CLOSED,
    "incomplete": INCOMPLETE, "pending approval": PENDING_APPROVAL,
}  # fmt: skip
LINE_OPEN, LINE_CLOSED = 1, 2
_CENT = Decimal("0.001")
_COPIED = (
    "TranDate", "CustPONo", "ConfirmNo", "ContactName", "CurrExchRate", "HoldReason", "DfltShipPriority",
    "DfltRequestDate", "DfltPromDate", "DfltShipDate", "TranCmnt", "UserFld1", "UserFld2", "UserFld3", "UserFld4",
)  # fmt: skip


def is_yes(value: Any) -> int:
    return int(str(value or "").strip().lower() == "yes")


def enter_order(
    records: Records, company: str, customer: Row, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]],
    *, user: str = "admin", tran_type: int = ORDER, code: str = "SO",
) -> int:  # fmt: skip
    """Insert an order from staging columns that were found valid, and return its SOKey."""
    key = next_key(records, "tsoSalesOrder")
    number = (header.get("TranNo") or "").strip() or next_number(records, company, code)
    status = STATUS_WORDS.get(str(header.get("Status") or "open").lower(), OPEN)
    if is_yes(header.get("RequireSOAck")):
        status = UNACKNOWLEDGED
    bill, ship = customer["DfltBillToAddrKey"], customer["DfltShipToAddrKey"]
    records.insert(
        "tsoSalesOrder",
        {name: header.get(name) for name in _COPIED}
        | {"SOKey": key, "CompanyID": company, "TranType": tran_type, "TranNo": number, "TranID": f"{number}-{code}",
           "TranDate": header.get("TranDate") or records.now, "Status": status, "Hold": is_yes(header.get("Hold")),
           "CrHold": is_yes(header.get("CrHold")), "CustKey": customer["CustKey"],
           "CurrID": header.get("CurrID") or "USD", "BillToCustAddrKey": bill, "DfltShipToCustAddrKey": ship,
           "BillToAddrKey": one_off_address(records, header, "BillTo") or bill,
           "DfltShipToAddrKey": one_off_address(records, header, "DfltShipTo") or ship,
           "DfltShipMethKey": header.get("ShipMethKey"), "DfltWhseKey": header.get("WhseKey"),
           "PmtTermsKey": header.get("PmtTermsKey"), **stamps(records, user)},
    )  # fmt: skip
    order = records.get("tsoSalesOrder", SOKey=key)
    for place, line in enumerate(lines, 1):
        add_line(records, order, line, place)
    retotal(records, key, header, user)
    return key


def one_off_address(records: Records, header: Mapping[str, Any], prefix: str) -> int | None:
    """Insert the address that the columns of a prefix hold; None where they are empty."""
    given = {
        name: header.get(f"{prefix}{name}")
        for name in ("AddrName", "AddrLine1", "AddrLine2", "AddrLine3", "AddrLine4", "AddrLine5", "City", "StateID",
                     "CountryID", "PostalCode")
    }  # fmt: skip
    return add_address(records, given) if any(given.values()) else None


def add_line(records: Records, order: Row, line: Mapping[str, Any], number: int) -> None:
    """Insert one line with its distribution; what is ordered counts as sold in its warehouse."""
    key = next_key(records, "tsoSOLine")
    item, quantity = line["item"], Decimal(line.get("QtyOrd") or 0)
    price = line.get("UnitPrice")
    records.insert(
        "tsoSOLine",
        {"SOLineKey": key, "SOKey": order["SOKey"], "SOLineNo": line.get("SOLineNo") or number,
         "ItemKey": item["ItemKey"], "Description": line.get("Description") or item.get("ShortDesc"),
         "UnitMeasKey": line.get("UnitMeasKey") or item["SalesUnitMeasKey"],
         "UnitPrice": item["StdPrice"] if price is None else price, "UnitPriceOvrd": int(price is not None),
         "Status": LINE_OPEN, "CmntOnly": is_yes(line.get("CmntOnly")), "ExtCmnt": line.get("ExtCmnt"),
         "InclOnPickList": 1, "InclOnPackList": 1, "UserFld1": line.get("UserFld1"), "UserFld2": line.get("UserFld2")},
    )  # fmt: skip
    unit = Decimal(item["StdPrice"] or 0) if price is None else Decimal(price)
    is_order = order["TranType"] == ORDER
    records.insert(
        "tsoSOLineDist",
        {"SOLineDistKey": next_key(records, "tsoSOLineDist"), "SOLineKey": key, "QtyOrd": quantity,
         "OrigOrdered": quantity, "QtyOpenToShip": quantity if is_order else 0,
         "QtyRtrnCredit": line.get("QtyRtrnCredit") or 0, "QtyRtrnReplacement": line.get("QtyRtrnReplacement") or 0,
         "ExtAmt": extended(line, unit, quantity), "AmtInvcd": 0, "FreightAmt": line.get("FreightAmt"),
         "TradeDiscAmt": line.get("TradeDiscAmt"), "WhseKey": line.get("WhseKey") or order["DfltWhseKey"],
         "ShipToAddrKey": order["DfltShipToAddrKey"], "ShipToCustAddrKey": order["DfltShipToCustAddrKey"],
         "ShipMethKey": line.get("ShipMethKey") or order["DfltShipMethKey"], "ShipDate": line.get("ShipDate"),
         "RequestDate": line.get("RequestDate"), "PromiseDate": line.get("PromiseDate"), "DeliveryMeth": 1,
         "Hold": is_yes(line.get("Hold")), "Status": LINE_OPEN},
    )  # fmt: skip
    if is_order:
        sell(records, item["ItemKey"], line.get("WhseKey") or order["DfltWhseKey"], quantity)


def extended(line: Mapping[str, Any], unit: Decimal, quantity: Decimal) -> Decimal:
    """Return the amount of a line: what the caller imposes, else quantity by price."""
    given = line.get("ExtAmt")
    return (unit * quantity).quantize(_CENT) if given is None else Decimal(given)


def sell(records: Records, item: int, warehouse: int | None, quantity: Decimal) -> None:
    """Change what is on sales orders; a negative quantity takes it back."""
    row = records.first("timInventory", ItemKey=item, WhseKey=warehouse)
    if row is not None:
        records.update(
            "timInventory", {"QtyOnSO": row["QtyOnSO"] + quantity}, ItemKey=item, WhseKey=warehouse
        )


def retotal(records: Records, key: int, header: Mapping[str, Any], user: str) -> None:
    """Add the lines up. Freight, tax and discount are what the caller imposed, else what the order had."""
    order = records.get("tsoSalesOrder", SOKey=key)
    sales = discount = Decimal(0)
    for _, dist in lines_of(records, key):
        sales += dist["ExtAmt"] or 0
        discount += dist["TradeDiscAmt"] or 0
    if header.get("TradeDiscAmt") is not None:
        discount = Decimal(header["TradeDiscAmt"])
    elif header.get("TradeDiscPct") is not None:
        discount = (sales * Decimal(header["TradeDiscPct"])).quantize(_CENT)
    amounts = {
        name: Decimal(header[name] if header.get(name) is not None else order[name] or 0)
        for name in ("FreightAmt", "STaxAmt")
    }
    total = sales + amounts["FreightAmt"] + amounts["STaxAmt"] - discount
    records.update(
        "tsoSalesOrder",
        amounts
        | {
            "SalesAmt": sales,
            "TradeDiscAmt": discount,
            "TranAmt": total,
            "TranAmtHC": total,
            "OpenAmt": total,
        },
        SOKey=key,
    )
    touch(records, key, user, is_new=order["UpdateCounter"] == 1 and order["SalesAmt"] is None)


def touch(records: Records, key: int, user: str = "admin", *, is_new: bool = False) -> None:
    """Stamp a change of the header."""
    order = records.get("tsoSalesOrder", SOKey=key)
    counter = order["UpdateCounter"] + (0 if is_new else 1)
    records.update(
        "tsoSalesOrder",
        {"UpdateDate": records.now, "UpdateCounter": counter, "UpdateUserID": user},
        SOKey=key,
    )


def lines_of(records: Records, key: int) -> list[tuple[Row, Row]]:
    """Return the lines of an order with their distributions."""
    found = []
    for line in records.find("tsoSOLine", order="SOLineNo", SOKey=key):
        found.append((line, records.get("tsoSOLineDist", SOLineKey=line["SOLineKey"])))
    return found


def set_status(records: Records, key: int, status: int, **more: Any) -> None:
    """Give an order another status, and close its lines where the order is over."""
    changes: dict[str, Any] = {"Status": status, **more}
    if status in (CANCELED, CLOSED):
        changes["CloseDate"] = records.now
        for line, dist in lines_of(records, key):
            sell(records, line["ItemKey"], dist["WhseKey"], -dist["QtyOpenToShip"])
            records.update(
                "tsoSOLine", {"Status": LINE_CLOSED, "CloseDate": records.now}, SOLineKey=line["SOLineKey"]
            )
            closed = {"Status": LINE_CLOSED, "QtyOpenToShip": 0}
            records.update("tsoSOLineDist", closed, SOLineDistKey=dist["SOLineDistKey"])
    records.update("tsoSalesOrder", changes, SOKey=key)
    touch(records, key)


def has_activity(records: Records, key: int) -> bool:
    """Say whether something was shipped, is being shipped or was invoiced."""
    return any(
        dist["QtyShip"] or dist["QtyInvcd"] or records.first("tsoShipLine", SOLineKey=line["SOLineKey"])
        for line, dist in lines_of(records, key)
    )
