"""Webhooks: subscriptions, a durable outbox, signed deliveries with retries, and the end of a dead subscription.

Every attempt has a fresh timestamp and signature. Fault kinds of this file spoil deliveries on demand.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import secrets
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.clarity_ecommerce import clock
from integrations.sandbox.clarity_ecommerce.problems import Refused, invalid, not_found
from integrations.sandbox.clarity_ecommerce.records import Records, Stored
from integrations.sandbox.clarity_ecommerce.tables import Settings
from integrations.sandbox.core.faults import Faults
from integrations.sandbox.core.state import State

EVENTS = (
    "order.created", "order.updated", "order.statusChanged", "product.created", "product.updated",
    "customer.created", "customer.updated", "inventory.updated", "payment.received", "shipment.created",
    "return.created", "return.updated",
)  # fmt: skip
FAULT_KINDS = frozenset(
    {
        "webhook_off",
        "webhook_duplicate",
        "webhook_bad_signature",
        "webhook_stale_timestamp",
        "webhook_out_of_order",
    }
)
MOST_SUBSCRIPTIONS = 10
SENDERS = 4
TIMEOUT_SECONDS = 10.0
STALE_SECONDS = 3600
ROTATION_SECONDS = 24 * 3600.0
IDLE_SECONDS = 0.5


class Webhooks:
    """Subscriptions in ``records``, deliveries in a table of their own, sent from background threads."""

    def __init__(self, state: State, settings: Settings, records: Records, faults: Faults) -> None:
        self._state = state
        self._settings = settings
        self._records = records
        self._faults = faults
        self._wake = threading.Event()
        self._is_stopping = False
        self._threads: list[threading.Thread] = []

    # -- subscriptions -----------------------------------------------------------------------------------

    def subscribe(self, client_id: str, given: dict[str, Any]) -> Stored:
        """Add a subscription. Raises Refused."""
        errors: dict[str, list[str]] = {}
        schemes = ("https", "http") if self._settings["allows_http_webhooks"] else ("https",)
        if urlsplit(given["url"]).scheme not in schemes:
            errors["url"] = ["must be https."]
        unknown = [each for each in given["events"] if each not in EVENTS]
        if unknown:
            errors["events"] = [f"'{unknown[0]}' is not an event."]
        if errors:
            raise invalid(errors)
        if len(self._records.all("webhook")) >= MOST_SUBSCRIPTIONS:
            raise Refused(
                422, "validation", "A client has at most 10 webhooks.", {"url": ["is one too many."]}
            )
        body = {"clientId": client_id, "isEnabled": True, "disabledReason": None, "previous": None, **given}
        return self._records.add("webhook", body)

    def shown(self, stored: Stored) -> dict[str, Any]:
        """Return a subscription as the API shows it, without its secret."""
        hidden = ("secret", "previous", "clientId")
        return {name: value for name, value in stored.body.items() if name not in hidden}

    def unsubscribe(self, number: int) -> None:
        """Raises Refused."""
        if self._records.get("webhook", number) is None:
            raise not_found(f"Webhook {number}")
        self._records.remove("webhook", number)

    def rotate(self, number: int, secret: str) -> None:
        """Give a subscription a new secret; for 24 hours deliveries are signed with both."""
        found = self._records.get("webhook", number)
        if found is None:
            raise KeyError(f"webhook {number}")
        previous = {"secret": found.body["secret"], "until": time.time() + ROTATION_SECONDS}
        self._records.put("webhook", found, {**found.body, "secret": secret, "previous": previous})

    # -- the outbox --------------------------------------------------------------------------------------

    def announce(self, event: str, subject: dict[str, Any]) -> None:
        """Queue one event for every subscription that wants it; part of the transaction around it."""
        wanted = [
            each
            for each in self._records.all("webhook")
            if each.body["isEnabled"] and event in each.body["events"]
        ]
        if not wanted or self._faults.take("webhook_off", event):
            return
        late = self._faults.take("webhook_out_of_order", event)
        due = time.time() + ((late.seconds or 1.0) if late else 0.0)
        body = json.dumps(
            {
                "id": f"evt_{secrets.token_hex(10)}",
                "type": event,
                "occurredAt": clock.text(clock.now(self._settings)),
                "apiVersion": "v1",
                "data": subject,
            },
            separators=(",", ":"),
        )
        with self._state.transaction() as db:
            db.executemany(
                "INSERT INTO deliveries (webhook_id, event, body, delivery, state, tries, due_at, last_status) "
                "VALUES (?, ?, ?, ?, 'waiting', 0, ?, '')",
                [(each.id, event, body, str(uuid.uuid4()), due) for each in wanted],
            )
        self._wake.set()

    def listing(self, limit: int) -> list[dict[str, Any]]:
        rows = self._state.rows("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", (limit,))
        return [dict(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return deliveries by state: waiting, sending, delivered, given_up."""
        rows = self._state.rows("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def resend(self, number: int) -> None:
        with self._state.transaction() as db:
            db.execute(
                "UPDATE deliveries SET state = 'waiting', tries = 0, due_at = ? WHERE id = ?",
                (time.time(), number),
            )
        self._wake.set()

    # -- sending -----------------------------------------------------------------------------------------

    def start(self) -> None:
        with self._state.transaction() as db:
            # A killed process may have sent them or not: a receiver takes an event twice.
            db.execute("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")
        self._threads = [
            threading.Thread(target=self._send_all, name=f"webhook-{number}", daemon=True)
            for number in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop sending; what is not delivered stays in the outbox for the next start."""
        self._is_stopping = True
        self._wake.set()
        for thread in self._threads:
            thread.join(timeout=2)

    def _send_all(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            delivery = self._take()
            if delivery is None:
                self._wake.wait(self._idle_seconds())
                continue
            subscription = self._records.get("webhook", delivery["webhook_id"])
            if subscription is None or not subscription.body["isEnabled"]:
                self._note(delivery, "given_up", "no subscription", time.time())
                continue
            self._record(delivery, subscription, self._send(delivery, subscription))

    def _idle_seconds(self) -> float:
        row = self._state.row("SELECT min(due_at) AS due FROM deliveries WHERE state = 'waiting'")
        due = row["due"] if row else None
        return IDLE_SECONDS if due is None else min(max(due - time.time(), 0.01), IDLE_SECONDS)

    def _take(self) -> dict[str, Any] | None:
        with self._state.transaction() as db:
            row = db.execute(
                "SELECT * FROM deliveries WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT 1",
                (time.time(),),
            ).fetchone()
            if row is None:
                return None
            db.execute("UPDATE deliveries SET state = 'sending' WHERE id = ?", (row["id"],))
            return dict(row)

    def _send(self, delivery: dict[str, Any], subscription: Stored) -> str:
        copies = 2 if self._faults.take("webhook_duplicate", delivery["event"]) else 1
        status = ""
        for _ in range(copies):
            moment = int(time.time())
            if self._faults.take("webhook_stale_timestamp", delivery["event"]):
                moment -= STALE_SECONDS
            keys = [subscription.body["secret"]]
            previous = subscription.body["previous"]
            if previous and previous["until"] > time.time():
                keys.append(previous["secret"])
            if self._faults.take("webhook_bad_signature", delivery["event"]):
                keys = ["wrong-" + keys[0]]
            headers = signed_headers(delivery, keys, moment)
            status = _post(subscription.body["url"], delivery["body"].encode(), headers)
        return status

    def _record(self, delivery: dict[str, Any], subscription: Stored, status: str) -> None:
        waits = self._settings["webhook_waits_seconds"]
        if status.startswith("2"):
            self._note(delivery, "delivered", status, time.time())
        elif delivery["tries"] < len(waits):
            self._note(delivery, "waiting", status, time.time() + waits[delivery["tries"]])
        else:
            self._note(delivery, "given_up", status, time.time())
            reason = f"{len(waits) + 1} deliveries in a row failed, the last with {status}"
            body = {**subscription.body, "isEnabled": False, "disabledReason": reason}
            self._records.put("webhook", subscription, body)

    def _note(self, delivery: dict[str, Any], state: str, status: str, due: float) -> None:
        with self._state.transaction() as db:
            db.execute(
                "UPDATE deliveries SET state = ?, tries = tries + 1, due_at = ?, last_status = ? WHERE id = ?",
                (state, due, status, delivery["id"]),
            )


def signed_headers(delivery: dict[str, Any], keys: list[str], moment: int) -> dict[str, str]:
    """Return the headers: HMAC-SHA256 over timestamp + "." + raw body, one for each valid secret."""
    signed = f"{moment}.{delivery['body']}".encode()
    digests = [hmac.new(key.encode(), signed, hashlib.sha256).hexdigest() for key in keys]
    return {
        "Content-Type": "application/json",
        "X-Clarity-Event": delivery["event"],
        "X-Clarity-Delivery": delivery["delivery"],
        "X-Clarity-Timestamp": str(moment),
        "X-Clarity-Signature": ",".join(f"v1={each}" for each in digests),
    }


def _post(url: str, body: bytes, headers: dict[str, str]) -> str:
    """Send one delivery and return the status, or the name of what went wrong."""
    parts = urlsplit(url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(make(parts.netloc, timeout=TIMEOUT_SECONDS)) as connection:
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path or "/", body, headers)
            return str(connection.getresponse().status)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return type(error).__name__
