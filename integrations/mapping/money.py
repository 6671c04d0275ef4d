"""The money invariant: lines + tax + freight + fees - discounts = total, on source, mapped and read-back records."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.mapping.errors import NotMoney
from integrations.mapping.paths import read

HALF_CENT = Decimal("0.005")
_LARGEST_EXPONENT = 24
# Beyond it Decimal's 28 digits would round the cents away in the sum.


PARTS = ("lines", "tax", "freight", "fees", "discounts", "total")


@dataclass(frozen=True, slots=True)
class MoneyDifference:
    """Two amounts that should be one, and by how much they are not: the cents to look for."""

    path: str
    stated: Decimal
    expected: Decimal

    @property
    def difference(self) -> Decimal:
        return self.stated - self.expected

    @property
    def words(self) -> str:
        """The difference in a sentence: ``items[2].amount is 10.00 instead of 10.01, 0.01 too little``."""
        much = "too much" if self.difference > 0 else "too little"
        size = abs(self.difference)
        return f"{self.path} is {self.stated:f} instead of {self.expected:f}, {size:f} {much}"


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
        return abs(self.difference) < HALF_CENT


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


def money_differences(record: Mapping[str, Any], places: Mapping[str, Any]) -> list[MoneyDifference]:
    """Return every place where a record's amounts contradict each other, lines first; an empty list = none.

    Lines are held against quantity times price where ``places["lines"]`` names ``amount``, ``quantity`` and
    ``price``, each to the half cent. Raises NotMoney.
    """
    found: list[MoneyDifference] = []
    spec = places["lines"]
    if {"amount", "quantity", "price"} <= spec.keys():
        for position, line in enumerate(read(record, spec["each"]) or ()):
            if any(read(line, spec[part]) is None for part in ("amount", "quantity", "price")):
                continue
            stated = _amount(line, spec["amount"])
            expected = _amount(line, spec["quantity"]) * _amount(line, spec["price"])
            _note(found, f"{spec['each']}[{position}].{spec['amount']}", stated, expected)
    checked = check_money(record, places)
    _note(found, str(places.get("total", "total")), checked.total, checked.total - checked.difference)
    return found


def compare_money(source: MoneyCheck, other: MoneyCheck) -> list[MoneyDifference]:
    """Return the parts in which another record of the same sale differs, such as the mapped or the read-back one."""
    found: list[MoneyDifference] = []
    for part in PARTS:
        _note(found, part, getattr(other, part), getattr(source, part))
    return found


def _note(found: list[MoneyDifference], path: str, stated: Decimal, expected: Decimal) -> None:
    if abs(stated - expected) >= HALF_CENT:
        found.append(MoneyDifference(path, stated, expected))


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
