"""Plain ``curl`` against the storefront simulators: a client that we did not write signs in, lists and writes."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.processes import SimulatorProcess, running

KEY_RW = "xcart-sandbox-read-write-key"
KEY_RO = "xcart-sandbox-read-only-key"
CLIENT = "clarity-sandbox-client:clarity-sandbox-client-secret-0123"


@dataclass(frozen=True)
class Answered:
    """What curl printed: the status it saw, the content type and the body."""

    status: int
    content_type: str
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def curl(*arguments: str) -> Answered:
    """Run curl and return its answer; a transport error of curl fails the test."""
    command = ["curl", "--silent", "--show-error", "--globoff", "--max-time", "10", "--noproxy", "*"]
    told = ["--write-out", "\n%{http_code} %{content_type}", *arguments]
    ended = subprocess.run([*command, *told], capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    body, _, line = ended.stdout.rpartition("\n")
    status, _, content_type = line.partition(" ")
    return Answered(int(status), content_type, body)


def json_body(value: object) -> tuple[str, ...]:
    """Return the options that send JSON."""
    return "--header", "Content-Type: application/json", "--data", json.dumps(value)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("x_cart", tmp_path_factory.mktemp("curl_x_cart"), "--addon") as process:
        yield process


@pytest.fixture(scope="module")
def classic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("x_cart", tmp_path_factory.mktemp("curl_classic"), "--version", "5.4.1") as process:
        yield process


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("clarity_ecommerce", tmp_path_factory.mktemp("curl_clarity")) as process:
        yield process


class TestXCart:
    def test_the_key_signs_in_and_a_wrong_one_is_refused(self, shop: SimulatorProcess) -> None:
        address = f"{shop.url}/api/products?itemsPerPage=1"
        assert curl("--header", f"X-Auth-Token: {KEY_RO}", address).status == 200
        refused = curl("--header", "x-auth-token: wrong", address)
        assert (refused.status, refused.json["message"]) == (401, "Invalid token")
        assert curl(address).json["message"] == "JWT Token not found"

    def test_a_list_is_a_bare_array_and_json_ld_on_request(self, shop: SimulatorProcess) -> None:
        shop.control("POST", "orders", {"count": 35})
        key = ("--header", f"X-Auth-Token: {KEY_RO}")
        first = curl(*key, f"{shop.url}/api/orders?itemsPerPage=30&order[lastRenewDate]=asc")
        second = curl(*key, f"{shop.url}/api/orders?itemsPerPage=30&page=2&order[lastRenewDate]=asc")
        assert first.content_type.startswith("application/json")
        assert len(first.json) == 30
        assert not {each["id"] for each in first.json} & {each["id"] for each in second.json}
        linked = curl(*key, "--header", "Accept: application/ld+json", f"{shop.url}/api/orders")
        assert linked.json["hydra:totalItems"] == len(first.json) + len(second.json)

    def test_writes_change_stock_status_and_tracking(self, shop: SimulatorProcess) -> None:
        order_id = shop.control("POST", "orders", {})["id"]
        key = ("--header", f"X-Auth-Token: {KEY_RW}")
        address = f"{shop.url}/api"
        stock = curl(*key, "--request", "PUT", *json_body({"amount": 37}), f"{address}/products/40")
        assert (stock.status, stock.json["amount"], stock.json["sku"]) == (200, 37, "A50-HALO")
        number = curl(*key, *json_body({"value": "1Z9"}), f"{address}/orders/{order_id}/tracking_numbers")
        assert (number.status, number.json["value"]) == (201, "1Z9")
        status = ("--request", "PUT", *json_body({"code": "S"}))
        assert curl(*key, *status, f"{address}/orders/{order_id}/shipping_status").json["name"] == "Shipped"
        shown = curl(*key, f"{address}/orders/{order_id}").json
        assert [each["value"] for each in shown["tracking_numbers"]] == ["1Z9"]
        read_only = ("--header", f"X-Auth-Token: {KEY_RO}")
        assert curl(*read_only, *status, f"{address}/orders/{order_id}/shipping_status").status == 403

    def test_a_product_and_a_customer_are_made_and_refused_the_second_time(
        self, shop: SimulatorProcess
    ) -> None:
        key = ("--header", f"X-Auth-Token: {KEY_RW}")
        for path, body in (
            ("products", {"sku": "CURL-1", "name": "Curled lamp", "price": 9.5}),
            ("profiles", {"login": "curl@example.com"}),
        ):
            made = curl(*key, *json_body(body), f"{shop.url}/api/{path}")
            assert made.status == 201
            again = curl(*key, *json_body(body), f"{shop.url}/api/{path}")
            assert again.status == 400
            assert again.content_type.startswith("application/problem+json")
            assert "already exists" in again.json["detail"]


class TestClassic:
    def test_the_key_in_the_query_signs_in_lists_and_writes(self, classic: SimulatorProcess) -> None:
        order_id = classic.control("POST", "orders", {})["id"]

        def address(path: str, key: str, more: str = "") -> str:
            return f"{classic.url}/admin.php?target=RESTAPI&_key={key}&_path={path}{more}"

        assert (curl(address("order", "wrong")).status, curl(address("order", "wrong")).body) == (403, "")
        rows = curl(address("order", KEY_RO, "&_cnd[limit][0]=0&_cnd[limit][1]=10")).json
        assert [row["order_id"] for row in rows] == [order_id]
        whole = curl(address(f"order/{order_id}", KEY_RO, "&_schema=complex")).json
        assert whole["orderId"] == order_id
        put = "&_method=put&model[shippingStatus][id]=3"
        changed = curl(address(f"order/{order_id}", KEY_RW, put)).json
        assert changed["shippingStatus"]["code"] == "S"
        made = curl(*json_body({"value": "1Z9", "order": {"order_id": order_id}}),
                    address("ordertrackingnumber/0", KEY_RW, "&_method=post"))  # fmt: skip
        assert made.json["value"] == "1Z9"
        assert curl(address("order/999999", KEY_RO)).body == "null"


class TestClarity:
    def sign_in(self, site: SimulatorProcess) -> tuple[str, str]:
        """Return the header of a token that curl asked for by HTTP basic authentication."""
        asked = curl("--user", CLIENT, "--data", "grant_type=client_credentials", f"{site.url}/oauth/token")
        assert asked.status == 200, asked.body
        assert asked.json["token_type"].lower() == "bearer"
        return "--header", f"Authorization: Bearer {asked.json['access_token']}"

    def test_a_token_signs_in_and_without_one_nothing_is_told(
        self, site: SimulatorProcess, tmp_path: Path
    ) -> None:
        assert curl(f"{site.url}/api/v1/orders").status == 401
        refused = curl(
            "--user", "clarity-sandbox-client:wrong", "--data", "grant_type=client_credentials",
            f"{site.url}/oauth/token",
        )  # fmt: skip
        assert refused.status in (400, 401)
        assert refused.json["error"] == "invalid_client"
        told = tmp_path / "headers"
        assert (
            curl(*self.sign_in(site), "--dump-header", str(told), f"{site.url}/api/v1/orders").status == 200
        )
        assert "x-ratelimit-remaining" in told.read_text().lower()

    def test_orders_are_listed_and_a_status_note_is_written_by_its_tag(self, site: SimulatorProcess) -> None:
        order_id = site.control("POST", "orders", {})["id"]
        token = self.sign_in(site)
        listed = curl(*token, f"{site.url}/api/v1/orders").json
        assert order_id in {each["orderId"] for each in listed["results"]}
        made = curl(
            *token,
            *("--header", "Idempotency-Key: curl-1"),
            *json_body({"sku": "CURL-1", "name": "Curled lamp", "price": 9.5}),
            f"{site.url}/api/v1/products",
        )
        assert made.status == 201, made.body
        again = curl(
            *token,
            *("--header", "Idempotency-Key: curl-1"),
            *json_body({"sku": "CURL-1", "name": "Curled lamp", "price": 9.5}),
            f"{site.url}/api/v1/products",
        )
        assert again.json["productId"] == made.json["productId"]
        other = curl(
            *token,
            *("--header", "Idempotency-Key: curl-2"),
            *json_body({"sku": "curl-1", "name": "Another", "price": 1}),
            f"{site.url}/api/v1/products",
        )
        assert other.status == 409
