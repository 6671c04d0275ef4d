"""The X-Cart connector: one shop behind the connector contract, whichever dialect its version speaks."""

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
from integrations.connectors.errors import Misconfigured
from integrations.connectors.spec import ConnectorSpec, Identity, Verb
from integrations.connectors.systems.x_cart.api55 import Api55Shop
from integrations.connectors.systems.x_cart.classic_client import ClassicClient
from integrations.connectors.systems.x_cart.classic_shop import ClassicShop
from integrations.connectors.systems.x_cart.client import XCartClient
from integrations.connectors.systems.x_cart.dialects import Dialects
from integrations.connectors.systems.x_cart.schema import SCHEMAS
from integrations.connectors.systems.x_cart.spec import SPEC
from integrations.connectors.systems.x_cart.webhooks import XCartWebhooks
from integrations.kinds import EntitySchema, Kind, Record

WEBHOOKS = XCartWebhooks()


def build(config: ConnectionConfig) -> "XCartConnector":
    """Return a connector over one shop; it opens nothing before its first call."""
    return XCartConnector(config)


class XCartConnector:
    """Connector, Reader and Writer of one shop. Thread safe."""

    spec: ConnectorSpec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._client = XCartClient(config)
        self._dialects = Dialects(
            str(self._client.setting("dialect", "auto")),
            Api55Shop(self._client),
            ClassicShop(ClassicClient(config)),
        )

    # -- Connector ---------------------------------------------------------------------------------------

    def check(self) -> Iterator[CheckResult]:
        return self._dialects.check()

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
        self._dialects.close()

    # -- Reader ------------------------------------------------------------------------------------------

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield orders (thin) and payments since the cursor, or sweep one of the other kinds (full records)."""
        self._require(kind, Verb.READ)
        now = self._config.now() if self._config.now else datetime.now(UTC)
        return self._dialects.pages(lambda shop: shop.read_changes(kind, cursor, now))

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state.

        Raises NotFound; Rejected for an order whose amounts do not add up to its total.
        """
        self._require(kind, Verb.READ)
        return self._dialects.ask(lambda shop: shop.fetch(kind, external_id))

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: orders by time, the other kinds are swept in any case."""
        self._require(kind, Verb.READ)
        return self._dialects.history(kind, since)

    def locate(self, kind: Kind, number: str) -> str | None:
        """Return the id behind an order number, a SKU, a customer's e-mail, a payment's public id and so on."""
        self._require(kind, Verb.READ)
        return self._dialects.ask(lambda shop: shop.locate(kind, number))

    # -- Writer ------------------------------------------------------------------------------------------

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        """Look for a record. X-Cart keeps no reference of ours.

        SHIPMENT: by the hint's order id, found when the order shows all of it. PRODUCT, INVENTORY: by SKU;
        INVENTORY also tells the present amount. CUSTOMER: by e-mail. COUPON: by code, CATEGORY: by name, PAYMENT: by
        what staff see. A product, customer, coupon or category asked for by the hint alone is found only when it holds
        all that the hint says.
        """
        self._require(kind, Verb.FIND)
        return self._dialects.ask(lambda shop: shop.find(kind, natural_key, hint))

    def write(self, request: WriteRequest) -> WriteResult:
        """Write a shipment, stock, a product, a customer, a coupon, a category or a status of an order or return.

        Repeating it changes nothing more.
        """
        if not self.spec.can(request.kind, Verb.CREATE):
            self._require(request.kind, Verb.UPDATE)
        return self._dialects.ask(lambda shop: shop.write(request))

    # -- inner -------------------------------------------------------------------------------------------

    def _require(self, kind: Kind, verb: Verb) -> None:
        if not self.spec.can(kind, verb):
            raise Misconfigured(
                f"X-Cart cannot {verb.value} this kind of record: {kind.label}",
                missing=f"{kind.value} {verb.value}",
            )
