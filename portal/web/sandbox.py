"""The sandbox: a store and an ERP to play with. Place an order, ship it, break something, watch what Connect does.

Only for tenants whose connections point at this installation's simulators; everybody else sees 404.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.kinds import Side
from integrations.models import in_tenant
from integrations.queries import pairs, runs
from integrations.queries.pairs import PairState
from integrations.queries.records import RunRow
from integrations.queries.runs import RunFilter
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web import sandbox_client as client
from portal.web.pages import back_to
from portal.web.sandbox_client import ErpState, SandboxUnavailable, Simulator, StoreState

_FEED = 8
_UNKNOWN_SKU = "ZZ-404"


@dataclass(frozen=True, slots=True)
class Fault:
    """A switch that breaks something: what it says, and what the simulator is told."""

    key: str
    side: Side
    label: str
    text: str
    told: Mapping[str, Any]


FAULTS = (
    Fault("slow", Side.ERP, "Slow", "answers after 8 s", {"kind": "slow", "seconds": 8}),
    Fault("down", Side.ERP, "Down", "drops every call", {"kind": "down"}),
    Fault("rate", Side.ERP, "Rate limited", "10 calls a minute", {"kind": "rate_limit", "per_minute": 10}),
    Fault(
        "lost",
        Side.ERP,
        "Timeout after saving",
        "saves one order, does not answer",
        {"kind": "drop_after_commit", "match": "placeOrder", "times": 1},
    ),
    Fault("refused", Side.ERP, "Wrong password", "401 to everything", {"kind": "status", "status": 401}),
    Fault("html", Side.ERP, "HTML instead of XML", "a login page", {"kind": "html"}),
    Fault("hooks", Side.STOREFRONT, "Webhooks stop", "the poll must find them", {"kind": "webhook_off"}),
    Fault("twice", Side.STOREFRONT, "Webhooks twice", "same event, two times", {"kind": "webhook_duplicate"}),
    Fault("shop-down", Side.STOREFRONT, "Shop down", "drops every call", {"kind": "down"}),
)


@dataclass(frozen=True, slots=True)
class Bench:
    """The tenant's sandbox pair and the two simulators behind it."""

    pair: PairState
    store: Simulator
    erp: Simulator

    def of(self, side: Side) -> Simulator:
        return self.store if side is Side.STOREFRONT else self.erp


def _bench(request: TenantRequest) -> Bench:
    """Return the tenant's sandbox. Raises Http404 when its connections point elsewhere."""
    with in_tenant(request.tenant.pk):
        for pair in pairs.list_pairs(now=timezone.now()):
            store = client.simulator(pair.storefront.spec.key)
            erp = client.simulator(pair.erp.spec.key)
            if store is None or erp is None:
                continue
            if pair.storefront.address.startswith(store.url) and pair.erp.address.startswith(erp.url):
                return Bench(pair, store, erp)
    raise Http404("this company has no sandbox")


@dataclass(frozen=True, slots=True)
class SwitchState:
    fault: Fault
    is_on: bool


def _draw(request: TenantRequest, template: str) -> HttpResponse:
    bench = _bench(request)
    problem, store, erp = "", None, None
    try:
        store, erp = client.store_state(bench.store), client.erp_state(bench.erp)
    except SandboxUnavailable as error:
        problem = str(error)
    # The simulators were asked outside of it: no transaction is open during a remote call.
    with in_tenant(request.tenant.pk):
        return render(request, template, {**_page(bench, store, erp), "problem": problem})


def _page(bench: Bench, store: StoreState | None, erp: ErpState | None) -> dict[str, Any]:
    on = {
        Side.STOREFRONT: _kinds_on(store.faults if store else ()),
        Side.ERP: _kinds_on(erp.faults if erp else ()),
    }
    switches = [SwitchState(fault, fault.told["kind"] in on[fault.side]) for fault in FAULTS]
    feed = runs.list_runs(RunFilter(pair_id=bench.pair.id), now=timezone.now(), size=_FEED).rows
    return {
        "bench": bench,
        "pair": bench.pair,
        "store": store,
        "erp": erp,
        "switches": switches,
        "switch_groups": [
            (bench.pair.erp.name, [one for one in switches if one.fault.side is Side.ERP]),
            (bench.pair.storefront.name, [one for one in switches if one.fault.side is Side.STOREFRONT]),
        ],
        "broken": [one.fault for one in switches if one.is_on],
        "feed": feed,
        "watched": _watched(feed),
        "unknown_sku": _UNKNOWN_SKU,
        "now": timezone.now(),
    }


