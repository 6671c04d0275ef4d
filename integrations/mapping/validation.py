"""Holds a mapped record against the target's schema before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.kinds import EntitySchema, FieldInfo, FieldType


@dataclass(frozen=True, slots=True)
class TargetProblem:
    """A value that the target would refuse: path, value as text, rule in words."""

    path: str
    value: str
    rule: str


def validate_target(
    record: Mapping[str, Any], schema: EntitySchema, *, creating: bool = True
) -> list[TargetProblem]:
    """Return every problem; an empty list means the record fits. Unknown fields are problems too."""
    problems: list[TargetProblem] = []
    _check_object(record, schema.fields, "", problems, creating)
    return problems


def _check_object(
    record: Mapping[str, Any],
    fields: tuple[FieldInfo, ...],
    prefix: str,
    problems: list[TargetProblem],
    creating: bool,
) -> None:
    known = {info.name: info for info in fields}
    for name, value in record.items():
        info = known.get(name)
        if info is None:
            problems.append(TargetProblem(prefix + name, _shown(value), "this field does not exist there"))
        else:
            _check_value(value, info, prefix + name, problems, creating)
    for info in fields:
        if info.required and creating and record.get(info.name) in (None, "", []):
            problems.append(TargetProblem(prefix + info.name, "", "is required"))


def _check_value(
    value: Any, info: FieldInfo, path: str, problems: list[TargetProblem], creating: bool
) -> None:
    if value is None:
        # A required one is told as required while creating.
        if not info.nullable and not (info.required and creating):
            problems.append(TargetProblem(path, "", "cannot be empty"))
        return
    if info.type is FieldType.ARRAY:
        if not isinstance(value, list):
            problems.append(TargetProblem(path, _shown(value), "must be a list"))
            return
        for position, element in enumerate(value):
            if not info.fields:
                continue
            if isinstance(element, Mapping):
                _check_object(element, info.fields, f"{path}[{position}].", problems, creating)
            else:
                problems.append(TargetProblem(f"{path}[{position}]", _shown(element), "must be an object"))
        return
    if info.type is FieldType.OBJECT:
        if isinstance(value, Mapping):
            if info.fields:
                _check_object(value, info.fields, f"{path}.", problems, creating)
        else:
            problems.append(TargetProblem(path, _shown(value), "must be an object"))
        return
    if rule := _scalar_problem(value, info):
        problems.append(TargetProblem(path, _shown(value), rule))


def _scalar_problem(value: Any, info: FieldInfo) -> str:
    match info.type:
        case FieldType.TEXT:
            if not isinstance(value, str):
                return "must be text"
            if info.max_length is not None and len(value) > info.max_length:
                return f"has {len(value)} characters; {info.max_length} fit"
            if info.enum and value not in info.enum:
                return f"is none of {', '.join(info.enum[:8])}"
        case FieldType.INTEGER:
            if not isinstance(value, int) or isinstance(value, bool):
                return "must be a whole number"
        case FieldType.DECIMAL:
            if not isinstance(value, int | Decimal) or isinstance(value, bool):
                return "must be a number"
            if not Decimal(value).is_finite():
                return "must be a finite number"
            if info.places is not None and _places(Decimal(value)) > info.places:
                return f"has more than {info.places} decimal places"
        case FieldType.BOOLEAN:
            if not isinstance(value, bool):
                return "must be yes or no"
        case FieldType.DATE | FieldType.DATETIME:
            if not isinstance(value, date | str):
                return "must be a date"
    if info.minimum is not None and isinstance(value, int | Decimal) and value < info.minimum:
        return f"is below {info.minimum:g}"
    return ""


def _places(number: Decimal) -> int:
    """Return how many decimal places a finite number uses; trailing zeros are none."""
    _, digits, exponent = number.as_tuple()
    for digit in reversed(digits):
        if digit:
            break
        exponent = int(exponent) + 1
    return max(0, -int(exponent)) if number else 0


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "..."
