"""What a person does to runs: retried, skipped, edited, linked; in order, audited, never doubled."""

from datetime import UTC, datetime

import pytest

from integrations.kinds.bulk_action import RetryStart, RetryVersion
from integrations.models import (
    Attempt,
    AuditEntry,
    Flow,
    FlowVersion,
    Hold,
    RecordHead,
    RecordLink,
    in_tenant,
)
from integrations.operations import releases, runs
from integrations.operations.audit import Actor
from integrations.operations.releases import LinkRefused
from integrations.operations.runs import RetryChoice
from tests.bench.systems.bench_store.connector import SHELF
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company

MAYA = Actor("maya@northline.example")


def act(company: Company, action, *given, **named):
    """Run one operation as the web role does, and commit."""
    with in_tenant(company.world.tenant.pk):
        return action(*given, actor=MAYA, **named)


def test_a_failed_run_that_is_retried_is_delivered_once(company: Company) -> None:
    failed = company.fail_order(1)
    assert act(company, runs.retry, [failed.pk]) == 1
    drain()
    again = company.run(1)
    assert (again.pk, again.status) == (failed.pk, "succeeded")
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_a_held_run_that_is_retried_is_held_again_while_the_reference_is_missing(company: Company) -> None:
    held = company.hold_order(1)
    company.ledger.unknown_skus = {"A50-HALO"}
    act(company, runs.retry, [held.pk])
    drain()
    with in_tenant(company.world.tenant.pk):
        assert company.run(1).status == "held"
        assert Hold.objects.filter(released_at=None).count() == 1


def test_what_is_not_waiting_for_a_person_is_left_alone(company: Company) -> None:
    done = company.deliver_order(1)
    assert act(company, runs.retry, [done.pk]) == 0
    assert act(company, runs.skip, [done.pk], "no") == 0
    assert company.run(1).status == "succeeded"


def test_a_retried_run_takes_its_records_head_back(company: Company) -> None:
    failed = company.fail_order(1)
    act(company, runs.retry, [failed.pk])
    with in_tenant(company.world.tenant.pk):
        assert RecordHead.objects.get().live_run_id == failed.pk
        assert company.run(1).is_head


def test_a_run_that_may_have_been_sent_is_looked_for_when_it_is_retried(company: Company) -> None:
    failed = company.fail_order(1)
    with in_tenant(company.world.tenant.pk):
        Attempt.objects.filter(run=failed).update(outcome="in_doubt")
    company.ledger.commit("orders", {"reference": "BS-1"})
    act(company, runs.retry, [failed.pk])
    assert company.run(1).must_find
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.effects == {"orders:BS-1": 1}


def test_a_skipped_run_keeps_its_reason_and_frees_its_record(company: Company) -> None:
    held = company.hold_order(1)
    assert act(company, runs.skip, [held.pk], "entered by hand") == 1
    run = company.run(1)
    assert (run.status, run.is_head) == ("skipped", False)
    assert "entered by hand" in run.reason
    with in_tenant(company.world.tenant.pk):
        assert RecordHead.objects.get().live_run_id is None
        assert not Hold.objects.filter(released_at=None).exists()
    company.world.send(company.world.order(1, quantity=9))
    drain()
    assert company.run(1).status == "succeeded"


def test_a_linked_sku_releases_what_waits_for_it(company: Company) -> None:
    company.hold_order(1)
    company.hold_order(2)
    pair = company.world.pair.pk
    assert act(company, releases.link_sku, pair, "A50-HALO", "A50HALO").total == 2
    drain()
    assert {company.run(1).status, company.run(2).status} == {"succeeded"}
    with in_tenant(company.world.tenant.pk):
        link = RecordLink.objects.get(kind="product")
        assert (link.storefront_id, link.erp_id, link.made_by) == ("A50-HALO", "A50HALO", "person")


