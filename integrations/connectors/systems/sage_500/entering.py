"""What documents share on their way in: the order they belong to, our reference, and one import for each.

Called by the writers of receipts, returns, journals and items. Procedures and staging tables of these are not public:
ours follow the pattern of orders [inferred], see README. Each create looks our reference up before anything is staged.
"""

from collections.abc import Mapping
from typing import Any

from integrations.connectors.base import Found, WriteRequest
from integrations.connectors.errors import Duplicate, FieldProblem, NotFound, Rejected
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.orders import ORDER_TYPE
from integrations.connectors.systems.sage_500.records import surrogate_key
from integrations.kinds import EntitySchema

REFERENCE = "UserFld1"
"""The column of our reference in all documents but orders, whose column is a setting."""
_ORDER_OF = """SELECT so.SOKey, so.TranNo, so.TranID, c.CustID FROM tsoSalesOrder so
 JOIN tarCustomer c ON c.CustKey = so.CustKey WHERE so.CompanyID = %s AND so.TranType = %s AND so.SOKey = %s"""


def writable(request: WriteRequest, schema: EntitySchema) -> dict[str, Any]:
    """Return the plain fields of a request that the schema lets be written and that have a value."""
    known = {info.name for info in schema.fields if not info.read_only and not info.fields}
    return {name: value for name, value in request.fields.items() if name in known and value is not None}


def of_order(sage: Sage, given: Mapping[str, Any], number: str, column: str) -> dict[str, Any]:
    """Return a document with customer and number of the order in ``order_key``, where it does not name them itself.

    ``column`` of the order becomes ``number`` of the document. Raises NotFound for an order that is not there,
    Rejected where neither order nor customer is named.
    """
    document = {name: value for name, value in given.items() if name != "order_key"}
    key = str(given.get("order_key") or "")
    if key:
        rows = sage.query(_ORDER_OF, sage.company, ORDER_TYPE, surrogate_key(key, "sales order"))
        if not rows:
            raise NotFound(f"Sage 500 has no sales order {key}")
        document.setdefault("CustID", rows[0]["CustID"])
        document.setdefault(number, rows[0][column])
    if not document.get("CustID"):
        rule = "is required where no order key is given"
        raise Rejected(f"CustID {rule}", problems=(FieldProblem("CustID", "", rule),))
    return document


def enter(sage: Sage, given: staging.Import, column: str, reference: str) -> None:
    """Stage a record, or go on with one that waits, and run the import. Raises Duplicate and its kin."""
    waiting = staging.open_session(sage, given.header, column, reference) if reference else None
    staging.run(sage, given, waiting if waiting is not None else staging.stage(sage, given))


def refuse_second(found: Found | None, what: str) -> None:
    """Raise Duplicate for a document that is there already."""
    if found is not None:
        raise Duplicate(f"{what} {found.external_id} carries this reference", existing_id=found.external_id)
