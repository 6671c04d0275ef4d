"""Pairs: a storefront and an ERP bound together, with the ready flows, value maps and polls of their pack."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integrations.connectors import registry
from integrations.flows.definition import compile_flow
from integrations.flows.proof import check_flow
from integrations.kinds import Direction, Environment, Kind, Side
from integrations.mapping import ValueTable
from integrations.models import Connection, Flow, FlowVersion, Pair, PollCursor, ValueMap, ValueMapVersion
from integrations.operations import audit
from integrations.operations.audit import Actor
from integrations.operations.wake import wake_on_commit

_SANDBOX_POLL_SECONDS = 3


class PairRefused(ValueError):
    """The two connections do not make a pair; the text says why."""


class FlowRefused(ValueError):
    """A flow is not published: a mapping of it would make what the target refuses. The text names field and record."""


def create_pair(
    name: str,
    environment: Environment,
    storefront_id: int,
    erp_id: int,
    *,
    actor: Actor,
    starts_now: bool = True,
) -> Pair:
    """Create a pair of the current tenant with its pack's flows published as version 1.

    Records older than now enter only by an initial load. Raises PairRefused, Connection.DoesNotExist.
    """
    storefront = Connection.objects.get(pk=storefront_id, archived_at=None)
    erp = Connection.objects.get(pk=erp_id, archived_at=None)
    for side, chosen in ((Side.STOREFRONT, storefront), (Side.ERP, erp)):
        if registry.get_spec(chosen.system).side is not side:
            raise PairRefused(f"{chosen.name} is not a {side.value.replace('_', ' ')}.")
    if not name.strip() or Pair.objects.filter(name=name.strip()).exists():
        raise PairRefused("Give the pair a name that no other has.")
    if Pair.objects.filter(storefront=storefront, erp=erp, environment=environment.value).exists():
        raise PairRefused("These two are paired in this environment already.")
    with transaction.atomic():
        pair = Pair.objects.create(
            name=name.strip(), environment=environment.value, storefront=storefront, erp=erp
        )
        for template in registry.template_pack(storefront.system, erp.system):
            for table in template.get("value_maps", ()):
                _create_value_map(pair, table, actor)
            _create_flow(pair, template, actor, starts_now)
        ensure_polls(pair)
        audit.record(
            actor, "pair.created", f"pair {pair.pk}", f"{pair.name}: {storefront.name} and {erp.name}"
        )
    return pair


def _create_value_map(pair: Pair, table: Mapping[str, Any], actor: Actor) -> None:
    made, is_new = ValueMap.objects.get_or_create(
        pair=pair, key=table["key"], defaults={"name": table["name"], "tenant_id": pair.tenant_id}
    )
    if is_new:
        ValueMapVersion.objects.create(
            value_map=made,
            number=1,
            rows=table["rows"],
            unknown=table.get("unknown", "hold"),
            default=table.get("default", ""),
            author=actor.name,
        )
        ValueMap.objects.filter(pk=made.pk).update(current_number=1)


def _create_flow(pair: Pair, template: Mapping[str, Any], actor: Actor, starts_now: bool) -> None:
    definition = template["definition"]
    _prove(pair, template)
    # Stock is a snapshot: what a quantity was before the start is the very thing to send first.
    is_snapshot = definition["kind"] == Kind.INVENTORY or template.get("follows")
    flow = Flow.objects.create(
        pair=pair,
        key=definition["key"],
        name=template["name"],
        kind=definition["kind"],
        direction=definition["direction"],
        follows=template.get("follows", ""),
        poll_seconds=template.get("poll_seconds"),
        starts_at=timezone.now() if starts_now and not is_snapshot else None,
    )
    version = FlowVersion.objects.create(
        flow=flow,
        number=1,
        definition=definition,
        comment=template.get("comment", "Ready template"),
        author=actor.name,
    )
    Flow.objects.filter(pk=flow.pk).update(current=version)


def _prove(pair: Pair, template: Mapping[str, Any]) -> None:
    """Check the flow's mappings with the pair's value maps before it is published. Raises FlowRefused, DocumentError."""
    systems = {Side.STOREFRONT: pair.storefront.system, Side.ERP: pair.erp.system}
    versions = ValueMapVersion.objects.filter(
        value_map__pair=pair, number=F("value_map__current_number")
    ).select_related("value_map")
    tables = {
        one.value_map.key: ValueTable(one.value_map.key, one.number, one.rows, one.unknown, one.default)
        for one in versions
    }
    proof = check_flow(
        compile_flow(template["definition"]),
        lambda side, kind: registry.schema(systems[side], kind),
        tables,
        follows=bool(template.get("follows")),
    )
    if not proof.is_publishable:
        raise FlowRefused(" ".join(proof.reasons())[:2000])


def ensure_polls(pair: Pair) -> None:
    """Give every polled kind of the pair's flows a cursor; the shortest interval wins.

    A sandbox pair is polled every few seconds: a person is watching.
    """
    for flow in Flow.objects.filter(pair=pair, poll_seconds__isnull=False):
        connection_id = (
            pair.storefront_id if Direction(flow.direction).source is Side.STOREFRONT else pair.erp_id
        )
        seconds = _SANDBOX_POLL_SECONDS if pair.environment == Environment.SANDBOX else flow.poll_seconds
        cursor, is_new = PollCursor.objects.get_or_create(
            connection_id=connection_id,
            kind=flow.kind,
            defaults={
                "interval_seconds": seconds,
                "due_at": timezone.now(),
                "tenant_id": pair.tenant_id,
            },
        )
        if not is_new and seconds < cursor.interval_seconds:
            PollCursor.objects.filter(pk=cursor.pk).update(interval_seconds=seconds)


def pause_pair(pair_id: int, reason: str, *, actor: Actor) -> None:
    """Stop delivering a pair's runs; events keep arriving and wait."""
    Pair.objects.filter(pk=pair_id, paused_at=None).update(
        paused_at=timezone.now(), pause_reason=reason[:200]
    )
    audit.record(actor, "pair.paused", f"pair {pair_id}", reason)


def resume_pair(pair_id: int, *, actor: Actor) -> None:
    """Let a paused pair go on; what waited goes in order."""
    Pair.objects.filter(pk=pair_id).update(paused_at=None, pause_reason="")
    audit.record(actor, "pair.resumed", f"pair {pair_id}", "")
    wake_on_commit()


def resume_flow(flow_id: int, *, actor: Actor) -> None:
    """Let a stopped flow go on; its waiting runs are served again."""
    Flow.objects.filter(pk=flow_id).update(paused_at=None, pause_reason="")
    audit.record(actor, "flow.resumed", f"flow {flow_id}", "")
    wake_on_commit()
