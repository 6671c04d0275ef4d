"""Keeps card numbers off the disk: masks them in raw bodies before anything is stored.

A candidate is 14 to 19 digits that pass Luhn and lie in a card issuer's range and length (Luhn alone would
mask one in ten EAN codes). Fields declared as sku, barcode, tracking, id or time are exempt and fields named
like a card are always masked, in JSON by its structure, in forms and XML by the name before the value.
Ranges: ISO/IEC 7812 as published by the card networks. Called by the inbox and the HTTP transport.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

# Digits in groups, as people and forms write them; which groups make a card is looked for inside.
_DIGITS = re.compile(rb"\d+(?:[ +-]\d+)*")
_DIGITS_TEXT = re.compile(r"[0-9]+(?:[ +-][0-9]+)*")
_SHORTEST, _LONGEST = 14, 19
_LONG_RUNS = re.compile(rb"\d(?:[ +-]*\d){13,}")
"""Runs as long as a card: most bodies hold none, and their many short numbers are not looked at one by one."""
_AS_ZEROS = bytes(b"0"[0] if b"0"[0] <= one <= b"9"[0] else b"x"[0] for one in range(256))
_SHORTEST_ZEROS = b"0" * _SHORTEST
_SMALLEST_GROUP = 3
"""Cards are written 4-4-4-4, 4-6-5 or the like; only the last group may be smaller."""
_CARD_WORDS = r"(?:card[_ -]?(?:number|nbr|num|no)(?![a-z])|cc[_-]?num(?:ber)?|cvv|cvc|security[_-]?code)"
_CARD_FIELD = re.compile(rf"(?i)({_CARD_WORDS}|^pan$)")
_NAMES_CARD = re.compile(rf"(?i)({_CARD_WORDS}|\bpan\b)".encode())
_CARD_LITERALS = (b"card", b"ccnum", b"cc_num", b"cc-num", b"cvv", b"cvc", b"security", b"pan")
"""Every name of the pattern above begins with one of these: it is tried where they stand, not at each character."""
_NAMED_VALUE = re.compile(
    rf"(?i)((?<![a-z0-9_.-])[a-z0-9_.-]{{0,40}}(?:{_CARD_WORDS}[a-z0-9_.-]{{0,40}}|(?<![a-z0-9])pan)[\"']?\s*[=:>]\s*[\"']?)"
    r"([^&<>\"'\s][^&<>\"'\r\n]*)".encode()
)
_NAME_BEFORE = re.compile(rb"([A-Za-z][A-Za-z0-9_.-]*)[\"']?\s*[=:>]\s*[\"']?$")
_NAME_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789_.-"
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# fmt: off
_EXEMPT_WORDS = frozenset((
    "sku", "barcode", "ean", "upc", "gtin", "tracking", "id", "ids", "uuid", "time", "date", "datetime",
    "timestamp", "phone", "telephone",
))
_EXEMPT_NAMES = frozenset((
    "orderid", "productid", "customerid", "itemid", "variantid", "transactionid", "trackingnumber",
    "trackingnbr", "updatedat", "createdat",
))
# fmt: on
_ISSUERS: tuple[tuple[int, int, int, frozenset[int]], ...] = (
    # digits of the prefix, lowest, highest, lengths
    (1, 4, 4, frozenset({16, 19})),
    (2, 51, 55, frozenset({16})),
    (4, 2221, 2720, frozenset({16})),
    (4, 2200, 2204, frozenset({16, 17, 18, 19})),
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
    *(
        (4, prefix, prefix, frozenset({16, 17, 18, 19}))
        for prefix in (5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763)
    ),
)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
MASK = "•••• masked card number"
_MASK_BYTES = MASK.encode()


def is_card_number(text: str) -> bool:
    """Return whether these digits (blanks, dashes and a form's plus signs allowed) are a plausible card number."""
    digits = re.sub(r"[ +-]", "", text)
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


def _cards(text: str) -> list[tuple[int, int]]:
    """Return where cards stand in a run of digit groups: ``2 x`` before one or an expiry behind it hides none."""
    groups = [(match.start(), match.end()) for match in re.finditer("[0-9]+", text)]
    found: list[tuple[int, int]] = []
    first = 0
    while first < len(groups):
        end = _card_end(text, groups, first)
        if end is None:
            first += 1
        else:
            found.append((groups[first][0], groups[end][1]))
            first = end + 1
    return found


def _card_end(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Return the last group of the longest card that begins with group ``first``."""
    last, length = None, 0
    if text[groups[first][0]] not in "23456":
        return None  # no issuer begins with another digit
    for place in range(first, len(groups)):
        size = groups[place][1] - groups[place][0]
        length += size
        if length > _LONGEST:
            break
        if length >= _SHORTEST and is_card_number(text[groups[first][0] : groups[place][1]]):
            last = place
        if size < _SMALLEST_GROUP:
            break
    return last


def mask_body(body: bytes) -> tuple[bytes, list[str]]:
    """Return the body with card numbers masked, and where they were. Untouched bodies come back as they are."""
    if not _names_card(body) and not _holds_card(body):
        return body, []
    try:
        # Whole numbers as Decimal too: the encoder refuses integers beyond 64 bits.
        document = json.loads(body, parse_float=Decimal, parse_int=Decimal)
        places: list[str] = []
        masked = _mask_value(document, "", "", places)
        if not places:
            return body, []
        return _encoded(masked), places
    except (ValueError, RecursionError):
        return _mask_text(body)


def _names_card(body: bytes) -> bool:
    """Return whether a name like that of a card field stands anywhere."""
    lowered = body.lower()
    return any(
        _NAMES_CARD.match(lowered, place) is not None
        for literal in _CARD_LITERALS
        for place in _places(lowered, literal)
    )


def _holds_card(body: bytes) -> bool:
    return _has_long_run(body) and any(_cards(match[0].decode()) for match in _LONG_RUNS.finditer(body))


def _has_long_run(body: bytes) -> bool:
    """Return whether there are as many digits in a row as a card has; most bodies are told by this alone."""
    return _SHORTEST_ZEROS in body.translate(_AS_ZEROS, b" +-")


def _encoded(masked: Any) -> bytes:
    try:
        return _ENCODER.encode(masked)
    except UnicodeEncodeError:
        return _ENCODER.encode(_whole_characters(masked))


def _whole_characters(value: Any) -> Any:
    """Replace half characters, which JSON can escape and UTF-8 cannot hold."""
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole_characters(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _mask_text(body: bytes) -> tuple[bytes, list[str]]:
    """Mask a form, XML or plain text; every other byte stays as it is, whatever its encoding."""
    places: list[str] = []

    def replace_digits(match: "re.Match[bytes]") -> bytes:
        before = _NAME_BEFORE.search(match.string, max(0, match.start() - 80), match.start())
        if len(match[0]) < _SHORTEST or (before is not None and _is_exempt(before[1].decode())):
            return match[0]
        return _replaced(match[0].decode(), f"offset {match.start()}", places).encode()

    made, start = b"", 0
    for value in _named_values(body):
        places.append(f"offset {value[0]}")
        made += body[start : value[0]] + _MASK_BYTES
        start = value[1]
    made += body[start:]
    return (_DIGITS.sub(replace_digits, made) if _has_long_run(made) else made), places


def _named_values(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the values of fields named like a card stand, in order."""
    lowered, end = body.lower(), 0
    names = {_name_start(lowered, place) for literal in _CARD_LITERALS for place in _places(lowered, literal)}
    for name in sorted(names):
        match = _NAMED_VALUE.match(lowered, name) if name >= end else None
        if match is not None:
            end = match.end()
            yield match.span(2)


def _places(lowered: bytes, literal: bytes) -> Iterator[int]:
    place = lowered.find(literal)
    while place >= 0:
        yield place
        place = lowered.find(literal, place + 1)


def _name_start(lowered: bytes, place: int) -> int:
    """Return where the name begins that has a card's word at ``place``; farther back than 41 it is no card's."""
    before = lowered[max(0, place - 41) : place]
    return place - len(before) + len(before.rstrip(_NAME_BYTES))


def _is_exempt(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    is_moment = len(words) > 1 and words[-1] == "at"
    return is_moment or name.lower() in _EXEMPT_NAMES or not _EXEMPT_WORDS.isdisjoint(words)


def _mask_value(value: Any, path: str, name: str, places: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            _masked_key(key, path, places): _mask_value(one, f"{path}.{key}" if path else key, key, places)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_mask_value(one, f"{path}[{position}]", name, places) for position, one in enumerate(value)]
    if value in (None, "") or isinstance(value, bool):
        return value
    if _CARD_FIELD.search(name):
        places.append(path)
        return MASK
    if _is_exempt(name):
        return value
    if isinstance(value, Decimal):
        # 4111111111111111.0 is the number as well.
        is_whole = (
            value.is_finite() and abs(value.adjusted()) < _LONGEST and value == value.to_integral_value()
        )
        if is_whole and is_card_number(str(int(value))):
            places.append(path)
            return MASK
        return value
    return _masked_text(value, path, places) if isinstance(value, str) else value


def _masked_key(key: str, path: str, places: list[str]) -> str:
    return _masked_text(key, f"{path}.{{key}}" if path else "{key}", places)


def _masked_text(text: str, path: str, places: list[str]) -> str:
    return _DIGITS_TEXT.sub(lambda match: _replaced(match[0], path, places), text)


def _replaced(digits: str, place: str, places: list[str]) -> str:
    """Return a run of digit groups with the cards in it masked."""
    made, start = "", 0
    for begin, end in _cards(digits):
        places.append(place)
        made += digits[start:begin] + MASK
        start = end
    return made + digits[start:]
