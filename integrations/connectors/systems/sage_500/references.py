"""Our references as Sage 500's user fields can hold them. Used by every writer and finder."""

import hashlib

USER_FIELD = 15
_KEPT = 6


def fit_reference(reference: str, length: int = USER_FIELD) -> str:
    """Return a reference of at most 15 characters; a longer one is its first 6, ``~`` and 8 hex of its SHA-256.

    The same reference always gives the same text, so that a later look-up finds it.
    """
    if len(reference) <= length:
        return reference
    return f"{reference[:_KEPT]}~{hashlib.sha256(reference.encode()).hexdigest()[:8]}"
