"""The HTTP transport against a server that misbehaves on purpose: what is sent where, for how long, and seen by whom."""

import gzip
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from integrations.connectors.base import ConnectionConfig, Exchange
from integrations.connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.spec import Limits
from integrations.connectors.transports.addresses import AddressPolicy, is_public
from integrations.connectors.transports.http import HttpTransport, encode_json
from integrations.connectors.transports.retry_after import seconds_of

SECRET = "a-very/secret+key"


class RawServer:
    """Reads one request per connection and lets the test write any bytes back."""

    def __init__(self) -> None:
        self.reply: Callable[[socket.socket], None] = lambda sock: None
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # the test closed the listener
            with sock:
                self.requests.append(_whole_request(sock))
                try:
                    self.reply(sock)
                except OSError:
                    continue  # the client cut the call, which is what some tests want

    def answers(self, status: str, headers: str = "", body: bytes = b"") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
        self.reply = lambda sock: sock.sendall(head.encode() + body)

    def close(self) -> None:
        self.ended.set()
        self._listener.close()


def _whole_request(sock: socket.socket) -> bytes:
    received = sock.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: (\d+)", head)
    missing = int(found[1]) - len(body) if found else 0
    while missing > 0:
        part = sock.recv(missing)
        received, missing = received + part, missing - len(part)
    return received


@pytest.fixture
def server() -> Iterator[RawServer]:
    started = RawServer()
    yield started
    started.close()


class CountingGate:
    def __init__(self) -> None:
        self.before: list[bool] = []
        self.after: list[str] = []

    def before_call(self, *, is_write: bool) -> None:
        self.before.append(is_write)

    def after_call(self, *, seconds: float, status: str) -> None:
        self.after.append(status)


def transport(
    server: RawServer,
    *,
    seen: list[Exchange] | None = None,
    gate: CountingGate | None = None,
    total_seconds: float = 5.0,
) -> HttpTransport:
    config = ConnectionConfig(
        values={},
        gate=gate or CountingGate(),
        allowed_hosts=frozenset({f"127.0.0.1:{server.port}"}),
        observe=seen.append if seen is not None else None,
    )
    limits = Limits(connect_seconds=1, read_seconds=0.5, total_seconds=total_seconds)
    return HttpTransport(
        f"http://127.0.0.1:{server.port}",
        config=config,
        limits=limits,
        secrets=[SECRET],
        headers={"X-Auth-Token": SECRET},
    )


def test_money_travels_as_exact_json_numbers(server: RawServer) -> None:
    server.answers("200 OK", "Content-Type: application/json\r\n", b'{"total": 0.10}')
    answer = transport(server).request("POST", "x", is_write=True, json_body={"value": Decimal("19.90")})
    assert answer.json() == {"total": Decimal("0.10")}
    assert b'{"value":19.90}' in server.requests[0]
    assert encode_json({"a": Decimal("0.1")}) == b'{"a":0.1}'


def test_a_compressed_answer_is_read(server: RawServer) -> None:
    server.answers("200 OK", "Content-Encoding: gzip\r\n", gzip.compress(b'{"a": 1}'))
    assert transport(server).request("GET", "x", is_write=False).json() == {"a": 1}


