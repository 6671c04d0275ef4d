"""Our references as Acumatica's fields can hold them. Used by every writer and finder."""

import hashlib

ORDER_REFERENCE, ACCOUNT_REFERENCE = 40, 50


def fit_reference(reference: str, length: int = ORDER_REFERENCE) -> str:
    """Return a reference of at most ``length`` characters; a longer one ends in 8 hex of its SHA-256.

    The same reference always gives the same text, so that a later look-up finds it.
    """
    if len(reference) <= length:
        return reference
    return f"{reference[: length - 9]}-{hashlib.sha256(reference.encode()).hexdigest()[:8]}"
