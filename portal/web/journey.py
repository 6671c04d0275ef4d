"""Tells a passport's story as hops on three rails: what happened, what it waits for, what happens by itself.

Pure over the query's dataclasses; drawn by the ``journey`` tag.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from integrations.flows.definition import external_reference
from integrations.kinds import Direction, Kind, RunStatus, Side
from integrations.kinds.privacy import mask_emails
from integrations.queries.passport import AttemptState, Chapter, HoldState, Passport
from portal.web import wording
from portal.web.components import Hop, HopState, MoneyVerdict, Place

_FAILURE_WORDS = {
    "Transient": "{label} did not answer",
    "RateLimited": "{label} asked us to go slower",
    "OutcomeUnknown": "{label} gave no clear answer",
    "AuthFailed": "{label} refused our credentials",
    "Misconfigured": "{label} is not set up for this",
    "Rejected": "{label} refused the record",
    "MissingReference": "Something it points at is missing",
    "NotFound": "{label} does not have it",
    "Duplicate": "{label} has it already",
    "UnexpectedResponse": "{label} gave an unexpected answer",
}

_FOUND_BY = {
    "webhook": "Received by webhook",
    "poll": "Found by looking",
    "person": "Asked for by a person",
    "job": "Loaded by a sync job",
    "match": "Looked at by a matching job",
}


@dataclass(frozen=True, slots=True)
class _Moment:
    """A hop with its place in time; equal times keep the order in which they were told."""

    at: datetime
    order: int
    hop: Hop


def tell(
    passport: Passport, *, now: datetime, url_of: dict[int, str], is_revealed: bool = False
) -> list[Hop]:
    """Return the hops of the whole story, then what is still ahead of the run itself.

    ``url_of`` leads from the id of every other run of the story to its passport.
    """
    moments: list[_Moment] = []
    told_changes: set[tuple[Place, datetime]] = set()
    for chapter in passport.story:
        for hop in _chapter(chapter, now, url_of, told_changes):
            at = hop.at or now
            moments.append(_Moment(at, len(moments), hop))
    moments.sort(key=lambda moment: (moment.at, moment.order))
    in_order = [
        # What lasts until now is told in words; its time only gave it its place.
        replace(moment.hop, at=None) if moment.hop.when_words else moment.hop
        for moment in moments
    ]
    told = [*_with_gaps(in_order), *_ahead(passport.main, now)]
    if not is_revealed:
        told = [replace(hop, text=mask_emails(hop.text), title=mask_emails(hop.title)) for hop in told]
    return _with_money(told)


_NOTHING_NEW = frozenset({"echo", "unchanged", "superseded"})


def _chapter(
    chapter: Chapter, now: datetime, url_of: dict[int, str], told_changes: set[tuple[Place, datetime]]
) -> Iterator[Hop]:
    row, event = chapter.row, chapter.event
    is_main = row.id not in url_of
    if row.reason_code in _NOTHING_NEW and not is_main:
        # Heard again, nothing done: one line is enough.
        at = row.created_at if event is None else event.received_at
        yield Hop(Place.CONNECT, row.words.rstrip("."), _event_words(chapter), at, url=url_of[row.id])
        return
    source = Place(row.direction.source.value)
    if event is not None:
        # Several messages may tell of one change.
        if event.occurred_at is not None and (source, event.occurred_at) not in told_changes:
            is_first = not any(place is source for place, _ in told_changes)
            told_changes.add((source, event.occurred_at))
            is_placing = is_first and row.kind is Kind.ORDER and row.direction is Direction.TO_ERP
            verb = "Placed" if is_placing else "Changed"
            yield Hop(
                source,
                f"{verb} in {row.source.label}",
                f"{row.kind.label.capitalize()} {row.number}",
                event.occurred_at,
                url=url_of.get(row.id, ""),
            )
        yield Hop(
            Place.CONNECT,
            _FOUND_BY[event.found_by],
            _event_words(chapter),
            event.received_at,
            url=url_of.get(row.id, ""),
        )
    elif row.number:
        yield Hop(
            Place.CONNECT,
            f"{row.flow_name} started",
            f"Follows {row.kind.label} {row.number}",
            row.created_at,
            url=url_of.get(row.id, ""),
        )
    for attempt in chapter.attempts:
        yield from _attempt(attempt, chapter)
    for hold in chapter.holds:
        yield from _hold(hold, chapter, now)
    if row.status in (RunStatus.SKIPPED, RunStatus.SUPERSEDED, RunStatus.CANCELLED):
        yield Hop(Place.CONNECT, row.status.info.label, row.words, row.finished_at)


def _event_words(chapter: Chapter) -> str:
    event = chapter.event
    if event is None:
        return ""
    parts = [f"Event {event.id}", event.topic]
    if event.deliveries > 1:
        parts.append(f"sent {event.deliveries} times, taken once")
    if event.masked:
        parts.append(f"{event.masked} card numbers masked")
    return ", ".join(parts)


def _attempt(attempt: AttemptState, chapter: Chapter) -> Iterator[Hop]:
    hops = [hop for hop in attempt.hops if not _repeats(hop.title, attempt, chapter)]
    for position, stored in enumerate(hops):
        is_failure = attempt.error and position == len(hops) - 1 and stored.title.endswith(attempt.error)
        title, text = stored.title, stored.text
        if is_failure:
            label = stored.title.rpartition(": ")[0]
            title = _FAILURE_WORDS.get(attempt.error, "{label} reported a problem").format(label=label)
            text = stored.text or attempt.message
        first, comma, second = text.partition(", ")
        yield Hop(
            Place(stored.rail),
            title,
            first if comma and first == second else text,
            stored.at,
            money=stored.amount,
        )


def _repeats(title: str, attempt: AttemptState, chapter: Chapter) -> bool:
    """Tell whether a hop only reads again: a later attempt, or a follow-up that got its record from its parent."""
    return title.startswith("Read from ") and (attempt.number > 1 or chapter.event is None)


def _hold(hold: HoldState, chapter: Chapter, now: datetime) -> Iterator[Hop]:
    until = hold.released_at or now
    length = wording.duration_words(max(0.0, (until - hold.created_at).total_seconds()))
    yield Hop(
        Place.CONNECT,
        f"Held {length}.",
        hold_words(hold, chapter),
        hold.created_at,
        when_words="" if hold.released_at else "until now",
        state=HopState.HOLD,
    )
    if hold.released_at is not None:
        by = hold.released_by or "Clarity Connect"
        title = {
            "link added": "Released: the link is there",
            "sweep": "Released: the link is there",
            "superseded": "A newer version took its place",
        }.get(by, f"Released by {by}")
        yield Hop(Place.CONNECT, title, "", hold.released_at)


def hold_words(hold: HoldState, chapter: Chapter) -> str:
    """Return what a hold waits for, as a sentence."""
    target = chapter.row.target.label
    if hold.kind == "value_map":
        table, _, value = hold.key.partition(":")
        return f"{value} has no row in value map {table}."
    if hold.kind == "review":
        return f"It changed after it reached {target}; a person decides."
    word = "SKU" if hold.kind == "product" else hold.kind.replace("_", " ").capitalize()
    return f"{word} {hold.key} is not linked in {target}."


def _with_gaps(hops: list[Hop]) -> list[Hop]:
    """Write the time between two hops where it is over a second; a hold says its own."""
    told = []
    for hop, after in zip(hops, [*hops[1:], None], strict=True):
        gap = ""
        if after is not None and hop.at and after.at and HopState.HOLD not in (hop.state, after.state):
            seconds = (after.at - hop.at).total_seconds()
            gap = f"+ {wording.duration_words(seconds)}" if seconds >= 1 else ""
        told.append(replace(hop, gap=gap) if gap else hop)
    return told


def _with_money(hops: list[Hop]) -> list[Hop]:
    first: Decimal | None = None
    told = []
    for hop in hops:
        if hop.money is None:
            told.append(hop)
        elif first is None:
            first = hop.money
            told.append(hop)
        else:
            same = hop.money == first
            told.append(replace(hop, verdict=MoneyVerdict.SAME if same else MoneyVerdict.DIFFERENT))
    return told


def _ahead(chapter: Chapter, now: datetime) -> Iterator[Hop]:
    row = chapter.row
    if row.status.info.is_final or row.status is RunStatus.DEAD or row.reason_code == "changed_after_release":
        return
    target = Place(row.direction.target.value)
    reference = external_reference(row.storefront, row.number)
    soon = "next" if row.next_at is None or row.next_at <= now else ""
    at = None if soon else row.next_at
    if row.status is RunStatus.IN_DOUBT:
        yield Hop(
            target,
            f"Look for {reference} in {row.target.label}",
            "by itself; it is sent again only when it is not there",
            at,
            soon,
            HopState.AHEAD,
        )
    else:
        when = "by itself, as soon as that is there" if row.status is RunStatus.HELD else "by itself"
        yield Hop(Place.CONNECT, "Map and check", when, at, soon, HopState.AHEAD)
        if row.direction.target is Side.ERP:
            yield Hop(target, f"Write to {row.target.label}", f"as {reference}", state=HopState.AHEAD)
        else:
            yield Hop(target, f"Write to {row.target.label}", "", state=HopState.AHEAD)
    for name in chapter.starts_flows:
        yield Hop(Place(row.direction.source.value), name, "follows by itself", state=HopState.AHEAD)
