"""Guards: they change nothing and stop a record that would not fit, so that a person decides instead of a cut.

``check`` names them: where nothing may be lost, holding a record beats truncating it.
"""

from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.types import as_text, shown


@function(
    "max_length",
    category=Category.TEXT,
    doc="Stop the record where the text is longer; nothing is cut.",
    label="at most so long",
    parameters=(Parameter("length", int, "characters allowed", required=True, minimum=0),),
    examples=(Example("Northline", "Northline", {"length": 30}),),
    result=str,
    shape=rules.max_length,
)
def max_length(value: Any, context: EvaluationContext, *, length: int) -> str:
    text = as_text(value)
    if len(text) > length:
        raise FunctionError(f"{shown(text)} has {len(text)} characters; {length} fit")
    return text


@function(
    "required",
    category=Category.TEXT,
    doc="Stop the record where there is no value.",
    label="must have a value",
    examples=(Example("A50", "A50"), Example(0, 0)),
    takes_null=True,
    shape=rules.required,
)
def required(value: Any, context: EvaluationContext) -> Any:
    if value in (None, "", []):
        raise FunctionError("there is no value")
    return value
