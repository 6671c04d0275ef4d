"""Customers as they are read and found: master, primary address, primary contact. Called by connector and changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.connectors.base import Found
from integrations.connectors.errors import NotFound
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.records import record, to_utc, yes_no
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema import CUSTOMER_STATUSES
from integrations.kinds import Kind, Record

_ADDRESS = (
    "AddrName", "AddrLine1", "AddrLine2", "AddrLine3", "AddrLine4", "AddrLine5", "City", "StateID", "CountryID",
    "PostalCode",
)  # fmt: skip
_LINES = _ADDRESS[1:6]
COLUMNS = (
    "t.CustKey, t.CustID, t.CustName, t.Status, t.Hold, t.CreditLimit, t.CRMCustID, t.CustRefNo, t.UserFld1, t.UserFld2,"
    " t.UserFld3, t.UserFld4, n.Name AS ContactName, n.EMailAddr, n.Phone, ca.CurrID, cc.CustClassID, "
    + ", ".join(f"a.{name}" for name in _ADDRESS)
)
TABLES = (
    "tarCustomer t LEFT JOIN tciAddress a ON a.AddrKey = t.PrimaryAddrKey"
    " LEFT JOIN tarCustAddr ca ON ca.AddrKey = t.PrimaryAddrKey AND ca.CustKey = t.CustKey"
    " LEFT JOIN tciContact n ON n.CntctKey = t.PrimaryCntctKey"
    " LEFT JOIN tarCustClass cc ON cc.CustClassKey = t.CustClassKey"
)
_DASHES = {"USA": (9, 5), "BRA": (8, 5), "PRT": (7, 4), "JPN": (7, 3), "POL": (5, 2)}
"""Where postal codes of a country have a dash: their digits, and how many stand before it."""
ACTIVE, DELETED = 1, 4

Row = Mapping[str, Any]


def records_of(sage: Sage, rows: Sequence[Row]) -> list[Record]:
    return [customer_record(sage, row) for row in rows]


def customer_record(sage: Sage, row: Row) -> Record:
    """Return a customer as a record; its id is the number that people and orders use."""
    number = str(row["CustID"])
    changed = to_utc(row["UpdateDate"], sage.zone)
    status = int(row["Status"] or 0)
    fields = {name: value for name, value in row.items() if name != "CustKey"} | {
        "Status": CUSTOMER_STATUSES[status - 1] if 1 <= status <= len(CUSTOMER_STATUSES) else None,
        "Hold": yes_no(row["Hold"]),
        "street": " ".join(str(row[name]).strip() for name in _LINES if row[name]),
        "postal_code": written_postal_code(str(row["PostalCode"] or ""), str(row["CountryID"] or "")),
        "UpdateDate": changed,
    }
    names = ("EMailAddr", "CustName", "UserFld1")
    return record(
        Kind.CUSTOMER,
        number,
        fields,
        business_key=number,
        updated_at=changed,
        search_keys={name: row.get(name) for name in names},
        version=f"{changed.isoformat() if changed else ''}/{row['UpdateCounter']}",
    )


def written_postal_code(code: str, country: str) -> str:
    """Return a postal code with the dash that people write and Sage 500 keeps without, because its column is short."""
    digits, before = _DASHES.get(country.strip().upper(), (0, 0))
    kept = code.strip()
    return f"{kept[:before]}-{kept[before:]}" if len(kept) == digits and kept.isdecimal() else kept


def load_customer(sage: Sage, number: str) -> Row:
    """Return a customer's row. Raises NotFound."""
    rows = sage.query(
        f"SELECT {COLUMNS}, t.UpdateDate, t.UpdateCounter FROM {TABLES} WHERE t.CompanyID = %s AND t.CustID = %s",
        *(sage.company, number),
    )
    if not rows:
        raise NotFound(f"Sage 500 has no customer {number}")
    return rows[0]


def fetch_customer(sage: Sage, number: str) -> Record:
    """Return a customer. Raises NotFound."""
    return customer_record(sage, load_customer(sage, number))


def find_customer(sage: Sage, *, reference: str, natural_key: str) -> Found | None:
    """Return the customer with our reference, else the active one with this e-mail and the oldest key."""
    found = None
    if reference.strip():
        found = _search(sage, f"t.{sage.customer_reference_column} = %s", fit_reference(reference.strip()))
    if found is None and natural_key.strip():
        found = _search(sage, "n.EMailAddr = %s", natural_key.strip())
    return found


def _search(sage: Sage, condition: str, wanted: str) -> Found | None:
    rows = sage.query(
        "SELECT t.CustKey, t.CustID, t.CustName FROM tarCustomer t"
        " LEFT JOIN tciContact n ON n.CntctKey = t.PrimaryCntctKey"
        f" WHERE t.CompanyID = %s AND t.Status = {ACTIVE} AND {condition} ORDER BY t.CustKey",
        *(sage.company, wanted),
    )
    return Found(str(rows[0]["CustID"]), {"CustName": rows[0]["CustName"]}) if rows else None
