"""The numbered quirks of Acumatica that its simulator must show, asked for with plain HTTP."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from integrations.sandbox.acumatica.filters import BadFilter, parse
from tests.contract.processes import running
from tests.sandbox import acumatica_site
from tests.sandbox.acumatica_site import ENDPOINT, LINE, Site

process, site = acumatica_site.process, acumatica_site.site


def test_a_missing_key_is_a_500_and_a_list_without_match_is_empty(site: Site) -> None:
    answer = site.get("SalesOrder/SO/999999")
    assert answer.status == 500
    assert answer.json["exceptionType"].endswith("NoEntitySatisfiesTheConditionException")
    assert site.get("SalesOrder", filter="OrderNbr eq '999999'").json == []


def test_there_is_no_release_action_and_hold_no_opens_the_order(site: Site) -> None:
    order = site.order(Hold=True)
    assert order["Status"]["value"] == "On Hold"
    assert site.call("POST", f"{ENDPOINT}/SalesOrder/ReleaseFromHold", {"entity": {}}).status == 404
    changed = site.put("SalesOrder", {"id": order["id"], "Hold": {"value": False}}).json
    assert changed["Status"]["value"] == "Open"


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
