"""Sales orders: fetch, find by reference, create (validateOrder, then placeOrder) and update.

Called by the connector. Dynamics SL has no idempotency: CustOrdNbr carries our reference and is searched before
an order in doubt is sent again.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import FieldProblem, Misconfigured, NotFound, OutcomeUnknown, Rejected
from integrations.connectors.systems.dynamics_sl.aliases import (
    ResolvedOrder,
    refuse_long_text,
    resolve_order,
)
from integrations.connectors.systems.dynamics_sl.changes import (
    COMPUTED,
    DEFAULT_TAX,
    merge_lines,
    refuse_change,
    same,
)
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.faults import refuse_business_error, refuse_violations
from integrations.connectors.systems.dynamics_sl.references import fit_reference
from integrations.connectors.systems.dynamics_sl.schema import ORDER, ORDER_LINE
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.kinds import Kind, Record
from integrations.mapping.money import HALF_CENT

_SHOWN = frozenset(each.name for each in ORDER.fields)
_SHOWN_ON_LINES = frozenset(each.name for each in ORDER_LINE)

_SOUGHT = ("CpnyID", "OrdNbr", "CustID", "CustOrdNbr", "SOTypeID", "Status", "Cancelled", "CuryTotOrd")
_VIOLATION = frozenset({"key", "fatal", "message", "ObjectID"})
_CHECKED = _VIOLATION | {"errorString", "businessRuleViolations", "CuryID", "CuryTotOrd"}
"""What is read of an order that was only checked: reading all of it costs more than building the request."""
_READ_BACK = _CHECKED | _SHOWN | _SHOWN_ON_LINES


def fetch_order(api: CtApi, ord_nbr: str) -> Record:
    """Return an order with lines and ``portal_status``. Raises NotFound."""
    order = load_order(api, ord_nbr)
    return Record(
        SYSTEM,
        Kind.ORDER,
        order["OrdNbr"],
        shown_order(order),
        updated_at=moment(order.get("LUpd_DateTime")),
        business_key=order["OrdNbr"],
        search_keys={"CustOrdNbr": order.get("CustOrdNbr", ""), "CustID": order.get("CustID", "")},
    )


def load_order(api: CtApi, ord_nbr: str) -> dict[str, Any]:
    """Return an order as the service gives it. Raises NotFound."""
    # Reference: orders.asmx?op=getOrder. An unknown number gives an order whose OrdNbr is blank.
    order = api.call("orders", "getOrder", orderNumber=ord_nbr)
    if not order or not order.get("OrdNbr"):
        raise NotFound(f"Order {ord_nbr} is not in Dynamics SL")
    return dict(order)


def shown_order(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members worth keeping: those of the schema, and any other that holds something."""
    kept = _kept(order, _SHOWN)
    kept["orderItems"] = [_kept(line, _SHOWN_ON_LINES) for line in order.get("orderItems") or ()]
    kept["portal_status"] = portal_status(order)
    return kept


def _kept(row: Mapping[str, Any], always: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in always or value not in ("", None, 0, [])}


def portal_status(order: Mapping[str, Any]) -> str:
    """Return the one word for an order, first match of the documented list."""
    lines = order.get("orderItems") or []
    if order.get("Cancelled"):
        return "cancelled"
    if order.get("AdminHold") or order.get("CreditHold"):
        return "on_hold"
    if any(line["QtyShip"] > 0 for line in lines):
        return "shipped" if is_complete(lines) else "partially_shipped"
    if order.get("InvcNbr"):
        return "invoiced"
    return "closed" if order.get("Status") == "C" else "open"


def is_complete(lines: list[dict[str, Any]]) -> bool:
    """Return whether every line is shipped in full."""
    return bool(lines) and all(line["QtyShip"] >= line["QtyOrd"] for line in lines)


