"""What the X-Cart connector does about the quirks of the shop (systems/x-cart.md, sections 4 to 9)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Misconfigured, MissingReference, NotFound, Rejected
from integrations.kinds import Kind
from tests.contract.suite import Stand, changed_ids, cursor_at_end
from tests.contract.test_x_cart import KEY_RO, XCartStand


class TestReads:
    stand_class = XCartStand

    def test_a_us_order_has_the_derived_fields_an_erp_wants(self, stand: Stand) -> None:
        placed = stand.simulator.control(
            "POST",
            "orders",
            {
                "country": "US",
                "state": "NY",
                "payment_method": "PayPal",
                "company": "Lee Ltd",
                "firstname": "Pat",
                "lastname": "Lee",
                "lines": [{"sku": "A50-HALO", "quantity": 2}],
                "tracking": ["1Z1"],
            },
        )
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        assert fields["payment_method"] == "PayPal"
        assert fields["customer_name"] == "Pat Lee"
        assert fields["company"] == "Lee Ltd"
        assert fields["status"] == "Processing"
        assert fields["shipping_address"]["state_code"] == "NY"
        assert fields["shipping_address"]["street1"] == "48 State St"
        assert fields["shipping_address"]["street2"] == "Suite 9"
        assert fields["items"][0]["net_unit_price"] == Decimal("59.9900")
        assert fields["create_date"].utcoffset() == timedelta(0)

    @pytest.mark.parametrize(("country", "code"), [("BR", "AM"), ("PE", "AMA")])
    def test_8_the_country_decides_the_state_code(self, stand: Stand, country: str, code: str) -> None:
        placed = stand.simulator.control("POST", "orders", {"country": country, "state": "Amazonas"})
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        assert fields["billing_address"]["state_code"] == code

    def test_9_a_guest_has_no_customer_id(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"guest": True})
        assert stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields["customer_id"] is None

    def test_10_an_order_with_everything_keeps_its_sums(self, stand: Stand) -> None:
        options = {
            "country": "DE",
            "has_included_tax": True,
            "coupon": "SPRING10",
            "volume_discount": 3.5,
            "refund": 20,
        }
        placed = stand.simulator.control("POST", "orders", options)
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        lines = sum(item["net_amount"] for item in fields["items"])
        assert abs(lines + fields["tax_amount"] + fields["shipping_cost"] - fields["total"]) <= Decimal(
            "0.05"
        )
        assert fields["money_moved"] == fields["total"] - 20

    def test_10_an_order_whose_amounts_do_not_add_up_is_rejected(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        stand.simulator.control("POST", f"orders/{order_id}/touch", {"total": 1.23})
        with pytest.raises(Rejected) as raised:
            stand.connector().fetch(Kind.ORDER, order_id)
        assert raised.value.problems[0].field == "total"

    def test_11_a_custom_status_is_read_as_it_is(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"shipping_status": "HLD"})
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        assert (fields["shipping_status"]["code"], fields["status"]) == ("HLD", "Queued")

    @pytest.mark.parametrize(
        ("codes", "pair"),
        [
            (("P", "N"), "Paid|New"),
            (("A", "P"), "Authorized|Processing"),
            (("PP", "NBA"), "Partially paid|New backordered"),
            (("P", "HLD"), "Paid|On hold by store"),
        ],
    )
    def test_both_statuses_are_told_as_a_pair(self, stand: Stand, codes: tuple[str, str], pair: str) -> None:
        options = {"payment_status": codes[0], "shipping_status": codes[1]}
        placed = stand.simulator.control("POST", "orders", options)
        assert stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields["status_pair"] == pair

    def test_surcharges_count_by_kind_in_lines_too_and_only_where_they_are_available(
        self, stand: Stand
    ) -> None:
        options = {
            "country": "US",
            "state": "TX",
            "lines": [{"sku": "A50-HALO", "quantity": 1, "price": 100}],
        }
        placed = stand.simulator.control("POST", "orders", {**options, "shipping_method": "Local pickup"})
        order = stand.simulator.control("GET", f"orders/{placed['id']}")

        def row(kind: str, value: float, **more: Any) -> dict[str, Any]:
            common = {"id": 99, "code": "X", "name": "X", "include": False, "available": True}
            return {**common, "type": kind, "value": value, **more}

        order["surcharges"] += [
            row("tax", 7, available=False),
            row("discount", -5, code="REWARDPOINTS"),
            row("handling", 2.5),
            row("giftwrap", 1),
        ]
        order["items"][0]["surcharges"] = [row("tax", 0.5, include=True)]
        changes = {"surcharges": order["surcharges"], "items": order["items"], "total": 106.75}
        stand.simulator.control("POST", f"orders/{placed['id']}/touch", changes)
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        # 100 + 8.25 tax - 5 + 2.50 + 1; the tax of the line is in its price, the unavailable one counts nowhere.
        assert fields["tax_amount"] == Decimal("8.75")
        assert (fields["discount_amount"], fields["handling_cost"]) == (Decimal("-5.00"), Decimal("2.50"))
        assert fields["discount_beyond_lines"] == Decimal("5.00")

    def test_a_currency_without_cents_keeps_whole_amounts(self, stand: Stand) -> None:
        lines = [{"sku": "A50-HALO", "quantity": 3, "price": 1200}]
        options = {"country": "US", "state": "OR", "currency": "JPY", "lines": lines}
        placed = stand.simulator.control("POST", "orders", {**options, "shipping_method": "Local pickup"})
        total = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields["total"]
        assert (total, total.as_tuple().exponent) == (Decimal(3600), 0)

    def test_card_fields_of_the_gateway_are_dropped_on_receipt(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"payment_method": "Credit card"})
        record = stand.connector().fetch(Kind.ORDER, str(placed["id"]))
        assert record.fields["payment_method"] == "Credit card"
        assert "4111111111111111" not in str(record.fields)
        assert "4111111111111111" not in str(stand.exchanges)
        assert "cc_number" not in str(stand.exchanges)

    def test_16_product_dates_become_utc(self, stand: Stand) -> None:
        stand.freeze(datetime(2026, 3, 8, 8, 30, tzinfo=UTC))
        stand.simulator.control("POST", "products/A50-HALO/price", {"price": 61.5})
        record = stand.connector().fetch(Kind.PRODUCT, "40")
        assert record.updated_at == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)
        assert record.fields["price"] == Decimal("61.5")

    def test_3_and_15_without_the_filter_changes_are_paged_from_the_newest(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.simulator.control("POST", "settings", {"version": "5.5.0"})
        stand.freeze(datetime(2026, 1, 1, tzinfo=UTC))
        stand.appear(120)
        stand.freeze(datetime(2026, 1, 2, tzinfo=UTC))
        expected = stand.appear(130)
        pages = list(connector.read_changes(Kind.ORDER, {"at": "2026-01-02T00:00:00+00:00"}))
        read = [record.external_id for page in pages for record in page.records]
        assert sorted(read) == sorted(expected)
        assert [page.is_last for page in pages] == [False, True]
        assert pages[-1].cursor["at"] == "2026-01-02T00:00:00+00:00"

    def test_3_a_shop_that_ignores_filter_and_order_stops_the_poll(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.simulator.control("POST", "settings", {"version": "5.5.0", "ignores_order": True})
        for day in (1, 2):
            stand.freeze(datetime(2026, 1, day, tzinfo=UTC))
            stand.appear(3)
        with pytest.raises(Misconfigured):
            list(connector.read_changes(Kind.ORDER, {"at": "2026-01-02T00:00:00+00:00"}))

    def test_an_old_order_that_is_touched_comes_again(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.freeze(datetime(2026, 1, 1, tzinfo=UTC))
        order_id = stand.appear()[0]
        stand.freeze(datetime(2026, 1, 3, tzinfo=UTC))
        since = {"at": "2026-01-02T00:00:00+00:00"}
        assert changed_ids(connector, Kind.ORDER, since) == []
        stand.simulator.control("POST", f"orders/{order_id}/touch", {})
        assert changed_ids(connector, Kind.ORDER, since) == [order_id]

    def test_the_cursor_never_goes_back(self, stand: Stand) -> None:
        stand.appear()
        cursor = {"at": "2090-01-01T00:00:00+00:00", "id": "9"}
        assert cursor_at_end(stand.connector(), Kind.ORDER)["at"] < cursor["at"]
        assert list(stand.connector().read_changes(Kind.ORDER, cursor))[-1].cursor == cursor

    def test_orders_of_the_overlap_do_not_move_the_cursor_back(self, stand: Stand) -> None:
        stand.freeze(datetime(2026, 1, 2, tzinfo=UTC))
        expected = stand.appear()
        cursor = {"at": "2026-01-02T00:01:00+00:00", "id": "9"}
        (page,) = stand.connector().read_changes(Kind.ORDER, cursor)
        assert [record.external_id for record in page.records] == expected
        assert page.cursor == cursor

    def test_pages_that_end_inside_a_second_leave_nothing_out(self, stand: Stand) -> None:
        expected = []
        for second in range(5):
            stand.freeze(datetime(2026, 1, 2, 0, 0, second, tzinfo=UTC))
            expected += stand.appear(60)
        pages = list(stand.connector().read_changes(Kind.ORDER, {"at": "2026-01-02T00:00:00+00:00"}))
        assert [record.external_id for page in pages for record in page.records] == expected

    def test_sweeps_bring_every_product_and_customer_with_names(self, stand: Stand) -> None:
        connector = stand.connector()
        assert len(changed_ids(connector, Kind.PRODUCT, {})) == 13
        customers = [r for page in connector.read_changes(Kind.CUSTOMER, {}) for r in page.records]
        assert len(customers) == 8
        assert customers[0].fields["customer_name"] == "Pat Lee"

    @pytest.mark.parametrize("external_id", ["9999999", "abc", "../products", ""])
    def test_an_unknown_id_is_not_found(self, stand: Stand, external_id: str) -> None:
        with pytest.raises(NotFound):
            stand.connector().fetch(Kind.ORDER, external_id)

    def test_an_address_without_the_api_is_named_and_not_taken_for_a_missing_order(
        self, stand: Stand
    ) -> None:
        connector = stand.connector({**stand.values(), "base_url": f"{stand.simulator.url}/blog"})
        with pytest.raises(Misconfigured) as raised:
            connector.fetch(Kind.ORDER, stand.appear()[0])
        assert raised.value.missing == "base_url"
        (result,) = connector.check()
        assert (result.name, result.ok, result.field) == ("Shop reached", False, "base_url")


class TestWrites:
    stand_class = XCartStand

    def stock(self, stand: Stand, sku: str = "A50-HALO") -> int:
        products = stand.simulator.control("GET", "products")
        return int(next(each["amount"] for each in products if each["sku"] == sku))

    def test_stock_is_found_by_sku_and_written_once(self, stand: Stand) -> None:
        connector = stand.connector()
        request = WriteRequest(Kind.INVENTORY, {"sku": "A50-HALO", "amount": Decimal("12.9")})
        assert connector.write(request).fields["amount"] == 12
        assert self.stock(stand) == 12
        assert connector.write(request).is_unchanged

    def test_17_a_variant_gets_an_amount_of_its_own(self, stand: Stand) -> None:
        connector = stand.connector()
        found = connector.find(Kind.INVENTORY, natural_key="TRK-RAIL-2M", hint={})
        assert found.fields["amount"] == self.stock(stand, "TRK-RAIL")
        result = connector.write(WriteRequest(Kind.INVENTORY, {"amount": 60}, external_id=found.external_id))
        assert (result.fields["amount"], result.is_unchanged) == (60, False)
        connector.write(WriteRequest(Kind.INVENTORY, {"sku": "TRK-RAIL", "amount": 1}))
        again = connector.find(Kind.INVENTORY, natural_key="TRK-RAIL-2M", hint={})
        assert again.fields["amount"] == 60

    def test_7_a_sku_added_after_the_index_was_built_is_found(self, stand: Stand) -> None:
        connector = stand.connector()
        clock = [0.0]
        connector._dialects._api55.index._clock = lambda: clock[0]
        assert connector.find(Kind.PRODUCT, natural_key="NEW-1", hint={}) is None
        product = stand.simulator.control("POST", "products", {"sku": "NEW-1", "name": "New"})
        clock[0] += 31
        found = connector.find(Kind.PRODUCT, natural_key="NEW-1", hint={})
        assert found.external_id == str(product["id"])

    def test_an_unknown_sku_is_a_missing_reference(self, stand: Stand) -> None:
        with pytest.raises(MissingReference) as raised:
            stand.connector().write(WriteRequest(Kind.INVENTORY, {"sku": "NOPE", "amount": 1}))
        assert (raised.value.kind, raised.value.key) == ("product", "NOPE")

    @pytest.mark.parametrize("amount", [-1, "many", None, True])
    def test_a_wrong_amount_is_rejected_by_name(self, stand: Stand, amount: Any) -> None:
        with pytest.raises(Rejected) as raised:
            stand.connector().write(WriteRequest(Kind.INVENTORY, {"sku": "A50-HALO", "amount": amount}))
        assert raised.value.problems[0].field == "amount"

    def test_1_a_read_only_key_cannot_write(self, stand: Stand) -> None:
        connector = stand.connector({**stand.values(), "api_key_rw": KEY_RO})
        with pytest.raises(Misconfigured) as raised:
            connector.write(WriteRequest(Kind.INVENTORY, {"sku": "A50-HALO", "amount": 1}))
        assert raised.value.missing == "api_key_rw"
        checks = {result.name: result for result in connector.check()}
        assert not checks["Stock and status can be written"].ok
        assert checks["Stock and status can be written"].fix

    def test_5_an_unknown_status_is_rejected_with_the_shops_words(self, stand: Stand) -> None:
        request = WriteRequest(Kind.ORDER, {"shipping_status": "ZZ"}, external_id=stand.appear()[0])
        with pytest.raises(Rejected) as raised:
            stand.connector().write(request)
        assert "Status code 'ZZ' is wrong" in raised.value.message
        assert raised.value.problems[0].field == "shipping_status"

    def test_13_shipped_is_never_set_twice(self, stand: Stand) -> None:
        order_id, connector = stand.appear()[0], stand.connector()
        request = WriteRequest(Kind.ORDER, {"order_id": order_id, "shipping_status": "S"})
        assert not connector.write(request).is_unchanged
        assert connector.write(request).is_unchanged
        assert len(stand.simulator.control("GET", "outbox")) == 1

    def test_the_mail_shows_the_number_because_numbers_go_first(self, stand: Stand) -> None:
        request = stand.write_request()
        result = stand.connector().write(request)
        assert result.external_id == f"{request.fields['order_id']}/1Z{request.fields['order_id']}"
        assert f"1Z{request.fields['order_id']}" in stand.simulator.control("GET", "outbox")[0]["subject"]

    def test_a_second_shipment_adds_its_number_and_sends_no_second_mail(self, stand: Stand) -> None:
        connector, request = stand.connector(), stand.write_request()
        connector.write(request)
        fields = {**request.fields, "tracking_numbers": [{"value": "1Z-SECOND"}]}
        second = WriteRequest(Kind.SHIPMENT, fields)
        assert connector.find(Kind.SHIPMENT, hint=fields) is None
        held = connector.write(second).fields["tracking_numbers"]
        assert [each["value"] for each in held] == [f"1Z{fields['order_id']}", "1Z-SECOND"]
        assert len(stand.simulator.control("GET", "outbox")) == 1

    def test_a_delivered_order_is_not_set_back_to_shipped(self, stand: Stand) -> None:
        request = stand.write_request()
        stand.simulator.control(
            "POST", f"orders/{request.fields['order_id']}/status", {"shipping_status": "D"}
        )
        assert stand.connector().write(request).fields["shipping_status"] == "D"
        assert stand.simulator.control("GET", "outbox") == []

    def test_4_without_the_addon_the_status_is_written_and_the_numbers_are_named(self, stand: Stand) -> None:
        connector = stand.connector({**stand.values(), "addon_enabled": False})
        request = stand.write_request()
        fields = connector.write(request).fields
        assert fields["shipping_status"] == "S"
        assert fields["tracking_numbers_not_written"] == [f"1Z{request.fields['order_id']}"]

    def test_4_a_missing_addon_is_named(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"addon_enabled": False})
        with pytest.raises(Misconfigured) as raised:
            stand.connector().write(stand.write_request())
        assert raised.value.missing == "addon_enabled"

    def test_a_customer_is_found_by_the_whole_address_only(self, stand: Stand) -> None:
        for email in ("joann@example.com", "ann@example.com"):
            stand.simulator.control("POST", "customers", {"email": email})
        connector = stand.connector()
        assert connector.find(Kind.CUSTOMER, natural_key="ANN@example.com", hint={}).fields == {
            "login": "ann@example.com"
        }
        assert connector.find(Kind.CUSTOMER, natural_key="nn@example.com", hint={}) is None
