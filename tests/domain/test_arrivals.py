"""Webhooks that stop and silences that are no habit: when an alert opens, and what closes it."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from integrations.models import Alert, ArrivalHour, Connection, Flow, Tenant, in_tenant
from integrations.operations.arrivals import watch_silence, watch_webhooks
from integrations.operations.inbox import Captured, store
from tests.bench.erp_server import Ledger, serving
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.worlds import BenchWorld, make_bench_world

Superuser = psycopg.Connection[Any]


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger, super_connection: Superuser) -> BenchWorld:
    made = make_bench_world(ledger.url)
    super_connection.execute("UPDATE connection SET created_at = now() - interval '1 year'")
    return made


def find_by_poll(world: BenchWorld, number: int) -> None:
    """Let a poll find an order that nobody told of."""
    with database_role("engine"):
        found = Captured(
            f"poll-{uuid.uuid4()}",
            "order.changed",
            "order",
            str(number),
            str(number),
            occurred_at=datetime.now(UTC),
        )
        with in_tenant(world.tenant.pk):
            store(world.tenant.pk, world.store.pk, "poll", [found])


def let_pass(superuser: Superuser, minutes: int) -> None:
    """Let time pass: everything that happened lies further back."""
    superuser.execute("UPDATE event SET received_at = received_at - make_interval(mins => %s)", [minutes])
    superuser.execute("UPDATE alert SET opened_at = opened_at - make_interval(mins => %s)", [minutes])


def look() -> tuple[int, int]:
    with database_role("engine"):
        seen, silent = watch_webhooks(), watch_silence()
    return seen.opened + silent.opened, seen.closed


def alerts(world: BenchWorld) -> list[Alert]:
    with in_tenant(world.tenant.pk):
        return list(Alert.objects.filter(rule__in=("webhook_gap", "absence")).order_by("id"))


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def teach(
    world: BenchWorld,
    superuser: Superuser,
    *,
    weeks: int,
    per_hour: int,
    hours: int = 24,
    first: int = 0,
    zone: str = "UTC",
) -> None:
    """Write the same rhythm into some of the last hours of each of the past weeks, by the clock of a zone."""
    local = datetime.now(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    rows = [
        (local - timedelta(weeks=week, hours=back)).replace(tzinfo=ZoneInfo(zone))
        for week in range(1, weeks + 1)
        for back in range(first, hours)
    ]
    # The week's first hour says since when the shop is known.
    rows.append(this_hour() - timedelta(weeks=weeks, hours=1))
    for hour in dict.fromkeys(rows):
        superuser.execute(
            "INSERT INTO arrival_hour (tenant_id, connection_id, kind, hour, by_hook, by_poll)"
            " VALUES (%s, %s, 'order', %s, %s, 0) ON CONFLICT DO NOTHING",
            [world.tenant.pk, world.store.pk, hour, per_hour],
        )


# -- webhook gaps ----------------------------------------------------------------------------------------------


def test_a_new_order_that_only_a_poll_found_opens_a_gap_that_a_webhook_closes(
    world: BenchWorld, super_connection: Superuser
) -> None:
    world.send(world.order(1001))
    find_by_poll(world, 1002)
    let_pass(super_connection, 4)
    assert look() == (1, 0)
    (alert,) = alerts(world)
    assert (alert.rule, alert.title) == ("webhook_gap", "Store stopped telling us of new records")
    assert "looking found order 1002 that no webhook told" in alert.evidence
    assert "Register it again" in alert.evidence
    assert look() == (0, 0)
    world.send(world.order(1003))
    assert look() == (0, 1)
    (alert,) = alerts(world)
    assert alert.closed_reason == "A webhook arrived again."
    assert look() == (0, 0)


def test_a_webhook_that_is_only_a_little_later_than_the_poll_is_no_gap(
    world: BenchWorld, super_connection: Superuser
) -> None:
    world.send(world.order(1001))
    find_by_poll(world, 1002)
    assert look() == (0, 0)
    world.send(world.order(1002))
    let_pass(super_connection, 5)
    assert look() == (0, 0)


def test_a_shop_that_never_sent_a_webhook_has_no_gap(world: BenchWorld, super_connection: Superuser) -> None:
    find_by_poll(world, 1002)
    let_pass(super_connection, 5)
    assert look() == (0, 0)


def test_a_shop_whose_last_webhook_is_days_old_has_a_gap(
    world: BenchWorld, super_connection: Superuser
) -> None:
    teach(world, super_connection, weeks=1, per_hour=1, hours=1)
    find_by_poll(world, 1002)
    let_pass(super_connection, 5)
    assert look() == (1, 0)


def test_our_own_write_that_comes_back_by_a_poll_is_no_gap(
    world: BenchWorld, super_connection: Superuser
) -> None:
    world.send(world.order(1001))
    drain()
    let_pass(super_connection, 50)
    teach(world, super_connection, weeks=1, per_hour=1, hours=1)
    find_by_poll(world, 1001)
    let_pass(super_connection, 5)
    assert look() == (0, 0)


def test_deliveries_that_were_refused_change_the_advice(
    world: BenchWorld, super_connection: Superuser
) -> None:
    world.send(world.order(1001))
    super_connection.execute(
        "INSERT INTO refused_hook (tenant_id, connection_id, reason, count, hour, last_at)"
        " VALUES (%s, %s, 'signature', 7, now(), now())",
        [world.tenant.pk, world.store.pk],
    )
    find_by_poll(world, 1002)
    let_pass(super_connection, 4)
    look()
    assert "7 deliveries were refused in 24 hours: set the webhook secret anew" in alerts(world)[0].evidence


# -- noting hours ----------------------------------------------------------------------------------------------


def test_an_hour_is_noted_once_when_it_is_over(world: BenchWorld, super_connection: Superuser) -> None:
    for number in (1, 2, 3):
        world.send(world.order(number))
    find_by_poll(world, 4)
    look()
    with in_tenant(world.tenant.pk):
        assert ArrivalHour.objects.count() == 0
    let_pass(super_connection, 120)
    look()
    look()
    with in_tenant(world.tenant.pk):
        (hour,) = ArrivalHour.objects.all()
        assert (hour.kind, hour.by_hook, hour.by_poll) == ("order", 3, 1)
        assert hour.hour.minute == 0


# -- absences --------------------------------------------------------------------------------------------------


def test_silence_in_hours_that_always_brought_orders_opens_an_alert_that_an_order_closes(
    world: BenchWorld, super_connection: Superuser
) -> None:
    teach(world, super_connection, weeks=4, per_hour=6, hours=6)
    assert look() == (1, 0)
    (alert,) = alerts(world)
    assert (alert.rule, alert.title) == ("absence", "No order arrives from Store")
    assert "by the last 4 weeks" in alert.evidence
    assert look() == (0, 0)
    world.send(world.order(1))
    assert look() == (0, 1)
    assert alerts(world)[0].closed_reason == "Something arrived again."


def test_an_order_within_the_hour_is_no_silence(world: BenchWorld, super_connection: Superuser) -> None:
    teach(world, super_connection, weeks=4, per_hour=6, hours=6)
    world.send(world.order(1))
    assert look() == (0, 0)


def test_two_weeks_are_needed_to_know_a_rhythm(world: BenchWorld, super_connection: Superuser) -> None:
    teach(world, super_connection, weeks=1, per_hour=50, hours=20)
    assert look() == (0, 0)


def test_one_loud_week_teaches_no_rhythm(world: BenchWorld, super_connection: Superuser) -> None:
    teach(world, super_connection, weeks=4, per_hour=0, hours=6)
    super_connection.execute("UPDATE arrival_hour SET by_hook = 500 WHERE hour > now() - interval '8 days'")
    assert look() == (0, 0)


def test_a_quiet_shop_is_given_the_time_that_its_rhythm_takes(
    world: BenchWorld, super_connection: Superuser
) -> None:
    teach(world, super_connection, weeks=4, per_hour=1, hours=5)
    assert look() == (0, 0)
    teach(world, super_connection, weeks=4, per_hour=1, hours=24)
    assert look() == (1, 0)


def test_hours_are_compared_by_the_clock_of_the_company(
    world: BenchWorld, super_connection: Superuser
) -> None:
    """A zone whose clocks changed within the weeks: by UTC the rhythm would lie an hour off."""
    zone = "America/Chicago"
    with in_tenant(world.tenant.pk):
        Tenant.objects.filter(pk=world.tenant.pk).update(timezone=zone)
    teach(world, super_connection, weeks=8, per_hour=9, first=1, hours=2, zone=zone)
    assert look() == (1, 0)


@pytest.mark.parametrize("what", ["connection paused", "connection failing", "flow paused", "company paused"])
def test_what_is_paused_or_known_to_be_down_is_not_told_again_as_silence(
    world: BenchWorld, super_connection: Superuser, what: str
) -> None:
    teach(world, super_connection, weeks=4, per_hour=6, hours=6)
    now = datetime.now(UTC)
    with in_tenant(world.tenant.pk):
        match what:
            case "connection paused":
                Connection.objects.filter(pk=world.store.pk).update(paused_at=now)
            case "connection failing":
                Connection.objects.filter(pk=world.store.pk).update(health="failing")
            case "flow paused":
                Flow.objects.update(paused_at=now)
            case _:
                Tenant.objects.filter(pk=world.tenant.pk).update(paused_at=now)
    assert look() == (0, 0)
