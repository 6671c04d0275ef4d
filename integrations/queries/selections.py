"""Which of the runs that wait for a person are meant: by flow, cause, time and number. For plans and bulk actions.

A selection is written down with a bulk action and read again for every chunk: it must mean the same then.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from integrations.kinds import RunStatus
from integrations.models import current_tenant_id
from integrations.queries.causes import Cause

STATUSES = (RunStatus.HELD, RunStatus.DEAD)


@dataclass(frozen=True, slots=True)
class Selection:
    """Held and failed runs; empty values ask nothing."""

    status: RunStatus | None = None
    """Held or dead; None = both."""
    flow_id: int | None = None
    pair_id: int | None = None
    job_id: int | None = None
    kind: str = ""
    reason_code: str = ""
    hold_kind: str = ""
    hold_key: str = ""
    problem_field: str | None = None
    """Field of the first problem; "" = a failure that names none."""
    since: datetime | None = None
    """Arrived at or after."""
    until: datetime | None = None
    """Arrived before."""
    run_ids: tuple[int, ...] = ()
    """What a search had found."""

    def as_json(self) -> dict[str, Any]:
        """Return the selection as it is stored; :meth:`from_json` reads it."""
        stored = {name: value for name, value in asdict(self).items() if value not in (None, "", ())}
        if self.problem_field is not None:
            stored["problem_field"] = self.problem_field
        for name in ("since", "until"):
            if name in stored:
                stored[name] = stored[name].isoformat()
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Selection":
        """Return the selection that :meth:`as_json` wrote."""
        given = dict(stored)
        if "status" in given:
            given["status"] = RunStatus(given["status"])
        for name in ("since", "until"):
            if name in given:
                given[name] = datetime.fromisoformat(given[name])
        if "run_ids" in given:
            given["run_ids"] = tuple(given["run_ids"])
        return cls(**given)


NOTHING = Selection(run_ids=(0,))
"""Matches no run: of an action that names its runs elsewhere."""


def selection_of(cause: Cause) -> Selection:
    """Return the runs that wait for this cause."""
    return Selection(
        status=cause.status,
        flow_id=cause.flow_id,
        reason_code=cause.reason_code,
        hold_kind=cause.hold_kind,
        hold_key=cause.hold_key,
        problem_field=cause.problem_field if cause.status is RunStatus.DEAD else None,
    )


_OPEN_HOLD = (
    "SELECT 1 FROM hold o WHERE o.tenant_id = r.tenant_id AND o.run_id = r.id AND o.released_at IS NULL"
)
_CONDITIONS = {
    "flow_id": "r.flow_id = %(flow_id)s",
    "pair_id": "r.pair_id = %(pair_id)s",
    "job_id": "r.sync_job_id = %(job_id)s",
    "kind": "r.kind = %(kind)s",
    "reason_code": "r.reason_code = %(reason_code)s",
    "problem_field": "coalesce(r.problem -> 0 ->> 'field', '') = %(problem_field)s",
    "since": "r.created_at >= %(since)s",
    "until": "r.created_at < %(until)s",
    "run_ids": "r.id = ANY (%(run_ids)s)",
    "hold_kind": f"EXISTS ({_OPEN_HOLD} AND o.kind = %(hold_kind)s)",
    "hold_key": f"EXISTS ({_OPEN_HOLD} AND o.key = %(hold_key)s)",
}


def _where(selection: Selection) -> tuple[str, dict[str, Any]]:
    """Return the condition on ``run r`` and its values. Only the texts above become SQL."""
    statuses = STATUSES if selection.status is None else (selection.status,)
    values: dict[str, Any] = {"tenant": current_tenant_id(), "statuses": [one.value for one in statuses]}
    parts = ["r.tenant_id = %(tenant)s", "r.status = ANY (%(statuses)s)"]
    for name, condition in _CONDITIONS.items():
        given = getattr(selection, name)
        if given in (None, "", ()) and not (name == "problem_field" and given == ""):
            continue
        parts.append(condition)
        values[name] = list(given) if isinstance(given, tuple) else given
    return " AND ".join(parts), values


def count(selection: Selection) -> int:
    """Return how many runs match."""
    return span(selection)[0]


def span(selection: Selection, *, up_to: int | None = None) -> tuple[int, int]:
    """Return how many runs match, up to an id, and the largest of their ids (0 = none)."""
    condition, values = _where(selection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), coalesce(max(r.id), 0) FROM run r WHERE {condition}"
            " AND (%(up_to)s::bigint IS NULL OR r.id <= %(up_to)s)",
            {**values, "up_to": up_to},
        )
        row: Any = cursor.fetchone()
    return int(row[0]), int(row[1])


def next_runs(selection: Selection, *, after: int, last: int, limit: int) -> list[int]:
    """Return the next matching runs by id, above ``after`` and up to ``last``."""
    condition, values = _where(selection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.id FROM run r WHERE {condition} AND r.id > %(after)s AND r.id <= %(last)s"
            " ORDER BY r.id LIMIT %(limit)s",
            {**values, "after": after, "last": last, "limit": limit},
        )
        return [row[0] for row in cursor.fetchall()]


def newest_runs(selection: Selection, *, up_to: int | None, limit: int) -> list[int]:
    """Return the newest matching runs up to an id, newest first."""
    condition, values = _where(selection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.id FROM run r WHERE {condition} AND (%(up_to)s::bigint IS NULL OR r.id <= %(up_to)s)"
            " ORDER BY r.id DESC LIMIT %(limit)s",
            {**values, "up_to": up_to, "limit": limit},
        )
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Share:
    """The matching runs of one flow and cause."""

    flow_id: int
    status: RunStatus
    reason_code: str
    hold_kind: str
    hold_key: str
    field: str
    sample: str
    count: int
    thin: int
    """Those whose event did not carry the record: it is read from the source."""
    doubtful: int
    """Those that are looked for before they are written."""
    money: Mapping[str, Any]


def shares(selection: Selection, *, limit: int = 50) -> list[Share]:
    """Return the matching runs by flow and cause, most first; at most ``limit`` causes."""
    condition, values = _where(selection)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT r.flow_id, r.status, r.reason_code, coalesce(h.kind, ''),
                   CASE WHEN h.kind = 'review' THEN '' ELSE coalesce(h.key, '') END,
                   CASE WHEN r.status = 'dead' THEN coalesce(r.problem -> 0 ->> 'field', '') ELSE '' END,
                   min(r.reason), count(*), count(*) FILTER (WHERE NOT coalesce(e.has_record, false)),
                   count(*) FILTER (WHERE r.must_find), r.currency, coalesce(sum(r.amount), 0)
            FROM run r
            LEFT JOIN event e ON e.tenant_id = r.tenant_id AND e.id = r.event_id
            LEFT JOIN LATERAL (
                SELECT o.kind, o.key FROM hold o
                WHERE o.tenant_id = r.tenant_id AND o.run_id = r.id AND o.released_at IS NULL
                ORDER BY o.id DESC LIMIT 1
            ) h ON r.status = 'held'
            WHERE {condition} GROUP BY 1, 2, 3, 4, 5, 6, r.currency
            """,
            values,
        )
        rows = cursor.fetchall()
    found: dict[tuple[Any, ...], Share] = {}
    for flow_id, status, code, kind, key, field, sample, many, thin, doubtful, currency, amount in rows:
        identity = (flow_id, status, code, kind, key, field)
        known = found.get(identity)
        money = {} if known is None else dict(known.money)
        if amount:
            money[currency] = money.get(currency, 0) + amount
        if known is None:
            known = Share(flow_id, RunStatus(status), code, kind, key, field, sample, 0, 0, 0, {})
        found[identity] = replace(
            known, count=known.count + many, thin=known.thin + thin, doubtful=known.doubtful + doubtful,
            money=money,
        )  # fmt: skip
    return sorted(found.values(), key=lambda one: -one.count)[:limit]
