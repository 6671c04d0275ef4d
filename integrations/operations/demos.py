"""Demos of the ready pairs: two simulators, two connections and a pair, made by the same calls as by hand.

The simulators are the launcher's (``stores.demo_places``). Opening makes the connections and the pair the first
time and puts today's addresses into them later; closing pauses the pair and both connections, so nothing asks a
simulator that is gone. Called by the sandbox page, ``startdemos`` and a periodic task.
"""

import time
from dataclasses import dataclass

import requests
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from integrations.connectors import registry
from integrations.connectors.base import Connector
from integrations.kinds import Environment, Kind, Side
from integrations.models import Connection, Pair, Tenant, in_tenant
from integrations.operations import connections, pairs
from integrations.operations.audit import SYSTEM, Actor
from integrations.operations.demo_settings import is_simulated, settings_of
from integrations.stores import access, demo_places
from integrations.stores.demo_places import DemoKey, DemoPlaces, DemoProblem, Place

CLOSED = "The demo is closed"
_START_SECONDS = 20.0
_TELL_SECONDS = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Offer:
    """A storefront and an ERP with ready flows."""

    storefront: str
    erp: str
    label: str
    kinds: tuple[Kind, ...]


def offers() -> list[Offer]:
    """Return every pair of systems that has a pack of ready flows, the storefronts in the order of their labels."""
    specs = sorted(registry.all_specs(), key=lambda spec: spec.label)
    found = []
    for store in (one for one in specs if one.side is Side.STOREFRONT):
        for erp in (one for one in specs if one.side is Side.ERP):
            pack = registry.template_pack(store.key, erp.key)
            if pack and is_simulated(store.key) and is_simulated(erp.key):
                kinds = dict.fromkeys(Kind(template["definition"]["kind"]) for template in pack)
                found.append(Offer(store.key, erp.key, f"{store.label} and {erp.label}", tuple(kinds)))
    return found


def open_demo(tenant: Tenant, key: DemoKey, *, actor: Actor) -> Pair:
    """Start a demo's simulators and bind them to the tenant's pair, made at the first time.

    Waits for the simulators, so call it outside a transaction. Raises DemoProblem.
    """
    places = demo_places.await_places(key, seconds=_START_SECONDS)
    with in_tenant(tenant.pk), transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"demo:{key}"])
        pair = _pair_of(key)
        if pair is None:
            pair = _make(key, places, actor)
        else:
            _refresh(pair, places, actor)
        demo_places.remember_pair(key, pair.pk)
    _tell_storefront(tenant, pair, places)
    return pair


def _pair_of(key: DemoKey) -> Pair | None:
    known = demo_places.remembered_pair(key)
    found = Pair.objects.select_related("storefront", "erp").filter(pk=known, environment=Environment.SANDBOX)
    return found.filter(storefront__archived_at=None, erp__archived_at=None).first() if known else None


def _make(key: DemoKey, places: DemoPlaces, actor: Actor) -> Pair:
    store, erp = registry.get_spec(key.storefront), registry.get_spec(key.erp)
    title = _free_name(f"Demo {store.label} + {erp.label}")
    ids = []
    for spec, place, side in ((store, places.storefront, "store"), (erp, places.erp, "ERP")):
        made = connections.create_connection(
            spec.key, f"{title} ({side})", settings_of(spec.key, place, places.secret), actor=actor
        )
        ids.append(made.pk)
    return pairs.create_pair(title, Environment.SANDBOX, ids[0], ids[1], actor=actor)


def _free_name(name: str) -> str:
    number, wanted = 1, name
    while (
        Pair.objects.filter(name=wanted).exists()
        or Connection.objects.filter(name__startswith=f"{wanted} (").exists()
    ):
        number += 1
        wanted = f"{name} {number}"
    return wanted


def _refresh(pair: Pair, places: DemoPlaces, actor: Actor) -> None:
    """Put today's addresses in and let everything go on that was stopped because the demo was closed."""
    for held, place in ((pair.storefront, places.storefront), (pair.erp, places.erp)):
        given = settings_of(held.system, place, places.secret)
        changed = {**held.settings, **given}
        if any(held.settings.get(name) != changed[name] for name in held.settings):
            connections.update_connection(held.pk, held.name, changed, actor=actor)
        if held.paused_at is not None and held.pause_reason == CLOSED:
            connections.resume(held.pk, actor=actor)
    if pair.paused_at is not None and pair.pause_reason == CLOSED:
        pairs.resume_pair(pair.pk, actor=actor)


def _tell_storefront(tenant: Tenant, pair: Pair, places: DemoPlaces) -> None:
    """Do what a merchant does in the shop: give it the webhook address. Without it the polls still find all."""
    with in_tenant(tenant.pk):
        shop = Connection.objects.get(pk=pair.storefront_id)
        token, reach = connections.hook_token(shop), access.load([shop])[shop.pk]
    if not token:
        return
    hook_url = f"{settings.PUBLIC_URL}/hooks/{token}"
    if shop.system == "x_cart":
        _change_settings(places.storefront, places.token, webhook_url=hook_url)
        return
    connector: Connector = reach.build()
    try:
        if ensure := getattr(connector, "ensure_webhook", None):
            ensure(hook_url)
    finally:
        connector.close()


def _change_settings(place: Place, token: str, **changed: str) -> None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            session.post(
                f"{place.control_url}/settings",
                json=changed,
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TELL_SECONDS,
            ).raise_for_status()
    except requests.RequestException as error:
        raise DemoProblem("The store of the demo took no webhook address; start it again.") from error


def close_demo(key: DemoKey, *, actor: Actor) -> None:
    """Pause what the demo consists of and let its simulators stop; everything they hold stays."""
    with in_tenant(key.tenant_id), transaction.atomic():
        pair = _pair_of(key)
        if pair is not None:
            if pair.paused_at is None:
                pairs.pause_pair(pair.pk, CLOSED, actor=actor)
            for held in (pair.storefront, pair.erp):
                if held.paused_at is None:
                    connections.pause(held.pk, CLOSED, actor=actor)
    demo_places.take_back(key)


def tend_demos() -> int:
    """Close the demos that nobody looked at for a while; returns how many. The others keep their right addresses.

    A simulator that was started again has a new certificate, which its connection must know.
    """
    closed, wished = 0, demo_places.wished()
    # Whose simulators did not start, or who was resumed by hand: nobody asks a simulator that is not there.
    for key in set(demo_places.made()) - {one for one, _ in wished}:
        with in_tenant(key.tenant_id):
            pair = _pair_of(key)
        if pair is not None and pair.paused_at is None:
            close_demo(key, actor=SYSTEM)
            closed += 1
    for key, used_at in wished:
        if time.time() - used_at > settings.DEMO_IDLE_SECONDS:
            close_demo(key, actor=SYSTEM)
            closed += 1
            continue
        try:
            places = demo_places.find(key)
        except DemoProblem:
            continue  # the page tells it to whoever looks
        if places is not None:
            with in_tenant(key.tenant_id):
                pair = _pair_of(key)
                if pair is not None:
                    _refresh(pair, places, SYSTEM)
    return closed
