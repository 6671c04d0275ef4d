"""The sentences and the strip of a passport: where the record stands, since when, for how much money.

Pure over the query's dataclasses; called by ``portal.web.passport``.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.kinds import RunStatus
from integrations.kinds.privacy import mask_text
from integrations.queries import causes
from integrations.queries.passport import Passport
from portal.web import wording
from portal.web.components import Fact


def headline(found: Passport) -> str:
    """Return the page's title: the record, or the reason it is not there."""
    row = found.main.row
    name = f"{row.kind.label.capitalize()} {row.number or row.id}"
    hold = next((hold for hold in found.main.holds if hold.released_at is None), None)
    if row.status is RunStatus.HELD and hold is not None:
        if hold.kind == "product":
            return f"{name} is waiting for SKU {hold.key} in {row.target.label}"
        if hold.kind == "value_map":
            table, _, value = hold.key.partition(":")
            return f"{name} is waiting for {value} in value map {table}"
        if hold.kind == "review":
            return f"{name} changed after it reached {row.target.label}"
        return f"{name} is waiting for {hold.kind.replace('_', ' ')} {hold.key}"
    if row.status is RunStatus.DEAD:
        return f"{name} did not reach {row.target.label}"
    return name


def sub(found: Passport, cause: causes.Cause | None) -> str:
    row = found.main.row
    match row.status:
        case RunStatus.SUCCEEDED:
            written = row.erp_id if row.target is row.erp else row.storefront_id
            held = _held_seconds(found)
            words = f"Reached {row.target.label}" + (f" as {written}." if written else ".")
            return words + (f" It was held {wording.duration_words(held)}." if held >= 1 else "")
        case RunStatus.HELD if row.reason_code == "changed_after_release":
            return f"{row.target.label} keeps what it has until a person decides."
        case RunStatus.HELD:
            others = (cause.count if cause else 1) - 1
            noun = causes.plural(row.kind.label, others)
            return (
                f"{others} other {noun} wait for the same."
                if others
                else "Nothing was sent. It goes by itself then."
            )
        case RunStatus.DEAD:
            return f"{row.words} Nothing more happens by itself."
    return row.words if row.words.endswith(".") else f"{row.words}."


def _held_seconds(found: Passport) -> float:
    return sum(
        (hold.released_at - hold.created_at).total_seconds()
        for hold in found.main.holds
        if hold.released_at is not None
    )


def facts(found: Passport, now: datetime, is_revealed: bool, source: dict[str, Any] | None) -> list[Fact]:
    row, event = found.main.row, found.main.event
    arrived = (event.occurred_at if event else None) or row.created_at
    zone = timezone.get_current_timezone()
    local = arrived.astimezone(zone)
    shown = [
        Fact(
            "Placed" if event and event.occurred_at else "Arrived",
            f"{local:%H:%M:%S}",
            evidence=f"{local:%a} {local.day} {local:%b}, {zone}",
        ),
        _time_fact(found, now),
    ]
    if row.amount is not None:
        shown.append(
            Fact("Money", wording.amount_words(row.amount, row.currency), row.currency, _money_words(found))
        )
    if person := _person_fact(found, is_revealed, source):
        shown.append(person)
    sent = sum(attempt.calls for attempt in found.main.attempts)
    shown.append(
        Fact(
            row.flow_name,
            f"v{found.version}" if found.version else wording.NOTHING,
            evidence=f"{row.attempts} {'attempt' if row.attempts == 1 else 'attempts'}, {sent} remote calls",
        )
    )
    return shown


def _time_fact(found: Passport, now: datetime) -> Fact:
    row = found.main.row
    words = wording.duration_words(row.seconds)
    if row.status is RunStatus.SUCCEEDED:
        held = _held_seconds(found)
        evidence = f"{wording.duration_words(held)} of it held" if held >= 1 else "goal 5 min"
        return Fact(f"In {row.target.label} after", words, evidence=evidence)
    label = {RunStatus.HELD: "Held for", RunStatus.DEAD: "Waiting for you since"}.get(
        row.status, "Time so far"
    )
    family = row.status.info.family if row.needs_person else None
    if row.status.info.is_final:
        label = "Took"
    return Fact(label, words, evidence=row.status.info.label, family=family)


def _money_words(found: Passport) -> str:
    amounts = [
        hop.amount for attempt in found.main.attempts for hop in attempt.hops if hop.amount is not None
    ]
    if len(amounts) < 2:
        return "as it arrived"
    same = len(set(amounts)) == 1
    return f"the same in all {len(amounts)} places" if same else "differs between the systems"


def _person_fact(found: Passport, is_revealed: bool, source: dict[str, Any] | None) -> Fact | None:
    email = found.search_keys.get("email", "")
    spec = found.main.row.source
    places = spec.facts.get(found.main.row.kind)
    if not email and source is not None and places is not None and places.email:
        email = str(source.get(places.email) or "")
    customer = found.search_keys.get("customer", "").upper()
    if not email and not customer:
        return None
    shown = email if is_revealed else mask_text(email)
    return Fact("Customer", customer or shown, evidence=shown if customer else "")
