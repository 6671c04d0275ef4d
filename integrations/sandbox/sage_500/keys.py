"""Surrogate keys and document numbers: ``spGetNextSurrogateKey`` and the numbering of orders, shipments, receipts."""

from typing import TYPE_CHECKING, Any

from integrations.sandbox.tds.records import Records

if TYPE_CHECKING:
    from integrations.sandbox.tds.session import Session

FIRST_KEYS = {
    "tsmMigrateSession": 50123,
    "tsoSalesOrder": 7781,
    "tsoSOLine": 9001,
    "tsoSOLineDist": 9501,
    "tsoShipment": 412,
    "tarCustPmt": 701,
    "tciBatchLog": 231,
    "tarCustomer": 311,
    "tciAddress": 5001,
    "timItem": 40,
}
"""Where keys of a fresh database begin; other tables at 1."""

FIRST_NUMBERS = {"SO": 43, "SH": 412, "CR": 701, "JE": 1, "RA": 1, "IN": 1}
"""First document numbers by type code."""


def next_key(records: Records, table: str) -> int:
    """Return the next key of a table; no two callers get the same one."""
    row = records.first("tsmSurrogateKey", TableName=table)
    if row is None:
        key = FIRST_KEYS.get(table, 1)
        records.insert("tsmSurrogateKey", {"TableName": table, "NextKey": key + 1})
        return key
    records.update("tsmSurrogateKey", {"NextKey": row["NextKey"] + 1}, TableName=table)
    return int(row["NextKey"])


def next_number(records: Records, company: str, code: str) -> str:
    """Return the next document number of a type: ten digits with leading zeros."""
    name = f"tciTranNo {company} {code}"
    row = records.first("tsmSurrogateKey", TableName=name)
    number = row["NextKey"] if row else FIRST_NUMBERS.get(code, 1)
    if row is None:
        records.insert("tsmSurrogateKey", {"TableName": name, "NextKey": number + 1})
    else:
        records.update("tsmSurrogateKey", {"NextKey": number + 1}, TableName=name)
    return f"{number:010d}"


def get_next_surrogate_key(session: "Session", arguments: dict[str, Any]) -> int:
    """Answer ``spGetNextSurrogateKey @iTableName, @oNewKey OUTPUT``."""
    arguments["oNewKey"] = next_key(session.records(), arguments["iTableName"])
    return 0
