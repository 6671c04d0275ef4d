"""Every numbered quirk of X-Cart (systems/x-cart.md, section 9) on the simulator's wire."""

import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
import requests

from tests.contract.processes import SimulatorProcess, running

KEY_RW = "xcart-sandbox-read-write-key"
KEY_RO = "xcart-sandbox-read-only-key"
SECRET = "xcart-sandbox-webhook-secret-0123456789"


class Wire:
    """Raw calls to the simulator."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.control = process.control

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = KEY_RW, timeout: float = 5
    ) -> requests.Response:
        headers = {} if key is None else {"X-Auth-Token": key}
        return requests.request(
            method, f"{self.process.url}/api/{path}", json=body, headers=headers, timeout=timeout
        )

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json(parse_float=Decimal)

    def place(self, **options: Any) -> int:
        return int(self.control("POST", "orders", options)["id"])

    def place_many(self, count: int) -> None:
        self.control("POST", "orders", {"count": count})


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("x_cart", tmp_path_factory.mktemp("x_cart")) as started:
        yield started


@pytest.fixture
def shop(process: SimulatorProcess) -> Wire:
    process.control("POST", "reset")
    return Wire(process)


def test_1_wrong_key_no_key_and_read_only_key_are_refused_differently(shop: Wire) -> None:
    wrong, missing = shop.call("GET", "orders", key="wrong"), shop.call("GET", "orders", key=None)
    assert (wrong.status_code, wrong.json()) == (401, {"message": "Invalid token"})
    assert (missing.status_code, missing.json()) == (401, {"code": 401, "message": "JWT Token not found"})
    assert shop.call("GET", "products", key=KEY_RO).status_code == 200
    assert shop.call("PUT", "products/40", {"amount": 1}, key=KEY_RO).status_code == 403


def test_2_lists_are_bare_capped_at_100_and_30_by_default(shop: Wire) -> None:
    shop.place_many(130)
    assert len(shop.get("orders")) == 30
    assert len(shop.get("orders?itemsPerPage=500")) == 100
    assert len(shop.get("orders?itemsPerPage=100&page=2")) == 30


def test_3_an_unparsable_date_is_ignored(shop: Wire) -> None:
    shop.place_many(5)
    assert len(shop.get("orders?date[after]=tomorrow-ish")) == 5
    assert shop.get("orders?date[after]=2100-01-01T00:00:00%2B00:00") == []
    # An unescaped plus arrives as a blank, which makes the date unreadable too.
    assert len(shop.get("orders?date[after]=2100-01-01T00:00:00+00:00")) == 5


def test_4_orders_cannot_be_posted_and_tracking_needs_the_addon(shop: Wire) -> None:
    number = shop.place()
    assert shop.call("POST", "orders", {}).status_code == 405
    body = {"value": "1Z999AA10123456784", "carrier": "UPS"}
    assert shop.call("POST", f"orders/{number}/tracking_numbers", body).status_code == 404
    shop.control("POST", "settings", {"addon_enabled": True})
    answer = shop.call("POST", f"orders/{number}/tracking_numbers", body)
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "date", "value"}


def test_5_an_unknown_status_code_is_a_400(shop: Wire) -> None:
    answer = shop.call("PUT", f"orders/{shop.place()}/shipping_status", {"code": "ZZ"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["detail"] == "Status code 'ZZ' is wrong"


def test_6_a_new_product_gets_1000_and_put_is_partial(shop: Wire) -> None:
    created = shop.call("POST", "products", {"sku": "NEW-1", "name": "New lamp", "price": 12.5}).json()
    assert created["amount"] == 1000
    changed = shop.call("PUT", f"products/{created['id']}", {"amount": 5}).json()
    assert (changed["amount"], changed["price"], changed["name"]) == (5, 12.5, "New lamp")


def test_7_there_is_no_sku_filter(shop: Wire) -> None:
    assert shop.get("products?sku=CBL-TXT-3M") == shop.get("products")


def test_8_states_are_integers_and_names_are_not_unique(shop: Wire) -> None:
    brazil = shop.get(f"orders/{shop.place(country='BR', state='Amazonas')}")["shipping_address"]
    peru = shop.get(f"orders/{shop.place(country='PE', state='Amazonas')}")["shipping_address"]
    assert brazil["state_name"] == peru["state_name"] == "Amazonas"
    assert isinstance(brazil["state"], int) and brazil["state"] != peru["state"]
    assert "state_code" not in brazil


def test_9_a_guest_has_a_profile_copy_and_no_customer(shop: Wire) -> None:
    order = shop.get(f"orders/{shop.place(guest=True, email='guest@example.com')}")
    assert order["customer_id"] is None
    assert isinstance(order["order_profile_id"], int)


def test_10_an_order_with_everything_satisfies_the_money_identity(shop: Wire) -> None:
    number = shop.place(
        country="DE",
        has_included_tax=True,
        coupon="SPRING10",
        volume_discount=3.5,
        handling=1.25,
        tracking=["1Z1", "1Z2"],
        refund=20,
        lines=[{"sku": "A50-HALO", "quantity": 3}, {"sku": "BLB-E27-4W", "quantity": 7}],
    )
    order = shop.get(f"orders/{number}")
    outside = sum(row["value"] for row in order["surcharges"] if not row["include"])
    assert order["total"] == order["sub_total"] + outside
    assert [row["type"] for row in order["surcharges"] if row["include"]] == ["tax"]
    assert [each["value"] for each in order["tracking_numbers"]] == ["1Z1", "1Z2"]
    discounts = sum(row["value"] for row in order["surcharges"] if row["type"] == "discount")
    assert sum(item["discounted_subtotal"] for item in order["items"]) == order["sub_total"] + discounts
    transactions = shop.get(f"orders/{number}/payment_transactions")
    assert transactions[0]["backend_transactions"][0]["type"] == "refundPart"


def test_11_the_custom_status_hld_exists(shop: Wire) -> None:
    answer = shop.call("PUT", f"orders/{shop.place()}/shipping_status", {"code": "HLD"})
    assert (answer.status_code, answer.json()["code"]) == (200, "HLD")


def test_12_by_number_refuses_a_dash(shop: Wire) -> None:
    number = shop.place()
    order_number = shop.get(f"orders/{number}")["order_number"]
    assert shop.get(f"orders/by_number/{order_number}")["id"] == number
    assert shop.call("GET", "orders/by_number/10-43").status_code == 404


def test_13_setting_shipped_twice_sends_two_mails(shop: Wire) -> None:
    number = shop.place(email="ann@example.com")
    for expected in (1, 2):
        shop.call("PUT", f"orders/{number}/shipping_status", {"code": "S"})
        mails = shop.control("GET", "outbox")
        assert [mail["recipient"] for mail in mails] == ["ann@example.com"] * expected


def test_14_a_cancelled_order_gives_its_goods_back(shop: Wire) -> None:
    def stock() -> int:
        return int(shop.get("products/40")["amount"])

    before = stock()
    number = shop.place(lines=[{"sku": "A50-HALO", "quantity": 2}])
    assert stock() == before - 2
    shop.call("PUT", f"orders/{number}/payment_status", {"code": "C"})
    assert stock() == before
    assert shop.get(f"orders/{number}")["stock_status"] == "increased"
    shop.call("PUT", f"orders/{number}/payment_status", {"code": "P"})
    assert stock() == before - 2
    assert shop.get(f"orders/{number}")["stock_status"] == "reduced"


@pytest.mark.parametrize(("version", "expected"), [("5.5.0", 3), ("5.5.1", 0)])
def test_15_version_5_5_0_ignores_the_renewal_filter(shop: Wire, version: str, expected: int) -> None:
    shop.control("POST", "settings", {"version": version})
    shop.place_many(3)
    assert len(shop.get("orders?lastRenewDate[strictly_after]=2100-01-01")) == expected
    assert len(shop.get("orders?order[lastRenewDate]=desc")) == 3


def test_16_order_dates_are_utc_and_product_dates_have_the_stores_offset(shop: Wire) -> None:
    texts = []
    for moment in (datetime(2026, 3, 8, 7, 30, tzinfo=UTC), datetime(2026, 3, 8, 8, 30, tzinfo=UTC)):
        shop.control("POST", "settings", {"frozen_at": int(moment.timestamp())})
        assert shop.get(f"orders/{shop.place()}")["create_date"] == moment.isoformat()
        shop.call("PUT", "products/40", {"price": 50})
        texts.append(shop.get("products/40")["update_date"])
    # The store's clocks jump from 02:00 to 03:00 between the two.
    assert texts == ["2026-03-08T01:30:00-06:00", "2026-03-08T03:30:00-05:00"]


def test_17_a_variant_with_default_amount_reads_its_parents(shop: Wire) -> None:
    parent = next(each for each in shop.get("products") if each["sku"] == "TRK-RAIL")
    variants = {each["sku"]: each for each in shop.get(f"products/{parent['id']}/variants")}
    assert variants["TRK-RAIL-2M"]["default_amount"] is True
    assert variants["TRK-RAIL-2M"]["amount"] == parent["amount"]
    assert variants["TRK-RAIL-1M"]["amount"] == 25


def test_20_orders_carry_unknown_keys(shop: Wire) -> None:
    assert "usps_shipments" in shop.get(f"orders/{shop.place()}")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes webhooks in and answers with the next status of ``answers`` (then 200)."""

    protocol_version = "HTTP/1.1"
    seen: "Queue[tuple[dict[str, str], bytes]]"
    answers: "Queue[int]"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(200 if self.answers.empty() else self.answers.get())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return None


