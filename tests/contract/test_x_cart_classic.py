"""X-Cart's classic dialect (5.0 to 5.4): the contract suite on it, and what its quirks do to us."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    AuthFailed,
    Duplicate,
    Misconfigured,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    Rejected,
    UnexpectedResponse,
)
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand, changed_ids
from tests.contract.test_x_cart import KEY_RO, KEY_RW, XCartStand


class ClassicStand(XCartStand):
    options = ("--version", "5.4.1")
    write_match = "put order/"
    fetch_match = "get order/"
    list_match = "get order complex"

    def values(self) -> dict[str, Any]:
        kept = {name: value for name, value in super().values().items() if "addon" not in name}
        return {**kept, "dialect": "classic"}


class ClassicByItselfStand(ClassicStand):
    """The same with the dialect left to be found out."""

    def values(self) -> dict[str, Any]:
        return {**super().values(), "dialect": "auto"}


class TestXCartClassicContract(ContractSuite):
    stand_class = ClassicStand


def found(connector: Any, kind: Kind, cursor: Mapping[str, Any]) -> list[Record]:
    return [record for page in connector.read_changes(kind, cursor) for record in page.records]


class TestDialect:
    stand_class = ClassicByItselfStand

    def test_a_classic_shop_is_recognised_by_the_first_call_of_any_sort(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        assert stand.connector().fetch(Kind.ORDER, order_id).external_id == order_id
        assert order_id in changed_ids(stand.connector(), Kind.ORDER, {})
        assert stand.connector().find(Kind.PRODUCT, natural_key="A50-HALO", hint={}).external_id == "40"
        request = WriteRequest(Kind.ORDER, {"order_id": order_id, "shipping_status": "P"})
        assert stand.connector().write(request).fields["shipping_status"] == "P"

    def test_returns_need_no_addon_of_ours_in_a_classic_shop_that_is_not_known_yet(
        self, stand: Stand
    ) -> None:
        order_id = stand.appear()[0]
        stand.simulator.control("POST", "returns", {"order_id": int(order_id)})
        assert len(changed_ids(stand.connector(), Kind.RETURN, {})) == 1

    def test_a_known_dialect_is_asked_at_once(self, stand: Stand) -> None:
        connector = stand.connector()
        connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
        stand.simulator.control("DELETE", "calls")
        connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
        assert {call["path"] for call in stand.simulator.control("GET", "calls")} == {"/admin.php"}

    def test_a_shop_of_5_5_is_not_asked_for_the_classic_one(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"version": "5.5.1"})
        connector = stand.connector()
        connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
        paths = {call["path"] for call in stand.simulator.control("GET", "calls")}
        assert paths == {"/api/products"}

    def test_only_a_web_page_in_place_of_an_answer_makes_us_look_for_the_other_dialect(
        self, stand: Stand
    ) -> None:
        stand.simulator.control("POST", "settings", {"version": "5.5.1"})
        with pytest.raises(Misconfigured):
            changed_ids(stand.connector(), Kind.RETURN, {})  # the add-on is off
        connector = stand.connector()
        connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
        stand.simulator.fault("html", times=1, match="GET /api/orders")
        with pytest.raises(UnexpectedResponse):
            changed_ids(connector, Kind.ORDER, {})  # a page for maintenance, in a shop that is known
        paths = {call["path"] for call in stand.simulator.control("GET", "calls")}
        assert "/admin.php" not in paths

    def test_a_chosen_dialect_is_not_left(self, stand: Stand) -> None:
        connector = stand.connector({**stand.values(), "dialect": "api55"})
        with pytest.raises(Misconfigured) as raised:
            connector.fetch(Kind.ORDER, stand.appear()[0])
        assert raised.value.missing == "base_url"

    def test_a_refused_key_of_a_classic_shop_is_named_and_not_the_address(self, stand: Stand) -> None:
        with pytest.raises(AuthFailed):
            stand.connector(stand.bad_values()).fetch(Kind.ORDER, stand.appear()[0])

    def test_neither_dialect_is_a_wrong_address(self, stand: Stand) -> None:
        connector = stand.connector({**stand.values(), "base_url": f"{stand.simulator.url}/blog"})
        with pytest.raises(Misconfigured) as raised:
            connector.fetch(Kind.ORDER, "1")
        assert raised.value.missing == "base_url"

    def test_the_connection_test_says_which_api_answers(self, stand: Stand) -> None:
        results = list(stand.connector().check())
        assert [result for result in results if not result.ok] == []
        assert "classic API" in results[0].evidence


class TestReads:
    stand_class = ClassicStand

    def test_19_a_complex_order_gives_the_fields_of_a_5_5_order(self, stand: Stand) -> None:
        options = {
            "country": "US",
            "state": "NY",
            "payment_method": "PayPal",
            "firstname": "Pat",
            "lastname": "Lee",
            "lines": [{"sku": "A50-HALO", "quantity": 3, "price": 10.01}],
            "coupon": "SPRING10",
            "shipping_method": "Courier",
            "handling": 1.25,
            "tracking": ["1Z1", "1Z2"],
        }
        placed = stand.simulator.control("POST", "orders", options)
        classic = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        stand.simulator.control("POST", "settings", {"version": "5.5.1"})
        modern = (
            stand.connector({**stand.values(), "dialect": "api55"})
            .fetch(Kind.ORDER, str(placed["id"]))
            .fields
        )
        same = (
            "id order_number total sub_total currency email customer_id create_date update_date status "
            "shipping_method_name payment_method customer_name tax_amount shipping_cost handling_cost "
            "discount_amount discount_beyond_lines money_moved notes"
        )  # fmt: skip
        for name in same.split():
            assert classic[name] == modern[name], name
        for name in ("street1", "street2", "city", "zipcode", "state_code", "state_name", "country_code"):
            assert classic["shipping_address"][name] == modern["shipping_address"][name], name
        for name in ("sku", "amount", "price", "discounted_subtotal", "net_unit_price", "net_amount"):
            assert classic["items"][0][name] == modern["items"][0][name], name
        # The first number only: the rest is read before a shipment is written.
        assert [each["value"] for each in classic["tracking_numbers"]] == ["1Z1"]

    def test_included_tax_is_told_by_the_total(self, stand: Stand) -> None:
        options = {"country": "DE", "has_included_tax": True, "coupon": "SPRING10"}
        placed = stand.simulator.control("POST", "orders", options)
        fields = stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields
        assert [row["include"] for row in fields["surcharges"] if row["type"] == "tax"] == [True]
        lines = sum(item["net_amount"] for item in fields["items"])
        whole = lines + fields["tax_amount"] + fields["shipping_cost"]
        assert abs(whole - fields["total"]) <= Decimal("0.05")

    def test_an_order_whose_amounts_do_not_add_up_is_rejected(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        stand.simulator.control("POST", f"orders/{order_id}/touch", {"total": 1.23})
        with pytest.raises(Rejected):
            stand.connector().fetch(Kind.ORDER, order_id)

    def test_a_guest_has_no_customer_id(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"guest": True})
        assert stand.connector().fetch(Kind.ORDER, str(placed["id"])).fields["customer_id"] is None

    @pytest.mark.parametrize("kind", [Kind.ORDER, Kind.PRODUCT, Kind.CUSTOMER, Kind.COUPON, Kind.CATEGORY])
    def test_18_null_is_not_found(self, stand: Stand, kind: Kind) -> None:
        with pytest.raises(NotFound):
            stand.connector().fetch(kind, "999999")

    def test_18_an_unknown_entity_is_an_addon_that_is_missing(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"has_complex": False})
        with pytest.raises(Misconfigured) as raised:
            stand.connector().fetch(Kind.ORDER, stand.appear()[0])
        assert raised.value.missing == "order"

    def test_19_the_password_hash_is_dropped_and_never_shown(self, stand: Stand) -> None:
        customers = found(stand.connector(), Kind.CUSTOMER, {})
        assert customers[0].fields["customer_name"] == "Pat Lee"
        assert len(customers) == 8
        told = str(customers) + str(stand.exchanges)
        assert "SHA512" not in told and "password" not in told
        assert "pat.lee@example.com" in str(stand.exchanges)

    def test_card_fields_and_the_key_are_never_shown(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"payment_method": "Credit card"})
        record = stand.connector().fetch(Kind.ORDER, str(placed["id"]))
        told = str(record) + str(stand.exchanges)
        assert "4111111111111111" not in told
        assert KEY_RO not in told and KEY_RW not in told

    @pytest.mark.parametrize("form", ["string", "array"])
    def test_both_forms_of_the_date_range_find_changes(self, stand: Stand, form: str) -> None:
        stand.simulator.control("POST", "settings", {"classic_date_range": form})
        now = datetime.now(UTC)
        stand.freeze(now - timedelta(days=90))
        stand.appear(3)
        stand.freeze(now)
        expected = stand.appear(2)
        connector = stand.connector()
        cursor = {"at": (now - timedelta(hours=1)).isoformat()}
        assert changed_ids(connector, Kind.ORDER, cursor) == expected
        assert changed_ids(connector, Kind.ORDER, cursor) == expected

    def test_a_shop_that_ignores_the_date_range_stops_the_poll(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"classic_date_range": "neither"})
        stand.freeze(datetime.now(UTC) - timedelta(days=90))
        stand.appear()
        with pytest.raises(Misconfigured) as raised:
            list(stand.connector().read_changes(Kind.ORDER, {}))
        assert raised.value.missing == "dateRange"

    def test_an_open_order_of_last_week_that_changes_comes_again(self, stand: Stand) -> None:
        connector, now = stand.connector(), datetime.now(UTC)
        stand.freeze(now - timedelta(days=7))
        open_id, done_id = stand.appear(2)
        stand.simulator.control("POST", f"orders/{done_id}/status", {"shipping_status": "D"})
        stand.freeze(now)
        since = {
            "at": (now - timedelta(hours=1)).isoformat(),
            "open_from": (now - timedelta(days=20)).isoformat(),
        }
        cursor = list(connector.read_changes(Kind.ORDER, since))[-1].cursor
        assert cursor["open_from"] == (now - timedelta(days=7)).isoformat(timespec="seconds")
        later = {**cursor, "at": now.isoformat()}
        stand.freeze(now + timedelta(minutes=10))
        stand.simulator.control("POST", f"orders/{open_id}/status", {"shipping_status": "P"})
        assert changed_ids(connector, Kind.ORDER, later) == [open_id]

    def test_with_nothing_open_the_next_poll_starts_where_this_one_ended(self, stand: Stand) -> None:
        connector, now = stand.connector(), datetime.now(UTC)
        stand.freeze(now - timedelta(days=7))
        order_id = stand.appear()[0]
        stand.simulator.control("POST", f"orders/{order_id}/status", {"shipping_status": "D"})
        cursor = list(connector.read_changes(Kind.ORDER, {"at": now.isoformat()}))[-1].cursor
        assert cursor["open_from"] > (now - timedelta(minutes=5)).isoformat()

    def test_captures_and_refunds_are_payments(self, stand: Stand) -> None:
        connector = stand.connector()
        lines = [{"sku": "A50-HALO", "quantity": 1, "price": 100}]
        options = {"payment_status": "A", "lines": lines, "shipping_method": "Local pickup"}
        placed = stand.simulator.control("POST", "orders", {**options, "country": "US", "state": "OR"})
        for step in ({"type": "capture", "value": 100}, {"type": "refundPart", "value": 20}):
            stand.simulator.control("POST", f"orders/{placed['id']}/payment", step)
        records = found(connector, Kind.PAYMENT, {})
        assert [(each.fields["movement"], each.fields["money_moved"]) for each in records] == [
            ("authorised", 0),
            ("captured", 100),
            ("refunded", -20),
        ]
        for record in records:
            assert connector.fetch(Kind.PAYMENT, record.external_id).hash == record.hash
            assert connector.locate(Kind.PAYMENT, record.business_key) == record.external_id

    def test_products_coupons_categories_and_returns_read_as_in_5_5(self, stand: Stand) -> None:
        order_id = stand.appear()[0]
        stand.simulator.control("POST", "returns", {"order_id": int(order_id)})
        kinds = (Kind.PRODUCT, Kind.COUPON, Kind.CATEGORY, Kind.RETURN)
        classic = {kind: found(stand.connector(), kind, {}) for kind in kinds}
        stand.simulator.control("POST", "settings", {"version": "5.5.1", "addon_enabled": True})
        modern = stand.connector({**stand.values(), "dialect": "api55", "addon_enabled": True})
        for kind in (Kind.COUPON, Kind.CATEGORY, Kind.RETURN):
            assert [each.fields for each in classic[kind]] == [
                each.fields for each in found(modern, kind, {})
            ]
        for mine, theirs in zip(classic[Kind.PRODUCT], found(modern, Kind.PRODUCT, {}), strict=True):
            for name in ("id", "sku", "name", "price", "weight", "amount", "enabled"):
                assert mine.fields[name] == theirs.fields[name], name


class TestWrites:
    stand_class = ClassicStand

    def puts(self, stand: Stand) -> list[str]:
        calls = stand.simulator.control("GET", "calls")
        return [call["operation"] for call in reversed(calls) if call["method"] == "POST"]

    def test_a_status_is_written_by_its_number_and_once(self, stand: Stand) -> None:
        order_id, connector = stand.appear()[0], stand.connector()
        request = WriteRequest(Kind.ORDER, {"order_id": order_id, "shipping_status": "HLD"})
        assert not connector.write(request).is_unchanged
        assert connector.write(request).is_unchanged
        assert self.puts(stand) == [f"put order/{order_id}"]

    def test_a_code_that_the_shop_does_not_have_is_rejected(self, stand: Stand) -> None:
        request = WriteRequest(Kind.ORDER, {"order_id": stand.appear()[0], "payment_status": "ZZ"})
        with pytest.raises(Rejected) as raised:
            stand.connector().write(request)
        assert raised.value.problems[0].field == "payment_status"
        assert self.puts(stand) == []

    def test_every_tracking_number_is_seen_before_one_is_added(self, stand: Stand) -> None:
        connector = stand.connector()
        placed = stand.simulator.control("POST", "orders", {"tracking": ["1Z1", "1Z2"]})
        fields = {"order_id": str(placed["id"]), "tracking_numbers": [{"value": "1Z2"}, {"value": "1Z3"}]}
        assert connector.find(Kind.SHIPMENT, hint=fields) is None
        held = connector.write(WriteRequest(Kind.SHIPMENT, fields)).fields["tracking_numbers"]
        assert [each["value"] for each in held] == ["1Z1", "1Z2", "1Z3"]
        assert connector.find(Kind.SHIPMENT, hint=fields) is not None

    @pytest.mark.parametrize("sku", ["A50-HALO", "TRK-RAIL-2M"])
    def test_stock_of_products_and_variants_is_written_once(self, stand: Stand, sku: str) -> None:
        connector = stand.connector()
        request = WriteRequest(Kind.INVENTORY, {"sku": sku, "amount": Decimal("12.9")})
        assert connector.write(request).fields["amount"] == 12
        assert connector.write(request).is_unchanged
        assert connector.find(Kind.INVENTORY, natural_key=sku, hint={}).fields["amount"] == 12

    def test_an_unknown_sku_is_a_missing_reference(self, stand: Stand) -> None:
        with pytest.raises(MissingReference):
            stand.connector().write(WriteRequest(Kind.INVENTORY, {"sku": "A50", "amount": 1}))

    def test_a_product_is_made_changed_and_found_with_its_name_in_a_translation(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"sku": "NEW-1", "name": "New lamp", "price": Decimal("12.5"), "width": Decimal(3)}
        made = connector.write(WriteRequest(Kind.PRODUCT, fields))
        assert made.fields["fields_not_written"] == ["width"]
        record = connector.fetch(Kind.PRODUCT, made.external_id)
        assert (record.fields["name"], record.fields["amount"]) == ("New lamp", 0)
        assert connector.write(WriteRequest(Kind.PRODUCT, fields)).is_unchanged
        renamed = {**fields, "name": "Newer lamp", "price": Decimal("13")}
        assert connector.find(Kind.PRODUCT, hint=renamed) is None
        changed = connector.write(WriteRequest(Kind.PRODUCT, renamed, external_id=made.external_id))
        assert (changed.fields["name"], changed.fields["price"]) == ("Newer lamp", 13)
        assert connector.find(Kind.PRODUCT, hint=renamed).external_id == made.external_id

    def test_a_taken_sku_names_the_product_that_has_it(self, stand: Stand) -> None:
        request = WriteRequest(Kind.PRODUCT, {"sku": "A50-HALO"}, external_id="41")
        with pytest.raises(Duplicate) as raised:
            stand.connector().write(request)
        assert raised.value.existing_id == "40"

    def test_18_the_shops_own_words_come_with_a_refusal(self, stand: Stand) -> None:
        request = WriteRequest(Kind.CUSTOMER, {"login": "a@b"})
        with pytest.raises(Rejected) as raised:
            stand.connector().write(request)
        assert "not a valid email address" in raised.value.message

    def test_a_customer_is_made_once_and_what_has_no_place_is_named(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"login": "nia@example.com", "firstname": "Nia", "addresses": [{"city": "Austin"}]}
        result = connector.write(WriteRequest(Kind.CUSTOMER, fields))
        assert result.fields["fields_not_written"] == ["firstname", "addresses"]
        again = connector.write(WriteRequest(Kind.CUSTOMER, {**fields, "login": "NIA@example.com"}))
        assert (again.external_id, again.is_unchanged) == (result.external_id, True)
        assert connector.find(Kind.CUSTOMER, natural_key="nia@example.com", hint={}) is not None

    def test_a_write_to_a_record_that_is_gone_is_not_found(self, stand: Stand) -> None:
        with pytest.raises(NotFound):
            stand.connector().write(WriteRequest(Kind.PRODUCT, {"price": 1}, external_id="999999"))

    def test_a_read_only_key_cannot_write(self, stand: Stand) -> None:
        values = {**stand.values(), "api_key_rw": KEY_RO}
        order_id = stand.appear()[0]
        request = WriteRequest(Kind.ORDER, {"order_id": order_id, "shipping_status": "P"})
        with pytest.raises(AuthFailed) as raised:
            stand.connector(values).write(request)
        assert raised.value.field == "api_key_rw"

    def test_a_page_after_a_write_leaves_it_in_doubt_and_a_page_for_a_read_does_not(
        self, stand: Stand
    ) -> None:
        connector, order_id = stand.connector(), stand.appear()[0]
        stand.simulator.fault("html_after_commit", times=1, match="put order/")
        with pytest.raises(OutcomeUnknown):
            connector.write(WriteRequest(Kind.ORDER, {"order_id": order_id, "shipping_status": "P"}))
        stand.simulator.fault("html", times=1, match="get order/")
        with pytest.raises(UnexpectedResponse):
            connector.fetch(Kind.ORDER, order_id)
