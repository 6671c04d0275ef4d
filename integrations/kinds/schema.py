"""The shape of a kind in a system: fields with type, length, enum and nullability."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from integrations.kinds.kind import Kind


class FieldType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DATE = "date"
    OBJECT = "object"
    ARRAY = "array"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field. ``fields`` are the members of an object, or of each element of an array."""

    name: str
    type: FieldType
    label: str = ""
    help: str = ""
    required: bool = False
    nullable: bool = True
    max_length: int | None = None
    places: int | None = None
    """Decimal places kept by the system; None = unknown."""
    minimum: float | None = None
    enum: tuple[str, ...] = ()
    read_only: bool = False
    sample: str = ""
    fields: tuple["FieldInfo", ...] = ()


@dataclass(frozen=True, slots=True)
class EntitySchema:
    """All fields of one kind in one system, in the vendor's order."""

    system: str
    kind: Kind
    label: str
    """What the vendor calls it: ``Sales order``."""
    fields: tuple[FieldInfo, ...] = field(default_factory=tuple)
    writes: tuple[FieldInfo, ...] = ()
    """What a write takes where that is not what a read gives; () = the same fields."""

    @property
    def for_writing(self) -> "EntitySchema":
        """The schema that a mapped record must fit."""
        return replace(self, fields=self.writes, writes=()) if self.writes else self

    def walk(self) -> Iterator[tuple[str, FieldInfo]]:
        """Yield (path, field) depth first; array elements are written ``lines[].sku``."""

        def inner(prefix: str, fields: tuple[FieldInfo, ...]) -> Iterator[tuple[str, FieldInfo]]:
            for info in fields:
                path = f"{prefix}{info.name}"
                yield path, info
                if info.fields:
                    yield from inner(
                        f"{path}[]." if info.type is FieldType.ARRAY else f"{path}.", info.fields
                    )

        return inner("", self.fields)
