"""``write``: exactly one effect in the target. Looks first whenever an earlier attempt may have been sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from integrations.connectors import errors
from integrations.connectors.base import BatchWriter, Found, Reader, Writer, WriteRequest, WriteResult
from integrations.connectors.spec import Verb
from integrations.flows import conflicts
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.outcome import HoldOn, LinkChange
from integrations.flows.ports import Link
from integrations.flows.stops import HeldFor, LookAgain, Skipped
from integrations.kinds import Kind, Side, content_hash
from integrations.mapping.money import HALF_CENT, MoneyDifference

Settle = Callable[[RunState, Callable[[], None]], None]
# Refusals that speak of what was sent, not of the connection: of a batch they tell nothing about its single records.
_OF_CONTENT = (
    errors.Rejected,
    errors.MissingReference,
    errors.NotFound,
    errors.Duplicate,
    errors.UnexpectedResponse,
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What will be written, where, and how the link remembers it."""

    writer: Writer
    request: WriteRequest
    written_hash: str
    is_per_record: bool
    held: Mapping[str, Any] = field(default_factory=dict)
    """What the target holds of fields that are not sent."""


def run(state: RunState, step: FlowStep) -> None:
    """Write the mapped record and note the link; skips what was written before and did not change."""
    _unless_gone(state, step, partial(_run, state, step))


def _run(state: RunState, step: FlowStep) -> None:
    plan = _plan(state, step)
    # A linked record is there in any case: finding it proves nothing about an update, which is sent again.
    is_doubtful = plan.request.reference and state.task.must_find and state.own_link() is None
    if is_doubtful and (found := _look(state, plan)) is not None:
        label = state.ports.spec(state.target_side).label
        state.hop(
            state.target_side,
            f"Found {plan.request.reference} in {label}",
            "An earlier attempt had arrived; adopted.",
        )
        _note(state, plan, found.external_id, made_by="adopted")
        return
    try:
        result = plan.writer.write(plan.request)
    except errors.Duplicate as duplicate:
        _adopt(state, plan, duplicate)
        return
    _conclude(state, plan, result)


def _unless_gone(state: RunState, step: FlowStep, act: Callable[[], None]) -> None:
    """Do an act; with ``missing: skip`` a record that the target does not have skips the run instead."""
    try:
        act()
    except (errors.NotFound, errors.MissingReference) as gone:
        # Stock of an article that the target never sold; one that it sold, and other references, are waited for.
        is_stock = state.task.flow.kind is Kind.INVENTORY and state.own_link() is None
        is_itself = isinstance(gone, errors.NotFound) or (is_stock and gone.kind == Kind.PRODUCT)
        if step.options.get("missing") == "skip" and is_itself:
            raise Skipped("no_counterpart", gone.message) from gone
        raise


def run_together(states: Sequence[RunState], step: FlowStep, settle: Settle) -> None:
    """Write many records of one flow by one call; each gets a result of its own.

    The flow changes what is there and makes nothing, so nobody has to be looked for. ``settle(state, act)`` does an
    act and turns its end into the outcome of that run. A call that is refused as a whole tells nothing about its
    single records, which are written one by one then.
    """
    plans: list[tuple[RunState, _Plan]] = []

    def plan(state: RunState) -> None:
        plans.append((state, _plan(state, step)))

    for state in states:
        settle(state, partial(plan, state))
    writer = plans[0][1].writer if plans else None
    if not isinstance(writer, BatchWriter) or len(plans) < 2:
        for state, each in plans:
            settle(state, partial(_unless_gone, state, step, partial(_write_alone, state, each)))
        return
    results: Sequence[WriteResult | errors.ConnectorError]
    try:
        results = writer.write_many([each.request for _, each in plans])
    except _OF_CONTENT:
        for state, each in plans:
            settle(state, partial(_unless_gone, state, step, partial(_write_alone, state, each)))
        return
    except errors.ConnectorError as error:
        results = [error] * len(plans)
    lead = plans[0][0]
    label = lead.ports.spec(lead.target_side).label
    words = f"One call for {len(plans)} records; what was exchanged is kept with run {lead.task.run_id}."
    for (state, each), result in zip(plans, results, strict=True):
        state.hop(state.target_side, f"Sent to {label} together", words)
        settle(state, partial(_unless_gone, state, step, partial(_accept, state, each, result)))


