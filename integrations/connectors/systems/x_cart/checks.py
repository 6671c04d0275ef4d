"""The connection test of X-Cart: named results, each with what was seen, how long it took and how to mend it."""

import time
from collections.abc import Callable, Iterator

from integrations.connectors.base import CheckResult
from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured, NotFound
from integrations.connectors.systems.x_cart.changes import has_last_renew_filter
from integrations.connectors.systems.x_cart.client import XCartClient, list_of_objects

FIX_ADDRESS = "Check the shop address, and that the shop can be reached from this server."
FIX_KEY = "Copy the key again from the shop's admin area: Settings, API."
FIX_KEY_RW = "Enter the read/write key; with a read-only key nothing can be written back."
FIX_ADDON = "Install Connect for X-Cart in the shop, or switch the add-on off in this connection."


class Failed(Exception):
    """A check that got its answer and does not like it."""

    def __init__(self, evidence: str, field: str = "") -> None:
        super().__init__(evidence)
        self.evidence = evidence
        self.field = field


def run_checks(client: XCartClient) -> Iterator[CheckResult]:
    """Yield one result after another; without an accepted key the rest is not asked."""
    reached = checked("Shop reached", lambda: _reach(client), FIX_ADDRESS, "base_url")
    yield reached
    if not reached.ok:
        return
    key = checked("Key accepted", lambda: _accept_key(client), FIX_KEY)
    yield key
    if not key.ok:
        return
    yield checked("Orders can be read", lambda: _read_orders(client), FIX_KEY)
    yield checked("Products can be read", lambda: _read_products(client), FIX_KEY)
    yield checked("Stock and status can be written", lambda: _can_write(client), FIX_KEY_RW, "api_key_rw")
    yield checked("Changed orders can be found", lambda: _find_changes(client), "")
    yield checked("Companion add-on", lambda: _addon(client), FIX_ADDON, "addon_enabled")


def checked(name: str, ask: Callable[[], str], fix: str, field: str = "") -> CheckResult:
    """Ask, and return the answer as one row of the connection test; used by both dialects."""
    started = time.monotonic()
    try:
        evidence, ok, where = ask(), True, ""
    except Failed as error:
        evidence, ok, where = error.evidence, False, error.field or field
    except ConnectorError as error:
        evidence, ok, where = error.message, False, field
        if isinstance(error, AuthFailed):
            where = error.field or field
        elif isinstance(error, Misconfigured) and error.missing.isidentifier():
            where = error.missing
    return CheckResult(name, ok, evidence, "" if ok else fix, time.monotonic() - started, where)


def _reach(client: XCartClient) -> str:
    """A refused key is an answer of the shop, too."""
    try:
        client.get("products", [("itemsPerPage", 1)])
    except AuthFailed:
        return f"{client.base_url} answers"
    except (NotFound, Misconfigured) as error:
        if isinstance(error, Misconfigured) and error.missing != "base_url":
            raise
        raise Failed(f"This address has no X-Cart 5.5 API: {error.message}", "base_url") from error
    return f"{client.base_url} answers with the X-Cart 5.5 API"


def _accept_key(client: XCartClient) -> str:
    client.get("products", [("itemsPerPage", 1)])
    return (
        "The read-only key is used for reading"
        if client.setting("api_key_ro")
        else "The read/write key is used"
    )


def _read_orders(client: XCartClient) -> str:
    answer = client.get("orders", [("itemsPerPage", 1), ("order[date]", "desc")])
    rows = list_of_objects(answer, "orders")
    if not rows:
        return "The shop has no orders yet"
    return f"Newest order {rows[0].get('order_number')} of {rows[0].get('create_date')}"


def _read_products(client: XCartClient) -> str:
    rows = client.get_page("products")
    if not rows:
        return "The shop has no products yet"
    more = " or more" if len(rows) == 100 else ""
    return f"{len(rows)}{more} products, the first is {rows[0].get('sku')}"


def _can_write(client: XCartClient) -> str:
    """Change a product that cannot exist: a key that may write is told 404, a read-only key 403."""
    try:
        client.send("PUT", "products/0", {})
    except NotFound:
        return "The read/write key is accepted for writing (nothing was changed)"
    raise Failed("The shop accepted a change of product 0, which cannot exist")


def _find_changes(client: XCartClient) -> str:
    if has_last_renew_filter(client):
        return "The shop filters orders by change date (5.5.1 or later)"
    return "The shop does not filter by change date (5.5.0): we page back from the newest change instead"


def _addon(client: XCartClient) -> str:
    paths = client.get_object("docs.json").get("paths")
    has_route = isinstance(paths, dict) and any(path.endswith("/tracking_numbers") for path in paths)
    if not client.setting("addon_enabled", False):
        found = "; the shop seems to have it, so it may be switched on" if has_route else ""
        return f"Not used: no webhooks and no tracking numbers{found}"
    if not has_route:
        raise Failed("The shop's own API list names no route for tracking numbers")
    if len(str(client.setting("webhook_secret"))) < 32:
        raise Failed("The webhook secret is missing or shorter than 32 characters", "webhook_secret")
    return "Tracking numbers can be written, webhooks can be verified"
