"""Records and exchanges as text for people: readable JSON and XML, personal data masked unless revealed.

Used by the passport and the error desk. Secrets and card numbers were removed before anything was stored.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.kinds import canonical_json
from integrations.kinds.privacy import is_personal, mask_emails, mask_text, masked

_XML_LEAF = re.compile(r"(<(?:\w+:)?(\w+)(?:\s[^<>]*)?>)([^<>]+)(</)")
_XML_ATTRIBUTE = re.compile(r'(\b(\w+)=")([^"]*)(")')
_HEADER = re.compile(r"[A-Za-z0-9-]+: ")


def json_text(value: Any, indent: int = 0) -> str:
    """Return a record as JSON of two blanks; amounts are plain numbers with all their digits and a point."""
    space, inner = "  " * indent, "  " * (indent + 1)
    if isinstance(value, Mapping):
        if not value:
            return "{}"
        lines = [f"{inner}{json.dumps(str(key))}: {json_text(one, indent + 1)}" for key, one in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{space}}}"
    if isinstance(value, list | tuple):
        if not value:
            return "[]"
        return "[\n" + ",\n".join(inner + json_text(one, indent + 1) for one in value) + f"\n{space}]"
    if isinstance(value, Decimal):
        digits = format(value, "f")
        return digits if "." in digits else f"{digits}.0"
    if isinstance(value, str | int | bool) or value is None:
        return json.dumps(value, ensure_ascii=False)
    return canonical_json(value).decode()


_LONGEST_VALUE = 200


def value_text(value: Any) -> str:
    """Return one value of a record in a line: texts as they are, amounts with their digits, the rest as JSON."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else " ".join(json_text(value).split())
    text = text or "an empty text"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


_FILLERS = frozenset({"", "0", "false", "1900-01-01T00:00:00"})
"""What SOAP services with required value types carry where nothing is meant."""


def exchange_text(text: str, *, is_revealed: bool) -> str:
    """Return a request or an answer laid out for reading: header lines as they are, JSON and XML indented."""
    stripped = text.strip()
    head, gap, body = stripped.partition("\n\n")
    if gap and _HEADER.match(head):
        return f"{_mask_plain(head, is_revealed)}\n\n{exchange_text(body, is_revealed=is_revealed)}"
    if stripped[:1] in ("{", "["):
        try:
            parsed = json.loads(stripped, parse_float=Decimal)
        except ValueError:
            return _mask_plain(stripped, is_revealed)
        return json_text(parsed if is_revealed else masked(parsed))
    if stripped[:1] == "<":
        return _xml_text(stripped, is_revealed)
    return _mask_plain(stripped, is_revealed)


def _mask_plain(text: str, is_revealed: bool) -> str:
    return text if is_revealed else mask_emails(text)


def _xml_text(text: str, is_revealed: bool) -> str:
    # Stored text only, cut at a limit: expat with entities refused by the stdlib's own limits is enough to lay it out.
    try:
        root = ET.fromstring(text)  # noqa: S314
        left_out = _drop_fillers(root)
        ET.indent(root)
        laid_out = ET.tostring(root, encoding="unicode")
        if left_out:
            laid_out += f"\n\n{left_out} elements without a value are not shown."
    except ET.ParseError:
        laid_out = text.replace("><", ">\n<")
    if is_revealed:
        return laid_out
    for pattern in (_XML_LEAF, _XML_ATTRIBUTE):
        laid_out = pattern.sub(_mask_group, laid_out)
    return _mask_plain(laid_out, is_revealed)


def _drop_fillers(element: ET.Element) -> int:
    """Remove elements that only a service's required types fill (empty, 0, false, 1900); returns how many."""
    dropped = 0
    for child in list(element):
        dropped += _drop_fillers(child)
        if not len(child) and not child.attrib and (child.text or "").strip() in _FILLERS:
            element.remove(child)
            dropped += 1
    return dropped


def _mask_group(found: "re.Match[str]") -> str:
    before, name, value, after = found.groups()
    return f"{before}{mask_text(value) if is_personal(name) else value}{after}"
