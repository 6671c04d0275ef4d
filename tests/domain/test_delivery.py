"""One order at a time and many: the inbox, the drain and the finish against a real database and a real ERP server."""

import json
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from integrations.connectors.errors import BadSignature
from integrations.models import Alert, Attempt, Connection, Event, Hold, RecordLink, UsageDay, in_tenant
from integrations.operations import sweep
from integrations.operations.delivery.drain import Drain
from integrations.operations.inbox import receive_hook
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.worlds import BenchWorld, make_bench_world


@pytest.fixture
def ledger(settings: settings) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger) -> BenchWorld:
    return make_bench_world(ledger.url)


def drain() -> int:
    with database_role("engine"):
        one = Drain(threads=8, lease_seconds=30)
        one_linger = "integrations.operations.delivery.drain._LINGER_SECONDS"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one_linger, 0.05)
            return one.run()


def test_an_order_reaches_the_erp_once_and_is_linked(world: BenchWorld, ledger: Ledger) -> None:
    received = world.send(world.order(1043))
    assert received.is_new
    assert received.runs == 1
    drain()
    (run,) = world.runs()
    assert (run.status, run.business_key, str(run.amount)) == ("succeeded", "1043", "23.0000")
    assert ledger.effects == {"orders:BS-1043": 1}
    with in_tenant(world.tenant.pk):
        link = RecordLink.objects.get()
        assert (link.storefront_id, link.erp_id) == ("1043", run.target_id)
        assert UsageDay.objects.get().transactions == 1
        assert Attempt.objects.get().outcome == "succeeded"


def test_a_webhook_delivered_twice_makes_no_second_run(world: BenchWorld, ledger: Ledger) -> None:
    first = world.send(world.order(1), delivery="d-1")
    again = world.send(world.order(1), delivery="d-1")
    assert (again.event_id, again.is_new) == (first.event_id, False)
    drain()
    assert len(world.runs()) == 1
    assert ledger.effects == {"orders:BS-1": 1}


def test_the_same_order_sent_under_a_new_delivery_is_skipped_as_unchanged(
    world: BenchWorld, ledger: Ledger
) -> None:
    world.send(world.order(1))
    drain()
    world.send(world.order(1))
    drain()
    assert [run.status for run in world.runs()] == ["succeeded", "skipped"]
    assert world.runs()[1].reason_code == "unchanged"
    assert ledger.effects == {"orders:BS-1": 1}


def test_a_change_after_release_is_held_for_a_person(world: BenchWorld, ledger: Ledger) -> None:
    world.send(world.order(1))
    drain()
    world.send(world.order(1, quantity=5))
    drain()
    last = world.runs()[-1]
    assert (last.status, last.reason_code) == ("held", "changed_after_release")
    assert ledger.effects == {"orders:BS-1": 1}


def test_a_newer_version_supersedes_an_older_one_that_waits(world: BenchWorld, ledger: Ledger) -> None:
    world.send(world.order(1))
    world.send(world.order(1, quantity=7))
    drain()
    assert [run.status for run in world.runs()] == ["superseded", "succeeded"]
    assert ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 7


@pytest.mark.parametrize("fault", ["drop_after_commit", "html_after_commit", "500"])
def test_a_write_whose_answer_is_lost_is_looked_for_and_never_doubled(
    world: BenchWorld, ledger: Ledger, fault: str
) -> None:
    ledger.faults.append(fault)
    world.send(world.order(1))
    drain()
    (run,) = world.runs()
    assert ledger.effects == {"orders:BS-1": 1}
    assert run.status == "succeeded"
    with in_tenant(world.tenant.pk):
        outcomes = list(Attempt.objects.order_by("number").values_list("outcome", flat=True))
    assert outcomes[0] == "in_doubt"
    assert outcomes[-1] == "succeeded"


