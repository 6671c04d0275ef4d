"""X-Cart's payments, returns, coupons and categories as records."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.errors import Misconfigured, NotFound
from integrations.kinds import Kind, Record
from tests.contract.suite import Stand, changed_ids, cursor_at_end
from tests.contract.test_x_cart import XCartStand
from tests.contract.test_x_cart_classic import ClassicStand


def found(connector: Any, kind: Kind, cursor: dict[str, Any]) -> list[Record]:
    return [record for page in connector.read_changes(kind, cursor) for record in page.records]


class TestOrders:
    stand_class = XCartStand

    def test_an_order_listed_and_read_is_the_same_version_until_it_changes(self, stand: Stand) -> None:
        placed = stand.simulator.control("POST", "orders", {"country": "US", "state": "OR"})
        connector = stand.connector()
        (listed,) = [one for one in found(connector, Kind.ORDER, {}) if one.external_id == str(placed["id"])]
        assert connector.fetch(Kind.ORDER, listed.external_id).version == listed.version != ""
        stand.simulator.control("POST", f"orders/{placed['id']}/touch", {"notes": "call first"})
        assert connector.fetch(Kind.ORDER, listed.external_id).version != listed.version


class TestClassicOrders(TestOrders):
    stand_class = ClassicStand


class TestPayments:
    stand_class = XCartStand

    def place(self, stand: Stand, **options: Any) -> str:
        options.setdefault("lines", [{"sku": "A50-HALO", "quantity": 1, "price": 100}])
        options.setdefault("shipping_method", "Local pickup")
        placed = stand.simulator.control("POST", "orders", {"country": "US", "state": "OR", **options})
        return str(placed["id"])

    def test_authorisation_capture_and_refund_are_records_of_their_own(self, stand: Stand) -> None:
        connector = stand.connector()
        order_id = self.place(stand, payment_status="A", payment_method="Credit card")
        for step in (
            {"type": "capture", "value": 100},
            {"type": "refundPart", "value": 20},
            {"type": "getInfo", "value": 100},
            {"type": "refundPart", "value": 5, "status": "F"},
            {"type": "voidPart", "value": 1},
        ):
            stand.simulator.control("POST", f"orders/{order_id}/payment", step)
        records = found(connector, Kind.PAYMENT, {})
        told = [(each.fields["movement"], each.fields["status"], each.fields["amount"]) for each in records]
        assert told == [
            ("authorised", "S", Decimal("100.00")),
            ("captured", "S", Decimal("100.00")),
            ("refunded", "S", Decimal("20.00")),
            ("refunded", "F", Decimal("5.00")),
            ("voided", "S", Decimal("1.00")),
        ]
        moved = [each.fields["money_moved"] for each in records]
        assert moved == [0, 100, -20, 0, 0]
        order = connector.fetch(Kind.ORDER, order_id).fields
        assert sum(moved) == order["money_moved"]
        assert {each.fields["order_number"] for each in records} == {order["order_number"]}
        assert "4111111111111111" not in str(records) + str(stand.exchanges)

    def test_a_payment_is_fetched_and_located_by_what_staff_see(self, stand: Stand) -> None:
        connector = stand.connector()
        self.place(stand, refund=20)
        for record in found(connector, Kind.PAYMENT, {}):
            assert connector.fetch(Kind.PAYMENT, record.external_id).hash == record.hash
            assert connector.locate(Kind.PAYMENT, record.business_key) == record.external_id
        assert connector.locate(Kind.PAYMENT, "9999-NONE") is None

    @pytest.mark.parametrize("external_id", ["5012", "5012/1", "5012/701/1", "x/1", "5012/701/9001/2"])
    def test_an_unknown_payment_is_not_found(self, stand: Stand, external_id: str) -> None:
        self.place(stand)
        with pytest.raises(NotFound):
            stand.connector().fetch(Kind.PAYMENT, external_id)

    def test_a_later_refund_comes_by_the_feed_and_older_payments_look_the_same(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.freeze(datetime(2026, 1, 1, tzinfo=UTC))
        order_id = self.place(stand)
        cursor = cursor_at_end_of(connector, "2026-01-01T00:00:00+00:00")
        (sale,) = found(connector, Kind.PAYMENT, cursor)
        stand.freeze(datetime(2026, 1, 5, tzinfo=UTC))
        stand.simulator.control("POST", f"orders/{order_id}/payment", {"type": "refund", "value": 100})
        again, refund = found(connector, Kind.PAYMENT, {"at": "2026-01-04T00:00:00+00:00"})
        assert (again.hash, again.updated_at) == (sale.hash, sale.updated_at)
        assert refund.updated_at == datetime(2026, 1, 5, tzinfo=UTC)
        assert refund.updated_at - sale.updated_at == timedelta(days=4)

    def test_payments_are_found_without_the_filter_of_5_5_1_as_well(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"version": "5.5.0"})
        stand.freeze(datetime(2026, 1, 1, tzinfo=UTC))
        older = self.place(stand)
        stand.freeze(datetime(2026, 1, 5, tzinfo=UTC))
        newer = self.place(stand)
        records = found(stand.connector(), Kind.PAYMENT, {"at": "2026-01-04T00:00:00+00:00"})
        assert {record.fields["order_id"] for record in records} == {newer} != {older}

    def test_pages_are_short_and_the_cursor_leads_on_after_a_cut(self, stand: Stand) -> None:
        connector = stand.connector()
        cursor = cursor_at_end(connector, Kind.PAYMENT)
        orders = []
        for second in range(3):
            stand.freeze(datetime.now(UTC) + timedelta(minutes=10 * (second + 1)))
            orders += stand.appear(15)
        pages = connector.read_changes(Kind.PAYMENT, cursor)
        first = next(pages)
        assert len(first.records) == 20 and not first.is_last
        read = {record.fields["order_id"] for record in first.records}
        read |= {each.fields["order_id"] for each in found(connector, Kind.PAYMENT, dict(first.cursor))}
        assert read == set(orders)

    def test_an_initial_load_reads_payments_since_a_day(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.freeze(datetime(2026, 1, 1, tzinfo=UTC))
        order_id = self.place(stand)
        start = connector.history(Kind.PAYMENT, None)
        assert order_id in {each.fields["order_id"] for each in found(connector, Kind.PAYMENT, dict(start))}


def cursor_at_end_of(connector: Any, at: str) -> dict[str, Any]:
    pages = list(connector.read_changes(Kind.PAYMENT, {"at": at}))
    return dict(pages[-1].cursor)


class TestLists:
    stand_class = XCartStand

    def test_coupons_come_with_kind_and_value(self, stand: Stand) -> None:
        connector = stand.connector()
        coupons = {each.business_key: each.fields for each in found(connector, Kind.COUPON, {})}
        assert (coupons["SPRING10"]["type"], coupons["SPRING10"]["value"]) == ("%", Decimal("10"))
        assert (coupons["WELCOME5"]["type"], coupons["WELCOME5"]["value"]) == ("$", Decimal("5"))
        located = connector.locate(Kind.COUPON, "SPRING10")
        assert connector.fetch(Kind.COUPON, located).business_key == "SPRING10"

    def test_categories_come_with_their_parents(self, stand: Stand) -> None:
        connector = stand.connector()
        names = [each.fields["name"] for each in found(connector, Kind.CATEGORY, {})]
        assert names == ["Lamps", "Bulbs", "Accessories"]
        located = connector.locate(Kind.CATEGORY, "Bulbs")
        assert connector.fetch(Kind.CATEGORY, located).fields["parent_id"] is None

    def test_a_return_names_order_lines_reason_and_action(self, stand: Stand) -> None:
        connector = stand.connector()
        lines = [{"sku": "A50-HALO", "quantity": 3}, {"sku": "BLB-E27-4W", "quantity": 2}]
        order_id = stand.simulator.control("POST", "orders", {"lines": lines})["id"]
        given = {"order_id": order_id, "items": [{"sku": "A50-HALO", "amount": 1}], "action": "credit"}
        made = stand.simulator.control("POST", "returns", given)
        (record,) = found(connector, Kind.RETURN, {})
        assert record.external_id == str(made["id"])
        assert record.fields["order_id"] == str(order_id)
        assert (record.fields["status_name"], record.fields["action"]) == ("issued", "credit")
        order = connector.fetch(Kind.ORDER, str(order_id)).fields
        (line,) = record.fields["items"]
        assert (line["item_id"], line["amount"]) == (order["items"][0]["id"], 1)
        assert connector.fetch(Kind.RETURN, record.external_id).hash == record.hash

    def test_returns_need_the_addon(self, stand: Stand) -> None:
        connector = stand.connector({**stand.values(), "addon_enabled": False})
        for ask in (
            lambda: changed_ids(connector, Kind.RETURN, {}),
            lambda: connector.fetch(Kind.RETURN, "1"),
        ):
            with pytest.raises(Misconfigured) as raised:
                ask()
            assert raised.value.missing == "addon_enabled"

    def test_an_addon_that_is_not_there_is_named(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"addon_enabled": False})
        with pytest.raises(Misconfigured) as raised:
            changed_ids(stand.connector(), Kind.RETURN, {})
        assert raised.value.missing == "addon_enabled"
