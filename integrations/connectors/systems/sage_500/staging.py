"""The import protocol of Sage 500: staging rows under a run key, a procedure in slices, its log as reasons.

Called by every writer of this connector. One record has one run key (SessionKey), so that a failure is that record's.
Base tables are never written.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.connectors.errors import ConnectorError, Duplicate, Misconfigured, OutcomeUnknown, Transient
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.reasons import raise_reasons
from integrations.connectors.systems.sage_500.records import storable
from integrations.connectors.transports.tds import Transaction

NEW, PROCESSED, FAILED = 0, 1, 2
AUTOMATIC, INSERT, UPDATE, DELETE = 0, 1, 2, 3
MAX_SLICES = 200
FREE_TEXTS = frozenset({"Description", "TranCmnt", "ExtCmnt", "ShortDesc", "LongDesc"})
"""Texts for people, from which signs may be left out."""
_DEADLOCKS_BORNE = 3
_KEPT = timedelta(days=30)
_SWEPT = 100
_log = logging.getLogger(__name__)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Import:
    """One record on its way in: rows by staging table, the header's first, and the procedure that takes them."""

    what: str
    procedure: str
    tables: Mapping[str, Sequence[Row]]

    @property
    def header(self) -> str:
        return next(iter(self.tables))


def stage(sage: Sage, given: Import) -> int:
    """Insert the rows under a new run key, in one transaction, and return the key."""
    step = sage.setup_step(given.what)
    tables = {table: [storable(row, FREE_TEXTS) for row in rows] for table, rows in given.tables.items()}
    session = sage.next_key("tsmMigrateSession")
    has_setup = bool(sage.query("SELECT CompanyID FROM tsmCompanySetup WHERE CompanyID = %s", sage.company))

    def insert(transaction: Transaction) -> None:
        if not has_setup:
            transaction.execute(
                "INSERT INTO tsmCompanySetup (CompanyID, MigrateSourceSystem, MigrateLinkKey, MigrateSourceVersionNo)"
                " VALUES (%s, 0, NULL, 'Any')",
                sage.company,
            )
        transaction.execute(
            "INSERT INTO tsmMigrateSession (MigrateSessionKey, CompanyID, SetupStepKey, UserID, StartTime,"
            " LastCompProcessMode, LastCompProcessNo, LastCompProcessTime) VALUES (%s, %s, %s, %s, %s, 0, 0, NULL)",
            *(session, sage.company, step, sage.text("erp_user_id"), sage.server_time(sage.now())),
        )
        for table, rows in tables.items():
            for place, row in enumerate(rows, 1):
                _insert(
                    transaction, table, {"RowKey": place, "SessionKey": session, "ProcessStatus": NEW, **row}
                )

    sage.database.transaction(insert)
    return session


def _insert(transaction: Transaction, table: str, row: Row) -> None:
    """Insert a row; names are columns of our own tables of fields, never a mapping's word."""
    columns = {name: value for name, value in row.items() if value is not None}
    places = ", ".join(["%s"] * len(columns))
    transaction.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *columns.values())


def run(sage: Sage, given: Import, session: int) -> None:
    """Run the procedure until it is done. Raises Rejected and its kin for refusals, OutcomeUnknown in doubt."""
    deadlocks = 0
    for _ in range(MAX_SLICES):
        try:
            outputs = sage.import_procedure(given.procedure, session)
        except Transient as error:
            # A victim of a deadlock did nothing in this slice; the run key holds what is left to do.
            deadlocks += 1
            if error.code != "1205" or deadlocks > _DEADLOCKS_BORNE:
                raise OutcomeUnknown(
                    f"The import of the {given.what} was interrupted", detail=str(error)
                ) from error
            continue
        except Misconfigured:
            unstage(sage, given, session)
            raise
        if not outputs.get("@oContinue"):
            break
    else:
        raise OutcomeUnknown(
            f"Sage 500 does not finish the import of the {given.what}", detail=f"run key {session}"
        )
    _judge(sage, given, session, outputs)


