"""Wakes the drains after a commit: a notice to those that listen, a broker message when none is live.

A broker that is slow or gone must never delay a webhook's 202, so messages leave from one background
thread with a bounded queue, and its errors are counted and swallowed: the sweeper finds the work anyway.
"""

import logging
import queue
import threading
from collections.abc import Callable

from django.db import connection, transaction

CHANNEL = "connect_due"
_QUEUE_LIMIT = 100
_LIVE_SECONDS = 15.0
log = logging.getLogger("connect.wake")

_outbox: "queue.Queue[Callable[[], None]]" = queue.Queue(_QUEUE_LIMIT)
_sender: threading.Thread | None = None
_sender_lock = threading.Lock()
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
        cursor.execute(f"NOTIFY {CHANNEL}")
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM drain_slot WHERE heartbeat_at > now() - make_interval(secs => %s))",
            [_LIVE_SECONDS],
        )
        row = cursor.fetchone()
    if row is not None and not row[0] and _send_message is not None:
        _enqueue(_send_message)


def _enqueue(send: Callable[[], None]) -> None:
    global _sender
    with _sender_lock:
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
