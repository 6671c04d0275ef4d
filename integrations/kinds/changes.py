"""Two versions of a record laid side by side, and a masked one made whole again: pure, for edits of people.

Paths are written as people read them: ``lines[0].sku``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from integrations.kinds.privacy import DOTS, is_personal, is_secret, mask_text, masked


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One place where two versions differ; None stands for "not there" as its kind says."""

    path: str
    kind: ChangeKind
    before: Any
    after: Any

    @property
    def name(self) -> str:
        """The last field name of the path, without a list's place."""
        return self.path.rsplit(".", 1)[-1].split("[", 1)[0]

    @property
    def masked(self) -> "FieldChange":
        """The same with personal values masked, as the record itself is shown."""
        if is_personal(self.name):
            return replace(self, before=_masked_text(self.before), after=_masked_text(self.after))
        return replace(self, before=masked(self.before, self.name), after=masked(self.after, self.name))


def _masked_text(value: Any) -> Any:
    return masked(value) if isinstance(value, Mapping | list) or value is None else mask_text(str(value))


class NotEditable(ValueError):
    """A value that nobody may change here, or that cannot be told from its mask; ``path`` names it."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(f"{path} {rule}")
        self.path = path
        self.rule = rule


_ABSENT: Any = object()


def changes_between(before: Any, after: Any) -> list[FieldChange]:
    """Return every place that differs, in the order of the later version; lists are compared place by place."""
    return list(_compare(before, after, ""))


def _compare(before: Any, after: Any, path: str) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in (*after, *(key for key in before if key not in after)):
            inner = f"{path}.{key}" if path else str(key)
            yield from _compare(before.get(key, _ABSENT), after.get(key, _ABSENT), inner)
    elif isinstance(before, list) and isinstance(after, list):
        for place in range(max(len(before), len(after))):
            yield from _compare(_at(before, place), _at(after, place), f"{path}[{place}]")
    elif before is _ABSENT:
        yield FieldChange(path, ChangeKind.ADDED, None, after)
    elif after is _ABSENT:
        yield FieldChange(path, ChangeKind.REMOVED, before, None)
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield FieldChange(path, ChangeKind.CHANGED, before, after)


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else _ABSENT


def restored(edited: Any, original: Any, *, locked_mark: str, may_see_personal: bool) -> Any:
    """Return an edited record with masked values as they were in the original.

    ``locked_mark`` is what stands where a card number was. Raises NotEditable for a changed secret or card
    number, and for a personal value that was changed without being seen.
    """
    return _restored(edited, original, "", "", locked_mark, may_see_personal=may_see_personal)


def _restored(
    edited: Any, original: Any, name: str, path: str, locked_mark: str, *, may_see_personal: bool
) -> Any:
    if isinstance(edited, Mapping):
        known = original if isinstance(original, Mapping) else {}
        _keep_what_is_locked(edited, known, path, locked_mark)
        return {
            key: _restored(
                one, known.get(key, _ABSENT), str(key), f"{path}.{key}" if path else str(key), locked_mark,
                may_see_personal=may_see_personal,
            )
            for key, one in edited.items()
        }  # fmt: skip
    if isinstance(edited, list):
        known_list = original if isinstance(original, list) else []
        return [
            _restored(
                one, _at(known_list, place), name, f"{path}[{place}]", locked_mark,
                may_see_personal=may_see_personal,
            )
            for place, one in enumerate(edited)
        ]  # fmt: skip
    return _restored_value(edited, original, name, path, locked_mark, may_see_personal=may_see_personal)


def _keep_what_is_locked(
    edited: Mapping[str, Any], known: Mapping[str, Any], path: str, locked_mark: str
) -> None:
    for key, one in known.items():
        if key not in edited and _is_locked(one, str(key), locked_mark):
            raise NotEditable(f"{path}.{key}" if path else str(key), "cannot be taken out")


def _is_locked(value: Any, name: str, locked_mark: str) -> bool:
    return is_secret(name) or (isinstance(value, str) and locked_mark in value)


def _restored_value(
    edited: Any, original: Any, name: str, path: str, locked_mark: str, *, may_see_personal: bool
) -> Any:
    if original is not _ABSENT and edited == original:
        return edited
    if _is_locked(original, name, locked_mark) or _is_locked(edited, name, locked_mark):
        raise NotEditable(path, "is a secret or a card number; it cannot be edited")
    is_shown_masked = isinstance(original, str) and masked(original, name) != original
    if is_shown_masked and edited == masked(original, name):
        return original
    if isinstance(edited, str) and DOTS in edited:
        raise NotEditable(path, "is masked; show personal data before changing it")
    if is_shown_masked and not may_see_personal:
        raise NotEditable(path, "is masked; show personal data before changing it")
    return edited


_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,6})\]")


def with_values(
    record: Mapping[str, Any], values: Mapping[str, Any], removed: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a copy of a record with these paths set and those taken out.

    A path leads through what is there; only its last field may be new. Raises NotEditable for one that does not.
    """
    made = deepcopy(dict(record))
    for path, value in values.items():
        holder, last = _holder(made, path)
        if isinstance(holder, list) and last not in range(len(holder)):
            raise NotEditable(path, "leads nowhere")
        holder[last] = value
    # From the back, so that the places of a list stay what they were called.
    for path in sorted(
        removed, key=lambda one: [int(place or 0) for _, place in _STEP.findall(one)], reverse=True
    ):
        holder, last = _holder(made, path)
        if not _has(holder, last):
            raise NotEditable(path, "leads nowhere")
        del holder[last]
    return made


