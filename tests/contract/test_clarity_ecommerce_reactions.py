"""What the Clarity eCommerce connector does about the site's quirks (systems/clarity-ecommerce.md, 2 to 9)."""

import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, WriteRequest, WriteResult
from integrations.connectors.errors import (
    AuthFailed,
    BadSignature,
    Duplicate,
    Misconfigured,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.systems.clarity_ecommerce.connector import WEBHOOKS
from integrations.connectors.systems.clarity_ecommerce.discovery import fingerprint
from integrations.connectors.systems.clarity_ecommerce.tokens import TokenSource
from integrations.connectors.transports.http import HttpAnswer
from integrations.connectors.transports.retry_after import seconds_until
from integrations.kinds import Kind
from tests.contract.suite import Stand, changed_ids, cursor_at_end
from tests.contract.test_clarity_ecommerce import WEBHOOK_SECRET, ClarityStand


def calls(stand: Stand, match: str) -> int:
    return len(stand.simulator.control("GET", f"calls?limit=500&match={quote(match)}"))


def shown(stand: Stand, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stand.simulator.control("GET", f"orders/{order_id}")
    return found


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


class TestTokens:
    stand_class = ClarityStand

    def test_many_threads_fetch_one_token(self, stand: Stand) -> None:
        connector, ids = stand.connector(), stand.appear(8)
        with ThreadPoolExecutor(8) as pool:
            read = list(pool.map(lambda one: connector.fetch(Kind.ORDER, one).external_id, ids))
        assert read == ids
        assert calls(stand, "/oauth/token") == 1

    def test_a_revoked_token_is_renewed_once_by_all_threads_and_no_call_fails(self, stand: Stand) -> None:
        connector, ids = stand.connector(), stand.appear(6)
        connector.fetch(Kind.ORDER, ids[0])
        stand.simulator.control("DELETE", "tokens")
        with ThreadPoolExecutor(6) as pool:
            read = list(pool.map(lambda one: connector.fetch(Kind.ORDER, one).external_id, ids))
        assert read == ids
        assert calls(stand, "/oauth/token") == 2

    def test_a_write_with_an_ended_token_is_sent_again_and_has_one_effect(self, stand: Stand) -> None:
        connector, request = stand.connector(), stand.write_request()
        connector.identity(), connector.fetch(Kind.ORDER, request.fields["orderId"])
        stand.simulator.control("DELETE", "tokens")
        connector.write(request)
        assert stand.effects(request) == 1

    def test_a_token_is_renewed_sixty_seconds_before_its_end(self) -> None:
        clock, asked = [0.0], []

        def ask(form: bytes) -> HttpAnswer:
            asked.append(form)
            body = json.dumps({"access_token": f"t{len(asked)}", "expires_in": 3600}).encode()
            return HttpAnswer(200, {"content-type": "application/json"}, body)

        source = TokenSource(ask, client_id="c", client_secret="s & s", scopes="", clock=lambda: clock[0])
        assert source.get()[0].value == "t1"
        clock[0] = 3539.0
        assert source.get()[0].value == "t1"
        clock[0] = 3540.0
        assert source.get()[0].value == "t2"
        assert asked[0] == b"grant_type=client_credentials&client_id=c&client_secret=s+%26+s"

    def test_a_refused_secret_names_its_field(self, stand: Stand) -> None:
        with pytest.raises(AuthFailed) as raised:
            stand.connector(stand.bad_values()).fetch(Kind.ORDER, "1")
        assert raised.value.field == "client_secret"

    def test_2_a_missing_scope_is_named_and_stops_the_flow_alone(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"client_scopes": "orders:read products:read"})
        connector = stand.connector()
        with pytest.raises(Misconfigured) as raised:
            connector.write(WriteRequest(Kind.ORDER, {"orderId": stand.appear()[0], "status": "Void"}))
        assert raised.value.missing == "orders:write"
        failed = {result.name: result.evidence for result in connector.check() if not result.ok}
        assert "orders:write" in failed["Scopes granted"]

    def test_an_unknown_scope_names_the_setting(self, stand: Stand) -> None:
        with pytest.raises(Misconfigured) as raised:
            stand.connector({**stand.values(), "scopes": "moon:read"}).fetch(Kind.ORDER, "1")
        assert raised.value.missing == "scopes"

    def test_tokens_never_show_in_exchanges(self, stand: Stand) -> None:
        stand.connector().fetch(Kind.ORDER, stand.appear()[0])
        assert [each for each in stand.exchanges if each.address.endswith("/oauth/token")]
        assert "ce-" not in str(stand.exchanges)

    def test_12_too_many_calls_tell_the_wait(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"rate_per_minute": 2})
        connector, order_id = stand.connector(), stand.appear()[0]
        for _ in range(2):
            connector.fetch(Kind.ORDER, order_id)
        with pytest.raises(RateLimited) as raised:
            connector.fetch(Kind.ORDER, order_id)
        assert 0 < (raised.value.retry_after_seconds or 0) <= 61

    def test_12_without_retry_after_the_reset_header_tells(self) -> None:
        now = datetime(2026, 3, 2, tzinfo=UTC)
        assert seconds_until(str(int(now.timestamp()) + 40), now) == 40.0
        assert seconds_until("25", now) == 25.0
        assert seconds_until("soon", now) is None

    def test_an_address_without_the_api_is_named(self, stand: Stand) -> None:
        values = {**stand.values(), "token_url": f"{stand.simulator.url}/oauth/token"}
        connector = stand.connector({**values, "base_url": f"{stand.simulator.url}/blog"})
        with pytest.raises(Misconfigured) as raised:
            connector.fetch(Kind.ORDER, "1")
        assert raised.value.missing == "base_url"
        assert [(one.name, one.ok) for one in connector.check()][-1] == ("API v1 answers", False)