def _kinds_on(faults: tuple[dict[str, Any], ...]) -> set[str]:
    """Return the kinds of switches that still hit; one that was used up is off."""
    return {one["kind"] for one in faults if one.get("times") is None or one.get("hits", 0) < one["times"]}


def _watched(feed: tuple[RunRow, ...]) -> RunRow | None:
    """Return the newest run about which Connect is doing something that is worth watching."""
    return next((row for row in feed if row.status in ("in_doubt", "retrying", "held", "dead")), None)


@tenant_page(Permission.VIEW, in_transaction=False)
def show(request: TenantRequest) -> HttpResponse:
    """Show the store, the switches, the ERP and the feed."""
    return _draw(request, "web/sandbox.html")


@tenant_page(Permission.VIEW, in_transaction=False)
def live(request: TenantRequest) -> HttpResponse:
    """Draw the parts that change by themselves; polled."""
    return _draw(request, "web/sandbox_live.html")


def _lines(request: TenantRequest) -> list[dict[str, Any]]:
    lines = []
    for name in request.POST:
        given = request.POST.get(name, "")
        if name.startswith("quantity:") and given.isascii() and given.isdigit() and 0 < int(given) <= 99:
            lines.append({"sku": name.removeprefix("quantity:"), "quantity": int(given)})
    if request.POST.get("with") == "unknown":
        lines.append({"sku": _UNKNOWN_SKU, "quantity": 1})
    return lines


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def place_order(request: TenantRequest) -> HttpResponse:
    """Place an order in the store: as a known shopper, as a guest, or with a SKU the ERP does not know."""
    bench, lines = _bench(request), _lines(request)
    if not lines:
        messages.error(request, "Choose at least one piece.")
        return back_to(request, "sandbox")
    try:
        if request.POST.get("with") == "unknown":
            client.ensure_product(bench.store, _UNKNOWN_SKU, "A lamp the ERP never heard of", 45.0)
        placed = client.place_order(bench.store, lines, is_guest=request.POST.get("with") == "guest")
        messages.success(request, f"Order {placed} is placed. Watch it arrive.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return back_to(request, "sandbox")


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def ship(request: TenantRequest) -> HttpResponse:
    """Ship a sales order in the ERP."""
    bench = _bench(request)
    try:
        shipper = client.ship_order(bench.erp, request.POST.get("order", "").strip())
        messages.success(request, f"Shipped as {shipper}. The shop hears of it with the next look.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return back_to(request, "sandbox")


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def stock(request: TenantRequest) -> HttpResponse:
    """Count an item's stock in the ERP anew."""
    bench, given = _bench(request), request.POST.get("quantity", "")
    sku = request.POST.get("sku", "").strip()
    if not (given.isascii() and given.isdigit() and int(given) <= 99_999 and sku):
        messages.error(request, "Stock is a whole number up to 99,999.")
        return back_to(request, "sandbox")
    try:
        client.set_stock(bench.erp, sku, int(given))
        messages.success(request, f"{sku}: {given} on hand.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return back_to(request, "sandbox")


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def switch_fault(request: TenantRequest) -> HttpResponse:
    """Break something, or mend it."""
    bench = _bench(request)
    fault = next((one for one in FAULTS if one.key == request.POST.get("fault")), None)
    if fault is None:
        raise Http404("no such switch")
    on = request.POST.get("on") == "1"
    try:
        client.switch(bench.of(fault.side), fault.told, on=on)
        messages.success(request, f"{fault.label} is {'on' if on else 'off'}.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return back_to(request, "sandbox")


@tenant_page(Permission.BUILD, in_transaction=False)
@require_POST
def start_over(request: TenantRequest) -> HttpResponse:
    """Switch everything that is broken off again."""
    bench = _bench(request)
    try:
        for where in (bench.store, bench.erp):
            where.ask("DELETE", "faults")
        messages.success(request, "Everything works again.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return back_to(request, "sandbox")
