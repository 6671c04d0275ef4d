"""The connection test: named steps, each with what was seen, how long it took and how to mend it. Reads only."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from integrations.connectors.base import CheckResult
from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured, NotFound
from integrations.connectors.systems.dynamics_sl.change_queue import entries
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.inventory import stock_sites
from integrations.connectors.systems.dynamics_sl.schema import CHECKED_ONLY, CUSTOMER, ORDER

_REST_PATH = "/accountsreceivable/customer"
_KEY_FIXES = {
    "": "Enter the key of the ctAPI site configuration.",
    "api_password": "Enter APIKEY and SECRETKEY as ctConfigEditor has them; the entry must name this site.",
}


class _Failed(Exception):
    """A step saw something that is not good enough."""

    def __init__(self, evidence: str, fix: str, field: str = "") -> None:
        super().__init__(evidence)
        self.evidence = evidence
        self.fix = fix
        self.field = field


def _reach(api: CtApi) -> str:
    return f"ctAPI answers: {api.about()}"


def _ping(api: CtApi) -> str:
    return f"Keys accepted (ping: {api.ping() or 'empty answer'})"


def _company(api: CtApi) -> str:
    types = api.rows("getOrderTypes")
    return f"Company {api.cpny_id} answers with {len(types)} order types"


def _orders(api: CtApi) -> str:
    rows = api.rows(
        "getOrders", actionType="", currentPageNumber="1", pageSize="1", ordersParams="", ordersSortBy=""
    )
    return f"Newest page read: {rows[0].get('OrdNbr', '?')}" if rows else "Readable; there are no orders yet"


def _items(api: CtApi) -> str:
    site = stock_sites(api)[0]
    bins = api.call("inventoryIssues", "getWarehouseBinLocations", siteID=site, whseLoc="", invtID="") or []
    if site and not bins:
        raise _Failed(
            f"Warehouse {site} holds nothing", "Choose a warehouse (SiteID) that has stock.", "default_site"
        )
    return f"{len({row['InvtID'] for row in bins})} items with stock rows"


def _order_type(api: CtApi) -> str:
    wanted = str(api.settings["default_so_type"])
    known = {row.get("SOTypeID", "") for row in api.rows("getOrderTypes")}
    if wanted not in known:
        raise _Failed(
            f"{wanted} is not among {', '.join(sorted(known))}",
            "Choose one of these order types.",
            "default_so_type",
        )
    return f"Order type {wanted} exists"


def _ledger_view(api: CtApi) -> str:
    """Ask the view for a number that no receipt has; nobody needs it who sends no receipts."""
    if api.sql is not None:
        return "Receipts are looked up by SQL"
    view = str(api.settings.get("view_ardoc") or "")
    consequence = "receipts in doubt will wait for a person, and invoices are not read"
    if not view:
        return f"No Quick Query view is named: {consequence}"
    try:
        rows = api.query(view, ("RefNbr", "=", "?"))
    except Misconfigured as error:
        return f"View {view} cannot be read: {consequence} ({error.detail or error.message})"
    return f"View {view} ignores conditions: {consequence}" if rows else f"View {view} can be searched"


def _other_views(api: CtApi) -> str:
    """Ask each other view for a row that no table has; only one that is wanted by name has to be there."""
    if api.sql is not None:
        if api.settings.get("read_payables"):
            api.sql.matching("APDoc", ("RefNbr",), {"RefNbr": "?"})
        return "Journals, adjustments and purchase orders are looked up by SQL"
    wanted = bool(api.settings.get("read_payables"))
    views = [("view_apdoc", "RefNbr", "documents of vendors")] if wanted else []
    views += [
        ("view_gltran", "ExtRefNbr", "journals"),
        ("view_intran", "ExtRefNbr", "adjustments"),
        ("view_purchord", "PONbr", "purchase orders"),
    ]
    absent = [setting for setting, column, _ in views if not _can_read(api, setting, column)]
    if "view_apdoc" in absent:
        raise _Failed(
            "The view of AP documents cannot be read",
            "Make it, or read no documents of vendors.",
            "view_apdoc",
        )
    readable = [words for setting, _, words in views if setting not in absent]
    lacking = [words for setting, _, words in views if setting in absent]
    told = f"There are views of {', '.join(readable) or 'nothing'}"
    return f"{told}; none of {', '.join(lacking)}" if lacking else told


def _can_read(api: CtApi, setting: str, column: str) -> bool:
    view = str(api.settings.get(setting) or "")
    try:
        return bool(view) and not api.query(view, (column, "=", "?"))
    except Misconfigured:
        return False


def _sql(api: CtApi) -> str:
    """Ask the database for one row of each table that is read there."""
    if api.sql is None:
        return "No SQL login: changes of customers, items and stock are found by full lists"
    for table in ("SOHeader", "ARDoc", "ItemSite"):
        api.sql.matching(table, ("CpnyID",), {"LUpd_User": "?"} if table != "ItemSite" else {"SiteID": "?"})
    return "The SQL login reads orders, documents and stock"


def _rest(api: CtApi) -> str:
    """Read what REST offers, then ask for a customer that cannot be there: that proves route, key and company."""
    if api.rest is None:
        return "Customers go by SOAP as well"
    with suppress(NotFound):
        api.rest.load("?")
    try:
        offered = api.rest.offered()
    except NotFound as error:
        return f"Customers answer by REST. {error.message}, so nothing else is known of it"
    ours = {
        method
        for path, methods in offered.items()
        for method in methods
        if path.lower().partition("/{")[0].endswith(_REST_PATH)
    }
    missing = {"GET", "PATCH", "POST"} - ours
    if missing:
        raise _Failed(
            f"REST offers no {', '.join(sorted(missing))} of customers", "Choose SOAP.", "transport"
        )
    return f"Customers answer by REST; of {len(offered)} paths that it offers the others are not used"


def _queue(api: CtApi) -> str:
    if not api.settings.get("read_queue"):
        return "The change queue is not used"
    return (
        "The change queue is readable; something waits in it"
        if entries(api, 1)
        else "The change queue is empty"
    )


def _elements(api: CtApi) -> str:
    """Compare what mapping may write with the tenant's own service description."""
    missing: list[str] = []
    count = 0
    for service, operation, parameter, prefix, fields in (
        ("orders", "placeOrder", "inOrder", "", ORDER.walk()),
        ("customerMaintenance", "editScreen", "inScreen", "myCustomer.", CUSTOMER.walk()),
    ):
        known = api.elements_of(service, operation, parameter)
        for path, each in fields:
            name = prefix + path.replace("[]", "")
            if each.read_only or ".ShipTo" in f".{path}" or path in CHECKED_ONLY:
                continue
            count += 1
            if name not in known:
                missing.append(path)
    if missing:
        raise _Failed(
            f"Not in this version: {', '.join(missing)}",
            "Do not map these fields, or update ctAPI.",
            "base_url",
        )
    return f"All {count} fields that can be mapped exist"


