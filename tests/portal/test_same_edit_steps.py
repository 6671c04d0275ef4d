"""The same edit for all as the workers do it: one first, each checked, counted if not; killed anywhere, never twice."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from integrations.kinds import canonical_json
from integrations.kinds.bulk_action import BulkStatus
from integrations.kinds.record import from_canonical_json
from integrations.models import AuditEntry, BulkAction, BulkActionRun, Payload, Run, RunEdit, in_tenant
from integrations.operations import bulk_actions, bulk_steps, run_edits, same_edit_steps
from integrations.operations.audit import Actor
from integrations.operations.run_edits import EditPart, EditRefused
from integrations.stores import vault
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company
from tests.portal.test_bulk_actions import fail_orders, state, statuses, step
from tests.portal.test_same_edits import edited, quantities, start, step_through

MAYA = Actor("maya@northline.example")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(same_edit_steps, "CHUNK", 2)


def test_the_edited_run_goes_first_and_the_others_follow_when_it_succeeded(company: Company) -> None:
    first, *_ = fail_orders(company, 4)
    action = start(company, first)
    assert statuses(company) == ["queued", "dead", "dead", "dead"]
    step(company, 3)
    assert statuses(company).count("dead") == 3, "the others wait while the first is on its way"
    drain()
    step(company, 2)
    assert statuses(company) == ["succeeded", "queued", "queued", "dead"]
    assert {run.lane for run in company.world.runs() if run.status == "queued"} == {"bulk"}
    step_through(company, 3)
    assert quantities(company) == {f"orders:BS-{number}": 7 for number in range(1, 5)}
    assert set(company.ledger.effects.values()) == {1}
    done = state(company, action)
    assert (done.status, done.taken, done.outcomes.succeeded) == (BulkStatus.FINISHED, 4, 4)
    with in_tenant(company.world.tenant.pk):
        assert RunEdit.objects.filter(author=MAYA.name).count() == 4
        assert AuditEntry.objects.filter(action="run.edited", actor=MAYA.name).count() == 4
        assert Payload.objects.filter(role="edited").count() == 4
        assert BulkAction.objects.get().edit is None, "what it changed is gone with its end"


def test_nothing_else_is_touched_when_the_edited_one_fails_again(company: Company) -> None:
    first, *_ = fail_orders(company, 3)
    action = start(company, first)
    company.ledger.faults.append("422")
    step_through(company, 3)
    assert statuses(company) == ["dead"] * 3
    done = state(company, action)
    assert (done.status, done.taken, done.untouched) == (BulkStatus.STOPPED, 1, 2)
    with in_tenant(company.world.tenant.pk):
        assert RunEdit.objects.count() == 1
        assert BulkAction.objects.get().edit is None


def test_another_goes_first_when_a_newer_version_goes_instead_of_the_edited_one(company: Company) -> None:
    first, second, *_ = fail_orders(company, 4)
    action = start(company, first)
    with in_tenant(company.world.tenant.pk):
        Run.objects.filter(pk=first.pk).update(status="superseded", is_head=False)
    step(company, 2)
    assert statuses(company) == ["superseded", "queued", "dead", "dead"]
    assert state(company, action).first_run_id == second.pk
    step(company, 2)
    assert statuses(company).count("dead") == 2, "the others wait for it"
    step_through(company, 4)
    assert statuses(company) == ["superseded", *["succeeded"] * 3]
    assert state(company, action).status is BulkStatus.FINISHED


def test_a_record_that_changed_went_on_or_does_not_fit_is_left_out_and_counted_with_its_reason(
    company: Company,
) -> None:
    first, changed, gone, _, misfit = fail_orders(company, 5)
    action = start(company, first)
    drain()
    editable, checked = edited(company, changed, **company.world.order(1, quantity=5))
    company.ledger.faults.append("422")
    run_edits.save(
        editable, EditPart.SOURCE, checked, seen=editable.seen, actor=Actor("tom@northline.example")
    )
    drain()
    assert statuses(company)[:2] == ["succeeded", "dead"]
    with in_tenant(company.world.tenant.pk):
        Run.objects.filter(pk=gone.pk).update(status="skipped", reason="by hand")
        # The rest of the record of this one has become too much for the amounts to add up.
        payload = Payload.objects.filter(event_id=misfit.event_id, role="event").get()
    _reseal(company, payload, shipping=5)
    step_through(company, 5)
    done = state(company, action)
    assert {one.reason.split(":")[0]: one.number for one in done.left_out} == {
        "It does not hold the same values any more.": "2",
        "It went on meanwhile.": "3",
        "It would not fit": "5",
    }
    assert (done.status, done.taken, done.outcomes.passed_over) == (BulkStatus.FINISHED, 2, 3)
    assert set(quantities(company)) == {"orders:BS-1", "orders:BS-4"}
    page = company.get(f"bulk-actions/{action.pk}")
    assert "3 were left as they were and wait" in page
    assert "It went on meanwhile." in page


def _reseal(company: Company, payload: Payload, **values: Any) -> None:
    tenant_id = company.world.tenant.pk
    with in_tenant(tenant_id):
        stored = from_canonical_json(vault.unseal(tenant_id, bytes(payload.sealed), "event"))
        stored["fields"] |= values
        payload.sealed = vault.seal(tenant_id, canonical_json(stored), "event")
        payload.save(update_fields=["sealed"])


def test_a_worker_that_dies_in_a_step_leaves_each_run_whole_and_none_is_edited_twice(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = fail_orders(company, 4)
    action = start(company, first)
    drain()
    step(company)

    def dies(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("integrations.operations.run_edits.revive", dies)
        with pytest.raises(KeyboardInterrupt):
            step(company)
    assert statuses(company) == ["succeeded", "dead", "dead", "dead"]
    with in_tenant(company.world.tenant.pk):
        assert RunEdit.objects.count() == 1
    step_through(company, 5)
    assert state(company, action).outcomes.succeeded == 4
    with in_tenant(company.world.tenant.pk):
        assert (RunEdit.objects.count(), BulkActionRun.objects.count()) == (4, 4)
    assert set(company.ledger.effects.values()) == {1}


def test_two_workers_step_one_action_and_each_run_is_edited_once(company: Company) -> None:
    first, *_ = fail_orders(company, 6)
    action = start(company, first)
    tenant_id = company.world.tenant.pk
    ready = threading.Barrier(2)

    def work() -> None:
        ready.wait()
        bulk_steps.advance(tenant_id, action.pk)
        connections.close_all()

    for _ in range(4):
        drain()
        with in_tenant(tenant_id), connection.cursor() as cursor:
            cursor.execute("UPDATE bulk_action SET due_at = now() - interval '1 second'")
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    step_through(company, 3)
    with in_tenant(tenant_id):
        assert (RunEdit.objects.count(), BulkActionRun.objects.count()) == (6, 6)
    assert statuses(company) == ["succeeded"] * 6
    assert set(company.ledger.effects.values()) == {1}


def test_what_another_worker_has_leased_is_left_to_it(company: Company) -> None:
    first, *_ = fail_orders(company, 3)
    action = start(company, first)
    drain()
    step(company)
    leased_until = timezone.now() + timedelta(seconds=60)
    with in_tenant(company.world.tenant.pk):
        BulkAction.objects.update(due_at=leased_until)
    with database_role("engine"):
        bulk_steps.advance(company.world.tenant.pk, action.pk)
    assert statuses(company) == ["succeeded", "dead", "dead"]
    with in_tenant(company.world.tenant.pk):
        assert BulkAction.objects.get().due_at == leased_until


def test_a_cancelled_action_edits_nothing_more_and_forgets_what_it_would_change(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = fail_orders(company, 4)
    action = start(company, first)
    drain()
    step(company)
    checking = run_edits.check

    def cancels(*given: Any, **named: Any) -> Any:
        with in_tenant(company.world.tenant.pk):
            bulk_actions.cancel(action.pk, "wrong size", actor=MAYA)
        return checking(*given, **named)

    monkeypatch.setattr(run_edits, "check", cancels)
    step(company)
    step_through(company, 2)
    assert statuses(company) == ["succeeded", "dead", "dead", "dead"]
    with in_tenant(company.world.tenant.pk):
        assert (RunEdit.objects.count(), BulkAction.objects.get().edit) == (1, None)


def test_a_system_that_cannot_be_asked_is_asked_again_and_no_run_is_left_out_for_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = fail_orders(company, 2)
    action = start(company, first)
    drain()
    step(company)

    def silent(_: Any) -> Any:
        raise EditRefused("The edit cannot be checked: no answer")

    with monkeypatch.context() as patch:
        patch.setattr(run_edits, "schemas_of", silent)
        step(company)
    waiting = state(company, action)
    assert (waiting.status, waiting.outcomes.passed_over) == (BulkStatus.RUNNING, 0)
    assert "Waits and tries again by itself. The edit cannot be checked" in company.get(
        f"bulk-actions/{action.pk}"
    )
    step_through(company, 3)
    assert (state(company, action).status, state(company, action).reason) == (BulkStatus.FINISHED, "")
    assert statuses(company) == ["succeeded"] * 2


def test_what_does_not_get_through_in_a_day_is_stopped(company: Company) -> None:
    first, *_ = fail_orders(company, 3)
    action = start(company, first)
    drain()
    step(company)
    yesterday = timezone.now() - timedelta(hours=25)
    with in_tenant(company.world.tenant.pk):
        BulkAction.objects.update(created_at=yesterday, reason="no answer")
    step(company)
    assert state(company, action).taken == 3, "a first one that took its time is no reason to stop"
    with in_tenant(company.world.tenant.pk):
        Run.objects.filter(pk=first.pk).update(finished_at=yesterday)
    step(company)
    stopped = state(company, action)
    assert (stopped.status, stopped.reason) == (BulkStatus.STOPPED, "It did not get through in a day.")
