"""Constants of documents on their way into records. Used by the interpreter, generated code and functions."""

from copy import deepcopy
from typing import Any


def fresh(constant: Any) -> Any:
    """Return a constant that the receiver may change: the document is shared by all threads."""
    return deepcopy(constant) if isinstance(constant, list | dict) else constant
