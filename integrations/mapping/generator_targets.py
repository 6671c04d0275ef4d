"""The target object of generated code: one display for all fields that are always written, in their order.

Used by ``generator``, once for the record and once for each list.
"""

import ast
from typing import Union, cast

from integrations.mapping import nodes
from integrations.mapping.generator_scopes import Names

_Tree = dict[str, Union[ast.expr, "_Tree"]]


class Target:
    """Collects fields until one is conditional; from there on each field is put by itself."""

    def __init__(self, names: Names) -> None:
        self.word = names.new("t")
        self._names = names
        self._always: _Tree | None = {}
        self._objects: dict[tuple[str, ...], str] = {(): self.word}

    def put(self, keys: tuple[str, ...], value: ast.expr) -> list[ast.stmt]:
        """Return the statements that put ``value`` into the target, none while it waits for its display."""
        if self._always is None:
            holder = self._objects.get(keys[:-1])
            if holder is not None:
                return [nodes.put_item(holder, keys[-1], value)]
            return [nodes.run(nodes.called("put", nodes.name(self.word), self._names.of(keys), value))]
        tree = self._always
        for key in keys[:-1]:
            # Always an object: a document with overlapping targets is refused.
            tree = cast(_Tree, tree.setdefault(key, {}))
        tree[keys[-1]] = value
        return []

    def finished(self) -> list[ast.stmt]:
        """Return the statements that make the object; fields that come later are put one by one."""
        if self._always is None:
            return []
        statements: list[ast.stmt] = []
        self._display(self._always, (), statements)
        self._always = None
        return statements

    def _display(self, tree: _Tree, place: tuple[str, ...], statements: list[ast.stmt]) -> ast.expr:
        members: list[tuple[str, ast.expr]] = []
        for key, value in tree.items():
            inner = self._display(value, (*place, key), statements) if isinstance(value, dict) else value
            members.append((key, inner))
        word = self._objects.setdefault(place, self._names.new("t"))
        statements.append(nodes.assign(word, nodes.dict_of(members)))
        return nodes.name(word)
