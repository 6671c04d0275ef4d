"""The X-Cart simulator: authentication and the routes below ``/api``.

The routes follow section 3.1 of the X-Cart notes; what is ours (the companion add-on) is behind a setting.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from integrations.sandbox.core.messages import Answer, Request, Response
from integrations.sandbox.core.simulator import Simulator
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import listing, seed, statuses
from integrations.sandbox.x_cart.classic import Classic
from integrations.sandbox.x_cart.desk import Desk
from integrations.sandbox.x_cart.entities import COLLECTIONS, Entities
from integrations.sandbox.x_cart.goods import Goods, InvalidInput
from integrations.sandbox.x_cart.orders import Orders
from integrations.sandbox.x_cart.placements import Placements
from integrations.sandbox.x_cart.placing import Placing
from integrations.sandbox.x_cart.profiles import Profiles
from integrations.sandbox.x_cart.tables import SECRET_SETTINGS, Settings
from integrations.sandbox.x_cart.webhooks import FAULT_KINDS, Webhooks


class NoSuchRecord(Exception):
    """The path names an id that the shop does not have."""


class MethodRefused(Exception):
    """The path exists, the method does not."""


class XCartSimulator(Simulator):
    """One shop. ``chosen`` are the settings given by the start command."""

    key = "x_cart"
    fault_kinds = FAULT_KINDS
    secret_headers = frozenset({"x-auth-token"})

    def __init__(self, state: State, chosen: dict[str, Any]) -> None:
        super().__init__(state)
        self.settings = Settings(state, chosen)
        self.goods = Goods(state, self.settings)
        self.profiles = Profiles(state, self.settings)
        self.orders = Orders(state, self.settings)
        self.entities = Entities(state)
        self.placements = Placements(state, self.entities, self.goods)
        self.webhooks = Webhooks(state, self.settings, self.faults)
        self._classic = Classic(self)
        self._desk = Desk(self, Placing(state, self.settings))
        if seed.is_empty(state):
            seed.fill(state, self.goods, self.profiles)

    def control(self, method: str, path: Sequence[str], request: Request) -> Response | None:
        return self._desk.control(method, path, request)

    def summary(self) -> dict[str, Any]:
        return self._desk.summary()

    def reset(self) -> None:
        self.webhooks.forget()
        self.state.wipe()
        self.settings.reset()
        seed.fill(self.state, self.goods, self.profiles)

    def secret_values(self) -> Sequence[str]:
        return [self.settings[name] for name in SECRET_SETTINGS]

    def start(self) -> None:
        self.webhooks.start()

    def stop(self) -> None:
        self.webhooks.stop()

    def operation(self, request: Request) -> str:
        return self._classic.operation(request)

    def answer(self, request: Request) -> Answer:
        parts = [part for part in request.path.split("/") if part]
        is_classic = self.settings["version"].startswith("5.4")
        if is_classic and parts == ["admin.php"]:
            return self._classic.answer(request)
        if is_classic or not parts or parts[0] != "api":
            # The admin area answers with its sign-in page, whatever is asked.
            return Response.of_html(
                200 if parts in ([], ["admin.php"]) else 404, b"<html><body>Shop</body></html>"
            )
        refused = self._refuse(request)
        if refused is not None:
            return refused
        try:
            return self._route(request, parts[1:])
        except NoSuchRecord:
            return problem(404, "Not Found")
        except MethodRefused:
            return problem(405, f'No route found for "{request.method}": Method Not Allowed')
        except InvalidInput as error:
            return problem(400, str(error))
        except ValueError:
            return problem(400, "Syntax error")

    def _refuse(self, request: Request) -> Response | None:
        token = request.headers.get("x-auth-token", "")
        if not token:
            return Response.of_json({"code": 401, "message": "JWT Token not found"}, 401)
        if token == self.settings["api_key_rw"] and token:
            return None
        if token == self.settings["api_key_ro"] and token:
            return None if request.method == "GET" else problem(403, "Access Denied.")
        return Response.of_json({"message": "Invalid token"}, 401)

    def _route(self, request: Request, parts: list[str]) -> Response:
        collection = parts[0] if parts else ""
        tail = parts[1:]
        routes: dict[str, Callable[[Request, list[str]], Response]] = {
            "orders": self._orders,
            "products": self._products,
            "profiles": self._profiles,
            "docs.json": self._docs,
            "carts": self._carts,
            "returns": self._returns,
        }
        if collection in routes:
            return routes[collection](request, tail)
        if collection == "categories" and tail[1:] == ["products"]:
            return self._category_products(request, _number(tail[0]))
        if collection in COLLECTIONS:
            return self.entities.answer(request, collection, tail)
        raise NoSuchRecord

    # -- orders ------------------------------------------------------------------------------------------

    def _orders(self, request: Request, tail: list[str]) -> Response:
        if not tail:
            _only(request, "GET")
            return listing.orders(request, self.state, self.settings)
        if tail[0] == "by_number":
            return self._order_by_number(request, tail[1:])
        order_id = _number(tail[0])
        row = self.state.row("SELECT body, transactions FROM orders WHERE id = ?", (order_id,))
        if row is None:
            raise NoSuchRecord
        match tail[1:]:
            case []:
                _only(request, "GET")
                return Response(
                    200, {"Content-Type": "application/json; charset=utf-8"}, row["body"].encode()
                )
            case [("payment_status" | "shipping_status") as axis]:
                return self._order_status(request, order_id, axis, json.loads(row["body"]))
            case ["payment_transactions"]:
                _only(request, "GET")
                return listing.listed(request, json.loads(row["transactions"]))
            case ["details"]:
                _only(request, "GET")
                return listing.listed(request, [])
            case ["history"]:
                _only(request, "GET")
                rows = self.state.rows("SELECT id, at, text FROM history WHERE order_id = ?", (order_id,))
                return listing.listed(request, [dict(each) for each in rows])
            case ["tracking_numbers"] if self.settings["addon_enabled"]:
                return self._order_tracking(request, order_id)
        raise NoSuchRecord

    def _order_by_number(self, request: Request, tail: list[str]) -> Response:
        _only(request, "GET")
        number = tail[0] if tail else ""
        # The route's pattern is \w+: a number with a dash matches no route.
        row = self.state.row("SELECT body FROM orders WHERE order_number = ?", (number,))
        if not number.isalnum() or row is None:
            raise NoSuchRecord
        return Response(200, {"Content-Type": "application/json; charset=utf-8"}, row["body"].encode())

    def _order_status(self, request: Request, order_id: int, axis: str, order: dict[str, Any]) -> Response:
        _only(request, "GET", "PUT")
        if request.method == "PUT":
            code = str(_body(request).get("code", ""))
            if code not in (statuses.PAYMENT if axis == "payment_status" else statuses.SHIPPING):
                raise InvalidInput(f"Status code '{code}' is wrong")
            order = self.orders.set_status(order_id, axis, code) or order
            self.webhooks.announce_orders(f"order.{axis}_changed", [(order_id, order["order_number"])])
        return Response.of_json(order[axis])

    def _order_tracking(self, request: Request, order_id: int) -> Response:
        _only(request, "POST")
        value = str(_body(request).get("value", ""))
        if not value:
            raise InvalidInput("value: This value should not be blank.")
        number = self.orders.add_tracking(order_id, value)
        return Response.of_json(number, 201)

    # -- products ----------------------------------------------------------------------------------------

    def _products(self, request: Request, tail: list[str]) -> Response:
        if not tail:
            _only(request, "GET", "POST")
            if request.method == "POST":
                product_id = self.goods.create(_body(request))
                self.webhooks.announce("product.created", "product", product_id)
                return Response.of_json(self.goods.product(product_id), 201)
            rows = self.state.rows("SELECT * FROM products ORDER BY id")
            return listing.listed(request, [self.goods.shown(row) for row in rows])
        product_id = _number(tail[0])
        product = self.goods.product(product_id)
        if product is None:
            raise NoSuchRecord
        if tail[1:2] == ["variants"]:
            return self._variants(request, product_id, tail[2:])
        if tail[1:] == ["images"]:
            _only(request, "GET", "POST")
            return self.placements.images(request, product_id)
        if tail[1:2] == ["wholesale_prices"]:
            return self.entities.answer(request, f"products/{product_id}/wholesale_prices", tail[2:])
        if tail[1:]:
            raise NoSuchRecord
        _only(request, "GET", "PUT", "DELETE")
        if request.method == "DELETE":
            self.goods.delete(product_id)
            self.webhooks.announce("product.deleted", "product", product_id)
            return Response(204)
        if request.method == "PUT":
            given = _body(request)
            changed = self.goods.change(product_id, given)
            event = "product.stock_changed" if set(given) == {"amount"} else "product.updated"
            self.webhooks.announce(event, "product", product_id)
            return Response.of_json(changed)
        return Response.of_json(product)

    def _variants(self, request: Request, product_id: int, tail: list[str]) -> Response:
        if not tail:
            _only(request, "GET", "POST")
            if request.method == "POST":
                variant_id = self.goods.create_variant(product_id, _body(request))
                return Response.of_json(self.goods.variant(product_id, variant_id), 201)
            return listing.listed(request, self.goods.variants(product_id))
        _only(request, "GET", "PUT", "DELETE")
        variant_id = _number(tail[0])
        variant = self.goods.variant(product_id, variant_id)
        if variant is None or tail[1:]:
            raise NoSuchRecord
        if request.method == "DELETE":
            self.goods.delete_variant(product_id, variant_id)
            return Response(204)
        if request.method == "PUT":
            variant = self.goods.change_variant(product_id, variant_id, _body(request))
            self.webhooks.announce("product.stock_changed", "product", product_id)
        return Response.of_json(variant)

    # -- customers and the rest --------------------------------------------------------------------------

    def _profiles(self, request: Request, tail: list[str]) -> Response:
        if not tail:
            _only(request, "GET", "POST")
            if request.method == "POST":
                profile = self.profiles.create(_body(request))
                self.webhooks.announce("customer.created", "customer", profile["id"])
                return Response.of_json(profile, 201)
            return listing.listed(request, self.profiles.all(request.query.get("login", "")))
        profile_id = _number(tail[0])
        if self.profiles.get(profile_id) is None:
            raise NoSuchRecord
        if tail[1:2] == ["addresses"]:
            return self._addresses(request, profile_id, tail[2:])
        _only(request, "GET", "PUT", "DELETE")
        if request.method == "DELETE":
            self.profiles.delete(profile_id)
            return Response(204)
        if request.method == "PUT":
            self.profiles.change(profile_id, _body(request))
            self.webhooks.announce("customer.updated", "customer", profile_id)
        return Response.of_json(self.profiles.get(profile_id))

    def _addresses(self, request: Request, profile_id: int, tail: list[str]) -> Response:
        if not tail:
            _only(request, "GET", "POST")
            if request.method == "POST":
                return Response.of_json(self.profiles.add_address(profile_id, _body(request)), 201)
            return listing.listed(request, self.profiles.addresses(profile_id))
        _only(request, "GET", "PUT", "DELETE")
        address_id = _number(tail[0])
        found = [each for each in self.profiles.addresses(profile_id) if each["id"] == address_id]
        if not found:
            raise NoSuchRecord
        if request.method == "DELETE":
            self.profiles.delete_address(profile_id, address_id)
            return Response(204)
        if request.method == "PUT":
            return Response.of_json(self.profiles.change_address(profile_id, address_id, _body(request)))
        return Response.of_json(found[0])

    def _category_products(self, request: Request, category_id: int) -> Response:
        _only(request, "GET", "POST")
        if category_id not in {each["id"] for each in self.entities.all("categories")}:
            raise NoSuchRecord
        return self.placements.in_category(request, category_id)

    def _returns(self, request: Request, tail: list[str]) -> Response:
        """The companion add-on's returns: a list, and status and comment of one. X-Cart itself has no such route."""
        if not self.settings["addon_enabled"]:
            raise NoSuchRecord
        _only(request, *(("GET", "PUT") if tail else ("GET",)))
        if request.method == "PUT":
            given = _body(request)
            if set(given) - {"status", "comment"} or given.get("status", "I") not in ("I", "C", "D"):
                raise InvalidInput("status: This value is not valid.")
            answer = self.entities.answer(request, "returns", tail)
            self.webhooks.announce("return.updated", "return", _number(tail[0]))
            return answer
        return self.entities.answer(request, "returns", tail)

    def _carts(self, request: Request, tail: list[str]) -> Response:
        _only(request, "GET")
        if tail:
            raise NoSuchRecord
        return listing.listed(request, [])

    def _docs(self, request: Request, tail: list[str]) -> Response:
        _only(request, "GET")
        paths: dict[str, Any] = {
            f"/api/{name}": {"get": {}} for name in ("orders", "products", "profiles", *COLLECTIONS)
        }
        if self.settings["addon_enabled"]:
            paths["/api/orders/{id}/tracking_numbers"] = {"post": {}}
            paths["/api/returns"] = {"get": {}}
            paths["/api/returns/{id}"] = {"get": {}, "put": {}}
        filters = ["date[after]"]
        if self.settings["version"] != "5.5.0":
            filters.append("lastRenewDate[after]")
        parameters = [{"name": name, "in": "query"} for name in filters]
        paths["/api/orders"] = {"get": {"parameters": parameters}}
        return Response.of_json(
            {
                "openapi": "3.0.2",
                "info": {"title": "X-Cart", "version": self.settings["version"]},
                "paths": paths,
            }
        )


def problem(status: int, detail: str) -> Response:
    """Return an error as the shop writes it (application/problem+json)."""
    response = Response.of_json(
        {
            "type": "https://tools.ietf.org/html/rfc2616#section-10",
            "title": "An error occurred",
            "detail": detail,
        },
        status,
    )
    response.headers["Content-Type"] = "application/problem+json; charset=utf-8"
    return response


def _only(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise MethodRefused


def _number(text: str) -> int:
    if not text.isdigit():
        raise NoSuchRecord
    return int(text)


def _body(request: Request) -> dict[str, Any]:
    given = request.json()
    if not isinstance(given, dict):
        raise InvalidInput("Syntax error")
    return given
