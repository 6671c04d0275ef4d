"""Stock by SKU and location: one row at a time, several rows of a record, or many records in bulk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import quote

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import (
    ConnectorError,
    FieldProblem,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    Rejected,
)
from integrations.connectors.systems.clarity_ecommerce.client import ClarityClient, key_with_body
from integrations.connectors.systems.clarity_ecommerce.moves import needed
from integrations.connectors.systems.clarity_ecommerce.normalise import record_of, stock_id
from integrations.kinds import Kind

BULK_ROWS = 500
DEFAULT_LOCATION = "MAIN"
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class StockRow:
    """What shall lie of a SKU at a location; absolute."""

    sku: str
    location: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class RowResult:
    """How one row of a bulk write went; ``error`` is the site's word: unknown-sku, negative."""

    row: StockRow
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


def set_rows(client: ClarityClient, rows: Sequence[StockRow], key: str) -> Iterator[RowResult]:
    """Write rows in calls of at most 500 and yield each row's own result, in order.

    Rows are absolute, so whoever is in doubt sends them again; the key follows from ``key`` and the rows.
    """
    for start in range(0, len(rows), BULK_ROWS):
        chunk = rows[start : start + BULK_ROWS]
        body = {
            "rows": [{"sku": row.sku, "quantity": row.quantity, "locationKey": row.location} for row in chunk]
        }
        # Reference: contract v1, POST /inventory/bulk. 200 with mixed results: a refused row spoils no other.
        answer = client.send("POST", "inventory/bulk", body, key=key_with_body(key, body))
        results = answer.fields.get("results")
        if not isinstance(results, list) or len(results) != len(chunk):
            raise OutcomeUnknown("The site answered a bulk write without a result for each row")
        for row, result in zip(chunk, results, strict=True):
            yield RowResult(row, "" if result.get("ok") else str(result.get("error") or "refused"))


def write_stock(client: ClarityClient, request: WriteRequest) -> WriteResult:
    """Set one SKU at one location, or with ``rows`` at several. Raises MissingReference for an unknown SKU."""
    rows = _wanted(client, request)
    if len(rows) > 1:
        return _write_several(client, rows, request.idempotency_key)
    (row,) = rows
    try:
        answer = client.send(
            "PUT",
            f"inventory/{quote(row.sku, safe='')}",
            {"quantity": row.quantity, "locationKey": row.location},
        )
    except NotFound as error:
        raise _unknown(row.sku) from error
    held = record_of(Kind.INVENTORY, answer.fields)
    return WriteResult(held.external_id, held.business_key, held.fields)


def write_many(
    client: ClarityClient, requests: Sequence[WriteRequest]
) -> Sequence[WriteResult | ConnectorError]:
    """Set the stock of many SKUs by one call for 500 rows; what is wrong with one of them concerns no other."""
    wanted: list[list[StockRow] | ConnectorError] = []
    for request in requests:
        try:
            wanted.append(_wanted(client, request))
        except ConnectorError as error:
            wanted.append(error)
    rows = [row for each in wanted if isinstance(each, list) for row in each]
    results = set_rows(client, rows, requests[0].idempotency_key) if rows else iter(())
    return [_judged(list(islice(results, len(each)))) if isinstance(each, list) else each for each in wanted]


def _judged(results: Sequence[RowResult]) -> WriteResult | ConnectorError:
    try:
        return _summed_up(results)
    except ConnectorError as error:
        return error


def _write_several(client: ClarityClient, rows: Sequence[StockRow], key: str) -> WriteResult:
    return _summed_up(list(set_rows(client, rows, key)))


def _summed_up(results: Sequence[RowResult]) -> WriteResult:
    """Return what the rows of one SKU became. Raises MissingReference, Rejected."""
    rows = [each.row for each in results]
    refused = [each for each in results if not each.ok]
    if any(each.error == "unknown-sku" for each in refused):
        raise _unknown(rows[0].sku)
    if refused:
        raise Rejected(
            f"The site refuses the stock of {rows[0].sku}: {refused[0].error}",
            problems=tuple(
                FieldProblem(f"rows {each.row.location}", str(each.row.quantity), each.error)
                for each in refused
            ),
        )
    sku = rows[0].sku
    fields = {
        "sku": sku,
        "rows": [{"locationKey": row.location, "quantity": row.quantity} for row in rows],
    }
    return WriteResult(stock_id(sku, rows[0].location), sku, fields)


def _wanted(client: ClarityClient, request: WriteRequest) -> list[StockRow]:
    """Return the rows of a request, those of one location added up. Raises Rejected."""
    fields = request.fields
    default = str(client.setting("default_location_key", DEFAULT_LOCATION))
    known_sku, _, known_location = request.external_id.rpartition("@")
    sku = str(fields.get("sku") or known_sku).strip()
    if not sku:
        raise needed("sku", "is needed")
    given = fields.get("rows")
    if given is None:
        location = str(fields.get("locationKey") or known_location or default)
        given = [{"locationKey": location, "quantity": fields.get("quantity")}]
    by_location: dict[str, Decimal] = {}
    for each in given:
        location = str(each.get("locationKey") or default)
        by_location[location] = by_location.get(location, Decimal(0)) + _quantity(each.get("quantity"))
    if not by_location:
        raise needed("rows", "must hold a location")
    return [StockRow(sku, location, quantity) for location, quantity in by_location.items()]


def _quantity(value: object) -> Decimal:
    problem = "must be a number from 0, with at most 4 decimals"
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        number = Decimal(value)
        if number.is_finite() and number >= 0 and number == number.quantize(_PLACES):
            return number
    raise Rejected(f"quantity {problem}", problems=(FieldProblem("quantity", str(value)[:60], problem),))


def _unknown(sku: str) -> MissingReference:
    return MissingReference(f"The site has no product with SKU {sku!r}", kind="product", key=sku)


def stock_rows(client: ClarityClient, sku: str) -> list[dict[str, Any]]:
    """Return the inventory rows of a SKU, whatever its letter case."""
    return [
        row
        for row in client.rows("inventory", {"sku": sku})
        if str(row.get("sku", "")).casefold() == sku.casefold()
    ]


def find_stock(client: ClarityClient, sku: str, hint: Mapping[str, Any]) -> Found | None:
    """Return what lies of a SKU at the hint's location, else at the connection's; None where there is no row."""
    location = str(hint.get("locationKey") or client.setting("default_location_key", DEFAULT_LOCATION))
    rows = stock_rows(client, sku) if sku else []
    row = next((each for each in rows if each.get("locationKey") == location), None)
    if row is None:
        return None
    record = record_of(Kind.INVENTORY, row)
    return Found(record.external_id, record.fields)
