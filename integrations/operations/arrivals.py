"""Notes what arrives per hour, and tells people when webhooks stop or nothing arrives at all.

Called by tasks of the ``rest`` worker under the engine role; every function is a few set-based statements. Two
judgements: a *webhook gap* (looking found a new record that a webhook should have told) and an *absence* (nothing
arrives in hours of the week that always brought something). Both end by themselves when something arrives.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from integrations.connectors import registry
from integrations.kinds import Kind
from integrations.operations import alerts

# A webhook may come this much later than the poll that found the record, and is looked for this far back.
_GRACE_MINUTES, _GAP_MINUTES = 3, 45
# How unlikely a silence must be before a person is told: with the expected count L, nothing arrives with exp(-L).
_SURPRISE = 0.0005
_EXPECTED_AT_LEAST = -math.log(_SURPRISE)
_WEEKS, _LEAST_WEEKS, _LONGEST_SILENCE_HOURS = 8, 2, 72
_CATCH_UP_HOURS = 48

# Hours are noted when they are over. One that is noted is never counted again; hours missed while nothing ran follow.
_NOTE = """
WITH span AS (
    SELECT greatest(coalesce((SELECT max(hour) FROM arrival_hour) + interval '1 hour', '-infinity'),
                    date_trunc('hour', now()) - make_interval(hours => %s)) AS first,
           date_trunc('hour', now() - interval '1 minute') AS next
)
INSERT INTO arrival_hour (tenant_id, connection_id, kind, hour, by_hook, by_poll)
SELECT e.tenant_id, e.connection_id, e.kind, date_trunc('hour', e.received_at),
       count(*) FILTER (WHERE e.found_by = 'webhook'), count(*) FILTER (WHERE e.found_by = 'poll')
FROM event e, span
WHERE e.received_at >= span.first AND e.received_at < span.next AND e.kind <> ''
  AND e.found_by IN ('webhook', 'poll')
GROUP BY 1, 2, 3, 4
ON CONFLICT (tenant_id, connection_id, kind, hour) DO NOTHING
"""

_GAPS = """
WITH recent AS MATERIALIZED (
    SELECT e.id, e.tenant_id, e.connection_id, e.kind, e.external_id, e.business_key, e.found_by, e.received_at
    FROM event e WHERE e.received_at > now() - make_interval(mins => %(window)s)
      AND e.found_by IN ('webhook', 'poll')
), told AS (
    SELECT tenant_id, connection_id, max(received_at) AS last_at FROM recent WHERE found_by = 'webhook'
    GROUP BY tenant_id, connection_id
)
SELECT p.tenant_id, p.connection_id, p.kind, min(c.name), min(c.system),
       array_agg(DISTINCT coalesce(nullif(p.business_key, ''), p.external_id)), min(p.received_at),
       coalesce((SELECT sum(x.count) FROM refused_hook x WHERE x.tenant_id = p.tenant_id
                 AND x.connection_id = p.connection_id AND x.last_at > now() - interval '24 hours'), 0)
FROM recent p
JOIN connection c ON c.tenant_id = p.tenant_id AND c.id = p.connection_id AND c.hook_token_hash IS NOT NULL
     AND c.archived_at IS NULL AND c.paused_at IS NULL
LEFT JOIN told t ON t.tenant_id = p.tenant_id AND t.connection_id = p.connection_id
WHERE p.found_by = 'poll' AND p.received_at < now() - make_interval(mins => %(grace)s)
  AND (t.last_at IS NULL OR t.last_at < p.received_at)
  -- Its first version here: a later one may be our own write, which no shop tells us back.
  AND EXISTS (SELECT 1 FROM run r WHERE r.tenant_id = p.tenant_id AND r.event_id = p.id AND r.sequence = 1)
  AND NOT EXISTS (SELECT 1 FROM recent w WHERE w.found_by = 'webhook' AND w.tenant_id = p.tenant_id
                  AND w.connection_id = p.connection_id AND w.kind = p.kind AND w.external_id = p.external_id)
  -- Webhooks are set up for this kind: some came before.
  AND (t.last_at IS NOT NULL OR EXISTS (
      SELECT 1 FROM arrival_hour a WHERE a.tenant_id = p.tenant_id AND a.connection_id = p.connection_id
      AND a.kind = p.kind AND a.by_hook > 0))
  AND NOT EXISTS (SELECT 1 FROM alert o WHERE o.tenant_id = p.tenant_id AND o.closed_at IS NULL
                  AND o.dedupe_key = 'webhook_gap:' || p.connection_id || ':' || p.kind)
