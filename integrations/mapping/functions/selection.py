"""Lists: choosing elements, taking a field of each, grouping, and attributes kept as name and value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integrations.mapping.conditions import OPERATORS, Leaf, compile_condition
from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import DocumentError, FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.types import as_text, shown
from integrations.mapping.paths import split_path, walk
from integrations.mapping.shapes import NEVER, NOTHING, UNKNOWN, Lists, Shape, ShapeContext, whole_number

LISTS = Category.LISTS
LONGEST_LIST = 20_000


def elements_of(value: Any) -> list[Any]:
    """Return a list that is not too long. Raises FunctionError."""
    if not isinstance(value, list):
        raise FunctionError(f"{shown(value)} is not a list")
    if len(value) > LONGEST_LIST:
        raise FunctionError(f"has more than {LONGEST_LIST} elements")
    return value


def field_problem(path: str) -> str:
    try:
        up, keys = split_path(path, "")
    except DocumentError as error:
        return error.reason
    return "" if up == 0 and all(isinstance(key, str) for key in keys) else "is a field of the element"


def keys_of(path: str) -> tuple[Any, ...]:
    return split_path(path, path)[1]


_FIELD = Parameter(
    "field", str, "field of each element, dots into objects", required=True, refuse=field_problem
)


def _same_elements(given: Shape, context: ShapeContext, **arguments: Any) -> Shape:
    """Return the rule of what keeps some elements of a list."""
    if given.unknown or given.elements is None:
        return Shape(elements=Lists(UNKNOWN)).may_fail("fails for what is no list")
    made = Shape(elements=Lists(given.elements.element, 0, given.elements.longest))
    return made if given.is_only("elements") else made.may_fail("fails for what is no list")


def _some_list(given: Shape, context: ShapeContext, **arguments: Any) -> Shape:
    return Shape(elements=Lists(UNKNOWN)).may_fail("fails for what is no list")


def _whole_condition(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {"field": arguments["field"], "op": arguments["op"], "value": arguments["value"]}


def _chooser(*, field: str, op: str, value: Any) -> Callable[[Any, EvaluationContext], list[Any]]:
    keys, holds = keys_of(field), Leaf.of({"field": field, "op": op, "value": value}).holds
    return lambda given, context: [one for one in elements_of(given) if holds(walk(one, keys))]


@function(
    "where",
    category=LISTS,
    doc="Keep the elements whose field compares so.",
    parameters=(
        _FIELD,
        Parameter("op", str, "comparison", default="eq", choices=tuple(OPERATORS)),
        Parameter("value", object, "what the field is compared with"),
    ),
    examples=(
        Example(
            [{"type": "tax", "amount": 2}, {"type": "fee", "amount": 5}],
            [{"type": "tax", "amount": 2}],
            {"field": "type", "value": "tax"},
        ),
    ),
    shape=_same_elements,
    prepare=_chooser,
    check=lambda arguments, where: compile_condition(_whole_condition(arguments), where, 0),
)
def where(given: Any, context: EvaluationContext, *, field: str, op: str, value: Any) -> list[Any]:
    return _chooser(field=field, op=op, value=value)(given, context)


@function(
    "pluck",
    category=LISTS,
    doc="Take one field of each element.",
    parameters=(_FIELD,),
    examples=(Example([{"sku": "A"}, {}], ["A", None], {"field": "sku"}),),
    shape=_some_list,
    prepare=lambda field: lambda value, context: [walk(one, keys_of(field)) for one in elements_of(value)],
)
def pluck(value: Any, context: EvaluationContext, *, field: str) -> list[Any]:
    keys = keys_of(field)
    return [walk(one, keys) for one in elements_of(value)]


@function(
    "last",
    category=LISTS,
    doc="The last element, or nothing.",
    examples=(Example([3, 4], 4), Example([], None)),
    shape=lambda given, context: _last_of(given),
)
def last(value: Any, context: EvaluationContext) -> Any:
    if isinstance(value, list):
        return value[-1] if value else None
    return value


def _last_of(given: Shape) -> Shape:
    listed = given.elements
    if given.unknown or listed is None:
        return UNKNOWN if given.unknown else given
    alone = replace(given, elements=None)
    if listed.positions:
        return alone | listed.positions[-1]
    return alone | listed.element | (NEVER if listed.shortest else NOTHING)


@function(
    "flatten",
    category=LISTS,
    doc="Make one list of lists in a list; what is no list stays, what is nothing goes.",
    examples=(Example([[1, 2], [3], 4, None], [1, 2, 3, 4]),),
    shape=_some_list,
)
def flatten(value: Any, context: EvaluationContext) -> list[Any]:
    return elements_of(list(_flat(elements_of(value))))


def _flat(elements: list[Any]) -> Iterator[Any]:
    left = LONGEST_LIST
    for one in elements:
        inner = one if isinstance(one, list) else [] if one is None else [one]
        left -= len(inner)
        if left < 0:
            raise FunctionError(f"has more than {LONGEST_LIST} elements")
        yield from inner


@function(
    "distinct",
    category=LISTS,
    doc="Leave out texts and numbers that came before, and what is nothing.",
    examples=(Example(["A", "B", "A", None], ["A", "B"]),),
    shape=_same_elements,
)
def distinct(value: Any, context: EvaluationContext) -> list[Any]:
    found: dict[Any, Any] = {}
    for one in elements_of(value):
        if one is not None:
            found.setdefault(_identity(one), one)
    return list(found.values())


def _identity(value: Any) -> tuple[bool, Any]:
    """Return what makes two single values one: 5 and 5.00 are, 5 and "5" and true are not."""
    if isinstance(value, Decimal) and not value.is_finite():
        return False, str(value)
    if isinstance(value, list | dict):
        raise FunctionError(f"{shown(value)} is not one value")
    return isinstance(value, bool), value


@function(
    "group_by",
    category=LISTS,
    doc="Gather elements that have the same text in a field, as a list of {key, items} in the order they came; "
    "'each' or pluck goes on from there.",
    parameters=(_FIELD,),
    examples=(
        Example(
            [{"w": "A", "n": 1}, {"w": "B", "n": 2}, {"w": "A", "n": 3}],
            [{"key": "A", "items": [{"w": "A", "n": 1}, {"w": "A", "n": 3}]},
             {"key": "B", "items": [{"w": "B", "n": 2}]}],
            {"field": "w"},
        ),
    ),
    shape=_some_list,
)  # fmt: skip
def group_by(value: Any, context: EvaluationContext, *, field: str) -> list[dict[str, Any]]:
    keys, groups = keys_of(field), dict[str, list[Any]]()
    for one in elements_of(value):
        found = walk(one, keys)
        groups.setdefault("" if found is None else as_text(found), []).append(one)
    return [{"key": key, "items": items} for key, items in groups.items()]


@function(
    "attribute",
    category=LISTS,
    doc="The value of a named attribute in a list of names and values, as shops keep product attributes and order "
    "details; nothing where there is none.",
    parameters=(
        Parameter("name", str, "which attribute", required=True),
        Parameter("name_field", str, "where its name stands", default="name", refuse=field_problem),
        Parameter("value_field", str, "where its value stands", default="value", refuse=field_problem),
    ),
    examples=(
        Example(
            [{"name": "Colour", "value": "Black"}, {"name": "Size", "value": "M"}], "M", {"name": "Size"}
        ),
        Example([], None, {"name": "Size"}),
    ),
)
def attribute(value: Any, context: EvaluationContext, *, name: str, name_field: str, value_field: str) -> Any:
    at_name, at_value = keys_of(name_field), keys_of(value_field)
    return next((walk(one, at_value) for one in elements_of(value) if walk(one, at_name) == name), None)


@function(
    "attributes",
    category=LISTS,
    doc="An object of fields as a list of {name, value}, fields that hold nothing left out: custom fields for a "
    "system that keeps them as attributes.",
    examples=(Example({"Size": "M", "Colour": None}, [{"name": "Size", "value": "M"}]),),
    shape=_some_list,
)
def attributes(value: Any, context: EvaluationContext) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        raise FunctionError(f"{shown(value)} is not an object")
    return elements_of([{"name": name, "value": one} for name, one in value.items() if one is not None])


@function(
    "fields",
    category=LISTS,
    doc="A list of {name, value} as an object of fields; the later one of two with one name counts.",
    examples=(Example([{"name": "Size", "value": "M"}], {"Size": "M"}),),
)
def fields(value: Any, context: EvaluationContext) -> dict[str, Any]:
    found = {}
    for one in elements_of(value):
        name = walk(one, ("name",))
        if not isinstance(name, str) or not name:
            raise FunctionError(f"{shown(one)} has no name")
        found[name] = walk(one, ("value",))
    return found


@function(
    "length",
    category=LISTS,
    doc="How many characters a text has, or elements a list.",
    examples=(Example("Ada", 3), Example(["a", "b"], 2)),
    result=int,
    shape=lambda given, context: whole_number(Decimal(0)).may_fail("fails for an object"),
)
def length(value: Any, context: EvaluationContext) -> int:
    return len(value) if isinstance(value, list) else len(as_text(value))
