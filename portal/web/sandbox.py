"""The sandbox: stores and ERPs to play with. Open a demo, place an order, ship it, break something, watch Connect.

Only pairs whose connections point at this installation's simulators; a deed at any other gives 404.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.connectors.errors import ConnectorError
from integrations.kinds import Side
from integrations.models import in_tenant
from integrations.operations import demos
from integrations.operations.connections import SettingsRefused
from integrations.operations.pairs import FlowRefused, PairRefused
from integrations.queries import runs
from integrations.queries.records import RunRow
from integrations.queries.runs import RunFilter
from integrations.stores import demo_places
from integrations.stores.demo_places import DemoKey, DemoProblem
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web import sandbox_benches as benches
from portal.web.pages import actor_of, address
from portal.web.sandbox_benches import Bench, Choice
from portal.web.sandbox_client import SandboxUnavailable
from portal.web.sandbox_desks import ERPS, STORES, ErpState, StoreState
from portal.web.sandbox_faults import Fault, faults_of

_FEED = 8
_UNKNOWN_SKU = "ZZ-404"


def _chosen(request: TenantRequest, choices: list[Choice]) -> Bench | None:
    """Return the pair that the request names (``pair``), else the first that runs. None = none runs."""
    wanted = request.POST.get("pair") or request.GET.get("pair", "")
    running = [one.bench for one in choices if one.bench is not None]
    return next(
        (one for one in running if str(one.pair.id) == wanted), None if wanted else next(iter(running), None)
    )


def _bench(request: TenantRequest) -> Bench:
    """Return the pair that a deed is for. Raises Http404 when it does not run, or is somebody else's."""
    found = _chosen(request, benches.choices(request.tenant))
    if found is None:
        raise Http404("no such pair runs here")
    return found


def _back(request: TenantRequest, bench: Bench | None = None) -> HttpResponseRedirect:
    where = address(request, "sandbox")
    return HttpResponseRedirect(where if bench is None else f"{where}?pair={bench.pair.id}")


@dataclass(frozen=True, slots=True)
class SwitchState:
    fault: Fault
    is_on: bool


def _draw(request: TenantRequest, template: str) -> HttpResponse:
    choices = benches.choices(request.tenant)
    bench = _chosen(request, choices)
    shown: dict[str, Any] = {"choices": choices, "can_start": benches.can_start(), "bench": bench}
    if bench is None:
        with in_tenant(request.tenant.pk):
            return render(request, template, shown)
    if bench.key is not None:
        demo_places.touch(bench.key)
    problem, store, erp = "", None, None
    try:
        store = STORES[bench.store.system].state(bench.store)
        erp = ERPS[bench.erp.system].state(bench.erp)
    except SandboxUnavailable as error:
        problem = str(error)
    # The simulators were asked outside of it: no transaction is open during a remote call.
    with in_tenant(request.tenant.pk):
        return render(request, template, {**shown, **_page(bench, store, erp), "problem": problem})


