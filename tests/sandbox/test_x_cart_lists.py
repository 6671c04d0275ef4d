"""Coupons, categories, images and returns on the X-Cart simulator's wire: what it takes and what it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.processes import SimulatorProcess, running

KEY_RW = "xcart-sandbox-read-write-key"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("x_cart", tmp_path_factory.mktemp("x_cart")) as started:
        yield started


@pytest.fixture
def shop(process: SimulatorProcess) -> SimulatorProcess:
    process.control("POST", "reset")
    return process


def call(shop: SimulatorProcess, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"X-Auth-Token": KEY_RW}
    return requests.request(method, f"{shop.url}/api/{path}", json=body, headers=headers, timeout=5)


@pytest.mark.parametrize(
    ("body", "named"),
    [({"code": "ABC"}, "code"), ({"code": "SPRING10"}, "code"), ({"code": "LAMPS20", "type": "x"}, "type")],
)
def test_a_coupon_that_breaks_a_rule_is_a_400_that_names_it(
    shop: SimulatorProcess, body: dict[str, Any], named: str
) -> None:
    answer = call(shop, "POST", "coupons", body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"{named}:")


def test_a_partial_body_leaves_the_rest_of_a_coupon(shop: SimulatorProcess) -> None:
    made = call(shop, "POST", "coupons", {"code": "LAMPS20", "value": 20}).json()
    changed = call(shop, "PUT", f"coupons/{made['id']}", {"enabled": False}).json()
    assert (changed["code"], changed["value"], changed["enabled"]) == ("LAMPS20", 20, False)


def test_a_category_without_a_name_or_below_nothing_is_refused(shop: SimulatorProcess) -> None:
    assert call(shop, "POST", "categories", {"name": ""}).status_code == 400
    assert call(shop, "POST", "categories", {"name": "Floor", "parent": 4711}).status_code == 400


def test_a_product_lies_in_a_category_once(shop: SimulatorProcess) -> None:
    (category, *_) = call(shop, "GET", "categories").json()
    path = f"categories/{category['id']}/products"
    assert call(shop, "POST", path, {"product_id": 40}).status_code == 201
    assert call(shop, "POST", path, {"product_id": 40}).status_code == 400
    assert call(shop, "POST", path, {"product_id": 9999}).status_code == 400
    assert call(shop, "GET", path).json() == [{"product_id": 40}]
    assert call(shop, "GET", "categories/9999/products").status_code == 404


def test_an_image_is_kept_under_a_name_of_the_shops_own(shop: SimulatorProcess) -> None:
    given = {"externalUrl": "https://pim.example/halo.jpg", "alt": "Halo"}
    made = call(shop, "POST", "products/40/images", given).json()
    assert made["alt"] == "Halo" and "pim.example" not in made["url"]
    assert call(shop, "GET", "products/40").json()["images"] == [made]
    assert call(shop, "POST", "products/40/images", {"alt": "Halo"}).status_code == 400
    assert call(shop, "POST", "products/9999/images", given).status_code == 404


def test_only_the_addon_takes_the_status_of_a_return(shop: SimulatorProcess) -> None:
    placed = shop.control("POST", "orders", {})
    made = shop.control("POST", "returns", {"order_id": placed["id"]})
    path = f"returns/{made['id']}"
    assert call(shop, "PUT", path, {"status": "C"}).status_code == 404
    shop.control("POST", "settings", {"addon_enabled": True})
    assert call(shop, "PUT", path, {"status": "C"}).json()["status"] == "C"
    assert call(shop, "PUT", path, {"status": "X"}).status_code == 400
    assert call(shop, "PUT", path, {"items": []}).status_code == 400
    assert call(shop, "POST", "returns", {"status": "C"}).status_code == 405
