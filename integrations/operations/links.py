"""Record links, intents to create, and the release of holds: small set-based statements."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from integrations.flows.ports import IntentGrant, Link, LinkQuery
from integrations.kinds import Kind, Side
from integrations.stores import statements

_COLUMNS = (
    "storefront_id, erp_id, storefront_key, erp_key, written_to_erp, written_to_storefront, source_hash,"
    " agreed::text"
)
_INTENT_SECONDS = 30.0

_FIND = "SELECT * FROM connect_find_links(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[])"

# A hold is satisfied by a link of its record that is newer than the hold (an older one did not help: the other
# system said that the record is missing all the same), or by a row in the current version of its value map. An item
# whose stock was just carried over exists, so its inventory link counts for the product.
_SATISFIED = """
    EXISTS (SELECT 1 FROM record_link l WHERE l.tenant_id = h.tenant_id AND l.pair_id = r.pair_id
            AND (l.kind = h.kind OR h.kind = 'product' AND l.kind = 'inventory') AND l.updated_at >= h.created_at
            AND (l.storefront_key = h.key OR l.storefront_id = h.key OR l.erp_id = h.key))
    OR h.kind = 'value_map' AND EXISTS (
        SELECT 1 FROM value_map m
        JOIN value_map_version v ON v.tenant_id = m.tenant_id AND v.value_map_id = m.id AND v.number = m.current_number
        WHERE m.tenant_id = h.tenant_id AND m.pair_id = r.pair_id AND m.key = split_part(h.key, ':', 1)
          AND v.rows ? substr(h.key, strpos(h.key, ':') + 1))
"""


def find_links(wanted: Sequence[tuple[int, int, LinkQuery]]) -> list[Link | None]:
    """Return a link or None for each (tenant id, pair id, query), in one statement."""
    if not wanted:
        return []
    sides = [
        "storefront_key" if query.by_key and query.side is Side.STOREFRONT else query.side.value
        for _, _, query in wanted
    ]
    rows = statements.fetch(
        _FIND,
        [
            [tenant_id for tenant_id, _, _ in wanted],
            [pair_id for _, pair_id, _ in wanted],
            [query.kind.value for _, _, query in wanted],
            sides,
            [query.value for _, _, query in wanted],
        ],
    )
    found = {place: Link(*link) for place, *link in rows}
    return [found.get(place) for place in range(1, len(wanted) + 1)]


def claim_intent(
    tenant_id: int, pair_id: int, kind: Kind, natural_key: str, run_id: int, settle_seconds: float
) -> IntentGrant:
    """Ask to be the one who creates this record; committed before it returns.

    The holder's own retry gets it again, and must look first; a lapsed one is taken over likewise, and a
    look-up that finds nothing is believed only after ``settle_seconds``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO link_intent AS i (tenant_id, pair_id, kind, natural_key, run_id, leased_until, may_have_sent)"
            " VALUES (%(tenant)s, %(pair)s, %(kind)s, %(key)s, %(run)s, now() + make_interval(secs => %(lease)s), false)"
            " ON CONFLICT (tenant_id, pair_id, kind, natural_key) DO UPDATE"
            " SET run_id = excluded.run_id, may_have_sent = true,"
            "     leased_until = CASE WHEN i.run_id = excluded.run_id THEN i.leased_until ELSE excluded.leased_until END"
            " WHERE i.run_id = excluded.run_id OR i.leased_until < now()"
            " RETURNING may_have_sent, now() > leased_until - make_interval(secs => %(lease)s)"
            "     + make_interval(secs => %(settle)s)",
            {
                "tenant": tenant_id,
                "pair": pair_id,
                "kind": kind.value,
                "key": natural_key,
                "run": run_id,
                "lease": _INTENT_SECONDS,
                "settle": settle_seconds,
            },
        )
        row: Any = cursor.fetchone()
    if row is None:
        return IntentGrant(False)
    return IntentGrant(True, must_find=row[0], may_believe_missing=not row[0] or row[1])


