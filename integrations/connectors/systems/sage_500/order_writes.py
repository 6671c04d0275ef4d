"""Enters, changes and cancels sales orders through their staging tables. Called by the connector.

Sage 500 numbers orders itself and has no idempotency key: our reference is looked for first, among orders and among
staging rows; an import that was staged and not taken is run again under the same run key.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, FieldProblem, OutcomeUnknown, Rejected
from integrations.connectors.systems.sage_500 import staging
from integrations.connectors.systems.sage_500.aliases import ResolvedOrder, line_amount, resolve_order
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.orders import find_order, load_order
from integrations.connectors.systems.sage_500.records import refuse_nameless, refuse_unfit, same
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.connectors.systems.sage_500.schema import ORDER, ORDER_LINE

HEADER, LINES = "StgSalesOrder", "StgSOLine"
_COLUMNS = frozenset(info.name for info in ORDER.fields if not info.read_only and not info.fields) - {
    "TranAmt", "Cancelled",
}  # fmt: skip
_LINE_COLUMNS = frozenset(info.name for info in ORDER_LINE if not info.read_only) | {
    "SOLineNo",
    "TranNo",
    "Action",
}
_NAMED = frozenset(info.name for info in (*ORDER.fields, *ORDER_LINE))
_CONTROL = frozenset({"rowkey", "sessionkey", "processstatus", "action"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DIGITS = re.compile(r"\d+")


def create_order(sage: Sage, request: WriteRequest) -> WriteResult:
    """Enter an order. Raises Duplicate, Rejected, MissingReference, OutcomeUnknown when it may be there."""
    resolved = resolve_order(request.fields)
    if resolved.is_cancelled:
        problem = FieldProblem("Cancelled", "true", "an order is not entered to be cancelled")
        raise Rejected("The order is cancelled already and was never entered", problems=(problem,))
    order = _with_defaults(sage, resolved, request.reference)
    refuse_unfit({**order, "Lines": resolved.lines}, ORDER.fields)
    reference = str(order.get(sage.reference_column) or "")
    refuse_nameless(reference, sage.reference_column)
    existing = find_order(sage, reference)
    if existing is not None:
        raise Duplicate(
            f"Order {existing.fields['TranNo']} carries this reference", existing_id=existing.external_id
        )
    given = _import(sage, {**order, "Action": staging.INSERT}, _lines(sage, resolved.lines, order))
    session = staging.open_session(sage, HEADER, sage.reference_column, reference) if reference else None
    _run(sage, given, session if session is not None else staging.stage(sage, given), reference)
    result = _result(sage, _readable(sage, reference))
    staging.sweep(sage, given)
    return result


def _with_defaults(sage: Sage, resolved: ResolvedOrder, reference: str) -> dict[str, Any]:
    order = dict(resolved.fields)
    if reference:
        order[sage.reference_column] = fit_reference(reference)
    order.setdefault("TranDate", sage.now().astimezone(sage.zone).date().isoformat())
    if sage.warehouses:
        order.setdefault("DfltWarehouseID", sage.warehouses[0])
    if order.get("STaxAmt") is not None:
        order.setdefault("STaxCalc", "No")
    order["TranNo"] = _number(sage, reference)
    return order


def _number(sage: Sage, reference: str) -> str:
    """Return the order number to ask for; '' = Sage 500 gives one.

    In mode ``prefix`` it comes from the digits of our reference, so that a second copy is refused as 110067.
    """
    digits = "".join(_DIGITS.findall(reference))
    if sage.text("tranno_mode") != "prefix" or not digits or len(digits) > 9:
        return ""
    return f"{sage.text('tranno_prefix')[:1]}{digits.zfill(9)}"


def _lines(sage: Sage, lines: Sequence[Mapping[str, Any]], order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return staging lines: numbered, joined to the header by its number, with the amount that was charged."""
    return [
        {
            "WarehouseID": order.get("DfltWarehouseID"),
            **line,
            "ExtAmt": line_amount(line),
            "SOLineNo": place,
            "TranNo": order["TranNo"],
            "Action": staging.INSERT,
        }
        for place, line in enumerate(lines, 1)
    ]


