"""Products and variants as the API writes and changes them."""

import json
import sqlite3
from typing import Any

from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock, numbering
from integrations.sandbox.x_cart.tables import Settings

POST_DEFAULT_AMOUNT = 1000
"""What X-Cart stores when a new product names no amount."""

_PRODUCT_DEFAULTS: dict[str, Any] = {
    "description": "",
    "brief_description": "",
    "price": 0.0,
    "enabled": True,
    "weight": 0.0,
    "separate_box": False,
    "width": 0,
    "length": 0,
    "height": 0,
    "free_shipping": False,
    "taxable": True,
    "inventory_traceable": True,
    "product_class": None,
    "tax_class": None,
    "memberships": [],
    "clean_url": "",
    "images": [],
    "meta_tags": "",
    "meta_description": "",
    "meta_title": "",
}

_VARIANT_DEFAULTS: dict[str, Any] = {
    "price": 0.0,
    "default_price": True,
    "default_amount": True,
    "weight": 0.0,
    "default_weight": True,
    "default_variant": False,
    "image": None,
    "attribute_select_values": [],
}


class InvalidInput(Exception):
    """The shop refuses a body; the text is the 400's detail."""


class Goods:
    """Reads and changes products; each change is one transaction."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def product(self, product_id: int) -> dict[str, Any] | None:
        row = self._state.row("SELECT * FROM products WHERE id = ?", (product_id,))
        return self.shown(row) if row else None

    def shown(self, row: sqlite3.Row) -> dict[str, Any]:
        """Return a product row as the API shows it: dates with the store's offset."""
        zone = self._settings["store_timezone"]
        created = clock.store_text(row["created_at"], zone)
        body = {key: value for key, value in json.loads(row["body"]).items() if key in _shown_keys()}
        return {
            "id": row["id"],
            "sku": row["sku"],
            **body,
            "create_date": created,
            "update_date": clock.store_text(row["updated_at"], zone),
            "arrival_date": created,
            "amount": row["amount"],
        }

    def create(self, given: dict[str, Any]) -> int:
        """Add a product and return its id. Raises InvalidInput."""
        sku = given.get("sku")
        for field in ("sku", "name"):
            if not given.get(field):
                raise InvalidInput(f"{field}: This value should not be blank.")
        _check_values(given)
        if self.find(str(sku)) is not None:
            raise InvalidInput(f"Product with sku '{sku}' already exists")
        amount = _checked_amount(given.get("amount", POST_DEFAULT_AMOUNT))
        body = _PRODUCT_DEFAULTS | {key: value for key, value in given.items() if key in _stored_keys()}
        with self._state.transaction() as db:
            product_id = numbering.take(db, "product")
            now = clock.now(self._settings)
            db.execute(
                "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?)",
                (product_id, sku, amount, now, now, json.dumps(body, ensure_ascii=False)),
            )
        return product_id

    def change(self, product_id: int, given: dict[str, Any]) -> dict[str, Any] | None:
        """Merge a partial body into the stored product. Raises InvalidInput."""
        with self._state.transaction() as db:
            row = db.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
            if row is None:
                return None
            _check_values(given)
            if self.find(str(given.get("sku", ""))) not in (None, product_id):
                raise InvalidInput(f"Product with sku '{given['sku']}' already exists")
            amount = _checked_amount(given.get("amount", row["amount"]))
            body = json.loads(row["body"]) | {k: v for k, v in given.items() if k in _stored_keys()}
            db.execute(
                "UPDATE products SET sku = ?, amount = ?, updated_at = ?, body = ? WHERE id = ?",
                (
                    given.get("sku", row["sku"]),
                    amount,
                    clock.now(self._settings),
                    json.dumps(body, ensure_ascii=False),
                    product_id,
                ),
            )
        return self.product(product_id)

    def delete(self, product_id: int) -> bool:
        with self._state.transaction() as db:
            db.execute("DELETE FROM variants WHERE product_id = ?", (product_id,))
            return db.execute("DELETE FROM products WHERE id = ?", (product_id,)).rowcount == 1

    def find(self, sku: str) -> int | None:
        row = self._state.row("SELECT id FROM products WHERE sku = ?", (sku,))
        return row["id"] if row else None

    def variants(self, product_id: int) -> list[dict[str, Any]]:
        rows = self._state.rows("SELECT * FROM variants WHERE product_id = ? ORDER BY id", (product_id,))
        return [self._variant_shown(row) for row in rows]

    def variant(self, product_id: int, variant_id: int) -> dict[str, Any] | None:
        row = self._state.row(
            "SELECT * FROM variants WHERE id = ? AND product_id = ?", (variant_id, product_id)
        )
        return self._variant_shown(row) if row else None

    def create_variant(self, product_id: int, given: dict[str, Any]) -> int:
        """Add a variant and return its id. Raises InvalidInput."""
        sku = given.get("sku")
        if not sku:
            raise InvalidInput("sku: This value should not be blank.")
        _check_values(given)
        self._refuse_taken(str(sku), None)
        body = _VARIANT_DEFAULTS | given
        amount = _checked_amount(body.pop("amount", 0))
        with self._state.transaction() as db:
            variant_id = numbering.take(db, "variant")
            db.execute(
                "INSERT INTO variants VALUES (?, ?, ?, ?, ?)",
                (variant_id, product_id, sku, amount, json.dumps(body, ensure_ascii=False)),
            )
        return variant_id

    def change_variant(
        self, product_id: int, variant_id: int, given: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Merge a partial body into the stored variant. Raises InvalidInput."""
        with self._state.transaction() as db:
            row = db.execute(
                "SELECT * FROM variants WHERE id = ? AND product_id = ?", (variant_id, product_id)
            ).fetchone()
            if row is None:
                return None
            _check_values(given)
            sku = str(given.get("sku", row["sku"]))
            self._refuse_taken(sku, variant_id)
            amount = _checked_amount(given.get("amount", row["amount"]))
            body = json.loads(row["body"]) | {k: v for k, v in given.items() if k != "amount"}
            db.execute(
                "UPDATE variants SET sku = ?, amount = ?, body = ? WHERE id = ?",
                (sku, amount, json.dumps(body, ensure_ascii=False), variant_id),
            )
        return self.variant(product_id, variant_id)

    def _refuse_taken(self, sku: str, own_id: int | None) -> None:
        row = self._state.row("SELECT id FROM variants WHERE sku = ?", (sku,))
        if row is not None and row["id"] != own_id:
            raise InvalidInput(f"Variant with sku '{sku}' already exists")

    def delete_variant(self, product_id: int, variant_id: int) -> bool:
        with self._state.transaction() as db:
            return (
                db.execute(
                    "DELETE FROM variants WHERE id = ? AND product_id = ?", (variant_id, product_id)
                ).rowcount
                == 1
            )

    def _variant_shown(self, row: sqlite3.Row) -> dict[str, Any]:
        body = json.loads(row["body"])
        body.pop("name", None)
        parent = self._state.row("SELECT amount, body FROM products WHERE id = ?", (row["product_id"],))
        amount, price = row["amount"], body["price"]
        if parent is not None:
            # default_* = true means: use the parent's value.
            amount = parent["amount"] if body["default_amount"] else amount
            price = json.loads(parent["body"])["price"] if body["default_price"] else price
        return {"id": row["id"], **body, "sku": row["sku"], "price": price, "amount": amount}


def _shown_keys() -> frozenset[str]:
    return frozenset(_PRODUCT_DEFAULTS) | {"name"}


def _stored_keys() -> frozenset[str]:
    return _shown_keys() | {"is_demo_variant_parent"}


def _check_values(given: dict[str, Any]) -> None:
    for field, length in (("sku", 32), ("name", 255)):
        if len(str(given.get(field, ""))) > length:
            raise InvalidInput(
                f"{field}: This value is too long. It should have {length} characters or less."
            )
    for field in ("price", "weight", "width", "length", "height"):
        value = given.get(field, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput(
                f'The type of the "{field}" attribute must be "float", "{type(value).__name__}" given.'
            )
        if value < 0:
            raise InvalidInput(f"{field}: This value should be greater than or equal to 0.")


def _checked_amount(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidInput(
            f'The type of the "amount" attribute must be "int", "{type(value).__name__}" given.'
        )
    if value < 0:
        raise InvalidInput("amount: This value should be greater than or equal to 0.")
    return value
