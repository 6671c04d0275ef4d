"""What the classic API changes: statuses, tracking numbers, stock, products, profiles, small lists; its dangerous DELETE.

Values come as strings from the query and as numbers from JSON. A missing id answers ``null``, like a read.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from integrations.sandbox.x_cart import classic_rows, clock, statuses
from integrations.sandbox.x_cart.entities import DEFAULTS
from integrations.sandbox.x_cart.goods import InvalidInput

if TYPE_CHECKING:
    from integrations.sandbox.x_cart.shop import XCartSimulator

_TABLES = {
    "product": "products",
    "profile": "profiles",
    "order": "orders",
    "xc-productvariants-productvariant": "variants",
}


_COLLECTIONS = {
    "cdev-coupons-coupon": "coupons", "category": "categories", "qsl-returns-orderreturn": "returns",
}  # fmt: skip
_NAMES = {
    "totalRangeBegin": "total_range_begin", "totalRangeEnd": "total_range_end", "usesLimit": "uses_limit",
    "usesLimitPerUser": "uses_limit_per_user", "singleUse": "single_use", "specificProducts": "specific_products",
    "dateRangeBegin": "date_range_begin", "dateRangeEnd": "date_range_end", "pos": "position", "cleanURL": "clean_url",
}  # fmt: skip
"""Classic names of small lists [inferred] and those of the 5.5 API; what neither knows is ignored."""
_SAME_NAMES = frozenset({"code", "enabled", "value", "type", "comment", "status"})


def write(shop: "XCartSimulator", method: str, entity: str, number: str, model: Any) -> Any:
    """Create (``/0`` with POST), change one, or change many by their primary keys. Raises InvalidInput."""
    if not number:
        key = {"product": "product_id", "profile": "profile_id"}.get(entity, "id")
        rows = model.values() if isinstance(model, dict) else model
        return [write(shop, method, entity, str(each[key]), each) for each in rows]
    if not isinstance(model, Mapping):
        raise InvalidInput("Input data is incorrect")
    if method == "post":
        return _create(shop, entity, model)
    changed = _change(shop, entity, int(number) if number.isdigit() else 0, model)
    return _shown(shop, entity, int(number)) if changed else None


def _create(shop: "XCartSimulator", entity: str, model: Mapping[str, Any]) -> Any:
    if entity == "product":
        return _shown(shop, entity, shop.goods.create(_product(model)))
    if entity == "profile":
        return _shown(shop, entity, int(shop.profiles.create(dict(model))["id"]))
    if entity == "ordertrackingnumber":
        owner = model.get("order")
        order_id = int(owner["order_id"]) if isinstance(owner, Mapping) else 0
        made = shop.orders.add_tracking(order_id, str(model.get("value", "")))
        if made is None:
            raise InvalidInput("Order not found")
        return {"tracking_id": made["id"], "value": made["value"]}
    collection = _COLLECTIONS.get(entity)
    if collection in DEFAULTS:
        given = DEFAULTS[collection] | _document(model)
        shop.entities.check(collection, given, None)
        return _shown(shop, entity, int(shop.entities.create(collection, given)["id"]))
    raise InvalidInput(f"{entity} cannot be created")


def _change(shop: "XCartSimulator", entity: str, number: int, model: Mapping[str, Any]) -> bool:
    if entity == "order":
        return _change_order(shop, number, model)
    if entity == "product":
        return shop.goods.change(number, _product(model)) is not None
    if entity == "profile":
        return shop.profiles.change(number, dict(model)) is not None
    if entity == "xc-productvariants-productvariant":
        row = shop.state.row("SELECT product_id FROM variants WHERE id = ?", (number,))
        if row is None:
            return False
        given = _product(model)
        for name, flag in (("amount", "defaultAmount"), ("price", "defaultPrice")):
            if flag in model:
                given[f"default_{name}"] = model[flag] in (True, "1", 1)
        return shop.goods.change_variant(row["product_id"], number, given) is not None
    if entity in _COLLECTIONS:
        collection = _COLLECTIONS[entity]
        held = next((each for each in shop.entities.all(collection) if each["id"] == number), None)
        if held is not None:
            shop.entities.change(collection, held, _document(model))
        return held is not None
    raise InvalidInput(f"{entity} cannot be changed")


def _change_order(shop: "XCartSimulator", number: int, model: Mapping[str, Any]) -> bool:
    order = shop.orders.get(number)
    if order is None:
        return False
    for axis, name, table in (
        ("payment_status", "paymentStatus", statuses.PAYMENT),
        ("shipping_status", "shippingStatus", statuses.SHIPPING),
    ):
        if name not in model:
            continue
        wanted = str(model[name]["id"])
        code = next((code for code, (status_id, _) in table.items() if str(status_id) == wanted), None)
        if code is None:
            raise InvalidInput(f"{name} {wanted} is not found")
        shop.orders.set_status(number, axis, code)
    return True


def _product(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a classic product model in the words of ``goods``: numbers parsed, texts out of the translation."""
    given: dict[str, Any] = {}
    for name in ("sku", "enabled", "taxable", "free_shipping"):
        if name in model:
            given[name] = model[name]
    for name in ("price", "weight"):
        if name in model:
            given[name] = float(model[name])
    if "amount" in model:
        text = str(model["amount"])
        given["amount"] = int(text) if text.lstrip("-").isdigit() else text
    for translation in model.get("translations") or ():
        given |= {name: translation[name] for name in ("name", "description") if name in translation}
    return given


def _document(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a classic model of a small list in the words of the 5.5 API."""
    given: dict[str, Any] = {}
    for name, value in model.items():
        if name == "translations":
            for translation in value:
                given |= {key: translation[key] for key in ("name", "description") if key in translation}
        elif name == "parent":
            given["parent"] = int(value["category_id"]) if value else None
        elif name in ("dateRangeBegin", "dateRangeEnd"):
            given[_NAMES[name]] = clock.utc_text(int(value)) if value else None
        elif name in _NAMES or name in _SAME_NAMES:
            given[_NAMES.get(name, name)] = value
    return given


def _shown(shop: "XCartSimulator", entity: str, number: int) -> Any:
    rows = classic_rows.ROWS[entity]
    found = next((each for each in rows.source(shop) if each["id"] == number), None)
    return None if found is None else rows.shown(shop, found, is_complex=False)


def delete(shop: "XCartSimulator", entity: str, number: str) -> Any:
    """Return true, null for a missing id, or - without an id - the count of what is now gone: all of it."""
    if entity not in _TABLES:
        raise InvalidInput(f"{entity} cannot be deleted")
    table = _TABLES[entity]  # a name of our own schema, never from outside
    with shop.state.transaction() as db:
        if not number:
            return db.execute(f"DELETE FROM {table}").rowcount
        gone = db.execute(f"DELETE FROM {table} WHERE id = ?", (number,)).rowcount
    return True if gone else None
