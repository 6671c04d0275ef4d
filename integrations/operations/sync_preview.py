"""How much a sync job would have to do: a count with its limits, and three samples. Reads, writes nothing.

Called by the portal's form and by the first step of a job; outside of a transaction, for it speaks to the source.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import HistoryReader, Page
from integrations.connectors.errors import ConnectorError, NotFound, RateLimited, Rejected
from integrations.kinds import Record
from integrations.kinds.sync_job import SyncMode
from integrations.mapping import NotMoney, to_amount
from integrations.mapping.paths import read
from integrations.models import Tenant, in_tenant
from integrations.operations.sync_jobs import JobRefused, check_request, suggested_per_minute
from integrations.operations.sync_reading import Ends, Reading, passes_linked_over, standing_of, within

SAMPLES = 3
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Records of a period: how many at least, and whether that is all of them."""

    count: int
    is_exact: bool
    linked: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """One record as the source has it now."""

    external_id: str
    number: str
    changed_at: datetime | None
    amount: Decimal | None
    currency: str
    is_linked: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a job would find. ``to_do`` counts what it would not pass over."""

    tally: Tally
    to_do: int
    samples: tuple[Sample, ...]
    per_minute: int

    @property
    def seconds(self) -> float:
        """How long it takes at the suggested pace."""
        return self.to_do / self.per_minute * 60.0


def preview(
    tenant: Tenant,
    flow_id: int,
    mode: SyncMode,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Preview:
    """Return what a sweep would find; reads the source for a few seconds at most.

    Raises JobRefused (also for a source that does not answer), Flow.DoesNotExist.
    """
    if mode is SyncMode.TARGETED:
        raise JobRefused("Single records need no look; name them and start.")
    with in_tenant(tenant.pk):
        ends = check_request(flow_id, mode, since=since, until=until)
        pace = suggested_per_minute(ends)
        reading = Reading(ends, patience_seconds=_PATIENCE_SECONDS)
    try:
        with reading:
            tally, first = tally_records(ends, reading.reader, since, until, pages=10, seconds=6.0)
            samples = [_full(reading.reader, record) for record in first]
    except ConnectorError as error:
        raise JobRefused(error.message) from error
    with in_tenant(tenant.pk):
        standing = standing_of(ends, [record.external_id for record in samples])
    drawn = tuple(_sample(ends, record, standing[record.external_id].is_linked) for record in samples)
    left_alone = tally.linked if passes_linked_over(ends, mode) else 0
    return Preview(tally, tally.count - left_alone, drawn, pace)


def tally_records(
    ends: Ends,
    reader: HistoryReader,
    since: datetime | None,
    until: datetime | None,
    *,
    pages: int,
    seconds: float,
) -> tuple[Tally, list[Record]]:
    """Count a period's records within limits of pages and time; returns the first few as well."""
    stop_at, seen, first = time.monotonic() + seconds, set[str](), list[Record]()
    linked, is_exact = 0, False
    for place, page in enumerate(
        _patient(reader.read_changes(ends.kind, reader.history(ends.kind, since))), 1
    ):
        fresh = {
            record.external_id: record
            for record in within(page.records, since, until)
            if record.external_id not in seen
        }
        seen.update(fresh)
        first += list(fresh.values())[: SAMPLES - len(first)]
        with in_tenant(ends.flow.tenant_id):
            linked += sum(one.is_linked for one in standing_of(ends, fresh).values())
        is_exact = page.is_last
        if page.is_last or place >= pages or time.monotonic() > stop_at:
            break
    return Tally(len(seen), is_exact, linked), first


def _patient(pages: Iterator[Page]) -> Iterator[Page]:
    """Yield pages until the limit of calls is reached: what was seen by then is a count as well."""
    has_read = False
    while True:
        try:
            page = next(pages, None)
        except RateLimited:
            if has_read:
                return
            raise
        if page is None:
            return
        has_read = True
        yield page


def _full(reader: HistoryReader, record: Record) -> Record:
    """Return the whole record of a thin one; one that is gone meanwhile or does not add up stays thin."""
    if record.fields:
        return record
    try:
        return replace(reader.fetch(record.kind, record.external_id), updated_at=record.updated_at)
    except (NotFound, Rejected):
        return record


def _sample(ends: Ends, record: Record, is_linked: bool) -> Sample:
    facts = ends.source_spec.facts.get(record.kind)
    total = read(record.fields, facts.total) if facts is not None and facts.total else None
    currency = str(read(record.fields, facts.currency) or "") if facts is not None and facts.currency else ""
    return Sample(
        record.external_id,
        record.business_key or record.external_id,
        record.updated_at,
        _amount(total, facts.total if facts else ""),
        currency,
        is_linked,
    )


def _amount(total: Any, place: str) -> Decimal | None:
    try:
        return None if total is None else to_amount(total, place)
    except NotMoney:
        return None  # The run says what is wrong with it.
