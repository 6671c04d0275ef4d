"""The panels of a passport: what was sent and answered, the money check, how each field was made, the lines.

Called by ``portal.web.passport``; personal data is masked here unless the person revealed it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from integrations.connectors.base import Exchange
from integrations.connectors.errors import FieldProblem
from integrations.kinds.changes import FieldChange
from integrations.kinds.privacy import is_personal, mask_text, masked
from integrations.models import Run
from integrations.queries.edits import EditRow, edits_of
from integrations.queries.passport import Passport
from integrations.stores import bodies
from portal.web import wording
from portal.web.record_text import exchange_text

_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """One remote call as the panel shows it."""

    title: str
    method: str
    address: str
    request: str
    response: str
    status: str
    seconds: float
    request_id: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One target field: what was sent, what made it, and from which source values."""

    target: str
    value: str
    steps: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    failure: str
    is_left_out: bool


def problems(found: Passport, is_revealed: bool) -> list[FieldProblem]:
    """Return what does not fit; a value of a personal field is masked unless revealed."""
    return list(found.problems) if is_revealed else masked_problems(found.problems)


def masked_problems(found: Iterable[FieldProblem]) -> list[FieldProblem]:
    """Return problems with the values of personal fields masked."""
    return [
        replace(one, value=mask_text(one.value) if is_personal(one.field) else masked(one.value))
        for one in found
    ]


@dataclass(frozen=True, slots=True)
class EditView:
    """One edit as the passport tells it; ``changes`` is empty once its values have left."""

    row: EditRow
    whose: str
    changes: tuple[FieldChange, ...]


def edit_views(found: Passport, tenant_id: int, is_revealed: bool) -> list[EditView]:
    """Return what people edited, newest first; masked as the record itself is."""
    row = found.main.row
    edits = edits_of(row.id)
    kept = bodies.open_changes(tenant_id, [one.payload_id for one in edits])
    return [
        EditView(
            row=one,
            whose=f"record of {row.source.label}"
            if one.part == "source"
            else f"record for {row.target.label}",
            changes=tuple(
                change if is_revealed else change.masked for change in kept.get(one.payload_id, ())
            ),
        )
        for one in edits
    ]


def exchange_views(stored: tuple[Exchange, ...], chosen: int | None, is_revealed: bool) -> list[ExchangeView]:
    current = chosen if chosen is not None and chosen < len(stored) else len(stored) - 1
    return [
        ExchangeView(
            title=f"{one.method} {one.address.rsplit('/', 1)[-1] or one.address}",
            method=one.method,
            address=one.address,
            request=exchange_text(one.request, is_revealed=is_revealed) if place == current else "",
            response=exchange_text(one.response, is_revealed=is_revealed) if place == current else "",
            status=one.status,
            seconds=one.seconds,
            request_id=one.request_id,
            url=f"?call={place}#exchange",
            is_current=place == current,
        )
        for place, one in enumerate(stored)
    ]


def money_check(found: Passport) -> dict[str, Any] | None:
    """Return the parts of the money check, and whether all that is known agrees."""
    source = found.context.get("money_source")
    if source is None:
        return None
    parts = {name: Decimal(value) for name, value in source.items()}
    totals = [parts["total"]]
    if mapped := found.context.get("money_mapped"):
        totals.append(Decimal(mapped["total"]))
    if read_back := found.context.get("read_back_total"):
        totals.append(Decimal(read_back))
    return {
        **parts,
        "currency": found.main.row.currency,
        "agrees": len(set(totals)) == 1,
        "has_read_back": read_back is not None,
    }


def trace_rows(found: Passport, opened: bodies.RunBodies, is_revealed: bool) -> list[TraceRow]:
    source = opened.source
    if source is None:
        return []
    run = Run.objects.get(pk=found.main.row.id)
    rows = []
    for field in bodies.retrace(run, source):
        name = field.target.rsplit(".", 1)[-1]
        rows.append(
            TraceRow(
                target=field.target,
                value=_value_words(field.value, name, is_revealed=is_revealed),
                steps=tuple(words for words, _ in field.steps),
                sources=tuple(
                    (path, _value_words(value, path, name, is_revealed=is_revealed))
                    for path, value in field.sources
                ),
                failure=field.failure,
                is_left_out=field.skipped,
            )
        )
    return rows


def _value_words(value: Any, *names: str, is_revealed: bool) -> str:
    """Return a value as text; one that any of these field names calls personal is masked."""
    if value is None:
        return wording.NOTHING
    shown = value
    if not is_revealed:
        is_named = isinstance(value, str) and any(is_personal(name) for name in names)
        shown = mask_text(value) if is_named else masked(value)
    text = format(shown, "f") if isinstance(shown, Decimal) else str(shown)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def order_lines(source: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the order lines of a source record where it has any that look like lines."""
    if source is None:
        return []
    found = source.get("items") or source.get("lines") or []
    lines = []
    for line in found if isinstance(found, list) else []:
        if not isinstance(line, dict) or not line.get("sku"):
            return []
        price, amount = line.get("price"), line.get("quantity", line.get("amount"))
        total = line.get("total")
        if total is None and price is not None and amount is not None:
            total = Decimal(str(price)) * Decimal(str(amount))
        lines.append(
            {
                "sku": line["sku"],
                "quantity": amount,
                "price": None if price is None else Decimal(str(price)),
                "total": None if total is None else Decimal(str(total)),
            }
        )
    return lines
