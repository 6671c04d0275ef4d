"""Documents of the simulated Acumatica: payments applied to orders, receipts of returns, purchase orders, services."""

from typing import Any

import pytest

from tests.sandbox import acumatica_site
from tests.sandbox.acumatica_site import ENDPOINT, LINE, Site

process, site = acumatica_site.process, acumatica_site.site

METHOD = {"PaymentMethod": {"value": "CHECK"}, "CashAccount": {"value": "10200"}}


def put(site: Site, entity: str, body: dict[str, Any]) -> Any:
    return site.call("PUT", f"{ENDPOINT}/{entity}?$expand=Details,Totals,Payments,OrdersToApply", body)


def ordered(site: Site) -> str:
    """Enter an order of two headsets, 119.98 in all, and return its number."""
    order = {"CustomerID": {"value": "GOODFOOD"}, "Hold": {"value": False}, "Details": [LINE]}
    return str(put(site, "SalesOrder", order).json["OrderNbr"]["value"])


def pay(site: Site, number: str, amount: float) -> Any:
    applied = {
        "OrderType": {"value": "SO"},
        "OrderNbr": {"value": number},
        "AppliedToOrder": {"value": amount},
    }
    payment = {
        "Type": {"value": "Prepayment"},
        "CustomerID": {"value": "GOODFOOD"},
        "PaymentAmount": {"value": amount},
    }
    return put(site, "Payment", {**payment, **METHOD, "OrdersToApply": [applied]})


def order(site: Site, number: str) -> Any:
    return site.call("GET", f"{ENDPOINT}/SalesOrder/SO/{number}?$expand=Payments,Totals").json


def test_a_payment_shows_in_its_order_until_it_is_voided(site: Site) -> None:
    number = ordered(site)
    made = pay(site, number, 100).json
    shown = order(site, number)
    assert [row["AppliedToOrder"]["value"] for row in shown["Payments"]] == [100]
    assert shown["Totals"]["UnpaidBalance"]["value"] == pytest.approx(19.98)
    keys = {name: made[name] for name in ("Type", "ReferenceNbr")}
    site.call("POST", f"{ENDPOINT}/Payment/VoidPayment", {"entity": keys})
    shown = order(site, number)
    assert [row["AppliedToOrder"]["value"] for row in shown["Payments"]] == [0]
    assert shown["Totals"]["UnpaidBalance"]["value"] == pytest.approx(119.98)


def test_more_than_is_unpaid_and_closed_orders_are_refused(site: Site) -> None:
    number = ordered(site)
    assert pay(site, number, 100).status == 200
    refused = pay(site, number, 20)
    assert refused.status == 422
    assert "unpaid balance" in refused.json["OrdersToApply"][0]["AppliedToOrder"]["error"]
    site.process.control("POST", f"orders/{number}/ship")
    assert "Completed" in pay(site, number, 1).json["OrdersToApply"][0]["OrderNbr"]["error"]


def test_a_purchase_order_adds_its_lines_up_and_wants_a_vendor(site: Site) -> None:
    line = {"InventoryID": {"value": "A50-HALO"}, "OrderQty": {"value": 3}, "UnitCost": {"value": 12.5}}
    made = put(site, "PurchaseOrder", {"VendorID": {"value": "LUMEN"}, "Details": [line]}).json
    assert (made["Type"]["value"], made["OrderTotal"]["value"], made["Status"]["value"]) == (
        "Normal",
        37.5,
        "Open",
    )
    assert "error" in put(site, "PurchaseOrder", {"Details": [line]}).json["VendorID"]


def test_a_non_stock_item_may_be_ordered_and_an_unknown_one_not(site: Site) -> None:
    assert put(site, "NonStockItem", {"InventoryID": {"value": "GIFTWRAP"}}).json["BaseUnit"]["value"] == "EA"
    for number, status in (("GIFTWRAP", 200), ("NOSUCH", 422)):
        lines = [{"InventoryID": {"value": number}, "OrderQty": {"value": 1}}]
        assert (
            put(site, "SalesOrder", {"CustomerID": {"value": "GOODFOOD"}, "Details": lines}).status == status
        )


def test_a_refresh_token_is_good_once(site: Site) -> None:
    token = site.process.control("POST", "refresh-token")["refresh_token"]
    client = "client_id=4B6A1F0E-0000-4000-8000-5A7D00C0FFEE%40MyStore&client_secret=sandbox-client-secret"
    form = f"grant_type=refresh_token&refresh_token={token}&{client}".encode()
    answers = [
        site.call("POST", "/AcumaticaERP/identity/connect/token", form,
                  Content_Type="application/x-www-form-urlencoded")
        for _ in range(2)
    ]  # fmt: skip
    assert [answer.status for answer in answers] == [200, 400]
    assert answers[0].json["refresh_token"] != token
    assert answers[1].json == {"error": "invalid_grant"}
