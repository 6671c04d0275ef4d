"""Texts as PostgreSQL can hold them: remote systems send NUL and half characters, text and jsonb refuse them."""

from collections.abc import Iterable
from typing import Any

import msgspec

_ENCODER = msgspec.json.Encoder(decimal_format="string", enc_hook=str)
"""Decimals as text: jsonb keeps their digits, and a numeric column reads them."""


def plain_text(value: str, length: int | None) -> str:
    """Return the text without NUL and half characters, at most ``length`` characters of it."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return value.replace("\0", "")[:length]


def json_rows(rows: Iterable[Any]) -> str:
    """Return rows as a JSON list that jsonb takes: numbers exact, times in ISO form, no NUL or half character."""
    listed = list(rows)
    try:
        encoded = _ENCODER.encode(listed)
    except UnicodeEncodeError:
        encoded = b"\\u0000"
    if b"\\u0000" in encoded:
        encoded = _ENCODER.encode(_plain(listed))
    return encoded.decode()


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value, None)
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
