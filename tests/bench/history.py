"""Puts finished runs into the bench's tables, as months of use would; run as the owner role.

``python -m tests.bench.history COUNT``: events, heads, runs, attempts, links and search keys, spread over all pairs.
"""

import sys

import django

django.setup()

from django.db import connection  # noqa: E402  settings first

_PIECE = 100_000
_SOURCES = """
CREATE TEMP TABLE source AS
SELECT row_number() OVER (ORDER BY f.id) - 1 AS place, f.tenant_id, f.pair_id, f.id AS flow_id, f.current_id,
       p.storefront_id
FROM flow f JOIN pair p ON p.id = f.pair_id WHERE f.kind = 'order' AND f.follows = '';
CREATE TEMP TABLE old AS SELECT n, s.*, 'H' || n AS key FROM generate_series({first}, {last}) n
JOIN source s ON s.place = n % (SELECT count(*) FROM source)
"""
_ROWS = (
    "INSERT INTO event (tenant_id, connection_id, dedupe_key, topic, kind, external_id, business_key, found_by,"
    " has_record, body_sha256, masked, problem, deliveries)"
    " SELECT tenant_id, storefront_id, 'h-' || n, 'order.created', 'order', key, key, 'webhook', false, '\\x00', '[]',"
    " '', 1 FROM old",
    "INSERT INTO record_head (tenant_id, flow_id, record_key, last_sequence, seen_hash)"
    " SELECT tenant_id, flow_id, key, 1, '' FROM old",
    "INSERT INTO run (tenant_id, pair_id, flow_id, flow_version_id, event_id, kind, record_key, sequence, is_head, lane,"
    " status, fence, attempts, must_find, reason, reason_code, problem, business_key, target_id, target_key, source_hash,"
    " amount, currency, context, started_at, finished_at)"
    " SELECT o.tenant_id, o.pair_id, o.flow_id, o.current_id, e.id, 'order', o.key, 1, false, 'realtime', 'succeeded', 1,"
    " 1, false, '', '', '[]', o.key, 'E' || o.n, 'E' || o.n, md5(o.key), 128, 'USD', '{}', now(), now()"
    " FROM old o JOIN event e ON e.tenant_id = o.tenant_id AND e.connection_id = o.storefront_id"
    "  AND e.dedupe_key = 'h-' || o.n",
    "CREATE TEMP TABLE made AS SELECT r.id, r.tenant_id, r.pair_id, r.record_key, r.target_id"
    " FROM old o JOIN run r ON r.tenant_id = o.tenant_id AND r.business_key = o.key",
    "INSERT INTO attempt (tenant_id, run_id, number, step, outcome, error, message, detail, request_id, hops, calls,"
    " started_at, finished_at)"
    " SELECT tenant_id, id, 1, 'write', 'succeeded', '', '', '', '', '[]', 1, now(), now() FROM made",
    "INSERT INTO record_link (tenant_id, pair_id, kind, storefront_id, storefront_key, erp_id, erp_key, written_to_erp,"
    " written_to_storefront, source_hash, made_by)"
    " SELECT tenant_id, pair_id, 'order', record_key, record_key, target_id, target_id, '', '', '', 'written' FROM made",
    "INSERT INTO search_key (tenant_id, run_id, name, value)"
    " SELECT tenant_id, id, 'number', lower(record_key) FROM made"
    " UNION ALL SELECT tenant_id, id, 'target', lower(target_id) FROM made",
    "DROP TABLE made, old, source",
)


def main(count: int) -> None:
    with connection.cursor() as cursor:
        for first in range(1, count + 1, _PIECE):
            last = min(count, first + _PIECE - 1)
            cursor.execute(_SOURCES.format(first=first, last=last))
            for statement in _ROWS:
                cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main(int(sys.argv[1]))
