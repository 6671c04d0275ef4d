"""Every numbered quirk of Clarity eCommerce (systems/clarity-ecommerce.md, section 9) but webhooks, on the wire."""

from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest
import requests

from tests.sandbox import clarity_wire
from tests.sandbox.clarity_wire import CLIENT, Wire

process, site = clarity_wire.process, clarity_wire.site


# -- access --------------------------------------------------------------------------------------------------


def test_1_a_token_lives_as_long_as_it_says_and_a_second_one_does_not_end_it(site: Wire) -> None:
    first = site.ask_token().json()
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 3600)
    site.token = first["access_token"]
    assert site.ask_token().json()["access_token"] != site.token
    assert site.get("ping")["apiVersion"] == "v1"
    site.settings(token_seconds=0)
    site.token = site.ask_token().json()["access_token"]
    assert site.call("GET", "ping").status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "orders:read moon:read"}, 400, "invalid_scope"),
    ],
)
def test_1_refused_tokens_name_the_reason(
    site: Wire, changes: dict[str, str], status: int, word: str
) -> None:
    answer = site.ask_token(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, word)


def test_1_the_client_may_be_told_by_http_basic(site: Wire) -> None:
    answer = requests.post(
        f"{site.process.url}/oauth/token",
        data={"grant_type": "client_credentials", "scope": "orders:read"},
        auth=(CLIENT["client_id"], CLIENT["client_secret"]),
        timeout=5,
    )
    assert answer.json()["scope"] == "orders:read"


def test_2_a_token_without_the_scope_is_told_which(site: Wire) -> None:
    site.token = site.ask_token(scope="orders:read").json()["access_token"]
    answer = site.call("PUT", f"orders/{site.place()}/status", {"status": "Processing"})
    assert site.problem(answer) == (403, "missing-scope")
    assert answer.json()["errors"] == {"scope": ["orders:write"]}


def test_12_the_121st_call_of_a_minute_is_told_to_wait(site: Wire) -> None:
    left = [int(site.call("GET", "ping").headers["X-RateLimit-Remaining"]) for _ in range(120)]
    assert left == list(range(119, -1, -1))
    answer = site.call("GET", "ping")
    assert site.problem(answer) == (429, "rate-limit")
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert answer.headers["X-RateLimit-Limit"] == "120"


# -- orders --------------------------------------------------------------------------------------------------


def test_3_and_4_moves_are_legal_or_told_why_not(site: Wire) -> None:
    number = site.place()
    for status in ("Processing", "Shipped", "Completed", "Completed"):
        assert site.call("PUT", f"orders/{number}/status", {"status": status}).status_code == 200
    answer = site.call("PUT", f"orders/{number}/status", {"status": "Processing"})
    assert site.problem(answer) == (409, "illegal-transition")
    answer = site.call("PUT", f"orders/{number}/status", {"status": "Cancelled"})
    assert site.problem(answer) == (422, "validation")
    assert answer.json()["errors"] == {"status": ["'Cancelled' is not a known status."]}
    mails = site.control("GET", "outbox")
    assert len(mails) == 3, "the same status again e-mails nobody"


def test_a_failed_mail_is_success_with_a_warning(site: Wire) -> None:
    site.settings(mail_fails=True)
    answer = site.call("PUT", f"orders/{site.place()}/status", {"status": "Void"})
    assert (answer.status_code, answer.json()["status"]) == (200, "Void")
    assert "e-mail" in answer.headers["X-Warning"]


@pytest.mark.parametrize("status", ["On Hold", "Split", "Backordered", "Awaiting Artwork"])
def test_10_orders_come_in_every_status_also_the_sites_own(site: Wire, status: str) -> None:
    number = site.place(status=status, guest=True, attributes={"engraving": "Lee"})
    order = site.get(f"orders/{number}")
    assert (order["status"], order["customerId"], order["attributes"]) == (
        status,
        None,
        {"engraving": "Lee"},
    )


