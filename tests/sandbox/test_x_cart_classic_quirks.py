"""The quirks of X-Cart's classic API (systems/x-cart.md, section 9, numbers 18 and 19) on the simulator's wire."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.processes import SimulatorProcess, running

KEY_RW = "xcart-sandbox-read-write-key"
KEY_RO = "xcart-sandbox-read-only-key"


class Wire:
    """Raw calls to the classic API."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.control = process.control

    def call(self, path: str, *, key: str = KEY_RW, verb: str = "GET", **more: Any) -> requests.Response:
        """Call ``_path``; further parameters go into the query, ``json`` and ``content`` into the body."""
        body, kind = more.pop("body", None), more.pop("kind", "application/json")
        query = {"target": "RESTAPI", "_key": key, "_path": path, **more}
        headers = {"Content-Type": kind} if body is not None else {}
        return requests.request(
            verb, f"{self.process.url}/admin.php", params=query, data=body, headers=headers, timeout=5
        )

    def get(self, path: str, **more: Any) -> Any:
        answer = self.call(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def place(self, **options: Any) -> int:
        return int(self.control("POST", "orders", options)["id"])


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("x_cart", tmp_path_factory.mktemp("classic"), "--version", "5.4.1") as started:
        yield started


@pytest.fixture
def shop(process: SimulatorProcess) -> Wire:
    process.control("POST", "reset")
    return Wire(process)


def test_18_a_missing_id_is_200_with_null(shop: Wire) -> None:
    for more in ({}, {"_schema": "complex"}, {"_method": "put", "verb": "POST", "body": '{"amount": 1}'}):
        assert shop.call("product/999999", **more).text == "null"


@pytest.mark.parametrize(
    ("path", "key", "status"), [("order", "wrong", 403), ("order", "", 403), ("nothing", KEY_RW, 404)]
)
def test_18_refusals_have_empty_bodies(shop: Wire, path: str, key: str, status: int) -> None:
    answer = shop.call(path, key=key)
    assert (answer.status_code, answer.content) == (status, b"")


def test_18_a_read_only_key_writes_nothing(shop: Wire) -> None:
    answer = shop.call("product/40", key=KEY_RO, verb="PUT", body='{"amount": 1}')
    assert (answer.status_code, answer.content) == (403, b"")
    assert shop.call("product/40", key=KEY_RO).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("<xml/>", "application/xml", "Unknown Content-Type provided"),
        ("{", "application/json", "Input data is incorrect"),
        ('{"amount": "many"}', "application/json", "attribute must be"),
    ],
)
def test_18_a_failed_write_tells_why_in_a_header(shop: Wire, body: str, kind: str, words: str) -> None:
    answer = shop.call("product/40", verb="PUT", body=body, kind=kind)
    assert (answer.status_code, answer.json()) == (400, [])
    assert words in answer.headers["X-REST-Error"]


def test_18_delete_answers_true_null_and_without_an_id_empties_everything(shop: Wire) -> None:
    assert shop.get("product/40", verb="DELETE") is True
    assert shop.get("product/40", verb="DELETE") is None
    count = len(shop.get("product"))
    assert shop.get("product", _method="delete") == count
    assert shop.get("product") == []


def test_an_unknown_verb_is_a_get_and_the_header_overrides(shop: Wire) -> None:
    assert shop.get("product/40", _method="steal")["sku"] == "A50-HALO"
    answer = requests.post(
        f"{shop.process.url}/admin.php",
        params={"target": "RESTAPI", "_key": KEY_RW, "_path": "product/40"},
        headers={"X-HTTP-METHOD-Override": "PUT", "Content-Type": "application/json"},
        data='{"amount": 5}',
        timeout=5,
    )
    assert answer.json()["amount"] == 5


