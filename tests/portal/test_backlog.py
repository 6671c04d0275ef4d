"""The backlog of a pair and a connection: counted from the queue, timed by what went lately or by what is allowed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.models import Attempt, Connection, ConnectionLimit, Pair, in_tenant
from integrations.operations import releases
from integrations.operations.audit import Actor
from integrations.queries import backlog, holds
from portal.web.backlog import words
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company


def of_pair(company: Company) -> backlog.Backlog:
    with in_tenant(company.world.tenant.pk):
        return backlog.of_pair(company.world.pair.pk)


def test_it_counts_what_is_due_later_held_and_failed(company: Company) -> None:
    company.deliver_order(1)
    company.hold_order(2)
    company.fail_order(3)
    company.world.send(company.world.order(4))
    company.world.send(company.world.order(5))
    found = of_pair(company)
    assert (found.due, found.later, found.held, found.failed) == (2, 0, 1, 1)
    assert found.per_minute == pytest.approx(3 / backlog.WINDOW_MINUTES)
    assert found.eta_seconds == pytest.approx(2 / found.per_minute * 60)
    with in_tenant(company.world.tenant.pk):
        assert backlog.of_connection(company.world.erp.pk).due == 2


def test_under_a_flood_the_rate_is_that_of_the_newest_attempts(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        company.deliver_order(number)
    with in_tenant(company.world.tenant.pk):
        newest = list(Attempt.objects.order_by("-id"))
        Attempt.objects.filter(pk=newest[0].pk).update(finished_at=timezone.now())
        Attempt.objects.filter(pk=newest[1].pk).update(finished_at=timezone.now() - timedelta(seconds=60))
    monkeypatch.setattr(backlog, "NEWEST_ATTEMPTS", 2)
    # Two in a minute; the one on the edge of it may just have passed.
    assert 0.9 < of_pair(company).per_minute <= 2.01


def test_a_limit_that_is_slower_than_the_last_minutes_decides(company: Company) -> None:
    company.deliver_order(1)
    for number in range(2, 12):
        company.world.send(company.world.order(number))
    with in_tenant(company.world.tenant.pk):
        ConnectionLimit.objects.filter(connection_id=company.world.erp.pk).update(per_minute=0.1)
    found = of_pair(company)
    assert (found.limit_name, found.limit_per_minute) == ("ERP", 0.1)
    calls = found.flows[0].calls_per_record
    assert found.eta_seconds == pytest.approx(10 * (calls or 0) / 0.1 * 60)


def test_a_paused_pair_has_no_end_and_says_why(company: Company) -> None:
    company.world.send(company.world.order(1))
    with in_tenant(company.world.tenant.pk):
        Pair.objects.update(paused_at="2026-01-01T00:00:00Z")
    found = of_pair(company)
    assert (found.eta_seconds, found.stopped) == (None, "Main is paused.")
    assert "Main is paused." in words(found)


def test_the_pages_show_it(company: Company) -> None:
    company.deliver_order(1)
    company.world.send(company.world.order(2))
    for path in (f"pairs/{company.world.pair.pk}", f"connections/{company.world.erp.pk}"):
        page = company.get(path)
        assert "1 on the way" in page, path
        assert "Backlog" in page, path
    drain()
    assert "Nothing is on the way." in company.get(f"pairs/{company.world.pair.pk}")


def test_a_link_says_beforehand_how_many_it_releases_by_flow_and_then_releases_so_many(
    company: Company,
) -> None:
    for number in (1, 2, 3):
        company.hold_order(number)
    company.hold_order(4, sku="OTHER")
    pair = company.world.pair.pk
    with in_tenant(company.world.tenant.pk):
        found = holds.released_by_link(pair, "A50-HALO")
        assert [(one.count, one.run_kind.value) for one in found] == [(3, "order")]
        assert holds.release_words(found) == "3 orders"
        assert holds.released_by_link(pair, "NOBODY") == []
        assert {one.key: one.count for one in holds.waiting()} == {"A50-HALO": 3, "OTHER": 1}
    page = company.get("errors")
    assert "3 orders wait for SKU A50-HALO" in page
    with in_tenant(company.world.tenant.pk):
        released = releases.link_sku(pair, "A50-HALO", "A50HALO", actor=Actor("maya@northline.example"))
    assert (released.total, released.action_id) == (3, None)
    with in_tenant(company.world.tenant.pk):
        assert Connection.objects.count() == 2
        assert [one.key for one in holds.waiting()] == ["OTHER"]