class TestReads:
    stand_class = ClarityStand

    def test_a_record_that_moves_while_we_page_hides_no_other(self, stand: Stand) -> None:
        connector = stand.connector()
        start = datetime(2026, 1, 2, tzinfo=UTC)
        expected = []
        for second in range(3):
            stand.freeze(start + timedelta(seconds=second))
            expected += stand.appear(150)
        seen: list[str] = []
        for page in connector.read_changes(Kind.ORDER, {"at": start.isoformat()}):
            if not seen:
                stand.freeze(start + timedelta(seconds=60))
                for order_id in expected[:40]:
                    stand.simulator.control("POST", f"orders/{order_id}/touch", {})
            seen += [record.external_id for record in page.records]
        assert set(expected) <= set(seen)
        assert len(seen) == len(expected) + 40, "each change comes once"

    def test_the_cursor_never_goes_back(self, stand: Stand) -> None:
        stand.appear()
        cursor = {"at": "2090-01-01T00:00:00.000Z", "id": "9"}
        assert list(stand.connector().read_changes(Kind.ORDER, cursor))[-1].cursor == cursor
        stand.freeze(datetime(2026, 1, 2, tzinfo=UTC))
        late = stand.appear()
        kept = {"at": "2026-01-02T00:01:00.000Z", "id": "9"}
        (page, *_) = stand.connector().read_changes(Kind.ORDER, kept)
        assert late[0] in [record.external_id for record in page.records]

    def test_10_a_guest_order_has_no_customer_and_its_email_comes_from_the_address(
        self, stand: Stand
    ) -> None:
        placed = stand.simulator.control("POST", "orders", {"guest": True, "email": "g@example.com"})
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        assert (fields["customerId"], fields["email"], fields["customerName"]) == (
            None,
            "g@example.com",
            "Sam Roe",
        )

    def test_an_order_whose_addresses_have_no_email_takes_the_accounts(self, stand: Stand) -> None:
        options = {"email": "pat.lee@example.com", "address": {"email": None}}
        placed = stand.simulator.control("POST", "orders", options)
        assert stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields["email"] == "pat.lee@example.com"

    def test_addresses_stand_in_for_each_other_whole_or_not_at_all(self, stand: Stand) -> None:
        connector = stand.connector()
        gift = {
            "email": "pat.lee@example.com",
            "ship_to": {"street1": "9 Gift Rd", "email": "to@example.com"},
        }
        placed = stand.simulator.control("POST", "orders", gift)
        fields = connector.fetch(Kind.ORDER, str(placed["id"])).fields
        assert (fields["billTo"]["street1"], fields["shipTo"]["street1"]) == ("1 Main St", "9 Gift Rd")
        assert fields["email"] == "pat.lee@example.com"
        placed = stand.simulator.control("POST", "orders", {**gift, "pickup": True})
        fields = connector.fetch(Kind.ORDER, str(placed["id"])).fields
        assert (fields["shippingAddress"], fields["shipTo"]) == (None, fields["billingAddress"])

    def test_10_a_status_of_the_sites_own_is_read_as_it_is(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"status": "Awaiting Artwork"})
        assert stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields["status"] == "Awaiting Artwork"

    def test_every_kind_of_the_contract_is_read(self, stand: Stand) -> None:
        connector, order_id = stand.connector(), stand.appear()[0]
        connector.write(stand.write_request())
        stand.simulator.control("POST", f"orders/{order_id}/return", {})
        counts = {
            kind: len(changed_ids(connector, kind, connector.history(kind, None)))
            for kind in Kind
            if (kind, "read") in connector.spec.capabilities and connector.spec.can(kind, "read")
        }
        assert counts == {
            Kind.ORDER: 2, Kind.PRODUCT: 12, Kind.INVENTORY: 13, Kind.CUSTOMER: 4, Kind.PAYMENT: 2,
            Kind.SHIPMENT: 1, Kind.RETURN: 1, Kind.COUPON: 2, Kind.CATEGORY: 3,
        }  # fmt: skip
        for kind in counts:
            external_id = changed_ids(connector, kind, connector.history(kind, None))[0]
            assert connector.fetch(kind, external_id).external_id == external_id

    def test_a_sweep_begins_again_after_its_last_page(self, stand: Stand) -> None:
        connector = stand.connector()
        cursor = cursor_at_end(connector, Kind.COUPON)
        assert changed_ids(connector, Kind.COUPON, cursor) == ["1", "2"]

    def test_what_people_call_a_record_is_found(self, stand: Stand) -> None:
        connector, order_id = stand.connector(), stand.appear()[0]
        number = shown(stand, order_id)["orderNumber"]
        assert connector.locate(Kind.ORDER, number) == order_id
        assert connector.find(Kind.ORDER, reference=f"CE-{number}", hint={}).external_id == order_id
        assert connector.locate(Kind.PRODUCT, "a50-halo") == "40"
        assert connector.locate(Kind.CUSTOMER, "PAT.LEE@example.com") == "311"
        assert connector.locate(Kind.ORDER, "W-1") is None
        assert connector.locate(Kind.PAYMENT, "9999") is None

    @pytest.mark.parametrize("external_id", ["9999999", "abc", "../products", ""])
    def test_an_unknown_id_is_not_found(self, stand: Stand, external_id: str) -> None:
        with pytest.raises(NotFound):
            stand.connector().fetch(Kind.ORDER, external_id)

    def test_a_list_without_results_is_no_empty_list(self, stand: Stand) -> None:
        with pytest.raises(UnexpectedResponse):
            stand.connector()._client.page("orders/digest")

    def test_15_a_digest_tells_what_changed(self, stand: Stand) -> None:
        connector, order_id = stand.connector(), stand.appear()[0]
        (before,) = connector.digest(Kind.ORDER)
        stand.simulator.control("POST", f"orders/{order_id}/touch", {"notes": "new"})
        (after,) = connector.digest(Kind.ORDER, datetime(2020, 1, 1, tzinfo=UTC))
        assert (before.external_id, before.business_key) == (order_id, f"W-{order_id}")
        assert before.hash != after.hash

    def test_discovery_brings_custom_attributes_and_samples_and_notices_drift(self, stand: Stand) -> None:
        connector = stand.connector()
        before = connector.discover(Kind.ORDER)
        stand.appear()
        assert fingerprint(connector.discover(Kind.ORDER)) == fingerprint(before)
        stand.simulator.control("POST", "orders", {"attributes": {"engraving": "For Lee"}})
        after = connector.discover(Kind.ORDER)
        fields = dict(after.walk())
        assert (fields["attributes.engraving"].max_length, fields["attributes.engraving"].sample) == (
            255,
            "For Lee",
        )
        assert fields["orderNumber"].sample.startswith("W-")
        assert "attributes.engraving" in dict(after.for_writing.walk())
        assert fingerprint(after) != fingerprint(before)


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


