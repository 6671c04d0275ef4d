"""Starts a pair that has no ready flows with drafts: stored as version 1 of flows that are not published.

An unpublished flow takes no record. Called by the pair's page; ``flows.drafts`` says how a draft is made.
"""

from django.db import transaction

from integrations.flows.drafts import FlowDraft, draft_flows
from integrations.models import Flow, FlowVersion, Pair
from integrations.operations import audit
from integrations.operations.audit import Actor


class DraftRefused(ValueError):
    """The pair takes no draft; the text says why."""


def preview(pair: Pair) -> list[FlowDraft]:
    """Return the drafts that a pair would start with; [] where nothing is known that they could be made from."""
    return draft_flows(pair.storefront.system, pair.erp.system)


def start_with_draft(pair_id: int, *, actor: Actor) -> int:
    """Store drafts of all flows the pair does not have; returns how many. Raises DraftRefused, Pair.DoesNotExist."""
    with transaction.atomic():
        pair = Pair.objects.select_related("storefront", "erp").select_for_update(of=("self",), no_key=True)
        found = pair.get(pk=pair_id)
        known = set(Flow.objects.filter(pair=found).values_list("key", flat=True))
        drafts = [one for one in preview(found) if one.template["definition"]["key"] not in known]
        if not drafts:
            raise DraftRefused(
                "There is nothing to draft: the pair has its flows, or no ready pair is like it."
            )
        for draft in drafts:
            _store(found, draft, actor)
        audit.record(
            actor, "pair.drafted", f"pair {found.pk}", f"{found.name}: {len(drafts)} flows, not published"
        )
    return len(drafts)


def _store(pair: Pair, draft: FlowDraft, actor: Actor) -> None:
    definition = draft.template["definition"]
    flow = Flow.objects.create(
        pair=pair,
        key=definition["key"],
        name=draft.template["name"],
        kind=definition["kind"],
        direction=definition["direction"],
        follows=draft.template.get("follows", ""),
        poll_seconds=draft.template.get("poll_seconds"),
    )
    FlowVersion.objects.create(
        flow=flow, number=1, definition=definition, comment=draft.template["comment"][:300], author=actor.name
    )
