"""Templates and what a tenant changed in them: overlays, and the upgrade that keeps both sides' work.

A field is the unit: its rule is changed, added or dropped as a whole; lists made by ``each`` are merged field by
field inside. Used where a pair takes a newer template, and by configuration as code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Rule = Mapping[str, Any]
Fields = dict[str, Rule]
"""Rules by the path of their target field, in order: ``orderItems``, ``orderItems[].Descr``."""
_INNER = "rules"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed one field, differently. ``None`` = the field is not there on that side."""

    path: str
    base: Rule | None
    ours: Rule | None
    theirs: Rule | None


@dataclass(frozen=True, slots=True)
class Merge:
    """The upgraded document; at a conflict it keeps ours until a person decides."""

    document: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()
    taken: tuple[str, ...] = ()
    """Fields that came from their side."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a tenant changed in a template: rules that replace or add a field, and fields without a rule."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.rules and not self.dropped


def overlay_of(template: Mapping[str, Any], ours: Mapping[str, Any]) -> Overlay:
    """Return what makes ``ours`` of the template."""
    before, after = _fields(template), _fields(ours)
    changed = {path: rule for path, rule in after.items() if before.get(path) != rule}
    return Overlay(changed, tuple(path for path in before if path not in after))


def apply_overlay(template: Mapping[str, Any], overlay: Overlay) -> dict[str, Any]:
    """Return the template with a tenant's changes; what they added stands behind the template's own fields."""
    fields = {
        path: rule for path, rule in _fields(template).items() if not _is_dropped(path, overlay.dropped)
    }
    fields.update(overlay.rules)
    return _document(template, fields)


def merge(base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Merge:
    """Return our document brought to their version: what only one side changed is taken from that side."""
    base_fields, our_fields, their_fields = _fields(base), _fields(ours), _fields(theirs)
    made: Fields = {}
    conflicts, taken = [], []
    # Their order, then ours: an upgraded template reads like the template.
    for path in dict.fromkeys((*their_fields, *our_fields, *base_fields)):
        was, mine, new = base_fields.get(path), our_fields.get(path), their_fields.get(path)
        kept = mine
        if mine == was and new != was:
            kept = new
            taken.append(path)
        elif mine != was and new != was and mine != new:
            conflicts.append(Conflict(path, was, mine, new))
        if kept is not None:
            made[path] = kept
    document = _document({**theirs, "name": ours.get("name", theirs.get("name", ""))}, made)
    return Merge(document, tuple(conflicts), tuple(taken))


def resolve(merged: Merge, choices: Mapping[str, str]) -> dict[str, Any]:
    """Return the document after a person chose ``ours`` or ``theirs`` for every conflict. Raises KeyError for none."""
    fields = _fields(merged.document)
    for conflict in merged.conflicts:
        chosen = conflict.theirs if choices[conflict.path] == "theirs" else conflict.ours
        if chosen is None:
            fields.pop(conflict.path, None)
        else:
            fields[conflict.path] = chosen
    return _document(merged.document, fields)


def _is_dropped(path: str, dropped: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one}[].") for one in dropped)


def _fields(document: Mapping[str, Any]) -> Fields:
    found: Fields = {}

    def collect(rules: Any, prefix: str) -> None:
        for rule in rules:
            path = f"{prefix}{rule['to']}"
            found[path] = {word: value for word, value in rule.items() if word != _INNER}
            collect(rule.get(_INNER, ()), f"{path}[].")

    collect(document.get("rules", ()), "")
    return found


def _document(like: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Put rules back into their lists; the inner ones of a list that is gone, or no longer a list, go with it."""
    built: dict[str, dict[str, Any]] = {}
    top: list[dict[str, Any]] = []
    for path, rule in sorted(fields.items(), key=lambda one: one[0].count("[].")):
        outer = path.rpartition("[].")[0]
        made = {**rule, _INNER: []} if "each" in rule else dict(rule)
        if outer and (outer not in built or _INNER not in built[outer]):
            continue
        (built[outer][_INNER] if outer else top).append(made)
        built[path] = made
    return {**{word: value for word, value in like.items() if word != _INNER}, _INNER: top}
