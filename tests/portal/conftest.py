"""A company with every state a page can meet, its members, and a stranger: made by the product's own calls."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import LazySettings
from django.test import Client

from integrations.kinds import Role
from integrations.models import Run, in_tenant
from portal.accounts.models import Membership, User
from tests.bench.erp_server import Ledger, serving
from tests.domain.test_delivery import drain
from tests.worlds import BenchWorld, make_bench_world


def member(world: BenchWorld, role: Role, name: str = "") -> User:
    """Return a new user who has this role in the world's tenant."""
    user = User.objects.create_user(f"{name or role.value}@northline.example", "a-long-password")
    with in_tenant(world.tenant.pk):
        Membership.objects.create(user=user, role=role.value)
    return user


def browser(user: User | None) -> Client:
    """Return a client signed in as this user."""
    client = Client(SERVER_NAME="localhost")
    if user is not None:
        client.force_login(user)
    return client


@dataclass
class Company:
    """A tenant with an owner at the browser, and the bench ERP that it writes to."""

    world: BenchWorld
    ledger: Ledger
    owner: User
    client: Client

    def at(self, path: str = "") -> str:
        return f"/t/{self.world.tenant.slug}/{path}"

    def get(self, path: str = "") -> str:
        """Return the text of a page; fails unless it is there."""
        answer = self.client.get(self.at(path))
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return " ".join(answer.content.decode().split())

    def run(self, number: int) -> Run:
        """Return the newest run of an order."""
        with in_tenant(self.world.tenant.pk):
            found: Run = Run.objects.filter(business_key=str(number)).order_by("-id").first()
        return found

    def hold_order(self, number: int, sku: str = "A50-HALO") -> Run:
        """Send an order whose SKU the ERP does not know."""
        self.ledger.unknown_skus = {sku}
        self.world.send(self.world.order(number, sku=sku))
        drain()
        self.ledger.unknown_skus = set()
        return self.run(number)

    def fail_order(self, number: int) -> Run:
        """Send an order that the ERP refuses."""
        self.ledger.faults.append("422")
        self.world.send(self.world.order(number))
        drain()
        return self.run(number)

    def deliver_order(self, number: int) -> Run:
        self.world.send(self.world.order(number))
        drain()
        return self.run(number)


@pytest.fixture
def ledger(settings: LazySettings) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url  # type: ignore[attr-defined]
        yield ledger


@pytest.fixture
def company(database: None, ledger: Ledger) -> Company:
    world = make_bench_world(ledger.url)  # type: ignore[attr-defined]
    owner = member(world, Role.OWNER)
    return Company(world, ledger, owner, browser(owner))
