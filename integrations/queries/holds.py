"""What held runs wait for, counted by condition: how many a link or a value-map row would let go.

Asked before anything is saved, by the error desk, the value maps' editor and the API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from integrations.kinds import Kind
from integrations.models import Pair, current_tenant_id
from integrations.queries.causes import plural


@dataclass(frozen=True, slots=True)
class Waiting:
    """The runs of one flow that wait for one condition."""

    pair_id: int
    flow_id: int
    flow_name: str
    run_kind: Kind
    kind: str
    key: str
    count: int
    oldest_at: datetime

    @property
    def nouns(self) -> str:
        """``17 orders``."""
        return f"{self.count:,d} {plural(self.run_kind.label, self.count)}"


_WAITING = """
SELECT r.pair_id, r.flow_id, f.name, r.kind, h.kind, h.key, count(DISTINCT r.id), min(h.created_at)
FROM hold h
JOIN run r ON r.tenant_id = h.tenant_id AND r.id = h.run_id AND r.status = 'held'
JOIN flow f ON f.tenant_id = r.tenant_id AND f.id = r.flow_id
WHERE h.tenant_id = %(tenant)s AND h.connection_id = ANY (%(connections)s) AND h.released_at IS NULL
  AND (%(kind)s = '' OR h.kind = %(kind)s) AND (%(keys)s::text[] IS NULL OR h.key = ANY (%(keys)s))
  AND (%(pair)s::bigint IS NULL OR r.pair_id = %(pair)s)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 7 DESC, 2, 6 LIMIT %(limit)s
"""


def waiting(
    *, pair_id: int | None = None, kind: str = "", keys: Sequence[str] | None = None, limit: int = 200
) -> list[Waiting]:
    """Return what held runs wait for, by flow and condition, most first.

    Reads open holds only: the index of those begins with the connection.
    """
    pairs = Pair.objects.all() if pair_id is None else Pair.objects.filter(pk=pair_id)
    connections = {one for ends in pairs.values_list("storefront_id", "erp_id") for one in ends}
    values: dict[str, Any] = {
        "tenant": current_tenant_id(),
        "connections": sorted(connections),
        "kind": kind,
        "keys": None if keys is None else list(keys),
        "pair": pair_id,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        return [
            Waiting(pair, flow, name, Kind(run_kind), hold_kind, key, many, oldest)
            for pair, flow, name, run_kind, hold_kind, key, many, oldest in cursor.fetchall()
        ]


def released_by_link(pair_id: int, storefront_sku: str, erp_sku: str = "") -> list[Waiting]:
    """Return what linking these SKUs would release, by flow."""
    keys = [one.strip() for one in (storefront_sku, erp_sku) if one.strip()]
    return waiting(pair_id=pair_id, kind=Kind.PRODUCT.value, keys=keys) if keys else []


def released_by_row(pair_id: int, table: str, source: str) -> list[Waiting]:
    """Return what a new row of a value map would release, by flow. ``source`` is the value as it arrives."""
    return waiting(pair_id=pair_id, kind="value_map", keys=[f"{table}:{source}"])


def release_words(found: Sequence[Waiting]) -> str:
    """Return ``17 orders and 3 payments``; "" when nothing waits."""
    parts = [one.nouns for one in found]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
