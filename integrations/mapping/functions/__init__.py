"""The functions of the mapping language. Importing this package registers all of them."""

from integrations.mapping.functions import address, lists, lookups, money, text, types
from integrations.mapping.functions.registry import (
    REGISTRY,
    Category,
    Example,
    Function,
    Parameter,
    function,
)

__all__ = [
    "REGISTRY",
    "Category",
    "Example",
    "Function",
    "Parameter",
    "address",
    "function",
    "lists",
    "lookups",
    "money",
    "text",
    "types",
]
