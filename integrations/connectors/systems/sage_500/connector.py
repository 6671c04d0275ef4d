"""The Sage 500 connector: which function serves which kind and verb.

Found by the registry through its folder. Holds no state but its client.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from integrations.connectors.base import CheckResult, ConnectionConfig, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.spec import Identity, Verb
from integrations.connectors.systems.sage_500 import (
    changes,
    customers,
    invoices,
    items,
    journals,
    orders,
    purchase_orders,
    receipts,
    returns,
    shipments,
)
from integrations.connectors.systems.sage_500.checks import run_checks
from integrations.connectors.systems.sage_500.client import Sage
from integrations.connectors.systems.sage_500.customer_writes import create_customer, update_customer
from integrations.connectors.systems.sage_500.discovery import discover
from integrations.connectors.systems.sage_500.item_writes import create_item, update_item
from integrations.connectors.systems.sage_500.order_writes import create_order, update_order
from integrations.connectors.systems.sage_500.schema import SCHEMAS
from integrations.connectors.systems.sage_500.spec import SPEC
from integrations.kinds import EntitySchema, Kind, Record

Write = Callable[[Sage, WriteRequest], WriteResult]

_FETCHERS: Mapping[Kind, Callable[[Sage, str], Record]] = {
    Kind.ORDER: orders.fetch_order,
    Kind.SHIPMENT: shipments.fetch_shipment,
    Kind.CUSTOMER: customers.fetch_customer,
    Kind.PRODUCT: items.fetch_item,
    Kind.INVENTORY: items.fetch_stock,
    Kind.PAYMENT: receipts.fetch_receipt,
    Kind.RETURN: returns.fetch_return,
    Kind.INVOICE: invoices.fetch_invoice,
    Kind.PURCHASE_ORDER: purchase_orders.fetch_purchase_order,
}
_SWEPT = (Kind.INVENTORY, Kind.PURCHASE_ORDER)
_BY_KEY = (Kind.SHIPMENT, Kind.PAYMENT)
_READERS: Mapping[Kind, Callable[[Sage, Mapping[str, Any]], Iterator[Page]]] = {
    Kind.INVENTORY: items.read_stock,
    Kind.PURCHASE_ORDER: purchase_orders.read_purchase_orders,
    Kind.SHIPMENT: changes.read_shipments,
    Kind.PAYMENT: receipts.read_receipts,
}
"""Kinds that tell no time of change; the others are read by it."""
_LOCATORS: Mapping[Kind, Callable[[Sage, str], str | None]] = {
    Kind.ORDER: orders.locate_order,
    Kind.SHIPMENT: shipments.locate_shipment,
    Kind.PAYMENT: receipts.locate_receipt,
    Kind.RETURN: returns.locate_return,
    Kind.INVOICE: invoices.locate_invoice,
}
_CREATORS: Mapping[Kind, Write] = {
    Kind.ORDER: create_order,
    Kind.CUSTOMER: create_customer,
    Kind.PRODUCT: create_item,
    Kind.PAYMENT: receipts.create_receipt,
    Kind.RETURN: returns.create_return,
    Kind.JOURNAL: journals.create_journal,
}
_UPDATERS: Mapping[Kind, Write] = {
    Kind.ORDER: update_order,
    Kind.CUSTOMER: update_customer,
    Kind.PRODUCT: update_item,
}


class SageConnector:
    """Connector, Reader and Writer of one company. Thread safe."""

    spec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self._sage = Sage(config)

    def check(self) -> Iterator[CheckResult]:
        return run_checks(self._sage)

    def identity(self) -> Identity:
        """Return the company, proven by a row of its set-up. Raises ConnectorError."""
        sage = self._sage
        rows = sage.query("SELECT CompanyID, CompanyName FROM tsmCompany WHERE CompanyID = %s", sage.company)
        if not rows:
            raise Misconfigured(f"The database has no company {sage.company}", missing="company_id")
        key = f"{sage.login.host}:{sage.login.port}/{sage.login.database}:{sage.company}".lower()
        return Identity(key, f"Company {sage.company} ({rows[0]['CompanyName']}) in {sage.login.database}")

    def discover(self, kind: Kind) -> EntitySchema:
        """Return the schema of a kind as this database has it, own columns included. Raises ConnectorError."""
        if kind not in SCHEMAS:
            raise _unsupported(kind, "describe")
        return discover(self._sage, kind)

    def close(self) -> None:
        """Close connections. Idempotent."""
        self._sage.close()

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield pages of changes; quantities and purchase orders are a full snapshot each time."""
        self._require(kind, Verb.READ)
        reader = _READERS.get(kind)
        return reader(self._sage, cursor) if reader else changes.read_changes(self._sage, kind, cursor)

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound."""
        self._require(kind, Verb.READ)
        return _FETCHERS[kind](self._sage, external_id)

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: shipments and receipts from the first key, the rest by time of change."""
        self._require(kind, Verb.READ)
        if kind in _SWEPT:
            return {}
        if kind in _BY_KEY:
            return {"after": 0}
        moment = since.astimezone(self._sage.zone).replace(tzinfo=None) if since else changes.BEFORE_ALL
        return {"at": changes.sql_time(moment)}

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id behind a number that people say: numbers of documents, customer and item ids."""
        self._require(kind, Verb.READ)
        locator = _LOCATORS.get(kind)
        if locator is not None:
            return locator(self._sage, number)
        try:
            return self.fetch(kind, number.strip()).external_id
        except NotFound:
            return None

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look a record up by our reference in it, or by its natural key."""
        self._require(kind, Verb.FIND)
        named = reference or natural_key
        if kind in (Kind.ORDER, Kind.RETURN):
            tran_type = orders.ORDER_TYPE if kind is Kind.ORDER else orders.RETURN_TYPE
            return orders.find_order(self._sage, named, tran_type=tran_type)
        if kind is Kind.PAYMENT:
            return receipts.find_receipt(self._sage, named)
        if kind is Kind.JOURNAL:
            return journals.find_journal(self._sage, named)
        if kind is Kind.CUSTOMER:
            return customers.find_customer(self._sage, reference=reference, natural_key=natural_key)
        return items.find_item(self._sage, natural_key or str(hint.get("ItemID") or ""))

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or update one record. Raises OutcomeUnknown when it may have happened."""
        writer = (_UPDATERS if request.external_id else _CREATORS).get(request.kind)
        if writer is None:
            raise _unsupported(request.kind, "write")
        return writer(self._sage, request)

    def _require(self, kind: Kind, verb: Verb) -> None:
        if not self.spec.can(kind, verb):
            raise _unsupported(kind, verb.value)


def _unsupported(kind: Kind, verb: str) -> Misconfigured:
    return Misconfigured(f"Sage 500 cannot {verb} {kind.label} records yet", missing=f"{kind.value}.{verb}")


def build(config: ConnectionConfig) -> SageConnector:
    """Return a connector over one connection; it opens nothing before its first call."""
    return SageConnector(config)
