"""How an entity of the simulated endpoint is described. Used by the tables of entities and what is made from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

_TYPES = frozenset("SDBTIG")


@dataclass(frozen=True)
class Entity:
    """One entity or part. ``spec``: types followed by their field names, ``"S OrderType OrderNbr D OrderTotal"``."""

    spec: str
    title: str = ""
    """As a tag shows it: ``Sales Orders (SO301000)``; parts have none."""
    keys: tuple[str, ...] = ()
    graph: str = ""
    linked: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, str] = field(default_factory=dict)
    """Action name -> its parameters in the language of ``spec``."""
    computed: frozenset[str] = frozenset()
    """Fields that are ignored when they are sent."""
    modified: str = ""
    is_inquiry: bool = False

    @cached_property
    def fields(self) -> dict[str, str]:
        """Return field name -> type letter, in the order of the endpoint."""
        found, kind = {}, "S"
        for word in self.spec.split():
            if word in _TYPES:
                kind = word
            else:
                found[word] = kind
        return found


def fields_of(spec: str) -> dict[str, str]:
    """Return the names and types of action parameters."""
    return Entity(spec).fields