def test_a_refused_record_dies_with_field_value_and_rule_and_one_alert(
    world: BenchWorld, ledger: Ledger
) -> None:
    ledger.faults.append("422")
    world.send(world.order(1))
    drain()
    (run,) = world.runs()
    assert run.status == "dead"
    assert run.problem == [{"field": "reference", "value": "BS-1", "rule": "is taboo"}]
    with in_tenant(world.tenant.pk):
        assert Alert.objects.get().rule == "failed"


def test_money_that_does_not_add_up_stops_before_the_erp(world: BenchWorld, ledger: Ledger) -> None:
    order = world.order(1)
    order["total"] = 24.0
    world.send(order)
    drain()
    (run,) = world.runs()
    assert (run.status, run.reason_code) == ("dead", "money")
    assert run.problem[0]["rule"] == "differs by 1"
    assert not ledger.effects


def test_an_unknown_sku_holds_the_order_until_it_is_linked(world: BenchWorld, ledger: Ledger) -> None:
    from integrations.flows.ports import Link
    from integrations.kinds import Kind
    from integrations.operations import links

    ledger.unknown_skus.add("A50-HALO")
    world.send(world.order(1, sku="a50-halo"))
    drain()
    (run,) = world.runs()
    assert run.status == "held"
    assert run.reason == "Waits for SKU A50-HALO in Bench ERP."
    with in_tenant(world.tenant.pk):
        assert Hold.objects.get().key == "A50-HALO"
    ledger.unknown_skus.clear()
    with in_tenant(world.tenant.pk):
        links.save_link(
            world.tenant.pk, world.pair.pk, Kind.PRODUCT, Link("A50-HALO", "A50-HALO", "A50-HALO"), "person"
        )
    drain()
    assert world.runs()[0].status == "succeeded"


def test_refused_credentials_pause_the_connection_with_one_alert_and_orders_wait(
    world: BenchWorld, ledger: Ledger
) -> None:
    ledger.faults.extend(["401"] * 5)
    for number in range(5):
        world.send(world.order(number))
    drain()
    assert {run.status for run in world.runs()} == {"queued"}
    with in_tenant(world.tenant.pk):
        erp = Connection.objects.get(pk=world.erp.pk)
        assert erp.health == "refused"
        assert erp.paused_at is not None
        assert Alert.objects.filter(rule="credentials_refused").count() == 1
    assert all(run.attempts == 0 for run in world.runs())


def test_a_rate_limit_burns_no_attempt(world: BenchWorld, ledger: Ledger) -> None:
    ledger.faults.append("429")
    world.send(world.order(1))
    with database_role("engine"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.0)
        Drain(threads=2, lease_seconds=30).run()
    (run,) = world.runs()
    assert (run.status, run.attempts) == ("retrying", 0)


def test_a_lapsed_lease_puts_the_run_in_doubt_and_the_order_is_adopted(
    world: BenchWorld, ledger: Ledger
) -> None:
    world.send(world.order(1))
    ledger.commit("orders", {"reference": "BS-1"})
    with database_role("engine"):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE run SET status = 'running', fence = 1, leased_until = now() - interval '1 second'"
            )
        swept = sweep.sweep()
    assert (swept.lapsed, swept.wants_drain) == (1, True)
    drain()
    (run,) = world.runs()
    assert run.status == "succeeded"
    assert ledger.effects == {"orders:BS-1": 1}


def test_a_finish_with_an_old_fence_changes_nothing(world: BenchWorld, ledger: Ledger) -> None:
    ledger.latency = 0.5
    world.send(world.order(1))
    one = Drain(threads=2, lease_seconds=30)
    with database_role("engine"):
        assert one._claim() == 1
        with connection.cursor() as cursor:
            cursor.execute("UPDATE run SET fence = fence + 1")
        one._shut_down()
        one.bell.close()
    assert one.served == 0
    assert world.runs()[0].status == "running"


