"""The webhooks' door: a WSGI application in front of the portal, asked as a server asks it."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.models import Event, in_tenant
from portal.api.hooks import hooks_first
from tests.bench.erp_server import serving
from tests.worlds import BenchWorld, make_bench_world


@pytest.fixture
def world(database: None) -> Iterator[BenchWorld]:
    with serving() as (url, _):
        yield make_bench_world(url)


def portal(environ: Any, start_response: Any) -> list[bytes]:
    start_response("418 I'm a teapot", [])
    return [b"portal"]


def post(
    path: str, body: bytes = b"", headers: dict[str, str] | None = None, **environ: Any
) -> tuple[int, Any]:
    told: list[Any] = []
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    answer = b"".join(
        hooks_first(portal)(
            {
                "REQUEST_METHOD": "POST", "PATH_INFO": path, "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http",
                "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1",
                **given, **environ,
            },
            lambda status, named: told.append((status, dict(named))),
        )
    )  # fmt: skip
    status, named = told[0]
    assert named.get("Content-Length", str(len(answer))) == str(len(answer))
    return int(status.split()[0]), json.loads(answer) if answer.startswith(b"{") else answer


def test_a_signed_webhook_is_acknowledged_once_stored_and_seen_before_the_second_time(
    world: BenchWorld,
) -> None:
    body = json.dumps(world.order(1)).encode()
    headers = world.headers(body, delivery="d-1")
    first = post(f"/hooks/{world.token}", body, headers)
    again = post(f"/hooks/{world.token}/", body, headers)
    assert (first[0], first[1]["new"], again[0], again[1]["new"]) == (202, True, 200, False)
    with in_tenant(world.tenant.pk):
        assert Event.objects.get(pk=first[1]["event"]).deliveries == 2


def test_everything_else_is_the_portals(world: BenchWorld) -> None:
    assert post("/t/northline/") == (418, b"portal")


def test_an_unsigned_webhook_is_refused_and_not_stored(world: BenchWorld) -> None:
    body = json.dumps(world.order(1)).encode()
    status, problem = post(f"/hooks/{world.token}", body, world.headers(body, secret="other"))
    assert (status, problem["status"]) == (401, 401)
    with in_tenant(world.tenant.pk):
        assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("path", "environ", "status"),
    [
        ("/hooks/nobody", {}, 404),
        ("/hooks/nobody", {"REQUEST_METHOD": "GET"}, 405),
        ("/hooks/nobody", {"CONTENT_LENGTH": "many"}, 400),
        ("/hooks/nobody", {"CONTENT_LENGTH": "99"}, 400),
        ("/hooks/nobody", {"CONTENT_LENGTH": str(3 * 1024 * 1024)}, 413),
    ],
)
def test_what_cannot_be_a_webhook_is_told_so(
    world: BenchWorld, path: str, environ: dict[str, str], status: int
) -> None:
    assert post(path, b"{}", **environ)[0] == status


def test_a_body_without_a_stated_length_is_bounded_too(world: BenchWorld, settings: Any) -> None:
    settings.HOOK_MAX_BYTES = 100
    assert post(f"/hooks/{world.token}", b"x" * 101, CONTENT_LENGTH="")[0] == 413


def test_plain_http_is_refused_where_the_portal_is_https(world: BenchWorld, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    body = json.dumps(world.order(1)).encode()
    headers = world.headers(body)
    assert post(f"/hooks/{world.token}", body, headers)[0] == 403
    assert post(f"/hooks/{world.token}", body, {**headers, "x-forwarded-proto": "https"})[0] == 202


def test_a_fault_of_ours_acknowledges_nothing(world: BenchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(world.order(1)).encode()
    monkeypatch.setattr("portal.api.hooks.receive_hook", lambda *_, **__: 1 / 0)
    status, problem = post(f"/hooks/{world.token}", body, world.headers(body))
    assert (status, problem["title"]) == (500, "The delivery could not be stored; send it again")
