"""The external reference as Dynamics SL can hold it: CustOrdNbr has 25 characters, document numbers have 10."""

import base64
import hashlib

REFERENCE_LENGTH = 25
DOCUMENT_LENGTH = 10
JOURNAL_LENGTH = 15
PURCHASE_LENGTH = 30


def fit_reference(reference: str) -> str:
    """Return a reference of at most 25 characters; a longer one keeps 16 and gains 8 hex of its SHA-256.

    The same reference always gives the same text, so that a later look-up finds it.
    """
    if len(reference) <= REFERENCE_LENGTH:
        return reference
    return f"{reference[:16]}-{hashlib.sha256(reference.encode()).hexdigest()[:8]}"


def fit_document(reference: str, length: int = DOCUMENT_LENGTH) -> str:
    """Return a document number of at most ``length`` capital letters and digits, the same for the same reference.

    A longer reference becomes P and letters of its SHA-256; the full one is kept beside it and compared.
    """
    if len(reference) <= length and reference == reference.upper():
        return reference
    letters = base64.b32encode(hashlib.sha256(reference.encode()).digest()).decode()
    return f"P{letters[: length - 1]}"
