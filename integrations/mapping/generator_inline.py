"""Functions that generated code holds inline where the value is of the type they are mostly given.

Used by ``generator``. Each form is the function's own result for that type; every other value goes to the
function. A property test holds generated code against the interpreter, which knows nothing of this file.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.mapping import nodes
from integrations.mapping.functions.money import ROUNDING
from integrations.mapping.functions.types import SMALLEST, TOO_LARGE
from integrations.mapping.generator_scopes import Names
from integrations.mapping.interpreter import BoundStep


@dataclass(frozen=True, slots=True)
class Known:
    """What is sure of a variable: its type ("" = nothing), and whether it may be None."""

    type: str = ""
    is_nullable: bool = True


Inlined = tuple[ast.expr, Known]
_LARGE_QUANTITY = 10**9
_TEXT, _EXACT = Known("str", is_nullable=False), Known("Decimal", is_nullable=False)
WANTED = {"Decimal": Decimal, "smallest": SMALLEST, "too_large": TOO_LARGE}
"""What inlined functions find in the globals."""


def applied(step: BoundStep, value: ast.expr, known: Known, names: Names) -> Inlined:
    """Return ``step`` applied to a variable that is not None unless the function takes it."""
    rare = nodes.called_by(names.of(step.call), value, nodes.name("context"))
    inline = _INLINE.get(step.function.name)
    if inline is not None:
        return inline(value, known, rare, step.arguments, names)
    kind = {str: "str", Decimal: "Decimal", int: "int"}.get(step.function.result or object, "")
    return rare, Known(
        kind if step.function.name in _ALWAYS_GIVES else "", step.function.name not in _ALWAYS_GIVES
    )


def applied_to_sources(step: BoundStep, values: list[ast.expr], names: Names) -> Inlined | None:
    """Return ``step`` applied to the variables of several sources, None where the list itself is needed."""
    if step.function.name == "coalesce":
        return _first_with_value(values), Known()
    if step.function.name == "net_unit_price" and len(values) == 2:
        total, quantity = values
        return _unit_price(step, total, quantity, names)
    return None


def _unit_price(step: BoundStep, total: ast.expr, quantity: ast.expr, names: Names) -> Inlined:
    places, mode = step.arguments["places"], step.arguments["mode"]
    rare = nodes.called_by(names.of(step.call), nodes.list_of([total, quantity]), nodes.name("context"))
    is_count = ast.Compare(
        nodes.literal(0), [ast.Lt(), ast.Lt()], [quantity, nodes.literal(_LARGE_QUANTITY)], **nodes.PLACE
    )
    is_common = nodes.both(_is_amount(total, Known()), _is_exactly(quantity, "int"), is_count)
    step_of_price, rule = names.of(Decimal(1).scaleb(-places)), nodes.literal(ROUNDING[mode])
    price = nodes.method(nodes.divided(total, quantity), "quantize", step_of_price, rule)
    return nodes.choice(is_common, price, rare), _EXACT


def _first_with_value(values: list[ast.expr]) -> ast.expr:
    chosen = nodes.literal(None)
    for value in reversed(values):
        chosen = nodes.choice(_has_value(value), value, chosen)
    return chosen


def _has_value(value: ast.expr) -> ast.expr:
    is_there = nodes.compare(value, ast.IsNot(), nodes.literal(None))
    return nodes.both(is_there, nodes.compare(value, ast.NotEq(), nodes.literal("")))


def _of_text(make: Callable[[ast.expr, Mapping[str, Any]], ast.expr]) -> Callable[..., Inlined]:
    """Return the inlining of a function from text to text."""

    def inline(
        value: ast.expr, known: Known, rare: ast.expr, arguments: Mapping[str, Any], names: Names
    ) -> Inlined:
        common = make(value, arguments)
        if known.type == "str":
            return common, _TEXT
        return nodes.choice(_is_exactly(value, "str"), common, rare), _TEXT

    return inline


def _is_exactly(value: ast.expr, type_word: str) -> ast.expr:
    return nodes.compare(nodes.called("type", value), ast.Is(), nodes.name(type_word))


def _to_decimal(
    value: ast.expr, known: Known, rare: ast.expr, arguments: Mapping[str, Any], names: Names
) -> Inlined:
    return nodes.choice(_is_amount(value, known), value, rare), _EXACT


def _is_amount(value: ast.expr, known: Known) -> ast.expr:
    # Only amounts above zero, which nothing here turns into a negative zero; not a number raises in the comparison.
    smallest, too_large = nodes.name("smallest"), nodes.name("too_large")
    in_range = ast.Compare(smallest, [ast.LtE(), ast.Lt()], [value, too_large], **nodes.PLACE)
    return in_range if known.type == "Decimal" else nodes.both(_is_exactly(value, "Decimal"), in_range)


def _round(
    value: ast.expr, known: Known, rare: ast.expr, arguments: Mapping[str, Any], names: Names
) -> Inlined:
    step, rule = names.of(Decimal(1).scaleb(-arguments["places"])), nodes.literal(ROUNDING[arguments["mode"]])
    rounded = nodes.method(value, "quantize", step, rule)
    return nodes.choice(_is_amount(value, known), rounded, rare), _EXACT


def _multiply(
    value: ast.expr, known: Known, rare: ast.expr, arguments: Mapping[str, Any], names: Names
) -> Inlined:
    if not arguments["by"]:
        return rare, _EXACT  # the factor may be a negative zero
    product = nodes.multiplied(value, names.of(arguments["by"]))
    return nodes.choice(_is_amount(value, known), product, rare), _EXACT


def _default(
    value: ast.expr, known: Known, rare: ast.expr, arguments: Mapping[str, Any], names: Names
) -> Inlined:
    given = arguments["value"]
    is_text = isinstance(given, str) and known.type == "str"
    return nodes.choice(_has_value(value), value, names.constant(given)), Known(
        "str" if is_text else "", given is None
    )


_INLINE: Mapping[str, Callable[..., Inlined]] = {
    "trim": _of_text(lambda value, arguments: nodes.method(value, "strip")),
    "upper": _of_text(lambda value, arguments: nodes.method(value, "upper")),
    "lower": _of_text(lambda value, arguments: nodes.method(value, "lower")),
    "to_text": _of_text(lambda value, arguments: value),
    "prefix": _of_text(lambda value, arguments: nodes.added(nodes.literal(arguments["with"]), value)),
    "truncate": _of_text(lambda value, arguments: nodes.beginning(value, arguments["length"])),
    "to_decimal": _to_decimal,
    "round": _round,
    "multiply": _multiply,
    "default": _default,
}
_ALWAYS_GIVES = frozenset(
    {"to_integer", "to_date", "floor", "add", "sum", "at_least", "net_unit_price", "join", "link"}
)
"""Functions that never give nothing, and always their declared type."""
