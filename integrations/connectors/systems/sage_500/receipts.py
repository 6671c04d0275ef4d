"""Cash receipts: entered through the procedure that the connection names, found by our reference, read by key.

Called by the connector. ``tarCustPmt`` holds what is posted, ``tarPendCustPmt`` what waits for its batch [inferred].
A receipt has no time of change; keys increase [inferred], so new ones are read, and those of the last 30 days again:
they are posted late and applied later.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from integrations.connectors.base import Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import NotFound, OutcomeUnknown
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.aliases import number
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.entering import (
    REFERENCE,
    enter,
    of_order,
    refuse_second,
    writable,
)
from integrations.connectors.systems.sage_500.records import (
    record,
    refuse_nameless,
    refuse_unfit,
    surrogate_key,
    to_day,
)
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema_ledger import PAYMENT
from integrations.kinds import Kind, Record

PAGE_SIZE = 200
_STAGED = "StgCashReceipt"
_RESCAN = timedelta(days=30)
# Reference: published entity classes over tarCustPmt: CustPmtKey, CustKey, TranNo, TranAmt, TranDate, CompanyID.
_COLUMNS = f"p.CustPmtKey, p.TranNo, p.TranAmt, p.TranDate, p.CurrID, p.TranCmnt, p.{REFERENCE}, c.CustID"
_TABLES = "tarCustPmt p JOIN tarCustomer c ON c.CustKey = p.CustKey"


def find_receipt(sage: Sage, reference: str) -> Found | None:
    """Return the receipt that carries our reference, posted or pending."""
    wanted = fit_reference(reference.strip())
    for table in ("tarCustPmt", "tarPendCustPmt") if wanted else ():
        rows = sage.query(
            f"SELECT CustPmtKey, TranNo, TranAmt FROM {table} WHERE CompanyID = %s AND {REFERENCE} = %s",
            *(sage.company, wanted),
        )
        if rows:
            return Found(str(rows[0]["CustPmtKey"]), {name: rows[0][name] for name in ("TranNo", "TranAmt")})
    return None


def create_receipt(sage: Sage, request: WriteRequest) -> WriteResult:
    """Enter a cash receipt (batch type 503). Raises Duplicate, Rejected, NotFound, OutcomeUnknown."""
    receipt = of_order(sage, writable(request, PAYMENT), "ApplyToTranID", "TranID")
    if request.reference:
        receipt[REFERENCE] = fit_reference(request.reference)
    refuse_unfit(receipt, PAYMENT.fields)
    procedure = sage.procedure_name("proc_cash_receipt", "cash receipts")
    reference = str(receipt.get(REFERENCE) or "")
    refuse_nameless(reference, REFERENCE)
    refuse_second(find_receipt(sage, reference), "Receipt")
    given = staging.Import("receipt", procedure, {_STAGED: [{**receipt, "Action": staging.INSERT}]})
    enter(sage, given, REFERENCE, reference)
    found = find_receipt(sage, reference)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the receipt, but it cannot be read", detail=reference)
    amount = number("TranAmt", found.fields["TranAmt"])
    return WriteResult(found.external_id, str(found.fields["TranNo"]), found.fields, total=amount)


def read_receipts(sage: Sage, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield posted receipts that are new, and those of the last 30 days again; cursor ``{"after": CustPmtKey}``."""
    after = int(cursor["after"]) if "after" in cursor else _newest(sage)
    window = (sage.now() - _RESCAN).astimezone(sage.zone).date().isoformat()
    place, newest = 0, after
    while True:
        rows = sage.query(
            f"SELECT TOP {PAGE_SIZE} {_COLUMNS} FROM {_TABLES} WHERE p.CompanyID = %s AND p.CustPmtKey > %s"
            " AND (p.CustPmtKey > %s OR p.TranDate >= %s) ORDER BY p.CustPmtKey",
            *(sage.company, place, after, window),
        )
        if rows:
            place = int(rows[-1]["CustPmtKey"])
            newest = max(newest, place)
        is_last = len(rows) < PAGE_SIZE
        yield Page([_receipt(row) for row in rows], {"after": newest}, is_last)
        if is_last:
            return


def _newest(sage: Sage) -> int:
    rows = sage.query("SELECT MAX(CustPmtKey) AS Newest FROM tarCustPmt WHERE CompanyID = %s", sage.company)
    return int(rows[0]["Newest"] or 0) if rows else 0


def fetch_receipt(sage: Sage, external_id: str) -> Record:
    """Return a posted receipt. Raises NotFound, also for one whose batch is not posted yet."""
    rows = sage.query(
        f"SELECT {_COLUMNS} FROM {_TABLES} WHERE p.CompanyID = %s AND p.CustPmtKey = %s",
        *(sage.company, surrogate_key(external_id, "cash receipt")),
    )
    if not rows:
        raise NotFound(f"Sage 500 has no posted cash receipt {external_id}")
    return _receipt(rows[0])


def _receipt(row: Mapping[str, Any]) -> Record:
    key = str(row["CustPmtKey"])
    fields = {**row, "CustPmtKey": key, "TranDate": to_day(row["TranDate"])}
    return record(
        Kind.PAYMENT,
        key,
        fields,
        business_key=str(row["TranNo"]),
        search_keys={name: row[name] for name in ("CustID", REFERENCE)},
    )


def locate_receipt(sage: Sage, tran_no: str) -> str | None:
    """Return the key of the posted receipt with this number, with or without its zeros."""
    wanted = tran_no.strip()
    rows = sage.query(
        "SELECT CustPmtKey FROM tarCustPmt WHERE CompanyID = %s AND (TranNo = %s OR TranNo = %s)",
        *(sage.company, wanted, wanted.zfill(10) if wanted.isdecimal() else wanted),
    )
    return str(rows[0]["CustPmtKey"]) if rows else None
