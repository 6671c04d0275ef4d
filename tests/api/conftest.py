"""A tenant with a bench pair and some runs, and programs that call its API with keys of each role."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from integrations.kinds import Role
from integrations.models import Tenant, in_tenant
from portal.accounts.keys import create_key
from portal.api import throttle
from tests.bench.erp_server import Ledger, serving
from tests.worlds import ACTOR, BenchWorld, make_bench_world


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


class Program:
    """Calls the API with one key, through the whole stack of middleware."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.client = Client()

    def call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {**({"Authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        address = path if path.startswith(("/", "http")) else f"/api/v1/{path}"
        response = self.client.generic(
            method,
            address,
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=sent,
        )
        return Answer(
            response.status_code, json.loads(response.content) if response.content else None, response.headers
        )

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, *, key: str = "") -> Answer:
        return self.call("POST", path, body, headers={"Idempotency-Key": key} if key else None)

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, body)


@pytest.fixture(autouse=True)
def full_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key ids start at 1 in each test; the buckets of the test before must not be theirs."""
    monkeypatch.setattr(throttle, "buckets", throttle.Buckets(per_second=1000, burst=1000))


@pytest.fixture
def ledger(settings: Any) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url
        yield ledger


@pytest.fixture
def world(database: None, ledger: Ledger) -> BenchWorld:
    return make_bench_world(ledger.url)


@pytest.fixture
def stranger_world(world: BenchWorld, ledger: Ledger) -> BenchWorld:
    return make_bench_world(ledger.url, "Mallory Trading")


def make_program(tenant: Tenant, role: Role) -> Program:
    with in_tenant(tenant.pk):
        return Program(create_key(f"{role.value} program", role, actor=ACTOR).secret)


@pytest.fixture
def program_of(world: BenchWorld) -> Callable[[Role], Program]:
    return lambda role: make_program(world.tenant, role)


@pytest.fixture
def owner(world: BenchWorld) -> Program:
    return make_program(world.tenant, Role.OWNER)
