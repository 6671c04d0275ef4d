"""Coupons, categories and returns of a shop as records. Called by both dialects and by ``list_writes``."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.systems.x_cart.normalise import SYSTEM, fitting, moment
from integrations.kinds import Kind, Record

_RETURN_STATUS = {"I": "issued", "C": "completed", "D": "declined"}


def coupon_record(row: Mapping[str, Any]) -> Record:
    """Return a coupon. Raises UnexpectedResponse."""
    return fitting(lambda: _coupon(row))


def _coupon(row: Mapping[str, Any]) -> Record:
    fields: dict[str, Any] = {
        "id": str(row["id"]),
        "code": str(row["code"]),
        "enabled": bool(row.get("enabled", True)),
        "value": Decimal(row.get("value") or 0),
        "type": str(row.get("type") or ""),
        "comment": str(row.get("comment") or ""),
        "single_use": bool(row.get("single_use")),
        "specific_products": bool(row.get("specific_products")),
    }
    for name in ("date_range_begin", "date_range_end"):
        fields[name] = moment(row.get(name))
    for name in ("total_range_begin", "total_range_end"):
        fields[name] = Decimal(row.get(name) or 0)
    for name in ("uses_limit", "uses_limit_per_user"):
        fields[name] = int(row.get(name) or 0)
    return Record(SYSTEM, Kind.COUPON, fields["id"], fields, business_key=fields["code"])


def category_record(row: Mapping[str, Any]) -> Record:
    """Return a category. Raises UnexpectedResponse."""
    return fitting(lambda: _category(row))


def _category(row: Mapping[str, Any]) -> Record:
    # ``parent`` is [inferred] from published classes of the 5.5 API; their public pages name no field.
    parent = row.get("parent", row.get("parent_id"))
    fields: dict[str, Any] = {
        "id": str(row["id"]),
        "name": str(row.get("name") or ""),
        "parent_id": None if parent in (None, 0, "") else str(parent),
        "enabled": bool(row.get("enabled", True)),
        "position": int(row.get("position") or 0),
        "clean_url": str(row.get("clean_url") or ""),
        "description": str(row.get("description") or ""),
    }
    return Record(SYSTEM, Kind.CATEGORY, fields["id"], fields, business_key=fields["name"])


def return_record(row: Mapping[str, Any]) -> Record:
    """Return a return of goods. Raises UnexpectedResponse."""
    return fitting(lambda: _return(row))


def _return(row: Mapping[str, Any]) -> Record:
    status = str(row["status"])
    fields: dict[str, Any] = {
        "id": str(row["id"]),
        "order_id": str(row["order_id"]),
        "order_number": str(row.get("order_number") or ""),
        "status": status,
        "status_name": _RETURN_STATUS.get(status, ""),
        "date": moment(row.get("date")),
        "reason": str(row.get("reason") or ""),
        "action": str(row.get("action") or ""),
        "comment": str(row.get("comment") or ""),
        "items": [
            {
                "item_id": str(each["item_id"]),
                "sku": str(each.get("sku") or ""),
                "name": str(each.get("name") or ""),
                "amount": int(each["amount"]),
            }
            for each in row.get("items") or ()
        ],
    }
    return Record(
        SYSTEM,
        Kind.RETURN,
        fields["id"],
        fields,
        business_key=fields["id"],
        search_keys={"order_number": fields["order_number"]},
    )
