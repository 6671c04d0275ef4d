"""What lets held runs go: a person links a SKU or adds the row that a value map lacks.

Called by ``portal.web.errors`` and the API inside ``in_tenant``. The first chunk goes with the change itself; what is
more than that goes on as a bulk action, so that it is seen how far it is.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from integrations.kinds import Kind, RunStatus
from integrations.models import ValueMap, ValueMapVersion, current_tenant_id
from integrations.operations import audit, bulk_actions, links
from integrations.operations.audit import Actor
from integrations.operations.wake import wake_on_commit
from integrations.queries import selections
from integrations.queries.selections import Selection


class RowRefused(ValueError):
    """The row cannot be added to the value map; the text says why."""


class LinkRefused(ValueError):
    """The link contradicts one that stands; the text names it."""


@dataclass(frozen=True, slots=True)
class Released:
    """How many runs went at once, how many follow, and the bulk action that sees them through."""

    at_once: int
    following: int = 0
    action_id: int | None = None

    @property
    def total(self) -> int:
        return self.at_once + self.following


def link_sku(pair_id: int, storefront_sku: str, erp_sku: str, *, actor: Actor) -> Released:
    """Link a SKU of the storefront with one of the ERP and release what waits for it.

    A link found by itself gives way to what a person says. Raises LinkRefused when the item belongs to another SKU,
    or when one of them is empty.
    """
    ours, theirs = storefront_sku.strip(), erp_sku.strip()
    if not ours or not theirs:
        raise LinkRefused("Both SKUs are needed.")
    waiting = [
        Selection(RunStatus.HELD, pair_id=pair_id, hold_kind=Kind.PRODUCT.value, hold_key=key)
        for key in dict.fromkeys((ours, theirs))
    ]
    with transaction.atomic():
        before = sum(map(selections.count, waiting))
        stands = links.link_by_hand(current_tenant_id(), pair_id, Kind.PRODUCT, ours, theirs)
        if (stands.storefront_key, stands.erp_id) != (ours, theirs):
            transaction.set_rollback(True)
            raise LinkRefused(
                f"{stands.storefront_key or stands.storefront_id} is linked to {stands.erp_id} already."
            )
        released = _see_through(before, waiting, f"what waits for SKU {ours}", actor)
        audit.record(
            actor,
            "link.added",
            f"pair {pair_id}",
            f"SKU {ours} is {theirs}; releases {released.total} records",
        )
        wake_on_commit()
    return released


def add_value_row(pair_id: int, key: str, source: str, target: str, *, actor: Actor) -> Released:
    """Add a row to a value map as a new version and release what waits for it.

    Raises RowRefused for an empty value, ValueMap.DoesNotExist.
    """
    if not source.strip() or not target.strip():
        raise RowRefused("Both values are needed.")
    waiting = [Selection(RunStatus.HELD, pair_id=pair_id, hold_kind="value_map", hold_key=f"{key}:{source}")]
    with transaction.atomic(), connection.cursor() as cursor:
        before = sum(map(selections.count, waiting))
        table = ValueMap.objects.select_for_update(no_key=True).get(pair_id=pair_id, key=key)
        _add_version(table, source, target.strip(), actor)
        links.release_satisfied(cursor, tenant_id=current_tenant_id(), kind="value_map", by=actor.name[:254])
        released = _see_through(before, waiting, f"what waits for {source} in map {key}", actor)
        summary = f"{table.name}: {source} is {target.strip()}; releases {released.total} records"
        audit.record(actor, "value_map.row_added", f"pair {pair_id}", summary)
        wake_on_commit()
    return released


def _add_version(table: Any, source: str, target: str, actor: Actor) -> None:
    current = ValueMapVersion.objects.get(value_map=table, number=table.current_number)
    ValueMapVersion.objects.create(
        value_map=table,
        number=table.current_number + 1,
        rows={**current.rows, source: target},
        unknown=current.unknown,
        default=current.default,
        author=actor.name,
    )
    ValueMap.objects.filter(pk=table.pk).update(current_number=table.current_number + 1)


def _see_through(before: int, waiting: list[Selection], words: str, actor: Actor) -> Released:
    """Return what the first chunk released; what is left of it is carried on by a bulk action."""
    left = [(one, selections.count(one)) for one in waiting]
    following = sum(many for _, many in left)
    actions = [bulk_actions.start_release(one, words, actor=actor) for one, many in left if many]
    return Released(before - following, following, actions[0].pk if actions else None)
