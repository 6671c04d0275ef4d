"""Wakes the drains after a commit: a notice to those that listen, a broker message when none is live.

A broker that is slow or gone must never delay a webhook's 202, so messages leave from one background
thread with a bounded queue, and its errors are counted and swallowed: the sweeper finds the work anyway.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection, transaction

CHANNEL = "connect_due"
_QUEUE_LIMIT = 100
_LIVE_SECONDS = 15
_NOTICE_GAP_SECONDS = 0.01
_NOTIFY = (
    f"SELECT EXISTS (SELECT 1 FROM drain_slot WHERE heartbeat_at > now() - interval '{_LIVE_SECONDS} seconds'),"
    f" pg_notify('{CHANNEL}', '')"
)
log = logging.getLogger("connect.wake")

_outbox: "queue.Queue[Callable[[], None]]" = queue.Queue(_QUEUE_LIMIT)
_sender: threading.Thread | None = None
_start_lock = threading.Lock()
_send_message: Callable[[], None] | None = None
counters = {"sent": 0, "failed": 0, "dropped": 0}


def use_broker(send: Callable[[], None]) -> None:
    """Tell how a broker message is sent (``tasks`` does, at import); without it only notices go out."""
    global _send_message
    _send_message = send


def wake_on_commit() -> None:
    """Wake the drains once the surrounding transaction has committed."""
    transaction.on_commit(wake)


def wake() -> None:
    """Send the notice, and a broker message when no drain holds a live slot.

    NOTIFY runs in a transaction of its own: inside the intake's it would cost a third of the rate.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NOTIFY)
        row = cursor.fetchone()
    _call_a_drain(is_live=row is not None and row[0])


class Notifier:
    """Sends notices from a thread of its own: an acknowledgement never waits for one, a flood of them is one.

    A notice that is lost with the process costs a moment: the drain looks by itself and the sweeper finds the work.
    """

    def __init__(self) -> None:
        self._is_wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Ask for a notice; returns at once."""
        self._is_wanted.set()
        if self._thread is None or not self._thread.is_alive():
            with _start_lock:
                if self._thread is None or not self._thread.is_alive():
                    parameters = _own_connection_parameters()
                    self._thread = threading.Thread(
                        target=self._serve, args=(parameters,), name="notifier", daemon=True
                    )
                    self._thread.start()

    def _serve(self, parameters: dict[str, Any]) -> None:
        while True:
            try:
                with psycopg.connect(**parameters, autocommit=True) as own:
                    while True:
                        self._is_wanted.wait()
                        self._is_wanted.clear()
                        row = own.execute(_NOTIFY, prepare=True).fetchone()
                        _call_a_drain(is_live=row is not None and row[0])
                        # Each notice wakes every drain; what is committed meanwhile goes with the next one.
                        time.sleep(_NOTICE_GAP_SECONDS)
            except psycopg.OperationalError as error:
                counters["failed"] += 1
                log.warning("notice not sent: %s", type(error).__name__)
                # Nothing is asked of a database that is away before somebody commits to it again.
                self._is_wanted.wait()


_notifier = Notifier()
wake_soon = _notifier.ring


def _own_connection_parameters() -> dict[str, Any]:
    parameters = connection.get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return parameters


def listen() -> "psycopg.Connection[Any]":
    """Return a connection of its own that listens: notices must arrive while the other one works."""
    listener = psycopg.connect(**_own_connection_parameters(), autocommit=True)
    listener.execute(f"LISTEN {CHANNEL}")
    return listener


def _call_a_drain(*, is_live: bool) -> None:
    if not is_live and _send_message is not None:
        _enqueue(_send_message)


def _enqueue(send: Callable[[], None]) -> None:
    global _sender
    with _start_lock:
        if _sender is None or not _sender.is_alive():
            _sender = threading.Thread(target=_send_all, name="wake-sender", daemon=True)
            _sender.start()
    try:
        _outbox.put_nowait(send)
    except queue.Full:
        counters["dropped"] += 1


def _send_all() -> None:
    while True:
        send = _outbox.get()
        try:
            send()
            counters["sent"] += 1
        except Exception as error:  # noqa: BLE001  any broker trouble: the sweeper finds the work
            counters["failed"] += 1
            log.warning("wake-up not sent: %s", type(error).__name__)
