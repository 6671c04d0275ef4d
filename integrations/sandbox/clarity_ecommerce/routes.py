"""The routes below ``/api/v1``: which scope each needs, what its body must be, and what it answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from integrations.sandbox.clarity_ecommerce import clock, digest
from integrations.sandbox.clarity_ecommerce.access import need_scope
from integrations.sandbox.clarity_ecommerce.fields import MOST_ROWS, PUBLIC, errors_of, json_schema
from integrations.sandbox.clarity_ecommerce.goods import MAIN
from integrations.sandbox.clarity_ecommerce.problems import Refused, invalid, not_found
from integrations.sandbox.clarity_ecommerce.records import Stored
from integrations.sandbox.core.messages import Request, Response

if TYPE_CHECKING:
    from integrations.sandbox.clarity_ecommerce.site import ClarityCommerceSimulator

DEFAULT_PAGE, LARGEST_PAGE = 50, 200
_PAGING = frozenset({"page", "pageSize", "modifiedSince"})
_LISTS: dict[str, tuple[str, frozenset[str]]] = {
    "orders": ("order", frozenset({"status", "customerId", "orderNumber"})),
    "products": ("product", frozenset({"sku"})),
    "inventory": ("inventory", frozenset({"sku", "locationKey"})),
    "customers": ("customer", frozenset({"email"})),
    "payments": ("payment", frozenset({"orderId"})),
    "shipments": ("shipment", frozenset()),
    "returns": ("return", frozenset()),
    "coupons": ("coupon", frozenset()),
    "categories": ("category", frozenset()),
}
"""Collection -> (kind, filters beside the paging)."""
_WHOLE_NUMBERS = frozenset({"customerId", "orderId"})


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call; ``path`` is what stands below ``/api/v1``."""

    request: Request
    path: tuple[str, ...]
    client_id: str
    scopes: frozenset[str]


