"""The money invariant: lines + tax + freight + fees - discounts = total, on source, mapped and read-back records."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.mapping.errors import NotMoney
from integrations.mapping.paths import read

_HALF_CENT = Decimal("0.005")
_LARGEST_EXPONENT = 24
# Beyond it Decimal's 28 digits would round the cents away in the sum.


@dataclass(frozen=True, slots=True)
class MoneyCheck:
    """What the parts add up to against the stated total."""

    lines: Decimal
    tax: Decimal
    freight: Decimal
    fees: Decimal
    discounts: Decimal
    total: Decimal

    @property
    def difference(self) -> Decimal:
        """Stated total minus the sum of the parts."""
        return self.total - (self.lines + self.tax + self.freight + self.fees - self.discounts)

    @property
    def agrees(self) -> bool:
        return abs(self.difference) < _HALF_CENT


def check_money(record: Mapping[str, Any], places: Mapping[str, Any]) -> MoneyCheck:
    """Add up a record by ``places``.

    ``places``: total, tax, freight, fees, discounts are paths (absent = 0), a leading minus turns the sign for
    systems that state discounts below zero; ``lines`` is ``{"each": path, "amount": path}`` or
    ``{"each": path, "quantity": path, "price": path}``. Raises NotMoney for a value that is no amount.
    """
    lines = Decimal(0)
    spec = places["lines"]
    rows = read(record, spec["each"])
    if rows is not None and not isinstance(rows, list):
        raise NotMoney(spec["each"], rows)
    for line in rows or ():
        if "amount" in spec:
            lines += _amount(line, spec["amount"])
        else:
            lines += _amount(line, spec["quantity"]) * _amount(line, spec["price"])

    def part(name: str) -> Decimal:
        path = str(places.get(name, ""))
        if path.startswith("-"):
            return -_amount(record, path[1:])
        return _amount(record, path) if path else Decimal(0)

    return MoneyCheck(lines, part("tax"), part("freight"), part("fees"), part("discounts"), part("total"))


def _amount(holder: Any, path: str) -> Decimal:
    value = read(holder, path)
    return Decimal(0) if value is None else to_amount(value, path)


def to_amount(value: Any, path: str) -> Decimal:
    """Return a value of a record as an amount. Raises NotMoney naming the path."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise NotMoney(path, value) from error
    if not amount.is_finite() or abs(amount.adjusted()) > _LARGEST_EXPONENT:
        raise NotMoney(path, value)
    return amount
