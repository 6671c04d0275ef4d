"""Source schemas as shapes, paths read from them, and what a met condition says about them.

Used by ``proof``. A record fits a source schema when ``source_problems`` finds nothing; every proof is relative to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from integrations.kinds import EntitySchema, FieldInfo, FieldType
from integrations.mapping.paths import Each, Key, Position, resolve_path
from integrations.mapping.shapes import (
    NEVER,
    NOTHING,
    UNKNOWN,
    Lists,
    Numbers,
    Objects,
    Shape,
    Texts,
    any_of,
    decimal_places,
    text,
    text_among,
    whole_number,
)
from integrations.mapping.validation import TargetProblem, validate_target

Place = tuple[int, tuple[Key, ...]]
"""A path in a scope: position of the record or element, then keys."""


def source_problems(record: Mapping[str, Any], schema: EntitySchema) -> list[TargetProblem]:
    """Return why a record is none of those the schema declares; [] = it fits.

    Beside the rules for targets a field that is never null must be there, wherever its object is.
    """
    problems = validate_target(record, schema)
    _find_missing(record, schema.fields, "", problems)
    return problems


def _find_missing(
    record: Mapping[str, Any], fields: tuple[FieldInfo, ...], prefix: str, problems: list[TargetProblem]
) -> None:
    for info in fields:
        value = record.get(info.name)
        if value is None and not info.nullable and not info.required:
            problems.append(TargetProblem(prefix + info.name, "", "is always there"))
        if isinstance(value, Mapping):
            _find_missing(value, info.fields, f"{prefix}{info.name}.", problems)
        elif isinstance(value, list) and info.fields:
            for position, one in enumerate(value):
                if isinstance(one, Mapping):
                    _find_missing(one, info.fields, f"{prefix}{info.name}[{position}].", problems)


@lru_cache(maxsize=128)
def shape_of(schema: EntitySchema) -> Shape:
    """Return the shape of a record that fits the schema."""
    return Shape(members=_members(schema.fields))


def _members(fields: tuple[FieldInfo, ...]) -> Objects:
    return Objects({info.name: _field(info) for info in fields})


def _field(info: FieldInfo) -> Shape:
    made = _present(info)
    return made | NOTHING if info.nullable and not info.required else made


def _present(info: FieldInfo) -> Shape:
    minimum = None if info.minimum is None else Decimal(info.minimum)
    match info.type:
        case FieldType.TEXT:
            return _texts(info)
        case FieldType.INTEGER:
            return Shape(whole=Numbers(minimum, None, 0))
        case FieldType.DECIMAL:
            numbers = Numbers(minimum, None, info.places)
            return Shape(whole=replace(numbers, places=0), exact=numbers)
        case FieldType.BOOLEAN:
            return Shape(yes_no=True)
        case FieldType.DATE | FieldType.DATETIME:
            # Systems without a type for it hand times over as text; the schema allows both.
            return replace(text(shortest=1 if info.required else 0), day=True, moment=True)
        case FieldType.OBJECT:
            return Shape(members=_members(info.fields) if info.fields else Objects({}, is_open=True))
        case FieldType.ARRAY:
            element = Shape(members=_members(info.fields)) if info.fields else UNKNOWN
            return Shape(elements=Lists(element, 1 if info.required else 0))
    return UNKNOWN


def _texts(info: FieldInfo) -> Shape:
    shortest = 1 if info.required else 0
    if not info.enum:
        return text(info.max_length, shortest=shortest)
    longest = info.max_length
    return text_among(
        *(one for one in info.enum if len(one) >= shortest and (longest is None or len(one) <= longest))
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What a path gives: its shape, where in the source schema it stands, and what is wrong with the path."""

    shape: Shape
    origin: str = ""
    """``items[].sku``; "" = nowhere in the schema."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The record and the elements around a rule, as shapes; ``refined`` is what conditions say of paths."""

    shapes: tuple[Shape, ...]
    origins: tuple[str, ...] = ("",)
    refined: Mapping[Place, Shape] = field(default_factory=dict)
    is_reached: bool = True
    """False where a condition on the way can never be met."""

    @property
    def depth(self) -> int:
        return len(self.shapes) - 1

    def inside(self, element: Shape, origin: str) -> "Scope":
        """Return the scope of the rules within an ``each``."""
        return replace(self, shapes=(*self.shapes, element), origins=(*self.origins, origin))

    def read(self, path: str) -> Reading:
        """Return what stands at a path. The document compiled, so the path is readable."""
        level, keys = resolve_path(path, path, self.depth)
        if keys == (Position.HERE,):
            return Reading(whole_number(Decimal(0)))
        shape, problem = self.shapes[level], ""
        for position, key in enumerate(keys):
            if key is Each.ELEMENT:
                shape, problem = _each(shape, keys[position + 1 :], problem)
                break
            shape, problem = _step(shape, key, problem)
            shape = self.refined.get((level, keys[: position + 1]), shape)
        return Reading(shape, _origin(self.origins[level], keys), problem)

    def where(self, condition: Any) -> "Scope":
        """Return the scope in which a condition is met."""
        refined, is_reached = dict(self.refined), self.is_reached
        for path, leaf in _sure_leaves(condition):
            level, keys = resolve_path(path, path, self.depth)
            if Each.ELEMENT in keys or Position.HERE in keys or not keys:
                continue
            met = _met(replace(self, refined=refined).read(path).shape, leaf)
            refined[level, keys] = met
            is_reached = is_reached and met.is_possible
        return replace(self, refined=refined, is_reached=is_reached)

    def always(self, condition: Any) -> bool:
        """Return whether a condition is surely met: here, that a field which is never empty is not empty."""
        leaves = [condition["not"]] if isinstance(condition, Mapping) and "not" in condition else [condition]
        (leaf,) = leaves
        if not isinstance(leaf, Mapping) or leaf.get("op") != "is_empty":
            return False
        asks_empty = (leaf.get("value", True) is True) != ("not" in condition)
        return not asks_empty and not _may_be_empty(self.read(leaf["field"]).shape)