def test_the_model_may_travel_in_the_query_in_a_form_or_in_bulk(shop: Wire) -> None:
    assert shop.get("product/40", **{"_method": "put", "model[amount]": "37"})["amount"] == 37
    form = "model[amount]=38"
    kind = "application/x-www-form-urlencoded"
    assert shop.get("product/40", verb="PUT", body=form, kind=kind)["amount"] == 38
    bulk = {"model[0][product_id]": "40", "model[0][amount]": "1", "model[1][product_id]": "41"}
    both = shop.get("product", **{"_method": "put", **bulk, "model[1][amount]": "2"})
    assert [each["amount"] for each in both] == [1, 2]


def test_lists_page_by_offset_without_totals_and_hold_scalars_only(shop: Wire) -> None:
    shop.control("POST", "orders", {"count": 5})
    limit = {"_cnd[limit][0]": "3", "_cnd[limit][1]": "3"}
    rows = shop.get("order", **limit)
    assert len(rows) == 2
    assert not [value for row in rows for value in row.values() if isinstance(value, list | dict)]


def test_lists_are_sorted_and_the_sku_filter_is_spelled_with_a_small_s(shop: Wire) -> None:
    prices = [
        row["price"]
        for row in shop.get("product", **{"_cnd[orderBy][0]": "p.price", "_cnd[orderBy][1]": "desc"})
    ]
    assert prices == sorted(prices, reverse=True)
    assert [row["product_id"] for row in shop.get("product", **{"_cnd[sKU]": "A50-HALO"})] == [40]
    assert len(shop.get("product", **{"_cnd[sku]": "A50-HALO"})) == 13


def test_one_record_has_its_associations_one_level_deep(shop: Wire) -> None:
    order = shop.get(f"order/{shop.place(tracking=['1Z1', '1Z2'])}")
    assert [each["value"] for each in order["trackingNumbers"]] == ["1Z1", "1Z2"]
    assert order["shippingStatus"] == {"id": 1, "code": "N"}
    assert "address" not in json.dumps(order["profile"])


def test_19_the_complex_order_has_a_strange_subtotal_one_number_and_a_state_code(shop: Wire) -> None:
    number = shop.place(country="US", state="TX", tracking=["1Z1", "1Z2"], shipping_method="Courier")
    order = shop.get(f"order/{number}", _schema="complex")
    assert order["subtotal"] == round(order["total"] - order["shippingCost"], 2)
    assert order["taxAmount"] > 0
    assert (order["trackingNumber"], order["shippingInfo"]["state"], order["paymentFee"]) == ("1Z1", "TX", 0)
    assert (order["paymentStatus"], order["shippingStatus"]) == ("P", "N")


def test_19_the_complex_profile_carries_the_passwords_hash(shop: Wire) -> None:
    assert shop.get("profile/77", _schema="complex")["password"].startswith("SHA512:")
    assert "password" not in shop.get("profile/77")


def test_the_complex_schema_is_for_three_entities_and_for_reading(shop: Wire) -> None:
    assert shop.call("category", _schema="complex").status_code == 404
    answer = shop.call("product/40", verb="PUT", body="{}", _schema="complex")
    assert answer.status_code == 400


def test_a_tracking_number_is_posted_and_the_customers_mail_shows_it(shop: Wire) -> None:
    number = shop.place()
    made = shop.get(
        "ordertrackingnumber/0",
        **{"_method": "post", "model[value]": "1Z9", "model[order][order_id]": str(number)},
    )
    assert made["value"] == "1Z9"
    shop.get(f"order/{number}", **{"_method": "put", "model[shippingStatus][id]": "3"})
    assert "1Z9" in shop.control("GET", "outbox")[0]["subject"]


def test_a_classic_shop_has_no_new_api_and_a_new_one_no_classic(shop: Wire) -> None:
    assert requests.get(f"{shop.process.url}/api/products", timeout=5).status_code == 404
    shop.control("POST", "settings", {"version": "5.5.1"})
    answer = shop.call("order")
    assert (answer.status_code, "html" in answer.headers["Content-Type"]) == (200, True)


def test_the_list_of_calls_shows_no_key(shop: Wire) -> None:
    shop.get("order")
    calls = shop.control("GET", "calls")
    assert calls[0]["operation"] == "get order"
    assert KEY_RW not in json.dumps(calls)
