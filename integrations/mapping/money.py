"""The money invariant: lines + tax + freight + fees - discounts = total, on source, mapped and read-back records."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.mapping.paths import read

_HALF_CENT = Decimal("0.005")


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
    ``{"each": path, "quantity": path, "price": path}``.
    """
    lines = Decimal(0)
    spec = places["lines"]
    for line in read(record, spec["each"]) or ():
        if "amount" in spec:
            lines += _amount(read(line, spec["amount"]))
        else:
            lines += _amount(read(line, spec["quantity"])) * _amount(read(line, spec["price"]))

    def part(name: str) -> Decimal:
        path = str(places.get(name, ""))
        if path.startswith("-"):
            return -_amount(read(record, path[1:]))
        return _amount(read(record, path)) if path else Decimal(0)

    return MoneyCheck(lines, part("tax"), part("freight"), part("fees"), part("discounts"), part("total"))


def _amount(value: Any) -> Decimal:
    return Decimal(str(value)) if value is not None else Decimal(0)
