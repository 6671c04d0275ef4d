"""Secrets that a remote system replaces: sealed where they outlive the process, renewed by one session at a time."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from integrations.models import Connection, ConnectionSecret, Tenant, in_tenant
from integrations.operations import connections, tenants
from integrations.stores import renewals, vault
from integrations.stores.renewals import Keeper
from tests.conftest import database_role
from tests.contract.processes import SimulatorProcess
from tests.domain.acumatica_world import AcumaticaWorld, acumatica_world
from tests.worlds import ACTOR

SETTINGS = {
    "base_url": "https://erp.example.com", "tenant": "MyStore", "auth_mode": "oauth_code", "client_id": "a@MyStore",
    "client_secret": "s" * 12, "refresh_token": "first",
}  # fmt: skip


@pytest.fixture(autouse=True)
def claimed(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[int, str], float]:
    """Begin with no claims in this process; emptied, it knows as little as another process."""
    known: dict[tuple[int, str], float] = {}
    monkeypatch.setattr(renewals, "_claimed", known)
    return known


@pytest.fixture
def tenant(database: None) -> Tenant:
    return tenants.create_tenant("Northline Lighting", timezone="America/Chicago")


@pytest.fixture
def ledger(tenant: Tenant) -> Connection:
    with in_tenant(tenant.pk):
        return connections.create_connection("acumatica", "MyStore", SETTINGS, actor=ACTOR)


def kept(one: Connection) -> str:
    with in_tenant(one.tenant_id):
        row = ConnectionSecret.objects.get(connection_id=one.pk)
        return str(vault.open_secrets(one.tenant_id, one.pk, bytes(row.sealed))["refresh_token"])


def elsewhere(act: Callable[[], Any]) -> Any:
    """Do something in another session of the database, as another process would."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def test_what_came_instead_is_kept_and_the_next_one_gets_it(ledger: Connection) -> None:
    keeper = Keeper(ledger.tenant_id, ledger.pk)
    with database_role("engine"):
        assert keeper.claim("refresh_token") == "first"
        keeper.store("refresh_token", "first", "second")
        assert keeper.claim("refresh_token") == "second"
        keeper.give_up("refresh_token")
    assert kept(ledger) == "second"
    with in_tenant(ledger.tenant_id):
        assert Connection.objects.get(pk=ledger.pk).revision == ledger.revision, (
            "no connector is built anew for it"
        )


def test_only_one_has_a_claim_in_this_process_and_in_others(ledger: Connection, claimed: Any) -> None:
    keeper = Keeper(ledger.tenant_id, ledger.pk)
    assert keeper.claim("refresh_token") == "first"
    assert keeper.claim("refresh_token") is None
    mine = dict(claimed)
    claimed.clear()  # the session's lock is all that another process sees
    assert elsewhere(lambda: keeper.claim("refresh_token")) is None
    claimed.update(mine)
    keeper.give_up("refresh_token")
    assert elsewhere(lambda: keeper.claim("refresh_token")) == "first"


def test_a_claim_falls_with_the_session_that_held_it(ledger: Connection, claimed: Any) -> None:
    keeper = Keeper(ledger.tenant_id, ledger.pk)
    assert elsewhere(lambda: keeper.claim("refresh_token")) == "first"  # and dies
    claimed.clear()
    until(lambda: keeper.claim("refresh_token") == "first")  # the server ends a session when it hears of it
    keeper.give_up("refresh_token")


def test_a_claim_that_nobody_gives_up_is_taken_over_in_the_end(
    ledger: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(ledger.tenant_id, ledger.pk)
    assert keeper.claim("refresh_token") == "first"
    monkeypatch.setattr(renewals, "_LONGEST_CLAIM_SECONDS", 0.0)
    assert keeper.claim("refresh_token") == "first"
    keeper.give_up("refresh_token")
    assert elsewhere(lambda: keeper.claim("refresh_token")) == "first", (
        "the session keeps no lock of the first claim"
    )


def test_what_a_person_has_entered_meanwhile_stays(ledger: Connection) -> None:
    keeper = Keeper(ledger.tenant_id, ledger.pk)
    assert keeper.claim("refresh_token") == "first"
    with in_tenant(ledger.tenant_id):
        connections.update_connection(
            ledger.pk, "MyStore", {**SETTINGS, "refresh_token": "by hand"}, actor=ACTOR
        )
    keeper.store("refresh_token", "first", "second")
    assert kept(ledger) == "by hand"
    assert keeper.claim("refresh_token") == "by hand", "the claim has ended all the same"
    keeper.give_up("refresh_token")


def test_nothing_is_renewed_inside_a_transaction_that_could_be_rolled_back(ledger: Connection) -> None:
    with in_tenant(ledger.tenant_id), pytest.raises(RuntimeError):
        Keeper(ledger.tenant_id, ledger.pk).claim("refresh_token")


def until(holds: Callable[[], bool]) -> None:
    """Ask again until it is so; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def somebody_waits() -> bool:
    """Say whether a session of the database stands behind another one's lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def test_what_came_instead_survives_a_person_who_saves_the_form_meanwhile(ledger: Connection) -> None:
    def save_the_form() -> None:
        try:
            with in_tenant(ledger.tenant_id):
                given = {**SETTINGS, "refresh_token": "", "client_secret": "t" * 12}
                connections.update_connection(ledger.pk, "MyStore", given, actor=ACTOR)
        finally:
            connection.close()

    person = threading.Thread(target=save_the_form)
    with in_tenant(ledger.tenant_id):
        row = ConnectionSecret.objects.select_for_update(no_key=True).get(connection_id=ledger.pk)
        person.start()
        elsewhere(lambda: until(somebody_waits))
        held = vault.open_secrets(ledger.tenant_id, ledger.pk, bytes(row.sealed))
        row.sealed = vault.seal_secrets(ledger.tenant_id, ledger.pk, {**held, "refresh_token": "second"})
        row.save()
    person.join()
    assert kept(ledger) == "second"


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[AcumaticaWorld]:
    def token_of(erp: SimulatorProcess) -> dict[str, Any]:
        given = erp.control("POST", "refresh-token")
        return {"auth_mode": "oauth_code", "session_idle_s": 0, **given}

    with acumatica_world(tmp_path, settings, prepare=token_of) as made:
        yield made


def test_orders_go_on_for_days_of_one_refresh_token_over_restarts(world: AcumaticaWorld) -> None:
    with in_tenant(world.tenant.pk):
        ledger = Connection.objects.get(system="acumatica")
    tokens = {kept(ledger)}
    for _ in range(3):
        placed = world.place()
        world.settle()  # polls and a drain of their own: what a restart makes new
        assert world.last("order_out").status == "succeeded", world.last("order_out").reason
        assert len(world.sales_orders(placed["order_number"])) == 1
        tokens.add(kept(ledger))
    assert len(tokens) == 4, "each round has left a token that nobody used before"
    results = list(connections.run_test(world.tenant, ledger.pk, actor=ACTOR))
    assert [result.name for result in results if not result.ok] == []
