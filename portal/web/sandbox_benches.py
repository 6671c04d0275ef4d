"""Which pairs a company can play with, and how far each is: for the sandbox page.

The first pair may run all the time (``settings.SANDBOXES``); further ones are demos that the company opens.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone

from integrations.connectors import registry
from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Side
from integrations.models import Tenant, in_tenant
from integrations.operations import demos
from integrations.operations.demos import Offer
from integrations.queries import pairs
from integrations.queries.pairs import PairState
from integrations.stores import demo_places
from integrations.stores.demo_places import DemoKey, DemoProblem, Place
from portal.web import sandbox_client as client
from portal.web.sandbox_client import Simulator


class Stage(StrEnum):
    """How far a pair of the sandbox is."""

    RUNNING = "running"
    STARTING = "starting"
    CLOSED = "closed"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Bench:
    """A pair that can be played with now, and the two simulators behind it. ``key`` None: it runs all the time."""

    pair: PairState
    store: Simulator
    erp: Simulator
    key: DemoKey | None = None

    def of(self, side: Side) -> Simulator:
        return self.store if side is Side.STOREFRONT else self.erp


@dataclass(frozen=True, slots=True)
class Choice:
    """A ready pair as the page offers it."""

    offer: Offer
    storefront: ConnectorSpec
    erp: ConnectorSpec
    stage: Stage
    bench: Bench | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """What the forms call it."""
        return f"{self.offer.storefront}-{self.offer.erp}"


def can_start() -> bool:
    """Return whether simulators can be started from here."""
    return demo_places.is_possible()


def choices(tenant: Tenant) -> list[Choice]:
    """Return every ready pair with how far it is; those that run come first."""
    with in_tenant(tenant.pk):
        known = pairs.list_pairs(now=timezone.now())
    found = [_choice(tenant, offer, known) for offer in demos.offers()]
    return sorted(found, key=lambda one: list(Stage).index(one.stage))


def _choice(tenant: Tenant, offer: Offer, known: list[PairState]) -> Choice:
    specs = registry.get_spec(offer.storefront), registry.get_spec(offer.erp)
    if bench := _lasting(offer, known):
        return Choice(offer, *specs, Stage.RUNNING, bench)
    key = DemoKey(tenant.pk, offer.storefront, offer.erp)
    made = demo_places.remembered_pair(key)
    pair = next((one for one in known if one.id == made), None)
    try:
        places = demo_places.find(key)
    except DemoProblem as problem:
        return Choice(offer, *specs, Stage.CLOSED, problem=str(problem))
    if places is None:
        is_wished = any(one == key for one, _ in demo_places.wished())
        return Choice(offer, *specs, Stage.STARTING if is_wished else Stage.CLOSED if pair else Stage.NEW)
    if pair is None:
        return Choice(offer, *specs, Stage.STARTING)
    bench = Bench(
        pair,
        _simulator(offer.storefront, places.storefront, places.token),
        _simulator(offer.erp, places.erp, places.token),
        key,
    )
    return Choice(offer, *specs, Stage.RUNNING, bench)


def _simulator(system: str, place: Place, token: str) -> Simulator:
    return Simulator(system, place.url, place.control_url, token)


def _lasting(offer: Offer, known: list[PairState]) -> Bench | None:
    """Return the pair whose connections point at the simulators that run all the time."""
    store, erp = client.simulator(offer.storefront), client.simulator(offer.erp)
    if store is None or erp is None:
        return None
    for pair in known:
        systems = (pair.storefront.spec.key, pair.erp.spec.key)
        points_here = pair.storefront.address.startswith(store.url) and pair.erp.address.startswith(erp.url)
        if systems == (offer.storefront, offer.erp) and points_here:
            return Bench(pair, store, erp)
    return None