def _judge(sage: Sage, given: Import, session: int, outputs: Mapping[str, Any]) -> None:
    """Raise unless the record is in: the procedure may return success for a record that it refused [documented]."""
    result, failed = outputs.get("@_oRetVal"), outputs.get("@oFailedRecs") or 0
    status = status_of(sage, given.header, session)
    if result == 1 and not failed and status == PROCESSED:
        return
    if result == 3:
        unstage(sage, given, session)
        raise Misconfigured(f"{given.procedure} does not take our parameters", missing="procedure version")
    raise_reasons(sage, given.what, session)
    raise OutcomeUnknown(
        f"Sage 500 ended the import of the {given.what} without success and without a reason",
        detail=f"run key {session}, result {result}, failed {failed}, status {status}",
    )


def status_of(sage: Sage, table: str, session: int) -> int | None:
    """Return the ProcessStatus of a run's header; None = there is no such row."""
    rows = sage.query(f"SELECT ProcessStatus FROM {table} WHERE SessionKey = %s", session)
    return int(rows[0]["ProcessStatus"]) if rows else None


def open_session(sage: Sage, table: str, column: str, reference: str) -> int | None:
    """Return the run key under which a record waits that was staged, but not taken yet; None = none does.

    Raises Duplicate for one that was taken, though no record carries the reference: somebody changed it there, and a
    second record would be one too many.
    """
    rows = sage.query(
        f"SELECT SessionKey, ProcessStatus FROM {table} WHERE {column} = %s AND ProcessStatus <> %s AND Action = %s",
        *(reference, FAILED, INSERT),
    )
    ours = {int(row["SessionKey"]): int(row["ProcessStatus"]) for row in rows}
    ours = {key: status for key, status in ours.items() if _is_of_company(sage, key)}
    if PROCESSED in ours.values():
        raise Duplicate(
            f"Sage 500 has taken {reference} already, but no record there carries it any more", code="taken"
        )
    return max(ours, default=None)


def _is_of_company(sage: Sage, session: int) -> bool:
    rows = sage.query("SELECT CompanyID FROM tsmMigrateSession WHERE MigrateSessionKey = %s", session)
    return bool(rows) and rows[0]["CompanyID"] == sage.company


def unstage(sage: Sage, given: Import, session: int) -> None:
    """Take a run's staging rows away: nothing was done with them, and nothing must be."""

    def delete(transaction: Transaction) -> None:
        for table in given.tables:
            transaction.execute(f"DELETE FROM {table} WHERE SessionKey = %s", session)

    sage.database.transaction(delete)


def sweep(sage: Sage, given: Import) -> None:
    """Delete our staging rows that are older than 30 days, once a day; a failure leaves them to the next day."""
    if not sage.take_sweep():
        return
    try:
        _sweep(sage, given)
    except ConnectorError as error:
        # The record is in; rows that stay behind are nobody's loss.
        _log.warning("sage_500.sweep_failed", extra={"error": type(error).__name__})


def _sweep(sage: Sage, given: Import) -> None:
    rows = sage.query(
        f"SELECT TOP {_SWEPT} MigrateSessionKey FROM tsmMigrateSession"
        " WHERE CompanyID = %s AND UserID = %s AND SetupStepKey = %s AND StartTime < %s ORDER BY MigrateSessionKey",
        *(
            sage.company,
            sage.text("erp_user_id"),
            sage.setup_step(given.what),
            sage.server_time(sage.now() - _KEPT),
        ),
    )

    def delete(transaction: Transaction) -> None:
        for row in rows:
            for table in given.tables:
                transaction.execute(f"DELETE FROM {table} WHERE SessionKey = %s", row["MigrateSessionKey"])
            transaction.execute(
                "DELETE FROM tsmMigrateSession WHERE MigrateSessionKey = %s", row["MigrateSessionKey"]
            )

    if rows:
        sage.database.transaction(delete)
