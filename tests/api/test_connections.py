"""Connections over the API: secrets go in and never come out, refusals name their field, tests store results."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from integrations.models import AuditEntry, Connection, in_tenant
from tests.api.conftest import Program
from tests.bench.erp_server import Ledger
from tests.worlds import SECRET, BenchWorld

NEW_SECRET = "another-secret-another-secret"


def test_a_created_connection_shows_its_settings_and_when_each_secret_was_set(owner: Program) -> None:
    made = owner.post(
        "connections",
        {
            "system": "bench_store",
            "name": "Second",
            "settings": {"webhook_secret": NEW_SECRET, "max_parallel": 3},
        },
    )
    assert made.status == 201
    assert made.body["settings"] == {"max_parallel": "3"}
    assert list(made.body["secrets_set_at"]) == ["webhook_secret"]
    assert made.body == owner.get(f"connections/{made.body['id']}").body


def test_no_answer_about_a_connection_holds_a_secret(world: BenchWorld, owner: Program) -> None:
    pk = world.store.pk
    answers = [
        owner.get("connections"),
        owner.get(f"connections/{pk}"),
        owner.patch(f"connections/{pk}", {"settings": {"webhook_secret": NEW_SECRET}}),
        owner.post(f"connections/{pk}/test", key="k"),
        owner.post(f"connections/{pk}/test", key="k"),
        owner.post(f"connections/{pk}/pause", {"reason": "x"}),
        owner.post(
            "connections", {"system": "bench_store", "name": "Store", "settings": {"webhook_secret": SECRET}}
        ),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200, 200, 200, 200, 400]
    for answer in answers:
        text = str(answer.body)
        assert SECRET not in text
        assert NEW_SECRET not in text
        assert world.token not in text


def test_a_secret_left_in_the_settings_column_by_mistake_is_not_shown(
    world: BenchWorld, owner: Program
) -> None:
    with in_tenant(world.tenant.pk):
        Connection.objects.filter(pk=world.store.pk).update(settings={"webhook_secret": SECRET, "stray": "x"})
    assert owner.get(f"connections/{world.store.pk}").body["settings"] == {}


def test_each_refused_setting_is_named_where_the_body_has_it(owner: Program) -> None:
    wanted = {"base_url": "no address", "operation_timeout_s": "soon"}
    answer = owner.post("connections", {"system": "bench_erp", "name": "E", "settings": wanted})
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert {one["field"] for one in answer.body["errors"]} == {
        "settings.base_url", "settings.operation_timeout_s",
    }  # fmt: skip
    assert all(one["message"] for one in answer.body["errors"])


def test_a_name_that_is_taken_an_unknown_system_and_a_list_as_setting_are_refused(owner: Program) -> None:
    def fields(body: object) -> list[str]:
        answer = owner.post("connections", body)
        assert answer.status == 400, answer.body
        return [one["field"] for one in answer.body["errors"]]

    address = {"base_url": "https://erp.example.com"}
    assert fields({"system": "bench_erp", "name": "ERP", "settings": address}) == ["name"]
    assert fields({"system": "fax", "name": "Fax"}) == ["system"]
    assert fields({"system": "bench_erp", "name": "E", "settings": {"base_url": ["x"]}}) == [
        "settings.base_url"
    ]
    assert fields({"system": "bench_erp", "name": "E", "settings": {"base_url": "a\0"}}) == [
        "settings.base_url"
    ]
    assert fields({"system": "bench_erp", "name": "E\0", "settings": address}) == ["name"]
    assert fields({}) == ["system", "name"]
    assert fields([1, 2]) == [""]


def test_a_change_keeps_what_it_does_not_name_and_null_takes_a_setting_away(
    world: BenchWorld, owner: Program, ledger: Ledger
) -> None:
    path = f"connections/{world.erp.pk}"
    changed = owner.patch(path, {"settings": {"operation_timeout_s": 9}})
    assert changed.status == 200
    assert changed.body["settings"] == {"base_url": ledger.url, "operation_timeout_s": 9}
    assert owner.patch(path, {"settings": {"operation_timeout_s": None}}).body["settings"] == {
        "base_url": ledger.url
    }
    assert owner.patch(path, {"name": "Books"}).body["name"] == "Books"
    assert owner.patch(path, {"settings": {"base_url": None}}).status == 400


def test_changes_at_the_same_moment_do_not_undo_each_other(world: BenchWorld, owner: Program) -> None:
    changes = [{"max_parallel": 3}, {"operation_timeout_s": 9}, {"lookup_wait_s": 2}]

    def send(settings: dict[str, int]) -> int:
        try:
            return Program(owner.key).patch(f"connections/{world.erp.pk}", {"settings": settings}).status
        finally:
            connection.close()

    with ThreadPoolExecutor(len(changes)) as pool:
        assert list(pool.map(send, changes)) == [200, 200, 200]
    settings = owner.get(f"connections/{world.erp.pk}").body["settings"]
    assert {name for change in changes for name in change} <= set(settings)


def test_a_test_answers_with_named_results_and_is_stored(world: BenchWorld, owner: Program) -> None:
    answer = owner.post(f"connections/{world.erp.pk}/test")
    assert answer.status == 200
    assert [(one["name"], one["ok"]) for one in answer.body["test_results"]] == [("Reach", True)]
    assert (answer.body["health"], answer.body["company"]) == ("healthy", "Bench ERP")
    with in_tenant(world.tenant.pk):
        assert AuditEntry.objects.filter(action="connection.tested", actor="API key owner program").exists()


def test_pausing_needs_a_reason_and_resuming_takes_it_away(world: BenchWorld, owner: Program) -> None:
    path = f"connections/{world.erp.pk}"
    assert [one["field"] for one in owner.post(f"{path}/pause", {}).body["errors"]] == ["reason"]
    paused = owner.post(f"{path}/pause", {"reason": "month end"}).body
    assert paused["paused_at"]
    assert paused["pause_reason"] == "month end"
    assert owner.post(f"{path}/resume").body["paused_at"] is None
    with in_tenant(world.tenant.pk):
        entry = AuditEntry.objects.get(action="connection.paused")
        assert (entry.actor, entry.address, entry.summary) == (
            "API key owner program",
            "127.0.0.1",
            "month end",
        )
