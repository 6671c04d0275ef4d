"""The simulator's tables and the settings it starts with."""

import json
from typing import Any

from integrations.sandbox.core.state import State

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS records (
  kind TEXT NOT NULL, id INTEGER NOT NULL, key TEXT, modified INTEGER NOT NULL, version INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE UNIQUE INDEX IF NOT EXISTS records_key ON records (kind, key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS records_modified ON records (kind, modified, id);
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL, expires_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS stored_answers (
  client_id TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL,
  body TEXT NOT NULL, kept_until REAL NOT NULL, PRIMARY KEY (client_id, key));
CREATE TABLE IF NOT EXISTS outbox (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL,
  order_id INTEGER);
CREATE TABLE IF NOT EXISTS deliveries (
  id INTEGER PRIMARY KEY, webhook_id INTEGER NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
  delivery TEXT NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, due_at REAL NOT NULL,
  last_status TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at)
"""

ALL_SCOPES = (
    "orders:read orders:write products:read products:write customers:read customers:write inventory:read "
    "inventory:write payments:read shipments:read shipments:write returns:read returns:write coupons:read "
    "categories:read webhooks:manage"
)

DEFAULT_SETTINGS: dict[str, Any] = {
    "client_id": "clarity-sandbox-client",
    "client_secret": "clarity-sandbox-client-secret-0123",
    "client_scopes": ALL_SCOPES,
    "token_seconds": 3600,
    "rate_per_minute": 120,
    "currency": "USD",
    "custom_statuses": ["Awaiting Artwork"],
    "mail_fails": False,
    "allows_http_webhooks": False,
    "webhook_waits_seconds": [60, 300, 1800, 7200, 43200],
    "has_unknown_members": False,
    "frozen_at": None,
    "seed": 1,
}
"""``frozen_at`` (unix seconds, fractions allowed) stops the clock that dates records; tokens run on."""

SECRET_SETTINGS = ("client_secret",)


class Settings:
    """Settings of the site, kept in the state file and read from memory."""

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
