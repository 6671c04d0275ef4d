"""The bench ERP's server, in a process of its own: keeps what it got, counts it by reference, fails on request.

``python -m tests.bench.erp_server READY_FILE [LATENCY_MS]`` writes its address to READY_FILE.
"""

import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Ledger:
    """What the server holds and how it misbehaves."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.orders: dict[str, dict[str, Any]] = {}
        self.effects: Counter[str] = Counter()
        self.sequence: list[str] = []
        self.arrived: dict[str, float] = {}
        self.latency = 0.0
        self.faults: list[str] = []
        self.unknown_skus: set[str] = set()
        self.calls = 0

    def take_fault(self) -> str:
        with self.lock:
            return self.faults.pop(0) if self.faults else ""

    def commit(self, kind: str, order: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            key = f"{kind}:{order['reference']}"
            self.effects[key] += 1
            number = f"{'C' if kind == 'customers' else 'E'}{len(self.effects) + self.effects[key] - 1:06d}"
            stored = {"id": number, **order}
            self.orders[key] = stored
            self.sequence.append(order["reference"])
            self.arrived.setdefault(key, time.time())
            return stored


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ledger: Ledger

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        return None

    def _answer(self, status: int, body: Any, content_type: str = "application/json") -> None:
        encoded = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(encoded)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + encoded)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/stats":
            with self.ledger.lock:
                self._answer(200, {
                    "effects": dict(self.ledger.effects), "arrived": self.ledger.arrived,
                    "sequence": self.ledger.sequence, "calls": self.ledger.calls,
                })  # fmt: skip
            return
        reference = parse_qs(parts.query).get("reference", [""])[0]
        with self.ledger.lock:
            found = self.ledger.orders.get(f"{parts.path.strip('/')}:{reference}")
        self._answer(200, found)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        kind = self.path.strip("/")
        if kind == "control":
            self.ledger.latency = body.get("latency", self.ledger.latency)
            self.ledger.faults.extend(body.get("faults", []))
            self.ledger.unknown_skus = set(body.get("unknown_skus", self.ledger.unknown_skus))
            self._answer(200, {})
            return
        self.ledger.calls += 1
        fault = self.ledger.take_fault()
        if self.ledger.latency:
            time.sleep(self.ledger.latency)
        missing = [line["sku"] for line in body.get("lines", []) if line["sku"] in self.ledger.unknown_skus]
        if missing:
            self._answer(422, {"missing": missing[0]})
        elif fault == "429":
            self._answer(429, {})
        elif fault == "500":
            self._answer(500, {})
        elif fault == "401":
            self._answer(401, {})
        elif fault == "422":
            self._answer(422, {"field": "reference", "value": body["reference"], "rule": "is taboo"})
        elif fault == "drop_before_commit":
            self.close_connection = True
            self.request.shutdown(socket.SHUT_RDWR)
        elif fault == "drop_after_commit":
            self.ledger.commit(kind, body)
            self.close_connection = True
            self.request.shutdown(socket.SHUT_RDWR)
        elif fault == "html_after_commit":
            self.ledger.commit(kind, body)
            self._answer(200, "<!doctype html><p>Hello", "text/html")
        else:
            self._answer(201, self.ledger.commit(kind, body))


@contextmanager
def serving(latency: float = 0.0) -> Iterator[tuple[str, Ledger]]:
    """Serve in this process for the while; yields address and ledger."""
    server, ledger = _server(latency)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", ledger
    finally:
        server.shutdown()
        server.server_close()


def _server(latency: float) -> tuple[ThreadingHTTPServer, Ledger]:
    ledger = Ledger()
    ledger.latency = latency
    handler = type("BoundHandler", (Handler,), {"ledger": ledger})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server, ledger


def main() -> None:
    server, _ = _server(float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0)
    Path(sys.argv[1]).write_text(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}"}))
    server.serve_forever()


if __name__ == "__main__":
    main()
