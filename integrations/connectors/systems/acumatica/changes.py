"""Finds what changed, by the time of change that each entity keeps. Called by the connector.

Cursor: ``{"at": RFC 3339}``; products come of two entities, so that theirs has ``non_stock`` beside it.
Reads begin at the cursor's time minus an overlap, for clocks differ and commits are late.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import UnexpectedResponse
from integrations.connectors.systems.acumatica import customers, documents, items, orders, payments, shipments
from integrations.connectors.systems.acumatica.client import Acumatica
from integrations.connectors.systems.acumatica.envelope import moment_literal, quoted
from integrations.connectors.systems.acumatica.order_fields import RETURN_TYPE
from integrations.connectors.systems.acumatica.records import record
from integrations.kinds import Kind, Record

OVERLAP = timedelta(seconds=120)
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
PAGE_SIZE = 100

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a kind's changes are listed: entity, time field, key, what is asked for, and records of a row."""

    entity: str
    time: str
    key: str
    records: Callable[[Row], list[Record]]
    select: str = ""
    expand: str = ""
    condition: str = ""


def _thin_order(kind: Kind) -> Callable[[Row], list[Record]]:
    def records_of(row: Row) -> list[Record]:
        at, number = row.get("LastModified"), str(row.get("OrderNbr") or "")
        return [record(kind, orders.key_of(row), {}, updated_at=at, business_key=number)]

    return records_of


def _orders(kind: Kind, comparison: str) -> "Source":
    return Source(
        "SalesOrder",
        "LastModified",
        "OrderNbr",
        _thin_order(kind),
        "OrderType,OrderNbr,LastModified",
        condition=f"OrderType {comparison} {quoted(RETURN_TYPE)}",
    )


def _thin_shipments(row: Row) -> list[Record]:
    number, at = str(row.get("ShipmentNbr") or ""), row.get("LastModifiedDateTime")
    return [
        record(Kind.SHIPMENT, each, {}, updated_at=at, business_key=number) for each in shipments.ids_of(row)
    ]


def _thin_document(kind: Kind) -> Callable[[Row], list[Record]]:
    def records_of(row: Row) -> list[Record]:
        at, number = row.get("LastModifiedDateTime"), str(row.get("ReferenceNbr") or "")
        return [record(kind, documents.document_key(row), {}, updated_at=at, business_key=number)]

    return records_of


SOURCES = {
    Kind.ORDER: _orders(Kind.ORDER, "ne"),
    Kind.RETURN: _orders(Kind.RETURN, "eq"),
    Kind.SHIPMENT: Source(
        "Shipment",
        "LastModifiedDateTime",
        "ShipmentNbr",
        _thin_shipments,
        "ShipmentNbr,LastModifiedDateTime,Orders/OrderType,Orders/OrderNbr",
        expand="Orders",
    ),
    Kind.CUSTOMER: Source(
        "Customer",
        "LastModifiedDateTime",
        "CustomerID",
        lambda row: [customers.customer_record(row)],
        expand=customers.EXPAND,
    ),
    Kind.PRODUCT: Source(
        "StockItem",
        "LastModified",
        "InventoryID",
        lambda row: [items.item_record(row)],
        expand=items.EXPAND,
    ),
    Kind.PURCHASE_ORDER: Source(
        "PurchaseOrder",
        "LastModifiedDateTime",
        "OrderNbr",
        lambda row: [documents.purchase_record(row)],
        expand="Details",
    ),
    Kind.PAYMENT: Source(
        "Payment",
        "LastModifiedDateTime",
        "ReferenceNbr",
        _thin_document(Kind.PAYMENT),
        "Type,ReferenceNbr,LastModifiedDateTime",
        condition="(" + " or ".join(f"Type eq {quoted(each)}" for each in payments.PAYMENT_TYPES) + ")",
    ),
    Kind.INVOICE: Source(
        "SalesInvoice",
        "LastModifiedDateTime",
        "ReferenceNbr",
        _thin_document(Kind.INVOICE),
        "Type,ReferenceNbr,LastModifiedDateTime",
    ),
}
NON_STOCK_ITEMS = Source(
    "NonStockItem",
    "LastModifiedDateTime",
    "InventoryID",
    lambda row: [items.non_stock_record(row)],
    expand=items.NON_STOCK_EXPAND,
)