class TestSubscriptions:
    stand_class = ClarityStand
    url = "https://connect.example/hooks/abc"

    def listed(self, stand: Stand) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stand.simulator.control("GET", "subscriptions")
        return found

    def test_a_subscription_is_made_once_and_kept(self, stand: Stand) -> None:
        connector = stand.connector()
        assert [connector.ensure_webhook(self.url).done for _ in range(2)] == ["created", "kept"]
        (subscription,) = self.listed(stand)
        assert (subscription["url"], len(subscription["events"])) == (self.url, 12)
        assert connector.remove_webhook(self.url) == 1
        assert self.listed(stand) == []

    def test_a_new_secret_makes_it_anew(self, stand: Stand) -> None:
        connector = stand.connector()
        first = connector.ensure_webhook(self.url).subscription.id
        assert connector.ensure_webhook(self.url, is_new_secret=True).done == "repaired"
        (subscription,) = self.listed(stand)
        assert str(subscription["id"]) != first

    def test_14_one_that_the_site_switched_off_is_repaired_with_its_reason(self, stand: Stand) -> None:
        connector, simulator = stand.connector(), stand.simulator
        simulator.control("POST", "settings", {"allows_http_webhooks": True, "webhook_waits_seconds": []})
        dead = f"http://{simulator.host.partition(':')[0]}:9/hook"
        connector.ensure_webhook(dead)
        stand.appear()
        for _ in range(200):
            if not self.listed(stand)[0]["isEnabled"]:
                break
            threading.Event().wait(0.02)
        failed = {result.name: result.evidence for result in connector.check() if not result.ok}
        assert "switched off" in failed["Webhooks"]
        upkeep = connector.ensure_webhook(dead)
        assert (upkeep.done, "failed" in upkeep.reason) == ("repaired", True)
        assert [each["isEnabled"] for each in self.listed(stand)] == [True]

    def test_a_short_secret_or_a_full_site_is_named(self, stand: Stand) -> None:
        with pytest.raises(Misconfigured) as raised:
            stand.connector({**stand.values(), "webhook_secret": "short"}).ensure_webhook(self.url)
        assert raised.value.missing == "webhook_secret"
        connector = stand.connector()
        for place in range(10):
            connector.ensure_webhook(f"{self.url}{place}")
        with pytest.raises(Misconfigured):
            connector.ensure_webhook(self.url)
        assert connector.ensure_webhook(f"{self.url}3", is_new_secret=True).done == "repaired"
        assert len(self.listed(stand)) == 10


