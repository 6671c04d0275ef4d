"""Text by pattern, in time that grows with the text alone: RE2 has no backtracking to be led into."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import DocumentError, FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, always, function
from integrations.mapping.functions.text import LONGEST
from integrations.mapping.functions.types import as_text
from integrations.mapping.shapes import NOTHING, Shape, text

TEXT = Category.TEXT
_LONGEST_PATTERN = 500
_MEMORY = 1 << 20


@lru_cache(maxsize=512)
def _pattern(pattern: str) -> Any:
    """Return a compiled pattern. Raises ValueError saying what RE2 does not take."""
    import re2  # here, so that a worker whose mappings have no patterns does not load it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else ""
        raise ValueError(
            reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        ) from error


def _pattern_problem(pattern: str) -> str:
    if not pattern or len(pattern) > _LONGEST_PATTERN:
        return f"has 1 to {_LONGEST_PATTERN} characters"
    try:
        _pattern(pattern)
    except ValueError as error:
        return f"is no pattern RE2 reads: {error!s:.80}"
    return ""


_PATTERN = Parameter("pattern", str, "regular expression (RE2)", required=True, refuse=_pattern_problem)


def _readable(value: Any) -> str:
    given = as_text(value)
    # Half an emoji, as a shop leaves one that cuts text by length, has no UTF-8.
    return given.encode("utf-8", "replace").decode() if not given.isascii() else given


def _check_group(arguments: Any, where: str) -> None:
    groups = _pattern(arguments["pattern"]).groups
    if arguments["group"] > groups:
        raise DocumentError(where, f"group {arguments['group']} is asked for, the pattern has {groups}")


def _extractor(*, pattern: str, group: int) -> Callable[[Any, EvaluationContext], str | None]:
    compiled = _pattern(pattern)

    def extracted(value: Any, context: EvaluationContext) -> str | None:
        found = compiled.search(_readable(value))
        return None if found is None else found.group(group)

    return extracted


_MAY_FAIL = text().may_fail("fails for a list or an object")


@function(
    "regex_extract",
    category=TEXT,
    doc="The first place that matches a pattern, or one group of it; nothing where none does.",
    label="extract by pattern",
    parameters=(
        _PATTERN,
        Parameter("group", int, "which bracket, 0 is the whole match", default=0, minimum=0, maximum=50),
    ),
    examples=(
        Example("Order #1043 (web)", "1043", {"pattern": "#([0-9]+)", "group": 1}),
        Example("Order", None, {"pattern": "[0-9]+"}),
    ),
    result=str,
    shape=always(_MAY_FAIL, NOTHING),
    prepare=_extractor,
    check=_check_group,
)
def regex_extract(value: Any, context: EvaluationContext, *, pattern: str, group: int) -> str | None:
    return _extractor(pattern=pattern, group=group)(value, context)


@function(
    "regex_replace",
    category=TEXT,
    doc="Replace every place that matches a pattern by a text, which is taken as it is.",
    label="replace by pattern",
    parameters=(_PATTERN, Parameter("new", str, "what comes instead", default="")),
    examples=(Example("(312) 555-0142", "3125550142", {"pattern": "[^0-9]"}),),
    result=str,
    shape=always(_MAY_FAIL),
)
def regex_replace(value: Any, context: EvaluationContext, *, pattern: str, new: str) -> str:
    given = _readable(value)
    if len(given) > LONGEST:
        raise FunctionError(f"is longer than {LONGEST} characters")
    made: str = _pattern(pattern).sub(lambda found: new, given)
    if len(made) > LONGEST:
        raise FunctionError(f"would become longer than {LONGEST} characters")
    return made


@function(
    "matches",
    category=TEXT,
    doc="Whether a pattern is found in the text.",
    parameters=(_PATTERN,),
    examples=(Example("A50-B", True, {"pattern": "^[A-Z][0-9]+-"}), Example("x", False, {"pattern": "^$"})),
    result=bool,
    shape=always(Shape(yes_no=True).may_fail("fails for a list or an object")),
)
def matches(value: Any, context: EvaluationContext, *, pattern: str) -> bool:
    return _pattern(pattern).search(_readable(value)) is not None