_STEPS: tuple[tuple[str, Callable[[CtApi], str]], ...] = (
    ("Reach the web services", _reach),
    ("Site key and licence accepted", _ping),
    ("Company known", _company),
    ("Can read orders", _orders),
    ("Can read items and stock", _items),
    ("Order type exists", _order_type),
    ("SQL login", _sql),
    ("Receipts can be looked up", _ledger_view),
    ("Other views", _other_views),
    ("REST", _rest),
    ("Change queue", _queue),
    ("Fields match this version", _elements),
)


def run_checks(api: CtApi) -> Iterator[CheckResult]:
    """Yield one result per step; after the connection itself fails, the rest is not tried."""
    for name, step in _STEPS:
        started = time.monotonic()
        try:
            evidence = step(api)
        except _Failed as failed:
            seconds = time.monotonic() - started
            yield CheckResult(name, False, failed.evidence, failed.fix, seconds, failed.field)
        except ConnectorError as error:
            yield _refused(name, error, time.monotonic() - started)
            if step in (_reach, _ping, _company):
                return
        else:
            yield CheckResult(name, True, evidence, seconds=time.monotonic() - started)


def _refused(name: str, error: ConnectorError, seconds: float) -> CheckResult:
    evidence = f"{error.message} ({error.detail})" if error.detail else error.message
    if isinstance(error, AuthFailed):
        return CheckResult(
            name, False, evidence, _KEY_FIXES.get(error.field, _KEY_FIXES[""]), seconds, error.field
        )
    if isinstance(error, Misconfigured):
        known = ("cpny_id", "base_url", "time_zone", "transport")
        field = error.missing if error.missing in known else "base_url"
        fixes = {
            "cpny_id": "Check the company ID.",
            "transport": "Choose SOAP, or install ctAPI's REST service.",
        }
        fix = fixes.get(field, "Check the address of /ctDynamicsSL.")
        return CheckResult(name, False, evidence, fix, seconds, field)
    return CheckResult(
        name, False, evidence, "Check that the server is up and can be reached from here.", seconds
    )
