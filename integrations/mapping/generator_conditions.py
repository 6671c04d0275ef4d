"""Conditions of generated code: the common comparisons inlined, the others by the function that interprets them.

Used by ``generator`` for ``when`` and ``where``. Each inlined form is no more than ``conditions`` says of the same
leaf; odd values go to its function, or raise, which hands the record to the interpreter.
"""

import ast
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from integrations.mapping import nodes
from integrations.mapping.conditions import Leaf
from integrations.mapping.generator_scopes import Names

Read = Callable[[str], ast.expr]
"""From a path to the variable that holds what is there."""
_ORDER: Mapping[str, type[ast.cmpop]] = {"gt": ast.Gt, "ge": ast.GtE, "lt": ast.Lt, "le": ast.LtE}
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_FEW = 4


def condition_of(given: Mapping[str, Any], read: Read, names: Names) -> ast.expr:
    """Return the expression of a condition that was compiled before, and so is known to be right."""
    for word, combine in (("all", nodes.both), ("any", nodes.either)):
        if word in given:
            return combine(*(condition_of(part, read, names) for part in given[word]))
    if "not" in given:
        return nodes.negated(condition_of(given["not"], read, names))
    leaf = Leaf.of(given)
    left = read(leaf.field)
    return _inlined(leaf, left, names) or nodes.called_by(names.of(leaf.holds), left)


def _inlined(leaf: Leaf, left: ast.expr, names: Names) -> ast.expr | None:
    value = leaf.value
    if leaf.moment is not None:
        return None
    if leaf.operator in ("eq", "ne"):
        equal = _equal(leaf, left, names)
        return nodes.negated(equal) if equal is not None and leaf.operator == "ne" else equal
    if leaf.operator in _ORDER and not isinstance(value, str):
        compared = nodes.compare(left, _ORDER[leaf.operator](), names.of(Decimal(str(value))))
        return _if_decimal(left, compared, leaf, names)
    if leaf.operator in ("in", "not_in"):
        return _among(leaf, left, names)
    if leaf.operator == "is_empty":
        among_empty = nodes.compare(left, ast.In(), names.of(_EMPTY))
        empty = nodes.both(nodes.negated(left), among_empty)
        return empty if value else nodes.negated(empty)
    if leaf.operator == "starts_with":
        begins = nodes.method(left, "startswith", nodes.literal(value))
        return nodes.both(nodes.is_a(left, "str"), begins)
    if leaf.operator == "contains":
        holds = nodes.compare(nodes.literal(value), ast.In(), left)
        return nodes.both(nodes.is_a(left, "str"), holds)
    return None


def _equal(leaf: Leaf, left: ast.expr, names: Names) -> ast.expr | None:
    value = leaf.value
    if value is None or isinstance(value, bool):
        return nodes.compare(left, ast.Is(), nodes.literal(value))
    if isinstance(value, str):
        return nodes.compare(left, ast.Eq(), nodes.literal(value))
    if leaf.operator == "ne" or value != value:
        return None
    return _if_decimal(left, nodes.compare(left, ast.Eq(), names.of(Decimal(str(value)))), leaf, names)


def _if_decimal(left: ast.expr, compared: ast.expr, leaf: Leaf, names: Names) -> ast.expr:
    is_decimal = nodes.compare(nodes.called("type", left), ast.Is(), nodes.name("Decimal"))
    return nodes.choice(is_decimal, compared, nodes.called_by(names.of(leaf.holds), left))


def _among(leaf: Leaf, left: ast.expr, names: Names) -> ast.expr | None:
    if not all(isinstance(one, str) for one in leaf.value):
        return None
    is_few = len(leaf.value) <= _FEW
    known = tuple(leaf.value) if is_few else frozenset(leaf.value)
    among = nodes.compare(left, ast.In(), names.of(known))
    # A list or an object has no hash to be looked up by, and is among no texts.
    found = among if is_few else nodes.both(nodes.is_a(left, "str"), among)
    return nodes.negated(found) if leaf.operator == "not_in" else found
