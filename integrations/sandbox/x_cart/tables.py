"""The simulator's tables and the settings it starts with."""

import json
from typing import Any

from integrations.sandbox.core.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY, order_number TEXT NOT NULL UNIQUE, login TEXT NOT NULL,
  created_at INTEGER NOT NULL, renewed_at INTEGER NOT NULL,
  payment TEXT NOT NULL, shipping TEXT NOT NULL, body TEXT NOT NULL, transactions TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_renewed ON orders (renewed_at, id);
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS products (
  id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS variants (
  id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL, sku TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL,
  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS profiles (id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS addresses (
  id INTEGER PRIMARY KEY, profile_id INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entities (
  id INTEGER PRIMARY KEY, collection TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL,
  order_id INTEGER);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, delivery_id TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL, tries INTEGER NOT NULL, due_at REAL NOT NULL, last_status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at)
"""

DEFAULT_SETTINGS: dict[str, Any] = {
    "api_key_rw": "xcart-sandbox-read-write-key",
    "api_key_ro": "xcart-sandbox-read-only-key",
    "version": "5.5.1",
    "store_timezone": "America/Chicago",
    "currency": "USD",
    "addon_enabled": False,
    "webhook_url": "",
    "webhook_secret": "xcart-sandbox-webhook-secret-0123456789",
    "webhook_tries": 8,
    "webhook_first_wait_seconds": 0.5,
    "has_unknown_keys": True,
    "ignores_order": False,
    "has_complex": True,
    "classic_date_range": "string",
    "clock_offset_seconds": 0,
    "frozen_at": None,
    "seed": 1,
}
"""``version`` 5.4.1 speaks the classic API only; ``classic_date_range`` is the form it reads: string or array.

``frozen_at`` (unix seconds) stops the clock: for updates in one second, and for daylight-saving days.
"""

SECRET_SETTINGS = ("api_key_rw", "api_key_ro", "webhook_secret")


class Settings:
    """Settings of the shop, kept in the state file and read from memory."""

    def __init__(self, state: State, chosen: dict[str, Any]) -> None:
        self._state = state
        self._chosen = chosen
        stored = {row["name"]: json.loads(row["value"]) for row in state.rows("SELECT * FROM settings")}
        self._values = DEFAULT_SETTINGS | stored | chosen
        self._store()

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def change(self, changes: dict[str, Any]) -> None:
        """Set some settings. Raises ValueError on a name that is none."""
        unknown = set(changes) - set(DEFAULT_SETTINGS)
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        self._values = self._values | changes
        self._store()

    def reset(self) -> None:
        """Go back to what the start command gave."""
        self._values = DEFAULT_SETTINGS | self._chosen
        self._store()

    def shown(self) -> dict[str, Any]:
        """Return the settings for people; secrets are left out."""
        return {name: value for name, value in self._values.items() if name not in SECRET_SETTINGS}

    def _store(self) -> None:
        with self._state.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO settings VALUES (?, ?)",
                [(name, json.dumps(value)) for name, value in self._values.items()],
            )
