"""Customers: fetch, find by e-mail or by our reference, create with a ship-to address, update.

Called by the connector. E-mail is not unique in Dynamics SL; our reference lives in User1. Single records go by REST
where the connection says so; lists, look-ups and ship-to addresses are SOAP's in any case.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.connectors.base import Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import ConnectorError, Misconfigured, NotFound, OutcomeUnknown
from integrations.connectors.systems.dynamics_sl.aliases import refuse_long_text, resolve_customer
from integrations.connectors.systems.dynamics_sl.change_queue import read_queue
from integrations.connectors.systems.dynamics_sl.changes import same
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error
from integrations.connectors.systems.dynamics_sl.orders import moment, to_wire
from integrations.connectors.systems.dynamics_sl.references import fit_reference
from integrations.connectors.systems.dynamics_sl.schema import CUSTOMER
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.connectors.systems.dynamics_sl.sql_reads import pages_by_rowversion
from integrations.kinds import Kind, Record

_PAGE = 200
_MOST_PAGES = 50
_SERVICE = "customerMaintenance"
_COLUMNS = tuple(each.name for each in CUSTOMER.fields if not each.fields)
_SHOWN = frozenset(each.name for each in CUSTOMER.fields)
_COPIED = ("Name", "Attn", "Addr1", "Addr2", "City", "State", "Zip", "Country", "Phone", "EMailAddr")


def fetch_customer(api: CtApi, cust_id: str) -> Record:
    """Return a customer. Raises NotFound."""
    return _record(_load(api, cust_id))


def read_customers(api: CtApi, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield what changed, from the change queue or by SQL, else all customers page by page.

    A list resumes at ``page``, a finished one at 1; a cursor with ``list`` asks for the list whatever else there is.
    """
    if api.settings.get("read_queue") and not cursor.get("list"):
        yield from read_queue(api, cursor)
        return
    if api.sql is not None:
        yield from pages_by_rowversion(
            api.sql,
            "Customer",
            _COLUMNS,
            cursor,
            lambda rows: [_record(row) for row in rows],
            of_company=False,
        )
        return
    asked = {"list": True} if cursor.get("list") else {}
    page = int(cursor.get("page") or 1)
    is_last = False
    while not is_last:
        rows = api.call(_SERVICE, "getCustomers", currentPageNumber=page, pageSize=_PAGE, parms=[]) or []
        is_last = len(rows) < _PAGE
        page += 1
        records = [_record(row) for row in rows if row.get("CustId")]
        yield Page(records, {**asked, "page": 1 if is_last else page}, is_last=is_last)


def _record(customer: Mapping[str, Any]) -> Record:
    return Record(
        SYSTEM,
        Kind.CUSTOMER,
        customer["CustId"],
        _shown(customer),
        updated_at=moment(customer.get("LUpd_DateTime")),
        business_key=customer["CustId"],
        search_keys={"EMailAddr": customer.get("EMailAddr", ""), "Name": customer.get("Name", "")},
    )


def _load(api: CtApi, cust_id: str) -> dict[str, Any]:
    if api.rest is not None:
        return api.rest.load(cust_id)
    # Reference: customerMaintenance.asmx?op=getCustomerByExactID. Unknown gives an empty customer.
    customer = api.call(_SERVICE, "getCustomerByExactID", custID=cust_id)
    if not customer or not customer.get("CustId"):
        raise NotFound(f"Customer {cust_id} is not in Dynamics SL")
    return dict(customer)


def _shown(customer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in customer.items() if name in _SHOWN or value not in ("", None, 0, [])
    }


def find_customer(api: CtApi, *, reference: str, natural_key: str) -> Found | None:
    """Return the customer that carries a reference in User1, else the active one with this e-mail.

    Of several the one with the lowest CustId; inactive customers are never taken.
    """
    if reference:
        found = _search(api, "User1", fit_reference(reference))
        if found is not None or not natural_key:
            return found
    return _search(api, "EMailAddr", natural_key.strip())


