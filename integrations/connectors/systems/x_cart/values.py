"""Mapped values as X-Cart takes them; what it would refuse is refused here, with the field named.

Called by the writers of products, customers, stock, shipments and lists.
"""

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

from integrations.connectors.errors import FieldProblem, Rejected

MEASURE_PLACES = Decimal("0.0001")


def problem(field: str, value: str, rule: str) -> Rejected:
    """Return the refusal of one value; ``rule`` completes the sentence that begins with the field."""
    return Rejected(f"{field} {rule}", problems=(FieldProblem(field, value, rule),))


def text(field: str, value: object, length: int | None) -> str:
    """Return a text without blanks around it. Raises Rejected when it is longer than the shop keeps."""
    given = str(value).strip()
    if length is not None and len(given) > length:
        raise problem(field, given, f"must have {length} characters at most")
    return given


def flag(field: str, value: object) -> bool:
    """Return a yes or no. Raises Rejected for anything else."""
    if not isinstance(value, bool):
        raise problem(field, str(value), "must be yes or no")
    return value


def measure(field: str, value: object) -> Decimal:
    """Return a price, weight or size with four places at most, half rounded up. Raises Rejected."""
    given = _number(field, value)
    if given < 0:
        raise problem(field, str(value), "must not be below zero")
    rounded = given.quantize(MEASURE_PLACES, ROUND_HALF_UP).normalize()
    # normalize() writes 1000 as 1E+3; the wire wants digits.
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded


def whole(field: str, value: object) -> int:
    """Return a whole number, 0 or above. Raises Rejected, also for a fraction."""
    given = _number(field, value)
    if given < 0 or given != given.to_integral_value():
        raise problem(field, str(value), "must be a whole number, 0 or above")
    return int(given)


def whole_amount(value: object) -> int:
    """Return a stock amount as X-Cart takes it: a whole number, rounded down. Raises Rejected."""
    amount = int(_number("amount", value).to_integral_value(ROUND_FLOOR))
    if amount < 0:
        raise problem("amount", str(value), "must not be below zero")
    return amount


def _number(field: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str) or value == "":
        raise problem(field, str(value), "must be a number")
    try:
        given = Decimal(value)
    except ArithmeticError as error:
        raise problem(field, str(value), "must be a number") from error
    if not given.is_finite():
        raise problem(field, str(value), "must be a number")
    return given
