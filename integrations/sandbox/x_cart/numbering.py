"""Hands out ids: one counter per name, inside the caller's transaction."""

import sqlite3

FIRST = {
    "order": 5012,
    "order_number": 1043,
    "item": 8801,
    "address": 3001,
    "profile": 77,
    "order_profile": 912,
    "product": 40,
    "variant": 143,
    "transaction": 701,
    "backend_transaction": 9001,
    "tracking": 61,
    "entity": 1,
    "image": 501,
}


def take(db: sqlite3.Connection, name: str, count: int = 1) -> int:
    """Reserve ``count`` numbers and return the first."""
    row = db.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
    first = int(row["value"]) if row is not None else FIRST[name]
    db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, first + count))
    return first
