"""``spSOapiSalesOrdIns``: validates one staged sales order and inserts, updates or cancels it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from integrations.sandbox.sage_500 import orders
from integrations.sandbox.sage_500.staging import DELETE, UPDATE, Job, Problem
from integrations.sandbox.tds.records import Records, Row

ACTIVE = 1


def job() -> Job:
    return Job("spSOapiSalesOrdIns", "SalesOrder", "SO", "StgSalesOrder", "StgSOLine", process)


def process(records: Records, company: str, header: Row, lines: Sequence[Row], user: str) -> list[Problem]:
    """Carry out the header's Action: 0 and 1 insert, 2 update, 3 cancel."""
    if header["Action"] == DELETE:
        return _cancel(records, company, header)
    if header["Action"] == UPDATE:
        return _update(records, company, header, lines, user)
    problems = _duplicates(records, company, header)
    customer = find_customer(records, company, header["CustID"], problems)
    codes = _codes(records, company, header, problems)
    ready = [_line(records, company, line, problems) for line in lines]
    if not lines:
        problems.append(Problem("SOLineNo", None, "The sales order has no lines."))
    if problems or customer is None:
        return problems
    orders.enter_order(records, company, customer, {**header, **codes}, ready, user=user)
    return []


def _duplicates(records: Records, company: str, header: Row) -> list[Problem]:
    number, reference = (header["TranNo"] or "").strip(), (header["UserFld1"] or "").strip()
    same = {"CompanyID": company, "TranType": orders.ORDER}
    if number and records.first("tsoSalesOrder", TranNo=number, **same):
        return [Problem("TranNo", number, "110067", is_duplicate=True)]
    if reference and records.first("tsoSalesOrder", UserFld1=reference, **same):
        return [Problem("UserFld1", reference, "110067", is_duplicate=True)]
    return []


def find_customer(records: Records, company: str, code: str | None, problems: list[Problem]) -> Row | None:
    """Return the active customer of a code; else note why not."""
    found = records.first("tarCustomer", CompanyID=company, CustID=code or "")
    if found is None:
        problems.append(Problem("CustID", code, f"Customer {code} is not valid."))
    elif found["Status"] != ACTIVE:
        problems.append(Problem("CustID", code, f"Customer {code} is not active."))
        return None
    return found


def find_code(
    records: Records, table: str, column: str, value: str | None, problems: list[Problem], *, shown: str, word: str,
    company: str,
) -> Row | None:  # fmt: skip
    """Return the row of a code table; an empty value is nothing, an unknown one is noted."""
    if not (value or "").strip():
        return None
    found = records.first(table, CompanyID=company, **{column: value})
    if found is None:
        problems.append(Problem(shown, value, f"{word} {value} is not valid."))
    return found


def _codes(records: Records, company: str, header: Row, problems: list[Problem]) -> dict[str, Any]:
    """Return the keys behind the header's text codes."""
    method = find_code(records, "tciShipMethod", "ShipMethID", header["DfltShipMethID"], problems,
                       shown="DfltShipMethID", word="Ship Method", company=company)  # fmt: skip
    warehouse = find_code(records, "timWarehouse", "WhseID", header["DfltWarehouseID"], problems,
                          shown="DfltWarehouseID", word="Warehouse", company=company)  # fmt: skip
    terms = find_code(records, "tciPaymentTerms", "PmtTermsID", header["PmtTermsID"], problems,
                      shown="PmtTermsID", word="Payment Terms", company=company)  # fmt: skip
    for name in ("FreightAmt", "STaxAmt"):
        if header[name] is not None and header[name] < 0:
            problems.append(Problem(name, header[name], "240074"))
    word = (header["Status"] or "open").lower()
    if word not in orders.STATUS_WORDS:
        problems.append(Problem("Status", header["Status"], f"Status {header['Status']} is not valid."))
    return {
        "ShipMethKey": method["ShipMethKey"] if method else None,
        "WhseKey": warehouse["WhseKey"] if warehouse else None,
        "PmtTermsKey": terms["PmtTermsKey"] if terms else None,
    }


def _line(records: Records, company: str, line: Row, problems: list[Problem]) -> dict[str, Any]:
    code = line["ItemID"] or line["ItemAliasID"]
    item = records.first("timItem", CompanyID=company, ItemID=code or "")
    if item is None:
        problems.append(Problem("ItemID", code, f"Item {code} is not valid."))
    elif item["Status"] != ACTIVE:
        problems.append(Problem("ItemID", code, f"Item {code} is not active."))
    unit = find_code(records, "tciUnitMeasure", "UnitMeasID", line["UnitMeasID"], problems,
                     shown="UnitMeasID", word="Unit of Measure", company=company)  # fmt: skip
    warehouse = find_code(records, "timWarehouse", "WhseID", line["WarehouseID"], problems,
                          shown="WarehouseID", word="Warehouse", company=company)  # fmt: skip
    method = find_code(records, "tciShipMethod", "ShipMethID", line["ShipMethID"], problems,
                       shown="ShipMethID", word="Ship Method", company=company)  # fmt: skip
    if not orders.is_yes(line["CmntOnly"]) and (line["QtyOrd"] is None or line["QtyOrd"] <= 0):
        problems.append(Problem("QtyOrd", line["QtyOrd"], "240074"))
    if line["UnitPrice"] is not None and line["UnitPrice"] < 0:
        problems.append(Problem("UnitPrice", line["UnitPrice"], "240074"))
    texts = records.first("timItemDescription", ItemKey=item["ItemKey"]) if item else None
    return {
        **line,
        "item": {**(item or {}), **(texts or {})},
        "UnitMeasKey": unit["UnitMeasKey"] if unit else None,
        "WhseKey": warehouse["WhseKey"] if warehouse else None,
        "ShipMethKey": method["ShipMethKey"] if method else None,
    }


