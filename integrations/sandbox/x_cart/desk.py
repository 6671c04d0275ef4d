"""The shop's own control routes: what a shopper or the shop's staff would do by hand.

``POST /control/orders`` and friends; the shared routes (faults, state, calls) are in ``core.control``.
"""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.x_cart.goods import InvalidInput
from integrations.sandbox.x_cart.placing import Placing
from integrations.sandbox.x_cart.returns import returned

if TYPE_CHECKING:
    from integrations.sandbox.x_cart.shop import XCartSimulator


class Desk:
    """Control routes of one shop."""

    def __init__(self, shop: "XCartSimulator", placing: Placing) -> None:
        self._shop = shop
        self._placing = placing

    def summary(self) -> dict[str, Any]:
        """Return counts and settings for GET /control/state."""
        state = self._shop.state
        counts = {}
        for table in ("orders", "products", "variants", "profiles", "outbox"):
            row = state.row(f"SELECT count(*) AS n FROM {table}")
            counts[table] = row["n"] if row else 0
        return {
            "counts": counts,
            "webhooks": self._shop.webhooks.counts(),
            "settings": self._shop.settings.shown(),
        }

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        """Answer a control call, or None where there is no such route."""
        areas: dict[str, Callable[[str, Sequence[str], Request], Response | None]] = {
            "orders": self._orders,
            "products": self._products,
            "customers": self._customers,
            "returns": self._returns,
            "settings": self._settings,
            "webhooks": self._webhooks,
        }
        try:
            if path and path[0] in areas:
                return areas[path[0]](method, path[1:], request)
        except InvalidInput as error:
            raise ValueError(str(error)) from error
        if (method, list(path)) == ("GET", ["outbox"]):
            rows = self._shop.state.rows("SELECT * FROM outbox ORDER BY id")
            return Response.of_json([dict(row) for row in rows])
        return None

    def _orders(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        match (method, list(path)):
            case ("POST", []):
                return self._place(_given(request))
            case ("GET", []):
                return Response.of_json(self._order_list(request))
            case ("GET", [number]):
                order = self._shop.orders.get(int(number))
                return Response.of_json(order) if order else None
            case ("POST", [number, "cancel"]):
                return self._set_status(int(number), {"payment_status": "C"})
            case ("POST", [number, "status"]):
                return self._set_status(int(number), _given(request))
            case ("POST", [number, "touch"]):
                order = self._shop.orders.touch(int(number), _given(request))
                return self._renewed(order, "order.updated")
            case ("POST", [number, "tracking"]):
                added = self._shop.orders.add_tracking(int(number), str(_given(request)["value"]))
                return Response.of_json(added, 201) if added else None
            case ("POST", [number, "payment"]):
                step = self._shop.orders.add_payment(int(number), _given(request))
                return Response.of_json(step, 201) if step else None
        return None

    def _returns(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        if path or method != "POST":
            return None
        order = self._shop.orders.get(int(_given(request)["order_id"]))
        if order is None:
            return None
        made = self._shop.entities.create("returns", returned(order, _given(request)))
        self._shop.webhooks.announce("return.created", "return", made["id"])
        return Response.of_json(made, 201)

    def _place(self, options: dict[str, Any]) -> Response:
        placed = self._placing.place(options)
        orders = [(each.id, each.order_number) for each in placed]
        self._shop.webhooks.announce_orders("order.created", orders)
        shown = [{"id": number, "order_number": order_number} for number, order_number in orders]
        return Response.of_json({"orders": shown} if "count" in options else shown[0], 201)

    def _set_status(self, number: int, given: dict[str, Any]) -> Response | None:
        order = None
        for axis in ("payment_status", "shipping_status"):
            if axis in given:
                order = self._shop.orders.set_status(number, axis, given[axis])
                if order is not None:
                    event = f"order.{axis}_changed"
                    self._shop.webhooks.announce_orders(event, [(number, order["order_number"])])
        return Response.of_json(order) if order else None

    def _renewed(self, order: dict[str, Any] | None, event: str) -> Response | None:
        if order is None:
            return None
        self._shop.webhooks.announce_orders(event, [(order["id"], order["order_number"])])
        return Response.of_json(order)

    def _order_list(self, request: Request) -> list[dict[str, Any]]:
        limit = int(request.query.get("limit", "50"))
        rows = self._shop.state.rows("SELECT body FROM orders ORDER BY id DESC LIMIT ?", (limit,))
        return [
            {
                "id": order["id"],
                "order_number": order["order_number"],
                "email": order["email"],
                "total": order["total"],
                "currency": order["currency"],
                "payment_status": order["payment_status"]["code"],
                "shipping_status": order["shipping_status"]["code"],
                "tracking_numbers": [each["value"] for each in order["tracking_numbers"]],
                "update_date": order["update_date"],
            }
            for order in (json.loads(row["body"]) for row in rows)
        ]

    def _products(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        goods, webhooks = self._shop.goods, self._shop.webhooks
        match (method, list(path)):
            case ("GET", []):
                rows = self._shop.state.rows("SELECT * FROM products ORDER BY id")
                return Response.of_json([goods.shown(row) for row in rows])
            case ("POST", []):
                number = goods.create(_given(request))
                webhooks.announce("product.created", "product", number)
                return Response.of_json(goods.product(number), 201)
            case ("DELETE", [number]):
                goods.delete(int(number))
                webhooks.announce("product.deleted", "product", int(number))
                return Response.of_json({"deleted": int(number)})
            case ("POST", [sku, ("stock" | "price") as what]):
                product_id = goods.find(sku)
                if product_id is None:
                    return None
                name = "amount" if what == "stock" else "price"
                changed = goods.change(product_id, {name: _given(request)[name]})
                event = "product.stock_changed" if what == "stock" else "product.updated"
                webhooks.announce(event, "product", product_id)
                return Response.of_json(changed)
        return None

    def _customers(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        if path or method not in ("GET", "POST"):
            return None
        if method == "GET":
            return Response.of_json(self._shop.profiles.all())
        given = _given(request)
        profile = self._shop.profiles.create({"login": given["email"]})
        address = {key: value for key, value in given.items() if key != "email"}
        if address:
            self._shop.profiles.add_address(profile["id"], address)
        self._shop.webhooks.announce("customer.created", "customer", profile["id"])
        return Response.of_json(profile, 201)

    def _settings(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        if path or method not in ("GET", "POST"):
            return None
        if method == "POST":
            self._shop.settings.change(_given(request))
        return Response.of_json(self._shop.settings.shown())

    def _webhooks(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        match (method, list(path)):
            case ("GET", []):
                limit = int(request.query.get("limit", "100"))
                return Response.of_json(self._shop.webhooks.listing(limit))
            case ("POST", [number, "resend"]):
                self._shop.webhooks.resend([int(number)])
                return Response.of_json({"resent": int(number)})
        return None


def _given(request: Request) -> dict[str, Any]:
    """Return the control call's JSON object; an empty body is {}. Raises ValueError."""
    if not request.body:
        return {}
    given = request.json()
    if not isinstance(given, dict):
        raise ValueError("send one JSON object")
    return given
