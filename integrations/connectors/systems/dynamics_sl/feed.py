"""What happened since a cursor, from SOEvent: the change feed for orders and shippers.

Events are read with an overlap, because the server's clock has minutes and rows commit late; keys already given
are remembered in the cursor. Called by the connector's ``read_changes``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.systems.dynamics_sl.client import CtApi
from integrations.connectors.systems.dynamics_sl.normalise import to_utc
from integrations.connectors.systems.dynamics_sl.schema_fields import SYSTEM
from integrations.kinds import Kind, Record

OVERLAP = timedelta(minutes=10)
PAGE_SIZE = 200
KEPT_KEYS = 5000
"""Keys remembered in a cursor; in a bigger burst some records come twice, which is allowed."""
_NO_END = datetime(2079, 6, 6)  # noqa: DTZ001 - the last smalldatetime, wall clock of the server


@dataclass(frozen=True, slots=True)
class _Event:
    happened_at: datetime
    ord_nbr: str
    event_id: int
    shipper_id: str
    cust_ord_nbr: str = ""

    @property
    def key(self) -> str:
        return f"{self.ord_nbr}/{self.event_id}"


def start_of_search(since: datetime, now: datetime, api: CtApi) -> datetime:
    """Return the server's wall-clock time to search from.

    When the clocks were set back between then and now, wall-clock times repeat; the search starts earlier by
    that much, or events of the repeated hour would be left out.
    """
    begin = since - OVERLAP
    local = begin.astimezone(api.zone)
    set_back = (local.utcoffset() or timedelta()) - (now.astimezone(api.zone).utcoffset() or timedelta())
    return local.replace(tzinfo=None, fold=0, microsecond=0) - max(set_back, timedelta())


def read_feed(api: CtApi, kind: Kind, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield pages of thin records of orders or shippers that had an event."""
    since = datetime.fromisoformat(cursor["since"]) if cursor.get("since") else now
    begin = start_of_search(since, now, api)
    # Reference: orders.asmx?op=searchSOEvent
    rows = api.call(
        "orders",
        "searchSOEvent",
        lastEventOnly=False,
        withShippersOnly=kind is Kind.SHIPMENT,
        startDate=begin,
        endDate=_NO_END,
    )
    events = sorted(
        (_event(row, api) for row in rows or ()),
        key=lambda each: (each.happened_at, each.ord_nbr, each.event_id),
    )
    seen = dict.fromkeys(cursor.get("seen") or ())
    fresh = [event for event in events if event.key not in seen]
    in_window = {event.key for event in events}
    kept = [key for key in seen if key in in_window]
    if not fresh:
        yield Page((), {"since": since.isoformat(), "seen": kept[-KEPT_KEYS:]}, is_last=True)
        return
    for start in range(0, len(fresh), PAGE_SIZE):
        chunk = fresh[start : start + PAGE_SIZE]
        kept += [event.key for event in chunk]
        # An event with a time ahead of ours (clock skew) must not push the cursor past later ones.
        since = max(since, min(chunk[-1].happened_at, now)) if cursor.get("since") else min(since, now)
        yield Page(
            _thin_records(chunk, kind),
            {"since": since.isoformat(), "seen": kept[-KEPT_KEYS:]},
            is_last=start + PAGE_SIZE >= len(fresh),
        )


def _event(row: Mapping[str, Any], api: CtApi) -> _Event:
    """Return an event; its moment is the day of EventDate with the time of EventTime."""
    day, clock = row.get("EventDate"), row.get("EventTime")
    moment = datetime.min.replace(tzinfo=UTC)
    if day is not None:
        local = datetime.fromisoformat(day)
        if clock:
            local = datetime.combine(local.date(), time.fromisoformat(clock))
        moment = to_utc(local, api.zone)
    return _Event(moment, row.get("OrdNbr") or "", int(row.get("EventID") or 0), row.get("ShipperID") or "")


def _thin_records(events: list[_Event], kind: Kind) -> list[Record]:
    """Return one thin record per order or shipper, in the order of its last event."""
    ids: dict[str, _Event] = {}
    for event in events:
        external_id = event.shipper_id if kind is Kind.SHIPMENT else event.ord_nbr
        if external_id:
            ids.pop(external_id, None)
            ids[external_id] = event
    return [
        Record(
            SYSTEM,
            kind,
            external_id,
            {},
            business_key=external_id,
            search_keys={"OrdNbr": event.ord_nbr},
            version=event.key,
        )
        for external_id, event in ids.items()
    ]
