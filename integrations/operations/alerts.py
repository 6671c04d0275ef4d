"""Alerts: one open row per condition, closed by the machine when its condition is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """What is wrong, the evidence, and what closes it; ``dedupe_key`` keeps it to one open alert."""

    dedupe_key: str
    rule: str
    title: str
    evidence: str
    closes_when: str
    connection_id: int | None = None
    pair_id: int | None = None
    flow_id: int | None = None


def open_alert(cursor: Any, tenant_id: int, condition: Condition) -> None:
    """Open an alert, or count one more occurrence of the open one."""
    cursor.execute(
        "INSERT INTO alert AS a (tenant_id, dedupe_key, rule, title, evidence, closes_when, connection_id, pair_id,"
        " flow_id, occurrences, closed_reason) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1, '')"
        " ON CONFLICT (tenant_id, dedupe_key) WHERE closed_at IS NULL DO UPDATE"
        " SET occurrences = a.occurrences + 1, last_seen_at = now(), evidence = excluded.evidence",
        [
            tenant_id,
            condition.dedupe_key[:160],
            condition.rule,
            condition.title.replace("\0", "")[:200],
            condition.evidence.replace("\0", "")[:500],
            condition.closes_when,
            condition.connection_id,
            condition.pair_id,
            condition.flow_id,
        ],
    )


def close_alert(cursor: Any, tenant_id: int, dedupe_key: str, reason: str) -> None:
    """Close the open alert of a condition, if there is one."""
    cursor.execute(
        "UPDATE alert SET closed_at = now(), closed_reason = %s"
        " WHERE tenant_id = %s AND dedupe_key = %s AND closed_at IS NULL",
        [reason[:200], tenant_id, dedupe_key],
    )


def close_alerts(cursor: Any, keys: Sequence[tuple[int, str]], reason: str) -> None:
    """Close the open alerts of many conditions, given as (tenant id, dedupe key), by one statement."""
    if keys:
        cursor.execute(
            "UPDATE alert a SET closed_at = now(), closed_reason = %s"
            " FROM unnest(%s::bigint[], %s::text[]) AS u (tenant_id, dedupe_key)"
            " WHERE a.tenant_id = u.tenant_id AND a.dedupe_key = u.dedupe_key AND a.closed_at IS NULL",
            [reason[:200], [tenant_id for tenant_id, _ in keys], [key for _, key in keys]],
        )


def pause_refused(cursor: Any, tenant_id: int, connection_id: int, message: str, field: str) -> None:
    """Pause a connection whose credentials were refused, so that no user is locked out; one alert."""
    cursor.execute(
        "UPDATE connection SET paused_at = coalesce(paused_at, now()), health = 'refused', health_at = now(),"
        " pause_reason = 'credentials refused', health_message = %s WHERE id = %s AND tenant_id = %s RETURNING name",
        [message[:300], connection_id, tenant_id],
    )
    row = cursor.fetchone()
    if row is None:
        return
    where = f" Mend {field.replace('_', ' ')} in the connection." if field else " Mend the credentials."
    open_alert(
        cursor,
        tenant_id,
        Condition(
            f"refused:{connection_id}",
            "credentials_refused",
            f"{row[0]} refuses our credentials",
            f"{message}{where} Records wait and go by themselves; we do not try again, so that no user is locked out.",
            "a connection test passes",
            connection_id=connection_id,
        ),
    )


def pause_flow(cursor: Any, tenant_id: int, flow_id: int, message: str) -> None:
    """Stop one flow whose set-up is wrong; the others of the connection go on."""
    cursor.execute(
        "UPDATE flow SET paused_at = coalesce(paused_at, now()), pause_reason = %s WHERE id = %s AND tenant_id = %s"
        " RETURNING name",
        [message[:300], flow_id, tenant_id],
    )
    row = cursor.fetchone()
    if row is not None:
        open_alert(
            cursor,
            tenant_id,
            Condition(
                f"flow-stopped:{flow_id}",
                "flow_stopped",
                f"{row[0]} is stopped",
                message,
                "the flow is resumed and a record passes",
                flow_id=flow_id,
            ),
        )
