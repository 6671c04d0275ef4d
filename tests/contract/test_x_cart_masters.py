"""X-Cart's products and customers as targets: the contract suite on product writes, and what the writers do."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import Duplicate, NotFound, OutcomeUnknown, Rejected
from integrations.kinds import Kind, Record
from tests.contract.suite import ContractSuite, Stand
from tests.contract.test_x_cart import XCartStand


class XCartProductStand(XCartStand):
    read_kind = Kind.PRODUCT
    write_match = "POST /api/products"
    fetch_match = "GET /api/products/"
    list_match = "GET /api/products?"

    def __init__(self, simulator: Any) -> None:
        super().__init__(simulator)
        self._made = 0

    def new(self, **given: Any) -> dict[str, Any]:
        self._made += 1
        body = {"sku": f"SKU{self._made}", "name": f"Lamp {self._made}", **given}
        made: dict[str, Any] = self.simulator.control("POST", "products", body)
        return made

    def appear(self, count: int = 1) -> list[str]:
        return [str(self.new()["id"]) for _ in range(count)]

    def appear_with_text(self, text: str) -> tuple[str, str]:
        return str(self.new(description=text)["id"]), text

    def text_of(self, record: Record) -> str:
        return str(record.fields["description"])

    def appear_with_amounts(self) -> tuple[str, Mapping[str, Decimal]]:
        made = self.new(price=0.1, weight=1.2345)
        return str(made["id"]), {"price": Decimal("0.1"), "weight": Decimal("1.2345")}

    def write_request(self) -> WriteRequest:
        self._made += 1
        fields = {"sku": f"NEW{self._made}", "name": f"New lamp {self._made}", "price": Decimal("12.50")}
        return WriteRequest(Kind.PRODUCT, fields, reference=f"XC-{self._made}")

    def effects(self, request: WriteRequest) -> int:
        return len([each for each in self.products() if each["sku"] == request.fields["sku"]])

    def products(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.simulator.control("GET", "products")
        return rows

    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        return {"reference": request.reference, "hint": request.fields}


class TestXCartProductContract(ContractSuite):
    stand_class = XCartProductStand


def puts(stand: Stand) -> list[str]:
    """Return the writes that reached the shop, in order."""
    calls = stand.simulator.control("GET", "calls")
    return [
        f"{call['method']} {call['path']}" for call in reversed(calls) if call["method"] in ("PUT", "POST")
    ]


class TestProducts:
    stand_class = XCartStand

    def held(self, stand: Stand, sku: str) -> dict[str, Any]:
        rows = stand.simulator.control("GET", "products")
        found: dict[str, Any] = next(each for each in rows if each["sku"] == sku)
        return found

    def test_a_new_product_without_an_amount_starts_with_none_and_not_with_1000(self, stand: Stand) -> None:
        fields = {"sku": "NEW-1", "name": "New lamp", "price": Decimal("1000"), "enabled": False}
        result = stand.connector().write(WriteRequest(Kind.PRODUCT, fields))
        held = self.held(stand, "NEW-1")
        assert (held["amount"], held["price"], held["enabled"]) == (0, 1000, False)
        assert (result.external_id, result.business_key) == (str(held["id"]), "NEW-1")

    def test_a_product_is_found_by_sku_and_only_what_differs_is_sent(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"sku": "A50-HALO", "price": Decimal("61.5"), "name": self.held(stand, "A50-HALO")["name"]}
        result = connector.write(WriteRequest(Kind.PRODUCT, fields))
        assert (result.external_id, result.fields["price"]) == ("40", Decimal("61.5"))
        assert not result.is_unchanged
        assert connector.write(WriteRequest(Kind.PRODUCT, fields)).is_unchanged
        assert puts(stand) == ["PUT /api/products/40"]

    def test_a_price_keeps_four_places_and_no_more(self, stand: Stand) -> None:
        stand.connector().write(WriteRequest(Kind.PRODUCT, {"sku": "A50-HALO", "price": Decimal("1.23456")}))
        assert self.held(stand, "A50-HALO")["price"] == 1.2346

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"sku": "X" * 33, "name": "Lamp"}, "sku"),
            ({"sku": "NEW-1"}, "name"),
            ({"name": "Lamp"}, "sku"),
            ({"sku": "NEW-1", "name": "Lamp", "price": Decimal("-1")}, "price"),
            ({"sku": "NEW-1", "name": "Lamp", "price": Decimal("NaN")}, "price"),
            ({"sku": "NEW-1", "name": "Lamp", "enabled": "maybe"}, "enabled"),
        ],
    )
    def test_a_value_that_the_shop_would_refuse_is_named_before_the_call(
        self, stand: Stand, fields: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Rejected) as raised:
            stand.connector().write(WriteRequest(Kind.PRODUCT, fields))
        assert raised.value.problems[0].field == field
        assert puts(stand) == []

    def test_a_taken_sku_names_the_product_that_has_it(self, stand: Stand) -> None:
        request = WriteRequest(Kind.PRODUCT, {"sku": "A50-HALO"}, external_id="41")
        with pytest.raises(Duplicate) as raised:
            stand.connector().write(request)
        assert raised.value.existing_id == "40"

    def test_a_product_that_another_worker_made_meanwhile_is_adopted(self, stand: Stand) -> None:
        connector = stand.connector()
        assert connector.find(Kind.PRODUCT, natural_key="NEW-1", hint={}) is None
        made = stand.simulator.control("POST", "products", {"sku": "NEW-1", "name": "New"})
        with pytest.raises(Duplicate) as raised:  # the catalogue was looked through a moment ago
            connector.write(WriteRequest(Kind.PRODUCT, {"sku": "NEW-1", "name": "New"}))
        assert raised.value.existing_id == str(made["id"])

    def test_a_product_removed_since_the_index_was_built_is_made_again(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"sku": "NEW-1", "name": "New lamp"}
        first = connector.write(WriteRequest(Kind.PRODUCT, fields)).external_id
        stand.simulator.control("DELETE", f"products/{first}")
        second = connector.write(WriteRequest(Kind.PRODUCT, fields)).external_id
        assert second != first
        with pytest.raises(NotFound):
            connector.write(WriteRequest(Kind.PRODUCT, fields, external_id=first))

    def test_a_linked_variant_gets_price_and_amount_of_its_own_and_tells_what_it_cannot_hold(
        self, stand: Stand
    ) -> None:
        connector = stand.connector()
        found = connector.find(Kind.PRODUCT, natural_key="TRK-RAIL-1M", hint={})
        fields = {"sku": "TRK-RAIL-1M", "name": "Rail", "price": Decimal("35")}
        result = connector.write(WriteRequest(Kind.PRODUCT, fields, external_id=found.external_id))
        assert result.fields["price"] == 35
        assert result.fields["variant_fields_not_written"] == ["name"]
        assert connector.write(WriteRequest(Kind.PRODUCT, fields)).is_unchanged
        connector.write(WriteRequest(Kind.PRODUCT, {"sku": "TRK-RAIL", "price": Decimal("99")}))
        assert connector.write(WriteRequest(Kind.PRODUCT, fields)).is_unchanged

    def test_a_variant_whose_parent_costs_the_same_gets_a_price_of_its_own_all_the_same(
        self, stand: Stand
    ) -> None:
        connector = stand.connector()
        fields = {"sku": "TRK-RAIL-1M", "price": Decimal("32")}
        assert not connector.write(WriteRequest(Kind.PRODUCT, fields)).is_unchanged
        connector.write(WriteRequest(Kind.PRODUCT, {"sku": "TRK-RAIL", "price": Decimal("99")}))
        assert connector.write(WriteRequest(Kind.PRODUCT, fields)).is_unchanged

    def test_variants_are_made_and_changed_by_sku_and_the_others_stay(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {
            "sku": "TRK-RAIL",
            "variants": [
                {"sku": "TRK-RAIL-2M", "amount": 7},
                {"sku": "TRK-RAIL-3M", "price": Decimal("80"), "amount": Decimal("4")},
            ],
        }
        request = WriteRequest(Kind.PRODUCT, fields)
        assert connector.find(Kind.PRODUCT, hint=fields) is None
        assert not connector.write(request).is_unchanged
        assert connector.write(request).is_unchanged
        assert connector.find(Kind.PRODUCT, hint=fields) is not None
        assert ["/variants" in each for each in puts(stand)] == [True, True]
        for sku, amount in (("TRK-RAIL-1M", 25), ("TRK-RAIL-2M", 7), ("TRK-RAIL-3M", 4)):
            assert connector.find(Kind.INVENTORY, natural_key=sku, hint={}).fields["amount"] == amount

    def test_variants_lost_on_the_way_are_seen_as_missing(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"sku": "NEW-1", "name": "Rail", "variants": [{"sku": "NEW-1-A", "amount": 3}]}
        stand.simulator.fault("drop_before_commit", times=1, match="POST /api/products/")
        with pytest.raises(OutcomeUnknown):
            connector.write(WriteRequest(Kind.PRODUCT, fields))
        assert connector.find(Kind.PRODUCT, hint=fields) is None
        connector.write(WriteRequest(Kind.PRODUCT, fields))
        assert connector.find(Kind.PRODUCT, hint=fields) is not None

    def test_a_read_only_key_changes_no_product(self, stand: Stand) -> None:
        values = {**stand.values(), "api_key_rw": stand.values()["api_key_ro"]}
        request = WriteRequest(Kind.PRODUCT, {"sku": "A50-HALO", "price": Decimal("1")})
        with pytest.raises(Exception, match="read-only key"):
            stand.connector(values).write(request)


HOME = {
    "street1": "1 Main St",
    "street2": "Suite 9",
    "zipcode": "78701",
    "city": "Austin",
    "country_code": "US",
    "state_code": "TX",
    "is_billing": True,
    "is_shipping": True,
}
PERSON = {"firstname": "Nia", "lastname": "Field", "phone": "+15125550199", "company": "Field Ltd"}
NIA = {"login": "nia@example.com", **PERSON, "addresses": [HOME]}


class TestCustomers:
    stand_class = XCartStand

    def test_a_new_customer_reads_back_with_name_state_and_company(self, stand: Stand) -> None:
        connector = stand.connector()
        result = connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        fields = connector.fetch(Kind.CUSTOMER, result.external_id).fields
        (address,) = fields["addresses"]
        assert (fields["login"], fields["customer_name"]) == ("nia@example.com", "Nia Field")
        assert (fields["phone"], fields["company"]) == ("+15125550199", "Field Ltd")
        assert (address["street1"], address["street2"]) == ("1 Main St", "Suite 9")
        assert (address["state_code"], address["state_name"], address["state"]) == ("TX", "Texas", "143")
        assert result.business_key == "nia@example.com"

    def test_writing_it_again_changes_nothing(self, stand: Stand) -> None:
        connector = stand.connector()
        first = connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        stand.simulator.control("DELETE", "calls")
        again = {**NIA, "login": "NIA@example.com"}
        second = connector.write(WriteRequest(Kind.CUSTOMER, again))
        assert (second.external_id, second.is_unchanged) == (first.external_id, True)
        assert puts(stand) == []

    def test_a_changed_phone_changes_the_one_address(self, stand: Stand) -> None:
        connector = stand.connector()
        first = connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        changed = {**NIA, "phone": "+15125550200", "addresses": [{**HOME, "street1": "1 MAIN ST"}]}
        result = connector.write(WriteRequest(Kind.CUSTOMER, changed, external_id=first.external_id))
        (address,) = result.fields["addresses"]
        assert address["phone"] == "+15125550200"
        assert not result.is_unchanged

    def test_a_new_address_is_added_and_takes_the_billing_flag(self, stand: Stand) -> None:
        connector = stand.connector()
        connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        office = {**HOME, "street1": "9 Oak Rd", "is_shipping": False}
        result = connector.write(WriteRequest(Kind.CUSTOMER, {**NIA, "addresses": [office]}))
        flags = [
            (each["street1"], each["is_billing"], each["is_shipping"]) for each in result.fields["addresses"]
        ]
        assert flags == [("1 Main St", False, True), ("9 Oak Rd", True, False)]

    def test_a_new_billing_address_keeps_the_name_and_the_one_before_stays(self, stand: Stand) -> None:
        connector = stand.connector()
        first = connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        moved = {
            "billing_address": {
                "street1": "9 Oak Rd",
                "city": "Dallas",
                "zipcode": "75201",
                "country_code": "US",
            }
        }
        for is_unchanged in (False, True):
            result = connector.write(WriteRequest(Kind.CUSTOMER, moved, external_id=first.external_id))
            assert result.is_unchanged is is_unchanged
        assert [each["street1"] for each in result.fields["addresses"]] == ["1 Main St", "9 Oak Rd"]
        billing = result.fields["billing_address"]
        assert (billing["street1"], result.fields["customer_name"]) == ("9 Oak Rd", "Nia Field")

    def test_a_name_alone_goes_to_the_billing_address(self, stand: Stand) -> None:
        connector = stand.connector()
        connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        result = connector.write(
            WriteRequest(Kind.CUSTOMER, {"login": "nia@example.com", "lastname": "Fields"})
        )
        assert result.fields["customer_name"] == "Nia Fields"
        assert len(result.fields["addresses"]) == 1

    def test_a_name_without_any_address_is_said_not_to_be_written(self, stand: Stand) -> None:
        fields = {"login": "bo@example.com", "lastname": "Bo"}
        result = stand.connector().write(WriteRequest(Kind.CUSTOMER, fields))
        assert result.fields["person_fields_not_written"] == ["lastname"]

    def test_an_address_lost_on_the_way_is_seen_as_missing_and_then_added(self, stand: Stand) -> None:
        connector = stand.connector()
        stand.simulator.fault("drop_before_commit", times=1, match="/addresses", skip=1)
        with pytest.raises(OutcomeUnknown):
            connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        assert connector.find(Kind.CUSTOMER, hint=NIA) is None
        assert connector.find(Kind.CUSTOMER, natural_key="nia@example.com", hint={}) is not None
        connector.write(WriteRequest(Kind.CUSTOMER, NIA))
        assert connector.find(Kind.CUSTOMER, hint=NIA) is not None
        logins = [each["login"] for each in stand.simulator.control("GET", "customers")]
        assert logins.count("nia@example.com") == 1

    def test_an_e_mail_that_another_customer_has_names_that_customer(self, stand: Stand) -> None:
        request = WriteRequest(Kind.CUSTOMER, {"login": "pat.lee@example.com"}, external_id="78")
        with pytest.raises(Duplicate) as raised:
            stand.connector().write(request)
        assert raised.value.existing_id == "77"

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"login": ""}, "login"),
            ({"login": "nobody"}, "login"),
            ({**NIA, "membership_id": "gold"}, "membership_id"),
            ({**NIA, "addresses": [{**HOME, "zipcode": "7" * 33}]}, "addresses[].zipcode"),
        ],
    )
    def test_a_value_that_the_shop_would_refuse_is_named(
        self, stand: Stand, fields: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Rejected) as raised:
            stand.connector().write(WriteRequest(Kind.CUSTOMER, fields))
        assert raised.value.problems[0].field == field


class TestLinks:
    """Links that were made on the way of an order hold a SKU or an e-mail where the shop's number belongs."""

    stand_class = XCartStand

    def test_a_product_is_changed_and_read_by_the_sku_of_its_link(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"sku": "A50-HALO", "price": Decimal("61.5")}
        result = connector.write(WriteRequest(Kind.PRODUCT, fields, external_id="A50-HALO"))
        assert (result.external_id, result.fields["price"]) == ("40", Decimal("61.5"))
        assert connector.fetch(Kind.PRODUCT, "A50-HALO").external_id == "40"
        with pytest.raises(NotFound):
            connector.write(WriteRequest(Kind.PRODUCT, {"sku": "GONE"}, external_id="GONE"))

    def test_a_sku_of_digits_is_not_taken_for_an_id(self, stand: Stand) -> None:
        made = stand.simulator.control("POST", "products", {"sku": "41", "name": "Forty-one"})
        fields = {"sku": "41", "price": Decimal("3")}
        result = stand.connector().write(WriteRequest(Kind.PRODUCT, fields, external_id="41"))
        assert result.external_id == str(made["id"]) != "41"

    def test_a_customer_is_changed_and_read_by_the_e_mail_of_its_link(self, stand: Stand) -> None:
        connector = stand.connector()
        fields = {"login": "pat.lee@example.com", "lastname": "Leeds"}
        result = connector.write(WriteRequest(Kind.CUSTOMER, fields, external_id="pat.lee@example.com"))
        assert (result.external_id, result.fields["lastname"]) == ("77", "Leeds")
        assert connector.fetch(Kind.CUSTOMER, "pat.lee@example.com").external_id == "77"
        with pytest.raises(NotFound):
            connector.fetch(Kind.CUSTOMER, "gone@example.com")