GROUP BY p.tenant_id, p.connection_id, p.kind
"""

# The expected count of a silence is the sum over its hours of what the same hour of the week, in the company's zone,
# usually brings: the smaller of mean and median, so that one campaign teaches no rhythm.
_SILENCES = """
WITH recent AS MATERIALIZED (
    SELECT e.tenant_id, e.connection_id, e.kind, max(e.received_at) AS last_at
    FROM event e WHERE e.received_at >= date_trunc('hour', now()) - interval '2 hours'
      AND e.found_by IN ('webhook', 'poll')
    GROUP BY 1, 2, 3
), known AS (
    SELECT a.tenant_id, a.connection_id, a.kind, min(a.hour) AS first_hour,
           max(a.hour) + interval '1 hour' AS last_hour
    FROM arrival_hour a WHERE a.hour > now() - make_interval(weeks => %(weeks)s)
    GROUP BY 1, 2, 3 HAVING min(a.hour) <= now() - make_interval(weeks => %(least)s)
), silent AS (
    SELECT k.tenant_id, k.connection_id, k.kind, c.name, t.timezone AS zone,
           greatest(coalesce(r.last_at, k.last_hour), c.created_at,
                    now() - make_interval(hours => %(longest)s)) AS since,
           least(%(weeks)s, floor(extract(epoch FROM now() - k.first_hour) / 604800))::integer AS weeks
    FROM known k
    JOIN connection c ON c.tenant_id = k.tenant_id AND c.id = k.connection_id AND c.archived_at IS NULL
         AND c.paused_at IS NULL AND c.health NOT IN ('failing', 'refused')
    JOIN tenant t ON t.id = k.tenant_id AND t.paused_at IS NULL
    LEFT JOIN recent r ON r.tenant_id = k.tenant_id AND r.connection_id = k.connection_id AND r.kind = k.kind
    WHERE EXISTS (SELECT 1 FROM flow f JOIN pair p ON p.id = f.pair_id
                  WHERE f.tenant_id = k.tenant_id AND f.kind = k.kind AND f.follows = '' AND f.current_id IS NOT NULL
                  AND f.paused_at IS NULL AND p.paused_at IS NULL
                  AND CASE f.direction WHEN 'to_erp' THEN p.storefront_id ELSE p.erp_id END = k.connection_id)
      AND NOT EXISTS (SELECT 1 FROM alert o WHERE o.tenant_id = k.tenant_id AND o.closed_at IS NULL
                      AND o.dedupe_key = 'absence:' || k.connection_id || ':' || k.kind)
), expected AS (
    SELECT s.tenant_id, s.connection_id, s.kind, sum(h.share * least(w.mean, w.median)) AS count
    FROM silent s
    CROSS JOIN LATERAL (
        SELECT g.hour, extract(epoch FROM least(g.hour + interval '1 hour', now()) - greatest(g.hour, s.since))
               / 3600.0 AS share
        FROM generate_series(date_trunc('hour', s.since), now(), interval '1 hour') AS g (hour)
    ) h
    CROSS JOIN LATERAL (
        SELECT avg(coalesce(a.by_hook + a.by_poll, 0)) AS mean,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(a.by_hook + a.by_poll, 0)) AS median
        FROM generate_series(1, s.weeks) AS back (week)
        LEFT JOIN arrival_hour a ON a.tenant_id = s.tenant_id AND a.connection_id = s.connection_id
            AND a.kind = s.kind
            AND a.hour = ((h.hour AT TIME ZONE s.zone) - make_interval(weeks => back.week)) AT TIME ZONE s.zone
    ) w
    GROUP BY 1, 2, 3
)
SELECT s.tenant_id, s.connection_id, s.kind, s.name, s.since, e.count, s.weeks, s.zone
FROM silent s JOIN expected e USING (tenant_id, connection_id, kind)
WHERE e.count >= %(expected)s
"""

# An alert's key carries what it is about: rule:connection:kind.
_ENDED = """
SELECT a.tenant_id, a.dedupe_key FROM alert a
WHERE a.closed_at IS NULL AND a.rule = %s
  AND (EXISTS (SELECT 1 FROM event e WHERE e.received_at > greatest(a.opened_at, now() - interval '2 hours')
               AND e.tenant_id = a.tenant_id AND e.connection_id = a.connection_id
               AND e.kind = split_part(a.dedupe_key, ':', 3) AND e.found_by = ANY (%s))
       OR EXISTS (SELECT 1 FROM arrival_hour h WHERE h.tenant_id = a.tenant_id AND h.connection_id = a.connection_id
                  AND h.kind = split_part(a.dedupe_key, ':', 3) AND h.hour > a.opened_at
                  AND CASE WHEN 'poll' = ANY (%s) THEN h.by_hook + h.by_poll ELSE h.by_hook END > 0))
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look told: alerts opened for gaps or absences, and alerts that ended."""

    opened: int
    closed: int


def watch_webhooks() -> Watched:
    """Note the hours that are over, and judge whether webhooks still tell what looking finds. Once a minute."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_NOTE, [_CATCH_UP_HOURS])
        closed = _close(cursor, "webhook_gap", ["webhook"], "A webhook arrived again.")
        closed += _close(cursor, "absence", ["webhook", "poll"], "Something arrived again.")
        return Watched(_tell_gaps(cursor), closed)


