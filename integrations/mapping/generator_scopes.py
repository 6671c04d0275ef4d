"""Names and places of generated code: what a path becomes, read once for each record or element.

Used by ``generator``. A scope is the record or one element of a list; what any rule, condition or inner list
reads from it is read at its start, so that a field used in four rules, or in every line, is fetched once.
"""

import ast
from collections.abc import Mapping
from typing import Any, cast

from integrations.mapping import nodes
from integrations.mapping.paths import Each, Key, Position, collect

_NO_FIELDS: Mapping[str, Any] = {}
SHARED: dict[str, Any] = {
    # Without builtins the tree cannot reach more than what is listed, whatever a later change lets in.
    "__builtins__": {},
    "isinstance": isinstance,
    "type": type,
    "len": len,
    "dict": dict,
    "list": list,
    "str": str,
    "int": int,
    "no_fields": _NO_FIELDS,
    "collect": collect,
}


class Names:
    """The variables of one generated function and the objects in its globals."""

    def __init__(self, known: dict[str, Any]) -> None:
        self.globals = known
        self._count = 0

    def new(self, letter: str) -> str:
        """Return a variable nobody has."""
        self._count += 1
        return f"{letter}{self._count}"

    def of(self, thing: Any) -> ast.expr:
        """Return the name under which the function finds an object."""
        word = self.new("g")
        self.globals[word] = thing
        return nodes.name(word)

    def constant(self, value: Any) -> ast.expr:
        """Return a constant of a document: lists and objects anew each time, the receiver may change them."""
        if value is None or isinstance(value, str | bool | int):
            return nodes.literal(value)
        if isinstance(value, list | dict):
            return nodes.called("fresh", self.of(value))
        return self.of(value)


class Scope:
    """The record or an element, and the statements that read what is wanted of it."""

    def __init__(self, names: Names, word: str) -> None:
        self.statements: list[ast.stmt] = []
        self.counts = False
        """Whether anything asked for the place of the element in its list."""
        self._names = names
        self._values: dict[tuple[Key, ...], str] = {(): word}
        self._holders: dict[tuple[Key, ...], str] = {}
        self.position = names.new("p")
        """The variable of the element's place."""

    def read(self, keys: tuple[Key, ...]) -> ast.expr:
        """Return the variable that holds what stands at ``keys``, None where anything is missing."""
        if keys == (Position.HERE,):
            self.counts = True
            return nodes.name(self.position)
        word = self._values.get(keys)
        if word is None:
            value = self._reading(keys)
            word = self._values[keys] = self._names.new("v")
            self.statements.append(nodes.assign(word, value))
        return nodes.name(word)

    def _reading(self, keys: tuple[Key, ...]) -> ast.expr:
        if Each.ELEMENT in keys:
            place = keys.index(Each.ELEMENT)
            rest = self._names.of(keys[place + 1 :])
            return nodes.called("collect", self.read(keys[:place]), rest)
        *_, last = keys
        if isinstance(last, str):
            return nodes.method(self._holder(keys[:-1]), "get", nodes.literal(last))
        elements, position = self.read(keys[:-1]), nodes.literal(cast(int, last))
        is_there = nodes.both(
            nodes.is_a(elements, "list"), nodes.compare(nodes.called("len", elements), ast.Gt(), position)
        )
        return nodes.choice(is_there, nodes.item(elements, position), nodes.literal(None))

    def _holder(self, keys: tuple[Key, ...]) -> ast.expr:
        """Return the variable that holds the object at ``keys``: an empty one where there is none."""
        word = self._holders.get(keys)
        if word is None:
            value = self.read(keys)
            word = self._holders[keys] = self._names.new("d")
            is_object = nodes.choice(nodes.is_a(value, "dict"), value, nodes.name("no_fields"))
            self.statements.append(nodes.assign(word, is_object))
        return nodes.name(word)