def test_10_and_16_two_shipments_cover_an_order_and_no_third_fits(site: Wire) -> None:
    number = site.place(lines=[{"sku": "A50-HALO", "quantity": 2.5}])
    body = {"carrier": "UPS", "shipDate": "2026-03-03T12:00:00Z", "lines": [{"lineId": 1, "quantity": 2}]}
    path = f"orders/{number}/shipments"
    assert site.call("POST", path, {**body, "externalRef": "S1"}).status_code == 201
    assert site.get(f"orders/{number}")["status"] == "Confirmed"
    assert site.problem(site.call("POST", path, {**body, "externalRef": "S1"})) == (409, "duplicate")
    over = site.call("POST", path, body)
    assert site.problem(over) == (422, "validation")
    assert over.json()["errors"] == {"lines[0].quantity": ["is more than is left to ship."]}
    rest = {**body, "lines": [{"lineId": 1, "quantity": 0.5}]}
    assert site.call("POST", path, rest).status_code == 201
    order = site.get(f"orders/{number}")
    assert (order["status"], len(order["shipments"])) == ("Shipped", 2)


def test_9_a_stale_tag_is_refused_and_a_missing_one_allowed(site: Wire) -> None:
    number = site.place()
    tag = site.call("GET", f"orders/{number}").headers["ETag"]
    path = f"orders/{number}/attributes"
    assert site.call("PUT", path, {"a": "1"}, If_Match=tag).status_code == 200
    assert site.problem(site.call("PUT", path, {"a": "2"}, If_Match=tag)) == (412, "precondition")
    assert site.call("PUT", path, {"a": "2", "b": "3"}).status_code == 200
    assert site.call("PUT", path, {"a": None}).json()["attributes"] == {"b": "3"}


# -- lists ---------------------------------------------------------------------------------------------------


def test_11_equal_times_across_a_page_border_are_ordered_by_id(site: Wire) -> None:
    site.settings(frozen_at=1772463845.5)
    expected = [site.place() for _ in range(5)]
    pages = [site.get(f"orders?pageSize=2&page={page}")["results"] for page in (1, 2, 3)]
    assert [order["orderId"] for page in pages for order in page] == expected
    assert {order["modifiedDate"] for page in pages for order in page} == {"2026-03-02T15:04:05.500Z"}


def test_13_a_page_past_the_end_is_empty(site: Wire) -> None:
    site.place()
    shown = site.get("orders?page=7")
    assert shown == {
        "results": [], "currentPage": 7, "currentCount": 0, "totalPages": 1, "totalCount": 1,
    }  # fmt: skip
    assert site.problem(site.call("GET", "orders?pageSize=201")) == (422, "validation")


def test_changes_since_a_moment_include_that_moment(site: Wire) -> None:
    numbers = []
    for second in (100, 200, 300):
        site.settings(frozen_at=1772463000 + second)
        numbers.append(site.place())
    since = site.get(f"orders/{numbers[1]}")["modifiedDate"]
    assert [each["orderId"] for each in site.get(f"orders?modifiedSince={since}")["results"]] == numbers[1:]


def test_15_a_digest_changes_with_the_record_and_not_with_its_date(site: Wire) -> None:
    number = site.place()
    (first,) = site.get("orders/digest")
    assert (first["id"], first["key"], len(first["hash"])) == (number, f"W-{number}", 16)
    site.control("POST", f"orders/{number}/touch", {})
    assert site.get("orders/digest") == [first]
    site.control("POST", f"orders/{number}/touch", {"notes": "changed"})
    assert site.get("orders/digest")[0]["hash"] != first["hash"]


def test_the_schema_is_json_schema_and_every_record_fits_it(site: Wire) -> None:
    number = site.place(attributes={"engraving": "Lee"})
    site.control("POST", f"orders/{number}/return", {})
    schemas = site.get("schema")
    assert "engraving" in schemas["order"]["properties"]["attributes"]["properties"]
    paths = {"category": "categories", "inventory": "inventory"}
    for name, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        rows = site.get(paths.get(name, f"{name}s"))["results"]
        assert rows or name == "shipment"
        for row in rows:
            validator = jsonschema.Draft202012Validator({**schema, "required": []})
            # Binary fractions are no multiples of 0.0001; that word is for people and for our discovery.
            assert [one for one in validator.iter_errors(row) if one.validator != "multipleOf"] == []


# -- writes --------------------------------------------------------------------------------------------------


