"""``references``: resolve the records that this one points at; adopt, hold or skip where a link is missing.

Options of an item: ``kind``, ``side`` and ``from`` say which record is meant; ``by_key`` looks by business key;
``adopt`` looks in the other system before giving up, by the reference or by the value at ``adopt_by`` where the two
systems call the record differently; ``missing`` is ``hold``, ``skip``, or ``alike``: what has no link is called the same
there, and the write tells of one that is not there; ``give`` is ``id`` or ``key`` of the counterpart.
"""

from typing import Any

from integrations.connectors.base import Writer
from integrations.connectors.errors import MissingReference
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.ports import Link, LinkQuery
from integrations.flows.steps import ensure
from integrations.flows.stops import Skipped
from integrations.kinds import Kind, Side
from integrations.mapping.paths import read


def run(state: RunState, step: FlowStep) -> None:
    """Fill ``state.links`` for every item of the step, one store round trip for all of them."""
    fields = state.need_record().fields
    wanted: list[tuple[dict[str, Any], LinkQuery]] = []
    for item in step.options["items"]:
        for value in _values(fields, str(item["from"])):
            query = LinkQuery(
                Kind(item["kind"]), Side(item.get("side", state.source_side)), value, bool(item.get("by_key"))
            )
            if (query.kind.value, query.value) not in state.links:
                wanted.append((item, query))
    # People search an order by a SKU in it as well.
    for place, (_, query) in enumerate(wanted):
        if query.kind is Kind.PRODUCT:
            state.outcome.search_keys[f"sku {place + 1}"] = query.value
    for (item, query), link in zip(wanted, _found(state, [query for _, query in wanted]), strict=True):
        if link is None and item.get("missing") == "alike":
            state.links[query.kind.value, query.value] = query.value
            continue
        known = link or _adopt(state, item, query)
        other = query.side.other
        gives_key = item.get("give") == "key" and known.key_on(other)
        state.links[query.kind.value, query.value] = known.key_on(other) if gives_key else known.id_on(other)


def _found(state: RunState, queries: list[LinkQuery]) -> list[Link | None]:
    """Return the link of each; what an ``ensure`` of this flow will ask for is asked along with them."""
    if not queries:
        return []
    later = [ensure.asked_for(state, one) for one in state.task.flow.steps if one.type == "ensure"]
    found = state.ports.find_links([*queries, *later])
    state.foreseen.update(
        {query: link for query, link in zip(later, found[len(queries) :], strict=True) if link is not None}
    )
    return found[: len(queries)]


def _values(fields: Any, path: str) -> list[str]:
    """Return the distinct non-empty values at a path; ``items[].sku`` gives one per element."""
    array, marker, inner = path.partition("[].")
    values = (
        [read(element, inner) for element in read(fields, array) or ()] if marker else [read(fields, path)]
    )
    return list(dict.fromkeys(str(value).strip() for value in values if value not in (None, "")))


def _adopt(state: RunState, item: dict[str, Any], query: LinkQuery) -> Link:
    """Look for the counterpart in the other system by its natural key; raise what the step says when none."""
    other = query.side.other
    natural_key = _natural_key(state, item, query)
    if item.get("adopt") and natural_key:
        writer = state.target() if other is state.target_side else state.source()
        if isinstance(writer, Writer):
            existing = writer.find(query.kind, natural_key=natural_key, hint={})
            if existing is not None:
                # As in ``ensure``: what is known by a key of its own is linked by that key.
                theirs = natural_key if "adopt_by" in item else existing.external_id
                return _saved(state, item, query, Link(theirs, query.value, natural_key, query.value))
    label = state.ports.spec(other).label
    word = "SKU" if query.kind is Kind.PRODUCT else query.kind.label
    if item.get("missing", "hold") == "skip":
        raise Skipped("no_counterpart", f"{word} {query.value} has no counterpart in {label}.")
    raise MissingReference(
        f"Waits for {word} {query.value} in {label}.", kind=query.kind.value, key=query.value
    )


def _natural_key(state: RunState, item: dict[str, Any], query: LinkQuery) -> str:
    """Return what the other system knows the record by; small letters, as ``ensure`` keeps the keys of its links."""
    if "adopt_by" not in item:
        return query.value
    return str(read(state.need_record().fields, str(item["adopt_by"])) or "").strip().casefold()


def _saved(state: RunState, item: dict[str, Any], query: LinkQuery, found: Link) -> Link:
    """Save a link, turned round for a reference of the storefront, and return the one that stands.

    Raises Skipped where the step skips what has no counterpart and another record holds it: two customers of one e-mail.
    """
    ours, other = query.value, query.side.other
    theirs, key = found.storefront_id, found.storefront_key
    if query.side is Side.STOREFRONT:
        found = Link(ours, theirs, key, theirs)
    taken = None
    if "adopt_by" in item and query.side is Side.ERP:
        # A link by the number of the other system says the same as one by the key, and is no duplicate to the database.
        taken = state.ports.find_links([LinkQuery(query.kind, other, key, by_key=True)])[0]
    saved = taken or state.ports.save_link(query.kind, found, "found")
    if item.get("missing") == "skip" and not query.by_key and saved.id_on(query.side) != ours:
        label, owner = state.ports.spec(other).label, saved.id_on(query.side)
        raise Skipped(
            "counterpart_taken", f"{theirs} in {label} belongs to {query.kind.label} {owner} already."
        )
    return saved
