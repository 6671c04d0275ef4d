"""Lists: counting and taking the first."""

from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import Category, Example, function

LISTS = Category.LISTS


@function(
    "count",
    category=LISTS,
    doc="How many elements.",
    examples=(Example([1, 2], 2), Example(None, 0)),
    takes_null=True,
    result=int,
    shape=rules.count,
)
def count(value: Any, context: EvaluationContext) -> int:
    return len(value) if isinstance(value, list) else 0


@function(
    "first",
    category=LISTS,
    doc="The first element, or nothing.",
    examples=(Example([3, 4], 3), Example([], None)),
    shape=rules.first,
)
def first(value: Any, context: EvaluationContext) -> Any:
    if isinstance(value, list):
        return value[0] if value else None
    return value
