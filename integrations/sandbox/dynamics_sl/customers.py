"""Customers and their ship-to addresses, the way ``customerMaintenance`` edits and lists them.

E-mail addresses are not unique, as in the real table; card columns exist there, so they exist here.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from integrations.sandbox.dynamics_sl import changes
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.store import (
    ADDRESSES,
    CUSTOMERS,
    find,
    find_one,
    next_number,
    put,
    trimmed,
    truncation,
)

CLASSES = ("RETAIL", "WEB", "WHSL")
FIRST_CUSTOMER = 1001
_FILTERS = {column.name.lower(): column.name for column in CUSTOMERS.columns if column.code == "s"}


def edit_customer(installation: Installation, action: str, screen: Mapping[str, Any]) -> dict[str, Any]:
    """Add, update or only validate a customer; a refusal is in ``errorMessage``."""
    customer = trimmed(screen.get("myCustomer") or {})
    with installation.state.transaction() as db:
        before = find_one(installation.state, CUSTOMERS, CustId=customer.get("CustId") or "")
        problem = _refuse(action, customer, is_known=before is not None)
        if problem:
            customer |= {"errorMessage": problem, "resultCode": 1}
            return {"myCustomer": customer, "errorMessage": problem}
        if action != "VALIDATEONLY":
            _save(installation, db, customer, is_new=before is None)
    return {"myCustomer": customer | {"errorMessage": "", "resultCode": 0}, "errorMessage": ""}


def _refuse(action: str, customer: dict[str, Any], *, is_known: bool) -> str:
    cust_id = customer.get("CustId", "")
    if action not in ("ADD", "UPDATE", "VALIDATEONLY"):
        return f"Action type {action} is not valid."
    if action == "ADD" and is_known:
        return f"Customer {cust_id} already exists."
    if action == "UPDATE" and not is_known:
        return f"Customer {cust_id} not found."
    if not customer.get("Name"):
        return "Name is required."
    if customer.get("ClassId") and customer["ClassId"] not in CLASSES:
        return f"Customer class {customer['ClassId']} not found."
    return truncation(CUSTOMERS, customer)


def _save(
    installation: Installation, db: sqlite3.Connection, customer: dict[str, Any], *, is_new: bool
) -> None:
    customer["CustId"] = customer.get("CustId") or f"C{next_number(db, 'CustId', FIRST_CUSTOMER):06d}"
    for column, value in (("Status", "A"), ("CuryId", "USD"), ("DfltShipToId", "DEFAULT"), ("Terms", "30")):
        customer[column] = customer.get(column) or value
    if is_new:
        customer["SetupDate"] = installation.today()
    customer |= installation.stamps(is_new=is_new)
    put(db, CUSTOMERS, customer)
    changes.note_change(installation, db, customer["CustId"])


def remove_customer(installation: Installation, cust_id: str) -> bool:
    """Remove a customer; orders keep its number. False when it did not exist."""
    with installation.state.transaction() as db:
        is_removed = bool(db.execute("DELETE FROM Customer WHERE CustId = ?", (cust_id,)).rowcount)
        if is_removed:
            changes.note_change(installation, db, cust_id, status="DELETE")
    return is_removed


def list_customers(installation: Installation, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one page (from 1); ``parms`` are column = value, unknown names are ignored."""
    where = {
        _FILTERS[pair["name"].strip().lower()]: pair.get("value", "").strip()
        for pair in asked.get("parms") or ()
        if pair.get("name", "").strip().lower() in _FILTERS
    }
    size = max(asked["pageSize"], 0)
    first = max(asked["currentPageNumber"] - 1, 0) * size
    return find(installation.state, CUSTOMERS, where)[first : first + size]


def load_screen(installation: Installation, cust_id: str) -> dict[str, Any]:
    """Return the customer screen; unknown gives errorMessage."""
    customer = find_one(installation.state, CUSTOMERS, CustId=cust_id.strip())
    if customer is None:
        return {"errorMessage": f"Customer {cust_id.strip()} not found."}
    return {"myCustomer": customer, "errorMessage": ""}


def edit_address(installation: Installation, action: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Add or update a ship-to address of a known customer."""
    address = trimmed(item)
    with installation.state.transaction() as db:
        key = {"CustId": address.get("CustId", ""), "ShipToId": address.get("ShipToId", "")}
        is_known = bool(find(installation.state, ADDRESSES, key))
        problem = truncation(ADDRESSES, address)
        if find_one(installation.state, CUSTOMERS, CustId=key["CustId"]) is None:
            problem = f"Customer {key['CustId']} not found."
        elif action == "ADD" and is_known:
            problem = f"Address {key['ShipToId']} of customer {key['CustId']} already exists."
        elif action == "UPDATE" and not is_known:
            problem = f"Address {key['ShipToId']} of customer {key['CustId']} not found."
        if not problem:
            put(db, ADDRESSES, address | installation.stamps(is_new=not is_known))
    return address | {"errorMessage": problem, "resultCode": int(bool(problem))}


def customer_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer for the control API: who it is, never the card columns."""
    shown = (
        "CustId",
        "Name",
        "EMailAddr",
        "Status",
        "ClassId",
        "Addr1",
        "City",
        "State",
        "Zip",
        "Country",
        "User1",
    )
    return {name: row[name] for name in shown}
