"""Products and their stock by location."""

from typing import Any

from integrations.sandbox.clarity_ecommerce.problems import Refused, duplicate, invalid, not_found
from integrations.sandbox.clarity_ecommerce.records import KeyTaken, Records, Stored
from integrations.sandbox.clarity_ecommerce.tables import Settings
from integrations.sandbox.clarity_ecommerce.webhooks import Webhooks
from integrations.sandbox.core.state import State

MAIN = "MAIN"
_PRODUCT_DEFAULTS: dict[str, Any] = {
    "description": None, "shortDescription": None, "uom": "EA", "weight": None, "weightUom": None,
    "isVisible": True, "isTaxable": True, "isDiscontinued": False, "allowBackOrder": False, "taxCode": None,
    "manufacturerPartNumber": None, "categoryIds": [], "attributes": {},
}  # fmt: skip


class Goods:
    """Products, and one inventory row for each location that ever held one."""

    def __init__(self, state: State, settings: Settings, records: Records, webhooks: Webhooks) -> None:
        self._state = state
        self._settings = settings
        self._records = records
        self._webhooks = webhooks

    # -- products ----------------------------------------------------------------------------------------

    def create(self, given: dict[str, Any]) -> Stored:
        """Add a product. Raises Refused for a SKU that is taken, whatever its letter case."""
        body = {
            "sku": given["sku"],
            **_PRODUCT_DEFAULTS,
            "currency": self._settings["currency"],
            **given,
            "quantity": 0,
        }
        with self._state.transaction():
            try:
                product = self._records.add("product", body, body["sku"].casefold())
            except KeyTaken:
                raise duplicate(f"SKU {body['sku']} exists.", "sku") from None
            self._webhooks.announce("product.created", {"productId": product.id})
        return product

    def change(self, product: Stored, given: dict[str, Any]) -> Stored:
        """Replace the named members. Raises Refused."""
        body = {**product.body, **given}
        if body == product.body:
            return product
        with self._state.transaction():
            try:
                changed = self._records.put("product", product, body, body["sku"].casefold())
            except KeyTaken:
                raise duplicate(f"SKU {body['sku']} exists.", "sku") from None
            self._webhooks.announce("product.updated", {"productId": product.id})
        return changed

    def product(self, number: int) -> Stored:
        """Return a product. Raises Refused."""
        found = self._records.get("product", number)
        if found is None:
            raise not_found(f"Product {number}")
        return found

    def by_sku(self, sku: str) -> Stored | None:
        return self._records.by_key("product", sku.casefold())

    # -- stock -------------------------------------------------------------------------------------------

    def stock(self, sku: str, location: str = MAIN) -> Stored | None:
        return self._records.by_key("inventory", _stock_key(sku, location))

    def set_stock(self, sku: str, quantity: float, location: str) -> Stored:
        """Set what lies at a location; the same value changes nothing. Raises Refused."""
        product = self.by_sku(sku)
        if product is None:
            raise not_found(f"SKU {sku}")
        if quantity < 0:
            raise invalid({"quantity": ["must not be below zero."]})
        found = self.stock(sku, location)
        if found is not None and found.body["quantity"] == quantity:
            return found
        with self._state.transaction():
            stored = self._put_stock(product.body["sku"], location, found, quantity=quantity)
            self._add_to_sum(product, quantity - (found.body["quantity"] if found else 0))
            self._webhooks.announce(
                "inventory.updated", {"sku": product.body["sku"], "locationKey": location}
            )
        return stored

    def set_rows(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Set many rows, each by itself: mixed results are an answer, not an error."""
        results = []
        for row in rows:
            sku, quantity = row["sku"], row["quantity"]
            result: dict[str, Any] = {"sku": sku, "ok": True, "quantity": quantity}
            try:
                self.set_stock(sku, quantity, row.get("locationKey") or MAIN)
            except Refused as refused:
                word = "unknown-sku" if refused.status == 404 else "negative"
                result = {"sku": sku, "ok": False, "error": word}
            results.append(result)
        good = sum(each["ok"] for each in results)
        return {"results": results, "succeeded": good, "failed": len(results) - good}

    def allocate(self, sku: str, quantity: float) -> None:
        """Set aside what an order wants, from the main location."""
        self._move(sku, on_hand=0, allocated=quantity)

    def release(self, sku: str, quantity: float) -> None:
        """Give back what an order wanted and will not get."""
        self._move(sku, on_hand=0, allocated=-quantity)

    def take(self, sku: str, quantity: float) -> None:
        """Let goods leave with a shipment."""
        self._move(sku, on_hand=-quantity, allocated=-quantity)

    def _move(self, sku: str, *, on_hand: float, allocated: float) -> None:
        product, found = self.by_sku(sku), self.stock(sku)
        if product is None or found is None:
            return  # an article of the order alone has no stock to move
        quantity = max(0, round(found.body["quantity"] + on_hand, 4))
        allocated = max(0, round(found.body["quantityAllocated"] + allocated, 4))
        self._put_stock(product.body["sku"], MAIN, found, quantity=quantity, allocated=allocated)
        if on_hand:
            self._add_to_sum(product, quantity - found.body["quantity"])

    def _put_stock(
        self,
        sku: str,
        location: str,
        found: Stored | None,
        *,
        quantity: float,
        allocated: float | None = None,
    ) -> Stored:
        held = found.body["quantityAllocated"] if found is not None else 0
        allocated = held if allocated is None else allocated
        body = {
            "sku": sku,
            "locationKey": location,
            "quantity": quantity,
            "quantityAllocated": allocated,
            "quantityAvailable": round(quantity - allocated, 4),
        }
        if found is None:
            return self._records.add("inventory", body, _stock_key(sku, location))
        return self._records.put("inventory", found, body)

    def _add_to_sum(self, product: Stored, difference: float) -> None:
        """The product shows the sum; that is no change of the product, so version and date stay."""
        with self._state.transaction() as db:
            db.execute(
                "UPDATE records SET body = json_set(body, '$.quantity', "
                "round(json_extract(body, '$.quantity') + ?, 4)) WHERE kind = 'product' AND id = ?",
                (difference, product.id),
            )


def _stock_key(sku: str, location: str) -> str:
    return f"{sku.casefold()}|{location}"
