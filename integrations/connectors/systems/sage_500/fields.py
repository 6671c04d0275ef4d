"""Short builders of field descriptions, and the parts that several Sage 500 entities share.

Used by ``schema`` and ``schema_ledger``. Widths are those of the columns as published procedures and
entity classes use them (see README).
"""

from dataclasses import replace
from typing import Any

from integrations.kinds import FieldInfo, FieldType

SYSTEM = "sage_500"
YES_NO = ("Yes", "No")


def text(name: str, length: int | None = None, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.TEXT, label, max_length=length, **more)


def money(name: str, label: str = "", places: int | None = 3, **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DECIMAL, label, places=places, **more)


def quantity(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DECIMAL, label, places=8, **more)


def whole(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.INTEGER, label, **more)


def flag(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.BOOLEAN, label, **more)


def yes_no(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.TEXT, label, max_length=3, enum=YES_NO, **more)


def day(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DATE, label, **more)


def moment(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DATETIME, label, **more)


def rows(name: str, *fields: FieldInfo, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.ARRAY, label, fields=fields, **more)


def address(prefix: str, words: str) -> tuple[FieldInfo, ...]:
    """Return the columns of a one-off address: name, five lines of 40, city, codes."""
    return (
        text(f"{prefix}AddrName", 40, f"{words} name", sample="Lee Ltd"),
        text(f"{prefix}AddrLine1", 40, f"{words} line 1", sample="1 Main St"),
        *(text(f"{prefix}AddrLine{line}", 40, f"{words} line {line}") for line in range(2, 6)),
        text(f"{prefix}City", 20, f"{words} city", sample="Austin"),
        text(f"{prefix}StateID", 3, f"{words} state", sample="TX", help="Code, such as TX."),
        text(
            f"{prefix}PostalCode",
            9,
            f"{words} postal code",
            sample="78701",
            help="Without a dash: 787011234.",
        ),
        text(f"{prefix}CountryID", 3, f"{words} country", sample="USA", help="Three letters, such as USA."),
    )


USER_FIELDS = tuple(text(f"UserFld{place}", 15, f"User field {place}") for place in range(1, 5))
COMMENT = text("TranCmnt", 50, "Comment")
CHANGED = moment("UpdateDate", "Last changed", read_only=True)


def read_only(fields: tuple[FieldInfo, ...]) -> tuple[FieldInfo, ...]:
    return tuple(replace(each, read_only=True) for each in fields)


ORDER_KEY = text(
    "order_key",
    11,
    "Order key",
    sample="7781",
    help="The key of a sales order: customer and order number that are left out are taken from it.",
)
CUSTOMER_OR_ORDER = text(
    "CustID", 12, "Customer ID", sample="ACME", help="Needed where no order key is given."
)
