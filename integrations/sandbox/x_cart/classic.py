"""The classic REST API of X-Cart 5.0 to 5.4: one address, ``admin.php``, and everything else in the query.

[documented] the grammar, paths and filters; [inferred] what it answers when something is wrong: empty bodies, 200
with ``null`` for an unknown id, ``X-REST-Error``. The rows themselves are made in ``classic_rows``.
"""

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.x_cart import classic_rows, classic_search, classic_writes
from integrations.sandbox.x_cart.goods import InvalidInput

if TYPE_CHECKING:
    from integrations.sandbox.x_cart.shop import XCartSimulator

METHODS = frozenset({"get", "post", "put", "delete"})
COMPLEX = frozenset({"order", "product", "profile", "person"})
ENTITIES = frozenset(classic_rows.ROWS)
_KEY = re.compile(r"\[([^\]]*)\]")


class Question:
    """One call, taken apart: entity, id, method, schema, conditions and the model that was sent."""

    def __init__(self, request: Request) -> None:
        pairs = request.query_pairs
        named = dict(pairs)
        entity, _, number = named.get("_path", "").partition("/")
        self.entity = entity
        self.id = number
        method = named.get("_method") or request.headers.get("x-http-method-override") or request.method
        # An unknown verb falls back to GET.
        self.method = method.lower() if method.lower() in METHODS else "get"
        self.is_complex = named.get("_schema") == "complex"
        self.conditions = nested(pairs).get("_cnd", {})
        self.model = _model(request, pairs)

    @property
    def label(self) -> str:
        """Name the call for fault switches and the list of calls: ``get order/5 complex``."""
        path = f"{self.entity}/{self.id}" if self.id else self.entity
        return f"{self.method} {path}{' complex' if self.is_complex else ''}"


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return ``a[b][0]=c`` as ``{"a": {"b": {"0": "c"}}}``."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = [name.partition("[")[0], *_KEY.findall(name)]
        place = found
        for part in [head, *rest][:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                break
        else:
            place[[head, *rest][-1]] = value
    return found


def _model(request: Request, pairs: list[tuple[str, str]]) -> Any:
    model = nested(pairs).get("model", {})
    if not request.body:
        return model
    kind = request.headers.get("content-type", "")
    if "json" in kind:
        return request.json()
    if "form" in kind:
        form = nested(parse_qsl(request.body.decode(), keep_blank_values=True))
        return form.get("model", form)
    raise InvalidInput("Unknown Content-Type provided")


class Classic:
    """Answers classic calls of one shop."""

    def __init__(self, shop: "XCartSimulator") -> None:
        self._shop = shop

    def operation(self, request: Request) -> str:
        """Name a classic call; '' for any other."""
        if not request.path.endswith("/admin.php"):
            return ""
        try:
            return Question(request).label
        except (InvalidInput, ValueError):
            return "unreadable"

    def answer(self, request: Request) -> Response:
        """Answer one call below ``admin.php``."""
        if request.query.get("target") != "RESTAPI":
            return Response.of_html(200, b"<html><body>Sign in</body></html>")
        entity = request.query.get("_path", "").partition("/")[0]
        if entity not in ENTITIES:
            return Response(404)
        try:
            question = Question(request)
        except InvalidInput as error:
            return _failed(str(error))
        except ValueError:
            return _failed("Input data is incorrect")
        if not self._is_allowed(request.query.get("_key", ""), question.method):
            return Response(403)
        if question.is_complex and (entity not in COMPLEX or not self._shop.settings["has_complex"]):
            return Response(404)
        try:
            with self._shop.state.transaction():
                return self._serve(question)
        except InvalidInput as error:
            return _failed(str(error))

    def _is_allowed(self, key: str, method: str) -> bool:
        keys = [self._shop.settings["api_key_rw"]]
        if method == "get":
            keys.append(self._shop.settings["api_key_ro"])
        return bool(key) and key in keys

    def _serve(self, question: Question) -> Response:
        if question.method == "get":
            return _written(self._read(question))
        if question.is_complex:
            raise InvalidInput("Complex schema is read only")
        if question.method == "delete":
            return _written(classic_writes.delete(self._shop, question.entity, question.id))
        written = classic_writes.write(
            self._shop, question.method, question.entity, question.id, question.model
        )
        return _written(written)

    def _read(self, question: Question) -> Any:
        rows = classic_rows.ROWS[question.entity]
        if question.id:
            # A missing id is no error: 200 with null.
            number = int(question.id) if question.id.isdigit() else 0
            found = next((each for each in rows.source(self._shop) if each["id"] == number), None)
            return None if found is None else rows.shown(self._shop, found, is_complex=question.is_complex)
        records = rows.source(self._shop)
        asked = classic_search.page(self._shop, question.entity, records, question.conditions)
        if question.is_complex:
            return [rows.shown(self._shop, each, is_complex=True) for each in asked]
        return [rows.scalars(each) for each in asked]


def _written(value: Any) -> Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Response(200, {"Content-Type": "application/json; charset=UTF-8", "ETag": f'"{len(body)}"'}, body)


def _failed(text: str) -> Response:
    return Response(400, {"Content-Type": "application/json; charset=UTF-8", "X-REST-Error": text}, b"[]")