def test_unreadable_json_with_a_valid_signature_is_stored_and_shown_as_failed(world: BenchWorld) -> None:
    body = b'{"number": '
    received = receive_hook(world.token, world.headers(body), body, address=None)
    assert received.is_new
    (run,) = world.runs()
    assert (run.status, run.reason_code) == ("dead", "unreadable")
    with in_tenant(world.tenant.pk):
        assert Event.objects.get().problem == "The order cannot be read"


def test_a_wrong_signature_and_a_stale_timestamp_are_refused_and_counted(
    world: BenchWorld, super_connection: object
) -> None:
    body = json.dumps(world.order(1)).encode()
    with pytest.raises(BadSignature):
        receive_hook(world.token, world.headers(body, secret="x" * 40), body, address=None)
    with pytest.raises(BadSignature):
        receive_hook(world.token, world.headers(body, age=4000), body, address=None)
    assert world.runs() == []
    rows = super_connection.execute("SELECT reason, count FROM refused_hook ORDER BY reason").fetchall()  # type: ignore[attr-defined]
    assert rows == [("signature", 1), ("stale", 1)]


def test_a_card_number_never_reaches_the_disk(world: BenchWorld) -> None:
    from integrations.models import Payload
    from integrations.stores import vault

    order = world.order(1) | {"note": "card 4111 1111 1111 1111 please", "sku": "4111111111111111"}
    world.send(order)
    with in_tenant(world.tenant.pk):
        event = Event.objects.get()
        sealed = Payload.objects.get(event_id=event.pk).sealed
        body = vault.unseal(world.tenant.pk, bytes(sealed), "event").decode()
    assert event.masked == ["note"]
    assert "4111 1111" not in body
    assert "4111111111111111" in body


def test_two_hundred_orders_arrive_once_each_in_a_batch(world: BenchWorld, ledger: Ledger) -> None:
    for number in range(200):
        world.send(world.order(number))
    drain()
    assert len(ledger.effects) == 200
    assert set(ledger.effects.values()) == {1}
    assert {run.status for run in world.runs()} == {"succeeded"}


def test_text_that_the_database_refuses_spoils_one_run_and_not_its_batch(
    world: BenchWorld, ledger: Ledger
) -> None:
    strange = world.order(1)
    strange["email"] = "nul\u0000@example.com"
    strange["number"] = "1\u0000"
    world.send(strange)
    huge = world.order(2)
    huge["lines"][0]["price"], huge["total"] = 10**20, 2 * 10**20 + 3
    world.send(huge)
    for number in range(3, 6):
        world.send(world.order(number))
    drain()
    assert {run.status for run in world.runs()} == {"succeeded"}
    assert len(ledger.effects) == 5


def test_a_defect_of_ours_is_looked_at_again_and_then_put_aside(world: BenchWorld, ledger: Ledger) -> None:
    world.send(world.order(1))
    with in_tenant(world.tenant.pk):
        Connection.objects.filter(pk=world.erp.pk).update(settings={"base_url": 17})
    with database_role("engine"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
        patch.setattr("integrations.operations.delivery.defects._WAIT_SECONDS", 0.05)
        Drain(threads=2, lease_seconds=30).run()
    (run,) = world.runs()
    assert (run.status, run.reason_code, run.attempts) == ("dead", "defect", 3)
    assert not ledger.effects


def test_a_total_that_the_erp_sees_otherwise_is_told_to_the_cent(world: BenchWorld, ledger: Ledger) -> None:
    commit = ledger.commit
    ledger.commit = lambda kind, order: {**commit(kind, order), "total": 22.99}  # type: ignore[method-assign]
    world.send(world.order(1))
    drain()
    (run,) = world.runs()
    assert run.status == "succeeded"
    with in_tenant(world.tenant.pk):
        alert = Alert.objects.get(rule="amount_differs")
        assert "22.99 instead of 23, 0.01 too little" in alert.evidence
        assert alert.closed_at is None
