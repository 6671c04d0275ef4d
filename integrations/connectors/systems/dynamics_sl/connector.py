"""The Dynamics SL connector: which function serves which kind and verb.

Found by the registry through its folder. Holds no state but its client.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.connectors.base import CheckResult, ConnectionConfig, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.spec import Identity
from integrations.connectors.systems.dynamics_sl import (
    adjustments,
    customers,
    documents,
    feed,
    inventory,
    item_changes,
    journals,
    orders,
    payments,
    purchasing,
    returns,
    shipments,
)
from integrations.connectors.systems.dynamics_sl.checks import run_checks
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.schema import SCHEMAS
from integrations.connectors.systems.dynamics_sl.spec import SPEC
from integrations.kinds import EntitySchema, Kind, Record

_Writer = Callable[[CtApi, WriteRequest], WriteResult]

_FETCHERS = {
    Kind.ORDER: orders.fetch_order,
    Kind.SHIPMENT: shipments.fetch_shipment,
    Kind.CUSTOMER: customers.fetch_customer,
    Kind.PRODUCT: inventory.fetch_item,
    Kind.INVENTORY: inventory.fetch_stock,
    Kind.PAYMENT: payments.fetch_payment,
    Kind.RETURN: returns.fetch_return,
    Kind.INVOICE: documents.fetch_invoice,
    Kind.PURCHASE_ORDER: purchasing.fetch_purchase_order,
}
_DATED = {
    Kind.PAYMENT: payments.read_payments,
    Kind.INVOICE: documents.read_invoices,
    Kind.PURCHASE_ORDER: purchasing.read_purchase_orders,
}
"""Kinds read by their time of change, from a Quick Query view."""
_LISTED = {
    Kind.INVENTORY: inventory.read_stock,
    Kind.PRODUCT: inventory.read_items,
    Kind.CUSTOMER: customers.read_customers,
    Kind.RETURN: returns.read_returns,
}
"""Kinds without a feed: the full list each time."""
_FINDERS: Mapping[Kind, Callable[[CtApi, str], Found | None]] = {
    Kind.ORDER: orders.find_order,
    Kind.RETURN: returns.find_return,
    Kind.PAYMENT: payments.find_payment,
    Kind.JOURNAL: journals.find_journal,
    Kind.PURCHASE_ORDER: purchasing.find_purchase_order,
}
_CREATORS: Mapping[Kind, _Writer] = {
    Kind.ORDER: orders.create_order,
    Kind.CUSTOMER: customers.create_customer,
    Kind.PAYMENT: payments.create_payment,
    Kind.JOURNAL: journals.create_journal,
    Kind.RETURN: returns.create_return,
    Kind.PURCHASE_ORDER: purchasing.create_purchase_order,
}
_UPDATERS: Mapping[Kind, _Writer] = {
    Kind.ORDER: orders.update_order,
    Kind.CUSTOMER: customers.update_customer,
    Kind.INVENTORY: adjustments.adjust_stock,
    Kind.PRODUCT: item_changes.update_item,
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
        if kind in _DATED:
            return _DATED[kind](self._api, cursor, now)
        if kind in _LISTED:
            return _LISTED[kind](self._api, cursor)
        raise _unsupported(kind, "list")

    def fetch(self, kind: Kind, external_id: str) -> Record:
        fetcher = _FETCHERS.get(kind)
        if fetcher is None:
            raise _unsupported(kind, "read")
        return fetcher(self._api, external_id)

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: the event feed by time, the other kinds are full lists."""
        if kind in (Kind.ORDER, Kind.SHIPMENT) or kind in _DATED:
            return {"since": (since or _BEFORE_ALL).isoformat()}
        if kind is Kind.CUSTOMER and self._api.settings.get("read_queue"):
            return {"list": True}  # the queue knows of changes only
        if kind in _FETCHERS:
            return {}
        raise _unsupported(kind, "list")

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id where such a record exists: mostly the number that people say; a receipt's is longer."""
        if kind is Kind.PAYMENT:
            found = payments.find_payment(self._api, number)
            return found.external_id if found else None
        try:
            return self.fetch(kind, number).external_id
        except NotFound:
            return None

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look a record up. ``hint`` is not needed: references are unique in a company."""
        if kind in _FINDERS and (reference or natural_key):
            return _FINDERS[kind](self._api, reference or natural_key)
        if kind is Kind.CUSTOMER and (reference or natural_key):
            return customers.find_customer(self._api, reference=reference, natural_key=natural_key)
        if kind in (Kind.PRODUCT, Kind.INVENTORY) and natural_key:
            return inventory.find_item(self._api, natural_key)
        raise _unsupported(kind, "find")

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or update one record. Raises OutcomeUnknown when it may have happened."""
        # Items and stock are never made here: the number in the record says which is meant, linked or not.
        is_change = bool(request.external_id) or request.kind in (Kind.INVENTORY, Kind.PRODUCT)
        writers = _UPDATERS if is_change else _CREATORS
        if request.kind not in writers:
            raise _unsupported(request.kind, "update" if is_change else "create")
        return writers[request.kind](self._api, request)


def build(config: ConnectionConfig) -> DynamicsSl:
    """Return a connector over one connection; it opens nothing before its first call."""
    return DynamicsSl(config)
