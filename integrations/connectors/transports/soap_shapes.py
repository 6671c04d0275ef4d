"""The type model of a WSDL, compiled from zeep into small plans that write requests and read replies.

Why not zeep itself for each call: one order costs it 1.9 ms to build and 2.8 ms to parse (ARCHITECTURE,
section 12); the plans take a tenth and fill every required value type, whatever the tenant's version has.
Called by ``transports.soap`` only.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from zeep import xsd
from zeep.xsd.elements.indicators import Indicator

NO_DATE = "1900-01-01T00:00:00"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Form(StrEnum):
    """How the text of an element is read and written."""

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATETIME = "datetime"
    OBJECT = "object"
    UNTYPED = "untyped"


class BadValue(ValueError):
    """A value does not fit its element. ``path`` says where."""

    def __init__(self, path: str, value: object, rule: str) -> None:
        super().__init__(f"{path}: {rule}")
        self.path = path
        self.value = value
        self.rule = rule


class UnknownElement(LookupError):
    """The request names an element that this version of the service does not have."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


_FORMS = {
    "boolean": Form.BOOLEAN,
    "double": Form.DECIMAL,
    "float": Form.DECIMAL,
    "decimal": Form.DECIMAL,
    "dateTime": Form.DATETIME,
    **dict.fromkeys(
        ("int", "short", "long", "integer", "byte", "unsignedByte", "unsignedShort", "unsignedInt"),
        Form.INTEGER,
    ),
}
_DEFAULTS = {Form.BOOLEAN: "false", Form.INTEGER: "0", Form.DECIMAL: "0", Form.DATETIME: NO_DATE}


@dataclass(slots=True)
class Part:
    """One element of a type. ``absent`` is what is written where a required value is not given."""

    name: str
    tag: str
    form: Form
    is_required: bool
    is_repeated: bool
    shape: "Shape | None"
    open: str = ""
    close: str = ""
    absent: str = ""


@dataclass(slots=True)
class Shape:
    """One complex type: its parts in xs:sequence order."""

    name: str
    parts: list[Part] = field(default_factory=list)
    by_name: dict[str, Part] = field(default_factory=dict)
    by_tag: dict[str, Part] = field(default_factory=dict)

    @property
    def item(self) -> Part | None:
        """The repeated part of an ``ArrayOf...`` type; such types are lists on our side."""
        return self.parts[0] if len(self.parts) == 1 and self.parts[0].is_repeated else None


class ShapeReader:
    """Compiles zeep types of one WSDL; each named type once."""

    def __init__(self) -> None:
        self._shapes: dict[int, Shape] = {}

    def shape_of(self, kind: xsd.ComplexType, namespace: str) -> Shape:
        """Return the plan of a complex type whose parent element lies in ``namespace``."""
        known = self._shapes.get(id(kind))
        if known is not None:
            return known
        shape = Shape(kind.name or "")
        self._shapes[id(kind)] = shape
        for _, element in kind.elements:
            if isinstance(element, xsd.Element):
                part = self.part_of(element, namespace)
                shape.parts.append(part)
                shape.by_name[part.name] = part
                shape.by_tag[part.tag] = part
        return shape

    def part_of(self, element: xsd.Element, namespace: str) -> Part:
        kind = element.type
        shape = None
        if isinstance(kind, xsd.ComplexType):
            form = Form.UNTYPED if _is_untyped(kind) else Form.OBJECT
            shape = self.shape_of(kind, namespace) if form is Form.OBJECT else None
        else:
            form = _FORMS.get(kind.qname.localname if kind.qname else "", Form.TEXT)
        name = element.qname.localname
        own = element.qname.namespace or namespace
        marker = "" if own == namespace else f' xmlns="{own}"'
        part = Part(
            name=name,
            tag=f"{{{own}}}{name}",
            form=form,
            is_required=element.min_occurs >= 1,
            is_repeated=element.accepts_multiple,
            shape=shape,
            open=f"<{name}{marker}>",
            close=f"</{name}>",
        )
        if part.is_required and form in _DEFAULTS:
            part.absent = f"{part.open}{_DEFAULTS[form]}{part.close}"
        return part


def _is_untyped(kind: xsd.ComplexType) -> bool:
    return any(not isinstance(element, xsd.Element | Indicator) for _, element in kind.elements) or any(
        isinstance(element, xsd.Element) and element.qname.namespace == "http://www.w3.org/2001/XMLSchema"
        for _, element in kind.elements
    )


