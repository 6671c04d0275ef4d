"""Push notifications, the envelope of values and our references: pure functions of the Acumatica connector."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.errors import (
    BadSignature,
    UnexpectedResponse,
)
from integrations.connectors.systems.acumatica.envelope import unwrap, wrap
from integrations.connectors.systems.acumatica.references import fit_reference
from integrations.kinds import Kind
from tests.contract.test_acumatica import (
    PUSH_SECRET,
)

PUSH = registry.webhook_receiver("acumatica")
VALUES = {"push_header_name": "X-Connect-Key", "push_header_value": PUSH_SECRET}
MESSAGE = {
    "Inserted": [{"Warehouse": "MAIN ", "InventoryID": "A50-HALO", "QtyOnHand": 39, "QtyAvailable": 37}],
    "Deleted": [{"Warehouse": "MAIN", "InventoryID": "A50-HALO ", "QtyOnHand": 39, "QtyAvailable": 39}],
    "Query": "Item Availability Data", "CompanyId": "MyStore", "Id": "06284bdf-2952-4a9a-bf60-2ad0cd33924e",
    "TimeStamp": 639080617440000000, "AdditionalInfo": {},
}  # fmt: skip


def verify(headers: dict[str, str], message: dict[str, Any]) -> Any:
    assert PUSH is not None
    return PUSH.verify(headers, json.dumps(message).encode(), VALUES, datetime.now(UTC))


def test_a_push_is_proved_by_its_header_and_told_apart_by_id_and_query() -> None:
    good = {"x-connect-key": PUSH_SECRET}
    first = verify(good, MESSAGE)
    assert first.delivery_id == verify(good, MESSAGE).delivery_id
    assert first.delivery_id != verify(good, {**MESSAGE, "Query": "Sales Orders"}).delivery_id
    assert first.sent_at is not None and first.sent_at.year == 2026
    for headers in ({}, {"x-connect-key": "wrong"}):
        with pytest.raises(BadSignature):
            verify(headers, MESSAGE)


def test_a_push_becomes_one_notice_per_record_padding_trimmed() -> None:
    assert PUSH is not None

    def subjects(inserted: list[dict[str, Any]]) -> list[tuple[Kind, str]]:
        body = json.dumps({**MESSAGE, "Inserted": inserted}).encode()
        return [(one.kind, one.external_id) for one in PUSH.parse({}, body)]

    assert subjects([*MESSAGE["Inserted"], {"InventoryID": "A50-HALO  ", "QtyOnHand": 1}]) == [
        (Kind.INVENTORY, "A50-HALO")
    ]
    assert subjects([{"OrderType": "SO", "OrderNbr": "000073 "}]) == [(Kind.ORDER, "SO/000073")]
    assert subjects([{"ShipmentNbr": "000412", "OrderNbr": "000073"}]) == [
        (Kind.SHIPMENT, "000412/SO/000073")
    ]
    assert subjects([{"CustomerID": "C1165"}]) == [(Kind.CUSTOMER, "C1165")]
    assert subjects([{"Type": "Credit Memo", "ReferenceNbr": "1"}, {"Colour": "red"}]) == []
    assert subjects([]) == [], "a row in Deleted alone is a removal"
    with pytest.raises(UnexpectedResponse):
        PUSH.parse({}, b"<html>")


def test_the_envelope_comes_off_and_goes_on_again() -> None:
    wire = {
        "id": "1", "rowNumber": 1, "Description": {}, "OrderTotal": {"value": Decimal("7000.0000")},
        "OrderQty": {"value": 2}, "Date": {"value": "2026-03-02T00:00:00+00:00"}, "note": None, "_links": {"self": "x"},
        "Details": [{"InventoryID": {"value": "A", "error": "no"}}], "ShipToAddress": {"City": {"value": "Austin"}},
    }  # fmt: skip
    plain = unwrap(wire)
    assert plain == {
        "id": "1", "Description": None, "OrderTotal": Decimal(7000), "OrderQty": Decimal(2), "Date": "2026-03-02",
        "note": None, "Details": [{"InventoryID": "A"}], "ShipToAddress": {"City": "Austin"},
    }  # fmt: skip
    assert isinstance(plain["OrderQty"], Decimal)
    body = wrap({"id": "1", "A": None, "B": Decimal("1.50"), "Rows": [{"id": "2", "delete": True}]})
    assert body == {"id": "1", "B": {"value": Decimal("1.50")}, "Rows": [{"id": "2", "delete": True}]}


def test_a_long_reference_is_shortened_the_same_way_each_time() -> None:
    assert fit_reference("XC-1043") == "XC-1043"
    long = "XC-" + "9" * 60
    assert len(fit_reference(long)) == 40
    assert fit_reference(long) == fit_reference(long) != fit_reference(long + "1")
