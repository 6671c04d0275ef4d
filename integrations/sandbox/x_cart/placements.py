"""Which products lie in which categories, and the images of products, as the 5.5 API serves them.

[inferred] routes and fields, from published classes of that API; where images lie is ours.
"""

import json
from typing import Any

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import listing, numbering
from integrations.sandbox.x_cart.entities import Entities
from integrations.sandbox.x_cart.goods import Goods, InvalidInput

_COLLECTION = "category_products"
_STORE = "https://shop.example/var/images/product"


class Placements:
    """Serves ``categories/{id}/products`` and ``products/{id}/images``. The caller has found category and product."""

    def __init__(self, state: State, entities: Entities, goods: Goods) -> None:
        self._state = state
        self._entities = entities
        self._goods = goods

    def in_category(self, request: Request, category_id: int) -> Response:
        """Answer GET and POST of the products of a category. Raises InvalidInput."""
        held = [each for each in self._entities.all(_COLLECTION) if each["category_id"] == category_id]
        if request.method == "GET":
            return listing.listed(request, [{"product_id": each["product_id"]} for each in held])
        product_id = request.json().get("product_id")
        if not isinstance(product_id, int) or self._goods.product(product_id) is None:
            raise InvalidInput("product_id: This value is not valid.")
        if product_id in {each["product_id"] for each in held}:
            raise InvalidInput("product_id: The product is in this category already.")
        self._entities.create(_COLLECTION, {"category_id": category_id, "product_id": product_id})
        return Response.of_json({"product_id": product_id}, 201)

    def images(self, request: Request, product_id: int) -> Response:
        """Answer GET and POST of a product's images; the shop keeps a copy under a name of its own."""
        product = self._goods.product(product_id) or {}
        if request.method == "GET":
            return listing.listed(request, product["images"])
        given = request.json()
        if not given.get("externalUrl") and not given.get("attachment"):
            raise InvalidInput("externalUrl: This value should not be blank.")
        with self._state.transaction() as db:
            number = numbering.take(db, "image")
            image: dict[str, Any] = {
                "id": number,
                "position": given.get("position", 0),
                "alt": given.get("alt", ""),
                "url": f"{_STORE}/{number}.jpg",
                "width": 800,
                "height": 800,
            }
            row = db.execute("SELECT body FROM products WHERE id = ?", (product_id,)).fetchone()
            body = json.loads(row["body"])
            body["images"] = [*body.get("images", []), image]
            text = json.dumps(body, ensure_ascii=False)
            db.execute("UPDATE products SET body = ? WHERE id = ?", (text, product_id))
        return Response.of_json(image, 201)
