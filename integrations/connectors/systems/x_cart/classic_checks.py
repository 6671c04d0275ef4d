"""The connection test of a classic shop: the same rows as in 5.5, asked in its own grammar."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from integrations.connectors.base import CheckResult
from integrations.connectors.errors import AuthFailed, Misconfigured, NotFound
from integrations.connectors.systems.x_cart.checks import (
    FIX_ADDRESS,
    FIX_KEY,
    FIX_KEY_RW,
    Failed,
    checked,
)
from integrations.connectors.systems.x_cart.classic_changes import DateRange
from integrations.connectors.systems.x_cart.classic_client import ClassicClient

FIX_COMPLEX = "Update the add-on REST API: whole orders are read through its complex schema."
_FIRST = [("_cnd[limit][0]", 0), ("_cnd[limit][1]", 1)]


def run_classic_checks(client: ClassicClient, ranges: DateRange) -> Iterator[CheckResult]:
    """Yield one result after another; without an accepted key the rest is not asked."""
    reached = checked("Shop reached", lambda: _reach(client), FIX_ADDRESS, "base_url")
    yield reached
    if not reached.ok:
        return
    key = checked("Key accepted", lambda: _accept_key(client), FIX_KEY)
    yield key
    if not key.ok:
        return
    yield checked("Orders can be read", lambda: _read_orders(client), FIX_COMPLEX)
    yield checked("Products can be read", lambda: _read_products(client), FIX_COMPLEX)
    yield checked("Stock and status can be written", lambda: _can_write(client), FIX_KEY_RW, "api_key_rw")
    yield checked("Changed orders can be found", lambda: _find_changes(ranges), "")


def _reach(client: ClassicClient) -> str:
    """A refused key is an answer of the shop, too."""
    try:
        client.get("currency")
    except AuthFailed:
        return f"{client.base_url} answers"
    except Misconfigured as error:
        if error.missing != "base_url":
            raise
        raise Failed(f"This address has no X-Cart API: {error.message}", "base_url") from error
    return f"{client.base_url} answers with the classic API (5.0 to 5.4)"


def _accept_key(client: ClassicClient) -> str:
    name, _ = client.key(is_write=False)
    client.get("currency")
    return f"The {'read-only' if name == 'api_key_ro' else 'read/write'} key is used for reading"


def _read_orders(client: ClassicClient) -> str:
    rows = client.get("order", _FIRST, is_complex=True)
    if not rows:
        return "The shop has no orders yet"
    return f"Whole orders are offered; one is {rows[0].get('orderNumber')}"


def _read_products(client: ClassicClient) -> str:
    rows = client.get("product", _FIRST, is_complex=True)
    return f"The first product is {rows[0].get('sku')}" if rows else "The shop has no products yet"


def _can_write(client: ClassicClient) -> str:
    """Change a product that cannot exist: a key that may write is told null, another one 403."""
    try:
        client.send("put", "product/999999999", {"amount": 0})
    except NotFound:
        return "The read/write key is accepted for writing (nothing was changed)"
    raise Failed("The shop accepted a change of product 999999999, which should not exist")


def _find_changes(ranges: DateRange) -> str:
    now = datetime.now(UTC)
    ranges.orders(now - timedelta(days=1), now + timedelta(days=1))
    return "The shop filters orders by their date; open ones are looked through at every poll"
