"""Runs that wait, over the API: edited, retried by choice, in bulk with a plan, released with a count beforehand."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.kinds import Role
from integrations.models import AuditEntry, Run, in_tenant
from integrations.operations import bulk_steps
from tests.api.conftest import Program, make_program
from tests.bench.erp_server import Ledger
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.worlds import BenchWorld


def failed(world: BenchWorld, ledger: Ledger, number: int = 1) -> int:
    ledger.faults.append("422")
    world.send(world.order(number))
    drain()
    run = world.runs()[-1]
    assert run.status == "dead"
    return int(run.pk)


def status_of(world: BenchWorld, run_id: int) -> str:
    return next(run.status for run in world.runs() if run.pk == run_id)


def test_a_field_is_changed_by_its_path_and_the_run_goes_with_it(
    world: BenchWorld, ledger: Ledger, owner: Program
) -> None:
    run_id = failed(world, ledger)
    read = owner.get(f"runs/{run_id}/record").body
    assert read["record"]["email"] == "P•••@Example.com"
    change = {"seen": read["seen"], "changes": [{"path": "lines[0].quantity", "value": 7}]}
    change["changes"].append({"path": "total", "value": 73.00})
    looked = owner.post(f"runs/{run_id}/edit", {**change, "dry_run": True})
    assert (looked.status, looked.body["is_saved"]) == (200, False)
    assert {one["path"] for one in looked.body["changes"]} == {"lines[0].quantity", "total"}
    assert status_of(world, run_id) == "dead"
    saved = owner.post(f"runs/{run_id}/edit", change)
    assert (saved.status, saved.body["is_saved"]) == (200, True)
    drain()
    assert status_of(world, run_id) == "succeeded"
    assert ledger.orders["orders:BS-1"]["lines"][0]["quantity"] == 7
    (edit,) = owner.get(f"runs/{run_id}").body["edits"]
    assert edit["fields_changed"] == ["lines[0].quantity", "total"]


def test_what_does_not_fit_is_named_by_field(world: BenchWorld, ledger: Ledger, owner: Program) -> None:
    run_id = failed(world, ledger)
    seen = owner.get(f"runs/{run_id}/record").body["seen"]

    def tried(path: str, value: Any) -> Any:
        answer = owner.post(
            f"runs/{run_id}/edit", {"seen": seen, "changes": [{"path": path, "value": value}]}
        )
        return answer.status, [(one["field"], one["message"]) for one in answer.body["errors"]]

    assert tried("lines[0].sku", "x" * 31) == (400, [("lines[0].sku", "has 31 characters; 30 fit")])
    assert tried("nowhere.at.all", 1) == (400, [("nowhere.at.all", "leads nowhere")])
    assert tried("lines[7]", {}) == (400, [("lines[7]", "leads nowhere")])
    assert tried("email", "new@x.example")[1][0][0] == "email"
    assert status_of(world, run_id) == "dead"


def test_the_second_editor_gets_409(world: BenchWorld, ledger: Ledger, owner: Program) -> None:
    run_id = failed(world, ledger)
    seen = owner.get(f"runs/{run_id}/record").body["seen"]
    change = {"seen": seen, "reveal": True, "changes": [{"path": "email", "value": "a@b.example"}]}
    ledger.faults.append("422")
    assert owner.post(f"runs/{run_id}/edit", change).status == 200
    drain()
    again = owner.post(
        f"runs/{run_id}/edit", {**change, "changes": [{"path": "email", "value": "c@d.example"}]}
    )
    assert again.status == 409
    assert "edited this record meanwhile" in again.body["title"]
    with in_tenant(world.tenant.pk):
        assert AuditEntry.objects.filter(action="run.revealed").count() == 2


def test_a_retry_takes_its_choices_and_refuses_others(
    world: BenchWorld, ledger: Ledger, owner: Program
) -> None:
    run_id = failed(world, ledger)
    assert owner.post(f"runs/{run_id}/retry", {"start": "somewhere"}).status == 400
    answer = owner.post(f"runs/{run_id}/retry", {"version": "latest", "start": "failed_step"})
    assert answer.status == 200
    with in_tenant(world.tenant.pk):
        assert Run.objects.get(pk=run_id).start_from == "mapped"
    drain()
    assert status_of(world, run_id) == "succeeded"


def test_a_bulk_action_is_planned_started_followed_and_cancelled(
    world: BenchWorld, ledger: Ledger, owner: Program
) -> None:
    for number in (1, 2, 3):
        failed(world, ledger, number)
    plan = owner.post("bulk-actions/plan", {"reason_code": "rejected"}).body
    assert (plan["count"], plan["causes"][0]["count"]) == (3, 3)
    assert plan["call_count"] >= 3
    wanted = {"deed": "retry", "selection": {"reason_code": "rejected"}, "up_to": plan["up_to"]}
    made = owner.post("bulk-actions", wanted, key="once")
    assert (made.status, made.body["status"], made.body["matched"]) == (201, "trying", 3)
    assert owner.post("bulk-actions", wanted, key="once").body["id"] == made.body["id"]
    with database_role("engine"):
        bulk_steps.advance_all()
    where = f"bulk-actions/{made.body['id']}"
    assert owner.get(where).body["taken"] == 1
    assert owner.post(f"{where}/cancel", {"reason": "enough"}).body["status"] == "cancelled"
    assert owner.post(f"{where}/cancel", {"reason": "enough"}).status == 409
    assert owner.post("bulk-actions", {"deed": "skip", "selection": {}}).status == 400
    assert owner.post("bulk-actions", {"deed": "retry", "selection": {"flow": 99}}).status == 400


def test_a_link_says_how_many_it_would_release_and_then_does(
    world: BenchWorld, ledger: Ledger, owner: Program
) -> None:
    ledger.unknown_skus = {"A50-HALO"}
    for number in (1, 2):
        world.send(world.order(number, sku="A50-HALO"))
    drain()
    ledger.unknown_skus = set()
    (waits,) = owner.get("holds").body["results"]
    assert (waits["kind"], waits["key"], waits["count"]) == ("product", "A50-HALO", 2)
    link = {"pair_id": world.pair.pk, "storefront_sku": "A50-HALO", "erp_sku": "A50HALO"}
    looked = owner.post("holds/link-sku", {**link, "dry_run": True}).body
    assert (looked["released"], looked["would_release"][0]["count"]) == (0, 2)
    assert owner.get("holds").body["results"] != []
    done = owner.post("holds/link-sku", link).body
    assert (done["released"], done["following"], done["bulk_action_id"]) == (2, 0, None)
    assert owner.get("holds").body["results"] == []
    assert owner.post("holds/link-sku", {**link, "pair_id": 999}).status == 404
    row = {"pair_id": world.pair.pk, "value_map": "nope", "source": "a", "target": "b"}
    assert owner.post("holds/add-row", row).status == 404


def test_the_backlog_is_told_for_pairs_and_connections(world: BenchWorld, owner: Program) -> None:
    world.send(world.order(1))
    for path in (f"pairs/{world.pair.pk}/backlog", f"connections/{world.erp.pk}/backlog"):
        found = owner.get(path).body
        assert (found["due"], found["held"], found["flows"][0]["due"]) == (1, 0, 1)


@pytest.mark.parametrize("role", [Role.AUDITOR])
def test_who_may_only_look_changes_nothing(
    world: BenchWorld, ledger: Ledger, role: Role, owner: Program, stranger_world: Callable[[], BenchWorld]
) -> None:
    run_id = failed(world, ledger)
    looker = make_program(world.tenant, role)
    for path, body in (
        (f"runs/{run_id}/edit", {"seen": "x"}),
        ("bulk-actions", {"deed": "retry", "selection": {}}),
        ("bulk-actions/plan", {}),
        ("holds/link-sku", {"pair_id": world.pair.pk, "storefront_sku": "a", "erp_sku": "b"}),
        ("holds/add-row", {}),
    ):
        assert looker.post(path, body).status == 403, path
    assert looker.get(f"runs/{run_id}/record").status == 403
    assert looker.get("holds").status == 200
    assert status_of(world, run_id) == "dead"
