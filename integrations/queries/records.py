"""One run as every list shows it: both ids, one sentence, money, time. Shared by runs, errors, sandbox and home."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from integrations.connectors import registry
from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Direction, Kind, RunStatus, Side
from integrations.models import RecordLink, Run
from integrations.queries.edits import edited_runs

MOVING = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.RETRYING, RunStatus.IN_DOUBT)
NEEDS_PERSON = (RunStatus.HELD, RunStatus.DEAD)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run with everything a row draws. ``seconds`` is how long it took, or has taken so far."""

    id: int
    kind: Kind
    status: RunStatus
    pair_id: int
    pair_name: str
    flow_id: int
    flow_name: str
    direction: Direction
    storefront: ConnectorSpec
    erp: ConnectorSpec
    storefront_id: str
    erp_id: str
    words: str
    reason_code: str
    next_at: datetime | None
    """When it is tried or looked for again by itself."""
    amount: Decimal | None
    currency: str
    created_at: datetime
    finished_at: datetime | None
    seconds: float
    attempts: int
    is_edited: bool = False
    """A person edited its record."""

    @property
    def source(self) -> ConnectorSpec:
        return self.storefront if self.direction.source is Side.STOREFRONT else self.erp

    @property
    def target(self) -> ConnectorSpec:
        return self.erp if self.direction.target is Side.ERP else self.storefront

    @property
    def number(self) -> str:
        """The number people say: that of the source side."""
        return self.storefront_id if self.direction.source is Side.STOREFRONT else self.erp_id

    @property
    def needs_person(self) -> bool:
        return self.status in NEEDS_PERSON


def with_sides(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Return the same runs with flow, pair and both connections read along."""
    return runs.select_related("flow", "pair", "pair__storefront", "pair__erp")


def as_rows(runs: Iterable[Run], *, now: datetime) -> list[RunRow]:
    """Return rows of runs read by :func:`with_sides`; two more queries: the numbers people say, and edits."""
    listed = list(runs)
    keys = _known_keys(listed)
    edited = edited_runs(run.pk for run in listed)
    return [replace(_row(run, keys, now), is_edited=run.pk in edited) for run in listed]


def as_row(run: Run, *, now: datetime) -> RunRow:
    """Return the row of one run read by :func:`with_sides`."""
    return as_rows([run], now=now)[0]


def _known_keys(runs: list[Run]) -> dict[tuple[int, str, str], str]:
    """Return (pair, kind, storefront id) -> storefront key of runs that wrote to a storefront by its inner id."""
    wanted = [run for run in runs if run.flow.direction == Direction.TO_STOREFRONT and run.target_id]
    if not wanted:
        return {}
    kinds = {run.kind for run in wanted} | {Kind.ORDER.value}
    links = RecordLink.objects.filter(
        pair_id__in={run.pair_id for run in wanted},
        kind__in=kinds,
        storefront_id__in={run.target_id for run in wanted},
    ).exclude(storefront_key="")
    return {(one.pair_id, one.kind, one.storefront_id): one.storefront_key for one in links}


def _row(run: Run, keys: dict[tuple[int, str, str], str], now: datetime) -> RunRow:
    direction, status = Direction(run.flow.direction), RunStatus(run.status)
    storefront_id, erp_id = both_ids(run, direction)
    if direction is Direction.TO_STOREFRONT and storefront_id == run.target_id:
        # A shipment is written to its order, so the order's number is what people know.
        own = keys.get((run.pair_id, run.kind, run.target_id))
        storefront_id = own or keys.get((run.pair_id, Kind.ORDER.value, run.target_id)) or storefront_id
    storefront = registry.get_spec(run.pair.storefront.system)
    erp = registry.get_spec(run.pair.erp.system)
    target = erp if direction.target is Side.ERP else storefront
    return RunRow(
        id=run.pk,
        kind=Kind(run.kind),
        status=status,
        pair_id=run.pair_id,
        pair_name=run.pair.name,
        flow_id=run.flow_id,
        flow_name=run.flow.name,
        direction=direction,
        storefront=storefront,
        erp=erp,
        storefront_id=storefront_id,
        erp_id=erp_id,
        words=_words(run, status, target),
        reason_code=run.reason_code,
        # While its sync job is paused nobody knows when.
        next_at=run.due_at
        if status in (RunStatus.RETRYING, RunStatus.IN_DOUBT) and run.reason_code != "job_paused"
        else None,
        amount=run.amount,
        currency=run.currency,
        created_at=run.created_at,
        finished_at=run.finished_at,
        seconds=max(0.0, (_until(run, status, now) - run.created_at).total_seconds()),
        attempts=run.attempts,
    )


def _until(run: Run, status: RunStatus, now: datetime) -> datetime:
    """Return when a run came to rest; one that waits for a person has not."""
    return run.finished_at if run.finished_at is not None and status.info.is_final else now


def both_ids(run: Run, direction: Direction) -> tuple[str, str]:
    """Return (storefront id, ERP id) as people know them; "" where that side has none yet."""
    target = run.target_key or run.target_id
    if run.parent_run_id is not None:
        # A follow-up reads what its parent wrote: the business key is still the parent's.
        source, other = run.record_key, run.business_key
    else:
        source, other = run.business_key or run.record_key, target
    return (source, other) if direction.source is Side.STOREFRONT else (other, source)


def _words(run: Run, status: RunStatus, target: ConnectorSpec) -> str:
    if run.reason:
        return str(run.reason)
    match status:
        case RunStatus.SUCCEEDED:
            written = run.target_key or run.target_id
            return f"Written as {written}" if written else f"Written to {target.label}"
        case RunStatus.RUNNING:
            return f"On its way to {target.label}"
        case RunStatus.QUEUED:
            return "Stored here, goes next" if run.is_head else "Goes after an earlier change of this record"
        case RunStatus.CANCELLED:
            return "Cancelled"
    return status.info.label
