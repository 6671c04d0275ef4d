"""What a connector declares about itself, as data: it draws the form, the capability table and the help."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from integrations.kinds import Kind, Side


class SettingType(StrEnum):
    TEXT = "text"
    URL = "url"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TIMEZONE = "timezone"


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of the connection form. Secret values are stored encrypted and never rendered."""

    name: str
    label: str
    type: SettingType = SettingType.TEXT
    help: str = ""
    required: bool = False
    secret: bool = False
    default: str | int | bool | None = None
    choices: tuple[tuple[str, str], ...] = ()
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    group: str = "Connection"
    """Heading under which the form shows it; groups other than the first start folded."""


class Verb(StrEnum):
    READ = "read"
    FIND = "find"
    CREATE = "create"
    UPDATE = "update"
    WATCH = "watch"
    """Told of changes by webhook or push."""


class Support(StrEnum):
    FULL = "full"
    PARTIAL = "partial"
    NOT_YET = "not_yet"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Capability:
    support: Support
    note: str = ""


@dataclass(frozen=True, slots=True)
class KindFacts:
    """Where a kind keeps what the product shows of it: dotted paths into ``Record.fields``."""

    label: str
    business_key: str
    total: str = ""
    currency: str = ""
    email: str = ""
    updated_at: str = ""
    natural_key: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    calls_per_minute: int | None = None
    parallel_calls: int = 4
    page_size: int = 100
    connect_seconds: float = 5.0
    read_seconds: float = 60.0
    total_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose company the connection reaches; links bind to ``key`` and a change of it asks a person."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class ConnectorSpec:
    key: str
    label: str
    glyph: str
    """Two letters drawn in the system glyph: XC, SL."""
    side: Side
    summary: str
    versions: str
    settings: tuple[Setting, ...]
    capabilities: Mapping[tuple[Kind, Verb], Capability]
    facts: Mapping[Kind, KindFacts]
    limits: Limits
    reference_prefix: str = ""
    """Prefix of the external reference written into a target for this storefront: ``XC``."""
    help_markdown: str = ""
    webhook_setup: str = ""
    """Instructions shown beside the webhook address; empty = no webhooks."""
    batch_sizes: Mapping[Kind, int] = field(default_factory=dict)
    """Kinds that a BatchWriter sets many of by one call, and how many of them at most."""
    not_guaranteed: tuple[str, ...] = field(default_factory=tuple)

    def can(self, kind: Kind, verb: Verb) -> bool:
        capability = self.capabilities.get((kind, verb))
        return capability is not None and capability.support in (Support.FULL, Support.PARTIAL)

    @property
    def secret_names(self) -> frozenset[str]:
        return frozenset(setting.name for setting in self.settings if setting.secret)
