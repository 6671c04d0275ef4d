"""Value maps and links: both come in through the context, so that a run can be repeated byte for byte."""

from collections.abc import Callable
from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError, MissingLink, UnknownValue
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import Category, Parameter, function
from integrations.mapping.functions.types import as_text, shown

LOOKUP = Category.LOOKUP


@function(
    "lookup",
    category=LOOKUP,
    doc="Translate by a value map; what an unknown value does is the map's own setting.",
    label="value map",
    parameters=(Parameter("map", str, "key of the value map", required=True),),
    result=str,
    shape=rules.lookup,
    prepare=lambda map: lambda value, context: _translated(value, context, map),
)
def lookup(value: Any, context: EvaluationContext, *, map: str) -> str | None:
    return _translated(value, context, map)


def _translated(value: Any, context: EvaluationContext, map: str) -> str | None:
    table = context.value_tables.get(map)
    if table is None:
        raise FunctionError(f"there is no value map {map!r}")
    key = (value if type(value) is str else as_text(value)).strip()
    found = table.rows.get(key)
    if found is not None:
        return found
    match table.unknown:
        case "pass":
            return key
        case "default":
            return table.default
        case "hold":
            raise UnknownValue(map, key)
    raise FunctionError(f"value map {map!r} has no row for {shown(key)}")


def _linker(*, kind: str) -> Callable[[Any, EvaluationContext], str]:
    def linked(value: Any, context: EvaluationContext) -> str:
        key = (value if type(value) is str else as_text(value)).strip()
        found = context.links.get((kind, key))
        if found is None:
            raise MissingLink(kind, key)
        return found

    return linked


@function(
    "link",
    category=LOOKUP,
    doc="The id of the linked record in the other system; a missing one holds the run.",
    parameters=(Parameter("kind", str, "which kind is meant", required=True),),
    result=str,
    shape=rules.link,
    prepare=_linker,
)
def link(value: Any, context: EvaluationContext, *, kind: str) -> str:
    return _linker(kind=kind)(value, context)
