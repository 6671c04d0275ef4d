"""Pairs, runs and events over the API, and the paging all lists share."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from integrations.kinds import Role
from integrations.models import Payload, in_tenant
from integrations.operations.delivery.drain import Drain
from tests.api.conftest import Program
from tests.bench.erp_server import Ledger
from tests.conftest import database_role
from tests.worlds import BenchWorld


def drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.operations.delivery.drain._LINGER_SECONDS", 0.05)
    with database_role("engine"):
        Drain(threads=8, lease_seconds=30).run()


@pytest.fixture
def served(world: BenchWorld, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> BenchWorld:
    """One delivered order, 1043, and one that the ERP refused, 1044."""
    world.send(world.order(1043))
    drain(monkeypatch)
    ledger.faults.append("422")
    world.send(world.order(1044))
    drain(monkeypatch)
    return world


def test_a_pair_shows_its_flows_with_their_published_version(world: BenchWorld, owner: Program) -> None:
    (pair,) = owner.get("pairs").body["results"]
    assert pair == owner.get(f"pairs/{world.pair.pk}").body
    assert (pair["environment"], pair["storefront_id"], pair["erp_id"]) == (
        "sandbox", world.store.pk, world.erp.pk,
    )  # fmt: skip
    assert [(flow["kind"], flow["direction"], flow["version"]) for flow in pair["flows"]] == [
        ("order", "to_erp", 1)
    ]


def test_a_created_pair_has_its_ready_flows_and_a_second_one_of_the_same_is_refused(
    world: BenchWorld, owner: Program
) -> None:
    wanted = {
        "name": "Prod", "environment": "prod", "storefront_id": world.store.pk, "erp_id": world.erp.pk,
    }  # fmt: skip
    made = owner.post("pairs", wanted)
    assert (made.status, len(made.body["flows"])) == (201, 1)
    refused = owner.post("pairs", {**wanted, "name": "Prod 2"})
    assert refused.status == 400
    assert "paired in this environment" in refused.body["errors"][0]["message"]
    swapped = owner.post("pairs", {**wanted, "name": "X", "storefront_id": world.erp.pk})
    assert "is not a storefront" in swapped.body["errors"][0]["message"]
    assert owner.post("pairs", {**wanted, "environment": "moon"}).body["errors"][0]["field"] == "environment"


def test_a_paused_pair_says_why_and_resumes(world: BenchWorld, owner: Program) -> None:
    path = f"pairs/{world.pair.pk}"
    assert owner.post(f"{path}/pause", {"reason": "stock count"}).body["pause_reason"] == "stock count"
    assert owner.post(f"{path}/resume").body["paused_at"] is None


@pytest.mark.parametrize("typed", ["1043", " 1043 ", "BS-1043", "E000001", "e000001"])
def test_a_run_is_found_by_any_number_it_carries(served: BenchWorld, owner: Program, typed: str) -> None:
    found = owner.call("GET", f"runs?q={typed}").body["results"]
    assert [run["business_key"] for run in found] == ["1043"]


def test_runs_are_narrowed_by_status_kind_pair_and_flow(served: BenchWorld, owner: Program) -> None:
    (flow,) = owner.get(f"pairs/{served.pair.pk}").body["flows"]

    def keys(query: str) -> list[str]:
        return [run["business_key"] for run in owner.get(f"runs?{query}").body["results"]]

    assert keys("") == ["1044", "1043"]
    assert keys("status=dead") == ["1044"]
    assert keys(f"status=succeeded&kind=order&pair={served.pair.pk}&flow={flow['id']}") == ["1043"]
    assert keys("kind=product") == keys(f"pair={served.pair.pk + 1}") == keys("q=1043&status=dead") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("status=lost", "status"), ("kind=ghost", "kind"), ("pair=x", "pair"), ("flow=0", "flow"), ("q=%00", "q"),
     (f"pair={2**63}", "pair"), (f"q={'x' * 121}", "q")],
)  # fmt: skip
def test_a_filter_that_cannot_be_meant_is_refused_by_name(owner: Program, query: str, field: str) -> None:
    answer = owner.get(f"runs?{query}")
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, field)


def test_a_run_shows_its_attempts_hops_and_refused_values(served: BenchWorld, owner: Program) -> None:
    failed, delivered = owner.get("runs").body["results"]
    detail = owner.get(f"runs/{failed['id']}").body
    assert detail["problems"] == [{"field": "reference", "value": "BS-1044", "rule": "is taboo"}]
    assert [one["outcome"] for one in detail["attempts"]] == ["dead"]
    detail = owner.get(f"runs/{delivered['id']}").body
    assert (detail["amount"], detail["target_id"], detail["flow"]) == ("23.0000", "E000001", "order_out")
    assert detail["attempts"][0]["hops"][0]["rail"] in ("storefront", "connect", "erp")


def test_a_failed_run_is_retried_and_a_delivered_one_is_not(
    served: BenchWorld, owner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, delivered = owner.get("runs").body["results"]
    assert owner.post(f"runs/{failed['id']}/retry").body["status"] == "queued"
    drain(monkeypatch)
    assert owner.get(f"runs/{failed['id']}").body["status"] == "succeeded"
    assert owner.post(f"runs/{delivered['id']}/retry").status == 409


def test_a_failed_run_is_skipped_with_a_reason(served: BenchWorld, owner: Program) -> None:
    failed, _ = owner.get("runs").body["results"]
    assert owner.post(f"runs/{failed['id']}/skip", {}).status == 400
    skipped = owner.post(f"runs/{failed['id']}/skip", {"reason": "a test order"}).body
    assert (skipped["status"], skipped["reason"]) == (
        "skipped", "Skipped by API key owner program: a test order",
    )  # fmt: skip


def test_events_show_what_came_and_its_runs_and_never_the_body(served: BenchWorld, owner: Program) -> None:
    newest, first = owner.get(f"events?connection={served.store.pk}&kind=order").body["results"]
    assert (first["business_key"], first["found_by"], first["deliveries"]) == ("1043", "webhook", 1)
    assert len(first["body_sha256"]) == 64
    runs = {run["business_key"]: run["id"] for run in owner.get("runs").body["results"]}
    assert (newest["runs"], first["runs"]) == ([runs["1044"]], [runs["1043"]])
    shown = str([owner.get("events").body, owner.get(f"events/{first['id']}").body, owner.get("runs").body])
    assert "a50" not in shown
    with in_tenant(served.tenant.pk):
        assert Payload.objects.filter(event_id=first["id"]).exists()
    assert owner.get(f"events?connection={served.erp.pk}").body["results"] == []


def test_pages_follow_each_other_newest_first_without_gap_and_back_again(
    world: BenchWorld, owner: Program
) -> None:
    for number in range(7):
        world.send(world.order(number))
    seen: list[int] = []
    address: str | None = "events?limit=3"
    pages: list[Any] = []
    while address:
        page = owner.get(address).body
        pages.append(page)
        seen += [event["id"] for event in page["results"]]
        address = page["next"]
        # What arrives meanwhile moves no page.
        world.send(world.order(100 + len(seen)))
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    assert seen == sorted(seen, reverse=True)
    assert pages[0]["previous"] is None
    assert owner.get(pages[2]["previous"]).body["results"] == pages[1]["results"]


@pytest.mark.parametrize(("limit", "rows"), [("0", 60), ("-1", 60), ("x", 60), ("1000", 60), ("2", 2)])
def test_a_page_has_at_most_200_rows_and_50_where_the_limit_is_none(
    world: BenchWorld, owner: Program, limit: str, rows: int
) -> None:
    from portal.api.conventions import NewestFirst

    assert (NewestFirst.max_page_size, NewestFirst.page_size) == (200, 50)
    for number in range(60):
        world.send(world.order(number))
    expected = min(rows, 50) if limit in ("0", "-1", "x") else rows
    assert len(owner.get(f"events?limit={limit}").body["results"]) == expected


@pytest.mark.parametrize("position", ["p=abc", "p=1%27", "p=-5", "p=" + "9" * 40, "r=1"])
def test_a_cursor_somebody_made_up_never_breaks_the_list(owner: Program, position: str) -> None:
    cursor = base64.b64encode(position.encode()).decode()
    assert owner.get(f"events?cursor={cursor}").status in (200, 404)


def test_a_wrong_address_method_or_body_is_answered_as_a_problem(world: BenchWorld, owner: Program) -> None:
    for method, path, status in (
        ("GET", "nothing", 404), ("GET", "runs/99999999999999999999", 404), ("DELETE", "runs", 405),
        ("PUT", f"connections/{world.erp.pk}", 405), ("OPTIONS", "runs", 405),
    ):  # fmt: skip
        answer = owner.call(method, path)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), path
    broken = owner.client.post(
        "/api/v1/pairs",
        b"{",
        content_type="application/json",
        headers={"Authorization": f"Bearer {owner.key}"},
    )
    assert (broken.status_code, broken.headers["Content-Type"]) == (400, "application/problem+json")


def test_an_error_nobody_foresaw_is_a_500_without_its_words_and_changes_nothing(
    world: BenchWorld, owner: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.operations import pairs

    def fails() -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(pairs, "wake_on_commit", fails)
    owner.post(f"pairs/{world.pair.pk}/pause", {"reason": "x"})
    answer = owner.post(f"pairs/{world.pair.pk}/resume")
    assert (answer.status, "secret words" in str(answer.body)) == (500, False)
    assert owner.get(f"pairs/{world.pair.pk}").body["paused_at"] is not None


def test_roles_that_may_view_see_runs(program_of: Callable[[Role], Program]) -> None:
    assert {role: program_of(role).get("runs").status for role in Role} == dict.fromkeys(Role, 200)
