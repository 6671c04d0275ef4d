"""What people do not see unless they ask: which fields tell who a person is, and how their values are shown then.

Used by the pages that show records and by edits, which give a masked value back as it was.
"""

import re
from collections.abc import Mapping
from typing import Any

_PERSONAL = re.compile(
    r"(?i)(e_?mail|phone|fax|first_?name|last_?name|full_?name|ship_?name|bill_?name|ship_?attn|bill_?attn|attention"
    r"|addr(ess)?(_?\d|_line)?$|street|(^|ship|bill)_?addr\d|city$|zip|postal|post_?code|^login$|^ip$|company)"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_SECRET = re.compile(r"(?i)(passw|secret|token|api_?key|cvv|cvc)")
DOTS = "•••"


def mask_text(value: str) -> str:
    """Return a value that keeps its first letter: ``J•••``; an e-mail keeps its domain as well."""
    if not value.strip():
        return value
    name, at, domain = value.partition("@")
    return f"{name[:1]}{DOTS}{at}{domain}" if at and "." in domain else f"{value[:1]}{DOTS}"


def mask_emails(text: str) -> str:
    """Return a sentence with every e-mail address in it masked."""
    return _EMAIL.sub(lambda found: mask_text(found.group()), text)


def is_secret(name: str) -> bool:
    """Return whether a field of this name holds something that opens doors; nobody edits such a value."""
    return _SECRET.search(name) is not None


def is_personal(name: str) -> bool:
    """Return whether a field of this name tells who or where a person is."""
    return _PERSONAL.search(name) is not None


def masked(value: Any, name: str = "") -> Any:
    """Return a record with personal fields masked; numbers and flags are left."""
    if isinstance(value, Mapping):
        return {key: masked(one, str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one, name) for one in value]
    if isinstance(value, str):
        if is_personal(name):
            return mask_text(value)
        return mask_emails(value)
    return value
