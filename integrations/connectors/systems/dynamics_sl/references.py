"""The external reference as Dynamics SL can hold it: CustOrdNbr has 25 characters."""

import hashlib

REFERENCE_LENGTH = 25


def fit_reference(reference: str) -> str:
    """Return a reference of at most 25 characters; a longer one keeps 16 and gains 8 hex of its SHA-256.

    The same reference always gives the same text, so that a later look-up finds it.
    """
    if len(reference) <= REFERENCE_LENGTH:
        return reference
    return f"{reference[:16]}-{hashlib.sha256(reference.encode()).hexdigest()[:8]}"
