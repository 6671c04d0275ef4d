"""Sends signed orders as a shop would, with little CPU of its own: it shares the machine with the product."""

import json
import socket
import statistics
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from tests.bench.systems.bench_store.connector import sign

SECRET = "bench-secret-bench-secret-bench-secret"


def order(number: int) -> dict[str, Any]:
    """Return an order of four lines, about 1.3 KB as JSON."""
    lines = [{"sku": f"sku-{number % 50}-{line}", "quantity": line + 1, "price": 12.5} for line in range(4)]
    return {
        "number": str(number), "email": f"pat{number}@example.com", "currency": "USD", "total": 128.0, "tax": 1.0,
        "shipping": 2.0, "discount": 0.0, "lines": lines, "note": "leave at the door " * 40,
    }  # fmt: skip


class Sender:
    """One keep-alive connection."""

    def __init__(self, url: str, tokens: Sequence[str]) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tokens = tokens

    def request(self, number: int) -> bytes:
        """Return the bytes of one signed webhook."""
        body = json.dumps(order(number)).encode()
        timestamp = str(int(time.time()))
        head = (
            f"POST /hooks/{self.tokens[number % len(self.tokens)]} HTTP/1.1\r\nHost: {self.host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-Bench-Timestamp: {timestamp}\r\n"
            f"X-Bench-Signature: {sign(SECRET, timestamp, body)}\r\nX-Bench-Delivery: {uuid.uuid4()}\r\n\r\n"
        )
        return head.encode() + body

    def send(self, request: bytes) -> float:
        """Send one; returns milliseconds until it was acknowledged. Raises RuntimeError for anything but 202."""
        started = time.perf_counter()
        self.socket.sendall(request)
        answer = self.socket.recv(4096)
        while not answer.endswith(b"}"):
            more = self.socket.recv(4096)
            if not more:
                raise RuntimeError(f"cut off after {answer[:200]!r}")
            answer += more
        waited = (time.perf_counter() - started) * 1000
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"answered {answer[:200]!r}")
        return waited


def flood(
    url: str, tokens: Sequence[str], numbers: Sequence[int], *, senders: int
) -> tuple[float, list[float]]:
    """Send as fast as acknowledged; returns (seconds, latencies in ms). Requests are made beforehand."""
    parts = [numbers[start::senders] for start in range(senders)]
    clients = [Sender(url, tokens) for _ in parts]
    prepared = [
        [client.request(number) for number in part] for client, part in zip(clients, parts, strict=True)
    ]
    latencies: list[float] = []

    def work(client: Sender, requests: list[bytes]) -> None:
        latencies.extend([client.send(request) for request in requests])

    with ThreadPoolExecutor(senders) as pool:
        started = time.perf_counter()
        for ended in [pool.submit(work, *pair) for pair in zip(clients, prepared, strict=True)]:
            ended.result()
        return time.perf_counter() - started, latencies


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
