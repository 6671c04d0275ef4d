"""``write``: exactly one effect in the target. Looks first whenever an earlier attempt may have been sent."""

from decimal import Decimal

from integrations.connectors import errors
from integrations.connectors.base import Found, Writer, WriteRequest
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.outcome import HoldOn, LinkChange
from integrations.flows.ports import Link
from integrations.flows.stops import HeldFor, LookAgain, Skipped
from integrations.kinds import Side, content_hash
from integrations.mapping.money import HALF_CENT, MoneyDifference


def run(state: RunState, step: FlowStep) -> None:
    """Write the mapped record and note the link; skips what was written before and did not change."""
    mapped, task = state.mapped or {}, state.task
    written_hash = state.written_hash or content_hash(mapped)
    known = state.own_link()
    creates = step.options.get("mode", "create") == "create"
    is_per_record = step.options.get("link") == "per_record"
    if known is not None:
        _stop_when_same(state, known, written_hash)
        if creates:
            _changed_after_writing(state, known)
    writer = state.target()
    label = state.ports.spec(state.target_side).label
    if not isinstance(writer, Writer):
        raise errors.Misconfigured(f"{label} cannot be written.", missing="write")
    reference = state.reference if creates else ""
    # A linked record is there in any case: finding it proves nothing about an update, which is sent again.
    is_doubtful = creates and task.must_find and known is None
    if is_doubtful and (found := _look(state, writer, reference)) is not None:
        state.hop(
            state.target_side, f"Found {reference} in {label}", "An earlier attempt had arrived; adopted."
        )
        _done(state, found.external_id, "", written_hash, "adopted", None, is_per_record=is_per_record)
        return
    request = WriteRequest(
        task.flow.kind,
        mapped,
        external_id=known.id_on(state.target_side) if known is not None and not is_per_record else "",
        reference=reference,
        idempotency_key=task.idempotency_key,
    )
    try:
        result = writer.write(request)
    except errors.Duplicate as duplicate:
        existing = duplicate.existing_id
        if not existing:
            found = writer.find(task.flow.kind, reference=reference, hint=mapped) if reference else None
            if found is None:
                raise
            existing = found.external_id
        state.hop(state.target_side, f"Already in {label}", f"{existing}; linked")
        _done(state, existing, "", written_hash, "adopted", None, is_per_record=is_per_record)
        return
    if result.is_unchanged:
        # The value stands there already: remember that, so that an echo is known, and change nothing.
        _done(
            state, result.external_id, result.business_key, written_hash, "written", result.total,
            is_per_record=is_per_record,
        )  # fmt: skip
        raise Skipped("unchanged", f"{label} already holds these values.")
    _done(
        state, result.external_id, result.business_key, written_hash, "written", result.total,
        is_per_record=is_per_record,
    )  # fmt: skip
    state.outcome.has_changed_target = True
    words = f"{reference or result.external_id}"
    state.hop(
        state.target_side,
        f"Written to {label}",
        f"{result.business_key or result.external_id}, {words}",
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


def _look(state: RunState, writer: Writer, reference: str) -> Found | None:
    """Return the record of an earlier attempt, None when its absence may be believed. Raises LookAgain."""
    found = writer.find(state.task.flow.kind, reference=reference, hint=state.mapped or {})
    if found is None and not state.task.may_believe_missing:
        label = state.ports.spec(state.target_side).label
        raise LookAgain(
            state.task.ladder.wait_seconds,
            f"Not sure whether {label} received {reference}; not there yet, looking again before sending.",
        )
    return found


def _done(
    state: RunState,
    target_id: str,
    target_key: str,
    written_hash: str,
    made_by: str,
    total: Decimal | None,
    *,
    is_per_record: bool = False,
) -> None:
    outcome, task = state.outcome, state.task
    outcome.target_id, outcome.target_key = target_id, target_key
    to_erp = state.target_side is Side.ERP
    ours, key = task.record_key, outcome.business_key
    if is_per_record:
        # Several shipments of one order are several links: the target's id alone would not tell them apart.
        target_id = f"{target_id}#{ours}"
    outcome.link = LinkChange(
        kind=task.flow.kind,
        storefront_id=ours if to_erp else target_id,
        erp_id=target_id if to_erp else ours,
        storefront_key=key if to_erp else target_key,
        erp_key=target_key if to_erp else key,
        made_by=made_by,
        written_to_erp=written_hash if to_erp else "",
        written_to_storefront="" if to_erp else written_hash,
        source_hash=outcome.source_hash,
    )
    if total is not None and outcome.amount is not None:
        outcome.context["read_back_total"] = str(total)
        difference = MoneyDifference("the total", total, outcome.amount)
        if abs(difference.difference) >= HALF_CENT:
            label = state.ports.spec(state.target_side).label
            outcome.warning = f"{target_key or target_id} in {label}: {difference.words}."
            state.hop(state.target_side, f"{label} says another total", outcome.warning, total)