class Routes:
    """Answers calls by path and method."""

    def __init__(self, site: "ClarityCommerceSimulator") -> None:
        self._site = site

    def answer(self, call: Call) -> Response:
        """Raises Refused."""
        head = call.path[0] if call.path else ""
        special: dict[str, Callable[[Call], Response]] = {
            "ping": self._ping,
            "schema": self._schema,
            "webhooks": self._webhooks,
        }
        if head in special:
            return special[head](call)
        if head not in _LISTS:
            raise not_found("This path")
        is_read = call.request.method == "GET"
        area = "shipments" if call.path[2:] == ("shipments",) else head
        need_scope(call.scopes, f"{area}:{'read' if is_read else 'write'}")
        return self._read(call, head) if is_read else self._write(call)

    # -- reads -------------------------------------------------------------------------------------------

    def _ping(self, call: Call) -> Response:
        moment = clock.text(clock.now(self._site.settings))
        return Response.of_json({"service": "Clarity eCommerce", "apiVersion": "v1", "time": moment})

    def _schema(self, call: Call) -> Response:
        keys = sorted({key for each in self._site.records.all("order") for key in each.body["attributes"]})
        return Response.of_json({name: json_schema(name, keys) for name in PUBLIC})

    def _read(self, call: Call, collection: str) -> Response:
        kind, _ = _LISTS[collection]
        match call.path[1:]:
            case ():
                return self._list(call, collection)
            case ("digest",) if collection in digest.KINDS:
                since = _since(call.request)
                return Response.of_json(digest.rows(self._site.records, kind, since))
            case (number,) if kind != "inventory":
                stored = self._site.records.get(kind, _number(number))
                if stored is None:
                    raise not_found(f"{kind.capitalize()} {number}")
                return self._shown(stored)
            case (number, "shipments") if kind == "order":
                return Response.of_json(
                    self._paged(call, self._site.orders.need(_number(number)).body["shipments"])
                )
        raise not_found("This path")

    def _list(self, call: Call, collection: str) -> Response:
        kind, filters = _LISTS[collection]
        query = call.request.query
        unknown = set(query) - filters - _PAGING
        if unknown:
            raise invalid({name: ["is not a known filter."] for name in sorted(unknown)})
        equal: dict[str, Any] = {
            name: (_number(query[name]) if name in _WHOLE_NUMBERS else query[name])
            for name in filters & set(query)
        }
        if "email" in equal:
            equal["email"] = equal["email"].lower()
        if kind in ("product", "inventory") and "sku" in equal:
            product = self._site.goods.by_sku(equal["sku"])
            equal["sku"] = product.body["sku"] if product else equal["sku"]
        page, size = _page(call.request)
        rows, total = self._site.records.rows(
            kind, since=_since(call.request), equal=equal, limit=size, offset=(page - 1) * size
        )
        return Response.of_json(self._list_body([self._body(each) for each in rows], page, size, total))

    def _paged(self, call: Call, rows: list[dict[str, Any]]) -> dict[str, Any]:
        page, size = _page(call.request)
        return self._list_body(rows[(page - 1) * size : page * size], page, size, len(rows))

    def _list_body(self, rows: list[dict[str, Any]], page: int, size: int, total: int) -> dict[str, Any]:
        return {
            "results": rows,
            "currentPage": page,
            "currentCount": len(rows),
            "totalPages": -(-total // size),
            "totalCount": total,
        }

    def _body(self, stored: Stored) -> dict[str, Any]:
        """Return a body as it is shown; with the switch on it carries members that no contract names."""
        if not self._site.settings["has_unknown_members"]:
            return stored.body
        return {**stored.body, "pluginData": {"score": 0.5, "tags": [1, None]}, "legacyCode": None}

    def _shown(self, stored: Stored, status: int = 200) -> Response:
        return Response.of_json(self._body(stored), status, ETag=stored.etag)

    # -- writes ------------------------------------------------------------------------------------------

    def _write(self, call: Call) -> Response:
        site = self._site
        match (call.request.method, call.path):
            case ("PUT", ("orders", number, "status")):
                given = _body(call, "status")
                order = site.orders.need(_number(number))
                _match(call, order)
                moved, has_failed = site.orders.move(order, given["status"])
                response = self._shown(moved)
                if has_failed:
                    response.headers["X-Warning"] = "the customer's e-mail could not be sent"
                return response
            case ("PUT", ("orders", number, "attributes")):
                given = _checked_json(call)
                _raise_for(errors_of("order", {"attributes": given}, creating=False))
                order = site.orders.need(_number(number))
                _match(call, order)
                return self._shown(site.orders.set_attributes(order, given))
            case ("POST", ("orders", number, "shipments")):
                shipment = site.orders.ship(site.orders.need(_number(number)), _body(call, "shipment"))
                return self._shown(shipment, 201)
            case ("PUT", ("returns", number)):
                given = _body(call, "return")
                _match(call, site.people.need_return(_number(number)))
                return self._shown(site.people.move_return(_number(number), given))
            case (_, ("products" | "inventory", *_)):
                return self._write_goods(call)
            case ("POST", ("customers",)):
                return self._shown(site.people.create(_body(call, "customer")), 201)
            case ("PUT", ("customers", number)):
                customer = site.people.customer(_number(number))
                _match(call, customer)
                return self._shown(site.people.change(customer, _body(call, "customer", creating=False)))
        raise Refused(405, "method", f"{call.request.method} is not offered here.")

    def _write_goods(self, call: Call) -> Response:
        site = self._site
        match (call.request.method, call.path):
            case ("POST", ("products",)):
                return self._shown(site.goods.create(_body(call, "product")), 201)
            case ("PUT", ("products", number)):
                product = site.goods.product(_number(number))
                _match(call, product)
                return self._shown(site.goods.change(product, _body(call, "product", creating=False)))
            case ("POST", ("inventory", "bulk")):
                return Response.of_json(site.goods.set_rows(_rows(call)))
            case ("PUT", ("inventory", sku)):
                given = _body(call, "inventory")
                location = given.get("locationKey") or MAIN
                present = site.goods.stock(unquote(sku), location)
                if present is not None:
                    _match(call, present)
                return self._shown(site.goods.set_stock(unquote(sku), given["quantity"], location))
        raise Refused(405, "method", f"{call.request.method} is not offered here.")

    # -- webhooks ----------------------------------------------------------------------------------------

    def _webhooks(self, call: Call) -> Response:
        need_scope(call.scopes, "webhooks:manage")
        webhooks, records = self._site.webhooks, self._site.records
        match (call.request.method, call.path[1:]):
            case ("GET", ()):
                rows = [webhooks.shown(each) for each in records.all("webhook")]
                return Response.of_json(self._paged(call, rows))
            case ("GET", (number,)):
                stored = records.get("webhook", _number(number))
                if stored is None:
                    raise not_found(f"Webhook {number}")
                return Response.of_json(webhooks.shown(stored))
            case ("POST", ()):
                stored = webhooks.subscribe(call.client_id, _body(call, "webhook"))
                return Response.of_json(webhooks.shown(stored), 201)
            case ("DELETE", (number,)):
                webhooks.unsubscribe(_number(number))
                return Response(204)
        raise Refused(405, "method", f"{call.request.method} is not offered here.")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise not_found(f"Id {text}")
    return int(text)


def _page(request: Request) -> tuple[int, int]:
    """Return (page, size). Raises Refused for values out of range."""
    errors: dict[str, list[str]] = {}
    found = {}
    for name, default, most in (("page", 1, None), ("pageSize", DEFAULT_PAGE, LARGEST_PAGE)):
        text = request.query.get(name, str(default))
        if not text.isdigit() or int(text) < 1 or (most is not None and int(text) > most):
            errors[name] = ["must be a whole number" + (f" from 1 to {most}." if most else " above zero.")]
        else:
            found[name] = int(text)
    _raise_for(errors)
    return found["page"], found["pageSize"]


def _since(request: Request) -> int | None:
    text = request.query.get("modifiedSince", "")
    if not text:
        return None
    try:
        return clock.parsed(text)
    except ValueError:
        raise invalid({"modifiedSince": ["must be a date and time."]}) from None


def _checked_json(call: Call) -> dict[str, Any]:
    try:
        given = call.request.json()
    except json.JSONDecodeError:
        raise Refused(400, "bad-request", "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise Refused(400, "bad-request", "The body is not an object.")
    return given


def _body(call: Call, entity: str, *, creating: bool = True) -> dict[str, Any]:
    given = _checked_json(call)
    _raise_for(errors_of(entity, given, creating=creating))
    return given


def _rows(call: Call) -> list[dict[str, Any]]:
    """Return the rows of a bulk call; what is wrong with one row alone is told in its result."""
    given = _checked_json(call)
    rows = given.get("rows")
    if set(given) != {"rows"} or not isinstance(rows, list) or not 0 < len(rows) <= MOST_ROWS:
        raise invalid({"rows": [f"must be a list of 1 to {MOST_ROWS} and the only member."]})
    for position, row in enumerate(rows):
        fits = isinstance(row, dict) and set(row) <= {"sku", "quantity", "locationKey"}
        if (
            not fits
            or not isinstance(row.get("sku"), str)
            or not isinstance(row.get("quantity"), int | float)
        ):
            raise invalid({f"rows[{position}]": ["must hold sku, quantity and perhaps locationKey."]})
    return rows


def _raise_for(errors: dict[str, list[str]]) -> None:
    if errors:
        raise invalid(errors)


def _match(call: Call, stored: Stored) -> None:
    """Raise Refused when If-Match names another version; without the header nothing is compared."""
    wanted = call.request.headers.get("if-match", "")
    if wanted and wanted not in ("*", stored.etag):
        raise Refused(412, "precondition", f"The record stands at {stored.etag}, not at {wanted}.")
