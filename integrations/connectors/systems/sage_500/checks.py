"""The connection test: named steps, each with what was seen, how long it took and how to mend it.

Reads, and inserts one staging row inside a transaction that is rolled back.
"""

import time
from collections.abc import Callable, Iterator

from integrations.connectors.base import CheckResult
from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.purchase_orders import COLUMNS as PURCHASE_ORDER_COLUMNS
from integrations.connectors.systems.sage_500.purchase_orders import view_of
from integrations.connectors.transports.tds import Transaction

READ_TABLES = (
    "tsoSalesOrder", "tsoSOLine", "tsoSOLineDist", "tsoShipment", "tsoShipLine", "tsoShipLineDist", "tsoShipmentLog",
    "tarCustomer", "tarCustClass", "tciAddress", "tciContact", "timItem", "timItemDescription",
    "timWhseBinInvt", "timWhseBin", "timWarehouse", "timInventory", "tdmMigrationLogWrk",
)  # fmt: skip
PROCEDURES = {
    "proc_order": "orders", "proc_customer": "customers", "proc_cash_receipt": "cash receipts",
    "proc_journal": "journals", "proc_item": "items", "proc_return": "returns",
}  # fmt: skip


class _Failed(Exception):
    """A step saw something that is not good enough."""

    def __init__(self, evidence: str, fix: str, field: str = "") -> None:
        super().__init__(evidence)
        self.evidence, self.fix, self.field = evidence, fix, field


def _sign_in(sage: Sage) -> str:
    rows = sage.query("SELECT @@VERSION AS Version")
    version = str(rows[0]["Version"]).splitlines()[0][:80] if rows else "SQL Server"
    how = {"require": "encrypted", "login_only": "sign-in encrypted", "off": "not encrypted"}
    return f"{version}; {how.get(sage.text('sql_encrypt'), '')}"


def _company(sage: Sage) -> str:
    rows = sage.query("SELECT CompanyName FROM tsmCompany WHERE CompanyID = %s", sage.company)
    if not rows:
        raise _Failed(
            f"There is no company {sage.company}", "Enter the company's three letters.", "company_id"
        )
    return f"Company {sage.company}: {rows[0]['CompanyName']}"


def _procedures(sage: Sage) -> str:
    named = {setting: sage.text(setting) for setting in PROCEDURES if sage.text(setting)}
    for setting, name in {"spGetNextSurrogateKey": "spGetNextSurrogateKey", **named}.items():
        if not sage.query(
            "SELECT name FROM sys.objects WHERE type = 'P' AND name = %s", name.rpartition(".")[2]
        ):
            raise _Failed(f"There is no procedure {name}", "Correct its name, or leave it blank.", setting)
    without = [what for setting, what in PROCEDURES.items() if setting not in named]
    return f"{len(named)} procedures are there" + (f"; not written: {', '.join(without)}" if without else "")


def _tables(sage: Sage) -> str:
    for table in READ_TABLES:
        sage.query(f"SELECT TOP 1 * FROM {table}")
    return f"{len(READ_TABLES)} tables can be read"


def _warehouses(sage: Sage) -> str:
    rows = sage.query("SELECT WhseID FROM timWarehouse WHERE CompanyID = %s", sage.company)
    known = {str(row["WhseID"]).casefold() for row in rows}
    missing = [name for name in sage.warehouses if name.casefold() not in known]
    if missing or not sage.warehouses:
        raise _Failed(
            f"There is no warehouse {', '.join(missing) or 'entered'}",
            "Enter warehouses of this company.",
            "warehouse_ids",
        )
    return f"Warehouses {', '.join(sage.warehouses)}"


def _staging(sage: Sage) -> str:
    if not sage.number("setup_step_key"):
        raise _Failed(
            "No import step is entered: nothing can be written",
            "Look up the SetupStepKey of sales orders in tsmMigrateStep.",
            "setup_step_key",
        )

    def try_insert(transaction: Transaction) -> int:
        return transaction.execute(
            "INSERT INTO StgSalesOrder (RowKey, SessionKey, ProcessStatus, Action, CustID) VALUES (1, 0, 0, 1, 'TEST')"
        )

    sage.database.transaction(try_insert, commit=False)
    left = sage.query("SELECT RowKey FROM StgSalesOrder WHERE SessionKey = 0")
    if left:
        raise _Failed(
            "The trial row was not rolled back", "Delete the row with SessionKey 0 from StgSalesOrder."
        )
    return "A staging row was inserted and rolled back"


def _tracking(sage: Sage) -> str:
    view, column = sage.text("tracking_view"), sage.text("tracking_column")
    if not view or not column:
        return "Not used: shipments come without tracking numbers"
    if not (view.replace("_", "a").isalnum() and column.replace("_", "a").isalnum()):
        raise _Failed("View and column are no names", "Enter plain names.", "tracking_view")
    sage.query(f"SELECT TOP 1 ShipKey, {column} FROM {view}")
    return f"Tracking numbers from {view}.{column}"


def _purchase_orders(sage: Sage) -> str:
    if not sage.text("purchase_order_view"):
        return "Not used: purchase orders are not read"
    view = view_of(sage)
    sage.query(f"SELECT TOP 1 CompanyID, {', '.join(PURCHASE_ORDER_COLUMNS)} FROM {view}")
    return f"Purchase orders from {view}"


_STEPS: tuple[tuple[str, Callable[[Sage], str]], ...] = (
    ("SQL Server reached and sign-in accepted", _sign_in),
    ("Company", _company),
    ("Procedures", _procedures),
    ("Tables can be read", _tables),
    ("Warehouses", _warehouses),
    ("Staging can be written", _staging),
    ("Tracking numbers", _tracking),
    ("Purchase orders", _purchase_orders),
)


def run_checks(sage: Sage) -> Iterator[CheckResult]:
    """Yield one result per step; after signing in fails, the rest is not tried."""
    for name, step in _STEPS:
        started = time.monotonic()
        try:
            evidence = step(sage)
        except _Failed as failed:
            yield CheckResult(
                name, False, failed.evidence, failed.fix, time.monotonic() - started, failed.field
            )
        except ConnectorError as error:
            yield _refused(name, error, time.monotonic() - started)
            if step is _sign_in:
                return
        else:
            yield CheckResult(name, True, evidence, seconds=time.monotonic() - started)


def _refused(name: str, error: ConnectorError, seconds: float) -> CheckResult:
    evidence = f"{error.message} ({error.detail})" if error.detail else error.message
    if isinstance(error, AuthFailed):
        return CheckResult(name, False, evidence, "Enter login and password again.", seconds, error.field)
    if isinstance(error, Misconfigured):
        fix = "Check database, encryption and the permissions of the login (README, least privilege)."
        field = error.missing if error.missing.startswith("sql_") else "sql_user"
        return CheckResult(name, False, evidence, fix, seconds, field)
    fix = "Check that the SQL Server is up and can be reached from here."
    return CheckResult(name, False, evidence, fix, seconds, "sql_host")
