"""Paths into records: ``billing_address.city``, ``items[0].sku``, ``^.currency`` (parent), ``$.total`` (root)."""

import re
from collections.abc import Callable
from typing import Any

from integrations.mapping.errors import DocumentError

_STEP = re.compile(r"([^.\[\]^$]+)(?:\[([0-9]{1,6})\])?$")
MAX_DEPTH = 12

Scope = tuple[Any, ...]
"""The record, then the element of each enclosing ``each``; the last one is where a path starts."""
Getter = Callable[[Scope], Any]


def split_path(path: str, where: str) -> tuple[int | None, tuple[str | int, ...]]:
    """Return (levels up or None for the root, keys). Raises DocumentError."""
    parts = path.split(".")
    up: int | None = 0
    if parts and parts[0] == "$":
        up, parts = None, parts[1:]
    else:
        while parts and parts[0] == "^":
            up = (up or 0) + 1
            parts = parts[1:]
    keys: list[str | int] = []
    for part in parts:
        match = _STEP.match(part)
        if match is None:
            raise DocumentError(where, f"the path {path!r:.120} is not readable at {part!r:.60}")
        keys.append(match[1])
        if match[2] is not None:
            keys.append(int(match[2]))
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


def compile_path(path: str, where: str, depth: int) -> Getter:
    """Return a function from scope to value; anything missing on the way is None, never an error."""
    up, keys = split_path(path, where)
    if up is not None and up > depth:
        raise DocumentError(where, f"the path {path!r:.120} climbs {up} levels, there are {depth}")
    index = 0 if up is None else -1 - up
    if len(keys) == 1 and isinstance(keys[0], str):
        key = keys[0]

        def get_one(scope: Scope) -> Any:
            holder = scope[index]
            return holder.get(key) if isinstance(holder, dict) else None

        return get_one

    def get(scope: Scope) -> Any:
        return walk(scope[index], keys)

    return get


def walk(value: Any, keys: tuple[str | int, ...]) -> Any:
    """Follow keys through dicts and lists; None where one is missing."""
    for key in keys:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return None
    return value


def read(record: Any, path: str) -> Any:
    """Return the value at a plain dotted path, or None."""
    _, keys = split_path(path, path)
    return walk(record, keys)


def put(target: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    """Set a value in a target record, making objects on the way."""
    for key in keys[:-1]:
        target = target.setdefault(key, {})
    target[keys[-1]] = value
