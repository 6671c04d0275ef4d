"""Webhooks of the simulated Clarity eCommerce (systems/clarity-ecommerce.md, section 9, 14), as a receiver sees them."""

import hashlib
import hmac
import http.server
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest

from tests.sandbox import clarity_wire
from tests.sandbox.clarity_wire import Wire

process, site = clarity_wire.process, clarity_wire.site

SECRET = "a-webhook-secret-of-forty-characters-0001"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes deliveries; answers with the status that the server object holds."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.put((dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.taken, server.status = Queue(), 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def subscribe(site: Wire, receiver: Any, *events: str) -> int:
    site.settings(allows_http_webhooks=True, webhook_waits_seconds=[0.05] * 5)
    url = f"http://127.0.0.1:{receiver.server_address[1]}/hook"
    answer = site.call("POST", "webhooks", {"url": url, "events": list(events), "secret": SECRET})
    assert answer.status_code == 201, answer.text
    assert "secret" not in answer.json()
    return int(answer.json()["id"])


def signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    signed = headers["X-Clarity-Timestamp"].encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_14_a_delivery_is_thin_and_signed(site: Wire, receiver: Any) -> None:
    subscribe(site, receiver, "order.created")
    number = site.place()
    headers, body = receiver.taken.get(timeout=10)
    assert headers["X-Clarity-Event"] == "order.created"
    assert headers["X-Clarity-Signature"] == signature(SECRET, headers, body)
    assert f'"data":{{"orderId":{number}}}'.encode() in body


def test_14_a_rotated_secret_signs_beside_the_old_one(site: Wire, receiver: Any) -> None:
    number = subscribe(site, receiver, "order.created")
    newer = SECRET.replace("0001", "0002")
    site.control("POST", f"subscriptions/{number}/rotate", {"secret": newer})
    site.place()
    headers, body = receiver.taken.get(timeout=10)
    assert headers["X-Clarity-Signature"].split(",") == [
        signature(newer, headers, body),
        signature(SECRET, headers, body),
    ]


def test_14_six_failures_switch_a_subscription_off(site: Wire, receiver: Any) -> None:
    receiver.status = 500
    number = subscribe(site, receiver, "order.created")
    site.place()
    bodies = [receiver.taken.get(timeout=10)[1] for _ in range(6)]
    assert len(set(bodies)) == 1
    found = poll_until(lambda: site.get(f"webhooks/{number}"), lambda shown: not shown["isEnabled"])
    assert "6 deliveries" in found["disabledReason"]


def poll_until(ask: Any, is_good: Any) -> Any:
    """Ask until the answer is good; 100 tries, each a round trip."""
    for _ in range(100):
        found = ask()
        if is_good(found):
            return found
        threading.Event().wait(0.05)
    raise AssertionError(found)


def test_14_duplicates_and_bad_signatures_come_on_demand(site: Wire, receiver: Any) -> None:
    subscribe(site, receiver, "order.created")
    for kind in ("webhook_duplicate", "webhook_bad_signature", "webhook_stale_timestamp"):
        site.control("POST", "faults", {"kind": kind, "times": 1})
    site.place()
    first, second = receiver.taken.get(timeout=10), receiver.taken.get(timeout=10)
    assert first[1] == second[1]
    assert first[0]["X-Clarity-Signature"] != signature(SECRET, *first)
    assert int(second[0]["X-Clarity-Timestamp"]) - int(first[0]["X-Clarity-Timestamp"]) > 3000


def test_14_an_address_without_tls_and_an_unknown_event_are_refused(site: Wire) -> None:
    body = {"url": "http://shop.example/hook", "events": ["order.eaten"], "secret": SECRET}
    answer = site.call("POST", "webhooks", body)
    assert set(answer.json()["errors"]) == {"url", "events"}
