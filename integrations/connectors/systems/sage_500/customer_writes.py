"""Adds and changes customers through the procedure that the connection names. Called by the connector.

Staging table and procedure of customers are not public: ours follow the pattern of orders [inferred], see README.
"""

from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, NotFound, OutcomeUnknown
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.customers import (
    customer_record,
    fetch_customer,
    find_customer,
    load_customer,
)
from integrations.connectors.systems.sage_500.records import refuse_unfit, same
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema import CUSTOMER
from integrations.kinds import Record

HEADER = "StgCustomer"
_COLUMNS = frozenset(info.name for info in CUSTOMER.fields if not info.read_only)


def create_customer(sage: Sage, request: WriteRequest) -> WriteResult:
    """Add a customer. Raises Duplicate when one carries number, reference or e-mail, OutcomeUnknown when it may exist."""
    customer = _writable(request)
    if request.reference:
        customer[sage.customer_reference_column] = fit_reference(request.reference)
    if sage.text("customer_class"):
        customer.setdefault("CustClassID", sage.text("customer_class"))
    refuse_unfit(customer, CUSTOMER.fields)
    procedure = sage.procedure_name("proc_customer", "customers")
    number = str(customer["CustID"])
    existing = find_customer(
        sage, reference=request.reference, natural_key=str(customer.get("EMailAddr") or "")
    )
    if existing is not None:
        raise Duplicate(f"Customer {existing.external_id} is there already", existing_id=existing.external_id)
    given = staging.Import("customer", procedure, {HEADER: [{**customer, "Action": staging.INSERT}]})
    try:
        waiting = staging.open_session(sage, HEADER, "CustID", number)
        staging.run(sage, given, waiting if waiting is not None else staging.stage(sage, given))
    except Duplicate as error:
        raise Duplicate(error.message, existing_id=number, code=error.code) from error
    try:
        return _result(fetch_customer(sage, number))
    except NotFound as error:
        raise OutcomeUnknown("Sage 500 took the customer, but it cannot be read", detail=number) from error


def update_customer(sage: Sage, request: WriteRequest) -> WriteResult:
    """Change a customer by value; equal values are not sent."""
    row = load_customer(sage, request.external_id)
    before = customer_record(sage, row)
    customer = _writable(request)
    customer.pop("CustID", None)
    refuse_unfit(customer, CUSTOMER.fields, creating=False)
    changed = {name: value for name, value in customer.items() if not same(before.fields.get(name), value)}
    if not changed:
        return _result(before, is_unchanged=True)
    procedure = sage.procedure_name("proc_customer", "customers")
    # The name is required of every row; what is left out stays as it is [inferred].
    head = {"CustID": request.external_id, "CustName": row["CustName"], **changed, "Action": staging.UPDATE}
    given = staging.Import("customer", procedure, {HEADER: [head]})
    staging.run(sage, given, staging.stage(sage, given))
    return _result(fetch_customer(sage, request.external_id))


def _writable(request: WriteRequest) -> dict[str, Any]:
    return {name: value for name, value in request.fields.items() if name in _COLUMNS and value is not None}


def _result(customer: Record, *, is_unchanged: bool = False) -> WriteResult:
    return WriteResult(customer.external_id, customer.external_id, customer.fields, is_unchanged=is_unchanged)
