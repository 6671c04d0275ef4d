"""Decides about fields that were changed on both sides: one side wins, the newer one does, or a person is asked.

A link remembers what each side held when they last agreed, group by group. A change on one side alone is no conflict:
ours is sent, theirs stays until the flow that comes back carries it over. Called by the write step for linked records.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.flows.definition import ConflictGroup
from integrations.flows.ports import Link
from integrations.kinds import Record, Side, content_hash


@dataclass(frozen=True, slots=True)
class Judgement:
    """Which groups are sent, which stay as the target has them, and which wait for a person."""

    sent: tuple[ConflictGroup, ...]
    kept: tuple[ConflictGroup, ...]
    asked: tuple[ConflictGroup, ...]

    def fields(self, mapped: Mapping[str, Any]) -> dict[str, Any]:
        """Return the mapped record without the fields that stay as the target has them."""
        left_out = {name for group in self.kept for name in group.fields}
        return {name: value for name, value in mapped.items() if name not in left_out}


def judge(
    groups: Sequence[ConflictGroup],
    mapped: Mapping[str, Any],
    theirs: Record,
    link: Link,
    *,
    target: Side,
    source_updated_at: datetime | None,
    is_approved: bool,
) -> Judgement:
    """Judge each group of a linked record, whose target holds ``theirs`` now.

    Without a memory of the last agreement (the link was found, not made by a write) both sides count as changed.
    """
    remembered = json.loads(link.agreed) if link.agreed else {}
    agreed: Mapping[str, Sequence[str]] = remembered.get(target.value, {})
    sent: list[ConflictGroup] = []
    kept: list[ConflictGroup] = []
    asked: list[ConflictGroup] = []
    for group in groups:
        ours_now, theirs_now = _hash(group, mapped), _hash(group, theirs.fields)
        ours_then, theirs_then = agreed.get(group.name, ("", ""))
        if theirs_now in (ours_now, ours_then, theirs_then):
            sent.append(group)  # theirs is what it was, or what ours is
        elif ours_now == ours_then:
            kept.append(group)
        else:
            winner = _winner(group, target, source_updated_at, theirs.updated_at)
            if is_approved or winner is target.other:
                sent.append(group)
            else:
                (kept if winner is target else asked).append(group)
    return Judgement(tuple(sent), tuple(kept), tuple(asked))


def agreement(
    groups: Sequence[ConflictGroup], mapped: Mapping[str, Any], held: Mapping[str, Any], target: Side
) -> str | None:
    """Return what a link remembers of one direction: per group the hash of ours and of what the target holds now."""
    if not groups:
        return None
    hashes = {group.name: [_hash(group, mapped), _hash(group, {**mapped, **held})] for group in groups}
    return json.dumps({target.value: hashes})


def _winner(
    group: ConflictGroup, target: Side, ours_at: datetime | None, theirs_at: datetime | None
) -> Side | None:
    """Return the side whose values stand; None when a person decides, or nobody knows which one is newer."""
    if group.wins in (Side.STOREFRONT.value, Side.ERP.value):
        return Side(group.wins)
    if group.wins == "newer" and ours_at is not None and theirs_at is not None and ours_at != theirs_at:
        return target.other if ours_at > theirs_at else target
    return None


def _hash(group: ConflictGroup, fields: Mapping[str, Any]) -> str:
    return content_hash([_folded(fields.get(name)) for name in group.fields])


def _folded(value: Any) -> Any:
    """Return a value as far as it means something: blanks at the ends, case and nothing at all are no difference."""
    if isinstance(value, str):
        return value.strip().casefold()
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, Mapping):
        return {name: _folded(one) for name, one in value.items()}
    return [_folded(one) for one in value] if isinstance(value, list) else value
