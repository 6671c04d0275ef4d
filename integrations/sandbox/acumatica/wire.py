"""JSON as Acumatica writes and reads it: the record envelope, numbers with their database scale, error bodies.

Plain records (dict by field name) go in and out of the modules below; only here they get their ``{"value": ...}``.
"""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.sandbox.acumatica.entities import LENGTHS, SCALES, TYPES
from integrations.sandbox.acumatica.entity import Entity
from integrations.sandbox.core.messages import Response

JSON_TYPE = "application/json; charset=utf-8"
Errors = dict[tuple[str | int, ...], str]
"""Path in the record -> what is wrong there; () is the record itself."""

_PARENT = "PX.Api.ContractBased."


class Refusal(Exception):
    """An answer other than success; ``body`` is JSON."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers or {})


class FieldErrors(Exception):
    """The record breaks rules: 422 with the record echoed."""

    def __init__(self, record: Mapping[str, Any], errors: Errors) -> None:
        super().__init__(str(errors))
        self.record, self.errors = record, errors


def server_error(message: str, kind: str = "PX.Data.PXException") -> Refusal:
    """Return a 500 as the framework writes it."""
    body = {"message": "An error has occurred.", "exceptionMessage": message, "exceptionType": kind}
    return Refusal(500, body | {"stackTrace": "   at PX.Api.ContractBased.EntityService.Invoke()"})


def no_entity() -> Refusal:
    """Return what a read by key answers for a key that does not exist: 500, not 404."""
    return server_error(
        "No entity satisfies the condition.", f"{_PARENT}NoEntitySatisfiesTheConditionException"
    )


def decode(body: bytes) -> Any:
    """Return parsed JSON, numbers with a point as Decimal. Raises ValueError."""
    return json.loads(body, parse_float=Decimal)


def encode(value: Any) -> str:
    """Return JSON text; Decimal keeps its places."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(key))}:{encode(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(encode(one) for one in value) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, {"Content-Type": JSON_TYPE, **(headers or {})}, encode(value).encode())


def scaled(name: str, value: Any) -> Decimal:
    """Return a number in the database scale of its field. Raises ValueError."""
    try:
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-SCALES.get(name, 4)))
    except InvalidOperation as error:
        raise ValueError(f"'{value}' is not a number.") from error


def coerce(name: str, kind: str, value: Any) -> Any:
    """Return a sent value in the type of its field. Raises ValueError."""
    if value is None or value == "":
        return None
    if kind == "D":
        return scaled(name, value)
    if kind == "I":
        return int(value)
    if kind == "B":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind == "T":
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    text = str(value)
    if len(text) > LENGTHS.get(name, 4000):
        raise ValueError(f"'{name}' exceeds its maximum length of {LENGTHS[name]} characters.")
    return text


def wrap(
    entity: Entity,
    record: Mapping[str, Any],
    expand: Collection[str],
    *,
    link: str = "",
    errors: Errors | None = None,
    select: Collection[str] = (),
    custom: Collection[str] = (),
) -> dict[str, Any]:
    """Return a record in its envelope: ``{}`` for an empty field, parts only where they are expanded.

    ``link`` is the site-absolute address of the record; '' for parts. ``errors`` puts texts beside the values.
    """
    found: dict[str, Any] = {"id": record.get("id"), "rowNumber": record.get("rowNumber", 1)}
    problems = errors or {}
    if () in problems:
        found["error"] = problems[()]
    found["note"] = {"value": record.get("note") or ""} if link else None
    for name in entity.fields:
        if select and name not in select and name not in entity.keys:
            continue
        found[name] = _wrapped(record.get(name), problems.get((name,), ""))
    for name, kind in entity.linked.items():
        if name in _heads(expand):
            inner = _under(problems, (name,))
            found[name] = wrap(TYPES[kind], record.get(name) or {}, _rest(expand, name), errors=inner)
    for name, kind in entity.details.items():
        if name in _heads(expand):
            found[name] = [
                wrap(TYPES[kind], row, _rest(expand, name), errors=_under(problems, (name, place)))
                for place, row in enumerate(record.get(name) or ())
            ]
    if link:
        found["custom"] = _custom(record.get("custom") or {}, custom)
        files = (
            f"{link.rpartition('/')[0].rpartition('/')[0]}/files/{entity.graph}/Document/{record.get('id')}"
        )
        found["_links"] = {"self": link, "files:put": f"{files}/{{filename}}"}
    return found


def _wrapped(value: Any, error: str) -> dict[str, Any]:
    shown: dict[str, Any] = {} if value is None else {"value": value}
    return shown | {"error": error} if error else shown


def _heads(expand: Collection[str]) -> set[str]:
    return {path.partition("/")[0] for path in expand}


def _rest(expand: Collection[str], name: str) -> list[str]:
    return [path.partition("/")[2] for path in expand if path.startswith(f"{name}/")]


def _under(errors: Errors, prefix: tuple[str | int, ...]) -> Errors:
    return {path[len(prefix) :]: text for path, text in errors.items() if path[: len(prefix)] == prefix}


def _custom(held: Mapping[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for path in wanted:
        view, _, name = path.partition(".")
        if name in held.get(view, {}):
            shown.setdefault(view, {})[name] = held[view][name]
    return shown


def unwrap(sent: Any) -> Any:
    """Return the value of ``{"value": v}``; a bare value is taken as it is, ``{}`` is nothing."""
    return sent.get("value") if isinstance(sent, Mapping) else sent