NOW = datetime(2026, 3, 2, 15, 4, 6, tzinfo=UTC)
BODY = (
    b'{"id":"evt_01HQ8","type":"order.created","occurredAt":"2026-03-02T15:04:06.000Z",'
    b'"apiVersion":"v1","data":{"orderId":20417}}'
)
OLD_SECRET = "an-older-webhook-secret-0123456789-abcdef"


def headers(secret: str = WEBHOOK_SECRET, body: bytes = BODY, at: datetime = NOW) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "x-clarity-event": "order.created",
        "x-clarity-delivery": "0b0e7c1e",
        "x-clarity-timestamp": timestamp,
        "x-clarity-signature": f"v1={digest}",
    }


VALUES = {"webhook_secret": WEBHOOK_SECRET}


class TestWebhooks:
    def test_a_genuine_delivery_is_told_by_its_event(self) -> None:
        verified = WEBHOOKS.verify(headers(), BODY, VALUES, NOW)
        assert (verified.delivery_id, verified.sent_at) == ("evt_01HQ8", NOW)
        (notice,) = WEBHOOKS.parse(headers(), BODY)
        assert (notice.topic, notice.kind, notice.external_id) == ("order.created", Kind.ORDER, "20417")
        assert notice.occurred_at == NOW

    def test_14_after_a_rotation_either_secret_and_either_signature_will_do(self) -> None:
        both = {**VALUES, "webhook_secret_previous": OLD_SECRET}
        assert WEBHOOKS.verify(headers(OLD_SECRET), BODY, both, NOW)
        two = headers(OLD_SECRET)
        two["x-clarity-signature"] += "," + headers()["x-clarity-signature"]
        assert WEBHOOKS.verify(two, BODY, VALUES, NOW)

    @pytest.mark.parametrize(
        ("changed", "values", "reason"),
        [
            ({"x-clarity-signature": "v1=00"}, VALUES, "bad_signature"),
            ({"x-clarity-signature": ""}, VALUES, "missing_header"),
            ({"x-clarity-delivery": ""}, VALUES, "missing_header"),
            ({"x-clarity-timestamp": "1772463846.5"}, VALUES, "bad_timestamp"),
            ({"x-clarity-timestamp": "1772463847"}, VALUES, "bad_signature"),
            ({}, {}, "no_secret"),
            ({}, {"webhook_secret": OLD_SECRET}, "bad_signature"),
        ],
    )
    def test_14_anything_else_is_refused_with_its_reason(
        self, changed: dict[str, str], values: dict[str, str], reason: str
    ) -> None:
        with pytest.raises(BadSignature) as raised:
            WEBHOOKS.verify(headers() | changed, BODY, values, NOW)
        assert raised.value.reason == reason

    @pytest.mark.parametrize(("seconds", "is_good"), [(300, True), (301, False), (-300, True), (-301, False)])
    def test_14_the_window_is_five_minutes_both_ways(self, seconds: int, is_good: bool) -> None:
        sent = headers(at=NOW - timedelta(seconds=seconds))
        if is_good:
            assert WEBHOOKS.verify(sent, BODY, VALUES, NOW)
            return
        with pytest.raises(BadSignature) as raised:
            WEBHOOKS.verify(sent, BODY, VALUES, NOW)
        assert raised.value.reason == "stale_timestamp"

    @pytest.mark.parametrize(
        ("topic", "subject", "kind", "external_id"),
        [
            ("ordercreated", {"orderId": 7}, Kind.ORDER, "7"),
            ("productUpdated", {"productId": 40}, Kind.PRODUCT, "40"),
            ("customer.created", {"customerId": 311}, Kind.CUSTOMER, "311"),
            ("inventory.updated", {"sku": "A50", "locationKey": "MAIN"}, Kind.INVENTORY, "A50@MAIN"),
            ("shipment.created", {"shipmentId": 881, "orderId": 7}, Kind.SHIPMENT, "881"),
            ("return.updated", {"returnId": 501}, Kind.RETURN, "501"),
        ],
    )
    def test_topics_are_known_in_every_spelling(
        self, topic: str, subject: dict[str, Any], kind: Kind, external_id: str
    ) -> None:
        (notice,) = WEBHOOKS.parse({}, json.dumps({"type": topic, "data": subject}).encode())
        assert (notice.kind, notice.external_id) == (kind, external_id)

    def test_an_unknown_topic_is_nothing_and_an_unreadable_body_is_told(self) -> None:
        assert WEBHOOKS.parse({}, b'{"type":"moon.risen","data":{}}') == ()
        for body in (b"<html>", b"[1]", b'{"type":"order.created","data":{}}', b'{"type":"order.created"}'):
            with pytest.raises(UnexpectedResponse):
                WEBHOOKS.parse({}, body)
