"""Holds a shape against a target field, as ``validate_target`` holds a value: every way it may be refused.

Used by ``proof``. Mirrors ``mapping.validation`` rule by rule: no doubt means no value of the shape is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from integrations.kinds import FieldInfo, FieldType
from integrations.mapping.shapes import Numbers, Objects, Shape, Texts

_WORDS = {
    FieldType.TEXT: ("a text", "add to_text"),
    FieldType.INTEGER: ("a whole number", "add to_integer"),
    FieldType.DECIMAL: ("a number", "add to_decimal"),
    FieldType.BOOLEAN: ("yes or no", "use a condition: true when it holds, else false"),
    FieldType.DATE: ("a date", "add to_date"),
    FieldType.DATETIME: ("a time", "map a time"),
    FieldType.OBJECT: ("an object", "map its fields one by one"),
    FieldType.ARRAY: ("a list", "use each"),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """One way in which a value may be refused, and the guard that would rule it out."""

    reason: str
    guard: str = ""


def doubts(shape: Shape, info: FieldInfo, *, creating: bool) -> Iterator[Doubt]:
    """Yield every way in which this field may refuse a value of this shape."""
    if shape.unknown:
        yield Doubt("what comes out is not known", _unknown_guard(info))
        return
    is_required = info.required and creating
    if shape.null and (is_required or not info.nullable):
        yield Doubt("may be empty", "add default, or required to hold such a record")
    yield from _wrong_types(shape, info)
    match info.type:
        case FieldType.TEXT if shape.text is not None:
            yield from _texts(shape.text, info, is_required)
        case FieldType.DATE | FieldType.DATETIME if shape.text is not None and is_required:
            if shape.text.shortest == 0:
                yield Doubt("may be empty", "add default, or required to hold such a record")
        case FieldType.INTEGER | FieldType.DECIMAL:
            for numbers in (shape.whole, shape.exact):
                if numbers is not None:
                    yield from _numbers(numbers, info)
        case FieldType.OBJECT if shape.members is not None and info.fields:
            yield from _members(shape.members, info, creating)
        case FieldType.ARRAY if shape.elements is not None:
            if is_required and shape.elements.shortest == 0:
                yield Doubt("may be an empty list", "map a list that always has elements")
            if info.fields and (shape.elements.longest or shape.elements.longest is None):
                yield from _elements(shape.elements.element, info, creating)


def _unknown_guard(info: FieldInfo) -> str:
    if info.type is FieldType.TEXT and info.max_length is not None:
        return f"add truncate {info.max_length}, or max_length {info.max_length} to hold what is longer"
    return _WORDS[info.type][1]


def _wrong_types(shape: Shape, info: FieldInfo) -> Iterator[Doubt]:
    fitting = _FITTING[info.type]
    for attribute, words in _ALTERNATIVES:
        if attribute not in fitting and getattr(shape, attribute):
            needed, guard = _WORDS[info.type]
            yield Doubt(f"may be {words}; {needed} is needed", _turn(attribute, info, guard))


def _turn(attribute: str, info: FieldInfo, guard: str) -> str:
    if attribute == "elements" and info.type is not FieldType.OBJECT:
        return "take one element (first, or [0] in the path), or join them"
    if attribute == "members" and info.type is not FieldType.ARRAY:
        return "map one field of the object"
    return guard


_ALTERNATIVES = (
    ("text", "a text"),
    ("whole", "a whole number"),
    ("exact", "a number"),
    ("yes_no", "yes or no"),
    ("moment", "a time"),
    ("day", "a date"),
    ("members", "an object"),
    ("elements", "a list"),
)
_FITTING = {
    FieldType.TEXT: {"text"},
    FieldType.INTEGER: {"whole"},
    FieldType.DECIMAL: {"whole", "exact"},
    FieldType.BOOLEAN: {"yes_no"},
    FieldType.DATE: {"day", "moment", "text"},
    FieldType.DATETIME: {"day", "moment", "text"},
    FieldType.OBJECT: {"members"},
    FieldType.ARRAY: {"elements"},
}


def _texts(texts: Texts, info: FieldInfo, is_required: bool) -> Iterator[Doubt]:
    if is_required and texts.shortest == 0:
        yield Doubt("may be empty", "add default, or required to hold such a record")
    longest = info.max_length
    if longest is not None and not texts.is_target_id:
        guard = f"add truncate {longest}, or max_length {longest} to hold what is longer"
        if texts.longest is None:
            yield Doubt(f"may be longer than {longest} (the length is not known)", guard)
        elif texts.longest > longest:
            yield Doubt(f"may be {texts.longest} characters long; {longest} fit", guard)
    if info.enum:
        known = set(info.enum)
        if texts.values is None:
            yield Doubt(f"may be none of {', '.join(info.enum[:8])}", "add a value map (lookup)")
        # The empty text of a required field is told once.
        elif (others := sorted(texts.values - known)) and (others != [""] or not is_required):
            known_words = ", ".join(info.enum[:8])
            yield Doubt(f"may be {others[0]!r}, which is none of {known_words}", "add a value map (lookup)")


def _numbers(numbers: Numbers, info: FieldInfo) -> Iterator[Doubt]:
    if info.places is not None and info.type is FieldType.DECIMAL:
        guard = f"add round {info.places}"
        if numbers.places is None:
            yield Doubt(f"may have more than {info.places} decimal places", guard)
        elif numbers.places > info.places:
            yield Doubt(f"may have {numbers.places} decimal places; {info.places} fit", guard)
    if info.minimum is not None and (numbers.least is None or numbers.least < Decimal(info.minimum)):
        yield Doubt(f"may be below {info.minimum:g}", f"add at_least {info.minimum:g}")


def _members(members: Objects, info: FieldInfo, creating: bool) -> Iterator[Doubt]:
    known = {one.name: one for one in info.fields}
    if members.is_open:
        yield Doubt("may hold fields that do not exist there", "map its fields one by one")
    for name, shape in members.members.items():
        if name not in known:
            yield Doubt(f"has {name}, which does not exist there", "map its fields one by one")
            continue
        for doubt in doubts(shape, known[name], creating=creating):
            yield Doubt(f"{name} {doubt.reason}", doubt.guard)
    for name, one in known.items():
        if one.required and creating and name not in members.members:
            yield Doubt(f"lacks {name}, which is required", "map its fields one by one")


def _elements(element: Shape, info: FieldInfo, creating: bool) -> Iterator[Doubt]:
    if element.unknown:
        yield Doubt("what its elements are is not known", "use each")
        return
    if not element.is_only("members"):
        yield Doubt("has elements that are no objects", "use each")
    if element.members is not None:
        for doubt in _members(element.members, info, creating):
            yield Doubt(f"[] {doubt.reason}", doubt.guard)
