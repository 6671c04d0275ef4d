"""``spIMapiItemIns`` [name inferred, staging table ours]: inserts or updates one item."""

from collections.abc import Sequence

from integrations.sandbox.sage_500.seed import add_item
from integrations.sandbox.sage_500.staging import UPDATE, Job, Problem
from integrations.sandbox.tds.records import Records, Row

_STATUSES = {"active": 1, "inactive": 2, "discontinued": 3, "deleted": 4}


def job() -> Job:
    return Job("spIMapiItemIns", "Item", "IM", "StgItem", "", process)


def process(records: Records, company: str, header: Row, lines: Sequence[Row], user: str) -> list[Problem]:
    """Carry out the row's Action: 0 and 1 insert, 2 update."""
    code = (header["ItemID"] or "").strip()
    held = records.first("timItem", CompanyID=company, ItemID=code)
    problems = [
        Problem(name, header[name], "240074")
        for name in ("StdPrice", "StdUnitCost")
        if header[name] is not None and header[name] < 0
    ]
    status = _STATUSES.get((header["Status"] or "active").lower())
    if status is None:
        problems.append(Problem("Status", header["Status"], f"Status {header['Status']} is not valid."))
    if not code:
        problems.append(Problem("ItemID", None, "Item ID is required."))
    elif header["Action"] == UPDATE and held is None:
        problems.append(Problem("ItemID", code, f"Item {code} does not exist."))
    elif header["Action"] != UPDATE and held is not None:
        problems.append(Problem("ItemID", code, "110067", is_duplicate=True))
    if problems:
        return problems
    if held is None:
        add_item(records, header, user)
        return []
    changes = {name: header[name] for name in ("StdPrice", "StdUnitCost") if header[name] is not None}
    changes |= {"Status": status} if header["Status"] else {}
    changes |= {"UpdateDate": records.now, "UpdateCounter": held["UpdateCounter"] + 1, "UpdateUserID": user}
    records.update("timItem", changes, ItemKey=held["ItemKey"])
    texts = {name: header[name] for name in ("ShortDesc", "LongDesc") if header[name] is not None}
    if texts:
        records.update("timItemDescription", texts, ItemKey=held["ItemKey"])
    return []