def _import(sage: Sage, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> staging.Import:
    kept = {name: value for name, value in header.items() if name in _COLUMNS or _is_own_column(name)}
    head = {**kept, **{name: header[name] for name in ("TranNo", "Action")}}
    rows = [
        {name: value for name, value in line.items() if name in _LINE_COLUMNS or _is_own_column(name)}
        for line in lines
    ]
    procedure = sage.procedure_name("proc_order", "orders")
    return staging.Import("order", procedure, {HEADER: [head], LINES: rows})


def _is_own_column(name: str) -> bool:
    """Return whether a name is a column that only this database has, as discovery offers them; SQL text holds it."""
    return name not in _NAMED and name.lower() not in _CONTROL and _NAME.fullmatch(name) is not None


def _run(sage: Sage, given: staging.Import, session: int, reference: str) -> None:
    try:
        staging.run(sage, given, session)
    except Duplicate as error:
        existing = find_order(sage, reference)
        raise Duplicate(
            error.message, existing_id=existing.external_id if existing else "", code=error.code
        ) from error


def _readable(sage: Sage, reference: str) -> Found:
    found = find_order(sage, reference)
    if found is None:
        raise OutcomeUnknown("Sage 500 took the order, but it cannot be read", detail=reference)
    return found


def update_order(sage: Sage, request: WriteRequest) -> WriteResult:
    """Change an order by value, lines by our mark or their item; a cancelled one is cancelled (Action 3)."""
    before = load_order(sage, request.external_id)
    resolved = resolve_order(request.fields)
    refuse_unfit({**resolved.fields, "Lines": resolved.lines}, ORDER.fields, creating=False)
    head = {"TranNo": before["TranNo"], "CustID": before["CustID"], "TranDate": before["TranDate"]}
    head[sage.reference_column] = before[sage.reference_column]
    if resolved.is_cancelled:
        if before["Cancelled"]:
            return _result(sage, Found(request.external_id), before, is_unchanged=True)
        return _change(sage, request, {**head, "Action": staging.DELETE}, [])
    changed = _changed_columns(before, resolved.fields)
    lines = _changed_lines(before, resolved.lines)
    if not changed and not lines:
        return _result(sage, Found(request.external_id), before, is_unchanged=True)
    return _change(sage, request, {**head, **changed, "Action": staging.UPDATE}, lines)


def _changed_columns(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns to send; an address goes as a whole, for Sage 500 makes a new one of what it gets."""
    known = {name: value for name, value in wanted.items() if name in _COLUMNS and name != "Status"}
    changed = {name: value for name, value in known.items() if not same(before.get(name), value)}
    for prefix in ("DfltShipTo", "BillTo"):
        parts = [name for name in _COLUMNS if name.startswith(prefix) and not name.endswith("CustAddrID")]
        if any(name in changed for name in parts):
            changed |= {name: known.get(name, before.get(name)) for name in parts}
    return changed


def _change(
    sage: Sage, request: WriteRequest, header: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> WriteResult:
    given = _import(sage, header, lines)
    staging.run(sage, given, staging.stage(sage, given))
    return _result(sage, Found(request.external_id))


def _changed_lines(before: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines to send: changed ones with their number, new ones, and deletions; [] = nothing changes."""
    if not wanted:
        return []
    left = [line for line in before["Lines"] if line["Status"] != "Closed" or line["QtyOrd"]]
    used = [int(line["SOLineNo"]) for line in before["Lines"]]
    following = max(used, default=0) + 1
    sent: list[dict[str, Any]] = []
    for line in wanted:
        match = next(
            (
                one
                for name in ("UserFld1", "ItemID")
                for one in left
                if line.get(name) and same(one[name], line[name])
            ),
            None,
        )
        common = {**line, "ExtAmt": line_amount(line), "TranNo": before["TranNo"]}
        if match is None:
            sent.append({**common, "SOLineNo": following, "Action": staging.INSERT})
            following += 1
            continue
        left.remove(match)
        if any(not same(match.get(name), value) for name, value in line.items() if name in match):
            sent.append({**common, "SOLineNo": match["SOLineNo"], "Action": staging.UPDATE})
    for one in left:
        kept = {name: one[name] for name in ("SOLineNo", "ItemID", "QtyOrd")}
        sent.append({**kept, "TranNo": before["TranNo"], "Action": staging.DELETE})
    return sent


def _result(
    sage: Sage, found: Found, held: Mapping[str, Any] | None = None, *, is_unchanged: bool = False
) -> WriteResult:
    order = held or load_order(sage, found.external_id)
    return WriteResult(
        found.external_id, str(order["TranNo"]), order, is_unchanged=is_unchanged, total=order["TranAmt"]
    )
