"""Value maps and links: both come in through the context, so that a run can be repeated byte for byte."""

from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError, MissingLink, UnknownValue
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
)
def lookup(value: Any, context: EvaluationContext, *, map: str) -> str | None:
    table = context.value_tables.get(map)
    if table is None:
        raise FunctionError(f"there is no value map {map!r}")
    key = as_text(value).strip()
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


@function(
    "link",
    category=LOOKUP,
    doc="The id of the linked record in the other system; a missing one holds the run.",
    parameters=(Parameter("kind", str, "which kind is meant", required=True),),
    result=str,
)
def link(value: Any, context: EvaluationContext, *, kind: str) -> str:
    key = as_text(value).strip()
    found = context.links.get((kind, key))
    if found is None:
        raise MissingLink(kind, key)
    return found
