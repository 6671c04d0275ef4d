"""Lays a sent record over a held one, the way a contract-based PUT does.

Unknown fields are ignored, computed ones too; lines merge by ``id`` or key, others are added; ``delete`` removes;
``[]`` changes nothing [documented].
"""

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from integrations.sandbox.acumatica.entities import TYPES
from integrations.sandbox.acumatica.entity import Entity
from integrations.sandbox.acumatica.wire import Errors, coerce, unwrap

_SYSTEM = frozenset({"id", "rowNumber", "note", "error", "delete", "files", "_links", "custom"})


def merged(
    entity: Entity,
    held: Mapping[str, Any],
    sent: Mapping[str, Any],
    errors: Errors,
    path: tuple[str | int, ...] = (),
) -> dict[str, Any]:
    """Return the record with what was sent laid over it; what cannot be taken is noted in ``errors``."""
    record = copy.deepcopy(dict(held))
    record.setdefault("id", str(uuid.uuid4()))
    if unwrap(sent.get("note")) is not None:
        record["note"] = unwrap(sent["note"])
    if isinstance(sent.get("custom"), Mapping):
        for view, fields in sent["custom"].items():
            record.setdefault("custom", {}).setdefault(view, {}).update(fields)
    for name, value in sent.items():
        if name in _SYSTEM:
            continue
        here = (*path, name)
        if name in entity.fields:
            if name not in entity.computed:
                _take(record, name, entity.fields[name], value, errors, here)
        elif name in entity.linked and isinstance(value, Mapping):
            part = TYPES[entity.linked[name]]
            record[name] = merged(part, record.get(name) or {}, value, errors, here)
        elif name in entity.details and isinstance(value, list):
            part = TYPES[entity.details[name]]
            record[name] = _merged_rows(part, record.get(name) or [], value, errors, here)
    return record


def _take(
    record: dict[str, Any], name: str, kind: str, value: Any, errors: Errors, path: tuple[str | int, ...]
) -> None:
    if value == {}:
        return
    try:
        record[name] = coerce(name, kind, unwrap(value))
    except (ValueError, TypeError) as error:
        record[name] = str(unwrap(value))
        errors[path] = str(error)


def _merged_rows(
    part: Entity, held: list[Any], sent: list[Any], errors: Errors, path: tuple[str | int, ...]
) -> list[dict[str, Any]]:
    rows = [dict(row) for row in held]
    for row in sent:
        place = _place_of(part, rows, row)
        if row.get("delete") is True:
            if place is not None:
                del rows[place]
            continue
        here = (*path, len(rows) if place is None else place)
        made = merged(part, {} if place is None else rows[place], row, errors, here)
        if place is None:
            rows.append(made)
        else:
            rows[place] = made
    for number, row in enumerate(rows, 1):
        row["rowNumber"] = number
    if "LineNbr" in part.fields:
        highest = max((int(row.get("LineNbr") or 0) for row in rows), default=0)
        for row in rows:
            if not row.get("LineNbr"):
                highest += 1
                row["LineNbr"] = highest
    return rows


def _place_of(part: Entity, rows: list[dict[str, Any]], sent: Mapping[str, Any]) -> int | None:
    """Return which held row is meant: by id, else by key; None = a new one."""
    wanted = sent.get("id")
    keys = {name: unwrap(sent[name]) for name in part.keys if sent.get(name)}
    for place, row in enumerate(rows):
        if wanted and row.get("id") == wanted:
            return place
        if not wanted and keys and all(str(row.get(name)) == str(value) for name, value in keys.items()):
            return place
    return None
