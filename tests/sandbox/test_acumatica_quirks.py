"""The numbered quirks of Acumatica that its simulator must show, asked for with plain HTTP."""

import base64
import http.client
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from integrations.sandbox.acumatica.filters import BadFilter, parse
from integrations.sandbox.acumatica.throttle import LONGEST_QUEUE, Throttle
from tests.contract.processes import SimulatorProcess, running

ENDPOINT = "/AcumaticaERP/entity/Default/24.200.001"
LOGIN = {"name": "connect", "password": "sandbox-password", "tenant": "MyStore"}
LINE = {"InventoryID": {"value": "A50-HALO"}, "OrderQty": {"value": 2}}


class Answer:
    """Status, headers and body of one call."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """A signed-in client that knows nothing of our connector."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.cookie = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.process.host, timeout=10)
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Content-Type": "application/json", **({"Cookie": self.cookie} if self.cookie else {})}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, sent, named)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def sign_in(self, **changes: str) -> Answer:
        answer = self.call("POST", "/AcumaticaERP/entity/auth/login", LOGIN | changes)
        cookies = answer.headers.get_all("Set-Cookie") or []
        self.cookie = "; ".join(one.partition(";")[0] for one in cookies)
        return answer

    def get(self, path: str, **options: str) -> Answer:
        query = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        return self.call("GET", f"{ENDPOINT}/{path}{'?' + query if query else ''}")

    def put(self, entity: str, body: Any, expand: str = "", **headers: str) -> Answer:
        return self.call(
            "PUT", f"{ENDPOINT}/{entity}{'?$expand=' + expand if expand else ''}", body, **headers
        )

    def order(self, **fields: Any) -> dict[str, Any]:
        body = {"CustomerID": "GOODFOOD", "Hold": False, **fields}
        sent = {name: one if isinstance(one, list | dict) else {"value": one} for name, one in body.items()}
        answer = self.put(
            "SalesOrder", {"Details": [LINE], **sent}, "Details,Totals,ShipToAddress,TaxDetails"
        )
        assert answer.status == 200, answer.body
        made: dict[str, Any] = answer.json
        return made

    def setting(self, **settings: Any) -> None:
        self.process.control("POST", "settings", settings)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("acumatica", tmp_path_factory.mktemp("acumatica")) as started:
        yield started


@pytest.fixture
def site(process: SimulatorProcess) -> Site:
    process.control("POST", "reset")
    made = Site(process)
    assert made.sign_in().status == 204
    return made


def test_a_missing_key_is_a_500_and_a_list_without_match_is_empty(site: Site) -> None:
    answer = site.get("SalesOrder/SO/999999")
    assert answer.status == 500
    assert answer.json["exceptionType"].endswith("NoEntitySatisfiesTheConditionException")
    assert site.get("SalesOrder", filter="OrderNbr eq '999999'").json == []


@pytest.mark.parametrize("status", [500, 401])
def test_a_bad_password_is_a_500_or_by_setting_a_401(site: Site, status: int) -> None:
    site.setting(bad_login_status=status)
    answer = Site(site.process).sign_in(password="wrong")
    assert answer.status == status
    assert "Invalid credentials" in answer.body.decode()


@pytest.mark.parametrize(("mode", "status"), [("429", 429), ("302", 302), ("html", 200)])
def test_a_sign_in_over_the_limit_is_refused_in_three_ways(site: Site, mode: str, status: int) -> None:
    site.setting(login_limit_mode=mode, max_users=1)
    answer = Site(site.process).sign_in()
    assert answer.status == status
    words = answer.body.decode() + (answer.headers.get("Location") or "")
    assert "API Login Limit" in words or "concurrent%20API%20logins" in words


def test_the_licence_delays_by_its_formula_and_declines_the_twenty_first_in_line() -> None:
    throttle = Throttle()
    throttle.quota = 50
    now = time.monotonic()
    for _ in range(25):
        throttle.record(now - 40)
    assert throttle.delay(now) == pytest.approx(0.8)
    throttle._waiting = LONGEST_QUEUE
    assert throttle.admit() is False


def test_there_is_no_release_action_and_hold_no_opens_the_order(site: Site) -> None:
    order = site.order(Hold=True)
    assert order["Status"]["value"] == "On Hold"
    assert site.call("POST", f"{ENDPOINT}/SalesOrder/ReleaseFromHold", {"entity": {}}).status == 404
    changed = site.put("SalesOrder", {"id": order["id"], "Hold": {"value": False}}).json
    assert changed["Status"]["value"] == "Open"


