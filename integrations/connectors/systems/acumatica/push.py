"""Push notifications as events: proves a message by its static header, and reads which records it is about.

Called by the portal's hook view before anything is stored. There is no signature [documented], so no value in a message
is believed: the run reads the record itself. The same message may come five times and more, with the same Id.
"""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from integrations.connectors.base import Notice, Verified
from integrations.connectors.errors import BadSignature, UnexpectedResponse
from integrations.connectors.systems.acumatica.order_fields import RETURN_TYPE
from integrations.kinds import Kind

_YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)
_LONGEST_TICKS = 3_155_378_975_999_999_999


class AcumaticaPush:
    """The receiver. Dedupe key: transaction Id and query, for one transaction sends a message per query."""

    def verify(
        self, headers: Mapping[str, str], body: bytes, values: Mapping[str, Any], now: datetime
    ) -> Verified:
        """Compare the static header (constant time). A message carries no window. Raises BadSignature."""
        name = str(values.get("push_header_name") or "").strip().lower()
        secret = str(values.get("push_header_value") or "").strip()
        if not name or not secret:
            raise BadSignature("The connection has no header for push notifications", reason="no_secret")
        given = headers.get(name, "")
        if not given:
            raise BadSignature("The static header of the message is missing", reason="missing_header")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
            raise BadSignature("The static header does not fit", reason="bad_signature")
        message = _message(body)
        number = str(message.get("Id") or "").strip()
        if not number:
            raise BadSignature("The message has no Id", reason="missing_header")
        return Verified(f"{number}:{message.get('Query') or ''}"[:200], _moment(message.get("TimeStamp")))

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        """Return one notice per record in ``Inserted``; an update stands in both lists, a removal only in the other.

        Raises UnexpectedResponse on unreadable bodies.
        """
        message = _message(body)
        at, query = _moment(message.get("TimeStamp")), str(message.get("Query") or "")
        found: dict[tuple[Kind, str], Notice] = {}
        for row in _rows(message.get("Inserted")):
            meant = _subject(row)
            if meant is not None:
                kind, external_id, key = meant
                found[kind, external_id] = Notice(query, kind, external_id, key, at)
        return tuple(found.values())


def _message(body: bytes) -> Mapping[str, Any]:
    try:
        message = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnexpectedResponse("The message is not JSON") from error
    if not isinstance(message, dict):
        raise UnexpectedResponse("The message is not a JSON object")
    return message


def _rows(given: Any) -> Iterator[dict[str, str]]:
    """Yield rows as trimmed text by field name in small letters: padding differs between the two lists."""
    for row in given if isinstance(given, list) else ():
        if isinstance(row, dict):
            yield {
                name.lower().replace(" ", ""): str(value).strip()
                for name, value in row.items()
                if value is not None
            }


def _subject(row: Mapping[str, str]) -> tuple[Kind, str, str] | None:
    """Return (kind, external id, key) of a row by its columns: names of queries are the administrator's."""
    order = f"{row.get('ordertype') or 'SO'}/{row['ordernbr']}" if row.get("ordernbr") else ""
    is_return = row.get("ordertype") == RETURN_TYPE
    if shipment := row.get("shipmentnbr"):
        if is_return:
            return None  # goods that come back; the return itself tells
        return Kind.SHIPMENT, f"{shipment}/{order}" if order else shipment, shipment
    if order:
        return Kind.RETURN if is_return else Kind.ORDER, order, row["ordernbr"]
    if (number := row.get("referencenbr")) and row.get("type") in ("Payment", "Prepayment", "Refund"):
        return Kind.PAYMENT, f"{row['type']}/{number}", number
    if item := row.get("inventoryid"):
        is_stock = any(name.startswith("qty") for name in row)
        return Kind.INVENTORY if is_stock else Kind.PRODUCT, item, item
    if customer := row.get("customerid"):
        return Kind.CUSTOMER, customer, customer
    return None


def _moment(ticks: Any) -> datetime | None:
    """Return a .NET time (100 ns since the year 1); informative only."""
    if not isinstance(ticks, int) or isinstance(ticks, bool) or not 0 < ticks <= _LONGEST_TICKS:
        return None
    return _YEAR_ONE + timedelta(microseconds=ticks // 10)
