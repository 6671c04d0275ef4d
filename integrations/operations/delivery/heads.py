"""Order per record: what the end or the waiting of a run means for the next version of its record.

Called by ``finish`` inside its transaction. The heads are locked by a statement of their own, in the order in
which intake locks them; the statements after it then see what an intake that held them has added.
"""

from collections.abc import Sequence
from typing import Any

_LOCK = """
SELECT h.id FROM record_head h
JOIN run r ON h.tenant_id = r.tenant_id AND h.flow_id = r.flow_id AND h.record_key = r.record_key
WHERE r.id = ANY (%(ids)s) AND h.live_run_id = r.id
ORDER BY h.flow_id, h.record_key FOR UPDATE OF h
"""

# A newer version came while this one was being served: for a state only the newest matters, so it does not wait
# behind an older one that is held or will retry. One that may have been sent is settled first.
_SUPERSEDE = """
UPDATE run r
SET status = 'superseded', is_head = false, finished_at = now(),
    reason = 'A newer version of this record arrived.', reason_code = 'superseded'
WHERE r.id = ANY (%(ids)s) AND r.status IN ('held', 'retrying') AND NOT r.must_find
  AND r.kind IN ('order', 'product', 'customer', 'inventory')
  AND EXISTS (SELECT 1 FROM run n WHERE n.tenant_id = r.tenant_id AND n.flow_id = r.flow_id
              AND n.record_key = r.record_key AND n.sequence > r.sequence AND NOT n.is_head
              AND n.status IN ('queued', 'retrying'))
RETURNING r.id
"""

_PROMOTE = """
WITH freed AS (
    SELECT id, tenant_id, flow_id, record_key FROM record_head
    WHERE id = ANY (%(heads)s) AND live_run_id = ANY (%(ids)s)
), following AS (
    SELECT DISTINCT ON (f.id) f.id AS head_id, r.id AS run_id
    FROM freed f LEFT JOIN run r ON r.tenant_id = f.tenant_id AND r.flow_id = f.flow_id
        AND r.record_key = f.record_key AND NOT r.is_head AND r.status IN ('queued', 'retrying')
    ORDER BY f.id, r.sequence
), heads AS (
    UPDATE record_head h SET live_run_id = n.run_id FROM following n WHERE h.id = n.head_id
)
UPDATE run r SET is_head = true, due_at = least(r.due_at, now()) FROM following n WHERE r.id = n.run_id
"""


def pass_on(cursor: Any, *, ended: Sequence[int], waiting: Sequence[int]) -> set[int]:
    """Let the next version of each record be claimed; returns the waiting runs that a newer one superseded.

    ``ended`` runs free their head; ``waiting`` ones (held, retrying) do when a newer version of a state is there.
    """
    cursor.execute(_LOCK, {"ids": [*ended, *waiting]})
    heads = [row[0] for row in cursor.fetchall()]
    if not heads:
        return set()
    superseded: set[int] = set()
    if waiting:
        cursor.execute(_SUPERSEDE, {"ids": list(waiting)})
        superseded = {row[0] for row in cursor.fetchall()}
    if ended or superseded:
        cursor.execute(_PROMOTE, {"heads": heads, "ids": [*ended, *superseded]})
    return superseded
