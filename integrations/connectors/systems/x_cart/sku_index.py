"""SKU to product or variant id. X-Cart has no SKU filter, so the whole catalogue is paged and remembered."""

import threading
import time
from collections.abc import Callable

from integrations.connectors.systems.x_cart.client import XCartClient

AGE_LIMIT_SECONDS = 900.0
REFRESH_PAUSE_SECONDS = 30.0
"""A miss builds the index anew, but not more often than this: a stream of unknown SKUs costs one paging."""


class SkuIndex:
    """The cross-reference of one connector instance. Thread safe; built at first use.

    A variant added to a product whose variants were read already is seen after ``AGE_LIMIT_SECONDS`` only: one
    call for each product is too much for every unknown SKU.
    """

    def __init__(self, client: XCartClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._products: dict[str, str] = {}
        self._variants: dict[str, dict[str, str]] = {}
        self._built_at: float | None = None
        self._variants_at: float | None = None

    def find(self, sku: str) -> str | None:
        """Return ``"40"`` or ``"40/143"`` (variant), or None after a fresh look. Raises ConnectorError."""
        if not sku:
            return None
        with self._lock:
            if self._is_older_than(self._built_at, AGE_LIMIT_SECONDS):
                self._build()
            found = self._look_up(sku)
            if found is None and self._is_older_than(self._built_at, REFRESH_PAUSE_SECONDS):
                self._build()
                found = self._look_up(sku)
            return found

    def find_fresh(self, sku: str) -> str | None:
        """Return the id behind a SKU after a new look at the products, whatever was looked up before."""
        self.forget()
        return self.find(sku)

    def remember(self, sku: str, external_id: str) -> None:
        """Add a product or variant that we have just made or renamed."""
        product_id, _, variant_id = external_id.partition("/")
        with self._lock:
            if not variant_id:
                self._products[sku] = product_id
                self._variants.setdefault(product_id, {})
            elif product_id in self._variants:
                self._variants[product_id][sku] = external_id

    def forget(self) -> None:
        """Page the products anew at the next look-up: a write of ours has an unknown end."""
        with self._lock:
            self._built_at = None

    def _is_older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock() - moment > seconds

    def _build(self) -> None:
        products: dict[str, str] = {}
        for rows in self._client.pages("products"):
            for row in rows:
                products[str(row.get("sku", ""))] = str(row.get("id", ""))
        self._products, self._built_at = products, self._clock()

    def _look_up(self, sku: str) -> str | None:
        if sku in self._products:
            return self._products[sku]
        if self._is_older_than(self._variants_at, AGE_LIMIT_SECONDS):
            self._variants, self._variants_at = {}, self._clock()
        for product_id in self._products.values():
            if product_id not in self._variants:
                # One call per product: only when a SKU is no product's, and then once in a while.
                self._variants[product_id] = {
                    str(variant.get("sku", "")): f"{product_id}/{variant.get('id', '')}"
                    for variant in self._client.rows(f"products/{product_id}/variants")
                }
            if sku in self._variants[product_id]:
                return self._variants[product_id][sku]
        return None
