"""Changed orders of a classic shop: all that were placed since the oldest one still open are looked through.

The classic API filters by the date of creation only. Cursor: ``{"at": RFC 3339, "id": order id, "open_from":
creation of the oldest open order}``; ``open_from`` moves on with the last page of a poll.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.connectors.base import Page
from integrations.connectors.errors import Misconfigured, UnexpectedResponse
from integrations.connectors.systems.x_cart import normalise
from integrations.connectors.systems.x_cart.changes import OVERLAP
from integrations.connectors.systems.x_cart.classic_client import ClassicClient, Conditions
from integrations.connectors.systems.x_cart.classic_rows import when
from integrations.kinds import Kind, Record, content_hash

OPEN_DAYS = 30
"""Older orders are looked through no more, open or not."""
_DONE_SHIPPING = frozenset({"S", "D", "WND", "R"})
_DONE_PAYMENT = frozenset({"C", "D", "R"})
_DAY = timedelta(days=1)


class DateRange:
    """Asks for orders by creation in the form that this shop's version reads, which is found out by trying."""

    def __init__(self, client: ClassicClient) -> None:
        self._client = client
        self._zone = ZoneInfo(str(client.setting("store_timezone", "UTC")))
        # Reference: xc5-restapi, order filters: two unix times by the specification; the add-on of 5.4 reads
        # one text of two days in the shop's time.
        self._forms: list[Callable[[datetime, datetime], Conditions]] = [self._as_text, self._as_numbers]

    def _as_text(self, start: datetime, end: datetime) -> Conditions:
        days = [moment.astimezone(self._zone).strftime("%d-%b-%Y") for moment in (start, end)]
        return [("_cnd[dateRange]", " ~ ".join(days))]

    def _as_numbers(self, start: datetime, end: datetime) -> Conditions:
        return [
            ("_cnd[dateRange][0]", int(start.timestamp())),
            ("_cnd[dateRange][1]", int(end.timestamp())),
        ]

    def orders(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """Return complex orders placed between two moments, at least. Raises Misconfigured when it is ignored."""
        for form in list(self._forms):
            rows = self._asked(form(start, end), start)
            if rows is not None:
                self._forms = [form]
                return rows
        raise Misconfigured(
            "The shop ignores the date range of the order list, so changes cannot be found; the position was "
            "not moved",
            missing="dateRange",
        )

    def _asked(self, conditions: Conditions, start: datetime) -> list[dict[str, Any]] | None:
        """Return the orders, or None as soon as one is older than asked for: this form is ignored."""
        found: list[dict[str, Any]] = []
        for rows in self._client.pages("order", conditions, is_complex=True):
            # The text form has whole days in the shop's time.
            if any(created(row) < start - _DAY for row in rows):
                return None
            found += rows
        return found


class ClassicOrderChanges:
    """Polls orders of a classic shop; the cursor never goes back."""

    def __init__(
        self,
        ranges: DateRange,
        cursor: Mapping[str, Any],
        now: datetime,
        *,
        records_of: Callable[[Mapping[str, Any]], Sequence[Record]],
        chunk: int,
    ) -> None:
        self._ranges = ranges
        self._now = now
        self._records_of = records_of
        self._chunk = chunk
        at = normalise.moment(cursor.get("at"))
        self._since = ((at or now) - OVERLAP).replace(microsecond=0)
        self._at = at or self._since
        self._id = str(cursor.get("id", ""))
        self._open_from = normalise.moment(cursor.get("open_from")) or self._since - timedelta(days=OPEN_DAYS)

    def pages(self) -> Iterator[Page]:
        """Yield pages in the order of changes. Raises Misconfigured when the shop ignores the date range."""
        start = min(self._open_from, self._since)
        rows = self._ranges.orders(start, self._now + _DAY)
        changed = sorted((row for row in rows if updated(row) >= self._since), key=updated)
        chunks = [changed[index : index + self._chunk] for index in range(0, len(changed), self._chunk)]
        for index, chunk in enumerate(chunks or [[]], start=1):
            is_last = index >= len(chunks)
            records = [record for row in chunk for record in self._records_of(row)]
            for row in chunk:
                if updated(row) >= self._at:
                    self._at, self._id = updated(row), str(row.get("orderId") or "")
            if is_last:
                self._open_from = self._next_open_from(rows)
            yield Page(records, self._cursor(), is_last)

    def _cursor(self) -> dict[str, str]:
        return {
            "at": self._at.isoformat(timespec="seconds"),
            "id": self._id,
            "open_from": self._open_from.isoformat(timespec="seconds"),
        }

    def _next_open_from(self, rows: Sequence[Mapping[str, Any]]) -> datetime:
        still_open = [created(row) for row in rows if is_open(row)]
        oldest = min([*still_open, self._since])
        return max(oldest, self._now - timedelta(days=OPEN_DAYS))


def is_open(row: Mapping[str, Any]) -> bool:
    """Say whether more is to come of an order: it is neither shipped nor given up."""
    return row.get("shippingStatus") not in _DONE_SHIPPING and row.get("paymentStatus") not in _DONE_PAYMENT


def created(row: Mapping[str, Any]) -> datetime:
    """Return when a complex order was placed. Raises UnexpectedResponse."""
    return _moment(row, "orderDate")


def updated(row: Mapping[str, Any]) -> datetime:
    """Return when a complex order changed last. Raises UnexpectedResponse."""
    return _moment(row, "updateDate")


def _moment(row: Mapping[str, Any], name: str) -> datetime:
    try:
        text = when(row[name])
    except (KeyError, ValueError, OverflowError) as error:
        raise UnexpectedResponse("The shop sent an order without a readable date") from error
    if text is None:
        raise UnexpectedResponse("The shop sent an order without a date")
    return datetime.fromisoformat(text).astimezone(UTC)


def thin_order(row: Mapping[str, Any]) -> Record:
    """Return an order by its ids only; the run fetches it with all its payments."""
    return Record(
        system=normalise.SYSTEM,
        kind=Kind.ORDER,
        external_id=str(row.get("orderId") or ""),
        fields={},
        updated_at=updated(row),
        business_key=str(row.get("orderNumber") or ""),
        version=version_of(row),
    )


def version_of(row: Mapping[str, Any]) -> str:
    """Return the version of an order as the complex schema tells it, listed or read."""
    return f"{row['updateDate']} {content_hash(row)[:16]}"
