"""Short builders of field descriptions, and the parts that several Acumatica entities share.

Used by ``schema``, ``schema_ledger`` and ``order_fields``. Lengths come from the product's general data model
[inferred]; a tenant's own description (``discovery``) is laid over them where it tells more.
"""

from dataclasses import replace
from typing import Any

from integrations.kinds import FieldInfo, FieldType

SYSTEM = "acumatica"


def text(name: str, length: int | None = None, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.TEXT, label, max_length=length, **more)


def number(name: str, label: str = "", places: int | None = 4, **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DECIMAL, label, places=places, **more)


def whole(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.INTEGER, label, **more)


def flag(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.BOOLEAN, label, **more)


def day(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DATE, label, **more)


def moment(name: str, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.DATETIME, label, **more)


def linked(name: str, *fields: FieldInfo, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.OBJECT, label, fields=fields, **more)


def rows(name: str, *fields: FieldInfo, label: str = "", **more: Any) -> FieldInfo:
    return FieldInfo(name, FieldType.ARRAY, label, fields=fields, **more)


def read_only(fields: tuple[FieldInfo, ...]) -> tuple[FieldInfo, ...]:
    return tuple(replace(each, read_only=True) for each in fields)


RECORD_ID = text("id", 36, "Record id", read_only=True, help="Stable GUID of the record in Acumatica.")
CHANGED = moment("LastModifiedDateTime", "Last changed", read_only=True)
CURRENCY = text("CurrencyID", 5, "Currency")
HOLD = flag("Hold", "On hold")
NOTE = text("note", None, "Note")
CUSTOM = linked("custom", label="Custom fields", help="View, then field: custom.Document.UsrGift.")

ADDRESS = (
    text("AddressLine1", 50, "Street", sample="1 Main St"),
    text("AddressLine2", 50, "Street, second line"),
    text("City", 50, "City", sample="Austin"),
    text("State", 50, "State", sample="TX", help="Code of the state."),
    text("PostalCode", 20, "Postal code", sample="78701"),
    text("Country", 2, "Country", sample="US"),
)

DOC_CONTACT = (
    text("Attention", 255, "Attention", sample="Pat Lee"),
    text("BusinessName", 255, "Business name", sample="Acme Ltd"),
    text("Email", 255, "E-mail", sample="pat@example.com"),
    text("Phone1", 50, "Phone", sample="+15125550100"),
)

CONTACT = (
    text("Email", 255, "E-mail", sample="pat@example.com"),
    text("Phone1", 50, "Phone"),
    text("FirstName", 50, "First name"),
    text("LastName", 100, "Last name"),
    text("CompanyName", 255, "Company"),
    text("Attention", 255, "Attention"),
    text("JobTitle", 255, "Job title"),
    linked("Address", *ADDRESS, label="Address"),
)
