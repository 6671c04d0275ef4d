"""Reads our own tables after (and while) chaos goes on: open work, runs with their attempts, events, polls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

# Not final, not held, not in doubt with its next look-up set, not due within its own back-off (ARCHITECTURE 6).
# A few seconds for the sweeper, which mends lapsed leases.
_STUCK = """
SELECT r.id, r.record_key, r.business_key, f.key AS flow, r.status, r.is_head, r.due_at, r.leased_until, r.attempts,
       r.reason_code, r.reason, now() AS read_at,
       CASE WHEN r.status = 'running' THEN 'its lease lapsed and nobody took it'
            WHEN NOT r.is_head AND live.status IS NULL THEN 'no head before it: nobody will promote it'
            WHEN NOT r.is_head THEN 'waits behind run ' || live.id || ' (' || live.status || ')'
            ELSE 'due and not claimed' END AS why
FROM run r JOIN flow f ON f.id = r.flow_id
JOIN record_head h ON h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id AND h.record_key = r.record_key
LEFT JOIN run live ON live.id = h.live_run_id AND live.status NOT IN
     ('succeeded', 'skipped', 'superseded', 'cancelled', 'dead')
WHERE (r.status = 'running' AND r.leased_until < now() - interval '10 seconds')
   OR (r.status IN ('queued', 'retrying', 'in_doubt') AND r.is_head AND r.due_at < now() - interval '10 seconds')
   OR (r.status IN ('queued', 'retrying') AND NOT r.is_head
       AND (live.id IS NULL
            OR live.status IN ('queued', 'retrying', 'in_doubt') AND live.due_at < now() - interval '10 seconds'))
ORDER BY r.id
"""

# Held for a reference that has been there for a while: the release was missed.
_FORGOTTEN_HOLDS = """
SELECT r.id, r.record_key, r.business_key, f.key AS flow, r.status, r.attempts, r.reason_code, r.reason,
       'held for ' || h.kind || ' ' || h.key || ', which has a link since ' || l.updated_at AS why
FROM run r JOIN flow f ON f.id = r.flow_id
JOIN hold h ON h.run_id = r.id AND h.released_at IS NULL
JOIN record_link l ON l.tenant_id = h.tenant_id AND l.pair_id = r.pair_id AND l.kind = h.kind
  AND (l.storefront_key = h.key OR l.storefront_id = h.key OR l.erp_id = h.key)
WHERE r.status = 'held' AND h.kind <> 'review' AND l.created_at < now() - interval '90 seconds'
ORDER BY r.id
"""

_OPEN = """
SELECT (SELECT count(*) FROM run WHERE status IN ('queued', 'running', 'retrying', 'in_doubt')) AS runs,
       (SELECT count(*) FROM poll_cursor WHERE last_finished_at IS NULL OR last_error <> ''
          OR last_started_at < %(since)s OR last_finished_at < last_started_at) AS polls
"""

_RUNS = """
SELECT r.id, f.key AS flow, r.record_key, r.business_key, r.status, r.reason_code, r.reason, r.attempts, r.fence,
       r.must_find, r.target_id, r.sequence, r.is_head, r.due_at, r.created_at, r.started_at, r.finished_at,
       e.found_by, e.dedupe_key, e.received_at
