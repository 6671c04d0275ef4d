"""The site's own control routes: what a shopper or the site's staff would do by hand.

``POST /control/orders`` and friends; the shared routes (faults, state, calls) are in ``core.control``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from integrations.sandbox.clarity_ecommerce.goods import MAIN
from integrations.sandbox.clarity_ecommerce.placing import Placing
from integrations.sandbox.clarity_ecommerce.problems import Refused
from integrations.sandbox.clarity_ecommerce.records import ID_FIELDS, bodies
from integrations.sandbox.core.messages import Request, Response

if TYPE_CHECKING:
    from integrations.sandbox.clarity_ecommerce.site import ClarityCommerceSimulator

_LISTED = {
    "orders": "order",
    "products": "product",
    "inventory": "inventory",
    "customers": "customer",
    "shipments": "shipment",
    "payments": "payment",
    "returns": "return",
}


class Desk:
    """Control routes of one site."""

    def __init__(self, site: "ClarityCommerceSimulator", placing: Placing) -> None:
        self._site = site
        self._placing = placing

    def summary(self) -> dict[str, Any]:
        """Return counts and settings for GET /control/state."""
        counts = {kind: self._site.records.rows(kind, limit=0)[1] for kind in ID_FIELDS}
        return {
            "counts": counts,
            "webhooks": self._site.webhooks.counts(),
            "settings": self._site.settings.shown(),
        }

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        """Answer a control call, or None where there is no such route."""
        try:
            if method == "GET":
                return self._show(list(path), request)
            return self._act(method, list(path), request)
        except Refused as refused:
            raise ValueError(f"{refused} {refused.errors or ''}") from refused

    def _show(self, path: list[str], request: Request) -> Response | None:
        site = self._site
        match path:
            case ["outbox"]:
                rows = site.state.rows("SELECT * FROM outbox ORDER BY id")
                return Response.of_json([dict(row) for row in rows])
            case ["settings"]:
                return Response.of_json(site.settings.shown())
            case ["webhooks"]:
                return Response.of_json(site.webhooks.listing(int(request.query.get("limit", "100"))))
            case ["subscriptions"]:
                found = site.records.all("webhook")
                return Response.of_json([site.webhooks.shown(each) for each in found])
            case ["orders", number]:
                return Response.of_json(site.orders.need(int(number)).body)
            case [name] if name in _LISTED:
                limit = int(request.query.get("limit", "50"))
                return Response.of_json(bodies(site.records.rows(_LISTED[name])[0][-limit:][::-1]))
        return None

    def _act(self, method: str, path: list[str], request: Request) -> Response | None:
        site, given = self._site, _given(request)
        match (method, path):
            case ("POST", ["settings"]):
                site.settings.change(given)
                return Response.of_json(site.settings.shown())
            case ("DELETE", ["tokens"]):
                site.tokens.revoke_all()
                return Response.of_json([])
            case ("POST", ["products"]):
                return Response.of_json(site.goods.create(given).body, 201)
            case ("DELETE", ["products", sku]):
                product = site.goods.by_sku(sku)
                if product is None:
                    return None
                site.records.remove("product", product.id)
                return Response.of_json(product.body)
            case ("POST", ["products", sku, "price"]):
                product = site.goods.by_sku(sku)
                changed = site.goods.change(product, {"price": given["price"]}) if product else None
                return Response.of_json(changed.body) if changed else None
            case ("POST", ["products", sku, "stock"]):
                location = given.get("locationKey", MAIN)
                return Response.of_json(site.goods.set_stock(sku, given["quantity"], location).body)
            case ("POST", ["customers"]):
                return Response.of_json(site.people.create(given).body, 201)
            case ("POST", ["webhooks", number, "resend"]):
                site.webhooks.resend(int(number))
                return Response.of_json({"resent": int(number)})
            case ("POST", ["subscriptions", number, "rotate"]):
                site.webhooks.rotate(int(number), given["secret"])
                return Response.of_json({"rotated": int(number)})
            case ("POST", ["orders", *rest]):
                return self._orders(rest, given)
        return None

    def _orders(self, path: list[str], given: dict[str, Any]) -> Response | None:
        site = self._site
        match path:
            case []:
                placed = self._placing.place(given)
                shown = [{"id": each.id, "order_number": each.body["orderNumber"]} for each in placed]
                return Response.of_json({"orders": shown} if "count" in given else shown[0], 201)
            case [number, "status"]:
                moved, _ = site.orders.move(site.orders.need(int(number)), given["status"])
                return Response.of_json(moved.body)
            case [number, "touch"]:
                order = site.orders.need(int(number))
                changed = site.records.put("order", order, {**order.body, **given})
                site.webhooks.announce("order.updated", {"orderId": order.id})
                return Response.of_json(changed.body)
            case [number, "return"]:
                stored = self._placing.request_return(site.orders.need(int(number)), given)
                return Response.of_json(stored.body, 201)
        return None


def _given(request: Request) -> dict[str, Any]:
    """Return the control call's JSON object; an empty body is {}. Raises ValueError."""
    given = request.json() if request.body else {}
    if not isinstance(given, dict):
        raise ValueError("send one JSON object")
    return given
