"""``spSOapiRMAIns`` [name inferred, staging tables ours]: a return authorisation, a sales order of TranType 835."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.sandbox.sage_500 import orders
from integrations.sandbox.sage_500.sales_orders import find_code, find_customer
from integrations.sandbox.sage_500.staging import Job, Problem
from integrations.sandbox.tds.records import Records, Row


def job() -> Job:
    return Job("spSOapiRMAIns", "RMA", "SO", "StgRMA", "StgRMALine", process)


def process(records: Records, company: str, header: Row, lines: Sequence[Row], user: str) -> list[Problem]:
    """Insert a return; with SOTranNo no more may come back than that order shipped."""
    problems: list[Problem] = []
    reference = header["UserFld1"]
    if reference and records.first(
        "tsoSalesOrder", CompanyID=company, TranType=orders.RETURN, UserFld1=reference
    ):
        return [Problem("UserFld1", reference, "110067", is_duplicate=True)]
    customer = find_customer(records, company, header["CustID"], problems)
    sold = _sold(records, company, header, problems)
    ready = [_line(records, company, line, sold, problems) for line in lines]
    if not lines:
        problems.append(Problem("SOLineNo", None, "The return has no lines."))
    if problems or customer is None:
        return problems
    given = {**header, "Status": "Open"}
    orders.enter_order(
        records, company, customer, given, ready, user=user, tran_type=orders.RETURN, code="RA"
    )
    for line in ready:
        if line["sold"] is not None:
            returned = line["sold"]["QtyRtrnCredit"] + Decimal(line["QtyRtrnCredit"] or 0)
            records.update(
                "tsoSOLineDist", {"QtyRtrnCredit": returned}, SOLineDistKey=line["sold"]["SOLineDistKey"]
            )
    return []


def _sold(records: Records, company: str, header: Row, problems: list[Problem]) -> dict[int, Row] | None:
    """Return the distributions of the order that is returned by item; None where no order is named."""
    number = header["SOTranNo"]
    if not number:
        return None
    order = records.first("tsoSalesOrder", CompanyID=company, TranType=orders.ORDER, TranNo=number)
    if order is None:
        problems.append(Problem("SOTranNo", number, f"Sales Order {number} does not exist."))
        return None
    return {line["ItemKey"]: dist for line, dist in orders.lines_of(records, order["SOKey"])}


def _line(
    records: Records, company: str, line: Row, sold: dict[int, Row] | None, problems: list[Problem]
) -> dict[str, Any]:
    item = records.first("timItem", CompanyID=company, ItemID=line["ItemID"] or "")
    if item is None:
        problems.append(Problem("ItemID", line["ItemID"], f"Item {line['ItemID']} is not valid."))
    warehouse = find_code(records, "timWarehouse", "WhseID", line["WarehouseID"], problems,
                          shown="WarehouseID", word="Warehouse", company=company)  # fmt: skip
    quantity = Decimal(line["QtyRtrnCredit"] or 0) + Decimal(line["QtyRtrnReplacement"] or 0)
    if quantity <= 0:
        problems.append(Problem("QtyRtrnCredit", line["QtyRtrnCredit"], "240074"))
    dist = sold.get(item["ItemKey"]) if sold is not None and item is not None else None
    if sold is not None and (dist is None or quantity > dist["QtyShip"] - dist["QtyRtrnCredit"]):
        problems.append(Problem("QtyRtrnCredit", quantity, "More is returned than was shipped."))
    return {
        **line,
        "item": item or {},
        "sold": dist,
        "QtyOrd": quantity,
        "WhseKey": warehouse["WhseKey"] if warehouse else None,
    }
