"""``/api/v1/sync-jobs`` from outside: start, watch, pause, cancel; refusals as problem details."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.kinds import Role
from integrations.models import Flow, SyncJob, in_tenant
from tests.api.conftest import Program, make_program
from tests.domain.sync_bench import take_step
from tests.worlds import BenchWorld


@pytest.fixture
def wanted(world: BenchWorld) -> dict[str, Any]:
    with in_tenant(world.tenant.pk):
        return {"flow_id": Flow.objects.get().pk, "mode": "backfill", "since": "2025-03-01T00:00:00-06:00"}


def test_a_job_is_started_shown_and_listed(owner: Program, wanted: dict[str, Any]) -> None:
    made = owner.post("sync-jobs", {**wanted, "per_minute": 30})
    assert made.status == 201, made.body
    assert {name: made.body[name] for name in ("mode", "status", "since", "per_minute", "total", "eta_seconds")} == {
        "mode": "backfill", "status": "running", "since": "2025-03-01T06:00:00Z", "per_minute": 30, "total": 0,
        "eta_seconds": None,
    }  # fmt: skip
    assert owner.get(f"sync-jobs/{made.body['id']}").body == made.body
    assert owner.get("sync-jobs?status=running").body["results"] == [made.body]
    assert owner.get("sync-jobs?status=finished").body["results"] == []


def test_a_repeat_with_the_same_key_starts_one_job(
    world: BenchWorld, owner: Program, wanted: dict[str, Any]
) -> None:
    first, again = (owner.post("sync-jobs", wanted, key="load-1") for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    with in_tenant(world.tenant.pk):
        assert SyncJob.objects.count() == 1


def test_a_job_is_paused_resumed_and_cancelled_and_then_refuses(
    owner: Program, wanted: dict[str, Any]
) -> None:
    made = owner.post("sync-jobs", wanted).body["id"]
    paused = owner.post(f"sync-jobs/{made}/pause", {"reason": "stock count"})
    assert (paused.status, paused.body["status"], paused.body["reason"]) == (200, "paused", "stock count")
    assert owner.post(f"sync-jobs/{made}/resume").body["status"] == "running"
    assert owner.post(f"sync-jobs/{made}/cancel", {"reason": "wrong"}).body["status"] == "cancelled"
    refused = owner.post(f"sync-jobs/{made}/resume")
    assert (refused.status, refused.body["title"]) == (409, "The job is cancelled.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "targeted"}, "Name the records"),
        ({"until": "2025-02-01T00:00:00Z"}, "ends before"),
        ({"numbers": ["1"]}, "targeted job only"),
        ({"mode": "everything"}, "not a valid choice"),
        ({"per_minute": 0}, "greater than or equal"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(
    owner: Program, wanted: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    answer = owner.post("sync-jobs", {**wanted, **changes})
    assert answer.status == 400
    assert words in str(answer.body["errors"])


def test_an_auditor_reads_and_may_not_start_or_stop(
    program_of: Callable[[Role], Program], owner: Program, wanted: dict[str, Any]
) -> None:
    made = owner.post("sync-jobs", wanted).body["id"]
    auditor = program_of(Role.AUDITOR)
    assert auditor.get(f"sync-jobs/{made}").status == 200
    for path in (
        "sync-jobs",
        f"sync-jobs/{made}/pause",
        f"sync-jobs/{made}/resume",
        f"sync-jobs/{made}/cancel",
    ):
        assert auditor.post(path, {"reason": "x"}).status == 403


def test_a_stranger_finds_neither_flow_nor_job(
    stranger_world: BenchWorld, owner: Program, wanted: dict[str, Any]
) -> None:
    made = owner.post("sync-jobs", wanted).body["id"]
    stranger = make_program(stranger_world.tenant, Role.OWNER)
    assert stranger.get(f"sync-jobs/{made}").status == 404
    assert stranger.post(f"sync-jobs/{made}/cancel", {"reason": "x"}).status == 404
    assert stranger.post("sync-jobs", wanted).status == 404
    assert stranger.get("sync-jobs").body["results"] == []


def test_runs_name_their_job_and_are_found_by_it(
    world: BenchWorld, owner: Program, wanted: dict[str, Any]
) -> None:
    world.send(world.order(5001))
    made = owner.post(
        "sync-jobs", {"flow_id": wanted["flow_id"], "mode": "targeted", "record_ids": ["1001"]}
    ).body["id"]
    take_step(made)
    (run,) = owner.get(f"runs?sync_job={made}").body["results"]
    assert (run["business_key"] or run["source_id"], run["sync_job_id"]) == ("1001", made)
    assert {one["sync_job_id"] for one in owner.get("runs").body["results"]} == {None, made}