def _holder(record: dict[str, Any], path: str) -> tuple[Any, Any]:
    """Return what holds the last step of a path, and that step: a name, or a place in a list."""
    steps = [name or int(place) for name, place in _STEP.findall(path)]
    if not steps:
        raise NotEditable(path or "path", "leads nowhere")
    here: Any = record
    for step in steps[:-1]:
        if not _has(here, step):
            raise NotEditable(path, "leads nowhere")
        here = here[step]
    if not isinstance(here, list if isinstance(steps[-1], int) else dict):
        raise NotEditable(path, "leads nowhere")
    return here, steps[-1]


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(holder, list) and step < len(holder)
    return isinstance(holder, dict) and step in holder


def holds_before(record: Mapping[str, Any], changes: Sequence[FieldChange]) -> bool:
    """Return whether a record holds at each changed path what stood there before; nothing where something was added."""
    return all(_is_as_before(record, change) for change in changes)


def _is_as_before(record: Mapping[str, Any], change: FieldChange) -> bool:
    try:
        holder, last = _holder(dict(record), change.path)
    except NotEditable:
        return False
    if change.kind is ChangeKind.ADDED or not _has(holder, last):
        return change.kind is ChangeKind.ADDED and not _has(holder, last)
    here = holder[last]
    return bool(here == change.before) and isinstance(here, bool) is isinstance(change.before, bool)


def with_changes(record: Mapping[str, Any], changes: Sequence[FieldChange]) -> dict[str, Any]:
    """Return a copy of a record with the same changes made. Raises NotEditable where a path leads nowhere."""
    values = {one.path: one.after for one in changes if one.kind is not ChangeKind.REMOVED}
    return with_values(record, values, [one.path for one in changes if one.kind is ChangeKind.REMOVED])


def can_be_repeated(
    changes: Sequence[FieldChange], before: Mapping[str, Any], after: Mapping[str, Any]
) -> bool:
    """Return whether the changes, made by their paths, lead from one record to the other.

    They do not where a place was added to a list, or where a field's name looks like a path.
    """
    if not changes or not holds_before(before, changes):
        return False
    try:
        return not changes_between(after, with_changes(before, changes))
    except NotEditable:
        return False
