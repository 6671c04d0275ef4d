"""The Dynamics SL connector: which function serves which kind and verb.

Found by the registry through its folder. Holds no state but its client.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.connectors.base import CheckResult, ConnectionConfig, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.spec import Identity
from integrations.connectors.systems.dynamics_sl import customers, feed, inventory, orders, shipments
from integrations.connectors.systems.dynamics_sl.checks import run_checks
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.schema import SCHEMAS
from integrations.connectors.systems.dynamics_sl.spec import SPEC
from integrations.kinds import EntitySchema, Kind, Record

_FETCHERS = {
    Kind.ORDER: orders.fetch_order,
    Kind.SHIPMENT: shipments.fetch_shipment,
    Kind.CUSTOMER: customers.fetch_customer,
    Kind.PRODUCT: inventory.fetch_item,
    Kind.INVENTORY: inventory.fetch_stock,
}

# Dynamics SL keeps smalldatetimes; no company has orders from before.
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


def _unsupported(kind: Kind, verb: str) -> Misconfigured:
    return Misconfigured(
        f"Dynamics SL cannot {verb} {kind.label} records yet", missing=f"{kind.value}.{verb}"
    )


class DynamicsSl:
    """Reader and writer over ctAPI SOAP. Thread safe."""

    spec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._api = CtApi(config)

    def check(self) -> Iterator[CheckResult]:
        return run_checks(self._api)

    def identity(self) -> Identity:
        """Return the company, proven by a call that names it. Raises ConnectorError."""
        self._api.rows("getOrderTypes")
        host = urlsplit(str(self._api.settings["base_url"])).hostname or ""
        site = self._api.settings["site_id"]
        return Identity(f"{site}:{self._api.cpny_id}", f"Company {self._api.cpny_id} on {host}")

    def discover(self, kind: Kind) -> EntitySchema:
        schema = SCHEMAS.get(kind)
        if schema is None:
            raise _unsupported(kind, "describe")
        return schema

    def close(self) -> None:
        self._api.close()

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield pages of changes: orders and shippers thin, the other kinds as a full list each time."""
        now = self._config.now() if self._config.now else datetime.now(UTC)
        if kind in (Kind.ORDER, Kind.SHIPMENT):
            return feed.read_feed(self._api, kind, cursor, now)
        if kind is Kind.INVENTORY:
            return inventory.read_stock(self._api, cursor)
        if kind is Kind.PRODUCT:
            return inventory.read_items(self._api, cursor)
        if kind is Kind.CUSTOMER:
            return customers.read_customers(self._api, cursor)
        raise _unsupported(kind, "list")

    def fetch(self, kind: Kind, external_id: str) -> Record:
        fetcher = _FETCHERS.get(kind)
        if fetcher is None:
            raise _unsupported(kind, "read")
        return fetcher(self._api, external_id)

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: the event feed by time, the other kinds are full lists."""
        if kind in (Kind.ORDER, Kind.SHIPMENT):
            return {"since": (since or _BEFORE_ALL).isoformat()}
        if kind in _FETCHERS:
            return {}
        raise _unsupported(kind, "list")

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the number where such a record exists: ids are the numbers that people say here."""
        try:
            return self.fetch(kind, number).external_id
        except NotFound:
            return None

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look a record up. ``hint`` is not needed: references are unique in a company."""
        if kind is Kind.ORDER and (reference or natural_key):
            return orders.find_order(self._api, reference or natural_key)
        if kind is Kind.CUSTOMER and (reference or natural_key):
            return customers.find_customer(self._api, reference=reference, natural_key=natural_key)
        if kind in (Kind.PRODUCT, Kind.INVENTORY) and natural_key:
            return inventory.find_item(self._api, natural_key)
        raise _unsupported(kind, "find")

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or update an order or a customer. Raises OutcomeUnknown when it may have happened."""
        if request.kind is Kind.ORDER:
            writer = orders.update_order if request.external_id else orders.create_order
            return writer(self._api, request)
        if request.kind is Kind.CUSTOMER:
            writer = customers.update_customer if request.external_id else customers.create_customer
            return writer(self._api, request)
        raise _unsupported(request.kind, "write")


def build(config: ConnectionConfig) -> DynamicsSl:
    """Return a connector over one connection; it opens nothing before its first call."""
    return DynamicsSl(config)