@pytest.fixture
def receiver(shop: Wire) -> Iterator[type[Receiver]]:
    handler = type("BoundReceiver", (Receiver,), {"seen": Queue(), "answers": Queue()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings = {
        "addon_enabled": True,
        "webhook_url": f"http://127.0.0.1:{server.server_address[1]}/hooks/abc",
        "webhook_first_wait_seconds": 0.05,
    }
    shop.control("POST", "settings", settings)
    yield handler
    shop.control("POST", "settings", {"webhook_url": ""})
    server.shutdown()
    server.server_close()
    thread.join()


def is_genuine(headers: dict[str, str], body: bytes) -> bool:
    signed = headers["x-xcart-timestamp"].encode() + b"." + body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return headers["x-xcart-signature"] == f"sha256={digest}"


def test_21_a_placed_order_is_told_with_a_signature(shop: Wire, receiver: type[Receiver]) -> None:
    number = shop.place()
    headers, body = receiver.seen.get(timeout=5)
    told = json.loads(body)
    assert is_genuine(headers, body)
    assert (told["event"], told["id"], told["resource"]) == ("order.created", number, "order")
    assert told["delivery_id"] == headers["x-xcart-delivery"]


def test_21_a_refused_delivery_comes_again_with_a_fresh_signature(
    shop: Wire, receiver: type[Receiver]
) -> None:
    receiver.answers.put(503)
    shop.place()
    first, second = receiver.seen.get(timeout=5), receiver.seen.get(timeout=5)
    assert first[1] == second[1]
    assert first[0]["x-xcart-delivery"] == second[0]["x-xcart-delivery"]
    assert is_genuine(*second)


def test_21_duplicate_wrong_signature_stale_time_and_spelling_on_demand(
    shop: Wire, receiver: type[Receiver]
) -> None:
    shop.process.fault("webhook_duplicate", times=1)
    shop.place()
    first, second = receiver.seen.get(timeout=5), receiver.seen.get(timeout=5)
    assert first[1] == second[1]
    shop.process.fault("webhook_bad_signature", times=1)
    shop.place()
    assert not is_genuine(*receiver.seen.get(timeout=5))
    shop.process.fault("webhook_stale_timestamp", times=1)
    shop.place()
    headers, body = receiver.seen.get(timeout=5)
    assert is_genuine(headers, body)
    assert int(headers["x-xcart-timestamp"]) < datetime.now(UTC).timestamp() - 3000
    shop.process.fault("webhook_spelling", times=1)
    shop.place()
    headers, body = receiver.seen.get(timeout=5)
    assert headers["x-xcart-event"] == json.loads(body)["event"] == "ordercreated"


def test_21_events_out_of_order(shop: Wire, receiver: type[Receiver]) -> None:
    shop.process.fault("webhook_out_of_order", times=1, seconds=0.4)
    number = shop.place()
    shop.control("POST", f"orders/{number}/touch", {"notes": "later"})
    events = [json.loads(receiver.seen.get(timeout=5)[1])["event"] for _ in range(2)]
    assert events == ["order.updated", "order.created"]


def test_21_undelivered_webhooks_survive_a_killed_shop(tmp_path: Path) -> None:
    with running("x_cart", tmp_path, "--addon", "--webhook-url", "http://127.0.0.1:9/x") as process:
        placed = process.control("POST", "orders", {"count": 3})["orders"]
        process.kill_and_restart()
        assert process.control("GET", "state")["webhooks"] == {"waiting": 3}
        assert process.control("GET", f"orders/{placed[0]['id']}")["id"] == placed[0]["id"]


def test_22_fault_switches(shop: Wire) -> None:
    shop.process.fault("status", status=429, retry_after=3, times=1)
    shop.process.fault("status", status=429, times=1, skip=1)
    shop.process.fault("status", status=502, times=1, skip=2)
    shop.process.fault("html", times=1, skip=3)
    answers = [shop.call("GET", "products") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [429, 429, 502, 200, 200]
    assert [answer.headers.get("Retry-After") for answer in answers[:2]] == ["3", None]
    assert answers[3].text.startswith("<!DOCTYPE html>")


def test_22_a_dropped_answer_after_commit_leaves_the_change(shop: Wire) -> None:
    shop.process.fault("drop_after_commit", times=1, match="PUT")
    with pytest.raises(requests.ConnectionError):
        shop.call("PUT", "products/40", {"amount": 3})
    assert shop.get("products/40")["amount"] == 3


def test_22_a_slow_answer_comes_late(shop: Wire) -> None:
    shop.process.fault("slow", seconds=90, times=1)
    with pytest.raises(requests.Timeout):
        shop.call("GET", "products", timeout=0.3)


def test_the_list_of_calls_shows_no_key(shop: Wire) -> None:
    shop.get("products")
    calls = shop.control("GET", "calls")
    assert calls[0]["path"] == "/api/products"
    assert KEY_RW not in json.dumps(calls)


def test_the_control_token_is_asked_for(tmp_path: Path) -> None:
    with running("x_cart", tmp_path, "--control-token", "sesame") as process:
        url = f"{process.url}/control/state"
        assert requests.get(url, timeout=5).status_code == 401
        named = {"Authorization": "Bearer sesame"}
        assert requests.get(url, headers=named, timeout=5).status_code == 200
