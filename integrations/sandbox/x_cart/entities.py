"""Small collections: coupons and categories with the few rules that are known of them, memberships, classes, tags."""

import json
from typing import Any

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import listing, numbering
from integrations.sandbox.x_cart.goods import InvalidInput

DEFAULTS: dict[str, dict[str, Any]] = {
    "coupons": {
        "enabled": True, "value": 0, "type": "%", "comment": "", "date_range_begin": None, "date_range_end": None,
        "total_range_begin": 0, "total_range_end": 0, "uses_limit": 0, "uses_limit_per_user": 0, "single_use": False,
        "specific_products": False, "product_classes": [], "memberships": [], "zones": [], "products": [],
        "categories": [],
    },
    "categories": {
        "enabled": True, "show_title": True, "position": 0, "memberships": [], "parent": None, "clean_url": "",
        "description": "", "meta_tags": "", "meta_description": "", "meta_title": "", "icon": None, "banner": None,
    },
}  # fmt: skip
"""What a new record holds that names nothing else; fields of categories are [inferred]."""
COLLECTIONS = ("coupons", "categories", "memberships", "tax_classes", "product_classes", "product_tags")


class Entities:
    """Serves GET, POST, PUT and DELETE of plain documents by collection name."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request, collection: str, tail: list[str]) -> Response:
        if not tail:
            if request.method == "POST":
                given = DEFAULTS.get(collection, {}) | request.json()
                self.check(collection, given, None)
                return Response.of_json(self.create(collection, given), 201)
            if request.method == "GET":
                return listing.listed(request, self.all(collection))
            return Response.of_json({"detail": "Method Not Allowed"}, 405)
        documents = {str(each["id"]): each for each in self.all(collection)}
        document = documents.get(tail[0])
        if document is None or tail[1:]:
            return Response.of_json({"detail": "Not Found"}, 404)
        if request.method == "DELETE":
            with self._state.transaction() as db:
                db.execute("DELETE FROM entities WHERE id = ?", (document["id"],))
            return Response(204)
        if request.method == "PUT":
            document = self.change(collection, document, request.json())
        return Response.of_json(document)

    def all(self, collection: str) -> list[dict[str, Any]]:
        """Return the documents of a collection."""
        rows = self._state.rows("SELECT body FROM entities WHERE collection = ? ORDER BY id", (collection,))
        return [json.loads(row["body"]) for row in rows]

    def change(self, collection: str, document: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Merge a partial body into a document and return it. Raises InvalidInput."""
        document = {**document, **given, "id": document["id"]}
        self.check(collection, document, document["id"])
        with self._state.transaction() as db:
            db.execute("UPDATE entities SET body = ? WHERE id = ?", (json.dumps(document), document["id"]))
        return document

    def check(self, collection: str, document: dict[str, Any], own_id: int | None) -> None:
        """Refuse what the shop would. Raises InvalidInput."""
        if collection == "coupons":
            self._check_coupon(document, own_id)
        elif collection == "categories":
            if not document.get("name"):
                raise InvalidInput("name: This value should not be blank.")
            if document.get("parent") is not None and document["parent"] not in {
                each["id"] for each in self.all(collection)
            }:
                raise InvalidInput(f"parent: Category {document['parent']} is not found.")

    def _check_coupon(self, coupon: dict[str, Any], own_id: int | None) -> None:
        if not 4 <= len(str(coupon.get("code", ""))) <= 16:
            raise InvalidInput("code: This value is too short or too long.")
        if coupon["type"] not in ("%", "$", "S"):
            raise InvalidInput("type: This value is not valid.")
        taken = [
            each for each in self.all("coupons") if each["code"] == coupon["code"] and each["id"] != own_id
        ]
        if taken:
            raise InvalidInput(f"code: Coupon '{coupon['code']}' already exists.")

    def create(self, collection: str, given: dict[str, Any]) -> dict[str, Any]:
        """Add a document and return it with its id."""
        with self._state.transaction() as db:
            document = {"id": numbering.take(db, "entity"), **given}
            db.execute(
                "INSERT INTO entities VALUES (?, ?, ?)", (document["id"], collection, json.dumps(document))
            )
        return document
