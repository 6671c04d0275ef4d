"""Text: trimming, padding, joining. Nothing is cut silently; ``truncate`` is a person's decision."""

from collections.abc import Callable
from typing import Any

from integrations.mapping.constants import fresh
from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.types import as_text

TEXT = Category.TEXT
LONGEST = 100_000
"""Characters a step may make of its input: a few replacements in a row would fill the memory."""


def not_empty(text: str) -> str:
    return "" if text else "cannot be empty"


@function(
    "trim",
    category=TEXT,
    doc="Remove blanks at both ends.",
    examples=(Example(" A50 ", "A50"),),
    result=str,
    shape=rules.trim,
)
def trim(value: Any, context: EvaluationContext) -> str:
    return as_text(value).strip()


@function(
    "upper",
    category=TEXT,
    doc="Make all letters capitals.",
    examples=(Example("a50", "A50"),),
    result=str,
    shape=rules.upper,
)
def upper(value: Any, context: EvaluationContext) -> str:
    return as_text(value).upper()


@function(
    "lower",
    category=TEXT,
    doc="Make all letters small.",
    examples=(Example("Ada@X.IO", "ada@x.io"),),
    result=str,
    shape=rules.lower,
)
def lower(value: Any, context: EvaluationContext) -> str:
    return as_text(value).lower()


@function(
    "prefix",
    category=TEXT,
    doc="Put text in front.",
    parameters=(Parameter("with", str, "the text", required=True),),
    examples=(Example("1043", "XC-1043", {"with": "XC-"}),),
    result=str,
    shape=rules.prefix,
)
def prefix(value: Any, context: EvaluationContext, **arguments: str) -> str:
    return arguments["with"] + as_text(value)


@function(
    "truncate",
    category=TEXT,
    doc="Keep the first characters and drop the rest.",
    parameters=(Parameter("length", int, "characters kept", required=True, minimum=0),),
    examples=(Example("Northline", "North", {"length": 5}), Example("Al", "Al", {"length": 5})),
    result=str,
    shape=rules.truncate,
)
def truncate(value: Any, context: EvaluationContext, *, length: int) -> str:
    return as_text(value)[:length]


@function(
    "pad_left",
    category=TEXT,
    doc="Fill up at the left to a length.",
    parameters=(
        Parameter("length", int, "length reached", required=True, minimum=0, maximum=10_000),
        Parameter(
            "fill",
            str,
            "one character",
            default="0",
            refuse=lambda fill: "" if len(fill) == 1 else "is one character",
        ),
    ),
    examples=(Example("7", "0007", {"length": 4}),),
    result=str,
    shape=rules.pad_left,
)
def pad_left(value: Any, context: EvaluationContext, *, length: int, fill: str) -> str:
    return as_text(value).rjust(length, fill)


@function(
    "replace",
    category=TEXT,
    doc="Replace every occurrence of one text by another.",
    parameters=(
        Parameter("old", str, "what to find", required=True, refuse=not_empty),
        Parameter("new", str, "what comes instead", default=""),
    ),
    examples=(Example("A-50", "A50", {"old": "-"}),),
    result=str,
    shape=rules.replace_,
    prepare=lambda old, new: lambda value, context: _replaced(value, old, new),
)
def replace(value: Any, context: EvaluationContext, *, old: str, new: str) -> str:
    return _replaced(value, old, new)


def _replaced(value: Any, old: str, new: str) -> str:
    text = as_text(value)
    if len(new) > len(old) and len(text) + text.count(old) * (len(new) - len(old)) > LONGEST:
        raise FunctionError(f"would become longer than {LONGEST} characters")
    return text.replace(old, new)


@function(
    "join",
    category=TEXT,
    doc="Join the values of several sources, leaving out empty ones.",
    parameters=(Parameter("with", str, "what stands between", default=" "),),
    examples=(Example(["Pat", None, "Lee"], "Pat Lee"),),
    takes_null=True,
    result=str,
    shape=rules.join,
    prepare=lambda **arguments: lambda value, context: _joined(value, arguments["with"]),
)
def join(value: Any, context: EvaluationContext, **arguments: str) -> str:
    return _joined(value, arguments["with"])


def _joined(value: Any, between: str) -> str:
    texts: list[str] = []
    length = 0
    for one in value if isinstance(value, list) else (value,):
        if one is not None and (text := (one if type(one) is str else as_text(one)).strip()):
            texts.append(text)
            length += len(text) + len(between)
    if length > LONGEST:
        raise FunctionError(f"would become longer than {LONGEST} characters")
    return between.join(texts)


def _splitter(*, at: str, part: int) -> Callable[[Any, EvaluationContext], str | None]:
    def part_of(value: Any, context: EvaluationContext) -> str | None:
        parts = (value if type(value) is str else as_text(value)).split(at)
        return parts[part] if -len(parts) <= part < len(parts) else None

    return part_of


@function(
    "split",
    category=TEXT,
    doc="Cut at a separator and take one part, counted from 0; a missing part is nothing.",
    parameters=(
        Parameter("at", str, "the separator", required=True, refuse=not_empty),
        Parameter("part", int, "which part, 0 is the first", default=0),
    ),
    examples=(Example("UPS 1Z9", "1Z9", {"at": " ", "part": 1}),),
    result=str,
    shape=rules.split,
    prepare=_splitter,
)
def split(value: Any, context: EvaluationContext, *, at: str, part: int) -> str | None:
    return _splitter(at=at, part=part)(value, context)


@function(
    "default",
    category=TEXT,
    doc="Use this value where the source has none.",
    parameters=(Parameter("value", object, "the value", required=True),),
    examples=(Example(None, "USA", {"value": "USA"}), Example("", "USA", {"value": "USA"})),
    takes_null=True,
    shape=rules.default,
)
def default(given: Any, context: EvaluationContext, *, value: Any) -> Any:
    return fresh(value) if given in (None, "") else given


@function(
    "coalesce",
    category=TEXT,
    doc="Take the first source that has a value.",
    examples=(Example([None, "", "b"], "b"),),
    takes_null=True,
    shape=rules.coalesce,
)
def coalesce(value: Any, context: EvaluationContext) -> Any:
    values = value if isinstance(value, list) else [value]
    return next((one for one in values if one not in (None, "")), None)
