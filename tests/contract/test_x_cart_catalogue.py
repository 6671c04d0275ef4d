"""X-Cart's coupons, categories and returns as targets in both dialects; where products lie, their images, their stock."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Misconfigured, MissingReference, NotFound, OutcomeUnknown, Rejected
from integrations.kinds import Kind
from tests.contract.suite import Stand
from tests.contract.test_x_cart import XCartStand
from tests.contract.test_x_cart_classic import ClassicStand
from tests.contract.test_x_cart_lists import found


def write(connector: Any, kind: Kind, external_id: str = "", **fields: Any) -> Any:
    return connector.write(WriteRequest(kind, fields, external_id=external_id))


def writes_of(stand: Stand) -> list[str]:
    calls = stand.simulator.control("GET", "calls")
    return [f"{one['method']} {one['path']}" for one in reversed(calls) if one["method"] in ("PUT", "POST")]


class ListWrites:
    """What holds in both dialects."""

    def test_a_coupon_is_made_changed_by_value_and_found_by_its_code(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {
            "code": "LAMPS20", "type": "$", "value": Decimal("20"), "uses_limit": 5, "single_use": True,
            "date_range_begin": datetime(2026, 3, 1, tzinfo=UTC),
        }  # fmt: skip
        made = write(connector, Kind.COUPON, **fields)
        assert not made.is_unchanged
        read = connector.fetch(Kind.COUPON, made.external_id).fields
        assert {name: read[name] for name in fields} == fields
        assert read["enabled"] is True
        assert write(connector, Kind.COUPON, **fields).is_unchanged
        changed = write(connector, Kind.COUPON, code="lamps20", enabled=False)
        assert (changed.external_id, changed.fields["enabled"]) == (made.external_id, False)
        assert connector.fetch(Kind.COUPON, made.external_id).fields["uses_limit"] == 5
        assert connector.find(Kind.COUPON, natural_key="LAMPS20", hint={}).external_id == made.external_id
        assert connector.find(Kind.COUPON, hint={"code": "LAMPS20", "uses_limit": 6}) is None
        assert connector.find(Kind.COUPON, natural_key="NOPE", hint={}) is None

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({}, "code"),
            ({"code": "ABC"}, "code"),
            ({"code": "SPRING10", "type": "euro"}, "type"),
            ({"code": "SPRING10", "value": Decimal(-1)}, "value"),
            ({"code": "SPRING10", "uses_limit": Decimal("1.5")}, "uses_limit"),
        ],
    )
    def test_a_coupon_that_the_shop_would_refuse_is_refused_by_name(
        self, stand: Stand, fields: dict[str, Any], named: str
    ) -> None:
        with pytest.raises(Rejected) as raised:
            write(stand.connector(), Kind.COUPON, **fields)
        assert raised.value.problems[0].field == named

    def test_a_category_is_made_below_another_and_found_there(self, stand: Stand) -> None:
        connector = stand.connector()
        lamps = connector.locate(Kind.CATEGORY, "Lamps")
        made = write(connector, Kind.CATEGORY, name="Floor lamps", parent_id=lamps, position=3)
        read = connector.fetch(Kind.CATEGORY, made.external_id).fields
        assert (read["name"], read["parent_id"], read["position"]) == ("Floor lamps", lamps, 3)
        assert write(connector, Kind.CATEGORY, name="Floor lamps", parent_id=lamps).is_unchanged
        moved = write(connector, Kind.CATEGORY, made.external_id, name="Floor lamps", parent_id="")
        assert moved.fields["parent_id"] is None

    def test_of_two_categories_of_one_name_the_one_below_the_named_parent_is_meant(
        self, stand: Stand
    ) -> None:
        connector = stand.connector()
        lamps, bulbs = (connector.locate(Kind.CATEGORY, name) for name in ("Lamps", "Bulbs"))
        first = write(connector, Kind.CATEGORY, name="Sale", parent_id=lamps)
        second = write(connector, Kind.CATEGORY, name="Sale", parent_id=bulbs)
        assert first.external_id != second.external_id
        with pytest.raises(Rejected) as raised:
            write(connector, Kind.CATEGORY, name="Sale", enabled=False)
        assert raised.value.problems[0].field == "name"
        with pytest.raises(Rejected):
            write(connector, Kind.CATEGORY, name="Sale", parent_id="Lamps")

    def test_the_status_of_a_return_is_written_once(self, stand: Stand) -> None:
        connector = stand.connector()
        order_id = stand.appear()[0]
        made = stand.simulator.control("POST", "returns", {"order_id": int(order_id)})
        done = write(connector, Kind.RETURN, str(made["id"]), status="C", comment="Credited")
        assert (done.fields["status"], done.fields["comment"]) == ("C", "Credited")
        assert write(connector, Kind.RETURN, str(made["id"]), status="C").is_unchanged
        read = connector.fetch(Kind.RETURN, str(made["id"])).fields
        assert read["status_name"] == "completed" and read["items"]
        with pytest.raises(NotFound):
            write(connector, Kind.RETURN, "4711", status="C")
        with pytest.raises(Rejected):
            write(connector, Kind.RETURN, status="C")
        with pytest.raises(Rejected):
            write(connector, Kind.RETURN, str(made["id"]), status="X")

    def test_a_payment_is_found_by_what_staff_see(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.appear()
        payment = found(connector, Kind.PAYMENT, {"at": "2020-01-01T00:00:00+00:00"})[0]
        hit = connector.find(Kind.PAYMENT, natural_key=payment.business_key, hint={})
        assert hit.external_id == payment.external_id
        assert connector.find(Kind.PAYMENT, natural_key="9999-NONE", hint={}) is None

    def test_the_amounts_of_the_shop_can_be_read(self, stand: Stand) -> None:
        connector = stand.connector()
        goods = {row["sku"]: row for row in stand.simulator.control("GET", "products")}
        amounts = {each.business_key: each for each in found(connector, Kind.INVENTORY, {})}
        assert {sku: each.fields["amount"] for sku, each in amounts.items()} == {
            sku: row["amount"] for sku, row in goods.items()
        }
        halo = amounts["A50-HALO"]
        assert connector.fetch(Kind.INVENTORY, halo.external_id).hash == halo.hash
        variant = connector.locate(Kind.INVENTORY, "TRK-RAIL-1M")
        assert connector.fetch(Kind.INVENTORY, variant).fields == {
            "product_id": variant, "sku": "TRK-RAIL-1M", "amount": 25,
        }  # fmt: skip


class TestListWrites(ListWrites):
    stand_class = XCartStand

    def test_a_coupon_whose_answer_was_lost_is_made_once(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.simulator.fault("drop_after_commit", times=1, match="POST /api/coupons")
        fields = {"code": "LAMPS20", "value": Decimal(20)}
        with pytest.raises(OutcomeUnknown):
            write(connector, Kind.COUPON, **fields)
        assert connector.find(Kind.COUPON, hint=fields) is not None
        assert write(connector, Kind.COUPON, **fields).is_unchanged
        codes = [each.business_key for each in found(connector, Kind.COUPON, {})]
        assert codes.count("LAMPS20") == 1

    def test_a_return_needs_the_addon(self, stand: Stand) -> None:
        with pytest.raises(Misconfigured) as raised:
            write(stand.connector({**stand.values(), "addon_enabled": False}), Kind.RETURN, "1", status="C")
        assert raised.value.missing == "addon_enabled"

    def test_equal_values_are_not_sent(self, stand: Stand) -> None:
        write(stand.connector(), Kind.COUPON, code="SPRING10", value=Decimal("10.0000"), enabled=True)
        assert writes_of(stand) == []


class TestClassicListWrites(ListWrites):
    stand_class = ClassicStand


class TestPlaces:
    stand_class = XCartStand
    image = "https://pim.example/halo.jpg"

    def new(self, **more: Any) -> dict[str, Any]:
        return {"sku": "NEW-1", "name": "New lamp", **more}

    def places(self, stand: Stand, connector: Any, name: str) -> list[dict[str, Any]]:
        client = connector._client
        return list(client.rows(f"categories/{connector.locate(Kind.CATEGORY, name)}/products"))

    def test_a_new_product_lies_in_its_categories_and_has_its_images(self, stand: Stand) -> None:
        connector = stand.connector()
        images = [{"url": self.image, "alt": "From the side"}, {"url": "https://pim.example/2.jpg"}]
        made = write(
            connector, Kind.PRODUCT, **self.new(categories=["Lamps", "bulbs", "Lamps"], images=images)
        )
        assert [each["alt"] for each in made.fields["images"]] == ["From the side", ""]
        for name in ("Lamps", "Bulbs"):
            assert self.places(stand, connector, name) == [{"product_id": int(made.external_id)}]
        assert self.places(stand, connector, "Accessories") == []
        read = connector.fetch(Kind.PRODUCT, made.external_id).fields
        assert read["images"] == made.fields["images"]

    def test_repeating_it_changes_nothing_and_a_further_category_is_added(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = self.new(categories=["Lamps"], images=[{"url": self.image}])
        made = write(connector, Kind.PRODUCT, **fields)
        before = len(writes_of(stand))
        assert write(connector, Kind.PRODUCT, **fields).is_unchanged
        assert len(writes_of(stand)) == before
        assert connector.find(Kind.PRODUCT, hint=fields) is not None
        more = self.new(categories=["Bulbs"], images=[{"url": "https://pim.example/other.jpg"}])
        assert connector.find(Kind.PRODUCT, hint=more) is None
        again = write(connector, Kind.PRODUCT, made.external_id, **more)
        assert not again.is_unchanged
        assert len(self.places(stand, connector, "Lamps")) == len(self.places(stand, connector, "Bulbs")) == 1
        assert len(again.fields["images"]) == 1, "who has images keeps them"

    def test_what_a_category_holds_is_asked_once_for_many_products(self, stand: Stand) -> None:
        connector = stand.connector()
        for sku in ("A50-HALO", "CBL-TXT-3M", "BLB-E27-4W"):
            assert not write(connector, Kind.PRODUCT, sku=sku, categories=["Lamps"]).is_unchanged
            assert write(connector, Kind.PRODUCT, sku=sku, categories=["Lamps"]).is_unchanged
        asked = [
            one for one in stand.simulator.control("GET", "calls")
            if one["method"] == "GET" and one["path"].endswith("/products") and "categories" in one["path"]
        ]  # fmt: skip
        assert len(asked) == 1

    def test_a_category_that_is_not_there_stops_the_product_before_it_is_made(self, stand: Stand) -> None:
        with pytest.raises(MissingReference) as raised:
            write(stand.connector(), Kind.PRODUCT, **self.new(categories=["Chandeliers"]))
        assert (raised.value.kind, raised.value.key) == ("category", "Chandeliers")
        assert "NEW-1" not in {each["sku"] for each in stand.simulator.control("GET", "products")}

    def test_a_category_that_came_later_is_found(self, stand: Stand) -> None:
        connector = stand.connector()
        with pytest.raises(MissingReference):
            write(connector, Kind.PRODUCT, **self.new(categories=["Chandeliers"]))
        number = write(connector, Kind.CATEGORY, name="Chandeliers").external_id
        write(connector, Kind.PRODUCT, **self.new(categories=["Chandeliers"]))
        write(connector, Kind.PRODUCT, **self.new(sku="NEW-2", categories=[number]))
        assert len(self.places(stand, connector, "Chandeliers")) == 2

    def test_a_lost_answer_places_a_product_once(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = self.new(categories=["Lamps"], images=[{"url": self.image}])
        stand.simulator.fault("drop_after_commit", times=1, match="POST /api/categories")
        with pytest.raises(OutcomeUnknown):
            write(connector, Kind.PRODUCT, **fields)
        assert connector.find(Kind.PRODUCT, hint=fields) is None
        write(connector, Kind.PRODUCT, **fields)
        assert len(self.places(stand, connector, "Lamps")) == 1
        assert connector.find(Kind.PRODUCT, hint=fields) is not None

    @pytest.mark.parametrize("url", ["", "halo.jpg", "file:///etc/passwd"])
    def test_an_image_without_a_web_address_is_refused(self, stand: Stand, url: str) -> None:
        with pytest.raises(Rejected) as raised:
            write(stand.connector(), Kind.PRODUCT, **self.new(images=[{"url": url}]))
        assert raised.value.problems[0].field == "images[].url"
        assert "NEW-1" not in {each["sku"] for each in stand.simulator.control("GET", "products")}

    def test_a_variant_says_what_belongs_to_the_product_above_it(self, stand: Stand) -> None:
        connector = stand.connector()
        done = write(
            connector, Kind.PRODUCT, sku="TRK-RAIL-1M", categories=["Lamps"], images=[{"url": self.image}]
        )
        assert done.fields["variant_fields_not_written"] == ["categories", "images"]


class TestClassicPlaces:
    stand_class = ClassicStand

    def test_what_the_classic_api_takes_not_is_named(self, stand: Stand) -> None:
        made = write(stand.connector(), Kind.PRODUCT, sku="NEW-1", name="Lamp", categories=["Lamps"])
        assert made.fields["fields_not_written"] == ["categories"]
