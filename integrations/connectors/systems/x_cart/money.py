"""Money of X-Cart: JSON numbers to Decimal, quantised to the currency; the order's money identity."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.connectors.errors import FieldProblem

_PLACES = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217 minor units other than 2."""

UNIT_PRICE_PLACES = Decimal("0.0001")


def quantum(currency: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for USD, 1 for JPY."""
    return Decimal(1).scaleb(-_PLACES.get(currency.upper(), 2))


def amount(value: object, currency: str) -> Decimal:
    """Return a wire number as money, half rounded up; None and '' are zero. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal | None):
        raise ValueError("money must be a number")
    try:
        return Decimal(value or 0).quantize(quantum(currency), ROUND_HALF_UP)
    except ArithmeticError as error:
        raise ValueError("money must be a number") from error


def surcharge_sum(fields: Mapping[str, Any], kind: str) -> Decimal:
    """Sum the available surcharges of one type over the order and its items, included ones too."""
    rows: Sequence[Mapping[str, Any]] = [
        *fields["surcharges"],
        *(row for item in fields["items"] for row in item["surcharges"]),
    ]
    return sum((row["value"] for row in rows if row.get("type") == kind and row.get("available")), Decimal(0))


def identity_problem(fields: Mapping[str, Any]) -> FieldProblem | None:
    """Check total = sub_total + surcharges that are not in the prices, to the cent."""
    added = sum(
        (row["value"] for row in fields["surcharges"] if row.get("available") and not row.get("include")),
        Decimal(0),
    )
    expected = fields["sub_total"] + added
    if fields["total"] == expected:
        return None
    return FieldProblem(
        "total", str(fields["total"]), f"must equal items and surcharges together, which is {expected}"
    )


def discount_beyond_lines(fields: Mapping[str, Any]) -> Decimal:
    """Return what of the order's discounts its lines do not hold yet, as a positive amount.

    X-Cart shares coupons and volume discounts out over ``discounted_subtotal``; a module that does not leaves the
    lines as they were. Either way lines less this amount are what the shopper pays for goods.
    """
    discounts = sum(
        (
            row["value"]
            for row in fields["surcharges"]
            if row.get("type") == "discount" and row.get("available") and not row.get("include")
        ),
        Decimal(0),
    )
    in_lines = fields["sub_total"] - sum(
        (item["discounted_subtotal"] for item in fields["items"]), Decimal(0)
    )
    return -discounts - in_lines


def net_line(item: Mapping[str, Any], currency: str) -> tuple[Decimal, Decimal]:
    """Return (unit price, line amount) after discounts and without tax that the price includes.

    The unit price has four places, so that quantity times it gives the line amount to the cent.
    """
    line: Decimal = item["discounted_subtotal"]
    price: Decimal = item["price"]
    net: Decimal = item["item_net_price"]
    if price and net != price:
        line = (line * net / price).quantize(quantum(currency), ROUND_HALF_UP)
    count = item["amount"] or 1
    return (line / count).quantize(UNIT_PRICE_PLACES, ROUND_HALF_UP), line


def money_moved(transactions: Sequence[Mapping[str, Any]]) -> Decimal:
    """Return what the shopper has paid and not got back: the figure of a cash receipt.

    Successful sales, plus captures, minus refunds; captures and refunds live in backend transactions.
    """
    moved = Decimal(0)
    for transaction in transactions:
        if transaction.get("status") == "S" and transaction.get("type") == "sale":
            moved += transaction["value"]
        for backend in transaction["backend_transactions"]:
            if backend.get("status") != "S":
                continue
            kind = str(backend.get("type", ""))
            if kind == "sale" or kind.startswith("capture"):
                moved += backend["value"]
            elif kind.startswith("refund"):
                moved -= backend["value"]
    return moved
