"""Resolves the names customers read in our promises (OrderNbr, LineItems, Qty ...) to the wire's names.

Called by the order and customer writers. Names match without regard to case: CustID and CustId are both real.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.connectors.errors import FieldProblem, Rejected
from integrations.connectors.systems.dynamics_sl.schema import CUSTOMER, ORDER, ORDER_LINE
from integrations.connectors.systems.dynamics_sl.schema_ledger import PAYMENT
from integrations.kinds import FieldInfo

_ORDER_ALIASES = {
    "ordernbr": "OrdNbr",
    "so_ordernbr": "OrdNbr",
    "soordernbr": "OrdNbr",
    "orderdate": "OrdDate",
    "shiptoid": "ShiptoID",
    "shipaddrid": "ShiptoID",
    "freightamt": "CuryTotFrt",
    "taxamt": "CuryTotTax",
    "lineitems": "orderItems",
    "adminhold": "AdminHold",
}
_LINE_ALIASES = {"qty": "QtyOrd", "unitprice": "CurySlsPrice", "salesacct": "SlsAcct"}
_RECEIPT_ALIASES = {"amount": "CuryOrigDocAmt", "ordernbr": "OrdNbr", "curyid": "CuryId", "custid": "CustId"}
_TOTALS = frozenset({"totalamt", "ordertot", "curytotord"})
"""Accepted for the money check only; Dynamics SL computes its total."""
_IGNORED = frozenset({"billtoid", "billaddrid", "portal_status", "curytotmerch", "status", "lupd_datetime"})
"""No such column to write: bill-to is the customer; the rest is computed."""


@dataclass(frozen=True, slots=True)
class ResolvedOrder:
    """An order in wire names. ``expected_total`` is what the caller says it comes to, None = not told."""

    fields: dict[str, Any] = field(default_factory=dict)
    expected_total: Decimal | None = None


def _wire_names(fields: Iterable[FieldInfo]) -> dict[str, str]:
    return {each.name.lower(): each.name for each in fields}


_ORDER_NAMES = _wire_names(ORDER.fields)
_LINE_NAMES = _wire_names(ORDER_LINE)
_RECEIPT_NAMES = _wire_names(PAYMENT.fields)
_RECEIPT_COMPUTED = frozenset(each.name for each in PAYMENT.fields if each.read_only)
_CUSTOMER_NAMES = _wire_names(CUSTOMER.fields)


def resolve_order(given: Mapping[str, Any]) -> ResolvedOrder:
    """Return an order in wire names, derived values computed. Names we do not know stay as they are.

    Raises Rejected for a discount that cannot be expressed.
    """
    fields: dict[str, Any] = {}
    total: Decimal | None = None
    sales_account = None
    for name, value in given.items():
        low = name.lower()
        if low in _TOTALS:
            total = _decimal("OrderTot", value) if value is not None else None
        elif low == "salesacct":
            sales_account = value
        elif low not in _IGNORED and value is not None:
            fields[_ORDER_ALIASES.get(low) or _ORDER_NAMES.get(low, name)] = value
    lines = [_resolve_line(line, index) for index, line in enumerate(fields.get("orderItems") or ())]
    if lines:
        fields["orderItems"] = [
            line if sales_account is None else {"SlsAcct": sales_account} | line for line in lines
        ]
    return ResolvedOrder(fields, total)


def _resolve_line(given: Mapping[str, Any], index: int) -> dict[str, Any]:
    line: dict[str, Any] = {}
    discount = None
    for name, value in given.items():
        low = name.lower()
        if low == "discamt":
            discount = value
        elif value is not None:
            line[_LINE_ALIASES.get(low) or _LINE_NAMES.get(low, name)] = value
    if discount and "DiscPct" not in line:
        path = f"orderItems[{index}].DiscAmt"
        amount = _decimal(path, discount)
        gross = _decimal(path, line.get("QtyOrd", 0)) * _decimal(path, line.get("CurySlsPrice", 0))
        if amount and gross <= 0:
            problem = FieldProblem(path, str(discount), "a discount needs a quantity and a price")
            raise Rejected("A line has a discount but no price", problems=(problem,))
        if amount:
            line["DiscPct"] = (amount * 100 / gross).quantize(Decimal("0.000001"))
    return line


def resolve_customer(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a customer in wire names; computed members are left out."""
    return {
        _CUSTOMER_NAMES.get(name.lower(), name): value
        for name, value in given.items()
        if value is not None and name.lower() not in ("status", "lupd_datetime")
    }


def resolve_receipt(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cash receipt in wire names; computed members are left out."""
    named = {
        _RECEIPT_ALIASES.get(name.lower()) or _RECEIPT_NAMES.get(name.lower(), name): value
        for name, value in given.items()
        if value is not None
    }
    return {name: value for name, value in named.items() if name not in _RECEIPT_COMPUTED}


def _decimal(path: str, value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        problem = FieldProblem(path, str(value), "is not a number")
        raise Rejected(f"{path} is not a number", problems=(problem,)) from error


def refuse_long_text(values: Mapping[str, Any], fields: Iterable[FieldInfo], path: str = "") -> None:
    """Raise Rejected naming every text that is longer than its column; nothing is ever cut."""
    problems = tuple(_long_texts(values, tuple(fields), path))
    if problems:
        first = problems[0]
        raise Rejected(f"{first.field} is too long: {first.rule}", problems=problems)


def _long_texts(
    values: Mapping[str, Any], fields: tuple[FieldInfo, ...], path: str
) -> Iterable[FieldProblem]:
    for each in fields:
        value = values.get(each.name)
        if isinstance(value, str) and each.max_length is not None and len(value) > each.max_length:
            rule = f"at most {each.max_length} characters, it has {len(value)}"
            yield FieldProblem(f"{path}{each.name}", value, rule)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from _long_texts(item, each.fields, f"{path}{each.name}[{index}].")
        elif isinstance(value, Mapping):
            yield from _long_texts(value, each.fields, f"{path}{each.name}.")
