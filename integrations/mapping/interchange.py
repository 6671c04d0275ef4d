"""Mapping documents as files: YAML in and out with a stable order, and the JSON Schema of the language.

Used by the ``mapping`` command and by configuration as code. A file may come from anyone: size, nesting and aliases
are bounded, and nothing but plain values is made of it.
"""

import re
from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any

import yaml

from integrations.mapping.conditions import OPERATORS
from integrations.mapping.document import MAX_RULES, MAX_SOURCES, MAX_STEPS
from integrations.mapping.errors import DocumentError
from integrations.mapping.functions import REGISTRY, Function, Parameter

MAX_CHARACTERS = 512 * 1024
MAX_DEPTH = 40
MAX_VALUES = 50_000
_DOCUMENT_ORDER = ("name", "source", "target", "comment", "rules")
_RULE_ORDER = (
    "to", "from", "each", "where", "rules", "value", "do", "when", "else", "write", "comment",
)  # fmt: skip


class _Loader(yaml.SafeLoader):
    """Plain values only; numbers with a point are exact, and only true and false are yes and no."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._depth = self._values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            # A few aliases of aliases are gigabytes; a mapping needs none.
            raise yaml.composer.ComposerError(
                None, None, "aliases are not allowed", self.peek_event().start_mark
            )
        self._depth += 1
        self._values += 1
        if self._depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nests deeper than {MAX_DEPTH}", None)
        if self._values > MAX_VALUES:
            raise yaml.composer.ComposerError(None, None, f"holds more than {MAX_VALUES} values", None)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r:.60} is no text", None)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r:.60} is written twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
_SHAPES = (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
)
for _tag, _pattern, _starts in _SHAPES:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_starts))


def _number(loader: _Loader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:float", _number)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _exact(dumper: yaml.SafeDumper, number: Decimal) -> Any:
    text = format(number, "f")
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else f"{text}.0")


_Dumper.add_representer(Decimal, _exact)


def from_yaml(text: str) -> dict[str, Any]:
    """Return the document that a YAML (or JSON) file holds; ``parse_document`` says whether it is a mapping.

    Raises DocumentError for what is not YAML, is too large or too deep, or uses aliases.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentError("file", f"has more than {MAX_CHARACTERS} characters")
    try:
        loaded = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with fewer types
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError("file", f"is not readable: {error}") from error
    if not isinstance(loaded, dict):
        raise DocumentError("file", "a mapping is an object")
    return loaded


def to_yaml(document: Mapping[str, Any]) -> str:
    """Return the document as YAML: words in the order they are read, rules as they stand, same input same bytes."""
    return yaml.dump(
        _ordered(document, _DOCUMENT_ORDER),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=100,
    )


def _ordered(given: Mapping[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for word in (*(one for one in order if one in given), *sorted(set(given) - set(order))):
        value = given[word]
        made[word] = [_ordered(rule, _RULE_ORDER) for rule in value] if word == "rules" else _plain(value)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return Decimal(str(value)) if isinstance(value, float) else value


# JSON Schema --------------------------------------------------------------------------------------------------

_TYPES: dict[type, Any] = {
    int: {"type": "integer"},
    str: {"type": "string"},
    Decimal: {"type": ["number", "string"]},
}


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a mapping document, with every function of the language."""
    end = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mapping document",
        "type": "object",
        "required": ["rules"],
        "properties": {
            "name": {"type": "string"},
            "source": end,
            "target": end,
            "rules": {"$ref": "#/$defs/rules"},
        },
        "$defs": {
            "rules": {"type": "array", "maxItems": MAX_RULES, "items": {"$ref": "#/$defs/rule"}},
            "rule": _rule_schema(),
            "condition": _condition_schema(),
            "step": {"oneOf": [one for name in sorted(REGISTRY) for one in _step_schemas(REGISTRY[name])]},
        },
    }


def _rule_schema() -> dict[str, Any]:
    path = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "required": ["to"],
        "additionalProperties": False,
        "properties": {
            "to": path,
            "from": {
                "oneOf": [path, {"type": "array", "items": path, "minItems": 1, "maxItems": MAX_SOURCES}]
            },
            "value": True,
            "each": path,
            "where": {"$ref": "#/$defs/condition"},
            "rules": {"$ref": "#/$defs/rules"},
            "do": {"type": "array", "maxItems": MAX_STEPS, "items": {"$ref": "#/$defs/step"}},
            "when": {"$ref": "#/$defs/condition"},
            "else": True,
            "write": {"enum": ["always", "if_empty", "on_create"]},
            "comment": {"type": "string"},
        },
        "oneOf": [{"required": ["from"]}, {"required": ["value"]}, {"required": ["each", "rules"]}],
        "dependentRequired": {"where": ["each"], "rules": ["each"], "else": ["when"]},
    }


def _condition_schema() -> dict[str, Any]:
    condition = {"$ref": "#/$defs/condition"}
    parts = {"type": "array", "items": condition, "minItems": 1}
    groups = [("all", parts), ("any", parts), ("not", condition)]
    leaf = {
        "type": "object",
        "required": ["field", "op"],
        "additionalProperties": False,
        "properties": {"field": {"type": "string"}, "op": {"enum": list(OPERATORS)}, "value": True},
    }
    return {
        "oneOf": [
            *(
                {
                    "type": "object",
                    "required": [word],
                    "additionalProperties": False,
                    "properties": {word: inner},
                }
                for word, inner in groups
            ),
            leaf,
        ]
    }


def _step_schemas(function: Function) -> list[dict[str, Any]]:
    required = [one.name for one in function.parameters if one.required]
    written: dict[str, Any] = {
        "type": "object",
        "description": function.doc,
        "required": ["fn", *required],
        "additionalProperties": False,
        "properties": {
            "fn": {"const": function.name},
            **{one.name: _parameter_schema(one) for one in function.parameters},
        },
    }
    return [written] if required else [{"const": function.name, "description": function.doc}, written]


def _parameter_schema(parameter: Parameter) -> dict[str, Any]:
    schema = {**_TYPES.get(parameter.type, {}), "description": parameter.doc}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.minimum is not None:
        schema["minimum"] = parameter.minimum
    if parameter.maximum is not None:
        schema["maximum"] = parameter.maximum
    return schema