def token(site: Site, **changes: str) -> Answer:
    form = {
        "grant_type": "password", "username": "connect", "password": "sandbox-password", "scope": "api",
        "client_id": "4B6A1F0E-0000-4000-8000-5A7D00C0FFEE@MyStore", "client_secret": "sandbox-client-secret",
    } | changes  # fmt: skip
    kind = "application/x-www-form-urlencoded"
    return site.call(
        "POST", "/AcumaticaERP/identity/connect/token", urlencode(form).encode(), Content_Type=kind
    )


def test_client_credentials_and_a_client_without_tenant_are_refused(site: Site) -> None:
    assert token(site, grant_type="client_credentials").json == {"error": "unsupported_grant_type"}
    assert token(site, client_id="4B6A1F0E").json == {"error": "invalid_client"}
    granted = token(site).json
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    assert site.call("GET", f"{ENDPOINT}/SalesOrder", **bearer).status == 200
    site.call("POST", "/AcumaticaERP/identity/connect/revocation", b"token=x", **bearer)
    assert site.process.control("GET", "state")["sessions"]["open"] == 2, "a revocation frees no place"
    assert (
        site.call("POST", "/AcumaticaERP/entity/auth/logout", b"", Content_Length="0", **bearer).status == 204
    )
    assert site.process.control("GET", "state")["sessions"]["open"] == 1


def test_inquiries_are_asked_by_put_and_the_summary_needs_an_item(site: Site) -> None:
    asked = {"InventoryID": {"value": "A50-HALO"}}
    rows = site.put("InventorySummaryInquiry", asked, "Results").json["Results"]
    assert [row["WarehouseID"]["value"] for row in rows] == ["MAIN"]
    assert site.put("InventorySummaryInquiry", {"WarehouseID": {}}, "Results").json["Results"] == []
    assert site.get("InventorySummaryInquiry").json == []


def test_any_write_to_odata_is_refused(site: Site) -> None:
    for path in ("/AcumaticaERP/odata/SalesOrder", "/AcumaticaERP/t/MyStore/api/odata/gi/SalesOrder"):
        assert site.call("POST", path, {}).status == 405
        assert site.call("GET", path).status == 200


def test_empty_fields_parts_ids_and_links_look_as_documented(site: Site) -> None:
    made = site.order(CustomerOrder="XC-1")
    shown = site.get("SalesOrder/SO/000073").json
    assert shown["Description"] == {}
    assert "Details" not in shown
    assert shown["id"] == made["id"]
    assert shown["_links"]["self"] == f"{ENDPOINT}/SalesOrder/{made['id']}"
    assert "Details" in site.get("SalesOrder/SO/000073", expand="Details").json
    assert site.get(f"SalesOrder/{made['id']}").json["OrderNbr"]["value"] == "000073"


def test_unknown_body_fields_and_totals_are_ignored(site: Site) -> None:
    lines = [{"InventoryID": {"value": "A50-HALO"}, "Quantity": {"value": 5}}]
    order = site.order(OrderTotal=999, Details=lines)
    assert order["Details"][0]["OrderQty"]["value"] == 0.0
    assert order["OrderTotal"]["value"] == 0.0


def test_an_unknown_select_and_contains_are_500s(site: Site) -> None:
    assert site.get("SalesOrder", select="NoSuchField").json["exceptionType"].endswith("KeyNotFoundException")
    assert site.get("SalesOrder", filter="contains(OrderNbr,'1')").status == 500
    assert site.get("SalesOrder", filter="substringof('00',OrderNbr)").status == 200


def test_lines_without_id_are_added_and_delete_removes(site: Site) -> None:
    order = site.order()
    again = site.put("SalesOrder", {"id": order["id"], "Details": [LINE]}, "Details").json
    assert len(again["Details"]) == 2
    gone = [{"id": again["Details"][0]["id"], "delete": True}]
    assert len(site.put("SalesOrder", {"id": order["id"], "Details": gone}, "Details").json["Details"]) == 1
    kept = site.put("SalesOrder", {"id": order["id"], "Details": []}, "Details").json
    assert len(kept["Details"]) == 1, "an empty list means no change"


def test_tenants_are_checked_only_where_there_are_several(site: Site) -> None:
    assert Site(site.process).sign_in(tenant="Nonsense").status == 204
    site.setting(is_multi_tenant=True)
    refused = Site(site.process).sign_in(tenant="Nonsense")
    assert refused.status == 500
    assert refused.json["exceptionType"] == "PX.Data.PXUndefinedCompanyException"
    assert Site(site.process).sign_in(tenant="", company="mystore").status == 204


