"""What the Clarity eCommerce connector reads, and by which names it finds it."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.errors import NotFound, UnexpectedResponse
from integrations.connectors.systems.clarity_ecommerce.discovery import fingerprint
from integrations.kinds import Kind
from tests.contract.clarity_site import shown
from tests.contract.suite import Stand, changed_ids, cursor_at_end
from tests.contract.test_clarity_ecommerce import ClarityStand


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
