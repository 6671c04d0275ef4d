"""A POST with an idempotency key has one effect, however often and however concurrently it is sent."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from integrations.kinds import Role
from integrations.models import AuditEntry, Connection, IdempotencyKey, in_tenant
from tests.api.conftest import Program, make_program
from tests.worlds import BenchWorld

WANTED = {"system": "bench_erp", "name": "New", "settings": {"base_url": "https://erp.example.com"}}


def names(world: BenchWorld) -> list[str]:
    with in_tenant(world.tenant.pk):
        return list(Connection.objects.order_by("id").values_list("name", flat=True))


def test_a_repeat_gets_the_first_answer_and_makes_nothing_new(world: BenchWorld, owner: Program) -> None:
    first = owner.post("connections", WANTED, key="a-1")
    again = owner.post("connections", WANTED, key="a-1")
    assert (again.status, again.body) == (201, first.body)
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert names(world).count("New") == 1


def test_the_same_key_with_another_body_or_address_is_refused(world: BenchWorld, owner: Program) -> None:
    owner.post("connections", WANTED, key="a-1")
    answer = owner.post("connections", {**WANTED, "name": "Newer"}, key="a-1")
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert owner.post(f"pairs/{world.pair.pk}/resume", key="a-1").status == 422
    assert "Newer" not in names(world)


def test_order_of_fields_does_not_make_another_request(owner: Program) -> None:
    owner.post("connections", WANTED, key="a-1")
    assert owner.post("connections", dict(reversed(WANTED.items())), key="a-1").status == 201


def test_a_refused_request_keeps_nothing_so_that_its_repeat_is_served_anew(
    world: BenchWorld, owner: Program
) -> None:
    assert owner.post("connections", {**WANTED, "settings": {}}, key="a-1").status == 400
    assert owner.post("connections", WANTED, key="a-1").status == 201


def test_repeats_at_the_same_moment_make_one_connection(world: BenchWorld, owner: Program) -> None:
    def send(_: int) -> tuple[int, Any]:
        try:
            answer = Program(owner.key).post("connections", WANTED, key="burst")
            return answer.status, answer.body["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert names(world).count("New") == 1
    with in_tenant(world.tenant.pk):
        assert AuditEntry.objects.filter(action="connection.created", summary__contains="New").count() == 1


def test_keys_of_two_tenants_do_not_meet(
    world: BenchWorld, stranger_world: BenchWorld, owner: Program
) -> None:
    owner.post("connections", WANTED, key="a-1")
    other = make_program(stranger_world.tenant, Role.OWNER)
    answer = other.post("connections", {**WANTED, "name": "Theirs"}, key="a-1")
    assert (answer.status, answer.body["name"]) == (201, "Theirs")


def test_a_key_of_a_lesser_role_gets_no_stored_answer(
    world: BenchWorld, owner: Program, program_of: Callable[[Role], Program]
) -> None:
    owner.post("connections", WANTED, key="a-1")
    assert program_of(Role.AUDITOR).post("connections", WANTED, key="a-1").status == 403


def test_after_a_day_the_key_is_free_and_old_answers_are_forgotten(
    world: BenchWorld, owner: Program, super_connection: Any
) -> None:
    owner.post("connections", WANTED, key="a-1")
    owner.post("connections", {**WANTED, "name": "Second"}, key="a-2")
    super_connection.execute("UPDATE idempotency_key SET created_at = now() - interval '25 hours'")
    assert owner.post("connections", {**WANTED, "name": "Third"}, key="a-1").status == 201
    with in_tenant(world.tenant.pk):
        assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["a-1"]


def test_a_connection_test_is_answered_once_as_well(world: BenchWorld, owner: Program) -> None:
    path = f"connections/{world.erp.pk}/test"
    first = owner.post(path, key="t-1")
    again = owner.post(path, key="t-1")
    assert (first.status, again.body) == (200, first.body)
    with in_tenant(world.tenant.pk):
        assert AuditEntry.objects.filter(action="connection.tested").count() == 1


@pytest.mark.parametrize("key", ["x" * 201, "sch\u00f6n"])
def test_a_key_that_is_too_long_or_no_ascii_is_refused(owner: Program, key: str) -> None:
    answer = owner.post("connections", WANTED, key=key)
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "Idempotency-Key")