def _search(api: CtApi, column: str, value: str) -> Found | None:
    """Read pages until all are seen, comparing here: some versions ignore a condition they do not know."""
    matching: list[dict[str, Any]] = []
    for page in range(1, _MOST_PAGES + 1):
        # Reference: customerMaintenance.asmx?op=getCustomers
        rows = api.call(
            _SERVICE,
            "getCustomers",
            currentPageNumber=page,
            pageSize=_PAGE,
            parms=[{"name": column, "value": value}],
        )
        matching += [
            row
            for row in rows or ()
            if str(row.get(column, "")).strip().casefold() == value.casefold() and row.get("Status") != "I"
        ]
        if len(rows or ()) < _PAGE:
            break
    else:
        raise Misconfigured(
            "Dynamics SL ignores the search for a customer, and there are too many to read them all",
            missing="getCustomers filter",
        )
    if not matching:
        return None
    # CustId has no fixed width: C9 is lower than C10.
    first = min(matching, key=lambda row: (len(row["CustId"]), row["CustId"]))
    return Found(first["CustId"], _shown(first))


def create_customer(api: CtApi, request: WriteRequest) -> WriteResult:
    """Add a customer and its DEFAULT ship-to address. Raises OutcomeUnknown when it may exist now."""
    customer, ship_to = _split(request.fields)
    if api.settings["cust_id_mode"] == "auto":
        customer.pop("CustId", None)
    if request.reference:
        customer["User1"] = fit_reference(request.reference)
    added = _edit(api, "ADD", customer) if api.rest is None else api.rest.create(to_wire(customer, api))
    cust_id = added.get("CustId") or ""
    if not cust_id:
        raise OutcomeUnknown("Dynamics SL answered without a customer number")
    address = {name: customer[name] for name in _COPIED if name in customer} | ship_to
    try:
        _ensure_ship_to(api, cust_id, address)
    except ConnectorError as error:
        # The customer exists now: any class that leads to a plain retry would create it twice.
        raise OutcomeUnknown(
            f"Customer {cust_id} was created, but its ship-to address was not", detail=str(error)
        ) from error
    return WriteResult(cust_id, cust_id, _shown(added))


def update_customer(api: CtApi, request: WriteRequest) -> WriteResult:
    """Change a customer by value; equal values are not sent. A given ShipTo is written when there is none."""
    before = _load(api, request.external_id)
    customer, ship_to = _split(request.fields)
    customer.pop("CustId", None)
    changed = {name: value for name, value in customer.items() if not same(before.get(name), value)}
    if ship_to:
        _ensure_ship_to(api, request.external_id, ship_to)
    if not changed:
        return WriteResult(request.external_id, request.external_id, _shown(before), is_unchanged=not ship_to)
    after = _changed(api, request.external_id, before, changed)
    return WriteResult(request.external_id, request.external_id, _shown(after))


def _changed(
    api: CtApi, cust_id: str, before: Mapping[str, Any], changed: Mapping[str, Any]
) -> dict[str, Any]:
    """Send a change: by REST what changed, by SOAP the whole customer, for whatever is absent there is cleared."""
    if api.rest is not None:
        return dict(before) | api.rest.change(cust_id, to_wire(changed, api))
    kept = {
        name: value for name, value in before.items() if name not in ("errorMessage", "notes", "resultCode")
    }
    return _edit(api, "UPDATE", to_wire({**kept, **changed}, api))


def _split(given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    customer = resolve_customer(given)
    refuse_long_text(customer, CUSTOMER.fields)
    ship_to = customer.pop("ShipTo", None) or {}
    return customer, {name: value for name, value in ship_to.items() if value is not None}


def _edit(api: CtApi, action: str, customer: Mapping[str, Any]) -> dict[str, Any]:
    # Reference: customerMaintenance.asmx?op=editScreen. Refusals come back in errorMessage with HTTP 200.
    screen = api.call(
        _SERVICE,
        "editScreen",
        is_write=True,
        actionType=action,
        inScreen={"myCustomer": to_wire(customer, api)},
    )
    answer = screen or {}
    edited = answer.get("myCustomer") or {}
    refuse_business_error(answer.get("errorMessage") or edited.get("errorMessage") or "", customer)
    return dict(edited)


def _ensure_ship_to(api: CtApi, cust_id: str, address: Mapping[str, Any]) -> None:
    """Add the ship-to address when the customer has none of that name."""
    ship_to_id = str(address.get("ShipToId") or "DEFAULT")
    if api.call(_SERVICE, "getSOAddressesByID", custID=cust_id, shipToID=ship_to_id):
        return
    item = {**address, "CustId": cust_id, "ShipToId": ship_to_id}
    # Reference: customerMaintenance.asmx?op=editSOAddress
    added = api.call(_SERVICE, "editSOAddress", is_write=True, actionType="ADD", inItem=item)
    refuse_business_error((added or {}).get("errorMessage") or "", item)
