"""The Sage 500 simulator with one signed-in client, and the staging protocol as a caller of the procedures runs it."""

from decimal import Decimal
from typing import Any

import pytds

from tests.contract.processes import SimulatorProcess
from tests.sandbox.sql_clients import ask, dial, do

STEPS = {
    "SalesOrd": 2201000,
    "Customer": 2201010,
    "CashReceipt": 2201020,
    "Journal": 2201030,
    "Item": 2201040,
    "RMA": 2201050,
}
ORDER = {"TranDate": "2026-03-02", "CustID": "ACME", "CurrID": "USD", "CustPONo": "XC-1043", "UserFld1": "XC-1043",
         "DfltWarehouseID": "MAIN", "DfltShipMethID": "GROUND", "FreightAmt": Decimal("5.000"),
         "STaxAmt": Decimal("9.490"), "Hold": "No"}  # fmt: skip
LINE = {"SOLineNo": 1, "ItemID": "A50-HALO", "QtyOrd": 2, "UnitMeasID": "EA", "UnitPrice": Decimal("59.99"),
        "WarehouseID": "MAIN"}  # fmt: skip
SMOKE = (
    "INSERT INTO StgSalesOrder (RowKey, SessionKey, TranNo, CustID, UserFld1, FreightAmt)"
    " VALUES (1, 77, 'T1', 'ACME', 'XC-7', 5.25)"
)
SMOKE_READ = (
    "SELECT TranNo, FreightAmt, UserFld2, TranDate FROM dbo.StgSalesOrder WITH (NOLOCK) WHERE SessionKey = 77"
)


class Site:
    """The simulator with one signed-in client, and the staging protocol as a caller runs it."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.port: int = process.control("GET", "state")["tds_port"]
        self.link = dial(self.port)

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return ask(self.link, sql, values)

    def do(self, sql: str, *values: Any) -> int:
        return do(self.link, sql, values)

    def control(self, method: str, path: str, body: object = None) -> Any:
        return self.process.control(method, path, body)

    def next_key(self, table: str = "tsmMigrateSession", link: Any = None) -> int:
        cursor = (link or self.link).cursor()
        return int(cursor.callproc("spGetNextSurrogateKey", [table, pytds.output(param_type="int")])[1])

    def session(self, what: str = "SalesOrd", step: int | None = None) -> int:
        key = self.next_key()
        self.do("INSERT INTO tsmMigrateSession (MigrateSessionKey, CompanyID, SetupStepKey, UserID, StartTime)"
                " VALUES (%s, 'ABC', %s, 'connect', GETDATE())", key, step or STEPS[what])  # fmt: skip
        return key

    def stage(self, table: str, key: int, *rows: dict[str, Any]) -> None:
        for number, row in enumerate(rows, 1):
            given = {"RowKey": number, "SessionKey": key, "ProcessStatus": 0, "Action": 1, **row}
            places = ", ".join(["%s"] * len(given))
            self.do(f"INSERT INTO {table} ({', '.join(given)}) VALUES ({places})", *given.values())

    def execute(self, key: int, procedure: str = "spSOapiSalesOrdIns", **more: Any) -> dict[str, Any]:
        """Run one slice and return its OUTPUT values."""
        given = {
            "iCancel": 0,
            "iCompanyID": "ABC",
            "iRptOption": 3,
            "iPrintWarnings": 0,
            "iUseStageTable": 1,
            **more,
        }
        kinds = {"oContinue": "smallint", "oRecsProcessed": "int", "oFailedRecs": "int", "oTotalRecs": "int"}
        outputs = {**kinds, "_oRetVal": "int"}
        names = ["oContinue", "iCancel", "iSessionKey", "iCompanyID", "iRptOption", "iPrintWarnings", "iUseStageTable",
                 "oRecsProcessed", "oFailedRecs", "oTotalRecs", "_oRetVal"]  # fmt: skip
        values = {**given, "iSessionKey": key}
        sent = [pytds.output(param_type=outputs[each]) if each in outputs else values[each] for each in names]
        found = self.link.cursor().callproc(procedure, sent)
        return {name: value for name, value in zip(names, found, strict=True) if name in outputs}

    def finish(self, key: int, procedure: str = "spSOapiSalesOrdIns", **more: Any) -> dict[str, Any]:
        """Loop while @oContinue = 1 and return the last OUTPUT values."""
        for _ in range(10):
            outputs = self.execute(key, procedure, **more)
            if not outputs["oContinue"]:
                return outputs
        raise AssertionError("it never ends")

    def order(self, line: dict[str, Any] | None = None, **header: Any) -> dict[str, Any]:
        """Import one order and return the OUTPUT values with its session."""
        key = self.session()
        given = {**ORDER, **header}
        number = given.get("TranNo")
        self.stage("StgSalesOrder", key, given)
        self.stage("StgSOLine", key, {**LINE, "TranNo": number, **(line or {})})
        return {**self.finish(key), "key": key}

    def log(self, key: int) -> list[tuple[Any, ...]]:
        return self.ask("SELECT ColumnID, ColumnValue, Status, Duplicate, Comment FROM tdmMigrationLogWrk"
                        " WHERE SessionKey = %s", key)  # fmt: skip

    def close(self) -> None:
        self.link.close()