def test_a_sku_may_be_pointed_elsewhere_and_an_item_belongs_to_one_sku(company: Company) -> None:
    pair = company.world.pair.pk
    act(company, releases.link_sku, pair, "A", "X")
    act(company, releases.link_sku, pair, "A", "Y")
    with pytest.raises(LinkRefused, match="A is linked to Y already"):
        act(company, releases.link_sku, pair, "B", "Y")
    with pytest.raises(LinkRefused, match="needed"):
        act(company, releases.link_sku, pair, "A", " ")
    with in_tenant(company.world.tenant.pk):
        assert RecordLink.objects.get().erp_id == "Y"


def test_everything_a_person_does_is_in_the_audit_log(company: Company) -> None:
    failed = company.fail_order(1)
    act(company, runs.note_look, failed.pk)
    act(company, runs.reveal, failed.pk)
    act(company, runs.retry, [failed.pk])
    with in_tenant(company.world.tenant.pk):
        written = AuditEntry.objects.filter(subject=f"run {failed.pk}").order_by("id")
        assert [one.action for one in written] == ["run.looked_at", "run.revealed", "run.retried"]
        assert {one.actor for one in written} == {MAYA.name}


def started(company: Company) -> tuple[str, int]:
    run = company.run(1)
    return run.start_from, run.flow_version_id


def test_a_retry_from_the_failed_step_sends_what_was_mapped_then(company: Company) -> None:
    failed = company.fail_order(1)
    act(company, runs.retry, [failed.pk], choice=RetryChoice(start=RetryStart.FAILED_STEP))
    assert started(company)[0] == "mapped"
    drain()
    assert company.run(1).status == "succeeded"
    assert company.ledger.effects == {"orders:BS-1": 1}
    assert "Mapped before" in company.get(f"runs/{failed.pk}")


def test_a_retry_with_the_latest_version_maps_anew_and_notes_that_version(company: Company) -> None:
    failed = company.fail_order(1)
    with in_tenant(company.world.tenant.pk):
        flow = Flow.objects.get()
        old = FlowVersion.objects.get(pk=flow.current_id)
        new = FlowVersion.objects.create(flow=flow, number=2, definition=old.definition, author="test")
        Flow.objects.filter(pk=flow.pk).update(current_id=new.pk)
    choice = RetryChoice(RetryVersion.LATEST, RetryStart.FAILED_STEP)
    act(company, runs.retry, [failed.pk], choice=choice)
    assert started(company) == ("record", new.pk)
    drain()
    assert company.run(1).status == "succeeded"
    with in_tenant(company.world.tenant.pk):
        entry = AuditEntry.objects.get(action="run.retried")
    assert entry.summary == "1 sent again, latest version, from the failed step"


def test_a_retry_from_the_first_step_reads_the_source_again(company: Company) -> None:
    failed = company.fail_order(1)
    SHELF.put(1, company.world.order(1, quantity=8), datetime(2026, 1, 1, tzinfo=UTC))
    try:
        act(company, runs.retry, [failed.pk], choice=RetryChoice(start=RetryStart.FIRST_STEP))
        drain()
    finally:
        SHELF.orders.clear()
    assert company.run(1).status == "succeeded"
    assert company.ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 8


def test_a_retry_from_any_step_looks_first_where_the_record_may_have_arrived(company: Company) -> None:
    for number, start in enumerate(RetryStart, start=1):
        failed = company.fail_order(number)
        SHELF.put(number, company.world.order(number), datetime(2026, 1, 1, tzinfo=UTC))
        company.ledger.commit("orders", {"reference": f"BS-{number}"})
        with in_tenant(company.world.tenant.pk):
            Attempt.objects.filter(run=failed).update(outcome="in_doubt")
        act(company, runs.retry, [failed.pk], choice=RetryChoice(start=start))
        drain()
        assert company.run(number).status == "succeeded", start
        assert company.ledger.effects[f"orders:BS-{number}"] == 1, start
    SHELF.orders.clear()


def test_the_page_offers_the_choices_and_refuses_others(company: Company) -> None:
    failed = company.fail_order(1)
    assert "The step that failed" in company.get(f"runs/{failed.pk}")
    path = company.at(f"runs/{failed.pk}/retry")
    assert company.client.post(path, {"start": "somewhere"}).status_code == 404
    assert company.client.post(path, {"version": "latest", "start": "first_step"}).status_code == 302
    assert started(company)[0] == "source"