def _write_alone(state: RunState, plan: _Plan) -> None:
    _conclude(state, plan, plan.writer.write(plan.request))


def _accept(state: RunState, plan: _Plan, result: WriteResult | errors.ConnectorError) -> None:
    if isinstance(result, errors.ConnectorError):
        raise result
    _conclude(state, plan, result)


def _plan(state: RunState, step: FlowStep) -> _Plan:
    """Return what is to be written. Raises Stop when nothing is, Misconfigured where nothing can be."""
    mapped = state.mapped or {}
    written_hash = state.written_hash or content_hash(mapped)
    known = state.own_link()
    creates = step.options.get("mode", "create") == "create"
    is_per_record = step.options.get("link") == "per_record"
    if known is not None:
        _stop_when_same(state, known, written_hash)
        if creates and not _may_change(state):
            _changed_after_writing(state, known)
    writer = state.target()
    if not isinstance(writer, Writer):
        label = state.ports.spec(state.target_side).label
        raise errors.Misconfigured(f"{label} cannot be written.", missing="write")
    sent: dict[str, Any] = dict(mapped)
    held: Mapping[str, Any] = {}
    if known is not None and state.task.flow.conflicts and not is_per_record:
        sent, held = _without_conflicts(state, known, writer)
    request = WriteRequest(
        state.task.flow.kind,
        sent,
        external_id=known.id_on(state.target_side) if known is not None and not is_per_record else "",
        reference=state.reference if creates else "",
        idempotency_key=state.task.idempotency_key,
    )
    plan = _Plan(writer, request, written_hash, is_per_record, held)
    if known is not None and not sent:
        _note(state, plan, known.id_on(state.target_side), known.key_on(state.target_side), made_by="written")
        raise Skipped("conflict", "All that changed stays as the other system has it.")
    return plan


