"""Idempotency keys: the stored answer of a write is given again for 24 hours."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from integrations.sandbox.clarity_ecommerce.problems import Refused
from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.state import State

KEPT_SECONDS = 24 * 3600.0
LONGEST_KEY = 64


class Repeats:
    """Stored answers of POSTs by client and key. Only successes are stored: a refusal may be mended and sent again."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def holding(self, client_id: str, key: str) -> Iterator[None]:
        """Mark a key as running. Raises Refused while another call with it runs."""
        mark = (client_id, key)
        with self._lock:
            if mark in self._running:
                raise Refused(409, "in-progress", "The first call with this key is still running.")
            self._running.add(mark)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(mark)

    def stored(self, client_id: str, key: str, request: Request) -> Response | None:
        """Return the answer to give again, or None for a new key. Raises Refused for another body."""
        row = self._state.row(
            "SELECT * FROM stored_answers WHERE client_id = ? AND key = ? AND kept_until > ?",
            (client_id, key, time.time()),
        )
        if row is None:
            return None
        if row["digest"] != _digest(request):
            raise Refused(409, "idempotency-mismatch", "This key was used with another body.")
        return Response.of_json(json.loads(row["body"]), row["status"], Idempotency_Replayed="true")

    def store(self, client_id: str, key: str, request: Request, answer: Response) -> None:
        """Keep a success. Called within the transaction of the write itself."""
        with self._state.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO stored_answers VALUES (?, ?, ?, ?, ?, ?)",
                (
                    client_id,
                    key,
                    _digest(request),
                    answer.status,
                    answer.body.decode(),
                    time.time() + KEPT_SECONDS,
                ),
            )


def _digest(request: Request) -> str:
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()
