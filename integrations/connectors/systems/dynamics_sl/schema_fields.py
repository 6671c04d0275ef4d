"""Short words for building the schemas of Dynamics SL. Used by ``schema`` and ``schema_ledger``."""

from integrations.kinds import FieldInfo, FieldType

SYSTEM = "dynamics_sl"


def text(name: str, length: int | None, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.TEXT, label, max_length=length, **more)  # type: ignore[arg-type]


def number(name: str, label: str = "", places: int | None = 2, **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.DECIMAL, label, places=places, **more)  # type: ignore[arg-type]


def flag(name: str, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.BOOLEAN, label, **more)  # type: ignore[arg-type]


def day(name: str, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.DATE, label, **more)  # type: ignore[arg-type]


def moment(name: str, label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.DATETIME, label, **more)  # type: ignore[arg-type]


def array(name: str, fields: tuple[FieldInfo, ...], label: str = "", **more: object) -> FieldInfo:
    return FieldInfo(name, FieldType.ARRAY, label, fields=fields, **more)  # type: ignore[arg-type]
