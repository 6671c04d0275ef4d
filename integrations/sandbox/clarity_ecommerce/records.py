"""All records of the site in one table: bodies as JSON, ids per kind, a version for the ETag, a date of change."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.clarity_ecommerce import clock
from integrations.sandbox.clarity_ecommerce.tables import Settings
from integrations.sandbox.core.state import State

ID_FIELDS = {
    "order": "orderId",
    "product": "productId",
    "inventory": "",
    "customer": "customerId",
    "payment": "paymentId",
    "shipment": "shipmentId",
    "return": "returnId",
    "coupon": "couponId",
    "category": "categoryId",
    "webhook": "id",
}
_FIRST_IDS = {"order": 20417, "product": 40, "customer": 311, "payment": 7001, "shipment": 881, "return": 501}
_UNDATED = frozenset({"coupon", "webhook"})


class KeyTaken(Exception):
    """Another record of the kind has this key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One record as it stands; ``etag`` goes into the header."""

    id: int
    body: dict[str, Any]
    version: int
    modified: int

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


class Records:
    """Reads and writes records. Every write is a transaction, or part of the one around it."""

    def __init__(self, state: State, settings: Settings) -> None:
        self._state = state
        self._settings = settings

    def add(self, kind: str, body: dict[str, Any], key: str | None = None) -> Stored:
        """Store a new record. Raises KeyTaken."""
        with self._state.transaction():
            return self.add_numbered(kind, self.take_number(kind), body, key)

    def add_numbered(self, kind: str, number: int, body: dict[str, Any], key: str | None) -> Stored:
        """Store a new record under an id that :meth:`take_number` gave. Raises KeyTaken."""
        modified = clock.now(self._settings)
        with self._state.transaction() as db:
            named = {ID_FIELDS[kind]: number} if ID_FIELDS[kind] else {}
            dated = {} if kind in _UNDATED else {"modifiedDate": clock.text(modified)}
            whole = {**named, **body, **dated}
            try:
                db.execute(
                    "INSERT INTO records VALUES (?, ?, ?, ?, 1, ?)",
                    (kind, number, key, modified, _written(whole)),
                )
            except sqlite3.IntegrityError as error:
                raise KeyTaken(key) from error
        return Stored(number, whole, 1, modified)

    def take_number(self, kind: str) -> int:
        """Return the next id of a kind, before its record exists."""
        with self._state.transaction() as db:
            row = db.execute("SELECT value FROM counters WHERE name = ?", (kind,)).fetchone()
            number = row["value"] + 1 if row else _FIRST_IDS.get(kind, 1)
            db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (kind, number))
        return int(number)

    def put(self, kind: str, stored: Stored, body: dict[str, Any], key: str | None = None) -> Stored:
        """Store a changed body with a new version and date. Raises KeyTaken."""
        modified = clock.now(self._settings)
        if kind not in _UNDATED:
            body = {**body, "modifiedDate": clock.text(modified)}
        with self._state.transaction() as db:
            try:
                db.execute(
                    "UPDATE records SET body = ?, modified = ?, version = version + 1, "
                    "key = coalesce(?, key) WHERE kind = ? AND id = ?",
                    (_written(body), modified, key, kind, stored.id),
                )
            except sqlite3.IntegrityError as error:
                raise KeyTaken(key) from error
        return Stored(stored.id, body, stored.version + 1, modified)

    def remove(self, kind: str, number: int) -> None:
        with self._state.transaction() as db:
            db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (kind, number))

    def get(self, kind: str, number: int) -> Stored | None:
        row = self._state.row("SELECT * FROM records WHERE kind = ? AND id = ?", (kind, number))
        return _stored(row) if row else None

    def by_key(self, kind: str, key: str) -> Stored | None:
        row = self._state.row("SELECT * FROM records WHERE kind = ? AND key = ?", (kind, key))
        return _stored(row) if row else None

    def rows(
        self,
        kind: str,
        *,
        since: int | None = None,
        equal: dict[str, Any] | None = None,
        limit: int = -1,
        offset: int = 0,
    ) -> tuple[list[Stored], int]:
        """Return records oldest change first, and how many there are in all. ``equal``: member -> value."""
        where, values = "kind = ?", [kind]
        if since is not None:
            where, values = f"{where} AND modified >= ?", [*values, since]  # type: ignore[list-item]
        for name, value in (equal or {}).items():
            # Names come from the routes of this simulator.
            where, values = f"{where} AND json_extract(body, '$.{name}') = ?", [*values, value]
        counted = self._state.row(f"SELECT count(*) AS n FROM records WHERE {where}", values)
        found = self._state.rows(
            f"SELECT * FROM records WHERE {where} ORDER BY modified, id LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        return [_stored(row) for row in found], counted["n"] if counted else 0

    def all(self, kind: str, **equal: Any) -> list[Stored]:
        return self.rows(kind, equal=equal)[0]


def _stored(row: sqlite3.Row) -> Stored:
    return Stored(row["id"], json.loads(row["body"]), row["version"], row["modified"])


def _written(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def bodies(found: Sequence[Stored]) -> list[dict[str, Any]]:
    return [each.body for each in found]
