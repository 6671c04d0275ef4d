"""``references``: resolve the records that this one points at; adopt, hold or skip where a link is missing.

Options of an item: ``kind``, ``side`` and ``from`` say which record is meant; ``by_key`` looks by business key;
``adopt`` looks in the other system before giving up; ``missing`` is ``hold`` or ``skip``; ``give`` is ``id`` or
``key`` of the counterpart.
"""

from typing import Any

from integrations.connectors.base import Writer
from integrations.connectors.errors import MissingReference
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.ports import Link, LinkQuery
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
    found = state.ports.find_links([query for _, query in wanted])
    for (item, query), link in zip(wanted, found, strict=True):
        known = link or _adopt(state, item, query)
        other = query.side.other
        gives_key = item.get("give") == "key" and known.key_on(other)
        state.links[query.kind.value, query.value] = known.key_on(other) if gives_key else known.id_on(other)


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
    if item.get("adopt"):
        writer = state.target() if other is state.target_side else state.source()
        if isinstance(writer, Writer):
            existing = writer.find(query.kind, natural_key=query.value, hint={})
            if existing is not None:
                ours, theirs = query.value, existing.external_id
                link = (
                    Link(ours, theirs, ours, theirs)
                    if query.side is Side.STOREFRONT
                    else Link(theirs, ours, ours, ours)
                )
                return state.ports.save_link(query.kind, link, "found")
    label = state.ports.spec(other).label
    word = "SKU" if query.kind is Kind.PRODUCT else query.kind.label
    if item.get("missing", "hold") == "skip":
        raise Skipped("no_counterpart", f"{word} {query.value} has no counterpart in {label}.")
    raise MissingReference(
        f"Waits for {word} {query.value} in {label}.", kind=query.kind.value, key=query.value
    )
