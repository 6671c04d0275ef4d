"""Small collections that need no rules of their own: coupons, categories, memberships, classes, tags."""

import json
from typing import Any

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import listing, numbering

COLLECTIONS = ("coupons", "categories", "memberships", "tax_classes", "product_classes", "product_tags")


class Entities:
    """Serves GET, POST, PUT and DELETE of plain documents by collection name."""

    def __init__(self, state: State) -> None:
        self._state = state

    def answer(self, request: Request, collection: str, tail: list[str]) -> Response:
        if not tail:
            if request.method == "POST":
                return Response.of_json(self.create(collection, request.json()), 201)
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
            document = {**document, **request.json(), "id": document["id"]}
            with self._state.transaction() as db:
                db.execute(
                    "UPDATE entities SET body = ? WHERE id = ?", (json.dumps(document), document["id"])
                )
        return Response.of_json(document)

    def all(self, collection: str) -> list[dict[str, Any]]:
        """Return the documents of a collection."""
        rows = self._state.rows("SELECT body FROM entities WHERE collection = ? ORDER BY id", (collection,))
        return [json.loads(row["body"]) for row in rows]

    def create(self, collection: str, given: dict[str, Any]) -> dict[str, Any]:
        """Add a document and return it with its id."""
        with self._state.transaction() as db:
            document = {"id": numbering.take(db, "entity"), **given}
            db.execute(
                "INSERT INTO entities VALUES (?, ?, ?)", (document["id"], collection, json.dumps(document))
            )
        return document
