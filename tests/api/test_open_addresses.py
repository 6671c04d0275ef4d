"""What needs no key: liveness, readiness and the description of the API."""

import psycopg
import pytest
import yaml
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

from portal.api.urls import router


def test_live_says_up_without_touching_the_database(client: Client) -> None:
    response = client.get("/api/health")
    assert (response.status_code, response.json()) == (200, {"status": "up"})


def test_ready_asks_the_database(database: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/api/ready").status_code == 200

    def refused(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("no server")

    connections["default"].close()
    monkeypatch.setattr(DatabaseWrapper, "get_new_connection", refused)
    assert client.get("/api/ready").status_code == 503


def test_the_description_names_every_route_and_asks_for_a_key(client: Client) -> None:
    response = client.get("/api/schema")
    described = yaml.safe_load(response.content)
    assert set(described["paths"]) >= {f"/api/v1/{prefix}" for prefix, _, _ in router.registry}
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert all(operation["security"] == [{"apiKey": []}] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
