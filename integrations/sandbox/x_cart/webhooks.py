"""The companion add-on's webhooks: a durable outbox, signed deliveries in parallel, retries with back-off.

Every attempt has a fresh timestamp and signature. Fault kinds of this file spoil deliveries on demand.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import queue
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.core.faults import Faults
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock
from integrations.sandbox.x_cart.tables import Settings

FAULT_KINDS = frozenset(
    {
        "webhook_off",
        "webhook_duplicate",
        "webhook_bad_signature",
        "webhook_stale_timestamp",
        "webhook_out_of_order",
        "webhook_spelling",
    }
)
SENDERS = 8
TIMEOUT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60.0
STALE_SECONDS = 3600
BATCH = 400


@dataclass(frozen=True, slots=True)
class Delivery:
    """One due delivery as a sender takes it."""

    id: int
    delivery_id: str
    event: str
    body: str
    tries: int


class Webhooks:
    """Writes deliveries into the outbox and sends them from background threads."""

    def __init__(self, state: State, settings: Settings, faults: Faults) -> None:
        self._state = state
        self._settings = settings
        self._faults = faults
        self._due: queue.Queue[Delivery | None] = queue.Queue()
        self._taken: set[int] = set()
        self._guard = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def announce(self, event: str, resource: str, number: int) -> None:
        """Queue one event of a product or customer."""
        self._queue([(event, {"resource": resource, "id": number})])

    def announce_orders(self, event: str, orders: Sequence[tuple[int, str]]) -> None:
        """Queue one event for each (id, order number), in one transaction."""
        self._queue(
            [
                (event, {"resource": "order", "id": number, "order_number": order_number})
                for number, order_number in orders
            ]
        )

    def _queue(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        if not (self._settings["addon_enabled"] and self._settings["webhook_url"]):
            return
        occurred = clock.utc_text(clock.now(self._settings)).replace("+00:00", "Z")
        rows = []
        for event, subject in events:
            if self._faults.take("webhook_off", event):
                continue
            spelling = event.replace(".", "") if self._faults.take("webhook_spelling", event) else event
            late = self._faults.take("webhook_out_of_order", event)
            due = time.time() + ((late.seconds or 1.0) if late else 0.0)
            delivery_id = str(uuid.uuid4())
            body = {
                "event": spelling,
                "delivery_id": delivery_id,
                "occurred_at": occurred,
                "store": "https://shop.example",
                **subject,
            }
            rows.append((delivery_id, spelling, json.dumps(body, separators=(",", ":")), due))
        with self._state.transaction() as db:
            db.executemany(
                "INSERT INTO deliveries (delivery_id, event, body, state, tries, due_at, last_status) "
                "VALUES (?, ?, ?, 'waiting', 0, ?, '')",
                rows,
            )
        self._wake.set()

    def listing(self, limit: int) -> list[dict[str, Any]]:
        """Return the newest deliveries."""
        rows = self._state.rows("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", (limit,))
        return [dict(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return deliveries by state: waiting, delivered, given_up."""
        rows = self._state.rows("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def resend(self, delivery_ids: Sequence[int]) -> None:
        """Make deliveries due again, whatever became of them."""
        with self._state.transaction() as db:
            db.executemany(
                "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = ? WHERE id = ?",
                [(time.time(), number) for number in delivery_ids],
            )
        self._wake.set()

    def forget(self) -> None:
        """Drop what waits in memory, because the tables are about to be wiped."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._due.get_nowait()
        with self._guard:
            self._taken.clear()

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._dispatch, name="webhook-dispatch", daemon=True)]
        self._threads += [
            threading.Thread(target=self._send_all, name=f"webhook-{number}", daemon=True)
            for number in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop sending; what is not delivered stays in the outbox for the next start."""
        self._stopping = True
        self._wake.set()
        for _ in range(SENDERS):
            self._due.put(None)
        for thread in self._threads:
            thread.join(timeout=2)

    def _dispatch(self) -> None:
        while not self._stopping:
            self._wake.clear()
            rows = self._state.rows(
                "SELECT id, delivery_id, event, body, tries, due_at FROM deliveries "
                "WHERE state = 'waiting' ORDER BY due_at LIMIT ?",
                (BATCH,),
            )
            now = time.time()
            with self._guard:
                fresh = [row for row in rows if row["due_at"] <= now and row["id"] not in self._taken]
                self._taken.update(row["id"] for row in fresh)
            for row in fresh:
                self._due.put(
                    Delivery(row["id"], row["delivery_id"], row["event"], row["body"], row["tries"])
                )
            later = [row["due_at"] - now for row in rows if row["due_at"] > now]
            self._wake.wait(min([*later, 1.0]) if not fresh else 0.02)

    def _send_all(self) -> None:
        sender = _Sender()
        while True:
            delivery = self._due.get()
            if delivery is None or self._stopping:
                sender.close()
                return
            status = self._send(sender, delivery)
            self._record(delivery, status)
            with self._guard:
                self._taken.discard(delivery.id)
            if self._due.empty():
                self._wake.set()

    def _send(self, sender: "_Sender", delivery: Delivery) -> str:
        copies = 2 if self._faults.take("webhook_duplicate", delivery.event) else 1
        status = ""
        for _ in range(copies):
            moment = clock.now(self._settings)
            if self._faults.take("webhook_stale_timestamp", delivery.event):
                moment -= STALE_SECONDS
            secret = self._settings["webhook_secret"]
            if self._faults.take("webhook_bad_signature", delivery.event):
                secret += "-wrong"
            headers = signed_headers(delivery, secret, moment)
            status = sender.post(self._settings["webhook_url"], delivery.body.encode(), headers)
        return status

    def _record(self, delivery: Delivery, status: str) -> None:
        tries = delivery.tries + 1
        if status.startswith("2"):
            state, due = "delivered", time.time()
        elif tries >= self._settings["webhook_tries"]:
            state, due = "given_up", time.time()
        else:
            wait = self._settings["webhook_first_wait_seconds"] * 2**delivery.tries
            state, due = "waiting", time.time() + min(wait, LONGEST_WAIT_SECONDS)
        with self._state.transaction() as db:
            db.execute(
                "UPDATE deliveries SET state = ?, tries = ?, due_at = ?, last_status = ? WHERE id = ?",
                (state, tries, due, status, delivery.id),
            )


def signed_headers(delivery: Delivery, secret: str, moment: int) -> dict[str, str]:
    """Return the add-on's headers: HMAC-SHA256 over timestamp + "." + raw body, hex."""
    signed = f"{moment}.{delivery.body}".encode()
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-XCart-Event": delivery.event,
        "X-XCart-Delivery": delivery.delivery_id,
        "X-XCart-Timestamp": str(moment),
        "X-XCart-Signature": f"sha256={digest}",
    }


class _Sender:
    """One keep-alive connection to the receiver; used by one thread."""

    def __init__(self) -> None:
        self._origin = ("", "")
        self._connection: http.client.HTTPConnection | None = None

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> str:
        """Send one delivery and return the status, or the name of what went wrong."""
        parts = urlsplit(url)
        try:
            connection = self._connect(parts.scheme, parts.netloc)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path or "/", body, headers)
            response = connection.getresponse()
            response.read()
            return str(response.status)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return type(error).__name__

    def _connect(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if self._connection is not None and self._origin == (scheme, netloc):
            return self._connection
        self.close()
        make = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        self._connection = make(netloc, timeout=TIMEOUT_SECONDS)
        self._origin = (scheme, netloc)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
