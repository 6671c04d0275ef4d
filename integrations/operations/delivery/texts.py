"""Texts as PostgreSQL can hold them: remote systems send NUL characters, text and jsonb refuse them."""

import json
from typing import Any


def plain_text(value: str, length: int) -> str:
    """Return the text without NUL, at most ``length`` characters of it."""
    return value.replace("\0", "")[:length]


def plain_json(value: Any) -> str:
    """Return JSON without NUL; what JSON does not know is written as text."""
    return json.dumps(value, default=str).replace("\\u0000", "")