def act(site: Site, action: str, number: str, **parameters: Any) -> Answer:
    entity = {"OrderType": {"value": "SO"}, "OrderNbr": {"value": number}}
    given = {name: {"value": value} for name, value in parameters.items()}
    return site.call("POST", f"{ENDPOINT}/SalesOrder/{action}", {"entity": entity, "parameters": given})


def test_an_action_is_polled_fails_on_the_poll_and_its_job_is_gone_afterwards(site: Site) -> None:
    site.setting(action_polls=1)
    site.order()
    started = act(site, "CancelSalesOrder", "000073")
    assert started.status == 202
    where = started.headers["Location"]
    assert site.call("GET", where).status == 202
    assert site.call("GET", where).status == 204
    assert site.call("GET", where).status == 404
    failing = act(site, "CancelSalesOrder", "000073")
    assert site.call("GET", failing.headers["Location"]).status == 202
    failed = site.call("GET", failing.headers["Location"])
    assert (failed.status, "not available" in failed.json["exceptionMessage"]) == (500, True)


def test_a_form_is_locked_for_its_sign_in_while_an_operation_runs(site: Site) -> None:
    site.setting(action_polls=2)
    site.order()
    where = act(site, "CancelSalesOrder", "000073").headers["Location"]
    assert site.get("SalesOrder/SO/000073").status == 500
    assert site.get("StockItem/A50-HALO").status == 200
    other = Site(site.process)
    other.sign_in()
    assert other.get("SalesOrder/SO/000073").status == 200
    for _ in range(3):
        site.call("GET", where)
    assert site.get("SalesOrder/SO/000073").json["Status"]["value"] == "Canceled"


def test_an_action_may_answer_204_with_an_address_that_leads_nowhere(site: Site) -> None:
    site.setting(is_terse_action=True)
    site.order()
    answer = act(site, "CancelSalesOrder", "000073")
    assert answer.status == 204
    assert site.call("GET", answer.headers["Location"]).status == 404


def test_patch_depends_on_the_build(site: Site) -> None:
    site.order()
    body = {"OrderType": {"value": "SO"}, "OrderNbr": {"value": "000073"}, "Description": {"value": "New"}}
    assert site.call("PATCH", f"{ENDPOINT}/SalesOrder", body).status == 405
    site.setting(has_patch=True)
    assert site.call("PATCH", f"{ENDPOINT}/SalesOrder", body).json["Description"]["value"] == "New"
    missing = body | {"OrderNbr": {"value": "999999"}}
    assert site.call("PATCH", f"{ENDPOINT}/SalesOrder", missing).status == 404


def test_an_address_needs_its_override_and_a_price_its_flag(site: Site) -> None:
    address = {"AddressLine1": {"value": "9 Elm St"}, "City": {"value": "Reno"}}
    line = [LINE | {"UnitPrice": {"value": 1.5}}]
    ignored = site.order(ShipToAddress=address, Details=line)
    assert ignored["ShipToAddress"]["City"]["value"] == "Austin"
    assert ignored["Details"][0]["UnitPrice"]["value"] == 59.99
    kept = site.order(
        ShipToAddress=address,
        ShipToAddressOverride=True,
        Details=[line[0] | {"ManualPrice": {"value": True}}],
    )
    assert kept["ShipToAddress"]["City"]["value"] == "Reno"
    assert kept["Details"][0]["UnitPrice"]["value"] == 1.5


def test_tax_rows_count_only_with_is_tax_valid(site: Site) -> None:
    taxes = [{"TaxID": {"value": "WEBTAX"}, "TaxAmount": {"value": 9.49}}]
    assert site.order(TaxDetails=taxes)["TaxTotal"]["value"] == 0
    assert site.order(TaxDetails=taxes, IsTaxValid=True)["TaxTotal"]["value"] == 9.49


def test_a_customers_number_is_replaced(site: Site) -> None:
    body = {"CustomerID": {"value": "123"}, "CustomerName": {"value": "New Ltd"}}
    assert site.put("Customer", body).json["CustomerID"]["value"] == "C1165"