def _step(shape: Shape, key: Key, problem: str) -> tuple[Shape, str]:
    """Return the shape behind one key; what is missing on the way is nothing."""
    if shape.unknown:
        return UNKNOWN, problem
    if isinstance(key, int):
        if shape.elements is None:
            return UNKNOWN, problem or f"[{key}] is read of a value that is not a list"
        known = shape.elements.positions
        if known is not None:
            return known[key] if key < len(known) else NOTHING, problem
        always = key < shape.elements.shortest and shape.is_only("elements")
        return (shape.elements.element if always else shape.elements.element | NOTHING), problem
    name = str(key)
    if shape.members is None:
        what = "a list; use each, [] or [0]" if shape.elements is not None else "no object"
        return UNKNOWN, problem or f"{name} is read of {what}"
    if name not in shape.members.members and not shape.members.is_open:
        near = get_close_matches(name, shape.members.members, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return UNKNOWN, problem or f"the source has no field {name}{hint}"
    found = shape.members.member(name)
    return (found if shape.is_only("members") else found | NOTHING), problem


def _each(shape: Shape, keys: tuple[Key, ...], problem: str) -> tuple[Shape, str]:
    """Return the list of what each element holds at ``keys``, lists in lists in one level."""
    if shape.unknown:
        return UNKNOWN, problem
    if shape.elements is None:
        return UNKNOWN, problem or "[] is read of a value that is not a list"
    is_nested = False
    element = shape.elements.element
    for position, key in enumerate(keys):
        if key is Each.ELEMENT:
            element, problem = _each(element, keys[position + 1 :], problem)
            is_nested = True
            break
        element, problem = _step(element, key, problem)
    if is_nested:
        inner = UNKNOWN if element.unknown or element.elements is None else element.elements.element
        made = Lists(inner)
    else:
        made = Lists(element, shape.elements.shortest, shape.elements.longest)
    return Shape(null=not shape.is_only("elements"), elements=made), problem


def _origin(start: str, keys: tuple[Key, ...]) -> str:
    origin = start
    for key in keys:
        if isinstance(key, str):
            origin = f"{origin}.{key}" if origin else key
        elif not origin.endswith("[]"):
            origin += "[]"
    return origin


def _sure_leaves(condition: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the comparisons that must hold where the condition is met."""
    if not isinstance(condition, Mapping):
        return []
    parts = condition.get("all") or (condition.get("any") if len(condition.get("any") or ()) == 1 else None)
    if parts:
        return [leaf for part in parts for leaf in _sure_leaves(part)]
    inner = condition.get("not")
    if isinstance(inner, Mapping) and inner.get("op") == "is_empty":
        turned = {**inner, "value": inner.get("value", True) is not True}
        return [(str(inner["field"]), turned)]
    return [(condition["field"], condition)] if "op" in condition else []


def _met(shape: Shape, leaf: Mapping[str, Any]) -> Shape:
    """Return what the compared value can be where the comparison holds."""
    value = leaf.get("value")
    match leaf["op"]:
        case "is_empty":
            return _filled(shape) if value is False else _emptied(shape)
        case "eq":
            return _equal(shape, value)
        case "in" if isinstance(value, list):
            return any_of(*(_equal(shape, one) for one in value))
        case "ne" if value is None:
            return shape.without_null()
        case "ge" | "gt" | "le" | "lt":
            return _ordered(shape, leaf["op"], value)
        case "starts_with" | "contains" if isinstance(value, str):
            return _holding(shape, value)
    return shape


def _filled(shape: Shape) -> Shape:
    made = shape.without_empty()
    if made.elements is not None and made.elements.shortest == 0:
        made = replace(made, elements=replace(made.elements, shortest=1))
    return made


def _emptied(shape: Shape) -> Shape:
    """Return what is nothing, the empty text, or a list or object without anything in it."""
    if shape.unknown:
        return shape
    has_empty_text = shape.text is not None and (
        shape.text.shortest == 0 if shape.text.values is None else "" in shape.text.values
    )
    has_empty_list = shape.elements is not None and shape.elements.shortest == 0
    return Shape(
        null=shape.null,
        text=Texts.among(frozenset(("",))) if has_empty_text else None,
        members=shape.members,
        elements=Lists(NEVER, 0, 0) if has_empty_list else None,
    )


def _may_be_empty(shape: Shape) -> bool:
    return shape.unknown or _emptied(shape).is_possible


def _equal(shape: Shape, value: Any) -> Shape:
    if value is None:
        return NOTHING if shape.null or shape.unknown else NEVER
    if isinstance(value, bool):
        return Shape(yes_no=True) if shape.yes_no or shape.unknown else NEVER
    if isinstance(value, str):
        # A written time is met by times as well.
        times = Shape(moment=shape.moment or shape.unknown, day=shape.day or shape.unknown)
        can = shape.unknown or (
            shape.text is not None and (shape.text.values is None or value in shape.text.values)
        )
        return text_among(value) | times if can else times
    number = Decimal(str(value))
    exactly = Numbers(number, number, decimal_places(number))
    return Shape(
        whole=replace(exactly, places=0) if shape.whole is not None or shape.unknown else None,
        exact=exactly if shape.exact is not None or shape.unknown else None,
    )


def _ordered(shape: Shape, operator: str, value: Any) -> Shape:
    if isinstance(value, str):
        return replace(shape, null=False, whole=None, exact=None, yes_no=False)
    bound = Decimal(str(value))

    def within(numbers: Numbers | None) -> Numbers | None:
        if numbers is None:
            return Numbers() if shape.unknown else None
        if operator in ("ge", "gt"):
            return replace(numbers, least=bound if numbers.least is None else max(bound, numbers.least))
        return replace(numbers, most=bound if numbers.most is None else min(bound, numbers.most))

    return Shape(whole=within(shape.whole), exact=within(shape.exact))


def _holding(shape: Shape, value: str) -> Shape:
    if shape.unknown:
        return text(shortest=len(value))
    if shape.text is None:
        return NEVER
    if shape.text.values is not None:
        return text_among(*(one for one in shape.text.values if value in one))
    return Shape(text=replace(shape.text, shortest=max(shape.text.shortest, len(value))))
