"""``swagger.json`` of the endpoint, made from the entity table the way the vendor's own looks [documented].

Operations name ``parameters`` only as ``$ref``; public clients rely on it, and on ``tags``, ``operationId`` and
``servers[0].url``.
"""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.acumatica.entities import ENTITIES, TYPES
from integrations.sandbox.acumatica.entity import Entity, fields_of

_VALUES = {
    "S": "StringValue",
    "D": "DecimalValue",
    "B": "BooleanValue",
    "T": "DateTimeValue",
    "I": "IntValue",
    "G": "GuidValue",
}
_JSON = {
    "StringValue": {"type": "string"},
    "DecimalValue": {"type": "number", "format": "double"},
    "BooleanValue": {"type": "boolean"},
    "DateTimeValue": {"type": "string", "format": "date-time"},
    "IntValue": {"type": "integer", "format": "int32"},
    "GuidValue": {"type": "string", "format": "uuid"},
}
_LIST_PARAMETERS = ("select", "filter", "expand", "custom", "skip", "top")
_ONE_PARAMETERS = ("select", "expand", "custom")


def describe(url: str, version: str, *, has_patch: bool) -> dict[str, Any]:
    """Return the OpenAPI 3.0.1 document; ``url`` is the address of the endpoint."""
    paths: dict[str, Any] = {}
    for name, entity in ENTITIES.items():
        paths |= _paths(name, entity, has_patch=has_patch)
    parameters = {
        name: {"name": f"${name}", "in": "query", "schema": {"type": "string"}} for name in _LIST_PARAMETERS
    }
    return {
        "openapi": "3.0.1",
        "info": {"title": f"Default/{version}", "version": "1"},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": _schemas(), "parameters": parameters},
        "tags": [{"name": name, "description": entity.title} for name, entity in ENTITIES.items()],
    }


def _operation(
    name: str, word: str, schema: str = "", parameters: tuple[str, ...] = (), status: str = "200"
) -> dict[str, Any]:
    made: dict[str, Any] = {"tags": [name], "operationId": f"{name}_{word}"}
    if parameters:
        made["parameters"] = [{"$ref": f"#/components/parameters/{one}"} for one in parameters]
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}} if schema else None
    made["responses"] = {status: {"description": "Success", **({"content": content} if content else {})}}
    return made


def _body(schema: str) -> dict[str, Any]:
    return {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _paths(name: str, entity: Entity, *, has_patch: bool) -> dict[str, Any]:
    listed = {"get": _operation(name, "GetList", name, _LIST_PARAMETERS)}
    listed["put"] = {**_operation(name, "PutEntity", name, _LIST_PARAMETERS), "requestBody": _body(name)}
    if has_patch:
        listed["patch"] = {
            **_operation(name, "PatchEntity", name, _ONE_PARAMETERS),
            "requestBody": _body(name),
        }
    found: dict[str, Any] = {f"/{name}": listed}
    if entity.keys:
        keys = "/".join(f"{{{key}}}" for key in entity.keys)
        found[f"/{name}/{keys}"] = {
            "get": _operation(name, "GetByKeys", name, _ONE_PARAMETERS),
            "delete": _operation(name, "DeleteByKeys", status="204"),
        }
        found[f"/{name}/{{id}}"] = {
            "get": _operation(name, "GetById", name, _ONE_PARAMETERS),
            "delete": _operation(name, "DeleteById", status="204"),
        }
    found[f"/{name}/$adHocSchema"] = {"get": _operation(name, "GetAdHocSchema", name)}
    for action in entity.actions:
        act = _operation(name, f"InvokeAction_{action}", status="202")
        found[f"/{name}/{action}"] = {"post": {**act, "requestBody": _body(action)}}
    return found


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {
        value: {
            "type": "object",
            "properties": {"value": {**shape, "nullable": True}, "error": {"type": "string"}},
        }
        for value, shape in _JSON.items()
    }
    found["Entity"] = {
        "type": "object",
        "properties": {"id": {"type": "string", "format": "uuid"}, "rowNumber": {"type": "integer"},
                       "note": {"$ref": "#/components/schemas/StringValue"}, "custom": {"type": "object"},
                       "error": {"type": "string"}, "files": {"type": "array", "items": {"type": "object"}}},
    }  # fmt: skip
    for name, entity in TYPES.items():
        found[name] = {
            "allOf": [
                {"$ref": "#/components/schemas/Entity"},
                {"type": "object", "properties": _properties(entity)},
            ]
        }
        for action, spec in entity.actions.items():
            found[action] = _action(name, spec)
    return found


def _properties(entity: Entity) -> dict[str, Any]:
    made: dict[str, Any] = {name: _ref(_VALUES[kind]) for name, kind in entity.fields.items()}
    made |= {name: _ref(part) for name, part in entity.linked.items()}
    made |= {name: {"type": "array", "items": _ref(part)} for name, part in entity.details.items()}
    return made


def _action(entity: str, spec: str) -> Mapping[str, Any]:
    parameters = {name: _ref(_VALUES[kind]) for name, kind in fields_of(spec).items()}
    properties: dict[str, Any] = {"entity": _ref(entity)}
    if parameters:
        properties["parameters"] = {"type": "object", "properties": parameters}
    return {"type": "object", "required": ["entity"], "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
