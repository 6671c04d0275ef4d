"""The bench ERP's server, in a process of its own: keeps what it got, counts it by reference, fails on request.

``python -m tests.bench.erp_server READY_FILE [LATENCY_MS]`` writes its address to READY_FILE. One event loop and
the least of HTTP, because it shares the machine with what is measured: an answer costs about 40 microseconds.
"""

import asyncio
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_HTML = "<!doctype html><p>Hello"


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

    def control(self, given: dict[str, Any]) -> None:
        self.latency = given.get("latency", self.latency)
        self.faults.extend(given.get("faults", []))
        self.unknown_skus = set(given.get("unknown_skus", self.unknown_skus))


class Exchange(asyncio.Protocol):
    """One connection: requests one after the other, each answered after the ledger's latency."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.received) < end + 4 + length:
                return
            body, self.received = self.received[end + 4 : end + 4 + length], self.received[end + 4 + length :]
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            self._serve(method, path, body)

    def _serve(self, method: str, path: str, body: bytes) -> None:
        if method == "GET":
            self._get(path)
        elif path == "/control":
            self.ledger.control(json.loads(body))
            self._answer(200, {})
        elif self.ledger.latency:
            asyncio.get_running_loop().call_later(self.ledger.latency, self._post, path, body)
        else:
            self._post(path, body)

    def _get(self, path: str) -> None:
        parts = urlsplit(path)
        with self.ledger.lock:
            if parts.path == "/stats":
                answer: Any = {
                    "effects": dict(self.ledger.effects), "arrived": self.ledger.arrived,
                    "sequence": self.ledger.sequence, "calls": self.ledger.calls,
                }  # fmt: skip
            elif parts.path == "/count":
                answer = len(self.ledger.sequence)
            else:
                reference = parse_qs(parts.query).get("reference", [""])[0]
                answer = self.ledger.orders.get(f"{parts.path.strip('/')}:{reference}")
        self._answer(200, answer)

    def _post(self, path: str, body: bytes) -> None:
        order = json.loads(body or b"{}")
        kind = path.strip("/")
        self.ledger.calls += 1
        fault = self.ledger.take_fault()
        missing = [line["sku"] for line in order.get("lines", []) if line["sku"] in self.ledger.unknown_skus]
        if missing:
            self._answer(422, {"missing": missing[0]})
        elif fault in ("429", "500", "401"):
            self._answer(int(fault), {})
        elif fault == "422":
            self._answer(422, {"field": "reference", "value": order["reference"], "rule": "is taboo"})
        elif fault == "drop_before_commit":
            self.transport.close()
        elif fault == "drop_after_commit":
            self.ledger.commit(kind, order)
            self.transport.close()
        elif fault == "html_after_commit":
            self.ledger.commit(kind, order)
            self._answer(200, _HTML, "text/html")
        else:
            self._answer(201, self.ledger.commit(kind, order))

    def _answer(self, status: int, body: Any, content_type: str = "application/json") -> None:
        encoded = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(encoded)}\r\n\r\n"
        )
        self.transport.write(head.encode() + encoded)


@contextmanager
def serving(latency: float = 0.0) -> Iterator[tuple[str, Ledger]]:
    """Serve in this process for the while, on a loop of a thread's own; yields address and ledger."""
    ledger = Ledger()
    ledger.latency = latency
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]] = Future()
    # Nothing of it touches the caller's thread, which may have a loop of its own, as the browser's driver has.
    thread = threading.Thread(target=lambda: asyncio.run(_serve_until_told(ledger, started)), daemon=True)
    thread.start()
    loop, is_over, address = started.result(timeout=10)
    try:
        yield address, ledger
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()


async def _serve_until_told(
    ledger: Ledger, started: "Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, str]]"
) -> None:
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()
    server = await _listen(loop, ledger)
    started.set_result((loop, is_over, _address(server)))
    await is_over.wait()
    server.close()


async def _listen(loop: asyncio.AbstractEventLoop, ledger: Ledger) -> asyncio.Server:
    return await loop.create_server(lambda: Exchange(ledger), "127.0.0.1", 0, backlog=512)


def _address(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _serve_forever(ready: Path, latency: float) -> None:
    ledger = Ledger()
    ledger.latency = latency
    server = await _listen(asyncio.get_running_loop(), ledger)
    ready.write_text(json.dumps({"url": _address(server)}))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve_forever(Path(sys.argv[1]), float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0))
