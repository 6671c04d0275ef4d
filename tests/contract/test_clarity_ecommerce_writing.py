"""What the Clarity eCommerce connector writes: order moves, shipments, stock and masters."""

from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, WriteRequest, WriteResult
from integrations.connectors.errors import Duplicate, MissingReference, OutcomeUnknown, Rejected, Transient
from integrations.kinds import Kind
from tests.contract.clarity_site import calls, shown
from tests.contract.suite import Stand
from tests.contract.test_clarity_ecommerce import ClarityStand


class Meddler:
    """A gate that changes something at the site right before the next write leaves."""

    def __init__(self, meddle: Any) -> None:
        self.meddle = meddle

    def before_call(self, *, is_write: bool) -> None:
        if is_write and self.meddle is not None:
            meddle, self.meddle = self.meddle, None
            meddle()

    def after_call(self, *, seconds: float, status: str) -> None:
        return None


def connector_with_gate(stand: Stand, gate: Any) -> Any:
    hosts = frozenset({stand.simulator.host})
    return registry.build(stand.system, ConnectionConfig(stand.values(), gate=gate, allowed_hosts=hosts))


class TestMoves:
    stand_class = ClarityStand

    def write(self, stand: Stand, **fields: Any) -> Any:
        return stand.connector().write(WriteRequest(Kind.ORDER, fields))

    def test_3_the_same_status_again_changes_nothing_and_mails_nobody(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        assert not self.write(stand, orderId=order_id, status="Processing").is_unchanged
        assert self.write(stand, orderId=order_id, status="Processing").is_unchanged
        assert len(stand.simulator.control("GET", "outbox")) == 1

    def test_3_an_illegal_move_is_rejected_with_its_reason(self, stand: Stand) -> None:
        with pytest.raises(Rejected) as raised:
            self.write(stand, orderId=stand.appear()[0], status="Completed")
        (problem,) = raised.value.problems
        assert (raised.value.code, problem.field, problem.value) == (
            "illegal-transition",
            "status",
            "Completed",
        )
        assert "Confirmed cannot become Completed" in problem.rule

    def test_a_late_status_never_overtakes(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        self.write(stand, orderId=order_id, status="Void")
        late = self.write(stand, orderId=order_id, status="Processing", onlyFromStatus=["Confirmed"])
        assert (late.is_unchanged, late.fields["status"]) == (True, "Void")

    def test_4_cancelled_is_no_status_here(self, stand: Stand) -> None:
        with pytest.raises(Rejected) as raised:
            self.write(stand, orderId=stand.appear()[0], status="Cancelled")
        assert raised.value.problems[0].value == "Cancelled"

    def test_a_failed_mail_is_told_and_is_success(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"mail_fails": True})
        result = self.write(stand, orderId=stand.appear()[0], status="Void")
        assert (result.fields["status"], "warning" in result.fields) == ("Void", True)

    def test_attributes_are_merged_and_null_deletes(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"attributes": {"theirs": "1", "old": "2"}})
        attributes = {"erpOrderNumber": "O0000124", "old": None}
        self.write(stand, orderId=str(placed["id"]), attributes=attributes)
        assert shown(stand, str(placed["id"]))["attributes"] == {"theirs": "1", "erpOrderNumber": "O0000124"}
        assert self.write(stand, orderId=str(placed["id"]), attributes=attributes).is_unchanged

    def test_9_a_stale_tag_is_read_again_and_decided_again(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        touch = Meddler(lambda: stand.simulator.control("POST", f"orders/{order_id}/touch", {}))
        connector_with_gate(stand, touch).write(
            WriteRequest(Kind.ORDER, {"orderId": order_id, "status": "Processing"})
        )
        assert calls(stand, f"PUT /api/v1/orders/{order_id}/status") == 2
        voided = stand.appear()[0]
        void = Meddler(lambda: stand.simulator.control("POST", f"orders/{voided}/status", {"status": "Void"}))
        fields = {"orderId": voided, "status": "Processing", "onlyFromStatus": ["Confirmed"]}
        result = connector_with_gate(stand, void).write(WriteRequest(Kind.ORDER, fields))
        assert (result.is_unchanged, shown(stand, voided)["status"]) == (True, "Void")

    def test_a_return_moves_where_it_may(self, stand: Stand) -> None:
        made = stand.simulator.control("POST", f"orders/{stand.appear()[0]}/return", {})
        connector, return_id = stand.connector(), str(made["returnId"])
        result = connector.write(WriteRequest(Kind.RETURN, {"status": "approved"}, external_id=return_id))
        assert (result.fields["status"], result.is_unchanged) == ("approved", False)
        again = connector.write(WriteRequest(Kind.RETURN, {"returnId": return_id, "status": "approved"}))
        assert again.is_unchanged
        with pytest.raises(Rejected):
            connector.write(WriteRequest(Kind.RETURN, {"status": "closed"}, external_id=return_id))


class TestShipments:
    stand_class = ClarityStand

    def order(self, stand: Stand, *lines: tuple[str, float]) -> str:
        asked = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
        return str(stand.simulator.control("POST", "orders", {"lines": asked})["id"])

    def request(self, order_id: str, reference: str = "S1", **fields: Any) -> WriteRequest:
        start = {
            "orderId": order_id,
            "externalRef": reference,
            "carrier": "UPS",
            "shipDate": "2026-03-03",
        }
        return WriteRequest(Kind.SHIPMENT, {**start, **fields}, idempotency_key=f"{order_id}-{reference}")

    def test_a_quantity_by_sku_is_dealt_out_over_the_open_lines(self, stand: Stand) -> None:
        order_id = self.order(stand, ("A50-HALO", 2), ("BLB-E27-4W", 1), ("A50-HALO", 3))
        connector = stand.connector()
        lines = [{"sku": "a50-halo", "quantity": Decimal(4)}, {"sku": "BLB-E27-4W", "quantity": Decimal(0)}]
        connector.write(self.request(order_id, lines=lines))
        (shipment,) = shown(stand, order_id)["shipments"]
        assert shipment["lines"] == [{"lineId": 1, "quantity": 2}, {"lineId": 3, "quantity": 2}]
        assert shipment["shipDate"] == "2026-03-03T00:00:00.000Z"
        rest = [{"sku": "A50-HALO", "quantity": Decimal(1)}, {"lineId": "2", "quantity": Decimal(1)}]
        connector.write(self.request(order_id, "S2", lines=rest))
        assert shown(stand, order_id)["status"] == "Shipped"

    @pytest.mark.parametrize(
        ("sku", "quantity", "field"),
        [("A50-HALO", 3, "lines[0].quantity"), ("NOPE", 1, "lines[0].sku")],
    )
    def test_16_more_than_is_left_or_an_unknown_sku_is_rejected_by_name(
        self, stand: Stand, sku: str, quantity: int, field: str
    ) -> None:
        order_id = self.order(stand, ("A50-HALO", 2))
        lines = [{"sku": sku, "quantity": Decimal(quantity)}]
        with pytest.raises(Rejected) as raised:
            stand.connector().write(self.request(order_id, lines=lines))
        assert raised.value.problems[0].field == field
        assert shown(stand, order_id)["shipments"] == []

    def test_the_same_reference_is_never_shipped_twice_with_another_key(self, stand: Stand) -> None:
        order_id = self.order(stand, ("A50-HALO", 2))
        connector = stand.connector()
        lines = [{"sku": "A50-HALO", "quantity": Decimal(1)}]
        first = connector.write(self.request(order_id, lines=lines))
        other = WriteRequest(Kind.SHIPMENT, self.request(order_id, lines=lines).fields, idempotency_key="k2")
        second = connector.write(other)
        assert (second.external_id, second.is_unchanged) == (first.external_id, True)
        assert len(shown(stand, order_id)["shipments"]) == 1

    def test_a_reference_taken_between_look_and_write_tells_the_shipment(self, stand: Stand) -> None:
        order_id = self.order(stand, ("A50-HALO", 2))
        request = self.request(order_id, lines=[{"sku": "A50-HALO", "quantity": Decimal(1)}])
        other = WriteRequest(Kind.SHIPMENT, request.fields, idempotency_key="another")
        gate = Meddler(lambda: stand.connector().write(other))
        with pytest.raises(Duplicate) as raised:
            connector_with_gate(stand, gate).write(request)
        (shipment,) = shown(stand, order_id)["shipments"]
        assert raised.value.existing_id == str(shipment["shipmentId"])

    def test_several_tracking_numbers_are_joined_whole_and_the_rest_is_named(self, stand: Stand) -> None:
        order_id = self.order(stand, ("A50-HALO", 2))
        numbers = [f"1Z999AA1012345678{digit}" for digit in range(5)]
        given = [{"value": numbers[0]}, *({"value": each} for each in numbers)]
        lines = [{"sku": "A50-HALO", "quantity": Decimal(1)}]
        result = stand.connector().write(self.request(order_id, lines=lines, trackingNumbers=given))
        assert result.fields["trackingNumber"] == ", ".join(numbers[:3])
        assert result.fields["tracking_numbers_not_written"] == numbers[3:]


class TestStockAndMasters:
    stand_class = ClarityStand

    def stock(self, stand: Stand, sku: str) -> dict[str, Any]:
        rows = stand.simulator.control("GET", "inventory")
        return {each["locationKey"]: each["quantity"] for each in rows if each["sku"] == sku}

    def levels(self, *wanted: tuple[str, str, str]) -> list[WriteRequest]:
        return [
            WriteRequest(
                Kind.INVENTORY,
                {"sku": sku, "locationKey": location, "quantity": Decimal(quantity)},
                idempotency_key=f"k{place}",
            )
            for place, (sku, location, quantity) in enumerate(wanted)
        ]

    def test_7_a_bulk_write_tells_each_row(self, stand: Stand) -> None:
        results = stand.connector().write_many(
            self.levels(
                ("A50-HALO", "MAIN", "7"),
                ("NOPE", "MAIN", "7"),
                ("SHD-LIN-40", "MAIN", "-1"),
                ("CBL-TXT-3M", "EAST", "2.5"),
            )
        )
        assert [type(each).__name__ for each in results] == [
            "WriteResult",
            "MissingReference",
            "Rejected",
            "WriteResult",
        ]
        assert isinstance(results[1], MissingReference) and results[1].key == "NOPE"
        assert self.stock(stand, "CBL-TXT-3M") == {"MAIN": 150, "EAST": 2.5}
        assert calls(stand, "POST /api/v1/inventory/bulk") == 1

    def test_7_501_rows_go_in_two_calls(self, stand: Stand) -> None:
        requests = self.levels(*(("A50-HALO", f"L{place}", "1") for place in range(501)))
        assert all(isinstance(each, WriteResult) for each in stand.connector().write_many(requests))
        assert calls(stand, "POST /api/v1/inventory/bulk") == 2

    def test_a_bulk_write_in_doubt_is_sent_again_with_the_same_key(self, stand: Stand) -> None:
        connector, requests = stand.connector(), self.levels(("A50-HALO", "MAIN", "3"))
        stand.simulator.fault("drop_after_commit", times=1, match="inventory/bulk")
        with pytest.raises(OutcomeUnknown):
            connector.write_many(requests)
        assert [type(each) for each in connector.write_many(requests)] == [WriteResult]
        sent = stand.simulator.control("GET", "calls?match=inventory/bulk")
        assert len({call["headers"]["idempotency-key"] for call in sent}) == 1
        assert sent[0]["response"] == sent[1]["response"] or sent[1]["status"] is None

    def test_rows_of_one_location_are_added_up(self, stand: Stand) -> None:
        rows = [
            {"locationKey": "MAIN", "quantity": Decimal(3)},
            {"quantity": Decimal(4)},
            {"locationKey": "WEST", "quantity": Decimal(1)},
        ]
        request = WriteRequest(Kind.INVENTORY, {"sku": "A50-HALO", "rows": rows}, idempotency_key="k")
        assert stand.connector().write(request).external_id == "A50-HALO@MAIN"
        assert self.stock(stand, "A50-HALO") == {"MAIN": 7, "WEST": 1}

    @pytest.mark.parametrize(
        "fields",
        [
            {"sku": "NOPE", "quantity": 1},
            {"sku": "NOPE", "rows": [{"quantity": 1}, {"locationKey": "B", "quantity": 1}]},
        ],
    )
    def test_an_unknown_sku_is_a_missing_reference(self, stand: Stand, fields: dict[str, Any]) -> None:
        with pytest.raises(MissingReference) as raised:
            stand.connector().write(WriteRequest(Kind.INVENTORY, fields))
        assert (raised.value.kind, raised.value.key) == ("product", "NOPE")

    @pytest.mark.parametrize("quantity", [Decimal(-1), Decimal("1.00001"), None, "many"])
    def test_an_impossible_quantity_is_rejected_before_it_is_sent(self, stand: Stand, quantity: Any) -> None:
        with pytest.raises(Rejected):
            stand.connector().write(WriteRequest(Kind.INVENTORY, {"sku": "A50-HALO", "quantity": quantity}))
        assert calls(stand, "PUT") == 0

    def test_5_a_product_that_is_there_is_changed_instead_of_made(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"sku": "a50-halo", "name": "Halo", "price": Decimal("61.5"), "attributes": {"x": "1"}}
        first = connector.write(WriteRequest(Kind.PRODUCT, fields, idempotency_key="k"))
        assert (first.external_id, first.business_key, first.is_unchanged) == ("40", "A50-HALO", False)
        assert connector.write(WriteRequest(Kind.PRODUCT, fields, external_id="A50-HALO")).is_unchanged, (
            "a link made by an order line names the SKU"
        )
        made = connector.write(WriteRequest(Kind.PRODUCT, {**fields, "sku": "NEW-1"}, idempotency_key="k2"))
        assert made.external_id not in ("", "40")

    def test_5_a_product_made_between_look_and_write_tells_its_id(self, stand: Stand) -> None:
        product = {"sku": "NEW-1", "name": "New", "price": 5}
        gate = Meddler(lambda: stand.simulator.control("POST", "products", product))
        with pytest.raises(Duplicate) as raised:
            connector_with_gate(stand, gate).write(
                WriteRequest(Kind.PRODUCT, {**product, "price": Decimal(5)}, idempotency_key="k")
            )
        found = stand.connector().find(Kind.PRODUCT, natural_key="NEW-1", hint={})
        assert raised.value.existing_id == found.external_id

    def test_6_a_write_whose_first_call_still_runs_is_tried_later(self, stand: Stand) -> None:
        request = WriteRequest(
            Kind.PRODUCT, {"sku": "NEW-1", "name": "New", "price": Decimal(5)}, idempotency_key="k"
        )
        stand.simulator.fault("slow_write", seconds=3, times=1)
        with pytest.raises(OutcomeUnknown):
            stand.connector().write(request)
        with pytest.raises(Transient):
            stand.connector().write(request)

    def test_8_every_refused_field_is_named(self, stand: Stand) -> None:
        fields = {"sku": "NEW-1", "name": "N" * 256, "price": Decimal("1.00001")}
        with pytest.raises(Rejected) as raised:
            stand.connector().write(WriteRequest(Kind.PRODUCT, fields))
        assert {each.field for each in raised.value.problems} == {"name", "price"}

    def test_5_a_customer_is_known_by_e_mail_and_then_by_the_erps_number(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"email": "Pat.Lee@Example.com", "name": "Acme", "customerKey": "C300"}
        assert connector.write(WriteRequest(Kind.CUSTOMER, fields)).external_id == "311"
        assert connector.find(Kind.CUSTOMER, reference="CE-C300", hint={}).external_id == "311"
        renamed = WriteRequest(Kind.CUSTOMER, {"email": "new@example.com"}, external_id="311")
        connector.write(renamed)
        late = WriteRequest(
            Kind.CUSTOMER, {"customerKey": "C300", "termsCode": "30"}, external_id="pat.lee@example.com"
        )
        assert connector.write(late).external_id == "311", "the link still names the e-mail of before"

    def test_a_shared_e_mail_does_not_take_a_customer_over(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"email": "pat.lee@example.com", "name": "Acme", "customerKey": "C300"}
        connector.write(WriteRequest(Kind.CUSTOMER, fields))
        with pytest.raises(Rejected) as raised:
            connector.write(WriteRequest(Kind.CUSTOMER, {**fields, "customerKey": "C999"}))
        assert "C300" in raised.value.problems[0].rule

    def test_addresses_of_the_shopper_stay_beside_ours(self, stand: Stand) -> None:
        ours = {"addressKey": "ERP", "street1": "2 Oak St", "city": "Austin", "country": "US"}
        request = WriteRequest(
            Kind.CUSTOMER,
            {"name": "Acme", "email": "pat.lee@example.com", "addresses": [{**ours, "isBilling": True}]},
            external_id="311",
        )
        connector = stand.connector()
        connector.write(request)
        fields = connector.fetch(Kind.CUSTOMER, "311").fields
        assert [(one["addressKey"], one["isBilling"]) for one in fields["addresses"]] == [
            ("MAIN", False),
            ("ERP", True),
        ]
        assert fields["billingAddress"]["street1"] == "2 Oak St"
        assert connector.write(request).is_unchanged
