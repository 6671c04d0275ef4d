"""Push notifications (SM302000): messages with inserted and deleted rows to one webhook, with one static header.

At most five attempts with the same Id, then parked until somebody resends [documented]; the interval is ours. An update
is a row in both lists, whose padding may differ.
"""

import http.client
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import encode

ATTEMPTS = 5
TIMEOUT_SECONDS = 10.0
_TICKS_AT_1970 = 621_355_968_000_000_000
_ROWS: dict[str, tuple[str, Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "SalesOrder": (
        "Sales Orders",
        lambda one: {name: one.get(name) for name in ("OrderType", "OrderNbr", "CustomerOrder", "Status")},
    ),
    "Shipment": (
        "Shipments",
        lambda one: {
            "ShipmentNbr": one["ShipmentNbr"],
            "Status": one["Status"],
            "OrderType": one["Orders"][0]["OrderType"],
            "OrderNbr": one["Orders"][0]["OrderNbr"],
        },
    ),
    "Customer": (
        "Customers",
        lambda one: {name: one.get(name) for name in ("CustomerID", "CustomerName", "Status")},
    ),
    "StockItem": ("Items", lambda one: {name: one.get(name) for name in ("InventoryID", "Description")}),
    "Item Availability": (
        "Item Availability Data",
        lambda one: {
            "Warehouse": one["WarehouseID"],
            **{name: one[name] for name in ("InventoryID", "QtyOnHand", "QtyAvailable")},
        },
    ),
}


def ticks(moment: datetime) -> int:
    """Return .NET ticks: 100 ns since the year 1."""
    return _TICKS_AT_1970 + int(moment.timestamp() * 10_000_000)


class Push:
    """The outgoing queue. Without a URL nothing is queued."""

    def __init__(self, store: Store, tenant: str) -> None:
        self.store, self.tenant = store, tenant
        self.url, self.header_name, self.header_value = "", "X-Connect-Key", ""
        self.wait_seconds = 0.2
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="push", daemon=True)

    def changed(self, entity: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        """Queue the message of a saved record; part of the transaction that saves."""
        if not self.url or entity not in _ROWS:
            return
        query, row_of = _ROWS[entity]
        inserted = [row_of(after)]
        deleted = [] if before is None else [_padded(row_of(before))]
        message = {
            "Inserted": inserted,
            "Deleted": deleted,
            "Query": query,
            "CompanyId": self.tenant,
            "Id": str(uuid.uuid4()),
            "TimeStamp": ticks(self.store.now()),
            "AdditionalInfo": {"PXPerformanceInfoStartTime": self.store.now().strftime("%m/%d/%Y %H:%M:%S")},
        }
        with self.store.state.transaction() as db:
            db.execute(
                "INSERT INTO messages (body, attempts, state) VALUES (?, 0, 'waiting')", (encode(message),)
            )
        self._wake.set()

    def listing(self) -> list[dict[str, Any]]:
        return [
            dict(row)
            for row in self.store.state.rows("SELECT * FROM messages ORDER BY number DESC LIMIT 200")
        ]

    def resend(self, number: int) -> None:
        """Send a message again by hand, with the same Id."""
        with self.store.state.transaction() as db:
            db.execute("UPDATE messages SET state = 'waiting', attempts = 0 WHERE number = ?", (number,))
        self._wake.set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            waiting = self.store.state.rows(
                "SELECT number, body, attempts FROM messages WHERE state = 'waiting' ORDER BY number LIMIT 50"
            )
            for row in waiting if self.url else ():
                self._deliver(row["number"], row["body"], row["attempts"] + 1)
            self._wake.wait(self.wait_seconds if waiting else 5.0)

    def _deliver(self, number: int, body: str, attempt: int) -> None:
        is_taken = _post(self.url, body.encode(), {self.header_name: self.header_value})
        state = "delivered" if is_taken else "parked" if attempt >= ATTEMPTS else "waiting"
        with self.store.state.transaction() as db:
            db.execute(
                "UPDATE messages SET state = ?, attempts = ? WHERE number = ?", (state, attempt, number)
            )


def _padded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: f"{value} " if isinstance(value, str) else value for name, value in row.items()}


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Send one message; True for a 2xx."""
    parts = urlsplit(url)
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.netloc, timeout=TIMEOUT_SECONDS)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False  # told by the message's state
    finally:
        connection.close()