def write_members(shape: Shape, values: Mapping[str, Any], path: str = "") -> str:
    """Return the elements of an object in sequence order, required value types filled.

    Raises UnknownElement for a name the type lacks, BadValue for a value that cannot be written.
    """
    for name in values:
        if name not in shape.by_name:
            raise UnknownElement(f"{path}{name}")
    return "".join(
        part.absent
        if (value := values.get(part.name)) is None
        else _write_part(part, value, f"{path}{part.name}")
        for part in shape.parts
    )


def _write_part(part: Part, value: Any, path: str) -> str:
    if part.is_repeated:
        return "".join(_write_one(part, each, f"{path}[{index}]") for index, each in enumerate(value))
    return _write_one(part, value, path)


def _write_one(part: Part, value: Any, path: str) -> str:
    if part.form is Form.OBJECT and part.shape is not None:
        if isinstance(value, Mapping):
            return f"{part.open}{write_members(part.shape, value, f'{path}.')}{part.close}"
        item = part.shape.item
        if item is None or not isinstance(value, Sequence) or isinstance(value, str):
            raise BadValue(path, value, "an object is needed here")
        return f"{part.open}{_write_part(item, value, path)}{part.close}"
    return f"{part.open}{_print(part.form, value, path)}{part.close}"


def _print(form: Form, value: Any, path: str) -> str:
    if isinstance(value, str):
        if _NOT_XML.search(value):
            raise BadValue(path, value, "holds a character that XML cannot carry")
        return escape(value) if form is Form.TEXT else _print_typed(form, value, path)
    if isinstance(value, bool):
        if form is Form.INTEGER:
            return str(int(value))
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise BadValue(path, value, "is not a number")
        return format(value, "f")
    if isinstance(value, int):
        if form is Form.BOOLEAN:
            return "true" if value else "false"
        return str(value)
    raise BadValue(path, value, f"{type(value).__name__} cannot be sent")


def _print_typed(form: Form, text: str, path: str) -> str:
    """Return text as another type's value; a Fault for it would name no field.

    Raises BadValue.
    """
    try:
        if form is Form.DECIMAL:
            return format(_decimal(text.strip()), "f")
        if form is Form.INTEGER:
            return str(int(text))
        if form is Form.DATETIME:
            return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise BadValue(path, text, f"is no {form.value}") from error
    if text.lower() not in ("true", "false", "0", "1"):
        raise BadValue(path, text, "is neither true nor false")
    return text.lower()


def read_members(shape: Shape, element: etree._Element, only: frozenset[str] | None = None) -> dict[str, Any]:
    """Return an object as a dict; elements the plan does not know, or not in ``only`` (at any depth), are left out.

    Text stays as it was sent, doubles become Decimal, date-times datetime. Raises ValueError.
    """
    values: dict[str, Any] = {}
    by_tag = shape.by_tag
    for child in element:
        part = by_tag.get(child.tag)
        if part is None or (only is not None and part.name not in only):
            continue
        # An order has 700 elements, most of them text: no call for those.
        value = (child.text or "") if part.form is Form.TEXT else read_part(part, child, only)
        if part.is_repeated:
            values.setdefault(part.name, []).append(value)
        else:
            values[part.name] = value
    return values


def read_part(part: Part, element: etree._Element, only: frozenset[str] | None = None) -> Any:
    """Return the value of one element; lists for array types, the element itself where it is untyped."""
    form = part.form
    if form is Form.OBJECT and part.shape is not None:
        if element.get(_NIL) == "true":
            return None
        item = part.shape.item
        if item is not None:
            return [read_part(item, child, only) for child in element if child.tag == item.tag]
        return read_members(part.shape, element, only)
    if form is Form.UNTYPED:
        return element
    text = element.text or ""
    if form is Form.TEXT:
        return text
    common = _COMMON.get(text)
    if common is not None and form in common:
        return common[form]
    return _read_scalar(form, text.strip())


def _read_scalar(form: Form, text: str) -> Any:
    if not text:
        return None
    if form is Form.DECIMAL:
        return _decimal(text)
    if form is Form.INTEGER:
        return int(text)
    if form is Form.BOOLEAN:
        return text in ("true", "1")
    return datetime.fromisoformat(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"{text[:40]!r} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{text[:40]!r} is not a number")
    return number


_NUMBERS = (Form.DECIMAL, Form.INTEGER, Form.BOOLEAN)
_COMMON: dict[str, dict[Form, Any]] = {
    "0": {form: _read_scalar(form, "0") for form in _NUMBERS},
    NO_DATE: {Form.DATETIME: datetime.fromisoformat(NO_DATE)},
}
"""Answers are mostly zeros and no-dates; reading each of them anew would be half of the work."""
