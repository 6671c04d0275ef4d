"""Purchase orders of the simulated company. Called by the control routes; their tables are ours.

The vendor's tables of this module are not public; a site lets them be read through a view of its own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.sandbox.sage_500.keys import next_key, next_number
from integrations.sandbox.tds.records import Records, Row

_OPEN, _CLOSED = 1, 2


def place_purchase_order(records: Records, company: str, asked: Mapping[str, Any]) -> Row:
    """Enter a purchase order: ``VendID`` and ``lines [{ItemID, QtyOrd, UnitCost?, PromiseDate?}]``. Raises KeyError."""
    key = next_key(records, "tpoPurchOrder")
    records.insert(
        "tpoPurchOrder",
        {"POKey": key, "CompanyID": company, "TranNo": next_number(records, company, "PO"),
         "VendID": asked.get("VendID", "LUMAFAB"), "TranDate": records.now, "Status": _OPEN},
    )  # fmt: skip
    for place, line in enumerate(asked["lines"], 1):
        item = records.get("timItem", CompanyID=company, ItemID=line["ItemID"])
        records.insert(
            "tpoPOLine",
            {"POLineKey": next_key(records, "tpoPOLine"), "POKey": key, "POLineNo": place, "ItemKey": item["ItemKey"],
             "QtyOrd": Decimal(str(line["QtyOrd"])), "QtyRcvd": Decimal(0),
             "UnitCost": line.get("UnitCost") or item["StdUnitCost"], "PromiseDate": line.get("PromiseDate")},
        )  # fmt: skip
    return records.get("tpoPurchOrder", POKey=key)


def receive(records: Records, company: str, number: str) -> Row:
    """Receive all that is open of a purchase order and close it. Raises KeyError."""
    order = records.get("tpoPurchOrder", CompanyID=company, TranNo=number)
    for line in records.find("tpoPOLine", POKey=order["POKey"]):
        records.update("tpoPOLine", {"QtyRcvd": line["QtyOrd"]}, POLineKey=line["POLineKey"])
    records.update("tpoPurchOrder", {"Status": _CLOSED}, POKey=order["POKey"])
    return records.get("tpoPurchOrder", POKey=order["POKey"])