def test_refusals_echo_the_record_and_use_their_statuses(site: Site) -> None:
    bad = {
        "CustomerID": {"value": "NOSUCH"},
        "Details": [{"InventoryID": {"value": "X"}, "OrderQty": {"value": 1}}],
    }
    answer = site.put("SalesOrder", bad)
    assert answer.status == 422
    assert answer.json["error"].startswith("Inserting  'Sales Order' record raised")
    assert answer.json["CustomerID"]["error"] == "'Customer' cannot be found in the system."
    assert "cannot be found" in answer.json["Details"][0]["InventoryID"]["error"]
    assert answer.json["OrderNbr"]["value"] == "<NEW>"
    assert site.put("SalesOrder", b"").status == 400
    assert Site(site.process).get("SalesOrder").status == 401
    item = {"InventoryID": {"value": "A50-HALO"}}
    assert site.put("StockItem", item, If_None_Match="*").status == 412
    assert site.put("StockItem", {"InventoryID": {"value": "NONE"}}, If_Match="*").status == 412
    site.setting(denied=["Shipment"])
    assert site.get("Shipment").status == 403


def test_available_falls_with_the_order_and_on_hand_with_the_confirmed_shipment(site: Site) -> None:
    def stock() -> tuple[float, float]:
        row = site.put("InventorySummaryInquiry", {"InventoryID": {"value": "A50-HALO"}}, "Results").json[
            "Results"
        ][0]
        return row["QtyOnHand"]["value"], row["QtyAvailable"]["value"]

    site.setting(action_polls=0)
    assert stock() == (37, 37)
    site.order()
    assert stock() == (37, 35)
    site.call("GET", act(site, "SalesOrderCreateShipment", "000073", WarehouseID="MAIN").headers["Location"])
    order = site.get("SalesOrder/SO/000073", expand="Shipments").json
    assert order["Status"]["value"] == "Shipping"
    number = order["Shipments"][0]["ShipmentNbr"]["value"]
    body = {"entity": {"ShipmentNbr": {"value": number}}}
    site.call("GET", site.call("POST", f"{ENDPOINT}/Shipment/ConfirmShipment", body).headers["Location"])
    assert stock() == (35, 35)
    assert site.get("SalesOrder/SO/000073").json["Status"]["value"] == "Completed"
    shipment = site.get(f"Shipment/{number}", expand="Packages,Orders").json
    assert [box["TrackingNbr"]["value"][:2] for box in shipment["Packages"]] == ["1Z", "1Z"]
    site.call("GET", site.call("POST", f"{ENDPOINT}/Shipment/PrepareInvoice", body).headers["Location"])
    assert site.get("SalesOrder/SO/000073").json["Status"]["value"] == "Invoiced"


def test_a_sign_out_without_a_length_is_refused(site: Site) -> None:
    connection = http.client.HTTPConnection(site.process.host, timeout=10)
    connection.putrequest("POST", "/AcumaticaERP/entity/auth/logout")
    connection.putheader("Cookie", site.cookie)
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()


def test_generic_inquiries_are_padded_and_refuse_what_they_do_not_have(site: Site) -> None:
    basic = "Basic " + base64.b64encode(b"connect:sandbox-password").decode()
    stranger = Site(site.process)
    for root in ("/AcumaticaERP/t/MyStore/api/odata/gi", "/AcumaticaERP/OData/MyStore"):
        rows = stranger.call("GET", f"{root}/InventorySummary?$top=1", Authorization=basic).json["value"]
        assert rows[0]["WarehouseID"] == "MAIN      "
        assert site.call("GET", f"{root}/InventorySummary?$count=true").status == 400
        formula = site.call("GET", f"{root}/InventorySummary?$filter={quote('Margin gt 0')}")
        assert (formula.status, formula.body) == (200, b"")
        assert {one["name"] for one in site.call("GET", root).json["value"]} >= {"SalesOrder", "StockItem"}
    assert stranger.call("GET", "/AcumaticaERP/OData/MyStore/StockItem").status == 401
    given = "/AcumaticaERP/t/MyStore/api/odata/gi/InventorySummary_WithParameters(InventoryID='X')"
    assert len(site.call("GET", given).json["value"]) > 1, "default rows, in silence"


