"""SKU to product or variant id. X-Cart has no SKU filter, so the whole catalogue is paged and remembered."""

import threading
import time
from collections.abc import Callable

from integrations.connectors.systems.x_cart.client import XCartClient

AGE_LIMIT_SECONDS = 900.0
REFRESH_PAUSE_SECONDS = 30.0
"""A miss builds the index anew, but not more often than this: a stream of unknown SKUs costs one paging."""


class SkuIndex:
    """The cross-reference of one connector instance. Thread safe; built at first use."""

    def __init__(self, client: XCartClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._products: dict[str, str] = {}
        self._variants: dict[str, str] | None = None
        self._built_at: float | None = None

    def find(self, sku: str) -> str | None:
        """Return ``"40"`` or ``"40/143"`` (variant), or None after a fresh look. Raises ConnectorError."""
        with self._lock:
            if self._built_at is None or self._clock() - self._built_at > AGE_LIMIT_SECONDS:
                self._build()
            found = self._look_up(sku)
            if found is None and self._is_older_than(REFRESH_PAUSE_SECONDS):
                self._build()
                found = self._look_up(sku)
            return found

    def _is_older_than(self, seconds: float) -> bool:
        return self._built_at is None or self._clock() - self._built_at > seconds

    def _build(self) -> None:
        products: dict[str, str] = {}
        for rows in self._client.pages("products"):
            for row in rows:
                products[str(row.get("sku", ""))] = str(row.get("id", ""))
        self._products, self._variants, self._built_at = products, None, self._clock()

    def _look_up(self, sku: str) -> str | None:
        if sku in self._products:
            return self._products[sku]
        if self._variants is None:
            # One call per product: only when a SKU is no product's, and then once per build.
            self._variants = {
                str(variant.get("sku", "")): f"{product_id}/{variant.get('id', '')}"
                for product_id in self._products.values()
                for variant in self._client.rows(f"products/{product_id}/variants")
            }
        return self._variants.get(sku)
