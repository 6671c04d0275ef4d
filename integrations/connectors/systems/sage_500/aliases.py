"""Makes a staging order of a mapped one: names of our promises, what the connector keeps to itself, the total to check.

Called by the order writer. ``Customer ID``, ``CustomerID`` and ``customer_id`` are one name; Sage 500's own win.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from integrations.connectors.errors import FieldProblem, Rejected
from integrations.connectors.systems.sage_500.schema import ORDER, ORDER_LINE
from integrations.kinds import FieldInfo
from integrations.mapping.money import HALF_CENT

_ORDER_ALIASES = {
    "salesordernumber": "UserFld1",
    "customerid": "CustID",
    "orderdate": "TranDate",
    "lineitems": "Lines",
    "freightamount": "FreightAmt",
    "salestaxamount": "STaxAmt",
    "paymentmethod": "PmtTermsID",
    "orderstatus": "Status",
    "currency": "CurrID",
    "totalamount": "TranAmt",
}
_LINE_ALIASES = {
    "productid": "ItemID",
    "itemcode": "ItemID",
    "quantity": "QtyOrd",
    "description": "Description",
}
_ADDRESSES = {"shiptoaddress": "DfltShipTo", "billtoaddress": "BillTo"}
_THOUSANDTH = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class ResolvedOrder:
    """An order in staging columns; ``total`` is what the source says it comes to, None = not said."""

    fields: dict[str, Any]
    lines: list[dict[str, Any]]
    total: Decimal | None
    is_cancelled: bool


def _flat(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _names(fields: tuple[FieldInfo, ...]) -> dict[str, FieldInfo]:
    return {_flat(each.name): each for each in fields}


_ORDER_NAMES = _names(ORDER.fields)
_LINE_NAMES = _names(ORDER_LINE)


def resolve_order(given: Mapping[str, Any]) -> ResolvedOrder:
    """Return the staging order. Raises Rejected where the amounts contradict the total."""
    fields: dict[str, Any] = {}
    for name, value in given.items():
        flat = _flat(name)
        prefix = _ADDRESSES.get(flat)
        if prefix and isinstance(value, Mapping):
            fields |= {f"{prefix}{part}": held for part, held in value.items() if held is not None}
        elif value is not None:
            _take(fields, _ORDER_NAMES, _ORDER_ALIASES.get(flat, name), value)
    total = fields.pop("TranAmt", None)
    is_cancelled = bool(fields.pop("Cancelled", False))
    lines = [_resolve_line(line) for line in fields.pop("Lines", None) or () if isinstance(line, Mapping)]
    order = ResolvedOrder(fields, lines, None if total is None else number("TranAmt", total), is_cancelled)
    _refuse_total(order)
    return order


def _take(fields: dict[str, Any], known: Mapping[str, FieldInfo], name: str, value: Any) -> None:
    """Keep a value under its column; what Sage 500 computes is left out, its total but for the check."""
    info = known.get(_flat(name))
    if info is None:
        fields.setdefault(name, value)
    elif not info.read_only:
        fields.setdefault(info.name, value)


def _resolve_line(given: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None:
            _take(line, _LINE_NAMES, _LINE_ALIASES.get(_flat(name), name), value)
    return line


def number(path: str, value: object) -> Decimal:
    """Return an amount. Raises Rejected for what is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        problem = FieldProblem(path, str(value), "is not a number")
        raise Rejected(f"{path} is not a number", problems=(problem,)) from error


def line_amount(line: Mapping[str, Any]) -> Decimal | None:
    """Return what a line comes to as Sage 500 books it; None = Sage 500 prices it itself."""
    if line.get("ExtAmt") is not None:
        return number("ExtAmt", line["ExtAmt"])
    if line.get("UnitPrice") is None:
        return None
    gross = number("QtyOrd", line.get("QtyOrd", 0)) * number("UnitPrice", line["UnitPrice"])
    return gross.quantize(_THOUSANDTH, ROUND_HALF_UP)


def booked_total(order: ResolvedOrder) -> Decimal | None:
    """Return what Sage 500 will book; None = it prices a line itself."""
    amounts = [line_amount(line) for line in order.lines]
    if not amounts or any(amount is None for amount in amounts):
        return None
    goods = sum((amount for amount in amounts if amount is not None), Decimal(0))
    freight, tax, discount = (
        number(name, order.fields.get(name) or 0) for name in ("FreightAmt", "STaxAmt", "TradeDiscAmt")
    )
    return goods + freight + tax - discount


def _refuse_total(order: ResolvedOrder) -> None:
    booked = booked_total(order)
    if order.total is None or booked is None or abs(booked - order.total) < HALF_CENT:
        return
    rule = f"Sage 500 would book {booked}"
    problem = FieldProblem("TranAmt", str(order.total), rule)
    raise Rejected(f"The order comes to {order.total}, but {rule}", problems=(problem,), code="total")