def _page(bench: Bench, store: StoreState | None, erp: ErpState | None) -> dict[str, Any]:
    on = {
        Side.STOREFRONT: _kinds_on(store.faults if store else ()),
        Side.ERP: _kinds_on(erp.faults if erp else ()),
    }
    groups = [
        (name, [SwitchState(one, one.told["kind"] in on[side]) for one in faults_of(simulator.system, side)])
        for name, side, simulator in (
            (bench.pair.erp.name, Side.ERP, bench.erp),
            (bench.pair.storefront.name, Side.STOREFRONT, bench.store),
        )
    ]
    feed = runs.list_runs(RunFilter(pair_id=bench.pair.id), now=timezone.now(), size=_FEED).rows
    return {
        "pair": bench.pair,
        "store": store,
        "erp": erp,
        "switch_groups": groups,
        "broken": [one.fault for _, group in groups for one in group if one.is_on],
        "feed": feed,
        "watched": _watched(feed),
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
    """Show the demos, and of the chosen one the store, the switches, the ERP and the feed."""
    return _draw(request, "web/sandbox.html")


@tenant_page(Permission.VIEW, in_transaction=False)
def live(request: TenantRequest) -> HttpResponse:
    """Draw the parts that change by themselves; polled. A demo that was closed meanwhile draws the page anew."""
    if _chosen(request, benches.choices(request.tenant)) is None:
        answer = HttpResponse()
        answer["HX-Redirect"] = address(request, "sandbox")
        return answer
    return _draw(request, "web/sandbox_live.html")


def _key(request: TenantRequest) -> DemoKey:
    """Return the demo that a form names. Raises Http404 for one that is not offered."""
    wanted = request.POST.get("demo", "")
    for offer in demos.offers():
        if f"{offer.storefront}-{offer.erp}" == wanted:
            return DemoKey(request.tenant.pk, offer.storefront, offer.erp)
    raise Http404("no such demo")


@tenant_page(Permission.BUILD, in_transaction=False)
@require_POST
def open_demo(request: TenantRequest) -> HttpResponse:
    """Start a demo's simulators and make or wake its connections and its pair."""
    try:
        pair = demos.open_demo(request.tenant, _key(request), actor=actor_of(request))
    except (DemoProblem, ConnectorError, PairRefused, FlowRefused, SettingsRefused) as problem:
        messages.error(request, getattr(problem, "message", "") or str(problem))
        return _back(request)
    messages.success(request, f"{pair.name} runs. Place an order.")
    return HttpResponseRedirect(f"{address(request, 'sandbox')}?pair={pair.pk}")


@tenant_page(Permission.BUILD, in_transaction=False)
@require_POST
def close_demo(request: TenantRequest) -> HttpResponse:
    """Stop a demo's simulators; its pair is paused and keeps everything."""
    demos.close_demo(_key(request), actor=actor_of(request))
    messages.success(request, "The demo is closed. Everything it holds is there again when you open it.")
    return _back(request)


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
        return _back(request, bench)
    desk = STORES[bench.store.system]
    try:
        if request.POST.get("with") == "unknown":
            desk.ensure_product(bench.store, _UNKNOWN_SKU, "A lamp the ERP never heard of", 45.0)
        placed = desk.place(bench.store, lines, is_guest=request.POST.get("with") == "guest")
        messages.success(request, f"Order {placed} is placed. Watch it arrive.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return _back(request, bench)


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def ship(request: TenantRequest) -> HttpResponse:
    """Ship a sales order in the ERP."""
    bench = _bench(request)
    try:
        shipment = ERPS[bench.erp.system].ship(bench.erp, request.POST.get("order", "").strip())
        messages.success(request, f"Shipped as {shipment}. The shop hears of it with the next look.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return _back(request, bench)


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def stock(request: TenantRequest) -> HttpResponse:
    """Count an item's stock in the ERP anew."""
    bench, given = _bench(request), request.POST.get("quantity", "")
    sku = request.POST.get("sku", "").strip()
    if not (given.isascii() and given.isdigit() and int(given) <= 99_999 and sku):
        messages.error(request, "Stock is a whole number up to 99,999.")
        return _back(request, bench)
    try:
        ERPS[bench.erp.system].set_stock(bench.erp, sku, int(given))
        messages.success(request, f"{sku}: {given} on hand.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return _back(request, bench)


@tenant_page(Permission.OPERATE, in_transaction=False)
@require_POST
def switch_fault(request: TenantRequest) -> HttpResponse:
    """Break something, or mend it."""
    bench, wanted = _bench(request), request.POST.get("fault")
    switches = faults_of(bench.erp.system, Side.ERP) + faults_of(bench.store.system, Side.STOREFRONT)
    fault = next((one for one in switches if one.key == wanted), None)
    if fault is None:
        raise Http404("no such switch")
    on, where = request.POST.get("on") == "1", bench.of(fault.side)
    try:
        where.ask("DELETE", "faults", kind=str(fault.told["kind"]))
        if on:
            where.ask("POST", "faults", fault.told_to(where.system))
        messages.success(request, f"{fault.label} is {'on' if on else 'off'}.")
    except SandboxUnavailable as error:
        messages.error(request, str(error))
    return _back(request, bench)


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
    return _back(request, bench)