@pytest.mark.parametrize(("is_write", "error"), [(False, Transient), (True, OutcomeUnknown)])
def test_a_server_that_dribbles_is_cut_at_the_total_timeout(
    server: RawServer, is_write: bool, error: type[ConnectorError]
) -> None:
    def dribble(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.ended.wait(0.1):
            sock.sendall(b"x")

    server.reply = dribble
    started = time.monotonic()
    with pytest.raises(error):
        transport(server, total_seconds=0.8).request("POST", "x", is_write=is_write)
    assert time.monotonic() - started < 3


def test_a_cut_body_of_unknown_length_is_not_taken_for_the_whole(server: RawServer) -> None:
    def endless(sock: socket.socket) -> None:
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a": 1}')
        while not server.ended.wait(0.1):
            sock.sendall(b" ")

    server.reply = endless
    with pytest.raises(Transient):
        transport(server, total_seconds=0.8).request("GET", "x", is_write=False)


@pytest.mark.parametrize(
    ("status", "headers", "is_write", "error"),
    [
        ("302 Found", "Location: https://elsewhere.example/\r\n", False, UnexpectedResponse),
        ("302 Found", "Location: https://elsewhere.example/\r\n", True, OutcomeUnknown),
        ("308 Permanent Redirect", "Location: https://elsewhere.example/\r\n", True, UnexpectedResponse),
        ("429 Too Many Requests", "", True, RateLimited),
        ("503 Service Unavailable", "Retry-After: 5\r\n", True, RateLimited),
        ("503 Service Unavailable", "", True, OutcomeUnknown),
        ("503 Service Unavailable", "", False, Transient),
        ("500 Internal Server Error", "", True, OutcomeUnknown),
    ],
)
def test_statuses_are_translated_and_redirects_never_followed(
    server: RawServer, status: str, headers: str, is_write: bool, error: type[ConnectorError]
) -> None:
    server.answers(status, headers)
    gate = CountingGate()
    with pytest.raises(error):
        transport(server, gate=gate).request("POST", "x", is_write=is_write)
    assert len(server.requests) == 1
    assert gate.before == [is_write]
    assert gate.after == ["rate_limited" if error is RateLimited else "failed"]


def test_secrets_are_taken_out_of_the_exchange(server: RawServer) -> None:
    server.answers("200 OK", "Content-Type: application/json\r\n", f'{{"echo": "{SECRET}"}}'.encode())
    seen: list[Exchange] = []
    transport(server, seen=seen).request(
        "POST",
        "x",
        is_write=True,
        params={"key": SECRET},
        json_body={"key": SECRET, "card": "4111111111111111"},
    )
    assert SECRET.encode() in server.requests[0]
    shown = str(seen[0])
    assert SECRET not in shown and "a-very%2Fsecret%2Bkey" not in shown
    assert "4111111111111111" not in shown
    assert (seen[0].method, seen[0].status) == ("POST", "200")


def test_cookies_are_not_carried_over(server: RawServer) -> None:
    server.answers("200 OK", "Set-Cookie: sid=1\r\n")
    session = transport(server)
    for _ in range(2):
        session.request("GET", "x", is_write=False)
    assert b"sid=1" not in server.requests[1]


def test_a_call_cannot_leave_the_host_of_its_connection(server: RawServer) -> None:
    with pytest.raises(Misconfigured):
        transport(server).request("GET", "https://elsewhere.example/x", is_write=False)


def test_a_key_that_cannot_be_a_header_is_named_without_showing_it(server: RawServer) -> None:
    for key in ("line\nbreak", "curly\u2019quote"):
        with pytest.raises(Misconfigured) as raised:
            transport(server).request("GET", "x", is_write=False, headers={"X-Auth-Token": key})
        assert key not in str(raised.value) + raised.value.detail
    assert server.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1",
        "https://user:password@shop.example",
        "ftp://shop.example",
        "https://",
        "https://shop.example:99999",
        "",
    ],
)
def test_addresses_that_are_no_shop_are_refused_before_any_call(address: str) -> None:
    with pytest.raises(Misconfigured):
        HttpTransport(address, config=ConnectionConfig(values={}), limits=Limits())


@pytest.mark.parametrize("address", ["https://127.0.0.1:1", "https://[::1]:1", "https://localhost:1"])
def test_a_private_address_is_refused_when_connecting(address: str) -> None:
    session = HttpTransport(address, config=ConnectionConfig(values={}), limits=Limits())
    with pytest.raises(Misconfigured) as raised:
        session.request("GET", "x", is_write=False)
    assert raised.value.missing == "public address"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
    ],
)
def test_only_public_addresses_are_public(address: str, expected: bool) -> None:
    assert is_public(address) is expected


def test_an_allowed_host_is_allowed_on_its_port_only() -> None:
    policy = AddressPolicy(allowed_hosts=frozenset({"127.0.0.1:8001"}))
    assert policy.is_exempt("127.0.0.1", 8001)
    assert not policy.is_exempt("127.0.0.1", 5432)


def test_a_name_that_does_not_resolve_is_transient_even_for_a_write() -> None:
    session = HttpTransport(
        "https://no-such-host.invalid", config=ConnectionConfig(values={}), limits=Limits()
    )
    with pytest.raises(Transient):
        session.request("POST", "x", is_write=True)


def test_deadlines_are_watched_in_a_forked_process_too(server: RawServer) -> None:
    server.answers("200 OK", body=b"{}")
    session = transport(server, total_seconds=0.8)
    session.request("GET", "x", is_write=False)  # the watchdog runs in this process now

    def dribble(sock: socket.socket) -> None:
        while not server.ended.wait(0.1):
            sock.sendall(b"H")

    server.reply = dribble
    child = os.fork()
    if not child:
        signal.alarm(5)  # ends the child if nobody cuts its call
        try:
            session.request("GET", "x", is_write=False)
        except Transient:
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_retry_after_reads_seconds_and_dates() -> None:
    assert seconds_of("7") == 7.0
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert seconds_of("soon") is None
    assert seconds_of("999999") == 3600.0
