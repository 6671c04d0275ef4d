"""The records of the simulated tenant: one table of documents, plain values by field name, and counters.

Called by every module that reads or changes records. Saving stamps the time of change and tells the push queue.
"""

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.acumatica.entities import ENTITIES
from integrations.sandbox.acumatica.wire import decode, encode
from integrations.sandbox.core.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (entity TEXT NOT NULL, key TEXT NOT NULL COLLATE NOCASE, id TEXT NOT NULL,
  modified TEXT NOT NULL, fields TEXT NOT NULL, PRIMARY KEY (entity, key));
CREATE UNIQUE INDEX IF NOT EXISTS records_id ON records (id);
CREATE TABLE IF NOT EXISTS stock (item TEXT NOT NULL COLLATE NOCASE, warehouse TEXT NOT NULL COLLATE NOCASE,
  on_hand TEXT NOT NULL, modified TEXT NOT NULL, PRIMARY KEY (item, warehouse));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS messages (number INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL,
  attempts INTEGER NOT NULL, state TEXT NOT NULL)
"""

Changed = Callable[[str, Mapping[str, Any] | None, Mapping[str, Any]], None]


class Store:
    """Reads and saves records. ``clock`` may be stopped by a test; ``changed`` hears of every save."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.frozen_at: datetime | None = None
        self.changed: Changed = lambda entity, before, after: None

    def now(self) -> datetime:
        return self.frozen_at or datetime.now(UTC)

    def stamp(self) -> str:
        """Return the time as the REST interface writes it, with milliseconds."""
        return self.now().isoformat(timespec="milliseconds")

    def today(self) -> str:
        return self.now().strftime("%Y-%m-%dT00:00:00+00:00")

    def get(self, entity: str, *keys: str) -> dict[str, Any] | None:
        """Return a record by its keys, blanks at their ends ignored."""
        key = "/".join(part.strip() for part in keys)
        row = self.state.row("SELECT fields FROM records WHERE entity = ? AND key = ?", (entity, key))
        return dict(decode(row["fields"])) if row else None

    def by_id(self, entity: str, record_id: str) -> dict[str, Any] | None:
        row = self.state.row(
            "SELECT fields FROM records WHERE entity = ? AND id = ?", (entity, record_id.lower())
        )
        return dict(decode(row["fields"])) if row else None

    def all(self, entity: str) -> Iterator[dict[str, Any]]:
        """Return all records of an entity by key."""
        rows = self.state.rows("SELECT fields FROM records WHERE entity = ? ORDER BY key", (entity,))
        return (dict(decode(row["fields"])) for row in rows)

    def save(self, entity: str, record: dict[str, Any]) -> None:
        """Write a record whole, stamped with the time of change."""
        before = self.get(entity, *(str(record[name]) for name in ENTITIES[entity].keys))
        record.setdefault("id", str(uuid.uuid4()))
        stamp = self.stamp()
        for name in ("LastModified", "LastModifiedDateTime"):
            if name in ENTITIES[entity].fields:
                record[name] = stamp
        key = "/".join(str(record[name]).strip() for name in ENTITIES[entity].keys)
        with self.state.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO records (entity, key, id, modified, fields) VALUES (?, ?, ?, ?, ?)",
                (entity, key, record["id"], stamp, encode(record)),
            )
            self.changed(entity, before, record)

    def delete(self, entity: str, record: Mapping[str, Any]) -> None:
        with self.state.transaction() as db:
            db.execute("DELETE FROM records WHERE entity = ? AND id = ?", (entity, record["id"]))

    def next_number(self, name: str, start: int) -> int:
        """Return the next value of a counter; the first one is ``start``."""
        with self.state.transaction() as db:
            return _next_number(db, name, start)


def _next_number(db: sqlite3.Connection, name: str, start: int) -> int:
    row = db.execute(
        "INSERT INTO counters (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        (name, start),
    ).fetchone()
    return int(row[0])
