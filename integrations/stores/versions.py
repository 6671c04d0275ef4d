"""Compiled flow versions and value tables, cached per process: published versions never change."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from integrations.flows.definition import CompiledFlow, compile_flow
from integrations.mapping import ValueTable
from integrations.models import FlowVersion, ValueMapVersion
from integrations.stores import statements

_compiled: dict[int, CompiledFlow] = {}
_CACHE_LIMIT = 5_000
_CURRENT_MAPS = "SELECT id, pair_id, key, current_number FROM value_map WHERE pair_id = ANY (%s::bigint[])"


def compiled(version_ids: Iterable[int]) -> dict[int, CompiledFlow]:
    """Return the compiled versions, reading those not seen before in one query."""
    wanted = set(version_ids)
    missing = wanted - _compiled.keys()
    if missing:
        if len(_compiled) > _CACHE_LIMIT:
            _compiled.clear()
            missing = wanted
        for version in FlowVersion.across_tenants.filter(pk__in=missing):
            _compiled[version.pk] = compile_flow(
                version.definition, version_id=version.pk, version_number=version.number
            )
    return {version_id: _compiled[version_id] for version_id in wanted}


def value_tables(pair_ids: Iterable[int]) -> dict[int, dict[str, ValueTable]]:
    """Return the current value tables of each pair, by key."""
    found: dict[int, dict[str, ValueTable]] = {pair_id: {} for pair_id in pair_ids}
    for map_id, pair_id, key, number in statements.fetch(_CURRENT_MAPS, [list(found)]):
        found[pair_id][key] = _table(map_id, key, number)
    return found


@lru_cache(maxsize=2_000)
def _table(map_id: int, key: str, number: int) -> ValueTable:
    version: Any = ValueMapVersion.across_tenants.get(value_map_id=map_id, number=number)
    return ValueTable(key, number, version.rows, version.unknown, version.default)


def forget() -> None:
    """Drop what is cached by id: where ids start over, as between tests."""
    _compiled.clear()
    _table.cache_clear()