FROM run r JOIN flow f ON f.id = r.flow_id LEFT JOIN event e ON e.id = r.event_id
WHERE {condition}
ORDER BY r.id
"""
_BY_KEY = "r.business_key = ANY (%(keys)s) OR r.record_key = ANY (%(keys)s) OR r.target_id = ANY (%(keys)s)"
_LAST_RUNS = 5

_ATTEMPTS = """
SELECT run_id, number, step, outcome, error, message, detail, calls, started_at, finished_at
FROM attempt WHERE run_id = ANY (%s) ORDER BY run_id, number
"""


@dataclass(frozen=True, slots=True)
class Open:
    """What still moves: runs that are not at rest, and polls that have not finished since a moment."""

    runs: int
    polls: int


class Tables:
    """One reading connection to the installation's database."""

    def __init__(self, database: "psycopg.Connection[Any]") -> None:
        self._database = database

    def _rows(self, sql: str, parameters: Any = None) -> list[dict[str, Any]]:
        with self._database.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql, parameters).fetchall()

    def now(self) -> datetime:
        moment: datetime = self._rows("SELECT now() AS now")[0]["now"]
        return moment

    def open(self, since: datetime) -> Open:
        return Open(**self._rows(_OPEN, {"since": since})[0])

    def stuck(self) -> list[dict[str, Any]]:
        """Return runs that nothing moves any more, each with ``why``."""
        return self._rows(_STUCK) + self._rows(_FORGOTTEN_HOLDS)

    def counts(self) -> dict[str, int]:
        """Return runs by status."""
        found = self._rows("SELECT status, count(*) AS n FROM run GROUP BY status ORDER BY status")
        return {row["status"]: row["n"] for row in found}

    def last_finish(self) -> datetime | None:
        """Return when the last run came to rest."""
        moment: datetime | None = self._rows("SELECT max(finished_at) AS at FROM run")[0]["at"]
        return moment

    def runs_of(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Return the runs of records by business key, record key or target id, each with its ``tries``."""
        return self._with_tries(_BY_KEY, keys)

    def _with_tries(self, condition: str, keys: Sequence[Any]) -> list[dict[str, Any]]:
        runs = self._rows(_RUNS.format(condition=condition), {"keys": list(keys)})
        tries = self._rows(_ATTEMPTS, [[run["id"] for run in runs]])
        return [{**run, "tries": [one for one in tries if one["run_id"] == run["id"]]} for run in runs]

    def last_runs(self) -> list[dict[str, Any]]:
        """Return the runs that came to rest last, newest first, each with its ``tries``."""
        ids = self._rows(
            "SELECT id FROM run WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT %s",
            [_LAST_RUNS],
        )
        return [run for row in ids for run in self._with_tries("r.id = ANY (%(keys)s)", [row["id"]])]

    def passed_on(self) -> int:
        """Return how many runs lost their lease to another worker."""
        found: int = self._rows("SELECT count(DISTINCT r.id) AS n FROM run r WHERE r.fence > 1")[0]["n"]
        return found

    def dead(self) -> list[dict[str, Any]]:
        """Return the dead letters: failed for good, shown to a person."""
        return self._rows(
            "SELECT r.id, f.key AS flow, r.record_key, r.business_key, r.reason_code, r.reason, r.attempts"
            " FROM run r JOIN flow f ON f.id = r.flow_id WHERE r.status = 'dead' ORDER BY r.id"
        )

    def held_for_review(self) -> set[str]:
        """Return business keys of records that changed after they were delivered and wait for a person."""
        found = self._rows(
            "SELECT business_key FROM run WHERE status = 'held' AND reason_code = 'changed_after_release'"
        )
        return {row["business_key"] for row in found}

    def deliveries_known(self) -> set[str]:
        """Return the delivery ids of all events that came by webhook."""
        return {
            row["dedupe_key"] for row in self._rows("SELECT dedupe_key FROM event WHERE found_by = 'webhook'")
        }

    def paused(self) -> list[str]:
        """Return connections and flows that stand still, with the reason, and breakers that are open."""
        found = self._rows(
            "SELECT 'connection ' || name || ' paused: ' || pause_reason AS words FROM connection"
            "  WHERE paused_at IS NOT NULL"
            " UNION ALL SELECT 'flow ' || key || ' paused: ' || pause_reason FROM flow WHERE paused_at IS NOT NULL"
            " UNION ALL SELECT 'connection ' || name || ' breaker open until ' || open_until FROM connection"
            "  WHERE open_until > now()"
        )
        return [row["words"] for row in found]
