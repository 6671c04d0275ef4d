"""Finds what changed in a shop: orders and their payments by the renewal date, the rest by full sweeps.

Cursors: orders ``{"at": RFC 3339, "id": order id}``; sweeps ``{"page": n}``. Orders come thin, because the
list lacks the payments; the run fetches them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import Misconfigured, UnexpectedResponse
from integrations.connectors.systems.x_cart import normalise
from integrations.connectors.systems.x_cart.client import XCartClient
from integrations.connectors.systems.x_cart.spec import LIMITS
from integrations.kinds import Kind, Record, content_hash

OVERLAP = timedelta(seconds=120)
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
"""Older than any shop."""
_FAR = "2100-01-01T00:00:00+00:00"


class OrderChanges:
    """Polls orders. ``since`` is the cursor's time minus the overlap; the cursor never goes back.

    ``records_of`` makes an order's row into records (default: one thin order), ``chunk`` is how many orders
    go onto one page.
    """

    def __init__(
        self,
        client: XCartClient,
        cursor: Mapping[str, Any],
        now: datetime,
        *,
        records_of: Callable[[Mapping[str, Any]], Sequence[Record]] | None = None,
        chunk: int = LIMITS.page_size,
    ) -> None:
        self._client = client
        self._records_of = records_of or (lambda row: [thin_order(row)])
        self._chunk = chunk
        at = normalise.moment(cursor.get("at"))
        # Whole seconds, as the filter: a fraction would make the shop's rows look older than asked for.
        self._since = ((at or now) - OVERLAP).replace(microsecond=0)
        # Without a cursor the first one is our clock minus the overlap, so that a shop whose clock is
        # behind ours is not read past.
        self._at = at or self._since
        self._id = str(cursor.get("id", ""))

    def pages(self) -> Iterator[Page]:
        """Yield pages in renewal order. Raises Misconfigured when the shop ignores filter and order."""
        # Reference: developer.x-cart.com/api/5.5.1/admin, GET /orders. Version 5.5.0 has no lastRenewDate
        # filter and ignores it; so does every version with a date that it cannot read.
        first = self._list(self._since, page=1)
        if first and self._time(first[0]) < self._since:
            yield from self._from_newest()
            return
        yield from self._by_filter(first)

    def _by_filter(self, rows: list[dict[str, Any]]) -> Iterator[Page]:
        """Page by the last row's time, not by page number alone: rows leave their page when they change."""
        start, page = self._since, 1
        seen: set[tuple[str, str]] = set()
        while True:
            is_last = len(rows) < LIMITS.page_size
            fresh = [row for row in rows if self._mark(row) not in seen]
            seen.update(self._mark(row) for row in rows)
            yield from self._chunked(fresh, is_last=is_last)
            if is_last:
                return
            last = self._time(rows[-1])
            if last > start:
                start, page = last, 1
            else:
                page += 1  # a whole page within one second: only the page number leads on
            previous, rows = rows, self._list(start, page)
            if page > 1 and rows == previous:
                raise UnexpectedResponse("The shop sends the same page again and again", detail="orders")

    def _from_newest(self) -> Iterator[Page]:
        """Page back from the newest until older than the cursor; yield oldest first, when all are known."""
        found: list[dict[str, Any]] = []
        previous: datetime | None = None
        for rows in self._client.pages("orders", [("order[lastRenewDate]", "desc")]):
            for row in rows:
                time = self._time(row)
                if previous is not None and time > previous:
                    raise Misconfigured(
                        "The shop ignores both the date filter and the order of the list, so changes cannot "
                        "be found; the position was not moved",
                        missing="lastRenewDate filter (X-Cart 5.5.1)",
                    )
                previous = time
            found += [row for row in rows if self._time(row) >= self._since]
            if rows and self._time(rows[-1]) < self._since:
                break
        found.reverse()
        yield from self._chunked(found, is_last=True)

    def _list(self, start: datetime, page: int) -> list[dict[str, Any]]:
        after = start.astimezone(UTC).isoformat(timespec="seconds")
        return self._client.get_page(
            "orders", page, [("lastRenewDate[after]", after), ("order[lastRenewDate]", "asc")]
        )

    def _chunked(self, rows: list[dict[str, Any]], *, is_last: bool) -> Iterator[Page]:
        """Yield rows in pages of at most ``chunk``; the last of them is the last page when ``is_last``."""
        chunks = [rows[start : start + self._chunk] for start in range(0, len(rows), self._chunk)] or [[]]
        for index, chunk in enumerate(chunks, start=1):
            yield self._page(chunk, is_last=is_last and index == len(chunks))

    def _page(self, rows: list[dict[str, Any]], *, is_last: bool) -> Page:
        records = [record for row in rows for record in self._records_of(row)]
        for row in rows:
            time = self._time(row)
            if time >= self._at:
                self._at, self._id = time, str(row.get("id") or "")
        cursor = {"at": self._at.isoformat(timespec="seconds"), "id": self._id}
        return Page(records, cursor, is_last)

    def _time(self, row: Mapping[str, Any]) -> datetime:
        try:
            time = normalise.moment(row["update_date"])
        except (KeyError, ValueError) as error:
            raise UnexpectedResponse("The shop sent an order without a readable date") from error
        if time is None:
            raise UnexpectedResponse("The shop sent an order without a date")
        return time

    def _mark(self, row: Mapping[str, Any]) -> tuple[str, str]:
        return str(row.get("id")), str(row.get("update_date"))


def thin_order(row: Mapping[str, Any]) -> Record:
    return Record(
        system=normalise.SYSTEM,
        kind=Kind.ORDER,
        external_id=str(row.get("id") or ""),
        fields={},
        updated_at=normalise.moment(row["update_date"]),
        business_key=str(row.get("order_number") or ""),
        version=version_of(row),
    )


def version_of(row: Mapping[str, Any]) -> str:
    """Return the version of an order as listed or read: its date has whole seconds, two changes within one differ here.

    A shop whose list tells less of an order than the order itself gives two marks, and is read once more for nothing.
    """
    return f"{row['update_date']} {content_hash(row)[:16]}"


def has_last_renew_filter(client: XCartClient) -> bool:
    """Ask for orders renewed after the year 2100: a shop that knows the filter returns none."""
    rows = client.get("orders", [("lastRenewDate[strictly_after]", _FAR), ("itemsPerPage", 1)])
    return bool(rows == [])


def sweep(
    client: XCartClient,
    path: str,
    cursor: Mapping[str, Any],
    record_of: Callable[[Mapping[str, Any]], Record],
) -> Iterator[Page]:
    """Yield every record of a list, page by page; a kept cursor goes on with the page after the stored one.

    The cursor after the last page is ``{"page": 1}``: the next call sweeps again. Callers compare hashes.
    """
    page = int(cursor.get("page", 1))
    for rows in client.pages(path, first=page):
        is_last = len(rows) < LIMITS.page_size
        page += 1
        yield Page([record_of(row) for row in rows], {"page": 1 if is_last else page}, is_last)