def watch_silence() -> Watched:
    """Judge whether anything arrives where something always did. Every few minutes: it reads eight weeks of hours."""
    with transaction.atomic(), connection.cursor() as cursor:
        return Watched(_tell_absences(cursor), 0)


def _close(cursor: Any, rule: str, found_by: list[str], reason: str) -> int:
    cursor.execute(_ENDED, [rule, found_by, found_by])
    ended = cursor.fetchall()
    alerts.close_alerts(cursor, ended, reason)
    return len(ended)


def _tell_gaps(cursor: Any) -> int:
    cursor.execute(_GAPS, {"window": _GAP_MINUTES, "grace": _GRACE_MINUTES})
    gaps = cursor.fetchall()
    for tenant_id, connection_id, kind, name, system, numbers, since, refused in gaps:
        label = registry.get_spec(system).label
        advice = (
            f"{refused} deliveries were refused in 24 hours: set the webhook secret anew on both sides."
            if refused
            else f"Register it again: copy the webhook address from the connection's page into {label}."
        )
        alerts.open_alert(
            cursor,
            tenant_id,
            alerts.Condition(
                f"webhook_gap:{connection_id}:{kind}",
                "webhook_gap",
                f"{name} stopped telling us of new records",
                f"Since {since:%Y-%m-%d %H:%M} UTC looking found {_some(numbers, Kind(kind))} that no webhook told."
                f" Nothing is lost, it only comes later. {advice}",
                "a webhook arrives",
                connection_id=connection_id,
            ),
        )
    return len(gaps)


def _some(numbers: list[str], kind: Kind) -> str:
    shown = ", ".join(sorted(numbers)[:5])
    return f"{kind.label} {shown}{f' and {len(numbers) - 5} more' if len(numbers) > 5 else ''}"


def _tell_absences(cursor: Any) -> int:
    cursor.execute(
        _SILENCES,
        {
            "weeks": _WEEKS,
            "least": _LEAST_WEEKS,
            "longest": _LONGEST_SILENCE_HOURS,
            "expected": _EXPECTED_AT_LEAST,
        },
    )
    silences = cursor.fetchall()
    for tenant_id, connection_id, kind, name, since, expected, weeks, zone in silences:
        alerts.open_alert(
            cursor,
            tenant_id,
            alerts.Condition(
                f"absence:{connection_id}:{kind}",
                "absence",
                f"No {Kind(kind).label} arrives from {name}",
                _silence_words(since, float(expected), weeks, zone),
                "the next one arrives",
                connection_id=connection_id,
            ),
        )
    return len(silences)


def _silence_words(since: datetime, expected: float, weeks: int, zone: str) -> str:
    return (
        f"Nothing since {since:%Y-%m-%d %H:%M} UTC; at this time of the week ({zone}) about {expected:.0f} arrive,"
        f" by the last {weeks} weeks. See whether the shop takes orders and whether the connection's test passes."
    )
