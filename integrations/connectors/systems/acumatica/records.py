"""What all kinds share: keys in external ids, records for the product, checks of a mapped record before it is sent."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.errors import FieldProblem, NotFound, Rejected
from integrations.connectors.systems.acumatica.fields import SYSTEM
from integrations.kinds import EntitySchema, FieldInfo, Kind, Record


def keys_of(external_id: str, count: int, what: str) -> list[str]:
    """Return the keys in an external id such as ``SO/000073``. Raises NotFound for anything else."""
    keys = external_id.split("/")
    if len(keys) != count or not all(key.strip() for key in keys):
        raise NotFound(f"{external_id} is no {what} of Acumatica")
    return keys


def moment(value: object) -> datetime | None:
    """Return a value only when it is a moment."""
    return value if isinstance(value, datetime) else None


def record(
    kind: Kind,
    external_id: str,
    fields: Mapping[str, Any],
    *,
    updated_at: object = None,
    business_key: str,
    search_keys: Mapping[str, Any] | None = None,
) -> Record:
    """Return a record of this system."""
    named = {name: str(value) for name, value in (search_keys or {}).items() if value}
    at = moment(updated_at)
    # Two changes within one millisecond have one time; a thin record has nothing else to tell them apart.
    return Record(SYSTEM, kind, external_id, fields, at, business_key, named, at.isoformat() if at else "")


def same(held: object, wanted: object) -> bool:
    """Return whether a field already holds a value, whatever its spelling."""
    if isinstance(held, bool) or isinstance(wanted, bool):
        return bool(held) is bool(wanted)
    if isinstance(held, Decimal | int) and isinstance(wanted, Decimal | int):
        return held == wanted
    return str(held or "").strip() == str(wanted or "").strip()


def changed_fields(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a mapped record differs from the held one; lists are taken as they are."""
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if isinstance(value, Mapping):
            inner = changed_fields(held.get(name) or {}, value)
            if inner:
                found[name] = inner
        elif isinstance(value, list) or not same(held.get(name), value):
            found[name] = value
    return found


def writable(fields: Mapping[str, Any], known: Iterable[FieldInfo]) -> dict[str, Any]:
    """Return a mapped record without fields that Acumatica computes and without what is nothing."""
    infos = {info.name: info for info in known}
    found: dict[str, Any] = {}
    for name, value in fields.items():
        info = infos.get(name)
        if value is None or (info is not None and info.read_only):
            continue
        if info is not None and info.fields and isinstance(value, Mapping):
            value = writable(value, info.fields)
        elif info is not None and info.fields and isinstance(value, list):
            value = [writable(row, info.fields) for row in value if isinstance(row, Mapping)]
        found[name] = value
    return found


def refuse_unfit(fields: Mapping[str, Any], schema: EntitySchema, *, creating: bool) -> None:
    """Raise Rejected naming what is missing or too long; nothing is ever cut."""
    problems = tuple(_problems(fields, schema.fields, "", creating=creating))
    if problems:
        raise Rejected(f"{problems[0].field} {problems[0].rule}", problems=problems)


def _problems(
    fields: Mapping[str, Any], known: Iterable[FieldInfo], path: str, *, creating: bool
) -> Iterator[FieldProblem]:
    for info in known:
        value = fields.get(info.name)
        here = f"{path}{info.name}"
        if creating and info.required and value in (None, "", []):
            yield FieldProblem(here, "", "is required")
        elif isinstance(value, str) and info.max_length is not None and len(value) > info.max_length:
            yield FieldProblem(here, value, f"has {len(value)} characters; {info.max_length} fit")
        elif isinstance(value, list) and info.fields:
            for place, row in enumerate(value):
                if isinstance(row, Mapping):
                    yield from _problems(row, info.fields, f"{here}[{place}].", creating=creating)
        elif isinstance(value, Mapping) and info.fields:
            yield from _problems(value, info.fields, f"{here}.", creating=creating)
