"""The page that documents the mapping language, made of what the code declares: ``docs/mapping-language.md``.

Called by the ``mapping docs`` command; a test holds the committed page against it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.mapping.budget import MAX_ELEMENTS, MAX_ELEMENTS_IN_ALL
from integrations.mapping.conditions import OPERATORS
from integrations.mapping.document import (
    MAX_NESTING,
    MAX_RULES,
    MAX_SOURCES,
    MAX_STEPS,
    MAX_STEPS_IN_ALL,
)
from integrations.mapping.functions import REGISTRY, Category, Example, Function, Parameter
from integrations.mapping.paths import MAX_DEPTH

_TYPES = {str: "text", int: "whole number", Decimal: "number", bool: "yes or no", object: "any value"}
_OPERATORS: Mapping[str, str] = {
    "eq": "is the same; numbers by value, never a number and a yes",
    "ne": "is not the same",
    "gt": "is greater: numbers, texts or times among themselves",
    "ge": "is greater or the same",
    "lt": "is less",
    "le": "is less or the same",
    "in": "is one of a list",
    "not_in": "is none of a list",
    "starts_with": "is a text that begins so",
    "contains": "is a text that holds this one",
    "is_empty": "is nothing, an empty text, list or object (`true`), or is not (`false`)",
}
_INTRODUCTION = f"""\
# The mapping language

*Made from the code by `./connect manage mapping docs`; do not edit.*

A mapping is a JSON object: `name`, `source` and `target` (each `{{"system", "kind"}}`) and `rules`. A rule makes one
field of the target record. Evaluation does no I/O, has no loops but over the record's own lists, and gives the same
bytes for the same record, value maps, links, rates and clock.

```json
{{"to": "CuryUnitPrice", "from": ["net_amount", "amount"], "do": [{{"fn": "net_unit_price", "places": 4}}]}}
```

## Rules

| word | meaning |
| --- | --- |
| `to` | the target field, with dots into objects: `ShipTo.City` |
| `from` | a path, or a list of up to {MAX_SOURCES} paths whose values the first function takes as a list |
| `value` | a constant instead of a source |
| `each` | the path of a list: each element makes one object by the inner `rules` |
| `where` | beside `each`: a condition on the element; the others are left out |
| `do` | up to {MAX_STEPS} functions in a row: a name, or `{{"fn": name, parameter: value}}` |
| `when` | a condition; where it does not hold the field is left out |
| `else` | beside `when`: the constant that is written where it does not hold |
| `write` | `always`, `on_create` (not on updates), or `if_empty` (where the target holds nothing) |
| `comment` | for people |

Exactly one of `from`, `value` and `each` is needed. Nothing stays nothing through functions, unless they say that
they take it. A function that refuses its input fails the record with the target's path and the reason.

## Paths

| path | what it reads |
| --- | --- |
| `total`, `billing_address.city` | a field, a field of an object |
| `items[0].sku` | a field of one element, counted from 0 |
| `items[].sku` | the list of that field of all elements; lists in lists become one list |
| `^.currency` | from the record or element around the list, `^.^` from the one around that |
| `$.number` | from the whole record |
| `#` | the place of the element in its list, counted from 0 |

What is missing on the way is nothing, never an error. A path has at most {MAX_DEPTH} keys.

## Conditions

`{{"field": path, "op": comparison, "value": value}}`, and groups of them: `{{"all": [...]}}`, `{{"any": [...]}}`,
`{{"not": ...}}`. What cannot be compared does not hold.

| comparison | the field |
| --- | --- |
"""
_LIMITS = f"""
## Limits

{MAX_RULES} rules, lists {MAX_NESTING} deep, {MAX_STEPS_IN_ALL:,} steps in all, {MAX_ELEMENTS:,} elements in a list and
{MAX_ELEMENTS_IN_ALL:,} in all lists of a record, fewer where each costs much. Numbers have at most 31 digits before the
point; results with more digits than 28 are rounded in the last one.

## Functions
"""


def language_reference() -> str:
    """Return the page as Markdown, the same for the same code."""
    operators = "".join(f"| `{name}` | {_OPERATORS[name]} |\n" for name in OPERATORS)
    return _INTRODUCTION + operators + _LIMITS + "\n".join(_functions())


def _functions() -> Iterator[str]:
    for category in Category:
        yield f"\n### {category.value.capitalize()}\n"
        for name in sorted(REGISTRY):
            if REGISTRY[name].category is category:
                yield from _function(REGISTRY[name])


def _function(function: Function) -> Iterator[str]:
    yield f"#### `{function.name}`\n"
    takes_null = " Also takes nothing." if function.takes_null else ""
    yield f"{function.doc}{takes_null}\n"
    if function.parameters:
        yield "| parameter | type | default | meaning |\n| --- | --- | --- | --- |"
        yield from map(_parameter, function.parameters)
        yield ""
    if function.examples:
        yield "```text"
        yield from map(_example, function.examples)
        yield "```\n"


def _parameter(parameter: Parameter) -> str:
    default = "needed" if parameter.required else f"`{_written(parameter.default)}`"
    words = parameter.doc
    if parameter.choices:
        words += f": {', '.join(f'`{choice}`' for choice in parameter.choices)}"
    ends = [f"from {parameter.minimum}"] if parameter.minimum is not None else []
    ends += [f"to {parameter.maximum}"] if parameter.maximum is not None else []
    bounds = f" ({' '.join(ends)})" if ends else ""
    return f"| `{parameter.name}` | {_TYPES[parameter.type]} | {default} | {words}{bounds} |"


def _example(example: Example) -> str:
    arguments = "".join(f", {name} {_written(value)}" for name, value in (example.arguments or {}).items())
    return f"{_written(example.value)}{arguments}  ->  {_written(example.result)}"


def _written(value: Any) -> str:
    """Return a value as JSON writes it, a Decimal with all its digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_written(name)}: {_written(one)}" for name, one in value.items()) + "}"
    return json.dumps(value.isoformat() if isinstance(value, date) else value, ensure_ascii=False)
