"""The connector contract: small protocols, implemented only where the spec declares the capability.

A connector folder ``systems/<key>/`` holds ``spec.py`` (``SPEC``: ConnectorSpec) and ``connector.py``
(``build(config) -> Connector``; optionally ``WEBHOOKS``: WebhookReceiver). Connectors hold no database
and no global state: everything they need comes in through :class:`ConnectionConfig`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from integrations.connectors.errors import ConnectorError
from integrations.connectors.spec import ConnectorSpec, Identity
from integrations.kinds import EntitySchema, Kind, Record


class Gate(Protocol):
    """Asked by the transport before each remote call; the limiter and the lease check sit behind it."""

    def before_call(self, *, is_write: bool) -> None:
        """Wait for a rate token, then return; raise when the call must not be sent any more."""

    def after_call(self, *, seconds: float, status: str) -> None:
        """Tell how the call ended (``ok``, ``rate_limited``, ``failed``)."""


class OpenGate:
    """A gate that lets everything through: connection tests in a shell, contract tests."""

    def before_call(self, *, is_write: bool) -> None:
        return None

    def after_call(self, *, seconds: float, status: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One remote call as a person may see it: secrets and card data already removed."""

    method: str
    address: str
    request: str
    status: str
    response: str
    seconds: float
    request_id: str = ""


class SecretKeeper(Protocol):
    """Keeps a secret that the other system replaces while we use it, such as a refresh token that is good once.

    ``claim``, use it, then ``store`` what came instead or ``give_up``: one process at a time. A connector that was
    built an hour ago holds an old value, so it always asks here. Not kept: what a system replaced whose answer was
    lost, for nobody knows it.
    """

    @property
    def key(self) -> str:
        """Name the connection: the same in all processes, and no other connection's."""

    def claim(self, name: str) -> str | None:
        """Return the newest value and keep everybody else off it; None = somebody else is at it right now."""

    def store(self, name: str, used: str, renewed: str) -> None:
        """Keep ``renewed`` instead of ``used`` for good, and end the claim.

        What a person has put there in the meantime stays.
        """

    def give_up(self, name: str) -> None:
        """End the claim; the value stays. Idempotent."""


@dataclass(slots=True)
class ConnectionConfig:
    """Everything a connector is built from. ``values`` are settings and secrets together, by name."""

    values: Mapping[str, Any]
    gate: Gate = field(default_factory=OpenGate)
    now: Callable[[], datetime] | None = None
    allow_private_hosts: bool = False
    allowed_hosts: frozenset[str] = frozenset()
    """``host`` or ``host:port`` that may be private addresses in this installation (sandboxes, agents)."""
    observe: Callable[[Exchange], None] | None = None
    """Called after each remote call; the runner keeps the last exchanges of an attempt."""
    keeper: SecretKeeper | None = None
    """Where renewed secrets are kept; None = nowhere, they live as long as the connector."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One row of a connection test: its name, whether it passed, what was seen, and how to mend it."""

    name: str
    ok: bool
    evidence: str
    fix: str = ""
    seconds: float = 0.0
    field: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records in cursor order. Store the records, then ``cursor``; a crash repeats at most one page.

    A record with ``fields == {}`` is thin: the run fetches it.
    """

    records: Sequence[Record]
    cursor: Mapping[str, Any]
    """JSON-able position after this page; None is never valid, start with ``{}``."""
    is_last: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A record that exists in the target."""

    external_id: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """A mapped record on its way out.

    ``external_id`` is set for an update. ``reference`` is the external reference to leave in the target
    so that a later ``find`` sees it. ``idempotency_key`` is stable over all attempts of a run.
    """

    kind: Kind
    fields: Mapping[str, Any]
    external_id: str = ""
    reference: str = ""
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What the target holds now. ``fields`` is the read-back in the vendor's names; may be partial."""

    external_id: str
    business_key: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    is_unchanged: bool = False
    """The target already held these values; nothing was sent that changes it."""
    total: Decimal | None = None


@runtime_checkable
class Connector(Protocol):
    spec: ConnectorSpec

    def check(self) -> Iterator[CheckResult]:
        """Yield named test results one by one; never raises ConnectorError."""

    def identity(self) -> Identity:
        """Return whose company this is. Raises ConnectorError."""

    def discover(self, kind: Kind) -> EntitySchema:
        """Return the schema of a kind, live where the system offers one."""

    def close(self) -> None:
        """Give sessions back (logout, sockets). Idempotent."""


@runtime_checkable
class Reader(Protocol):
    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield pages of what changed since ``cursor`` ({} = from now minus the overlap).

        Overlaps on purpose: records already seen may come again; nothing is left out.
        """

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound."""


@runtime_checkable
class HistoryReader(Reader, Protocol):
    """A reader that can be asked for what is older than the connection: initial loads, backfills, "sync this one"."""

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return the cursor from which ``read_changes`` gives all that changed since (None = all there is).

        Makes no call. Records that changed before may come as well.
        """

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id of the record that people call by this number; None = there is none."""


@runtime_checkable
class Writer(Protocol):
    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look for a record by the external reference left in it, or by its natural key.

        ``hint`` is the mapped record where there is one (some systems search within a customer).
        None means "not there"; a system that cannot search raises Misconfigured.
        """

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or update one record. Raises OutcomeUnknown when it may have happened."""


@runtime_checkable
class BatchWriter(Writer, Protocol):
    """A writer with one call for many records of the kinds in ``spec.batch_sizes``."""

    def write_many(self, requests: Sequence[WriteRequest]) -> Sequence[WriteResult | ConnectorError]:
        """Set many records by one call; each has a result or an error of its own, in order.

        Every request states the whole value, so that repeating the call changes nothing more. Raises
        ConnectorError when the call as a whole failed, though a part of it may have happened.
        """


@dataclass(frozen=True, slots=True)
class Notice:
    """What a verified webhook says changed. The run reads the record itself."""

    topic: str
    kind: Kind
    external_id: str
    business_key: str = ""
    occurred_at: datetime | None = None
    record: Record | None = None
    """Set only by full-body webhooks whose content is the record."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A genuine delivery: its dedupe key, and when the sender says it was sent."""

    delivery_id: str
    sent_at: datetime | None


class WebhookReceiver(Protocol):
    """Pure functions over raw bytes; called before anything is stored."""

    def verify(
        self, headers: Mapping[str, str], body: bytes, values: Mapping[str, Any], now: datetime
    ) -> Verified:
        """Check signature (constant time) and window. Header names are lower case. Raises BadSignature."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        """Return what changed; an unknown topic gives (). Raises UnexpectedResponse on unreadable bodies."""
