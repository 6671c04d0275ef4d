"""The plan and the proxy of the chaos harness: pure parts, no processes."""

import http.client
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest

from tests.chaos.plan import FAULT_NAMES, STOCK_SKUS, make_plan
from tests.chaos.proxy import Mode, Proxy, proxied


def test_the_same_seed_gives_the_same_plan_and_another_one_another() -> None:
    first, again, other = (make_plan(seed, 80, rate=8.0, faults=FAULT_NAMES) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_a_plan_has_as_many_changes_as_asked_for_and_no_fault_that_was_not() -> None:
    plan = make_plan(3, 150, rate=8.0, faults=("flush_broker",))
    changes = [step for step in plan if step.what in ("order", "stock", "ship", "edit")]
    assert len(changes) == 150
    assert {step.what for step in plan} - {"order", "stock", "ship", "edit"} == {"flush_broker"}


def test_counted_articles_are_never_ordered() -> None:
    plan = make_plan(3, 300, rate=8.0, faults=())
    ordered = {line["sku"] for step in plan if step.what == "order" for line in step.details["lines"]}
    assert not ordered & set(STOCK_SKUS)


def test_the_same_server_does_not_die_twice_within_sixteen_seconds() -> None:
    for seed in range(20):
        plan = make_plan(seed, 600, rate=5.0, faults=("stop_postgres", "kill_postgres", "flush_broker"))
        deaths = [step.at for step in plan if step.what.endswith("postgres")]
        assert len(deaths) > 3
        assert all(later - earlier >= 16 for earlier, later in pairwise(deaths))


class _Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served = 0

    def do_GET(self) -> None:
        type(self).served += 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: peers that go away are what these tests are about."""


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    _Counting.served = 0
    http_server = _Server(("127.0.0.1", 0), _Counting)
    thread = threading.Thread(target=http_server.serve_forever)
    thread.start()
    yield "127.0.0.1", http_server.server_address[1]
    http_server.shutdown()
    thread.join()
    http_server.server_close()


def ask(proxy: Proxy, seconds: float = 5.0) -> bytes:
    connection = http.client.HTTPConnection(*proxy.address, timeout=seconds)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_the_proxy_passes_refuses_and_passes_again(server: tuple[str, int]) -> None:
    with proxied(server) as proxy:
        assert ask(proxy) == b"ok"
        proxy.set_mode(Mode.REFUSE)
        with pytest.raises(ConnectionError):
            ask(proxy)
        proxy.set_mode(Mode.PASS)
        assert ask(proxy) == b"ok"


def test_a_silent_network_keeps_bytes_back_and_gives_them_when_it_heals(server: tuple[str, int]) -> None:
    with proxied(server) as proxy:
        proxy.set_mode(Mode.SILENT)
        with pytest.raises(TimeoutError):
            ask(proxy, seconds=0.5)
        late = http.client.HTTPConnection(*proxy.address, timeout=5)
        late.request("GET", "/")
        proxy.set_mode(Mode.PASS)
        assert late.getresponse().read() == b"ok"
        late.close()


def test_swallowing_serves_the_request_and_drops_the_answer(server: tuple[str, int]) -> None:
    with proxied(server) as proxy:
        proxy.set_mode(Mode.SWALLOW)
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            ask(proxy)
        proxy.set_mode(Mode.PASS)
        assert ask(proxy) == b"ok"
        assert _Counting.served == 2


def test_a_reset_ends_open_connections_only(server: tuple[str, int]) -> None:
    with proxied(server) as proxy:
        kept = http.client.HTTPConnection(*proxy.address, timeout=5)
        kept.request("GET", "/")
        assert kept.getresponse().read() == b"ok"
        proxy.set_mode(Mode.RESET)
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            kept.request("GET", "/")
            kept.getresponse()
        kept.close()
        assert ask(proxy) == b"ok"


def test_a_closed_proxy_frees_its_address(server: tuple[str, int]) -> None:
    with proxied(server) as proxy:
        address = proxy.address
    with pytest.raises(ConnectionError):
        socket.create_connection(address, timeout=1)
