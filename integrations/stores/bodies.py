"""Opens the sealed bodies of a run for the pages: the record as it came, as it was mapped, what was exchanged.

Read by ``portal.web.passport`` and ``portal.web.errors``; masking is theirs. Bodies leave after their age
limit, so every one may be missing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from integrations.connectors.base import Exchange
from integrations.kinds.changes import ChangeKind, FieldChange
from integrations.kinds.record import from_canonical_json
from integrations.mapping import EvaluationContext, ValueTable
from integrations.mapping.trace import FieldTrace
from integrations.models import Attempt, Payload, Run, ValueMapVersion
from integrations.stores import vault, versions

_RECORDS = frozenset({"source", "mapped", "edited", "edited_map"})


@dataclass(frozen=True, slots=True)
class RunBodies:
    """The newest body of each role; None where there is none (any more)."""

    source: dict[str, Any] | None
    mapped: dict[str, Any] | None
    edited: dict[str, Any] | None
    edited_mapped: dict[str, Any] | None
    exchanges: tuple[Exchange, ...]


def open_bodies(tenant_id: int, run_id: int) -> RunBodies:
    """Return a run's bodies, opened. Raises crypto.KeyMissing, crypto.Tampered."""
    newest: dict[str, bytes] = {}
    exchanges: list[Exchange] = []
    for payload in Payload.objects.filter(run_id=run_id).order_by("id"):
        plain = vault.unseal(tenant_id, bytes(payload.sealed), payload.role)
        if payload.role == "exchange":
            exchanges.extend(Exchange(**one) for one in json.loads(plain))
        elif payload.role in _RECORDS:
            newest[payload.role] = plain
            if payload.role == "edited":
                # What was mapped before is not made of it.
                newest.pop("edited_map", None)
    opened = {role: from_canonical_json(plain) for role, plain in newest.items()}
    if "source" not in opened:
        opened |= _source_of_event(tenant_id, run_id)
    return RunBodies(
        opened.get("source"),
        opened.get("mapped"),
        opened.get("edited"),
        opened.get("edited_map"),
        tuple(exchanges),
    )


def _source_of_event(tenant_id: int, run_id: int) -> dict[str, dict[str, Any]]:
    """Return the record that the run's event carried, under ``source``: such a run stores no copy of it."""
    event_id = (
        Run.objects.filter(pk=run_id, event__has_record=True).values_list("event_id", flat=True).first()
    )
    # A run that was never served has read nothing yet; its page says so.
    if event_id is None or not Attempt.objects.filter(run_id=run_id).exists():
        return {}
    payload = Payload.objects.filter(event_id=event_id, role="event").first()
    if payload is None:
        return {}
    stored = from_canonical_json(vault.unseal(tenant_id, bytes(payload.sealed), "event"))
    return {"source": stored["fields"]}


@dataclass(frozen=True, slots=True)
class RunRecords:
    """The records of a waiting run as they would be sent now; None where there is none (any more)."""

    source: dict[str, Any] | None
    mapped: dict[str, Any] | None


def open_records(tenant_id: int, run_ids: Sequence[int]) -> dict[int, RunRecords]:
    """Return the records of runs that were served, as :func:`open_bodies` chooses them, in two statements.

    They are opened one by one: give a bounded number. Raises crypto.KeyMissing, crypto.Tampered.
    """
    newest: dict[tuple[int, str], Payload] = {
        (payload.run_id, payload.role): payload
        for payload in Payload.objects.filter(run_id__in=list(run_ids), role__in=list(_RECORDS))
        .order_by("run_id", "role", "-id")
        .distinct("run_id", "role")
    }
    bare = [one for one in run_ids if not any((one, role) in newest for role in ("edited", "source"))]
    carried = _records_of_events(tenant_id, bare)
    found = {}
    for run_id in run_ids:
        edited, edited_map = newest.get((run_id, "edited")), newest.get((run_id, "edited_map"))
        if edited is not None and edited_map is not None and edited_map.pk < edited.pk:
            # What was mapped before is not made of it.
            edited_map = None
        found[run_id] = RunRecords(
            _opened(tenant_id, edited or newest.get((run_id, "source"))) or carried.get(run_id),
            _opened(tenant_id, edited_map or newest.get((run_id, "mapped"))),
        )
    return found


def _opened(tenant_id: int, payload: Payload | None) -> dict[str, Any] | None:
    if payload is None:
        return None
    opened: dict[str, Any] = from_canonical_json(vault.unseal(tenant_id, bytes(payload.sealed), payload.role))
    return opened


def _records_of_events(tenant_id: int, run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the records that the events of these runs carried, as :func:`_source_of_event` does for one."""
    if not run_ids:
        return {}
    served = Attempt.objects.filter(run_id=OuterRef("pk"))
    events = dict(
        Run.objects.filter(Exists(served), pk__in=list(run_ids), event__has_record=True).values_list(
            "id", "event_id"
        )
    )
    stored = {
        payload.event_id: from_canonical_json(vault.unseal(tenant_id, bytes(payload.sealed), "event"))
        for payload in Payload.objects.filter(event_id__in=list(events.values()), role="event")
    }
    return {run_id: stored[event]["fields"] for run_id, event in events.items() if event in stored}


def retrace(run: Run, source: dict[str, Any]) -> list[FieldTrace]:
    """Recompute how each target field came about, with the version and context the run used.

    [] for a run that never came as far as its mapping.
    """
    context, version_id = run.context, run.flow_version_id
    if version_id is None or "mapping" not in context or "now" not in context:
        return []
    mapping = versions.compiled([version_id])[version_id].mappings[context["mapping"]]
    return mapping.trace(source, _context(run, context))


def _context(run: Run, context: dict[str, Any]) -> EvaluationContext:

    tables = {}
    for key, number in context.get("value_maps", {}).items():
        version = ValueMapVersion.objects.get(
            value_map__pair_id=run.pair_id, value_map__key=key, number=number
        )
        tables[key] = ValueTable(key, number, version.rows, version.unknown, version.default)
    return EvaluationContext(
        now=datetime.fromisoformat(context["now"]),
        value_tables=tables,
        links={(kind, key): target for kind, key, target in context.get("links", [])},
    )


def open_changes(tenant_id: int, payload_ids: Sequence[int]) -> dict[int, tuple[FieldChange, ...]]:
    """Return what edits changed, by payload; those whose bodies have left are missing."""
    return {
        payload.pk: tuple(
            FieldChange(one["path"], ChangeKind(one["kind"]), one["before"], one["after"])
            for one in from_canonical_json(vault.unseal(tenant_id, bytes(payload.sealed), "edit_diff"))
        )
        for payload in Payload.objects.filter(pk__in=list(payload_ids), role="edit_diff")
    }
