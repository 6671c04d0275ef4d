"""Customers: fetch, find by our reference or by e-mail, create, update. Called by the connector.

E-mail is not unique in Acumatica; our reference lives in AccountRef. A sent CustomerID may be replaced by a number.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.envelope import quoted
from integrations.connectors.systems.acumatica.records import changed_fields, record, refuse_unfit, writable
from integrations.connectors.systems.acumatica.references import ACCOUNT_REFERENCE, fit_reference
from integrations.connectors.systems.acumatica.schema import CUSTOMER
from integrations.kinds import Kind, Record

EXPAND = "MainContact,MainContact/Address"
_FOUND = "CustomerID,CustomerName,Email,AccountRef,Status"


def customer_record(customer: Mapping[str, Any]) -> Record:
    """Return a customer as a record."""
    number = str(customer["CustomerID"]).strip()
    keys = {name: customer.get(name) for name in ("Email", "CustomerName", "AccountRef")}
    return record(
        Kind.CUSTOMER,
        number,
        dict(customer),
        updated_at=customer.get("LastModifiedDateTime"),
        business_key=number,
        search_keys=keys,
    )


def fetch_customer(api: Acumatica, customer_id: str) -> Record:
    """Return a customer with its main contact. Raises NotFound."""
    return customer_record(_load(api, customer_id))


def _load(api: Acumatica, customer_id: str) -> dict[str, Any]:
    return api.one("Customer", customer_id, expand=EXPAND, custom=api.custom_fields("Customer"))


def find_customer(api: Acumatica, *, reference: str, natural_key: str) -> Found | None:
    """Return the customer with our reference, else the active one with this e-mail and the lowest number."""
    if reference:
        wanted = fit_reference(reference, ACCOUNT_REFERENCE)
        found = _search(api, f"AccountRef eq {quoted(wanted)}", "AccountRef", wanted)
        if found is not None:
            return found
    email = natural_key.strip()
    return _search(api, f"Email eq {quoted(email)}", "Email", email) if email else None


def _search(api: Acumatica, condition: str, field: str, wanted: str) -> Found | None:
    rows = [
        row
        for row in api.listed("Customer", filter=condition, select=_FOUND)
        if str(row.get(field) or "").strip().casefold() == wanted.casefold()
        and row.get("Status") != "Inactive"
    ]
    if not rows:
        return None
    first = min(rows, key=lambda row: (len(str(row["CustomerID"])), str(row["CustomerID"])))
    return Found(str(first["CustomerID"]).strip(), first)


def create_customer(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Add a customer. Raises Duplicate when one carries the reference or e-mail, OutcomeUnknown when it may exist."""
    customer = _resolved(request.fields)
    if request.reference:
        customer["AccountRef"] = fit_reference(request.reference, ACCOUNT_REFERENCE)
    if api.text("customer_class"):
        customer.setdefault("CustomerClass", api.text("customer_class"))
    refuse_unfit(customer, CUSTOMER, creating=True)
    email = str((customer.get("MainContact") or {}).get("Email") or "")
    existing = find_customer(api, reference=request.reference, natural_key=email)
    if existing is not None:
        raise Duplicate(f"Customer {existing.external_id} is there already", existing_id=existing.external_id)
    # If-None-Match sees only keys that are sent; a numbered customer has none yet.
    added = api.put("Customer", customer, expand=EXPAND, if_none_match="CustomerID" in customer)
    return _result(added)


def update_customer(api: Acumatica, request: WriteRequest) -> WriteResult:
    """Change a customer by value; equal values are not sent."""
    before = _load(api, request.external_id)
    customer = _resolved(request.fields)
    customer.pop("CustomerID", None)
    refuse_unfit(customer, CUSTOMER, creating=False)
    changed = changed_fields(before, customer)
    if not changed:
        return _result(before, is_unchanged=True)
    return _result(api.put("Customer", {"id": before["id"], **changed}, expand=EXPAND))


def _resolved(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer in wire names: the e-mail belongs to the main contact."""
    customer = writable(given, CUSTOMER.fields)
    email = customer.pop("Email", None)
    if email:
        customer["MainContact"] = {"Email": email, **(customer.get("MainContact") or {})}
    for part in ("Billing", "Shipping"):
        contact = customer.get(f"{part}Contact")
        if contact and contact.get("Address"):
            customer.setdefault(f"{part}AddressOverride", True)
    return customer


def _result(customer: Mapping[str, Any], *, is_unchanged: bool = False) -> WriteResult:
    number = str(customer.get("CustomerID") or "").strip()
    return WriteResult(number, number, dict(customer), is_unchanged=is_unchanged)
