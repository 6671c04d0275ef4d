"""The Clarity eCommerce connector: puts client, polling, writes, checks and schemas behind the connector contract."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from integrations.connectors.errors import ConnectorError, Misconfigured, NotFound, UnexpectedResponse
from integrations.connectors.spec import ConnectorSpec, Identity, Verb
from integrations.connectors.systems.clarity_ecommerce import (
    changes,
    discovery,
    masters,
    moves,
    shipments,
    stock,
    subscriptions,
)
from integrations.connectors.systems.clarity_ecommerce.checks import run_checks
from integrations.connectors.systems.clarity_ecommerce.client import ClarityClient, number
from integrations.connectors.systems.clarity_ecommerce.normalise import record_of, wire_moment
from integrations.connectors.systems.clarity_ecommerce.schema import SCHEMAS
from integrations.connectors.systems.clarity_ecommerce.spec import SPEC
from integrations.connectors.systems.clarity_ecommerce.webhooks import ClarityWebhooks
from integrations.kinds import EntitySchema, Kind, Record

WEBHOOKS = ClarityWebhooks()
_WRITERS = {
    Kind.ORDER: moves.write_order,
    Kind.RETURN: moves.write_return,
    Kind.SHIPMENT: shipments.write_shipment,
    Kind.INVENTORY: stock.write_stock,
    Kind.PRODUCT: masters.write_master,
    Kind.CUSTOMER: masters.write_master,
}
_DIGESTED = {Kind.ORDER: "orders", Kind.PRODUCT: "products", Kind.CUSTOMER: "customers"}


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One record of a digest: another hash means that it changed beyond its date."""

    external_id: str
    business_key: str
    hash: str


def build(config: ConnectionConfig) -> "ClarityCommerce":
    """Return a connector over one site; it opens nothing before its first call."""
    return ClarityCommerce(config)