def pages(api: Acumatica, kind: Kind, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield what changed of a kind since a cursor."""
    if kind is Kind.PRODUCT:
        return _item_pages(api, cursor, now)
    return Changes(api, SOURCES[kind], cursor, now).pages()


def _item_pages(api: Acumatica, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
    """Yield stock items, then non-stock items; each has a place of its own in the cursor, from the first page on."""
    other = cursor.get("non_stock") or cursor.get("at") or (now - OVERLAP).isoformat()
    at = cursor.get("at")
    for page in Changes(api, SOURCES[Kind.PRODUCT], cursor, now).pages():
        at = page.cursor["at"]
        yield Page(page.records, {"at": at, "non_stock": other}, is_last=False)
    for page in Changes(api, NON_STOCK_ITEMS, {"at": other}, now).pages():
        yield Page(page.records, {"at": at, "non_stock": page.cursor["at"]}, page.is_last)


class Changes:
    """Pages of one source since a cursor; the cursor never goes back."""

    def __init__(self, api: Acumatica, source: Source, cursor: Mapping[str, Any], now: datetime) -> None:
        self._api, self._source = api, source
        at = datetime.fromisoformat(cursor["at"]) if cursor.get("at") else None
        self._since = (at or now) - OVERLAP
        self._at = at or self._since

    def pages(self) -> Iterator[Page]:
        """Yield pages in the order of change; a list that ignores the order is read whole first."""
        # Reference: Integration Development Guide, "$filter"; $orderby works in practice [inferred].
        rows = self._list(self._since, 0)
        if _is_sorted(rows, self._time):
            yield from self._by_time(rows)
        else:
            yield from self._unsorted(rows)

    def _by_time(self, rows: list[Row]) -> Iterator[Page]:
        """Page by the last row's time, for rows leave their page when they change."""
        start, skip = self._since, 0
        seen: set[tuple[Any, ...]] = set()
        while True:
            is_last = len(rows) < PAGE_SIZE
            fresh = [row for row in rows if self._mark(row) not in seen]
            seen.update(self._mark(row) for row in rows)
            yield self._page(fresh, is_last=is_last)
            if is_last:
                return
            last = self._time(rows[-1])
            start, skip = (last, 0) if last > start else (start, skip + len(rows))
            previous, rows = rows, self._list(start, skip)
            if skip and rows == previous:
                raise UnexpectedResponse(
                    "Acumatica sends the same page again and again", detail=self._source.entity
                )

    def _unsorted(self, rows: list[Row]) -> Iterator[Page]:
        found = list(rows)
        while len(rows) == PAGE_SIZE:
            rows = self._list(self._since, len(found))
            found += rows
        found.sort(key=self._time)
        for start in range(0, len(found), PAGE_SIZE):
            yield self._page(found[start : start + PAGE_SIZE], is_last=start + PAGE_SIZE >= len(found))

    def _list(self, start: datetime, skip: int) -> list[Row]:
        source = self._source
        condition = f"{source.time} ge {moment_literal(start)}"
        return self._api.listed(
            source.entity,
            filter=f"{condition} and {source.condition}" if source.condition else condition,
            orderby=f"{source.time},{source.key}",
            select=source.select,
            expand=source.expand,
            custom=self._api.custom_fields(source.entity),
            top=PAGE_SIZE,
            skip=skip or "",
        )

    def _page(self, rows: Sequence[Row], *, is_last: bool) -> Page:
        self._at = max([self._at, *(self._time(row) for row in rows)])
        records = [each for row in rows for each in self._source.records(row)]
        return Page(records, {"at": self._at.isoformat()}, is_last)

    def _time(self, row: Row) -> datetime:
        found = row.get(self._source.time)
        if not isinstance(found, datetime):
            raise UnexpectedResponse(
                "Acumatica sent a record without its time of change", detail=self._source.entity
            )
        return found

    def _mark(self, row: Row) -> tuple[Any, ...]:
        return row.get("id"), self._time(row)


def _is_sorted(rows: Sequence[Row], time: Callable[[Row], datetime]) -> bool:
    times = [time(row) for row in rows]
    return times == sorted(times)
