"""Steps with arguments that make sense, some for every function of the language; random documents take from here."""

from typing import Any

from integrations.mapping.functions import REGISTRY, Function

_NEEDED: dict[str, Any] = {
    "with": "-", "length": 8, "old": "a", "at": "-", "value": "x", "number": 1, "by": 2, "map": "m", "kind": "product",
    "pattern": "[a-z]+", "field": "a", "cases": {"a": "A"}, "format": "%Y-%m-%d", "days": 1, "text": "a", "of": 5,
    "only": "digits", "to": "EUR", "name": "a",
}  # fmt: skip


def needed_arguments(function: Function) -> dict[str, Any]:
    """Return arguments for the parameters a function cannot do without."""
    return {one.name: _NEEDED[one.name] for one in function.parameters if one.required}


_WITH_ARGUMENTS: list[dict[str, Any]] = [
    {"fn": "round", "places": 0, "mode": "half_even"},
    {"fn": "round", "places": 2, "mode": "floor"},
    {"fn": "add", "number": -5},
    {"fn": "at_least", "number": 0},
    {"fn": "multiply", "by": "-1.5"},
    {"fn": "net_unit_price", "places": 4},
    {"fn": "prefix", "with": "XC-"},
    {"fn": "truncate", "length": 3},
    {"fn": "pad_left", "length": 6},
    {"fn": "pad_left", "length": 400, "fill": "é"},
    {"fn": "replace", "old": "a", "new": "bbb"},
    {"fn": "join", "with": "/"},
    {"fn": "split", "at": " ", "part": -1},
    {"fn": "default", "value": "x"},
    {"fn": "default", "value": ["x"]},
    {"fn": "to_date", "zone": "America/Chicago", "format": "%d.%m.%Y %H:%M"},
    {"fn": "to_date", "zone": "Asia/Tokyo"},
    {"fn": "lookup", "map": "m"},
    {"fn": "lookup", "map": "p"},
    {"fn": "link", "kind": "product"},
    {"fn": "state_code", "country": "CA"},
    {"fn": "where", "field": "a", "op": "gt", "value": 1},
    {"fn": "where", "field": "a", "op": "is_empty", "value": True},
    {"fn": "regex_extract", "pattern": "([0-9]+)-?([A-Z])?", "group": 2},
    {"fn": "case", "cases": {"a": ["A"], "": 0}, "else": "other"},
    {"fn": "convert_currency", "to": "EUR", "from": "USD"},
    {"fn": "parse_date", "format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"},
    {"fn": "sku", "remove": "-", "length": 6, "prefix": "P"},
    {"fn": "street_line", "line": 2, "length": 10},
]
STEPS: list[Any] = [
    *({"fn": name, **needed_arguments(function)} for name, function in REGISTRY.items()),
    *_WITH_ARGUMENTS,
]
