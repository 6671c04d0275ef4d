"""A version that a run has read is not fetched again because a poll lists it: X-Cart allows 120 calls a minute."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.models import RecordHead, Run, in_tenant
from tests.domain.dynamics_world import World, dynamics_world


@pytest.fixture
def world(database: None, tmp_path: Path, settings: Any) -> Iterator[World]:
    with dynamics_world(tmp_path, settings) as made:
        yield made


def order_runs(world: World, placed: dict[str, Any]) -> list[str]:
    with in_tenant(world.tenant.pk):
        runs = Run.objects.filter(flow__key="order_out", record_key=str(placed["id"])).order_by("id")
        return list(runs.values_list("status", flat=True))


def settle_until_quiet(world: World) -> None:
    """The acknowledgement changes the order in the shop, so the next poll lists a version that is really new."""
    for _ in range(3):
        world.settle()


def test_what_a_run_has_read_is_not_read_again_for_each_poll_that_lists_it(world: World) -> None:
    placed = world.place()
    settle_until_quiet(world)
    seen = order_runs(world, placed)
    assert seen[0] == "succeeded"
    # One more for the version that our acknowledgement made, whoever tells of it.
    assert seen[1:] == ["skipped"]
    settle_until_quiet(world)
    assert order_runs(world, placed) == seen


def test_a_change_is_another_version_and_is_read(world: World) -> None:
    placed = world.place()
    settle_until_quiet(world)
    before = order_runs(world, placed)
    world.store.control("POST", f"orders/{placed['id']}/touch", {"notes": "call first"})
    settle_until_quiet(world)
    assert len(order_runs(world, placed)) == len(before) + 1


def test_what_failed_is_read_again_when_a_poll_lists_it(world: World) -> None:
    placed = world.place(shipping_method="Dog sled")
    world.settle()
    assert order_runs(world, placed) == ["held"]
    with in_tenant(world.tenant.pk):
        assert RecordHead.objects.get(flow__key="order_out", record_key=str(placed["id"])).seen_hash == ""