def _without_conflicts(
    state: RunState, known: Link, target: object
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return what is sent, and what the target keeps. Raises HeldFor when a person decides."""
    mapped, label = state.mapped or {}, state.ports.spec(state.target_side).label
    if not isinstance(target, Reader):
        raise errors.Misconfigured(f"{label} cannot be read, so conflicts cannot be seen.", missing="read")
    theirs = target.fetch(state.task.flow.kind, known.id_on(state.target_side))
    judgement = conflicts.judge(
        state.task.flow.conflicts,
        mapped,
        theirs,
        known,
        target=state.target_side,
        source_updated_at=state.need_record().updated_at,
        is_approved=state.task.is_approved,
    )
    if judgement.asked:
        names = ", ".join(group.name for group in judgement.asked)
        raise HeldFor(
            HoldOn("review", f"{state.task.flow.kind}:{state.task.record_key}", state.target_side),
            "conflict",
            f"Both sides changed {names} since they last agreed; a person decides whether ours is sent.",
        )
    for group in judgement.kept:
        state.hop(state.target_side, f"{group.name} stays as {label} has it", "Changed there as well.")
    kept = {name: theirs.fields.get(name) for group in judgement.kept for name in group.fields}
    return judgement.fields(mapped), kept


def _adopt(state: RunState, plan: _Plan, duplicate: errors.Duplicate) -> None:
    """Link to the record that is there already. Raises the error when nobody can tell which one it is."""
    existing, request = duplicate.existing_id, plan.request
    if not existing:
        found = None
        if request.reference:
            found = plan.writer.find(request.kind, reference=request.reference, hint=request.fields)
        if found is None:
            raise duplicate
        existing = found.external_id
    label = state.ports.spec(state.target_side).label
    state.hop(state.target_side, f"Already in {label}", f"{existing}; linked")
    _note(state, plan, existing, made_by="adopted")


def _conclude(state: RunState, plan: _Plan, result: WriteResult) -> None:
    """Note what the target holds now. Raises Skipped when it held the same before."""
    label = state.ports.spec(state.target_side).label
    held = {**result.fields, **plan.held}
    _note(state, plan, result.external_id, result.business_key, result.total, made_by="written", held=held)
    if result.is_unchanged:
        # The value stands there already: remembered, so that an echo is known; nothing was changed.
        raise Skipped("unchanged", f"{label} already holds these values.")
    state.outcome.has_changed_target = True
    state.hop(
        state.target_side,
        f"Written to {label}",
        f"{result.business_key or result.external_id}, {plan.request.reference or result.external_id}",
        result.total,
    )


def _stop_when_same(state: RunState, known: Link, written_hash: str) -> None:
    """An equal hash means nothing new for the target: unchanged, or our own write coming back."""
    target = state.target_side
    if known.written_on(target) != written_hash:
        return
    state.outcome.target_id = known.id_on(target)
    if known.written_on(target.other) and state.task.found_by != "person":
        raise Skipped("echo", "Our own write came back; there is nothing new in it.")
    raise Skipped("unchanged", "Nothing changed that the other system takes.")


def _may_change(state: RunState) -> bool:
    """Return whether a person sends the change, and the target takes changes of this kind."""
    spec = state.ports.spec(state.target_side)
    return state.task.is_approved and spec.can(state.task.flow.kind, Verb.UPDATE)


def _changed_after_writing(state: RunState, known: Link) -> None:
    target_id = known.id_on(state.target_side)
    state.outcome.target_id = target_id
    label = state.ports.spec(state.target_side).label
    if state.task.flow.on_change == "skip":
        raise Skipped("changed_after_release", f"{target_id} is in {label} already; later changes stay out.")
    if state.task.flow.on_change == "hold":
        raise HeldFor(
            HoldOn("review", f"{state.task.flow.kind}:{state.task.record_key}", state.target_side),
            "changed_after_release",
            f"Changed after it reached {label} as {target_id}; a person decides.",
        )


def _look(state: RunState, plan: _Plan) -> Found | None:
    """Return the record of an earlier attempt, None when its absence may be believed. Raises LookAgain."""
    reference = plan.request.reference
    found = plan.writer.find(plan.request.kind, reference=reference, hint=plan.request.fields)
    if found is None and not state.task.may_believe_missing:
        label = state.ports.spec(state.target_side).label
        raise LookAgain(
            state.task.ladder.wait_seconds,
            f"Not sure whether {label} received {reference}; not there yet, looking again before sending.",
        )
    return found


def _note(
    state: RunState,
    plan: _Plan,
    target_id: str,
    target_key: str = "",
    total: Decimal | None = None,
    *,
    made_by: str,
    held: Mapping[str, Any] | None = None,
) -> None:
    """Note the link to what was written or adopted, and whether its total is ours."""
    outcome, task = state.outcome, state.task
    outcome.target_id, outcome.target_key = target_id, target_key
    to_erp = state.target_side is Side.ERP
    ours, key = task.record_key, outcome.business_key
    if plan.is_per_record:
        # Several shipments of one order are several links: the target's id alone would not tell them apart.
        target_id = f"{target_id}#{ours}"
    elif plan.request.external_id:
        # A link keeps the id it was made with: a shopper's e-mail, where the store answers with a number. Its key
        # keeps its spelling as well, by which ``ensure`` looks for it.
        target_id = plan.request.external_id
        known = state.own_link()
        if known is not None and known.key_on(state.target_side).casefold() == target_key.casefold():
            target_key = known.key_on(state.target_side)
    outcome.link = LinkChange(
        kind=task.flow.kind,
        storefront_id=ours if to_erp else target_id,
        erp_id=target_id if to_erp else ours,
        storefront_key=key if to_erp else target_key,
        erp_key=target_key if to_erp else key,
        made_by=made_by,
        written_to_erp=plan.written_hash if to_erp else "",
        written_to_storefront="" if to_erp else plan.written_hash,
        source_hash=outcome.source_hash,
        agreed=None
        if made_by == "adopted"
        else conflicts.agreement(
            task.flow.conflicts, state.mapped or {}, plan.held if held is None else held, state.target_side
        ),
    )
    if total is not None and outcome.amount is not None:
        outcome.context["read_back_total"] = str(total)
        difference = MoneyDifference("the total", total, outcome.amount)
        if abs(difference.difference) >= HALF_CENT:
            label = state.ports.spec(state.target_side).label
            outcome.warning = f"{target_key or target_id} in {label}: {difference.words}."
            state.hop(state.target_side, f"{label} says another total", outcome.warning, total)
