"""Functions describe themselves: the palette, the documentation and their tests come from one declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import Any

from integrations.mapping.errors import DocumentError, FunctionError
from integrations.mapping.shapes import NEVER, NOTHING, UNKNOWN, Shape, ShapeContext, any_of, constant


class Category(StrEnum):
    TYPES = "types and formats"
    TEXT = "text"
    MONEY = "numbers and money"
    LISTS = "lists"
    LOOKUP = "lookup and link"
    ADDRESS = "address"
    CONTACT = "article numbers, phones and e-mails"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named parameter of a function. A Decimal one is written as a number or as its text."""

    name: str
    type: type
    doc: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    refuse: Callable[[Any], str] | None = None
    """Says what is wrong with a value of the right type; "" = nothing."""

    def problem(self, value: Any) -> str:
        """Return why this value cannot be used, in words that follow the parameter's name; "" = it can."""
        if not _fits(value, self.type):
            return f"takes {_WORDS.get(self.type, self.type.__name__)}, not {value!r:.60}"
        if self.choices and value not in self.choices:
            return f"is one of {', '.join(self.choices)}"
        if self.minimum is not None and value < self.minimum:
            return f"is at least {self.minimum}"
        if self.maximum is not None and value > self.maximum:
            return f"is at most {self.maximum}"
        return "" if self.refuse is None else self.refuse(value)


@dataclass(frozen=True, slots=True)
class Example:
    """Shown to people and run as a test: ``value`` with ``arguments`` gives ``result``."""

    value: Any
    result: Any
    arguments: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One step of a pipeline. ``call(value, context, **arguments)``; None in gives None out unless it says."""

    name: str
    label: str
    category: Category
    doc: str
    call: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    examples: tuple[Example, ...] = ()
    takes_null: bool = False
    result: type | None = None
    """Type of what comes out; None = as it came in, or unknown."""
    shape: "ShapeRule | None" = None
    """Result rule: what comes out of which input; None = unknown, which is never proved."""
    prepare: Callable[..., Callable[..., Any]] | None = None
    """Makes ``call`` with its arguments worked in, for one that is called for every record."""
    check: Callable[[Mapping[str, Any], str], Any] | None = None
    """Raises DocumentError for arguments that do not go together."""

    def result_shape(self, given: Shape, context: ShapeContext, arguments: Mapping[str, Any]) -> Shape:
        """Return what comes out when such values go in, with complete arguments as ``bind`` gives them."""
        if self.shape is None:
            return replace(UNKNOWN, failures=given.failures)
        present = given if self.takes_null else given.without_null()
        made = NEVER
        if present.is_possible:
            made = self._of_values(present, arguments) or self.shape(present, context, **arguments)
        if given.null and not self.takes_null:
            made = made | NOTHING
        return made | Shape(failures=given.failures)

    def _of_values(self, given: Shape, arguments: Mapping[str, Any]) -> Shape | None:
        """Return the exact shape where the input is one of a few texts: the function itself tells."""
        if given.values is None or len(given.values) > _FEW:
            return None
        made = NEVER
        try:
            for value in (*sorted(given.values), *([None] if given.null else [])):
                try:
                    made = made | constant(self.call(value, _NO_CONTEXT, **arguments))
                except FunctionError as error:
                    made = made.may_fail(str(error))
        except _NeedsContext:
            return None
        return made

    def specialise(self, arguments: Mapping[str, Any]) -> Callable[..., Any]:
        """Return ``call(value, context)`` for complete arguments; every evaluation of a step goes through it."""
        if self.prepare is not None:
            return self.prepare(**arguments)
        return partial(self.call, **arguments) if arguments else self.call

    def bind(self, arguments: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return complete, checked arguments. Raises DocumentError naming the parameter."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in arguments:
            if name not in known:
                raise DocumentError(where, f"{self.name} has no parameter {name!r}")
        bound: dict[str, Any] = {}
        for parameter in self.parameters:
            value = arguments.get(parameter.name, parameter.default)
            if value is None and parameter.required:
                raise DocumentError(where, f"{self.name} needs the parameter {parameter.name!r}")
            if value is not None and (problem := parameter.problem(value)):
                raise DocumentError(where, f"{self.name}: {parameter.name} {problem}")
            is_number = parameter.type is Decimal and value is not None
            bound[parameter.name] = Decimal(str(value)) if is_number else value
        if self.check is not None:
            self.check(bound, f"{where}: {self.name}")
        return bound


ShapeRule = Callable[..., Shape]
"""``rule(given, context, **arguments)`` beside ``call(value, context, **arguments)``: shapes instead of values.

``given`` has no null unless the function takes it. What comes out may be wider than the truth, never narrower;
say ``.may_fail(reason)`` where ``call`` may raise.
"""
_FEW = 64


def always(*shapes: Shape) -> ShapeRule:
    """Return the rule of a function that makes such values of whatever it is given."""
    made = any_of(*shapes)
    return lambda given, context, **arguments: made


class _NeedsContext(Exception):
    """A function looked into the context, which a shape does not have."""


class _NoContext:
    def __getattr__(self, name: str) -> Any:
        raise _NeedsContext(name)


_NO_CONTEXT = _NoContext()
LARGEST_EXPONENT = 30
"""Powers of ten a number may reach either way: beyond them no money is meant and arithmetic is not exact."""
_WORDS = {int: "a whole number", str: "a text", Decimal: "a number"}


def _fits(value: Any, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is object
    if wanted is Decimal:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return False
        return number.is_finite() and abs(number.adjusted()) <= LARGEST_EXPONENT
    return wanted is object or isinstance(value, wanted)


REGISTRY: dict[str, Function] = {}


def function(
    name: str,
    *,
    category: Category,
    doc: str,
    label: str = "",
    parameters: tuple[Parameter, ...] = (),
    examples: tuple[Example, ...] = (),
    takes_null: bool = False,
    result: type | None = None,
    shape: ShapeRule | None = None,
    prepare: Callable[..., Callable[..., Any]] | None = None,
    check: Callable[[Mapping[str, Any], str], Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of the language under ``name``."""

    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        if name in REGISTRY:
            raise ValueError(f"two functions are called {name}")
        REGISTRY[name] = Function(
            name,
            label or name.replace("_", " "),
            category,
            doc,
            call,
            parameters,
            examples,
            takes_null,
            result,
            shape,
            prepare,
            check,
        )
        return call

    return register
