"""Turns a basket into an order's amounts: whole cents inside, so that the money identity holds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One product line; ``price_cents`` is the unit price shown to the shopper."""

    product_id: int
    variant_id: int | None
    sku: str
    name: str
    price_cents: int
    quantity: int


@dataclass(slots=True)
class Basket:
    """What the shopper chose. Discounts are positive cents here and negative in the order."""

    lines: list[Line]
    shipping_cents: int
    tax_basis_points: int
    has_included_tax: bool = False
    volume_discount_cents: int = 0
    coupon: tuple[str, str, float] | None = None
    handling_cents: int = 0

    @property
    def sub_total(self) -> int:
        return sum(line.price_cents * line.quantity for line in self.lines)

    def coupon_cents(self) -> int:
        if self.coupon is None:
            return 0
        _, kind, value = self.coupon
        whole = round(self.sub_total * value / 100) if kind == "%" else round(value * 100)
        return min(whole, self.sub_total - self.volume_discount_cents)


def money(cents: int) -> float:
    """Return cents as the JSON float that PHP would print."""
    return cents / 100


def allocate(total: int, weights: list[int]) -> list[int]:
    """Split cents over weights so that the parts add up exactly; the last part takes the rest."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    parts[-1] += total - sum(parts)
    return parts


def _surcharge(number: int, kind: str, code: str, name: str, cents: int, *, include: bool) -> dict[str, Any]:
    return {
        "id": number,
        "type": kind,
        "code": code,
        "class": "\\XLite\\Logic\\Order\\Modifier\\" + code.partition(".")[0].title(),
        "include": include,
        "available": True,
        "value": money(cents),
        "name": name,
        "weight": number,
    }


def priced(basket: Basket) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return ({total, sub_total, surcharges}, items without ids) as the API writes them.

    total = sub_total + sum of surcharges with include=false.
    """
    coupon = basket.coupon_cents()
    off = coupon + basket.volume_discount_cents
    taxable = basket.sub_total - off
    rows: list[tuple[str, str, str, int, bool]] = []
    if basket.volume_discount_cents:
        rows.append(("discount", "DISCOUNT", "Volume discount", -basket.volume_discount_cents, False))
    if coupon:
        rows.append(("discount", "DCOUPON", "Coupon discount", -coupon, False))
    rows.append(("shipping", "SHIPPING", "Shipping cost", basket.shipping_cents, False))
    if basket.handling_cents:
        rows.append(("handling", "HANDLING", "Handling fee", basket.handling_cents, False))
    rate = basket.tax_basis_points
    if basket.has_included_tax:
        rows.append(("tax", "CDEV.VAT.1", "VAT", taxable - round(taxable * 10_000 / (10_000 + rate)), True))
    elif rate:
        rows.append(("tax", "CDEV.STAX.1", "Sales tax", round(taxable * rate / 10_000), False))
    surcharges = [
        _surcharge(number, kind, code, name, cents, include=include)
        for number, (kind, code, name, cents, include) in enumerate(rows, start=1)
    ]
    total = basket.sub_total + sum(cents for *_, cents, include in rows if not include)
    amounts = {"total": money(total), "sub_total": money(basket.sub_total), "surcharges": surcharges}
    return amounts, _items(basket, off)


def _items(basket: Basket, off: int) -> list[dict[str, Any]]:
    weights = [line.price_cents * line.quantity for line in basket.lines]
    items = []
    for line, gross, share in zip(basket.lines, weights, allocate(off, weights), strict=True):
        net = line.price_cents
        if basket.has_included_tax:
            net = round(line.price_cents * 10_000 / (10_000 + basket.tax_basis_points))
        items.append(
            {
                "product_id": line.product_id,
                "sku": line.sku,
                "name": line.name,
                "price": money(line.price_cents),
                "item_net_price": money(net),
                "amount": line.quantity,
                "backordered_amount": 0,
                "discounted_subtotal": money(gross - share),
                "variant": line.variant_id,
                "surcharges": [],
            }
        )
    return items