class ClarityCommerce:
    """Connector, HistoryReader and Writer of one site. Thread safe."""

    spec: ConnectorSpec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._client = ClarityClient(config)

    # -- Connector ---------------------------------------------------------------------------------------

    def check(self) -> Iterator[CheckResult]:
        return run_checks(self._client)

    def identity(self) -> Identity:
        """Return the site's host and folder: the contract tells no company. Makes no call."""
        parts = urlsplit(self._client.base_url)
        if not parts.hostname:
            raise Misconfigured("The site address is missing", missing="base_url")
        key = f"{parts.netloc}{parts.path}".lower()
        return Identity(key, key)

    def discover(self, kind: Kind) -> EntitySchema:
        """Return the schema as this site has it. Raises Misconfigured for a kind that the contract lacks."""
        if kind not in SCHEMAS:
            raise Misconfigured(f"Clarity eCommerce has no {kind.label}", missing=kind.value)
        return discovery.discover(self._client, kind)

    def close(self) -> None:
        self._client.close()

    # -- Reader ------------------------------------------------------------------------------------------

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield whole records since the cursor, oldest first; coupons and categories as a full sweep."""
        self._require(kind, Verb.READ)
        if kind in changes.SWEPT:
            return changes.sweep(
                self._client, changes.SWEPT[kind], cursor, lambda row: self._record(kind, row)
            )
        return changes.changes(
            self._client, changes.DATED[kind], cursor, self._now(), lambda row: self._record(kind, row)
        )

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound. Products are also known by SKU, customers by e-mail."""
        self._require(kind, Verb.READ)
        if kind is Kind.INVENTORY:
            return self._fetch_stock(external_id)
        if kind in (Kind.PRODUCT, Kind.CUSTOMER):
            return self._record(kind, masters.load(self._client, kind, external_id).fields)
        path = {**changes.DATED, **changes.SWEPT}[kind]
        return self._record(kind, self._client.record(f"{path}/{number(external_id, kind.label)}").fields)

    def _fetch_stock(self, external_id: str) -> Record:
        sku, _, location = external_id.rpartition("@")
        for row in stock.stock_rows(self._client, sku) if sku else ():
            if row.get("locationKey") == location:
                return record_of(Kind.INVENTORY, row)
        raise NotFound(f"The site has no stock {external_id!r}")

    def _record(self, kind: Kind, row: Mapping[str, Any]) -> Record:
        record = record_of(kind, row)
        if kind is not Kind.ORDER or record.fields["email"] or not record.fields["customerId"]:
            return record
        # Neither address has an e-mail: it is the account's then.
        customer = self._client.record(f"customers/{number(record.fields['customerId'], 'customer')}")
        return record_of(kind, row, customer_email=str(customer.fields.get("email") or ""))

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: by time; coupons and categories are swept in any case."""
        self._require(kind, Verb.READ)
        return {} if kind in changes.SWEPT else {"at": wire_moment(since or changes.BEFORE_ALL)}

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id behind an order number, SKU or e-mail; elsewhere the number is the id."""
        self._require(kind, Verb.READ)
        if self.spec.can(kind, Verb.FIND) and kind is not Kind.SHIPMENT:
            found = self.find(kind, natural_key=number, hint={})
            return found.external_id if found else None
        try:
            return self.fetch(kind, number).external_id
        except NotFound:
            return None

    def digest(self, kind: Kind, since: datetime | None = None) -> Sequence[DigestRow]:
        """Return id, key and hash of every order, product or customer changed since; None = of all."""
        if kind not in _DIGESTED:
            raise Misconfigured(f"The contract has no digest of {kind.label} records", missing=kind.value)
        params = {"modifiedSince": wire_moment(since) or ""} if since else None
        rows = self._client.get(f"{_DIGESTED[kind]}/digest", params)
        if not isinstance(rows, list):
            raise UnexpectedResponse("The site sent no list for a digest", detail=kind.value)
        return [DigestRow(str(row["id"]), str(row["key"]), str(row["hash"])) for row in rows]

    # -- Writer ------------------------------------------------------------------------------------------

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look for a record.

        SHIPMENT: by the hint's order and ``externalRef``. ORDER, PRODUCT, INVENTORY, CUSTOMER: by order number,
        SKU or e-mail, which are also what stands behind our prefix in a reference; a customer then by its number
        in the ERP as well.
        """
        self._require(kind, Verb.FIND)
        if kind is Kind.SHIPMENT:
            return shipments.find_shipment(self._client, hint)
        ours = reference.removeprefix(f"{SPEC.reference_prefix}-")
        if kind is Kind.CUSTOMER:
            email = natural_key or str(hint.get("email") or "") or (ours if "@" in ours else "")
            return masters.find_customer(
                self._client, email=email, customer_key=str(hint.get("customerKey") or "") or ours
            )
        if kind is Kind.ORDER:
            order_id = moves.find_order(self._client, natural_key or ours) if natural_key or ours else None
            return Found(order_id, {"orderNumber": natural_key or ours}) if order_id else None
        sku = natural_key or str(hint.get("sku") or "") or ours
        if kind is Kind.INVENTORY:
            return stock.find_stock(self._client, sku, hint)
        return masters.find_product(self._client, sku)

    def write(self, request: WriteRequest) -> WriteResult:
        """Write one record. Repeating a write changes nothing more; a POST carries the idempotency key."""
        writer = _WRITERS.get(request.kind)
        if writer is None:
            self._require(request.kind, Verb.UPDATE)
            raise Misconfigured(f"{request.kind.label} records are read only", missing=request.kind.value)
        return writer(self._client, request)

    def write_many(self, requests: Sequence[WriteRequest]) -> Sequence[WriteResult | ConnectorError]:
        """Set the stock of many SKUs by one call for 500 rows; each has a result or an error of its own."""
        return stock.write_many(self._client, requests)

    # -- webhooks ----------------------------------------------------------------------------------------

    def ensure_webhook(self, url: str, *, is_new_secret: bool = False) -> subscriptions.Upkeep:
        """Make or repair the subscription that sends to ``url``, signed with the connection's webhook secret."""
        secret = str(self._client.setting("webhook_secret"))
        return subscriptions.ensure(self._client, url, secret, is_new_secret=is_new_secret)

    def remove_webhook(self, url: str) -> int:
        """End the subscriptions that send to ``url``; return how many there were."""
        return subscriptions.remove(self._client, url)

    # -- inner -------------------------------------------------------------------------------------------

    def _require(self, kind: Kind, verb: Verb) -> None:
        if not self.spec.can(kind, verb):
            raise Misconfigured(
                f"Clarity eCommerce cannot {verb.value} this kind of record: {kind.label}",
                missing=f"{kind.value} {verb.value}",
            )

    def _now(self) -> datetime:
        return self._config.now() if self._config.now else datetime.now(UTC)
