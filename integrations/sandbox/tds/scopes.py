"""What names mean inside one SELECT: its sources with their columns, the batch's variables, the query around it.

Built by ``queries``, asked by ``expressions`` and ``result_types``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from integrations.sandbox.tds.declarations import Declarations
from integrations.sandbox.tds.lexer import Token
from integrations.sandbox.tds.tokens import Column
from integrations.sandbox.tds.types import SqlType


@dataclass(frozen=True, slots=True)
class Source:
    """One table, view or derived table in FROM under the name by which columns ask for it."""

    alias: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A translated SELECT."""

    sql: str
    columns: tuple[Column, ...]


@dataclass(slots=True)
class Reading:
    """What a statement was found to touch while it was translated."""

    tables: set[str] = field(default_factory=set)
    is_dirty: bool = False
    """True when NOLOCK was asked for."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Names that an expression may use. ``select`` translates a nested SELECT."""

    declared: Declarations
    variables: Mapping[str, SqlType]
    reading: Reading
    select: Callable[[Sequence[Token], Scope], Query]
    sources: tuple[Source, ...] = ()
    outer: Scope | None = None

    def kind_of(self, name: str, alias: str = "") -> SqlType | None:
        """Return the declared type of a column, looking outwards; None for unknown names."""
        for source in self.sources:
            if alias and source.alias.lower() != alias.lower():
                continue
            for column in source.columns:
                if column.name.lower() == name.lower():
                    return column.kind
        return self.outer.kind_of(name, alias) if self.outer else None