def release_intent(tenant_id: int, pair_id: int, kind: Kind, natural_key: str, run_id: int) -> None:
    """Give up an intent under which nothing was sent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM link_intent WHERE tenant_id = %s AND pair_id = %s AND kind = %s AND natural_key = %s"
            " AND run_id = %s AND NOT may_have_sent",
            [tenant_id, pair_id, kind.value, natural_key, run_id],
        )


def save_link(tenant_id: int, pair_id: int, kind: Kind, link: Link, made_by: str) -> Link:
    """Commit a link, give up the intent on it, release the runs that waited; returns the link that stands."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO record_link (tenant_id, pair_id, kind, storefront_id, storefront_key, erp_id, erp_key,"
            " written_to_erp, written_to_storefront, source_hash, made_by)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, '', '', '', %s) ON CONFLICT DO NOTHING",
            [
                tenant_id,
                pair_id,
                kind.value,
                link.storefront_id,
                link.storefront_key,
                link.erp_id,
                link.erp_key,
                made_by,
            ],
        )
        cursor.execute(
            f"SELECT {_COLUMNS} FROM record_link WHERE tenant_id = %s AND pair_id = %s AND kind = %s"
            " AND (storefront_id = %s OR erp_id = %s) ORDER BY (storefront_id = %s) DESC LIMIT 1",
            [tenant_id, pair_id, kind.value, link.storefront_id, link.erp_id, link.storefront_id],
        )
        row: Any = cursor.fetchone()
        cursor.execute(
            "DELETE FROM link_intent WHERE tenant_id = %s AND pair_id = %s AND kind = %s AND natural_key = %s",
            [tenant_id, pair_id, kind.value, link.storefront_key],
        )
        release_satisfied(cursor, tenant_id=tenant_id, kind=kind.value)
    return Link(*row)


def link_by_hand(tenant_id: int, pair_id: int, kind: Kind, storefront_key: str, erp_id: str) -> Link:
    """Commit what a person says: a link found by itself is pointed elsewhere, a new one is made, holds are released.

    Returns the link that stands; it is another one when ``erp_id`` belongs to another record already.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM record_link WHERE tenant_id = %s AND pair_id = %s AND kind = %s AND erp_id = %s"
            " AND storefront_key <> %s AND storefront_id <> %s",
            [tenant_id, pair_id, kind.value, erp_id, storefront_key, storefront_key],
        )
        taken: Any = cursor.fetchone()
        if taken is not None:
            return Link(*taken)
        cursor.execute(
            "UPDATE record_link SET erp_id = %s, erp_key = %s, made_by = 'person', updated_at = now()"
            " WHERE id = (SELECT id FROM record_link WHERE tenant_id = %s AND pair_id = %s AND kind = %s"
            "  AND (storefront_key = %s OR storefront_id = %s) ORDER BY id LIMIT 1)",
            [erp_id, erp_id, tenant_id, pair_id, kind.value, storefront_key, storefront_key],
        )
        if cursor.rowcount:
            release_satisfied(cursor, tenant_id=tenant_id, kind=kind.value)
            return Link(storefront_key, erp_id, storefront_key, erp_id)
    return save_link(tenant_id, pair_id, kind, Link(storefront_key, erp_id, storefront_key, erp_id), "person")


def release_satisfied(
    cursor: Any, *, tenant_id: int | None = None, kind: str = "", by: str = "link added", limit: int = 500
) -> int:
    """Send held runs whose condition is met back to the queue, oldest first; returns how many.

    Called after a link or a value-map row was added, by every finish that held something, and by the sweep.
    """
    cursor.execute(
        f"""
        WITH ready AS (
            SELECT h.id, h.run_id, h.tenant_id FROM hold h
            JOIN run r ON r.tenant_id = h.tenant_id AND r.id = h.run_id AND r.status = 'held'
            WHERE h.released_at IS NULL AND (%(tenant)s::bigint IS NULL OR h.tenant_id = %(tenant)s)
              AND (%(kind)s = '' OR h.kind = %(kind)s) AND ({_SATISFIED})
            ORDER BY h.id LIMIT %(limit)s
        ), released AS (
            UPDATE hold h SET released_at = now(), released_by = %(by)s FROM ready
            WHERE h.tenant_id = ready.tenant_id AND h.id = ready.id
        )
        UPDATE run r SET status = 'queued', due_at = now(), reason = '', reason_code = '' FROM ready
        WHERE r.tenant_id = ready.tenant_id AND r.id = ready.run_id AND r.status = 'held'
        """,
        {"tenant": tenant_id, "kind": kind, "by": by, "limit": limit},
    )
    released: int = cursor.rowcount
    return released
