"""Actions of the simulated Acumatica, what they lock and move, and the messages that it pushes."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.sandbox import acumatica_site
from tests.sandbox.acumatica_site import ENDPOINT, Site, act

process, site = acumatica_site.process, acumatica_site.site


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
