"""Many runs at once: a plan, one that tries, the rest in chunks; killed anywhere, never twice, cancelled."""

import threading
from typing import Any

import pytest
from django.db import connection, connections

from integrations.kinds import Role, RunStatus
from integrations.kinds.bulk_action import BulkStatus, RetryStart, RetryVersion
from integrations.models import AuditEntry, BulkAction, BulkActionRun, Connection, Flow, Run, in_tenant
from integrations.operations import bulk_actions, bulk_steps, releases
from integrations.operations.audit import Actor
from integrations.operations.bulk_actions import BulkRefused, NotCancellable
from integrations.operations.runs import RetryChoice
from integrations.queries import bulk_actions as queries
from integrations.queries import bulk_plans, causes, selections
from integrations.queries.selections import Selection, selection_of
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company, browser, member
from tests.worlds import make_bench_world

MAYA = Actor("maya@northline.example")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_steps, "CHUNK", 2)


def fail_orders(company: Company, many: int) -> list[Run]:
    company.ledger.faults.extend(["422"] * many)
    for number in range(1, many + 1):
        company.world.send(company.world.order(number))
    drain()
    assert not company.ledger.faults
    return [company.run(number) for number in range(1, many + 1)]


EVERYTHING = Selection()


def start(company: Company, selection: Selection = EVERYTHING, **given: Any) -> BulkAction:
    with in_tenant(company.world.tenant.pk):
        return bulk_actions.start_retry(selection, "what waits", actor=MAYA, **given)


def step(company: Company, times: int = 1) -> None:
    """Do steps as the engine does, each as if its time had come."""
    for _ in range(times):
        with in_tenant(company.world.tenant.pk), connection.cursor() as cursor:
            cursor.execute("UPDATE bulk_action SET due_at = now() - interval '1 second'")
        with database_role("engine"):
            bulk_steps.advance_all()


def state(company: Company, action: BulkAction) -> queries.BulkState:
    with in_tenant(company.world.tenant.pk):
        found = queries.find_action(action.pk)
    assert found is not None
    return found


def statuses(company: Company) -> list[str]:
    return [run.status for run in company.world.runs()]


def test_one_goes_first_and_the_others_follow_when_it_succeeded(company: Company) -> None:
    fail_orders(company, 5)
    action = start(company)
    step(company)
    assert statuses(company) == ["queued", "dead", "dead", "dead", "dead"]
    step(company, 3)
    assert statuses(company).count("dead") == 4, "the others wait while the first is on its way"
    drain()
    step(company, 2)
    assert statuses(company) == ["succeeded", "queued", "queued", "dead", "dead"]
    step(company)
    assert statuses(company).count("dead") == 2, "a chunk waits for the one before"
    drain()
    step(company)
    drain()
    step(company)
    assert statuses(company) == ["succeeded"] * 5
    found = state(company, action)
    assert (found.status, found.taken, found.outcomes.succeeded) == (BulkStatus.FINISHED, 5, 5)
    assert set(company.ledger.effects.values()) == {1}


def test_nothing_else_is_touched_when_the_first_one_fails_again(company: Company) -> None:
    fail_orders(company, 3)
    action = start(company)
    step(company)
    company.ledger.faults.append("422")
    drain()
    step(company, 3)
    assert statuses(company) == ["dead"] * 3
    found = state(company, action)
    assert (found.status, found.taken) == (BulkStatus.STOPPED, 1)
    assert found.reason.startswith("1 did not succeed:")
    with in_tenant(company.world.tenant.pk):
        assert AuditEntry.objects.filter(action="bulk.stopped").count() == 1


