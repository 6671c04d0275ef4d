"""Finds what changed: by ``modifiedSince`` where the contract has it, by full sweeps for coupons and categories.

Cursors: ``{"at": time, "id": record id}`` and ``{"page": n}``. Records come whole.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.connectors.base import Page
from integrations.connectors.errors import UnexpectedResponse
from integrations.connectors.systems.clarity_ecommerce.client import ClarityClient
from integrations.connectors.systems.clarity_ecommerce.normalise import moment, wire_moment
from integrations.connectors.systems.clarity_ecommerce.spec import LIMITS
from integrations.kinds import Kind, Record

OVERLAP = timedelta(seconds=120)
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)

DATED = {
    Kind.ORDER: "orders",
    Kind.PRODUCT: "products",
    Kind.INVENTORY: "inventory",
    Kind.CUSTOMER: "customers",
    Kind.PAYMENT: "payments",
    Kind.SHIPMENT: "shipments",
    Kind.RETURN: "returns",
}
SWEPT = {Kind.COUPON: "coupons", Kind.CATEGORY: "categories"}

RecordOf = Callable[[Mapping[str, Any]], Record]


def changes(
    client: ClarityClient, path: str, cursor: Mapping[str, Any], now: datetime, record_of: RecordOf
) -> Iterator[Page]:
    """Yield pages in order of change, from the cursor minus the overlap.

    The next page starts at the last row's time, not at the next page number: a record that changes while we
    page leaves its place, and numbers would then skip another. Only when a whole page has one time does the
    number lead on. The cursor never goes back.
    """
    last_at = moment(cursor.get("at"))
    start, page_number = (last_at or now) - OVERLAP, 1
    at, record_id = last_at or start, str(cursor.get("id", ""))
    seen: set[tuple[str, str]] = set()
    previous: list[dict[str, Any]] = []
    while True:
        # Reference: contract v1, lists. Oldest modifiedDate first; modifiedSince includes the moment itself.
        rows = client.page(path, page_number, {"modifiedSince": wire_moment(start) or ""})
        if rows and rows == previous:
            raise UnexpectedResponse("The site sends the same page again and again", detail=path)
        previous = rows
        records = [record_of(row) for row in rows]
        fresh = [one for one in records if (one.external_id, str(one.updated_at)) not in seen]
        seen.update((one.external_id, str(one.updated_at)) for one in records)
        for one in records:
            if one.updated_at is not None and one.updated_at >= at:
                at, record_id = one.updated_at, one.external_id
        is_last = len(rows) < LIMITS.page_size
        yield Page(fresh, {"at": wire_moment(at), "id": record_id}, is_last)
        if is_last:
            return
        latest = records[-1].updated_at
        if latest is not None and latest > start:
            start, page_number, previous = latest, 1, []
        else:
            page_number += 1


def sweep(client: ClarityClient, path: str, cursor: Mapping[str, Any], record_of: RecordOf) -> Iterator[Page]:
    """Yield every record of a list; a kept cursor goes on with the page after the stored one.

    The cursor after the last page is ``{"page": 1}``: the next call sweeps again. Callers compare hashes.
    """
    page = int(cursor.get("page", 1))
    for rows in client.pages(path, first=page):
        is_last = len(rows) < LIMITS.page_size
        page += 1
        yield Page([record_of(row) for row in rows], {"page": 1 if is_last else page}, is_last)