def find_order(api: CtApi, reference: str, *, so_type: str = "") -> Found | None:
    """Return the order that carries a reference in CustOrdNbr; of several the oldest that is not cancelled.

    ``so_type`` asks for orders of that type; without it returns are left out, whose references may be the same.
    Raises Misconfigured where this server cannot be searched, so that nobody takes "not found" for an answer.
    """
    wanted = fit_reference(reference)
    if api.sql is not None:
        rows = api.sql.matching("SOHeader", _SOUGHT, {"CustOrdNbr": wanted})
        return _oldest(api, rows, so_type)
    if api.settings["order_search"] == "off" or ";" in wanted:
        raise Misconfigured("Orders of this connection cannot be searched", missing="order_search")
    # Reference: orders.asmx?op=getOrders. Page number and size are strings; the format of ordersParams is
    # not published. An unknown filter may be ignored, so each row is compared here.
    rows = api.rows(
        "getOrders",
        actionType="",
        currentPageNumber="1",
        pageSize="50",
        ordersParams=f"CustOrdNbr={wanted}",
        ordersSortBy="OrdNbr",
    )
    found = [
        row
        for row in rows
        if row.get("CustOrdNbr") == wanted and row.get("CpnyID", api.cpny_id) in ("", api.cpny_id)
    ]
    if rows and not any(row.get("CustOrdNbr") == wanted for row in rows):
        raise Misconfigured(
            "Dynamics SL ignored the search for an order reference; choose another way of searching",
            missing="order_search",
        )
    return _oldest(api, found, so_type)


def _oldest(api: CtApi, rows: list[dict[str, Any]], so_type: str) -> Found | None:
    """Return the oldest of the rows that is not cancelled, of one type or of any but returns."""
    returned = str(api.settings["return_so_type"])
    found = [
        row
        for row in rows
        if (row.get("SOTypeID") == so_type if so_type else row.get("SOTypeID") != returned)
    ]
    found.sort(key=lambda row: (str(row.get("Cancelled")) in ("1", "true", "True"), row["OrdNbr"]))
    return Found(found[0]["OrdNbr"], dict(found[0])) if found else None


def create_order(api: CtApi, request: WriteRequest) -> WriteResult:
    """Check an order with validateOrder, then place it. Raises OutcomeUnknown when it may have been placed."""
    resolved = resolve_order(request.fields)
    order = _with_defaults(api, resolved.fields, request.reference)
    refuse_long_text(order, ORDER.fields)
    # Reference: orders.asmx?op=validateOrder. It saves nothing, so its failures are those of a read.
    checked = api.call("orders", "validateOrder", only=_CHECKED, inOrder=order)
    _refuse(checked, order)
    _refuse_total(api, resolved, checked)
    # Reference: orders.asmx?op=placeOrder. Business errors come back with HTTP 200 in errorString.
    placed = api.call("orders", "placeOrder", is_write=True, only=_READ_BACK, inOrder=order)
    _refuse(placed, order)
    return _result(placed)


def update_order(api: CtApi, request: WriteRequest) -> WriteResult:
    """Change an order by value: what it already holds is not sent; a hold alone goes through adminHoldFlag.

    ``orderItems``, where given, are all lines: one that is missing there is removed. Raises Rejected for what cannot
    be changed any more: a closed or cancelled order, less than was shipped.
    """
    before = load_order(api, request.external_id)
    resolved = resolve_order(request.fields)
    wanted = to_wire(resolved.fields, api)
    wanted.pop("OrdNbr", None)
    refuse_long_text(wanted, ORDER.fields)
    if wanted.get("Cancelled"):
        # What is cancelled is not changed in the same breath.
        wanted = {"Cancelled": True}
    changed = {
        name for name, value in wanted.items() if name != "orderItems" and not same(before.get(name), value)
    }
    lines = merge_lines(before.get("orderItems") or [], wanted.get("orderItems") or [])
    if lines is not None:
        changed.add("orderItems")
    if not changed:
        return _result(before, is_unchanged=True)
    if changed == {"AdminHold"}:
        # Reference: orders.asmx?op=adminHoldFlag. It has no result body.
        api.call(
            "orders",
            "adminHoldFlag",
            is_write=True,
            ordNbr=request.external_id,
            adminHoldFlag=bool(wanted["AdminHold"]),
        )
        return _result(load_order(api, request.external_id))
    refuse_change(before, lines, is_cancelled=bool(wanted.get("Cancelled")))
    order = {**before, **{name: wanted[name] for name in changed if name != "orderItems"}}
    order["orderItems"] = before["orderItems"] if lines is None else lines
    for name in ("errorString", "businessRuleViolations"):
        order.pop(name, None)
    order = to_wire(order, api)
    checked = api.call("orders", "validateOrder", only=_CHECKED, inOrder=order)
    _refuse(checked, order)
    if not wanted.get("Cancelled"):
        _refuse_total(api, resolved, checked)
    placed = api.call("orders", "placeOrder", is_write=True, only=_READ_BACK, inOrder=order)
    _refuse(placed, order)
    return _result(placed)


