"""The X-Cart connector: puts client, polling, writes, checks and schemas behind the connector contract."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.connectors.base import (
    CheckResult,
    ConnectionConfig,
    Found,
    Page,
    WriteRequest,
    WriteResult,
)
from integrations.connectors.errors import Misconfigured, NotFound, Rejected
from integrations.connectors.spec import ConnectorSpec, Identity, Verb
from integrations.connectors.systems.x_cart import changes, money, normalise, writes
from integrations.connectors.systems.x_cart.checks import run_checks
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.schema import SCHEMAS
from integrations.connectors.systems.x_cart.sku_index import SkuIndex
from integrations.connectors.systems.x_cart.spec import SPEC
from integrations.connectors.systems.x_cart.webhooks import XCartWebhooks
from integrations.kinds import EntitySchema, Kind, Record

WEBHOOKS = XCartWebhooks()
ORDER_NUMBER = re.compile(r"\w{1,255}", re.ASCII)


def build(config: ConnectionConfig) -> "XCartConnector":
    """Return a connector over one shop; it opens nothing before its first call."""
    return XCartConnector(config)


class XCartConnector:
    """Connector, Reader and Writer of one shop. Thread safe."""

    spec: ConnectorSpec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._client = XCartClient(config)
        self._index = SkuIndex(self._client)

    # -- Connector ---------------------------------------------------------------------------------------

    def check(self) -> Iterator[CheckResult]:
        return run_checks(self._client)

    def identity(self) -> Identity:
        """Return the shop's host and folder: X-Cart tells no company name. Makes no call."""
        parts = urlsplit(self._client.base_url)
        key = f"{parts.netloc}{parts.path}".lower()
        if not parts.hostname:
            raise Misconfigured("The address of the shop is missing", missing="base_url")
        return Identity(key, key)

    def discover(self, kind: Kind) -> EntitySchema:
        """Return the schema of a kind. Raises Misconfigured for a kind that X-Cart does not have."""
        if kind not in SCHEMAS:
            raise Misconfigured(f"X-Cart has no {kind.label}", missing=kind.value)
        return SCHEMAS[kind]

    def close(self) -> None:
        self._client.close()

    # -- Reader ------------------------------------------------------------------------------------------

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield orders (thin) since the cursor, or sweep products or customers (full records)."""
        self._require(kind, Verb.READ)
        if kind is Kind.ORDER:
            return changes.OrderChanges(self._client, cursor, self._now()).pages()
        if kind is Kind.PRODUCT:
            return changes.sweep(self._client, "products", cursor, self._product)
        return changes.sweep(self._client, "profiles", cursor, self._customer)

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state.

        Raises NotFound; Rejected for an order whose amounts do not add up to its total.
        """
        self._require(kind, Verb.READ)
        if kind is Kind.ORDER:
            return self._fetch_order(external_id)
        if kind is Kind.PRODUCT:
            product_id = number(external_id.partition("/")[0], "product")
            return self._product(self._client.get_object(f"products/{product_id}"))
        return self._customer(self._client.get_object(f"profiles/{number(external_id, 'customer')}"))

    def _fetch_order(self, order_id: str) -> Record:
        # Reference: developer.x-cart.com/api/5.5.1/admin, /orders/{id}. The order holds no payment method;
        # the transactions do.
        order = self._client.order(order_id)
        transactions = self._client.rows(f"orders/{order_id}/payment_transactions")
        record = normalise.order_record(order, transactions, str(self._client.setting("default_currency")))
        problem = money.identity_problem(record.fields)
        if problem is not None:
            raise Rejected(
                f"The amounts of order {record.business_key} do not add up: its total {problem.rule}",
                problems=(problem,),
            )
        return record

    def _product(self, row: Mapping[str, Any]) -> Record:
        return normalise.product_record(row, str(self._client.setting("store_timezone", "UTC")))

    def _customer(self, row: Mapping[str, Any]) -> Record:
        addresses = self._client.rows(f"profiles/{number(row.get('id'), 'customer')}/addresses")
        return normalise.customer_record(row, addresses)

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: orders by time, the other kinds are swept in any case."""
        self._require(kind, Verb.READ)
        return {"at": (since or changes.BEFORE_ALL).isoformat()} if kind is Kind.ORDER else {}

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id behind an order number, a SKU or a customer's e-mail."""
        self._require(kind, Verb.READ)
        if kind is Kind.PRODUCT:
            return self._index.find(number)
        if kind is Kind.CUSTOMER:
            known = self._find_customer(number)
            return known.external_id if known else None
        # Reference: developer.x-cart.com/api/5.5.1/admin, GET /orders/by_number/{orderNumber}. The route takes
        # letters and digits only; other numbers are answered 404 like unknown ones.
        if not ORDER_NUMBER.fullmatch(number):
            return None
        try:
            return str(self._client.get_object(f"orders/by_number/{number}")["id"])
        except NotFound:
            return None

    # -- Writer ------------------------------------------------------------------------------------------

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look for a record.

        SHIPMENT: by the hint's order id, found when the order shows all of it. PRODUCT, INVENTORY: by SKU;
        INVENTORY also tells the present amount. CUSTOMER: by e-mail. X-Cart keeps no reference of ours.
        """
        self._require(kind, Verb.FIND)
        if kind is Kind.SHIPMENT:
            return writes.Shipment(self._client, hint).find()
        if kind is Kind.CUSTOMER:
            return self._find_customer(natural_key or str(hint.get("login") or ""))
        sku = natural_key or str(hint.get("sku") or "")
        external_id = self._index.find(sku) if sku else None
        if external_id is None:
            return None
        if kind is Kind.PRODUCT:
            return Found(external_id, {"sku": sku})
        held = self._client.get_object(writes.stock_path(external_id))
        return Found(external_id, {"product_id": external_id, "sku": sku, "amount": held.get("amount")})

    def _find_customer(self, login: str) -> Found | None:
        if not login:
            return None
        # The shop's filter is a substring: ann@example.com also finds joann@example.com.
        for row in self._client.rows("profiles", [("login", login)]):
            if str(row.get("login", "")).casefold() == login.casefold():
                return Found(number(row.get("id"), "customer"), {"login": str(row["login"])})
        return None

    def write(self, request: WriteRequest) -> WriteResult:
        """Write a shipment, an order's status or a stock amount. Repeating a write changes nothing more."""
        if request.kind is Kind.SHIPMENT:
            return writes.Shipment(self._client, request.fields).write()
        self._require(request.kind, Verb.UPDATE)
        if request.kind is Kind.ORDER:
            return writes.write_order_status(self._client, request)
        return writes.write_stock(self._client, self._index, request)

    # -- inner -------------------------------------------------------------------------------------------

    def _require(self, kind: Kind, verb: Verb) -> None:
        if not self.spec.can(kind, verb):
            raise Misconfigured(
                f"X-Cart cannot {verb.value} this kind of record: {kind.label}",
                missing=f"{kind.value} {verb.value}",
            )

    def _now(self) -> datetime:
        return self._config.now() if self._config.now else datetime.now(UTC)
