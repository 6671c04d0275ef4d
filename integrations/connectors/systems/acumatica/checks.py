"""The connection test: named steps, each with what was seen, how long it took and how to mend it. Reads only."""

import time
from collections.abc import Callable, Iterator, Mapping

from integrations.connectors.base import CheckResult
from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured, RateLimited
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.grants import REFRESH
from integrations.connectors.systems.acumatica.items import warehouses


class _Failed(Exception):
    """A step saw something that is not good enough."""

    def __init__(self, evidence: str, fix: str, field: str = "") -> None:
        super().__init__(evidence)
        self.evidence, self.fix, self.field = evidence, fix, field


def _reach(api: Acumatica) -> str:
    found = api.endpoints()
    version = found.get("version")
    build = version.get("acumaticaBuildVersion", "") if isinstance(version, Mapping) else ""
    names = [f"{each.get('name')} {each.get('version')}" for each in found.get("endpoints") or ()]
    wanted = f"{api.text('endpoint_name')} {api.text('endpoint_version')}"
    if names and wanted.casefold() not in {name.casefold() for name in names}:
        raise _Failed(
            f"{wanted} is not among {', '.join(names[:12])}",
            "Choose one of these endpoints.",
            "endpoint_version",
        )
    return f"Acumatica {build} offers {wanted}"


def _sign_in(api: Acumatica) -> str:
    api.listed("SalesOrder", top=1, select="OrderNbr")
    return f"Signed in as {api.text('username') or api.text('client_id')}; sales orders can be read"


def _fields(api: Acumatica) -> str:
    paths = api.description().get("paths")
    count = len(paths) if isinstance(paths, Mapping) else 0
    missing = [
        entity
        for entity in ("SalesOrder", "Shipment", "Customer", "StockItem", "NonStockItem", "Payment")
        if not isinstance(paths, Mapping) or f"/{entity}" not in paths
    ]
    if missing:
        raise _Failed(
            f"This endpoint lacks {', '.join(missing)}", "Choose the endpoint Default.", "endpoint_name"
        )
    return f"The endpoint describes {count} calls; custom fields are known"


def _items(api: Acumatica) -> str:
    rows = [
        row
        for entity in ("StockItem", "NonStockItem")
        for row in api.listed(entity, top=1, select="InventoryID")
    ]
    return f"First item {rows[0].get('InventoryID')}" if rows else "Readable; there are no items yet"


def _stock(api: Acumatica) -> str:
    if api.text("stock_source") == "gi":
        rows = api.inquiry_rows("InventorySummary", orderby="InventoryID", top=1)
        return f"The generic inquiry InventorySummary answers ({api.gi_route}): {len(rows)} row read"
    for name in warehouses(api)[:1] or [""]:
        rows = api.inquire(
            "StorageDetailsInquiry", "StorageDetails", **({"WarehouseID": name} if name else {})
        )
        if name and not rows:
            raise _Failed(
                f"Warehouse {name} holds nothing", "Choose a warehouse that has stock.", "stock_warehouses"
            )
    return f"{len(rows)} stock rows in the inquiry Storage Details"


def _push(api: Acumatica) -> str:
    if not api.text("push_header_name"):
        return "Not used: changes are found by polling"
    if len(api.text("push_header_value")) < 24:
        raise _Failed(
            "The value of the static header is shorter than 24 characters",
            "Choose a long random value: it is the only proof of origin.",
            "push_header_value",
        )
    return f"Push notifications are taken with the header {api.text('push_header_name')}"


_STEPS: tuple[tuple[str, Callable[[Acumatica], str]], ...] = (
    ("Instance reached", _reach),
    ("Sign-in accepted", _sign_in),
    ("Endpoint and fields", _fields),
    ("Items can be read", _items),
    ("Stock can be read", _stock),
    ("Push notifications", _push),
)


def run_checks(api: Acumatica) -> Iterator[CheckResult]:
    """Yield one result per step; after reaching and signing in fail, the rest is not tried."""
    for name, step in _STEPS:
        started = time.monotonic()
        try:
            evidence = step(api)
        except _Failed as failed:
            yield CheckResult(
                name, False, failed.evidence, failed.fix, time.monotonic() - started, failed.field
            )
        except ConnectorError as error:
            yield _refused(name, error, time.monotonic() - started)
            if step in (_reach, _sign_in):
                return
        else:
            yield CheckResult(name, True, evidence, seconds=time.monotonic() - started)


def _refused(name: str, error: ConnectorError, seconds: float) -> CheckResult:
    evidence = f"{error.message} ({error.detail})" if error.detail else error.message
    if isinstance(error, AuthFailed):
        fix = "Enter user, password and connected application again."
        if error.field == REFRESH:
            fix = "Enter a new refresh token; each one is good once."
        return CheckResult(name, False, evidence, fix, seconds, error.field)
    if isinstance(error, RateLimited):
        fix = "Sign out other API users, or enter the licence's limits."
        return CheckResult(name, False, evidence, fix, seconds, "max_api_users")
    if isinstance(error, Misconfigured):
        field = error.missing if error.missing in ("tenant", "base_url", "endpoint_version") else "base_url"
        return CheckResult(name, False, evidence, "Check address, tenant, endpoint and role.", seconds, field)
    fix = "Check that the instance is up and can be reached from here."
    return CheckResult(name, False, evidence, fix, seconds, "base_url")
