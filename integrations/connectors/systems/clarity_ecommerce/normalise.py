"""The site's JSON to records, by the field table: ids become texts, dates aware UTC, numbers Decimal.

Members that the table does not name are left out; custom attributes are kept as they are.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.errors import UnexpectedResponse
from integrations.connectors.systems.clarity_ecommerce.schema import ADDRESS_FIELDS, SCHEMAS, SYSTEM
from integrations.kinds import FieldInfo, FieldType, Kind, Record

ID_FIELDS = {
    Kind.ORDER: "orderId",
    Kind.PRODUCT: "productId",
    Kind.CUSTOMER: "customerId",
    Kind.PAYMENT: "paymentId",
    Kind.SHIPMENT: "shipmentId",
    Kind.RETURN: "returnId",
    Kind.COUPON: "couponId",
    Kind.CATEGORY: "categoryId",
}
"""Inventory has none on the wire: SKU and location together are its id here."""

_BUSINESS_KEYS = {
    Kind.ORDER: "orderNumber",
    Kind.PRODUCT: "sku",
    Kind.INVENTORY: "sku",
    Kind.CUSTOMER: "email",
    Kind.PAYMENT: "paymentId",
    Kind.SHIPMENT: "shipmentId",
    Kind.RETURN: "returnNumber",
    Kind.COUPON: "code",
    Kind.CATEGORY: "name",
}
_SEARCHED: dict[Kind, tuple[str, ...]] = {
    Kind.ORDER: ("email", "customerName", "purchaseOrderNumber"),
    Kind.PRODUCT: ("name",),
    Kind.CUSTOMER: ("email", "name", "customerKey"),
    Kind.SHIPMENT: ("trackingNumber", "externalRef"),
}


def record_of(kind: Kind, raw: Mapping[str, Any], *, customer_email: str = "") -> Record:
    """Return a record. ``customer_email``: for an order whose addresses have none. Raises UnexpectedResponse."""
    try:
        fields = shaped(SCHEMAS[kind].fields, raw)
        _DERIVE.get(kind, _nothing)(fields, customer_email)
        updated_at = fields.get("modifiedDate")
        external_id = _external_id(kind, raw)
        if "modifiedDate" in (one.name for one in SCHEMAS[kind].fields) and updated_at is None:
            raise KeyError("modifiedDate")
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise UnexpectedResponse(
            "The site sent a record in a form that we do not know", detail=f"{type(error).__name__}: {error}"
        ) from error
    return Record(
        system=SYSTEM,
        kind=kind,
        external_id=external_id,
        fields=fields,
        updated_at=updated_at,
        business_key=str(fields[_BUSINESS_KEYS[kind]]),
        search_keys={name: str(fields[name]) for name in _SEARCHED.get(kind, ())},
    )


def _external_id(kind: Kind, raw: Mapping[str, Any]) -> str:
    if kind is Kind.INVENTORY:
        return stock_id(str(raw["sku"]), str(raw["locationKey"]))
    return str(int(raw[ID_FIELDS[kind]]))


def stock_id(sku: str, location: str) -> str:
    """Return the id of what lies of a SKU at a location: ``A50-HALO@MAIN``."""
    return f"{sku}@{location}"


def shaped(fields: tuple[FieldInfo, ...], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of the table with their types; derived ones come out empty. Raises ValueError, TypeError."""
    return {info.name: _value(info, raw.get(info.name)) for info in fields}


def _value(info: FieldInfo, value: Any) -> Any:
    match info.type:
        case FieldType.ARRAY:
            rows = [] if value is None else list(value)
            return [shaped(info.fields, row) if info.fields else str(row) for row in rows]
        case FieldType.OBJECT if info.name == "attributes":
            return {} if value is None else {str(key): str(each) for key, each in value.items()}
        case FieldType.OBJECT:
            # An object that is always there is one of nothing where the site sends null.
            return None if value is None and info.nullable else shaped(info.fields, value or {})
        case FieldType.TEXT:
            return (None if info.nullable else "") if value is None else str(value)
        case FieldType.DATETIME:
            return moment(value)
        case FieldType.BOOLEAN:
            return bool(value)
        case FieldType.INTEGER:
            return (None if info.nullable else 0) if value is None else int(value)
    if value is None:
        return None if info.nullable else Decimal(0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{info.name} must be a number")
    return Decimal(value)


def moment(value: object) -> datetime | None:
    """Return an ISO 8601 time as aware UTC; None where there is none. Raises ValueError."""
    if value in (None, ""):
        return None
    parsed = datetime.fromisoformat(str(value))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def wire_moment(value: object) -> str | None:
    """Return a mapped time or day as the contract writes it: milliseconds and Z. Raises ValueError."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    found = value if isinstance(value, datetime) else moment(value)
    if found is None:
        return None
    aware = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- derived fields ------------------------------------------------------------------------------------------


def _nothing(fields: dict[str, Any], customer_email: str) -> None:
    """Most kinds have no derived fields."""


def _derive_order(fields: dict[str, Any], customer_email: str) -> None:
    billing, delivery = fields["billingAddress"], fields["shippingAddress"]
    # Whole addresses: a street of one beside the suite of the other would send a parcel nowhere.
    fields["shipTo"] = dict(delivery or billing or shaped(ADDRESS_FIELDS, {}))
    fields["billTo"] = named = dict(billing or delivery or shaped(ADDRESS_FIELDS, {}))
    fields["email"] = named["email"] or fields["shipTo"]["email"] or customer_email
    fields["customerName"] = f"{named['firstName']} {named['lastName']}".strip()
    fields["company"] = named["company"] or fields["shipTo"]["company"]
    fields["handlingAndFees"] = fields["totals"]["handling"] + fields["totals"]["fees"]
    fields["couponCodes"] = ", ".join(each["code"] for each in fields["coupons"])


def _derive_customer(fields: dict[str, Any], customer_email: str) -> None:
    for name, flag in (("billingAddress", "isBilling"), ("shippingAddress", "isShipping")):
        book = fields["addresses"]
        chosen = next((each for each in book if each[flag]), book[0] if book else None)
        plain = ("isBilling", "isShipping", "addressKey")
        fields[name] = {key: value for key, value in chosen.items() if key not in plain} if chosen else None


_DERIVE: dict[Kind, Callable[[dict[str, Any], str], None]] = {
    Kind.ORDER: _derive_order,
    Kind.CUSTOMER: _derive_customer,
}
