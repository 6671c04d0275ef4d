"""Choosing by value: cases written into the rule, and yes or no out of what people write."""

from collections.abc import Callable, Mapping
from typing import Any

from integrations.mapping.constants import fresh
from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, always, function
from integrations.mapping.functions.types import as_text, shown
from integrations.mapping.shapes import Shape, ShapeContext, any_of, constant

_MOST_CASES = 200
_YES = frozenset({"1", "y", "yes", "true", "t", "on"})
_NO = frozenset({"0", "n", "no", "false", "f", "off", ""})


def _cases_problem(cases: Any) -> str:
    known = isinstance(cases, Mapping) and 0 < len(cases) <= _MOST_CASES
    return "" if known else f"takes an object of 1 to {_MOST_CASES} cases, not {cases!r:.60}"


def _chosen(*, cases: Mapping[str, Any], **arguments: Any) -> Callable[[Any, EvaluationContext], Any]:
    otherwise = arguments["else"]

    def chosen(value: Any, context: EvaluationContext) -> Any:
        return fresh(cases.get("" if value is None else as_text(value).strip(), otherwise))

    return chosen


def _any_case(given: Shape, context: ShapeContext, *, cases: Mapping[str, Any], **arguments: Any) -> Shape:
    made = any_of(*(constant(value) for value in (*cases.values(), arguments["else"])))
    return made.may_fail("fails for a list or an object")


@function(
    "case",
    category=Category.LOOKUP,
    doc="Take another value for each value, for a few that never change; a value map is for those people maintain. "
    "Nothing is looked up as an empty text.",
    parameters=(
        Parameter("cases", object, "from value to value", required=True, refuse=_cases_problem),
        Parameter("else", object, "for every other value; nothing when it is left out"),
    ),
    examples=(
        Example("P", "Hold", {"cases": {"P": "Hold", "C": "Void"}}),
        Example("X", "Open", {"cases": {"P": "Hold"}, "else": "Open"}),
        Example(None, "Open", {"cases": {"": "Open"}}),
    ),
    takes_null=True,
    shape=_any_case,
    prepare=_chosen,
)
def case(value: Any, context: EvaluationContext, *, cases: Mapping[str, Any], **arguments: Any) -> Any:
    return _chosen(cases=cases, **arguments)(value, context)


@function(
    "to_boolean",
    category=Category.TYPES,
    doc="Read as yes or no: true, yes, y, on, t and 1 against false, no, n, off, f, 0 and an empty text.",
    label="to yes or no",
    examples=(Example("Yes", True), Example(0, False)),
    result=bool,
    shape=always(Shape(yes_no=True).may_fail("fails for what is neither yes nor no")),
)
def to_boolean(value: Any, context: EvaluationContext) -> bool:
    word = as_text(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise FunctionError(f"{shown(value)} is neither yes nor no")
