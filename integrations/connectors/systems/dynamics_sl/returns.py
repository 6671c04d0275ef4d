"""Returns: orders of the type set for returns, pointing at the order they take back. Called by the connector.

The credit memo is made by Dynamics SL when the return is processed there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.connectors.base import Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import FieldProblem, NotFound, Rejected
from integrations.connectors.systems.dynamics_sl import orders
from integrations.connectors.systems.dynamics_sl.aliases import resolve_order
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.kinds import Kind, Record

PAGE_SIZE = 200


def _type(api: CtApi) -> str:
    return str(api.settings["return_so_type"])


def fetch_return(api: CtApi, ord_nbr: str) -> Record:
    """Return a return order. Raises NotFound, for an order of another type as well."""
    order = orders.load_order(api, ord_nbr)
    if order.get("SOTypeID") != _type(api):
        raise NotFound(f"Order {ord_nbr} is no return")
    return Record(
        SYSTEM,
        Kind.RETURN,
        order["OrdNbr"],
        orders.shown_order(order),
        updated_at=orders.moment(order.get("LUpd_DateTime")),
        business_key=order["OrdNbr"],
        search_keys={name: order.get(name, "") for name in ("CustOrdNbr", "OrigOrdNbr", "CustID")},
    )


def read_returns(api: CtApi, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """Yield thin records of all return orders page by page. Resumes at ``page``, a finished list at 1."""
    page, is_last = int(cursor.get("page") or 1), False
    while not is_last:
        rows = api.rows(
            "getOrders",
            actionType="",
            currentPageNumber=str(page),
            pageSize=str(PAGE_SIZE),
            ordersParams=f"SOTypeID={_type(api)}",
            ordersSortBy="OrdNbr",
        )
        is_last = len(rows) < PAGE_SIZE
        page += 1
        # A server that ignores the condition lists all orders: the others are left out here.
        records = [_thin(row) for row in rows if row.get("SOTypeID") == _type(api)]
        yield Page(records, {"page": 1 if is_last else page}, is_last=is_last)


def _thin(row: Mapping[str, str]) -> Record:
    return Record(
        SYSTEM,
        Kind.RETURN,
        row["OrdNbr"],
        {},
        business_key=row["OrdNbr"],
        search_keys={"CustOrdNbr": row.get("CustOrdNbr", "")},
        version=" ".join(
            row.get(name, "") for name in ("LUpd_DateTime", "Status", "Cancelled", "CuryTotOrd")
        ),
    )


def find_return(api: CtApi, reference: str) -> Found | None:
    """Return the return order that carries a reference in CustOrdNbr. Raises Misconfigured like orders."""
    return orders.find_order(api, reference, so_type=_type(api))


def create_return(api: CtApi, request: WriteRequest) -> WriteResult:
    """Enter a return order; customer and prices left out are those of the original order.

    Raises Rejected for items that were not on the original order, or more than was ordered; otherwise as for orders.
    """
    given = resolve_order(request.fields).fields
    original_number = str(given.get("OrigOrdNbr") or "")
    if not original_number:
        problem = FieldProblem("OrigOrdNbr", "", "is required")
        raise Rejected("A return needs the order that it takes back", problems=(problem,))
    try:
        original = orders.load_order(api, original_number)
    except NotFound as error:
        problem = FieldProblem("OrigOrdNbr", original_number, "is not in Dynamics SL")
        raise Rejected(f"The returned order {original_number} is not there", problems=(problem,)) from error
    lines = _priced_lines(given.get("orderItems") or [], original)
    fields = {"SOTypeID": _type(api), "CustID": original.get("CustID", "")} | given
    fields |= {"orderItems": lines, "CuryID": given.get("CuryID") or original.get("CuryID", "")}
    return orders.create_order(
        api,
        WriteRequest(
            Kind.ORDER, fields, reference=request.reference, idempotency_key=request.idempotency_key
        ),
    )


def _priced_lines(lines: list[dict[str, Any]], original: Mapping[str, Any]) -> list[dict[str, Any]]:
    sold: dict[str, list[dict[str, Any]]] = {}
    for row in original.get("orderItems") or ():
        sold.setdefault(str(row["InvtID"]), []).append(row)
    priced, problems = [], []
    for index, line in enumerate(lines):
        rows = sold.get(str(line.get("InvtID") or "").strip(), [])
        left = sum(row["QtyOrd"] for row in rows)
        if not rows or line.get("QtyOrd", 0) > left:
            rule = f"the order holds {left:f} of it" if rows else "is not on the order"
            problems.append(FieldProblem(f"orderItems[{index}].InvtID", str(line.get("InvtID")), rule))
            continue
        kept = {name: rows[0][name] for name in ("CurySlsPrice", "DiscPct", "UnitDesc") if rows[0].get(name)}
        priced.append(kept | line)
    if problems:
        raise Rejected(
            f"{problems[0].value} cannot be returned: {problems[0].rule}", problems=tuple(problems)
        )
    return priced
