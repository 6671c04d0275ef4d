"""Short ways to write a field of the table in ``schema``: what is always there, what may be written, what must be."""

from integrations.kinds import FieldInfo, FieldType


def text(name: str, length: int | None = None, help: str = "", sample: str = "") -> FieldInfo:
    """Return a text that is always there, perhaps empty: the normaliser makes null an empty text."""
    return FieldInfo(name, FieldType.TEXT, help=help, nullable=False, max_length=length, sample=sample)


def word(name: str, words: tuple[str, ...], help: str = "") -> FieldInfo:
    """Return a text that is one of some words."""
    return FieldInfo(
        name, FieldType.TEXT, help=help, nullable=False, max_length=50, enum=words, sample=words[0]
    )


def ident(name: str, help: str = "", *, nullable: bool = False, sample: str = "") -> FieldInfo:
    """Return an id: int64 on the wire, a text here."""
    return FieldInfo(
        name, FieldType.TEXT, help=help, nullable=nullable, max_length=20, read_only=True, sample=sample
    )


def number(name: str, help: str = "", *, minimum: float | None = None, sample: str = "") -> FieldInfo:
    """Return a number with four places that is always there."""
    return FieldInfo(
        name, FieldType.DECIMAL, help=help, nullable=False, places=4, minimum=minimum, sample=sample
    )


def flag(name: str, help: str = "") -> FieldInfo:
    """Return a yes or no."""
    return FieldInfo(name, FieldType.BOOLEAN, help=help, nullable=False)


def moment(name: str, help: str = "", *, nullable: bool = False) -> FieldInfo:
    """Return a time that is read only."""
    return FieldInfo(name, FieldType.DATETIME, help=help, nullable=nullable, read_only=True)


def object_of(name: str, *fields: FieldInfo, nullable: bool = False, help: str = "") -> FieldInfo:
    """Return an object of fields."""
    return FieldInfo(name, FieldType.OBJECT, help=help, nullable=nullable, fields=fields)


def array(name: str, *fields: FieldInfo, required: bool = False, help: str = "") -> FieldInfo:
    """Return a list of objects."""
    return FieldInfo(name, FieldType.ARRAY, help=help, required=required, nullable=False, fields=fields)


def must(name: str, length: int | None = None, help: str = "", sample: str = "") -> FieldInfo:
    """Return a text that a write needs."""
    return FieldInfo(
        name, FieldType.TEXT, help=help, required=True, nullable=False, max_length=length, sample=sample
    )


def may(name: str, length: int | None = None, help: str = "", sample: str = "") -> FieldInfo:
    """Return a text that a write may leave out."""
    return FieldInfo(name, FieldType.TEXT, help=help, max_length=length, sample=sample)


def may_number(name: str, help: str = "", *, minimum: float | None = None, places: int = 4) -> FieldInfo:
    """Return a number that a write may leave out."""
    return FieldInfo(name, FieldType.DECIMAL, help=help, places=places, minimum=minimum)
