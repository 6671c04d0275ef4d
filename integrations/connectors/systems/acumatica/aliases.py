"""Makes a wire order of a mapped one: names of our promises, overrides that Acumatica wants, tax, the total to check.

Called by the order writer. Without its Override an address is ignored, without ManualPrice a price; both in silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.connectors.errors import FieldProblem, Misconfigured, Rejected
from integrations.connectors.systems.acumatica.order_fields import ORDER_FIELDS
from integrations.connectors.systems.acumatica.records import writable
from integrations.mapping.money import HALF_CENT

_PARTS = ("ShipToAddress", "ShipToContact", "BillToAddress", "BillToContact")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ResolvedOrder:
    """An order in wire names; ``total`` is what the source says it comes to, None = not said."""

    fields: dict[str, Any]
    total: Decimal | None
    is_cancelled: bool


def resolve_order(given: Mapping[str, Any], tax_id: str) -> ResolvedOrder:
    """Return the wire order. Raises Rejected where the amounts contradict the total, Misconfigured without a tax."""
    fields = writable(given, ORDER_FIELDS)
    total = fields.pop("OrderTotal", None)
    is_cancelled = bool(fields.pop("Cancelled", False))
    _move(fields, "OrderDate", "Date")
    _move(fields, "CustomerOrderNbr", "CustomerOrder")
    financial = dict(fields.get("FinancialSettings") or {})
    shipping = dict(fields.get("ShippingSettings") or {})
    for name in ("CurrencyID", "TaxTotal"):
        if name in financial:
            fields.setdefault(name, financial[name])
            del financial[name]
    if "FreightAmt" in financial:
        shipping.setdefault("FreightPrice", financial.pop("FreightAmt"))
    for name in ("ShipToAddress", "ShipVia"):
        if name in shipping:
            fields.setdefault(name, shipping.pop(name))
    if shipping.get("FreightPrice") is not None:
        shipping.setdefault("OverrideFreightPrice", True)
    _put(fields, "FinancialSettings", financial)
    _put(fields, "ShippingSettings", shipping)
    for part in _PARTS:
        if any((fields.get(part) or {}).values()):
            fields.setdefault(f"{part}Override", True)
    fields["Details"] = [_resolve_line(line) for line in fields.get("Details") or ()]
    if not fields["Details"]:
        del fields["Details"]
    _impose_tax(fields, tax_id)
    order = ResolvedOrder(fields, None if total is None else Decimal(total), is_cancelled)
    _refuse_total(order)
    return order


def _move(fields: dict[str, Any], alias: str, name: str) -> None:
    if alias in fields:
        fields.setdefault(name, fields.pop(alias))


def _put(fields: dict[str, Any], name: str, part: dict[str, Any]) -> None:
    if part:
        fields[name] = part
    else:
        fields.pop(name, None)


def _resolve_line(given: Mapping[str, Any]) -> dict[str, Any]:
    line = dict(given)
    if line.get("UnitPrice") is not None:
        line.setdefault("ManualPrice", True)
    if line.get("DiscountAmount") is not None or line.get("DiscountPercent") is not None:
        line.setdefault("ManualDiscount", True)
    return line


def _impose_tax(fields: dict[str, Any], tax_id: str) -> None:
    """Turn a tax total into one tax row: the storefront has charged it, Acumatica must not compute its own."""
    tax = fields.pop("TaxTotal", None)
    if tax is None or "TaxDetails" in fields:
        if "TaxDetails" in fields:
            fields.setdefault("IsTaxValid", True)
        return
    fields["IsTaxValid"] = True
    if not tax:
        return
    if not tax_id:
        raise Misconfigured("The order has tax, but the connection names no tax for it", missing="tax_id")
    taxable = merchandise(fields.get("Details") or ())
    fields["TaxDetails"] = [{"TaxID": tax_id, "TaxableAmount": taxable, "TaxAmount": tax}]


def merchandise(lines: Any) -> Decimal:
    """Return what lines come to: quantity times price, rounded to the cent, minus discount."""
    total = Decimal(0)
    for line in lines:
        gross = Decimal(line.get("OrderQty") or 0) * Decimal(line.get("UnitPrice") or 0)
        total += gross.quantize(_CENT, ROUND_HALF_UP) - Decimal(line.get("DiscountAmount") or 0)
    return total


def _refuse_total(order: ResolvedOrder) -> None:
    """Refuse an order that Acumatica would book with another total; prices it computes itself cannot be checked."""
    fields, lines = order.fields, order.fields.get("Details") or ()
    if order.total is None or not lines or any(line.get("UnitPrice") is None for line in lines):
        return
    if any(line.get("DiscountPercent") for line in lines):
        return
    freight = Decimal((fields.get("ShippingSettings") or {}).get("FreightPrice") or 0)
    tax = sum((Decimal(row.get("TaxAmount") or 0) for row in fields.get("TaxDetails") or ()), Decimal(0))
    booked = merchandise(lines) + freight + tax
    if abs(booked - order.total) >= HALF_CENT:
        rule = f"Acumatica would book {booked}"
        problem = FieldProblem("OrderTotal", str(order.total), rule)
        raise Rejected(f"The order comes to {order.total}, but {rule}", problems=(problem,), code="total")