def _with_defaults(api: CtApi, fields: Mapping[str, Any], reference: str) -> dict[str, Any]:
    order = dict(fields)
    order.pop("OrdNbr", None)  # Dynamics SL numbers its orders; a given number would mean an update.
    order["CpnyID"] = api.cpny_id
    if reference:
        order["CustOrdNbr"] = fit_reference(reference)
        if order["CustOrdNbr"] != reference and len(reference) <= 30:
            order.setdefault("User1", reference)
    for name, setting in (("SOTypeID", "default_so_type"), ("ShipViaID", "default_ship_via")):
        if not order.get(name) and api.settings.get(setting):
            order[name] = api.settings[setting]
    order.setdefault("ShiptoID", "DEFAULT")
    is_priced_by_erp = api.settings["price_mode"] == "erp"
    lines = []
    for given in order.get("orderItems") or ():
        line = {"CuryCost": COMPUTED, "CurySlsPrice": COMPUTED, "Taxable": DEFAULT_TAX, **given}
        if is_priced_by_erp:
            line["CurySlsPrice"] = COMPUTED
        if not line.get("SiteID") and api.settings.get("default_site"):
            line["SiteID"] = api.settings["default_site"]
        lines.append(line)
    order["orderItems"] = lines
    return to_wire(order, api)


def to_wire(value: Any, api: CtApi) -> Any:
    """Return values as the service reads them: times as wall clock of the server, no zone."""
    if isinstance(value, Mapping):
        return {name: to_wire(each, api) for name, each in value.items()}
    if isinstance(value, list):
        return [to_wire(each, api) for each in value]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(api.zone).replace(tzinfo=None)
    return value


def _refuse(answer: Mapping[str, Any] | None, order: Mapping[str, Any]) -> None:
    if answer:
        refuse_business_error(str(answer.get("errorString") or ""), order)
        refuse_violations(answer.get("businessRuleViolations"))


def _refuse_total(api: CtApi, resolved: ResolvedOrder, checked: Mapping[str, Any] | None) -> None:
    """Refuse an order whose total in Dynamics SL would differ; versions that compute none on checking pass."""
    wanted, computed = resolved.expected_total, (checked or {}).get("CuryTotOrd")
    if wanted is None or not computed or api.settings["price_mode"] == "erp":
        return
    if abs(wanted - computed) > HALF_CENT:
        rule = f"Dynamics SL would book {computed}"
        problem = FieldProblem("CuryTotOrd", str(wanted), rule)
        raise Rejected(f"The order comes to {wanted}, but {rule}", problems=(problem,), code="total")


def _result(order: Mapping[str, Any] | None, *, is_unchanged: bool = False) -> WriteResult:
    ord_nbr = (order or {}).get("OrdNbr") or ""
    if not order or not ord_nbr:
        raise OutcomeUnknown("Dynamics SL answered without an order number")
    return WriteResult(
        ord_nbr, ord_nbr, shown_order(order), is_unchanged=is_unchanged, total=order.get("CuryTotOrd")
    )


def moment(value: object) -> datetime | None:
    """Return a value only when it is a moment; text in an unknown format is none."""
    return value if isinstance(value, datetime) else None
