"""Customer invoices, read only: who owes what for which amount. Called by connector and changes.

``tarInvoice`` and its columns are [inferred]; its audit columns follow the convention of all tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.connectors.errors import NotFound
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.records import record, surrogate_key, to_day, to_utc
from integrations.kinds import Kind, Record

INVOICE_TYPE = 501
COLUMNS = "t.InvcKey, t.TranNo, t.TranDate, t.TranAmt, t.Balance, t.Status, c.CustID, c.CustName"
TABLES = "tarInvoice t JOIN tarCustomer c ON c.CustKey = t.CustKey"

Row = Mapping[str, Any]


def records_of(sage: Sage, rows: Sequence[Row]) -> list[Record]:
    return [invoice_record(sage, row) for row in rows]


def invoice_record(sage: Sage, row: Row) -> Record:
    """Return an invoice as a record; its version changes with its balance, too."""
    key = str(row["InvcKey"])
    changed = to_utc(row["UpdateDate"], sage.zone)
    fields = {name: value for name, value in row.items() if name != "UpdateCounter"} | {
        "InvcKey": key,
        "TranDate": to_day(row["TranDate"]),
        "is_paid": row["Balance"] is not None and not row["Balance"],
        "UpdateDate": changed,
    }
    return record(
        Kind.INVOICE,
        key,
        fields,
        business_key=str(row["TranNo"]),
        updated_at=changed,
        search_keys={"CustID": row["CustID"]},
        version=f"{changed.isoformat() if changed else ''}/{row['UpdateCounter']}/{row['Balance']}",
    )


def fetch_invoice(sage: Sage, external_id: str) -> Record:
    """Return an invoice. Raises NotFound."""
    rows = sage.query(
        f"SELECT {COLUMNS}, t.UpdateDate, t.UpdateCounter FROM {TABLES}"
        " WHERE t.CompanyID = %s AND t.TranType = %s AND t.InvcKey = %s",
        *(sage.company, INVOICE_TYPE, surrogate_key(external_id, "invoice")),
    )
    if not rows:
        raise NotFound(f"Sage 500 has no invoice {external_id}")
    return invoice_record(sage, rows[0])


def locate_invoice(sage: Sage, number: str) -> str | None:
    """Return the key of the invoice with this number, with or without its zeros and its type."""
    wanted = number.strip().partition("-")[0]
    rows = sage.query(
        "SELECT InvcKey FROM tarInvoice WHERE CompanyID = %s AND TranType = %s AND (TranNo = %s OR TranNo = %s)",
        *(sage.company, INVOICE_TYPE, wanted, wanted.zfill(10) if wanted.isdecimal() else wanted),
    )
    return str(rows[0]["InvcKey"]) if rows else None
