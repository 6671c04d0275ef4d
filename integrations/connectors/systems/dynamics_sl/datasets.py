"""Rows out of untyped .NET DataSets: a schema and a diffgram side by side. Called by ``client``."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from lxml import etree

from integrations.connectors.errors import UnexpectedResponse

_DIFFGRAM = "{urn:schemas-microsoft-com:xml-diffgram-v1}diffgram"
_SCHEMA_ELEMENT = "{http://www.w3.org/2001/XMLSchema}element"


def _wall_clock(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("double", "float", "decimal"), Decimal),
    **dict.fromkeys(("short", "int", "long", "unsignedByte"), int),
    "dateTime": _wall_clock,
    "boolean": lambda text: text in ("true", "1"),
}


def text_rows(element: object, operation: str) -> list[dict[str, str]]:
    """Return the rows as trimmed text. Raises UnexpectedResponse where there is no DataSet."""
    return [{name: text.strip() for name, text in cells} for cells in _cells(element, operation)]


def typed_rows(element: object, operation: str) -> list[dict[str, Any]]:
    """Return the rows with the types their schema names: Decimal, int, naive datetime, bool, else text.

    Raises UnexpectedResponse where there is no DataSet, or a value does not fit its type.
    """
    rows = list(_cells(element, operation))
    readers = _readers(element) if etree.iselement(element) else {}
    try:
        return [
            {name: readers[name](text.strip()) if name in readers else text for name, text in cells}
            for cells in rows
        ]
    except (ValueError, ArithmeticError) as error:
        raise UnexpectedResponse(f"{operation} answered with values that cannot be read") from error


def _readers(element: etree._Element) -> dict[str, Callable[[str], Any]]:
    readers = {}
    for column in element.iter(_SCHEMA_ELEMENT):
        reader = _READERS.get((column.get("type") or "").rpartition(":")[2])
        if reader is not None and column.get("name"):
            readers[str(column.get("name"))] = reader
    return readers


def _cells(element: object, operation: str) -> Iterator[list[tuple[str, str]]]:
    diffgram = element.find(_DIFFGRAM) if isinstance(element, etree._Element) else None
    if diffgram is None:
        raise UnexpectedResponse(f"{operation} did not answer with a data set")
    for table in diffgram:
        for row in table:
            yield [(etree.QName(cell).localname, cell.text or "") for cell in row]