@contextmanager
def receiver(statuses: list[int]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Take messages and answer with the given statuses, then with 200."""
    taken: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append({"header": self.headers.get("X-Connect-Key"), **json.loads(body)})
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", taken
    finally:
        server.shutdown()
        server.server_close()


def until(holds: Any) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_push_resends_the_same_id_five_times_parks_and_is_resent_by_hand(site: Site) -> None:
    with receiver([500] * 5) as (url, taken):
        site.setting(push_url=url, push_header_value="static-value")
        site.process.control("POST", "items/A50-HALO/stock", {"qty": 39})
        until(lambda: any(one["state"] == "parked" for one in site.process.control("GET", "messages")))
        assert len({one["Id"] for one in taken}) == 1
        assert len(taken) == 5
        first = taken[0]
        assert first["header"] == "static-value"
        assert (first["Inserted"][0]["Warehouse"], first["Deleted"][0]["Warehouse"]) == ("MAIN", "MAIN ")
        assert first["TimeStamp"] > 638_000_000_000_000_000
        number = site.process.control("GET", "messages")[0]["number"]
        site.process.control("POST", f"messages/{number}/resend")
        until(lambda: len(taken) == 6)
        assert taken[5]["Id"] == first["Id"]


def test_a_list_that_touches_a_delegate_fails_and_reads_by_key_work(site: Site) -> None:
    payment = {
        "Type": {"value": "Prepayment"}, "CustomerID": {"value": "GOODFOOD"}, "PaymentMethod": {"value": "CREDITCARD"},
        "CashAccount": {"value": "10250"}, "PaymentAmount": {"value": 5},
    }  # fmt: skip
    number = site.put("Payment", payment).json["ReferenceNbr"]["value"]
    assert "BQL delegate" in site.get("Payment", expand="ApplicationHistory").json["exceptionMessage"]
    assert site.get(f"Payment/Prepayment/{number}", expand="ApplicationHistory").status == 200


def test_public_addresses_and_the_description_suit_clients_that_nobody_here_wrote(site: Site) -> None:
    for path in ("/AcumaticaERP/entity", "/AcumaticaERP/entity/"):
        assert {one["version"] for one in site.call("GET", path).json["endpoints"]} == {
            "24.200.001",
            "25.200.001",
        }
    assert b'id="txtSingleCompany"' in site.call("GET", "/AcumaticaERP/Frames/Login.aspx").body
    described = site.call("GET", f"{ENDPOINT}/swagger.json?company=MyStore").json
    assert described["servers"][0]["url"].endswith(ENDPOINT)
    for path in described["paths"].values():
        assert "parameters" not in path
        for operation in path.values():
            assert operation["responses"]
            assert operation["tags"]
            assert all(list(one) == ["$ref"] for one in operation.get("parameters", ()))
    assert described["paths"]["/SalesOrder"]["get"]["operationId"] == "SalesOrder_GetList"


def test_client_habits_are_taken_as_they_are_meant(site: Site) -> None:
    order = site.order(CustomerOrder="X", ShipToAddressOverride=False)
    habits = {"Approved": {"value": False}, "CreditHold": {"value": False}, "Payments": [], "Details": []}
    kept = site.put("SalesOrder", {"id": order["id"], **habits, "Hold": {"value": False}}, "Details").json
    assert kept["Status"]["value"] == "Open"
    assert len(kept["Details"]) == 1
    found = site.get("SalesOrder", filter="((OrderType eq 'SO') and (CustomerOrder eq 'X'))")
    assert [one["OrderNbr"]["value"] for one in found.json] == ["000073"]
    late = site.get("SalesOrder", filter="LastModified gt datetime'2999-01-01T00:00:00'")
    assert late.json == []


def test_custom_fields_come_only_where_they_are_asked_for(site: Site) -> None:
    custom = {"Document": {"UsrChannel": {"type": "CustomStringField", "value": "web"}}}
    site.order(custom=custom)
    assert site.get("SalesOrder/SO/000073").json["custom"] == {}
    shown = site.get("SalesOrder/SO/000073", custom="Document.UsrChannel").json
    assert shown["custom"]["Document"]["UsrChannel"]["value"] == "web"
    assert "UsrGiftWrap" in site.get("SalesOrder/$adHocSchema").json["custom"]["Document"]


def test_filters_read_dates_custom_fields_and_refuse_nonsense() -> None:
    record = {"A": "x", "N": 5, "custom": {"Document": {"UsrA": {"value": "y"}}}}
    assert parse("A eq 'X' and N ge 5M")(record)
    assert parse("not (A eq 'z') or false eq true")(record)
    assert parse("cf.String(f='Document.UsrA') eq 'y'")(record)
    for nonsense in ("A eq", "A like 'x'", "contains(A,'x')", "A eq 'x' B"):
        with pytest.raises(BadFilter):
            parse(nonsense)


def test_a_killed_simulator_forgets_no_order(tmp_path: Path) -> None:
    with running("acumatica", tmp_path) as process:
        process.control("POST", "orders", {"count": 3})
        process.kill_and_restart()
        assert len(process.control("GET", "orders")) == 3
