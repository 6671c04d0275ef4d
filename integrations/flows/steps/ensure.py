"""``ensure``: a referenced record that may be created on the way, once, however many runs want it at a time."""

from integrations.connectors import errors
from integrations.connectors.base import Found, Writer, WriteRequest
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.ports import IntentGrant, Link, LinkQuery
from integrations.flows.stops import LookAgain, WaitForOther
from integrations.kinds import Kind, Side
from integrations.mapping import MappingFailure, MissingLink, UnknownValue
from integrations.mapping.paths import read

_RETRY_SECONDS = 0.5


def run(state: RunState, step: FlowStep) -> None:
    """Find the link, else the record, else create it, holding the intent so that nobody else does."""
    query, given = asked_for(state, step), _key(state, step)
    kind, side, key = query.kind, query.side, query.value
    if not key:
        raise errors.Rejected(
            f"The {kind.label} cannot be told: {step.options['key']} is empty.",
            problems=(errors.FieldProblem(str(step.options["key"]), "", "is needed"),),
        )
    link = state.foreseen.get(query) or state.ports.find_links([query])[0]
    if link is None:
        grant = state.ports.claim_intent(kind, key)
        if not grant.is_granted:
            raise WaitForOther(_RETRY_SECONDS, f"Another run is creating {kind.label} {key} right now.")
        # Whoever held the intent before may have finished between our look-up and our claim.
        link = state.ports.find_links([query])[0]
    if link is None:
        found, made_by = _found_or_created(state, step, kind, key, grant)
        # The storefront knows a guest by e-mail only, so the key is the id on that side.
        link = state.ports.save_link(kind, Link(key, found.external_id, key, found.external_id), made_by)
    target_id = link.id_on(side.other)
    # A mapping looks the link up by what it made of the value: as it came, or in small letters.
    for spelling in dict.fromkeys((key, given, given.lower())):
        state.links[kind.value, spelling] = target_id
    state.outcome.search_keys[kind.value] = target_id


def asked_for(state: RunState, step: FlowStep) -> LinkQuery:
    """Return the look-up that this step will do, for an earlier step that asks anyway."""
    return LinkQuery(Kind(step.options["kind"]), state.source_side, _key(state, step).casefold(), by_key=True)


def _key(state: RunState, step: FlowStep) -> str:
    return str(read(state.need_record().fields, str(step.options["key"])) or "").strip()


def _found_or_created(
    state: RunState, step: FlowStep, kind: Kind, key: str, grant: IntentGrant
) -> tuple[Found, str]:
    """Return the record and how it came about; gives the intent up where it is certain that nothing was sent."""
    try:
        return _find_or_create(state, step, kind, key, grant)
    except (errors.OutcomeUnknown, LookAgain):
        raise  # it may stand there: whoever comes next must look first
    except (errors.ConnectorError, MappingFailure, MissingLink, UnknownValue):
        state.ports.release_intent(kind, key)
        raise


def _find_or_create(
    state: RunState, step: FlowStep, kind: Kind, key: str, grant: IntentGrant
) -> tuple[Found, str]:
    writer = state.target()
    label = state.ports.spec(state.target_side).label
    if not isinstance(writer, Writer):
        raise errors.Misconfigured(f"{label} cannot be written.", missing="write")
    reference = f"{state.ports.spec(Side.STOREFRONT).reference_prefix}-{key}"
    found = writer.find(kind, natural_key=key, hint={})
    if found is None and grant.must_find:
        found = writer.find(kind, reference=reference, hint={})
        if found is None and not grant.may_believe_missing:
            raise LookAgain(
                state.task.ladder.wait_seconds,
                f"Looking for {kind.label} {key} in {label} before creating it.",
            )
    if found is not None:
        state.hop(state.target_side, f"Found {kind.label} {found.external_id}", f"by {key}")
        return found, "found"
    mapping = state.task.flow.mappings[step.options["mapping"]]
    fields = mapping.evaluate(dict(state.need_record().fields), state.evaluation())
    try:
        result = writer.write(
            WriteRequest(
                kind, fields, reference=reference, idempotency_key=f"{state.task.idempotency_key}-{kind}"
            )
        )
    except errors.Duplicate as duplicate:
        existing = Found(duplicate.existing_id) if duplicate.existing_id else None
        existing = existing or writer.find(kind, natural_key=key, hint=fields)
        if existing is None:
            raise
        return existing, "adopted"
    state.hop(state.target_side, f"Created {kind.label} {result.external_id}", f"for {key}")
    return Found(result.external_id), "written"
