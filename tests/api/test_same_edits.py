"""The same edit for all over the API: planned, started once, refused where nobody else holds the same."""

from typing import Any

from integrations.kinds import Role
from integrations.models import BulkAction, RunEdit, in_tenant
from integrations.operations import bulk_steps
from tests.api.conftest import Program, make_program
from tests.api.test_run_handling import failed, status_of
from tests.bench.erp_server import Ledger
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.worlds import BenchWorld

SEVEN = [{"path": "lines[0].quantity", "value": 7}, {"path": "total", "value": 73.00}]


def step() -> None:
    with database_role("engine"):
        bulk_steps.advance_all()


def wanted(owner: Program, run_id: int, changes: Any = SEVEN) -> dict[str, Any]:
    return {"run": run_id, "seen": owner.get(f"runs/{run_id}/record").body["seen"], "changes": changes}


def test_the_same_edit_is_planned_and_made_in_all_runs_that_hold_the_same(
    world: BenchWorld, ledger: Ledger, owner: Program
) -> None:
    first, second, third = (failed(world, ledger, number) for number in (1, 2, 3))
    body = wanted(owner, first)
    plan = owner.post("bulk-actions/plan-edit", body)
    assert plan.status == 200
    assert plan.body["run_ids"] == [first, second, third]
    assert (plan.body["count"], plan.body["others_waiting"], plan.body["problems"]) == (3, 2, [])
    assert {one["path"] for one in plan.body["changes"]} == {"lines[0].quantity", "total"}
    assert status_of(world, first) == "dead"
    made = owner.post("bulk-actions/edit", {**body, "up_to": second}, key="once")
    assert (made.status, made.body["deed"], made.body["matched"]) == (201, "edit", 2)
    assert (
        owner.post("bulk-actions/edit", {**body, "up_to": second}, key="once").body["id"] == made.body["id"]
    )
    drain()
    for _ in range(2):
        step()
    drain()
    step()
    shown = owner.get(f"bulk-actions/{made.body['id']}").body
    assert (shown["status"], shown["succeeded"], shown["left_as_they_were"]) == ("finished", 2, [])
    assert [status_of(world, one) for one in (first, second, third)] == ["succeeded", "succeeded", "dead"]


def test_what_cannot_be_done_says_why_and_stores_nothing(
    world: BenchWorld, ledger: Ledger, owner: Program
) -> None:
    first = failed(world, ledger, 1)
    alone = owner.post("bulk-actions/edit", wanted(owner, first))
    assert alone.status == 400
    assert "No other record" in alone.body["errors"][0]["message"]
    failed(world, ledger, 2)
    long = wanted(owner, first, [{"path": "lines[0].sku", "value": "x" * 31}])
    planned = owner.post("bulk-actions/plan-edit", long).body
    assert [one["field"] for one in planned["problems"]] == ["lines[0].sku"]
    assert planned["count"] == 1
    refused = owner.post("bulk-actions/edit", long)
    assert (refused.status, refused.body["errors"][0]["field"]) == (400, "lines[0].sku")
    assert owner.post("bulk-actions/edit", {**wanted(owner, first), "seen": "0.0.dead"}).status == 409
    assert owner.post("bulk-actions/plan-edit", {**wanted(owner, first), "run": 99_999}).status == 409
    auditor = make_program(world.tenant, Role.AUDITOR)
    assert auditor.post("bulk-actions/edit", wanted(owner, first)).status == 403
    assert auditor.post("bulk-actions/plan-edit", wanted(owner, first)).status == 403
    with in_tenant(world.tenant.pk):
        assert not BulkAction.objects.exists()
        assert not RunEdit.objects.exists()
