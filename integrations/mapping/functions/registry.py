"""Functions describe themselves: the palette, the documentation and their tests come from one declaration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """One named parameter of a function."""

    name: str
    type: type
    doc: str
    default: Any = None
    required: bool = False
    choices: tuple[str, ...] = ()


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
            if value is not None and not _fits(value, parameter.type):
                raise DocumentError(
                    where, f"{self.name}: {parameter.name} takes {parameter.type.__name__}, not {value!r}"
                )
            if parameter.choices and value not in parameter.choices:
                raise DocumentError(
                    where, f"{self.name}: {parameter.name} is one of {', '.join(parameter.choices)}"
                )
            bound[parameter.name] = value
        return bound


def _fits(value: Any, wanted: type) -> bool:
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool)
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