def test_a_worker_that_dies_in_a_chunk_leaves_nothing_half_done_and_nothing_is_taken_twice(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_orders(company, 4)
    action = start(company, tries_one_first=False)

    def dies(*_: Any, **__: Any) -> list[int]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("integrations.operations.runs.revive", dies)
        with pytest.raises(KeyboardInterrupt):
            step(company)
    assert statuses(company) == ["dead"] * 4
    assert state(company, action).taken == 0
    for _ in range(3):
        step(company)
        drain()
    step(company)
    assert statuses(company) == ["succeeded"] * 4
    with in_tenant(company.world.tenant.pk):
        assert BulkActionRun.objects.count() == 4
    assert set(company.ledger.effects.values()) == {1}


def test_a_run_that_fails_again_is_not_taken_a_second_time(company: Company) -> None:
    fail_orders(company, 3)
    action = start(company, tries_one_first=False)
    company.ledger.faults.extend(["422"] * 2)
    step(company)
    drain()
    step(company)
    drain()
    step(company, 3)
    found = state(company, action)
    assert (found.status, found.taken) == (BulkStatus.FINISHED, 3)
    assert (found.outcomes.failed, found.outcomes.succeeded) == (2, 1)


def test_two_workers_step_one_action_and_each_run_is_taken_once(company: Company) -> None:
    fail_orders(company, 6)
    action = start(company, tries_one_first=False)
    tenant_id = company.world.tenant.pk
    ready = threading.Barrier(2)

    def work() -> None:
        ready.wait()
        bulk_steps.advance(tenant_id, action.pk)
        connections.close_all()

    for _ in range(3):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        drain()
    step(company, 3)
    with in_tenant(tenant_id):
        assert BulkActionRun.objects.count() == 6
    assert statuses(company) == ["succeeded"] * 6
    assert set(company.ledger.effects.values()) == {1}


def test_what_fails_after_the_start_is_no_part_of_it(company: Company) -> None:
    fail_orders(company, 2)
    action = start(company, tries_one_first=False)
    company.fail_order(9)
    step(company)
    drain()
    step(company)
    assert state(company, action).taken == 2
    assert company.run(9).status == "dead"


def test_what_the_plan_did_not_count_is_no_part_of_it(company: Company) -> None:
    first, second = fail_orders(company, 2)
    action = start(company, tries_one_first=False, up_to=first.pk)
    assert action.matched == 1
    step(company)
    assert company.run(2).status == "dead"
    assert second.pk > first.pk


def test_a_cancelled_action_takes_on_nothing_more_and_what_was_sent_goes_on(company: Company) -> None:
    fail_orders(company, 5)
    action = start(company, tries_one_first=False)
    step(company)
    with in_tenant(company.world.tenant.pk):
        bulk_actions.cancel(action.pk, "wrong flow", actor=MAYA)
        with pytest.raises(NotCancellable, match="cancelled already"):
            bulk_actions.cancel(action.pk, "", actor=MAYA)
    drain()
    step(company, 2)
    assert statuses(company) == ["succeeded", "succeeded", "dead", "dead", "dead"]
    assert state(company, action).reason == "wrong flow"


def test_many_are_skipped_with_one_reason(company: Company) -> None:
    fail_orders(company, 3)
    with in_tenant(company.world.tenant.pk):
        with pytest.raises(BulkRefused, match="Say why"):
            bulk_actions.start_skip(Selection(), "all", " ", actor=MAYA)
        action = bulk_actions.start_skip(Selection(), "all", "entered by hand", actor=MAYA)
    step(company, 3)
    assert statuses(company) == ["skipped"] * 3
    assert "entered by hand" in company.run(1).reason
    assert state(company, action).status is BulkStatus.FINISHED


def test_nothing_that_matches_is_refused(company: Company) -> None:
    company.deliver_order(1)
    with pytest.raises(BulkRefused, match="Nothing"):
        start(company)


def test_a_selection_takes_what_it_says_and_survives_being_written_down(company: Company) -> None:
    failed = fail_orders(company, 2)
    held = company.hold_order(8)
    with in_tenant(company.world.tenant.pk):
        flow = Flow.objects.get().pk
        for wanted, expected in (
            (Selection(), 3),
            (Selection(status=RunStatus.HELD), 1),
            (Selection(hold_kind="product", hold_key="A50-HALO"), 1),
            (Selection(hold_kind="product", hold_key="OTHER"), 0),
            (Selection(reason_code="rejected", problem_field="reference"), 2),
            (Selection(reason_code="rejected", problem_field="other"), 0),
            (Selection(flow_id=flow, since=held.created_at), 1),
            (Selection(flow_id=flow, until=held.created_at), 2),
            (Selection(run_ids=(failed[0].pk, held.pk)), 2),
            (Selection(flow_id=flow + 1), 0),
        ):
            assert selections.count(wanted) == expected, wanted
            assert Selection.from_json(wanted.as_json()) == wanted
        for cause in causes.list_causes():
            assert selections.count(selection_of(cause)) == cause.count


def test_a_plan_says_how_many_why_how_many_calls_and_how_long(company: Company) -> None:
    fail_orders(company, 3)
    company.hold_order(8)
    with in_tenant(company.world.tenant.pk):
        Connection.objects.filter(pk=company.world.erp.pk).update(calls_per_minute=6)
        planned = bulk_plans.plan_of(Selection())
    assert (planned.count, planned.would_wait) == (4, 1)
    assert [(one.count, one.waits_for) for one in planned.causes] == [(3, ""), (1, "A50-HALO")]
    (calls,) = planned.calls
    assert (calls.name, calls.calls, calls.seconds) == ("ERP", planned.call_count, planned.call_count * 10.0)
    assert planned.call_count >= 4


def test_a_retry_begins_where_the_person_says(company: Company) -> None:
    (failed,) = fail_orders(company, 1)
    start(company, choice=RetryChoice(RetryVersion.LATEST, RetryStart.FAILED_STEP))
    step(company)
    with in_tenant(company.world.tenant.pk):
        assert Run.objects.get(pk=failed.pk).start_from == "mapped"
    drain()
    assert company.run(1).status == "succeeded"


def test_bulk_work_goes_behind_what_happens_now(company: Company) -> None:
    fail_orders(company, 3)
    start(company, tries_one_first=False)
    step(company)
    assert {run.lane for run in company.world.runs() if run.status == "queued"} == {"bulk"}


def test_a_release_of_more_than_a_chunk_is_seen_through(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.ledger.unknown_skus = {"A50-HALO"}
    for number in range(1, 6):
        company.world.send(company.world.order(number, sku="A50-HALO"))
    drain()
    company.ledger.unknown_skus = set()
    from integrations.operations import links

    in_chunks = links.release_satisfied
    monkeypatch.setattr(links, "release_satisfied", lambda *a, **n: in_chunks(*a, **{**n, "limit": 2}))
    with in_tenant(company.world.tenant.pk):
        released = releases.link_sku(company.world.pair.pk, "A50-HALO", "A50HALO", actor=MAYA)
    assert (released.at_once, released.following) == (2, 3)
    assert released.action_id is not None
    step(company, 4)
    drain()
    assert statuses(company) == ["succeeded"] * 5
    with in_tenant(company.world.tenant.pk):
        found = queries.find_action(released.action_id)
    assert found is not None
    assert (found.status, found.taken) == (BulkStatus.FINISHED, 3)


def test_the_pages_lead_from_a_cause_over_its_plan_to_progress(company: Company) -> None:
    fail_orders(company, 3)
    with in_tenant(company.world.tenant.pk):
        key = causes.list_causes()[0].key
    group = company.get(f"errors/{key}")
    query = group.split("bulk-actions/new?")[1].split('"')[0].replace("&amp;", "&")
    plan = company.get(f"bulk-actions/new?{query}")
    assert "3 orders" in plan
    assert "remote calls" in plan
    up_to = plan.split('name="up_to" value="')[1].split('"')[0]
    answer = company.client.post(
        company.at(f"bulk-actions/new?{query}"),
        {"deed": "retry", "up_to": up_to, "version": "same", "start": "failed_step"},
    )
    assert answer.status_code == 302
    where = answer["Location"].removeprefix(company.at())
    assert "Trying one first" in company.get(where)
    for _ in range(4):
        step(company)
        drain()
    done = company.get(where)
    assert "None of them needs you any more" in done
    assert "All records of this action" in done
    number = where.rsplit("/", 1)[-1]
    assert "3 of 3 runs" in company.get(f"runs?bulk={number}")
    assert "Retry 3" in company.get("bulk-actions")


def test_an_auditor_sees_actions_and_starts_none(company: Company) -> None:
    fail_orders(company, 2)
    action = start(company)
    client = browser(member(company.world, Role.AUDITOR))
    assert client.get(company.at(f"bulk-actions/{action.pk}")).status_code == 200
    assert client.get(company.at("bulk-actions/new")).status_code == 403
    assert client.post(company.at("bulk-actions/new"), {"deed": "retry"}).status_code == 403
    assert client.post(company.at(f"bulk-actions/{action.pk}/cancel")).status_code == 403
    with in_tenant(company.world.tenant.pk):
        assert BulkAction.objects.get().status == "trying"


def test_another_company_is_left_alone(company: Company) -> None:
    fail_orders(company, 2)
    other = make_bench_world(company.ledger.url, "Mallory Works")  # type: ignore[attr-defined]
    with in_tenant(other.tenant.pk), pytest.raises(BulkRefused):
        bulk_actions.start_retry(Selection(), "all", actor=MAYA)
    start(company)
    step(company)
    with in_tenant(other.tenant.pk):
        assert not BulkAction.objects.exists()
        assert not BulkActionRun.objects.exists()


def test_an_address_that_asks_for_nonsense_shows_no_plan(company: Company) -> None:
    fail_orders(company, 1)
    for query in ("status=gone", "pair=99999999999999999999", "flow=x", "since=yesterday"):
        answer = company.client.get(company.at(f"bulk-actions/new?{query}"))
        assert answer.status_code == 400, query
        assert "Try one" not in answer.content.decode()
    start_it = {"deed": "skip", "reason": "a\0b", "up_to": "9" * 30}
    assert company.client.post(company.at("bulk-actions/new"), start_it).status_code == 302
