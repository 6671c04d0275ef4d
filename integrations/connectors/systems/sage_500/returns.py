"""Returns (RMA, sales orders of type 835): entered through the procedure that the connection names, and read.

Called by the connector. How a return is entered is [inferred]; that it is a row of tsoSalesOrder of TranType 835 with
QtyRtrnCredit and QtyRtrnReplacement in its lines is documented.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import WriteRequest, WriteResult
from integrations.connectors.errors import OutcomeUnknown
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.entering import REFERENCE, enter, of_order, refuse_second
from integrations.connectors.systems.sage_500.orders import (
    RETURN_TYPE,
    find_order,
    load_order,
    locate_order,
    order_record,
)
from integrations.connectors.systems.sage_500.records import refuse_nameless, refuse_unfit, same
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema import RETURN
from integrations.kinds import Kind, Record

_HEADER, _LINE = "StgRMA", "StgRMALine"
_HEAD = ("TranDate", "CustID", "order_key", "SOTranNo", "CustPONo", "TranCmnt", REFERENCE)
_LINES = (
    "ItemID", "UnitMeasID", "UnitPrice", "QtyRtrnCredit", "QtyRtrnReplacement", "WarehouseID", "ExtCmnt",
)  # fmt: skip


def create_return(sage: Sage, request: WriteRequest) -> WriteResult:
    """Enter a return with what is credited or replaced; a line without a price has that of the order it names.

    Raises Duplicate, Rejected, NotFound, OutcomeUnknown.
    """
    given = {name: request.fields[name] for name in _HEAD if request.fields.get(name) is not None}
    head = of_order(sage, given, "SOTranNo", "TranNo")
    if request.reference:
        head[REFERENCE] = fit_reference(request.reference)
    head.setdefault("TranDate", sage.now().astimezone(sage.zone).date().isoformat())
    refuse_unfit({**head, "Lines": request.fields.get("Lines")}, RETURN.fields)
    procedure = sage.procedure_name("proc_return", "returns")
    reference = str(head.get(REFERENCE) or "")
    refuse_nameless(reference, REFERENCE)
    refuse_second(find_order(sage, reference, tran_type=RETURN_TYPE), "Return")
    tables = {
        _HEADER: [{**head, "TranNo": "", "Action": staging.INSERT}],
        _LINE: _lines(sage, request.fields["Lines"], str(given.get("order_key") or "")),
    }
    enter(sage, staging.Import("return", procedure, tables), REFERENCE, reference)
    found = find_order(sage, reference, tran_type=RETURN_TYPE)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the return, but it cannot be read", detail=reference)
    held = load_order(sage, found.external_id, tran_type=RETURN_TYPE)
    return WriteResult(found.external_id, str(held["TranNo"]), held, total=held["TranAmt"])


def _lines(sage: Sage, given: list[Mapping[str, Any]], order_key: str) -> list[dict[str, Any]]:
    sold = load_order(sage, order_key)["Lines"] if order_key else []
    rows = []
    for place, line in enumerate(given, 1):
        row = {name: line[name] for name in _LINES if line.get(name) is not None}
        price = next((one["UnitPrice"] for one in sold if same(one["ItemID"], line.get("ItemID"))), None)
        if price is not None:
            row.setdefault("UnitPrice", price)
        rows.append({**row, "SOLineNo": place, "TranNo": "", "Action": staging.INSERT})
    return rows


def fetch_return(sage: Sage, external_id: str) -> Record:
    """Return a return with its lines. Raises NotFound, also for the key of an order."""
    return order_record(Kind.RETURN, load_order(sage, external_id, tran_type=RETURN_TYPE))


def locate_return(sage: Sage, number: str) -> str | None:
    """Return the key of the return with this number, with or without its zeros and its type."""
    return locate_order(sage, number.strip().partition("-")[0], tran_type=RETURN_TYPE)
