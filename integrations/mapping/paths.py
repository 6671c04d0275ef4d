"""Paths into records: ``billing_address.city``, ``items[0].sku``, ``^.currency`` (parent), ``$.total`` (root).

``items[].sku`` is the list of all SKUs, ``#`` the place of an element in its list. Read by rules, conditions and
the money check; compiled twice, into getters here and into generated code by ``generator_scopes``, from the one
reading of :func:`resolve_path`.
"""

import re
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any

from integrations.mapping.errors import DocumentError

_STEP = re.compile(r"(?!#$)([^.\[\]^$]+)(\[([0-9]{0,6})\])?$")
MAX_DEPTH = 12


class Each(Enum):
    """The key that stands for every element of a list: ``[]`` in a path."""

    ELEMENT = "[]"


class Position(Enum):
    """The key that stands for the place of an element in its list, counted from 0: ``#``."""

    HERE = "#"


Key = str | int | Each | Position

Scope = tuple[Any, ...]
"""The record, then the element of each enclosing ``each`` and its place; the last element is where a path starts."""
Getter = Callable[[Scope], Any]


def split_path(path: str, where: str) -> tuple[int | None, tuple[Key, ...]]:
    """Return (levels up or None for the root, keys). Raises DocumentError."""
    parts = path.split(".")
    up: int | None = 0
    if parts and parts[0] == "$":
        up, parts = None, parts[1:]
    else:
        while parts and parts[0] == "^":
            up = (up or 0) + 1
            parts = parts[1:]
    keys: list[Key] = []
    if parts == ["#"]:
        return up, (Position.HERE,)
    for part in parts:
        match = _STEP.match(part)
        if match is None:
            raise DocumentError(where, f"the path {path!r:.120} is not readable at {part!r:.60}")
        keys.append(match[1])
        if match[2] is not None:
            keys.append(int(match[3]) if match[3] else Each.ELEMENT)
    if len(keys) > MAX_DEPTH:
        raise DocumentError(where, f"the path {path!r:.120} is deeper than {MAX_DEPTH}")
    return up, tuple(keys)


def split_target(path: str, where: str) -> tuple[str, ...]:
    """Return the keys of a target field. Raises DocumentError for parents, the root and positions."""
    up, keys = split_path(path, where)
    names = tuple(key for key in keys if isinstance(key, str))
    if up != 0 or not names or len(names) != len(keys):
        raise DocumentError(where, f"the target {path!r:.120} is a field's name, with dots into objects")
    return names


def resolve_path(path: str, where: str, depth: int) -> tuple[int, tuple[Key, ...]]:
    """Return (position in the scope, keys) of a path in ``depth`` lists. Raises DocumentError."""
    up, keys = split_path(path, where)
    if up is not None and up > depth:
        raise DocumentError(where, f"the path {path!r:.120} climbs {up} levels, there are {depth}")
    level = 0 if up is None else depth - up
    if level == 0 and keys == (Position.HERE,):
        raise DocumentError(where, "'#' is the place in a list, there is none around it")
    return level, keys


def compile_path(path: str, where: str, depth: int) -> Getter:
    """Return a function from scope to value; anything missing on the way is None, never an error."""
    level, keys = resolve_path(path, where, depth)
    if keys == (Position.HERE,):
        return lambda scope: scope[2 * level]
    slot = slot_of(level)
    if len(keys) == 1 and isinstance(keys[0], str):
        key = keys[0]

        def get_one(scope: Scope) -> Any:
            holder = scope[slot]
            return holder.get(key) if isinstance(holder, dict) else None

        return get_one

    def get(scope: Scope) -> Any:
        return walk(scope[slot], keys)

    return get


def slot_of(level: int) -> int:
    """Return where in a scope the element at a level stands: 0 is the record."""
    return 2 * level - 1 if level else 0


def walk(value: Any, keys: tuple[Key, ...]) -> Any:
    """Follow keys through dicts and lists; None where one is missing.

    ``[]`` gives a list of what each element holds, in one level however many of them are on the way.
    """
    for position, key in enumerate(keys):
        if isinstance(key, str):
            value = value.get(key) if isinstance(value, dict) else None
        elif isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        else:
            return collect(value, keys[position + 1 :])
        if value is None:
            return None
    return value


def collect(elements: Any, keys: tuple[Key, ...]) -> list[Any] | None:
    """Return what each element holds at ``keys``; None when there is no list."""
    if not isinstance(elements, list):
        return None
    if Each.ELEMENT not in keys:
        return [walk(element, keys) for element in elements]
    inner = (walk(element, keys) for element in elements)
    return [value for found in inner if found is not None for value in found]


@lru_cache(maxsize=2_000)
def _keys_of(path: str) -> tuple[Key, ...]:
    return split_path(path, path)[1]


def read(record: Any, path: str) -> Any:
    """Return the value at a plain dotted path, or None."""
    return walk(record, _keys_of(path))


def put(target: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    """Set a value in a target record, making objects on the way."""
    for key in keys[:-1]:
        target = target.setdefault(key, {})
    target[keys[-1]] = value
