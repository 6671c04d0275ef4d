"""``spARapiCustomerIns`` [name inferred, staging table ours]: inserts or updates one customer with its address."""

from collections.abc import Sequence
from typing import Any

from integrations.sandbox.sage_500.sales_orders import find_code
from integrations.sandbox.sage_500.seed import add_customer
from integrations.sandbox.sage_500.staging import DELETE, UPDATE, Job, Problem
from integrations.sandbox.tds.records import Records, Row

_STATUSES = {"active": 1, "inactive": 2, "temporary": 3, "deleted": 4}
_ADDRESS = (
    "AddrName", "AddrLine1", "AddrLine2", "AddrLine3", "AddrLine4", "AddrLine5", "City", "StateID", "CountryID",
    "PostalCode", "Phone",
)  # fmt: skip
_CUSTOMER = ("CustName", "CreditLimit", "CRMCustID", "CustRefNo", "UserFld1", "UserFld2")


def job() -> Job:
    return Job("spARapiCustomerIns", "Customer", "AR", "StgCustomer", "", process)


def process(records: Records, company: str, header: Row, lines: Sequence[Row], user: str) -> list[Problem]:
    """Carry out the row's Action: 0 and 1 insert, 2 update, 3 makes the customer inactive."""
    code = (header["CustID"] or "").strip()
    if not code:
        return [Problem("CustID", None, "Customer ID is required.")]
    problems: list[Problem] = []
    held = records.first("tarCustomer", CompanyID=company, CustID=code)
    changes = _codes(records, company, header, problems)
    if header["Action"] in (UPDATE, DELETE):
        if held is None:
            problems.append(Problem("CustID", code, f"Customer {code} does not exist."))
        if not problems and held is not None:
            changes |= {"Status": _STATUSES["inactive"]} if header["Action"] == DELETE else {}
            _update(records, held, header, changes, user)
        return problems
    if held is not None:
        return [Problem("CustID", code, "110067", is_duplicate=True)]
    if not header["CustName"]:
        problems.append(Problem("CustName", None, "Customer Name is required."))
    if not problems:
        given = {
            name: value
            for name, value in header.items()
            if name not in ("Status", "Hold") and value is not None
        }
        add_customer(records, given | changes, user)
    return problems


def _codes(records: Records, company: str, header: Row, problems: list[Problem]) -> dict[str, Any]:
    """Return the columns behind the text codes that are given."""
    found: dict[str, Any] = {}
    for table, column, key, word in (
        ("tarCustClass", "CustClassID", "CustClassKey", "Customer Class"),
        ("tciPaymentTerms", "PmtTermsID", "PmtTermsKey", "Payment Terms"),
        ("tciShipMethod", "ShipMethID", "ShipMethKey", "Ship Method"),
    ):
        row = find_code(
            records, table, column, header[column], problems, shown=column, word=word, company=company
        )
        found |= {key: row[key]} if row else {}
    if header["Status"]:
        status = _STATUSES.get(header["Status"].lower())
        if status is None:
            problems.append(Problem("Status", header["Status"], f"Status {header['Status']} is not valid."))
        found["Status"] = status
    if header["Hold"]:
        found["Hold"] = int(header["Hold"].lower() == "yes")
    return found


def _update(records: Records, held: Row, header: Row, codes: dict[str, Any], user: str) -> None:
    """Write what the staging row gives; an empty column leaves the customer as it is."""
    changes = {name: header[name] for name in _CUSTOMER if header[name] is not None}
    changes |= {name: codes[name] for name in ("Status", "Hold", "CustClassKey") if name in codes}
    changes |= {"UpdateDate": records.now, "UpdateCounter": held["UpdateCounter"] + 1, "UpdateUserID": user}
    records.update("tarCustomer", changes, CustKey=held["CustKey"])
    address = {name: header[name] for name in _ADDRESS if header[name] is not None}
    if address:
        records.update("tciAddress", address, AddrKey=held["PrimaryAddrKey"])
    contact = {"Name": header["ContactName"], "EMailAddr": header["EMailAddr"], "Phone": header["Phone"]}
    contact = {name: value for name, value in contact.items() if value is not None}
    if contact:
        records.update("tciContact", contact, CntctKey=held["PrimaryCntctKey"])
    terms = {name: codes[name] for name in ("PmtTermsKey", "ShipMethKey") if name in codes}
    if terms:
        records.update("tarCustAddr", terms, AddrKey=held["PrimaryAddrKey"])
