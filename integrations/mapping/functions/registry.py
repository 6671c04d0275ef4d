"""Functions describe themselves: the palette, the documentation and their tests come from one declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from integrations.mapping.errors import DocumentError


class Category(StrEnum):
    TYPES = "types and formats"
    TEXT = "text"
    MONEY = "numbers and money"
    LISTS = "lists"
    LOOKUP = "lookup and link"
    ADDRESS = "address"


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
        return bound


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
        )
        return call

    return register
