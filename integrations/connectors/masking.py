"""Keeps card numbers off the disk: masks them in raw bodies before anything is stored.

A candidate is 13 to 19 digits that pass Luhn and lie in a card issuer's range and length (Luhn alone would
mask one in ten EAN codes). In parsed JSON, fields declared as sku, barcode, tracking, id or time are exempt
and fields named like a card are always masked. Ranges: ISO/IEC 7812 as published by the card networks.
"""

import json
import re
from decimal import Decimal
from typing import Any

import msgspec

_CANDIDATE = re.compile(rb"\d(?:[ -]?\d){12,18}")
_CANDIDATE_TEXT = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
_CARD_FIELD = re.compile(r"(?i)(card_?(number|nbr|no)|^pan$|cvv|cvc|ccnum|card_?num)")
_EXEMPT_FIELD = re.compile(
    r"(?i)(sku|barcode|ean|upc|gtin|tracking|_id$|^id$|id$|time|date|_at$|timestamp|phone)"
)
_ISSUERS: tuple[tuple[int, int, int, frozenset[int]], ...] = (
    # digits of the prefix, lowest, highest, lengths
    (1, 4, 4, frozenset({13, 16, 19})),
    (2, 51, 55, frozenset({16})),
    (4, 2221, 2720, frozenset({16})),
    (2, 34, 34, frozenset({15})),
    (2, 37, 37, frozenset({15})),
    (4, 6011, 6011, frozenset({16, 17, 18, 19})),
    (3, 644, 649, frozenset({16, 17, 18, 19})),
    (2, 65, 65, frozenset({16, 17, 18, 19})),
    (3, 300, 305, frozenset({14, 15, 16, 17, 18, 19})),
    (2, 36, 36, frozenset({14, 15, 16, 17, 18, 19})),
    (2, 38, 39, frozenset({14, 15, 16, 17, 18, 19})),
    (4, 3528, 3589, frozenset({16, 17, 18, 19})),
    (2, 62, 62, frozenset({16, 17, 18, 19})),
)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
MASK = "•••• masked card number"


def is_card_number(text: str) -> bool:
    """Return whether these digits (blanks and dashes allowed) are a plausible card number."""
    digits = re.sub(r"[ -]", "", text)
    if not digits.isascii() or not digits.isdigit():
        return False
    in_range = any(
        len(digits) in lengths and low <= int(digits[:width]) <= high
        for width, low, high, lengths in _ISSUERS
    )
    return in_range and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for position, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if position % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0


def mask_body(body: bytes) -> tuple[bytes, list[str]]:
    """Return the body with card numbers masked, and where they were. Untouched bodies come back as they are."""
    named = b"card" in body.lower() or b"cvv" in body.lower() or b"pan" in body.lower()
    if not named and not any(is_card_number(match[0].decode()) for match in _CANDIDATE.finditer(body)):
        return body, []
    try:
        document = json.loads(body, parse_float=Decimal)
    except ValueError:
        return _mask_text(body)
    places: list[str] = []
    masked = _mask_value(document, "", "", places)
    if not places:
        return body, []
    return _ENCODER.encode(masked), places


def _mask_text(body: bytes) -> tuple[bytes, list[str]]:
    places: list[str] = []

    def replace(match: "re.Match[str]") -> str:
        if not is_card_number(match[0]):
            return match[0]
        places.append(f"offset {match.start()}")
        return MASK

    return _CANDIDATE_TEXT.sub(replace, body.decode("utf-8", "replace")).encode(), places


def _mask_value(value: Any, path: str, name: str, places: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _mask_value(one, f"{path}.{key}" if path else key, key, places) for key, one in value.items()
        }
    if isinstance(value, list):
        return [_mask_value(one, f"{path}[{position}]", name, places) for position, one in enumerate(value)]
    if value in (None, "") or isinstance(value, bool):
        return value
    if _CARD_FIELD.search(name):
        places.append(path)
        return MASK
    if _EXEMPT_FIELD.search(name):
        return value
    if isinstance(value, int):
        if is_card_number(str(value)):
            places.append(path)
            return MASK
        return value
    if isinstance(value, str):
        return _CANDIDATE_TEXT.sub(lambda match: _replace(match, path, places), value)
    return value


def _replace(match: "re.Match[str]", path: str, places: list[str]) -> str:
    if not is_card_number(match[0]):
        return match[0]
    places.append(path)
    return MASK
