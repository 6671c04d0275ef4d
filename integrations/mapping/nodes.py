"""Syntax tree nodes of generated code, one short word each. Used by the generator modules only.

Nothing here parses text: what a person wrote in a document enters as a constant or as an object in the
function's globals, never as a name or as code. The place in the source, which compile() asks of every node, is
given once here since walking the tree for it afterwards costs as much as compiling.
"""

import ast
from collections.abc import Sequence
from typing import Any

_LOAD, _STORE = ast.Load(), ast.Store()
PLACE: dict[str, Any] = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}


def name(word: str) -> ast.expr:
    """Return the reading of a variable that the generator itself named."""
    return ast.Name(word, _LOAD, **PLACE)


def literal(value: str | int | bool | None) -> ast.expr:
    return ast.Constant(value, **PLACE)


def called_by(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [], **PLACE)


def called(word: str, *arguments: ast.expr) -> ast.expr:
    """Return a call of a function among the globals."""
    return ast.Call(name(word), list(arguments), [], **PLACE)


def method(holder: ast.expr, word: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(holder, word, _LOAD, **PLACE), list(arguments), [], **PLACE)


def item(holder: ast.expr, key: ast.expr) -> ast.expr:
    return ast.Subscript(holder, key, _LOAD, **PLACE)


def beginning(text: ast.expr, length: int) -> ast.expr:
    """Return ``text[:length]``."""
    return ast.Subscript(text, ast.Slice(None, literal(length), None, **PLACE), _LOAD, **PLACE)


def choice(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    return ast.IfExp(test, then, otherwise, **PLACE)


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [operator], [right], **PLACE)


def is_a(value: ast.expr, type_word: str) -> ast.expr:
    """Return ``isinstance(value, type)`` for a type among the globals."""
    return called("isinstance", value, name(type_word))


def both(*parts: ast.expr) -> ast.expr:
    return ast.BoolOp(ast.And(), list(parts), **PLACE) if len(parts) > 1 else parts[0]


def either(*parts: ast.expr) -> ast.expr:
    return ast.BoolOp(ast.Or(), list(parts), **PLACE) if len(parts) > 1 else parts[0]


def negated(part: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), part, **PLACE)


def added(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Add(), right, **PLACE)


def multiplied(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Mult(), right, **PLACE)


def divided(left: ast.expr, right: ast.expr) -> ast.expr:
    return ast.BinOp(left, ast.Div(), right, **PLACE)


def list_of(values: Sequence[ast.expr]) -> ast.expr:
    return ast.List(list(values), _LOAD, **PLACE)


def tuple_of(values: Sequence[ast.expr]) -> ast.expr:
    return ast.Tuple(list(values), _LOAD, **PLACE)


def dict_of(members: Sequence[tuple[str, ast.expr]]) -> ast.expr:
    return ast.Dict([literal(key) for key, _ in members], [value for _, value in members], **PLACE)


def assign(word: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(word, _STORE, **PLACE)], value, **PLACE)


def put_item(holder: str, key: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Subscript(name(holder), literal(key), _STORE, **PLACE)], value, **PLACE)


def run(expression: ast.expr) -> ast.stmt:
    return ast.Expr(expression, **PLACE)


def when(test: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt] | None = None) -> ast.stmt:
    return ast.If(test, body, otherwise or [], **PLACE)


def for_each(word: str, source: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    return ast.For(ast.Name(word, _STORE, **PLACE), source, body, [], **PLACE)


def go_on() -> ast.stmt:
    return ast.Continue(**PLACE)


def give(value: ast.expr) -> ast.stmt:
    return ast.Return(value, **PLACE)


def module_with(function: str, parameters: Sequence[str], body: list[ast.stmt]) -> ast.Module:
    """Return a module that defines one function."""
    arguments = ast.arguments([], [ast.arg(word, **PLACE) for word in parameters], None, [], [], None, [])
    defined = ast.FunctionDef(function, arguments, body, [], **PLACE)
    return ast.Module([defined], [])
