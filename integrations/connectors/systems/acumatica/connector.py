"""The Acumatica connector: which function serves which kind and verb.

Found by the registry through its folder. Holds no state but its client.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.connectors.base import CheckResult, ConnectionConfig, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.spec import Identity, Verb
from integrations.connectors.systems.acumatica import (
    changes,
    customers,
    documents,
    items,
    orders,
    payments,
    returns,
    shipments,
)
from integrations.connectors.systems.acumatica.checks import run_checks
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.discovery import discover
from integrations.connectors.systems.acumatica.push import AcumaticaPush
from integrations.connectors.systems.acumatica.schema import SCHEMAS
from integrations.connectors.systems.acumatica.spec import SPEC
from integrations.kinds import EntitySchema, Kind, Record

WEBHOOKS = AcumaticaPush()

Write = Callable[[Acumatica, WriteRequest], WriteResult]

_FETCHERS: Mapping[Kind, Callable[[Acumatica, str], Record]] = {
    Kind.ORDER: orders.fetch_order,
    Kind.SHIPMENT: shipments.fetch_shipment,
    Kind.CUSTOMER: customers.fetch_customer,
    Kind.PRODUCT: items.fetch_item,
    Kind.INVENTORY: items.fetch_stock,
    Kind.PAYMENT: payments.fetch_payment,
    Kind.INVOICE: documents.fetch_invoice,
    Kind.RETURN: returns.fetch_return,
    Kind.PURCHASE_ORDER: documents.fetch_purchase_order,
}
_CREATORS: Mapping[Kind, Write] = {
    Kind.ORDER: orders.create_order,
    Kind.RETURN: returns.create_return,
    Kind.CUSTOMER: customers.create_customer,
    Kind.PRODUCT: items.create_item,
    Kind.PAYMENT: payments.create_payment,
    Kind.JOURNAL: documents.create_journal,
}
_UPDATERS: Mapping[Kind, Write] = {
    Kind.ORDER: orders.update_order,
    Kind.CUSTOMER: customers.update_customer,
    Kind.PRODUCT: items.update_item,
}
_KEYED = {
    Kind.ORDER: "SO/", Kind.RETURN: "RC/", Kind.PAYMENT: "Prepayment/", Kind.INVOICE: "Invoice/",
    Kind.PURCHASE_ORDER: "Normal/",
}  # fmt: skip
"""Kinds whose number alone is no key, with the type people mean when they say none."""


class AcumaticaConnector:
    """Connector, Reader and Writer of one tenant. Thread safe."""

    spec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._api = Acumatica(config)

    def check(self) -> Iterator[CheckResult]:
        return run_checks(self._api)

    def identity(self) -> Identity:
        """Return the tenant, proven by a signed-in call. Raises ConnectorError."""
        self._api.listed("SalesOrder", top=1, select="OrderNbr")
        parts = urlsplit(self._api.base_url)
        key = f"{parts.netloc}{parts.path}:{self._api.tenant}".lower()
        return Identity(key, f"Tenant {self._api.tenant} on {parts.hostname}")

    def discover(self, kind: Kind) -> EntitySchema:
        """Return the schema of a kind as this tenant has it, custom fields included. Raises ConnectorError."""
        if kind not in SCHEMAS:
            raise _unsupported(kind, "describe")
        return discover(self._api, kind)

    def close(self) -> None:
        """Sign out when nobody else in this process uses the sign-in. Idempotent."""
        self._api.close()

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield pages of changes; quantities are a full snapshot each time."""
        self._require(kind, Verb.READ)
        if kind is Kind.INVENTORY:
            return items.read_stock(self._api, cursor)
        now = self._config.now() if self._config.now else datetime.now(UTC)
        return changes.pages(self._api, kind, cursor, now)

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound."""
        self._require(kind, Verb.READ)
        return _FETCHERS[kind](self._api, external_id)

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: all kinds but quantities go by time of change."""
        self._require(kind, Verb.READ)
        return {} if kind is Kind.INVENTORY else {"at": (since or changes.BEFORE_ALL).isoformat()}

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id behind a number that people say: an order's number without its type means a sales order."""
        self._require(kind, Verb.READ)
        wanted = number if "/" in number else f"{_KEYED.get(kind, '')}{number}"
        try:
            return self.fetch(kind, wanted).external_id
        except NotFound:
            return None

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look a record up by our reference in it, or by its natural key; ``hint`` narrows orders and payments."""
        self._require(kind, Verb.FIND)
        named = reference or natural_key
        if kind in (Kind.ORDER, Kind.RETURN):
            return orders.find_order(self._api, kind, reference=named, hint=hint)
        if kind is Kind.CUSTOMER:
            return customers.find_customer(self._api, reference=reference, natural_key=natural_key)
        if kind is Kind.PAYMENT:
            return payments.find_payment(self._api, str(hint.get("ExternalRef") or named))
        if kind is Kind.JOURNAL:
            return documents.find_journal(self._api, named)
        return items.find_item(self._api, natural_key or str(hint.get("InventoryID") or ""))

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or update one record. Raises OutcomeUnknown when it may have happened."""
        writer = (_UPDATERS if request.external_id else _CREATORS).get(request.kind)
        if writer is None:
            raise _unsupported(request.kind, "write")
        return writer(self._api, request)

    def _require(self, kind: Kind, verb: Verb) -> None:
        if not self.spec.can(kind, verb):
            raise _unsupported(kind, verb.value)


def _unsupported(kind: Kind, verb: str) -> Misconfigured:
    return Misconfigured(f"Acumatica cannot {verb} {kind.label} records yet", missing=f"{kind.value}.{verb}")


def build(config: ConnectionConfig) -> AcumaticaConnector:
    """Return a connector over one connection; it opens nothing before its first call."""
    return AcumaticaConnector(config)