def test_5_natural_keys_are_taken_whatever_the_letter_case(site: Wire) -> None:
    product = {"sku": "a50-halo", "name": "Lamp", "price": 1}
    assert site.problem(site.call("POST", "products", product)) == (409, "duplicate")
    customer = {"name": "Pat", "email": "PAT.LEE@example.com"}
    assert site.problem(site.call("POST", "customers", customer)) == (409, "duplicate")


def test_6_a_repeated_key_gives_the_stored_answer(site: Wire) -> None:
    product = {"sku": "NEW-1", "name": "New", "price": 5.25}
    first = site.call("POST", "products", product, Idempotency_Key="k1")
    again = site.call("POST", "products", product, Idempotency_Key="k1")
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = site.call("POST", "products", {**product, "price": 6}, Idempotency_Key="k1")
    assert site.problem(other) == (409, "idempotency-mismatch")


def test_6_the_same_key_at_the_same_time_is_in_progress(site: Wire) -> None:
    site.control("POST", "faults", {"kind": "slow_write", "seconds": 3, "times": 1})
    product = {"sku": "NEW-1", "name": "New", "price": 5}
    assert site.get("ping")
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(site.call, "POST", "products", product, Idempotency_Key="k1") for _ in range(2)]
        answers = sorted((each.result() for each in calls), key=lambda answer: answer.status_code)
    assert answers[0].status_code == 201
    assert site.problem(answers[1]) == (409, "in-progress")


def test_6_keys_survive_the_end_of_the_process(site: Wire) -> None:
    product = {"sku": "NEW-1", "name": "New", "price": 5}
    first = site.call("POST", "products", product, Idempotency_Key="k1").json()
    site.process.kill_and_restart()
    again = site.call("POST", "products", product, Idempotency_Key="k1")
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first, "true")


def test_7_a_bulk_write_answers_row_by_row(site: Wire) -> None:
    rows = [
        {"sku": "A50-HALO", "quantity": 37, "locationKey": "MAIN"},
        {"sku": "NOPE", "quantity": 1},
        {"sku": "LMP-ARC-BRS", "quantity": 1.5},
        {"sku": "CBL-TXT-3M", "quantity": -1},
        {"sku": "SHD-LIN-40", "quantity": 0},
    ]
    answer = site.call("POST", "inventory/bulk", {"rows": rows})
    assert answer.status_code == 200
    assert [row.get("error") for row in answer.json()["results"]] == [
        None,
        "unknown-sku",
        None,
        "negative",
        None,
    ]
    assert (answer.json()["succeeded"], answer.json()["failed"]) == (3, 2)
    too_many = {"rows": [{"sku": "A50-HALO", "quantity": 1}] * 501}
    assert site.call("POST", "inventory/bulk", too_many).status_code == 422


def test_8_every_wrong_member_is_named(site: Wire) -> None:
    body = {"sku": "X" * 65, "price": -1, "colour": "red", "productId": 4}
    answer = site.call("POST", "products", body)
    assert answer.json()["errors"] == {
        "sku": ["must be at most 64 characters."],
        "price": ["must not be below zero."],
        "colour": ["is not a known member."],
        "productId": ["is read only."],
        "name": ["is required."],
    }


def test_a_put_replaces_the_named_members_alone(site: Wire) -> None:
    before = site.get("products?sku=a50-halo")["results"][0]
    after = site.call("PUT", f"products/{before['productId']}", {"price": 61.5}).json()
    assert after == {**before, "price": 61.5, "modifiedDate": after["modifiedDate"]}


# -- faults --------------------------------------------------------------------------------------------------


def test_17_faults_spoil_answers_as_they_say(site: Wire) -> None:
    assert site.get("ping")
    for kind, more, status in (
        ("status", {"status": 502}, 502),
        ("status", {"status": 503, "retry_after": 3}, 503),
        ("html", {}, 200),
    ):
        site.control("POST", "faults", {"kind": kind, "times": 1, **more})
        answer = site.call("GET", "ping")
        assert (answer.status_code, answer.headers["Content-Type"][:9]) == (status, "text/html")
    site.control("POST", "faults", {"kind": "drop_after_commit", "times": 1})
    with pytest.raises(requests.ConnectionError):
        site.call("POST", "products", {"sku": "NEW-1", "name": "New", "price": 5})
    assert site.get("products?sku=NEW-1")["totalCount"] == 1