# -- changes ---------------------------------------------------------------------------------------------


def _find(records: Records, company: str, header: Row) -> Row | None:
    """Return the order a change means: by number, else by reference [ours]."""
    same = {"CompanyID": company, "TranType": orders.ORDER}
    if (header["TranNo"] or "").strip():
        return records.first("tsoSalesOrder", TranNo=header["TranNo"], **same)
    return records.first("tsoSalesOrder", UserFld1=header["UserFld1"] or "", **same)


def _missing(header: Row) -> list[Problem]:
    number = header["TranNo"] or header["UserFld1"]
    return [Problem("TranNo", number, f"Sales Order {number} does not exist.")]


def _cancel(records: Records, company: str, header: Row) -> list[Problem]:
    order = _find(records, company, header)
    if order is None:
        return _missing(header)
    if order["Status"] == orders.CLOSED:
        return [Problem("TranNo", order["TranNo"], "250970")]
    if orders.has_activity(records, order["SOKey"]):
        return [Problem("TranNo", order["TranNo"], "250972")]
    orders.set_status(records, order["SOKey"], orders.CANCELED)
    return []


def _update(records: Records, company: str, header: Row, lines: Sequence[Row], user: str) -> list[Problem]:
    order = _find(records, company, header)
    if order is None:
        return _missing(header)
    if order["Status"] in (orders.CLOSED, orders.CANCELED):
        return [Problem("TranNo", order["TranNo"], "250970")]
    problems: list[Problem] = []
    codes = _codes(records, company, header, problems)
    held = {line["SOLineNo"]: (line, dist) for line, dist in orders.lines_of(records, order["SOKey"])}
    ready = []
    for line in lines:
        if line["Action"] == DELETE:
            ready.append((line, dict(line)))
        elif line["SOLineNo"] in held and line["ItemID"] is None:
            item = records.get("timItem", ItemKey=held[line["SOLineNo"]][0]["ItemKey"])
            ready.append((line, _line(records, company, {**line, "ItemID": item["ItemID"]}, problems)))
        else:
            ready.append((line, _line(records, company, line, problems)))
    if problems:
        return problems
    for line, given in ready:
        _change_line(records, order, line, given, held.get(line["SOLineNo"]), max(held, default=0) + 1)
    _change_header(records, order, header, codes)
    orders.retotal(records, order["SOKey"], header, user)
    return []


def _change_header(records: Records, order: Row, header: Row, codes: dict[str, Any]) -> None:
    """Write what the staging row gives; an empty column leaves the order as it is."""
    copied = ("TranDate", "CustPONo", "ConfirmNo", "HoldReason", "DfltRequestDate", "DfltShipDate", "TranCmnt",
              "UserFld1", "UserFld2", "UserFld3", "UserFld4", "ContactName")  # fmt: skip
    changes = {name: header[name] for name in copied if header[name] is not None}
    for name in ("Hold", "CrHold"):
        if header[name] is not None:
            changes[name] = orders.is_yes(header[name])
    if header["Status"]:
        changes["Status"] = orders.STATUS_WORDS[header["Status"].lower()]
    named = {"ShipMethKey": "DfltShipMethKey", "WhseKey": "DfltWhseKey", "PmtTermsKey": "PmtTermsKey"}
    changes |= {column: codes[name] for name, column in named.items() if codes[name] is not None}
    for prefix, column in (("BillTo", "BillToAddrKey"), ("DfltShipTo", "DfltShipToAddrKey")):
        address = orders.one_off_address(records, header, prefix)
        if address is not None:
            changes[column] = address
    if changes:
        records.update("tsoSalesOrder", changes, SOKey=order["SOKey"])


def _change_line(
    records: Records, order: Row, line: Row, given: dict[str, Any], held: tuple[Row, Row] | None, number: int
) -> None:
    if held is None:
        if line["Action"] != DELETE:
            orders.add_line(records, order, given, number)
        return
    old, dist = held
    shipped = dist["QtyShip"]
    quantity = shipped if line["Action"] == DELETE else max(Decimal(given["QtyOrd"]), shipped)
    price = old["UnitPrice"] if given.get("UnitPrice") is None else given["UnitPrice"]
    status = orders.LINE_CLOSED if line["Action"] == DELETE else orders.LINE_OPEN
    records.update("tsoSOLine", {"UnitPrice": price, "Status": status}, SOLineKey=old["SOLineKey"])
    amount = orders.extended(given if line["Action"] != DELETE else {}, Decimal(price), quantity)
    changes = {"QtyOrd": quantity, "QtyOpenToShip": quantity - shipped, "ExtAmt": amount, "Status": status}
    records.update("tsoSOLineDist", changes, SOLineDistKey=dist["SOLineDistKey"])
    orders.sell(records, old["ItemKey"], dist["WhseKey"], quantity - dist["QtyOrd"])
