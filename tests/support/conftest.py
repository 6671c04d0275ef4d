"""A tenant with rows in every table, and the support console seen by staff."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations.kinds import Role
from integrations.models import Connection, DrainSlot, Hold, RefusedHook, UsageDay, in_tenant
from integrations.operations.delivery.drain import Drain
from portal.accounts.keys import create_key
from portal.accounts.models import Membership, User
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.worlds import ACTOR, BenchWorld, make_bench_world

STAFF_PASSWORD = "staff-password-staff"


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> BenchWorld:
    """One delivered order, 1043, one dead one, 1044, and a row in every other table the console shows."""
    world = make_bench_world(ledger.url)
    monkeypatch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
    for number, fault in ((1043, ""), (1044, "422")):
        ledger.faults.extend([fault] if fault else [])
        world.send(world.order(number))
        with database_role("engine"):
            Drain(threads=8, lease_seconds=30).run()
    user = User.objects.create_user("pat@example.com", "pats-password-pats")
    with in_tenant(world.tenant.pk):
        Membership.objects.create(user=user, role=Role.OWNER.value)
        dead = world.runs()[-1]
        now = timezone.now()
        RefusedHook.objects.create(connection=world.store, reason="stale", hour=now, last_at=now)
        Hold.objects.create(run=dead, connection=world.erp, kind="product", key="A50")
        UsageDay.objects.get_or_create(
            pair_id=world.pair.pk, day=now.date(), defaults={"tenant": world.tenant}
        )
        _poll_of(world)
    with database_role("engine"):
        DrainSlot.objects.get_or_create(worker="desk-test")
    return world


def _poll_of(world: BenchWorld) -> None:
    from integrations.models import PollCursor, ValueMap

    PollCursor.objects.create(connection=world.store, kind="order", due_at=timezone.now())
    ValueMap.objects.get_or_create(
        pair=world.pair, key="countries", defaults={"name": "Countries", "tenant": world.tenant}
    )


@pytest.fixture
def secrets_of_world(world: BenchWorld, super_connection: Any) -> dict[str, str]:
    """Everything that must never be on a page, by where it lies; sealed bytes in both forms a page could print."""
    with in_tenant(world.tenant.pk):
        key = create_key("CI", Role.OWNER, actor=ACTOR)
        # A secret that landed in the wrong column must not be shown either.
        Connection.objects.filter(pk=world.store.pk).update(settings={"webhook_secret": "misplaced-secret"})

    def one(statement: str) -> str:
        return str(super_connection.execute(statement).fetchone()[0])

    shown = {
        "connection secret": "bench-secret-bench-secret",
        "misplaced secret": "misplaced-secret",
        "hook token": world.token,
        "payload text": "a50",
        "API key": key.secret,
        "password hash": one("SELECT password FROM account_user WHERE email = 'pat@example.com'").split("$")[
            -1
        ],
    }
    columns = (
        ("connection", "hook_token_hash"), ("connection", "hook_token_sealed"), ("connection_secret", "sealed"),
        ("payload", "sealed"), ("tenant_data_key", "wrapped"), ("api_key", "key_hash"),
    )  # fmt: skip
    for table, column in columns:
        sealed = super_connection.execute(f"SELECT {column} FROM {table} ORDER BY id").fetchone()[0]
        shown[f"{table}.{column} in hex"] = sealed.hex()[:40]
        shown[f"{table}.{column} as Python prints it"] = repr(sealed)[2:22]
    return shown


@pytest.fixture
def staff(world: BenchWorld) -> Client:
    """A member of support staff without any membership."""
    User.objects.create_user("staff@clarity.example", STAFF_PASSWORD, is_staff=True)
    client = Client()
    assert client.login(email="staff@clarity.example", password=STAFF_PASSWORD)
    return client


@pytest.fixture
def superuser(world: BenchWorld) -> Client:
    User.objects.create_superuser("root@clarity.example", STAFF_PASSWORD)
    client = Client()
    assert client.login(email="root@clarity.example", password=STAFF_PASSWORD)
    return client
