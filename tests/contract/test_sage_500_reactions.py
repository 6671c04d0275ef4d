"""How the Sage 500 connector reacts to what is odd about Sage 500, over TDS against the simulator."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Duplicate,
    Misconfigured,
    MissingReference,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from integrations.connectors.systems.sage_500.references import fit_reference
from integrations.kinds import Kind
from tests.contract.processes import SimulatorProcess, running
from tests.contract.suite import changed_ids, cursor_at_end
from tests.contract.test_sage_500 import LAST_SLICE, PASSWORD, SageStand

CLERK = "sage-sandbox-clerk"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    options = ("--password", PASSWORD, "--administrator-password", CLERK)
    with running("sage_500", tmp_path_factory.mktemp("sage_500"), *options) as started:
        yield started


@pytest.fixture
def stand(process: SimulatorProcess) -> Iterator[SageStand]:
    process.control("POST", "reset")
    made = SageStand(process)
    yield made
    made.close()


def setting(stand: SageStand, **settings: Any) -> None:
    stand.simulator.control("POST", "settings", settings)


def rows(stand: SageStand, table: str) -> list[dict[str, Any]]:
    return list(stand.simulator.control("GET", f"tables/{table}"))


def changed(request: WriteRequest, **fields: Any) -> WriteRequest:
    return replace(request, fields={**request.fields, **fields})


# -- the import protocol -----------------------------------------------------------------------------------


def test_an_order_has_a_run_key_of_its_own_and_is_imported_in_slices(stand: SageStand) -> None:
    connector = stand.connector()
    for request in (stand.write_request(), stand.write_request()):
        connector.write(request)
    staged = rows(stand, "StgSalesOrder")
    assert [row["ProcessStatus"] for row in staged] == [1, 1]
    assert len({row["SessionKey"] for row in staged}) == 2
    slices = [each for each in stand.exchanges if each.request.startswith("EXEC spSOapiSalesOrdIns")]
    assert len(slices) == 4


def test_an_import_that_stopped_half_way_goes_on_under_the_same_run_key(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    stand.simulator.fault("drop_before_commit", times=1, match=LAST_SLICE)
    with pytest.raises(OutcomeUnknown):
        connector.write(request)
    (before,) = rows(stand, "StgSalesOrder")
    assert before["ProcessStatus"] == 0
    connector.write(request)
    (after,) = rows(stand, "StgSalesOrder")
    assert (after["SessionKey"], after["ProcessStatus"]) == (before["SessionKey"], 1)
    assert stand.effects(request) == 1


@pytest.mark.parametrize("match", ["INSERT INTO StgSalesOrder", "INSERT INTO StgSOLine"])
def test_a_link_lost_before_the_staging_is_committed_leaves_nothing(stand: SageStand, match: str) -> None:
    connector, request = stand.connector(), stand.write_request()
    stand.simulator.fault("drop_after_commit", times=1, match=match)
    with pytest.raises(Transient):
        connector.write(request)
    assert rows(stand, "StgSalesOrder") == [] and rows(stand, "StgSOLine") == []


def test_a_link_lost_after_the_staging_was_committed_is_in_doubt_and_goes_on(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    stand.simulator.fault("drop_after_commit", times=1, match="TRAN commit")
    with pytest.raises(OutcomeUnknown):
        connector.write(request)
    connector.write(request)
    assert len(rows(stand, "StgSalesOrder")) == 1
    assert stand.effects(request) == 1


def test_an_order_whose_reference_was_changed_in_sage_is_not_entered_a_second_time(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    made = connector.write(request)
    clerk = stand.connector({**stand.values(), "sql_user": "sa", "sql_password": CLERK})
    clerk._sage.database.transaction(
        lambda work: work.execute(
            "UPDATE tsoSalesOrder SET UserFld1 = 'changed' WHERE SOKey = %s", made.external_id
        )
    )
    with pytest.raises(Duplicate) as raised:
        connector.write(request)
    assert raised.value.code == "taken"
    assert len(rows(stand, "tsoSalesOrder")) == 1


def test_the_victim_of_a_deadlock_is_imported_again(stand: SageStand) -> None:
    request = stand.write_request()
    stand.simulator.fault("deadlock", times=2, match=LAST_SLICE)
    stand.connector().write(request)
    assert stand.effects(request) == 1


def test_a_deadlock_without_end_is_in_doubt(stand: SageStand) -> None:
    stand.simulator.fault("deadlock", match=LAST_SLICE)
    with pytest.raises(OutcomeUnknown):
        stand.connector().write(stand.write_request())


def test_an_import_without_end_is_given_up(stand: SageStand) -> None:
    setting(stand, slices=1000)
    with pytest.raises(OutcomeUnknown) as raised:
        stand.connector().write(stand.write_request())
    assert "does not finish" in raised.value.message


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"missing_procedures": ["spSOapiSalesOrdIns"]}, "procedure"),
        ({"denied_procedures": ["spSOapiSalesOrdIns"]}, "permission"),
    ],
)
def test_a_procedure_that_cannot_be_run_leaves_no_staging_rows(
    stand: SageStand, settings: dict[str, Any], named: str
) -> None:
    setting(stand, **settings)
    with pytest.raises(Misconfigured) as raised:
        stand.connector().write(stand.write_request())
    assert raised.value.missing == named
    assert rows(stand, "StgSalesOrder") == []


def test_staging_rows_older_than_thirty_days_are_deleted(stand: SageStand) -> None:
    stand.connector().write(stand.write_request())
    (old,) = rows(stand, "StgSalesOrder")
    later = stand.connector()
    later._sage._config.now = lambda: datetime.now(UTC) + timedelta(days=31)
    later.write(stand.write_request())
    assert old["SessionKey"] not in {row["SessionKey"] for row in rows(stand, "StgSalesOrder")}
    assert old["SessionKey"] not in {row["SessionKey"] for row in rows(stand, "StgSOLine")}


# -- refusals ----------------------------------------------------------------------------------------------


def test_a_refusal_that_calls_itself_success_is_a_refusal_with_field_and_value(stand: SageStand) -> None:
    request = stand.write_request()
    with pytest.raises(Rejected) as raised:
        stand.connector().write(changed(request, CustID="NOBODY", DfltShipMethID="PIGEON"))
    named = {(each.field, each.value) for each in raised.value.problems}
    assert named == {("CustID", "NOBODY"), ("DfltShipMethID", "PIGEON")}
    assert stand.effects(request) == 0
    stand.connector().write(request)
    assert stand.effects(request) == 1, "mended, it goes in under a new run key"


def test_an_unknown_item_alone_is_waited_for(stand: SageStand) -> None:
    line = {"ItemID": "A50-HALX", "QtyOrd": 1, "UnitPrice": Decimal("59.99")}
    with pytest.raises(MissingReference) as raised:
        stand.connector().write(changed(stand.write_request(), Lines=[line]))
    assert (raised.value.kind, raised.value.key) == ("product", "A50-HALX")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"CustPONo": "X" * 16}, "CustPONo"),
        ({"CustID": ""}, "CustID"),
        ({"Lines": []}, "Lines"),
        ({"Hold": "Maybe"}, "Hold"),
        ({"TranAmt": Decimal("70.00")}, "TranAmt"),
        ({"ContactName": "漢字"}, "ContactName"),
    ],
)
def test_what_cannot_fit_is_refused_before_anything_is_staged(
    stand: SageStand, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as raised:
        stand.connector().write(changed(stand.write_request(), **fields))
    assert raised.value.problems[0].field == field
    assert rows(stand, "StgSalesOrder") == []


def test_a_negative_quantity_is_refused_by_its_number(stand: SageStand) -> None:
    line = {"ItemID": "A50-HALO", "QtyOrd": -1, "UnitPrice": Decimal("59.99")}
    with pytest.raises(Rejected) as raised:
        stand.connector().write(changed(stand.write_request(), Lines=[line], TranAmt=None))
    assert raised.value.code == "240074"


def test_an_inactive_module_and_a_wrong_company_are_the_set_up(stand: SageStand) -> None:
    setting(stand, inactive_modules=["SO"])
    with pytest.raises(Misconfigured) as raised:
        stand.connector().write(stand.write_request())
    assert raised.value.missing == "module"
    other = stand.connector({**stand.values(), "company_id": "XYZ"})
    with pytest.raises(Misconfigured) as raised:
        other.write(stand.write_request())
    assert raised.value.missing == "company_id"
    with pytest.raises(Misconfigured):
        other.identity()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"setup_step_key": None, "setup_steps": ""}, Misconfigured),
        ({"setup_step_key": 4711}, Misconfigured),
        ({"sql_user": "reader"}, Misconfigured),
        ({"proc_order": "spNotHere"}, Misconfigured),
    ],
)
def test_a_connection_that_cannot_write_says_so(
    stand: SageStand, values: dict[str, Any], error: type[ConnectorError]
) -> None:
    with pytest.raises(error):
        stand.connector({**stand.values(), **values}).write(stand.write_request())
    assert rows(stand, "StgSalesOrder") == []


def test_an_expired_password_is_told_as_such(stand: SageStand) -> None:
    setting(stand, is_expired=True)
    with pytest.raises(AuthFailed) as raised:
        stand.connector().fetch(Kind.PRODUCT, "A50-HALO")
    assert raised.value.code == "18488"


# -- references and numbers --------------------------------------------------------------------------------


def test_a_long_reference_is_shortened_the_same_way_each_time_and_found(stand: SageStand) -> None:
    connector, request = stand.connector(), replace(stand.write_request(), reference="XC-123456789012345")
    made = connector.write(request)
    assert made.fields["UserFld1"] == fit_reference(request.reference)
    assert len(made.fields["UserFld1"]) == 15 and made.fields["UserFld1"].startswith("XC-123~")
    found = connector.find(Kind.ORDER, reference=request.reference, hint={})
    assert found is not None and found.external_id == made.external_id


def test_a_number_of_ours_makes_sage_itself_refuse_a_second_copy(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "tranno_mode": "prefix"})
    request = replace(stand.write_request(), reference="XC-88043")
    stand.simulator.control("POST", "orders", {"TranNo": "X000088043"})
    with pytest.raises(Duplicate) as raised:
        connector.write(request)
    assert raised.value.code == "110067"
    made = connector.write(replace(request, reference="XC-88044"))
    assert (made.business_key, made.fields["TranID"]) == ("X000088044", "X000088044-SO")


def test_our_reference_may_live_in_another_column(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "external_id_column": "UserFld4"})
    request = stand.write_request()
    made = connector.write(request)
    assert (made.fields["UserFld4"], made.fields["UserFld1"]) == (request.reference, None)
    with pytest.raises(Duplicate) as raised:
        connector.write(request)
    assert raised.value.existing_id == made.external_id


def test_a_column_that_discovery_offers_is_written(stand: SageStand) -> None:
    connector = stand.connector()
    assert "DfltShipPriority" in {info.name for info in connector.discover(Kind.ORDER).fields}
    connector.write(changed(stand.write_request(), DfltShipPriority=3))
    assert rows(stand, "StgSalesOrder")[0]["DfltShipPriority"] == 3
    with pytest.raises(Misconfigured):
        connector.write(changed(stand.write_request(), NoSuchColumn="x"))


def test_a_name_that_is_no_column_never_reaches_a_statement(stand: SageStand) -> None:
    connector, request = stand.connector(), stand.write_request()
    connector.write(changed(request, **{"x) VALUES (1); DELETE FROM StgSOLine --": "1", "SessionKey": 7}))
    assert stand.effects(request) == 1
    assert rows(stand, "StgSalesOrder")[0]["SessionKey"] != 7


def test_the_names_of_the_promise_are_taken(stand: SageStand) -> None:
    request = WriteRequest(
        Kind.ORDER,
        {
            "Customer ID": "ACME", "Order Date": "2026-03-02", "Freight Amount": Decimal("5"),
            "Sales Tax Amount": Decimal("9.49"), "Order Status": "Open", "Payment Method": "CC",
            "Ship To Address": {"AddrLine1": "9 Elm St", "City": "Dallas", "StateID": "TX", "CountryID": "USA"},
            "Line Items": [{"Product ID": "A50-HALO", "Quantity": 2, "Unit Price": Decimal("59.99")}],
        },
        reference="XC-1043",
    )  # fmt: skip
    made = stand.connector().write(request)
    assert made.total == Decimal("134.47")
    assert (made.fields["DfltShipToCity"], made.fields["PmtTermsID"]) == ("Dallas", "CC")


def test_letters_that_the_code_page_lacks_lose_their_marks_and_other_signs_go_from_comments(
    stand: SageStand,
) -> None:
    made = stand.connector().write(
        changed(stand.write_request(), ContactName="Żółć Ünïcödé", TranCmnt="Gift 🎁 please")
    )
    assert made.fields["ContactName"] == "Zólc Ünïcödé"
    assert made.fields["TranCmnt"] == "Gift  please"


# -- changes of an order -----------------------------------------------------------------------------------


def entered(stand: SageStand, connector: Any) -> WriteRequest:
    request = stand.write_request()
    made = connector.write(request)
    return replace(request, external_id=made.external_id)


def test_equal_values_are_not_sent(stand: SageStand) -> None:
    connector = stand.connector()
    request = entered(stand, connector)
    staged = len(rows(stand, "StgSalesOrder"))
    assert connector.write(request).is_unchanged
    assert len(rows(stand, "StgSalesOrder")) == staged


def test_lines_are_changed_added_and_taken_away(stand: SageStand) -> None:
    connector = stand.connector()
    request = entered(stand, connector)
    lines = [
        {"ItemID": "A50-HALO", "QtyOrd": 3, "UnitPrice": Decimal("59.99")},
        {"ItemID": "CBL-TXT-3M", "QtyOrd": 1, "UnitPrice": Decimal("4.00")},
    ]
    after = connector.write(changed(request, Lines=lines, TranAmt=None))
    assert [(line["ItemID"], line["QtyOrd"]) for line in after.fields["Lines"]] == [
        ("A50-HALO", 3),
        ("CBL-TXT-3M", 1),
    ]
    assert after.total == Decimal("193.97")
    after = connector.write(changed(request, Lines=lines[1:], TranAmt=None))
    assert [line["QtyOrd"] for line in after.fields["Lines"]] == [0, 1]
    assert after.total == Decimal("14.00")


def test_an_address_that_changes_in_part_stays_whole(stand: SageStand) -> None:
    connector = stand.connector()
    address = {"DfltShipToAddrLine1": "9 Elm St", "DfltShipToCity": "Austin", "DfltShipToStateID": "TX"}
    request = changed(stand.write_request(), **address)
    made = connector.write(request)
    after = connector.write(replace(changed(request, DfltShipToCity="Dallas"), external_id=made.external_id))
    assert [after.fields[name] for name in address] == ["9 Elm St", "Dallas", "TX"]


def test_a_cancelled_order_is_cancelled_once(stand: SageStand) -> None:
    connector = stand.connector()
    request = changed(entered(stand, connector), Cancelled=True)
    assert connector.write(request).fields["portal_status"] == "cancelled"
    assert connector.write(request).is_unchanged


def test_activity_and_an_end_forbid_changes_by_their_numbers(stand: SageStand) -> None:
    connector = stand.connector()
    request = entered(stand, connector)
    stand.simulator.control("POST", f"orders/{request.external_id}/ship", {})
    with pytest.raises(Rejected) as raised:
        connector.write(changed(request, Cancelled=True))
    assert raised.value.code == "250972"
    stand.simulator.control("POST", f"orders/{request.external_id}/close")
    with pytest.raises(Rejected) as raised:
        connector.write(changed(request, CustPONo="PO-2"))
    assert raised.value.code == "250970"


# -- reading -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("status", {"status": 0}, "pending"),
        ("status", {"status": 5}, "pending"),
        ("status", {"status": 6}, "pending"),
        ("status", {"status": 2}, "inactive"),
        ("hold", {}, "on_hold"),
        ("credit-hold", {}, "on_hold"),
        ("cancel", {}, "cancelled"),
        ("close", {}, "closed"),
        ("ship", {}, "shipped"),
        ("ship", {"is_pending": True}, "open"),
    ],
)
def test_the_portals_status_is_the_first_that_fits(
    stand: SageStand, action: str, body: dict[str, Any], status: str
) -> None:
    (key,) = stand.appear()
    stand.simulator.control("POST", f"orders/{key}/{action}", body)
    assert stand.connector().fetch(Kind.ORDER, key).fields["portal_status"] == status


def ship(stand: SageStand, key: str, **body: Any) -> str:
    return str(stand.simulator.control("POST", f"orders/{key}/ship", body)["ShipKey"])


def shipped_ids(connector: Any, cursor: Any) -> list[str]:
    return changed_ids(connector, Kind.SHIPMENT, cursor)


def test_a_partial_shipment_a_rest_and_a_void_are_seen(stand: SageStand) -> None:
    connector = stand.connector()
    cursor = cursor_at_end(connector, Kind.SHIPMENT)
    placed = stand.simulator.control("POST", "orders", {"lines": [{"ItemID": "A50-HALO", "QtyOrd": 2}]})
    (key,) = placed["keys"]
    first = ship(stand, key, lines={"A50-HALO": 1}, tracking=["1Z1", "1Z1", "1Z2"])
    record = connector.fetch(Kind.SHIPMENT, f"{first}/{key}")
    assert (record.fields["is_posted"], record.fields["is_complete"]) == (True, False)
    assert [each["value"] for each in record.fields["tracking_numbers"]] == ["1Z1", "1Z2"]
    assert record.fields["carrier"] == "GROUND"
    assert [(line["ItemID"], line["QtyShipped"]) for line in record.fields["Lines"]] == [("A50-HALO", 1)]
    second = ship(stand, key)
    assert connector.fetch(Kind.SHIPMENT, f"{second}/{key}").fields["is_complete"]
    assert shipped_ids(connector, cursor) == [f"{first}/{key}", f"{second}/{key}"]
    stand.simulator.control("POST", f"shipments/{second}/void")
    voided = connector.fetch(Kind.SHIPMENT, f"{second}/{key}")
    assert (voided.fields["is_void"], voided.fields["is_posted"]) == (True, False)
    assert connector.fetch(Kind.ORDER, key).fields["portal_status"] == "partially_shipped"


def test_a_shipment_posted_late_and_one_voided_later_come_again_with_another_version(
    stand: SageStand,
) -> None:
    connector = stand.connector()
    (key,) = stand.appear()
    shipment = ship(stand, key, is_pending=True)
    cursor = cursor_at_end(connector, Kind.SHIPMENT)
    stand.simulator.control("POST", f"shipments/{shipment}/post", {"late_days": 2})
    pages = list(connector.read_changes(Kind.SHIPMENT, cursor))
    (posted,) = [record for page in pages for record in page.records]
    stand.simulator.control("POST", f"shipments/{shipment}/void")
    again = [
        record for page in connector.read_changes(Kind.SHIPMENT, pages[-1].cursor) for record in page.records
    ]
    assert [record.external_id for record in again] == [posted.external_id]
    assert again[0].version != posted.version


def test_a_tracking_view_that_is_not_there_is_named(stand: SageStand) -> None:
    (key,) = stand.appear()
    shipment = ship(stand, key)
    connector = stand.connector({**stand.values(), "tracking_view": "vdvNotHere"})
    with pytest.raises(Misconfigured):
        connector.fetch(Kind.SHIPMENT, f"{shipment}/{key}")
    plain = stand.connector({**stand.values(), "tracking_view": ""})
    assert plain.fetch(Kind.SHIPMENT, shipment).fields["tracking_numbers"] == []


def test_available_and_to_promise_are_the_published_formulas(stand: SageStand) -> None:
    stand.simulator.control("POST", "items/A50-HALO/stock", {"qty": 50})
    stand.simulator.control("POST", "orders", {"lines": [{"ItemID": "A50-HALO", "QtyOrd": 3}]})
    fields = stand.connector().fetch(Kind.INVENTORY, "A50-HALO").fields
    by_warehouse = {row["WhseID"]: row for row in fields["warehouses"]}
    main = by_warehouse["MAIN"]
    # 50 in stock and 4 in quarantine, 2 of them being shipped, 3 ordered.
    assert (main["QtyOnHand"], main["QtyAvailable"], main["QtyToPromise"]) == (54, 52, 45)
    assert by_warehouse["RETAIL"]["QtyToPromise"] == 6
    assert fields["QtyToPromise"] == 51
    one = stand.connector({**stand.values(), "warehouse_ids": "retail"})
    assert one.fetch(Kind.INVENTORY, "A50-HALO").fields["QtyToPromise"] == 6


def test_only_stock_is_read_dirty(stand: SageStand) -> None:
    connector = stand.connector()
    for kind in (Kind.ORDER, Kind.CUSTOMER, Kind.PRODUCT, Kind.SHIPMENT):
        list(connector.read_changes(kind, {}))
    assert not [each for each in stand.exchanges if "NOLOCK" in each.request]
    list(connector.read_changes(Kind.INVENTORY, {}))
    assert [each for each in stand.exchanges if "NOLOCK" in each.request]


def test_a_price_and_a_customer_that_change_are_seen(stand: SageStand) -> None:
    connector = stand.connector()
    items, people = (cursor_at_end(connector, kind) for kind in (Kind.PRODUCT, Kind.CUSTOMER))
    setting(stand, frozen_at=(datetime.now(UTC) + timedelta(seconds=60)).timestamp())
    stand.simulator.control("POST", "items/A50-HALO/price", {"price": "61.50"})
    stand.simulator.control("POST", "customers/ACME", {"CustName": "Acme & Sons"})
    (item,) = [one for page in connector.read_changes(Kind.PRODUCT, items) for one in page.records][-1:]
    assert (item.external_id, item.fields["StdPrice"]) == ("A50-HALO", Decimal("61.50"))
    (customer,) = [one for page in connector.read_changes(Kind.CUSTOMER, people) for one in page.records][-1:]
    assert customer.fields["CustName"] == "Acme & Sons"
    assert customer.fields["EMailAddr"] == "pat@example.com"


def test_nothing_is_lost_when_the_servers_clock_goes_back(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "server_timezone": "America/Chicago"})
    # The simulator's clock is the server's own: Chicago has 01:30 twice that night.
    setting(stand, frozen_at=datetime(2026, 11, 1, 1, 59, 50, tzinfo=UTC).timestamp())
    stand.appear()
    cursor = cursor_at_end(connector, Kind.ORDER)
    setting(stand, frozen_at=datetime(2026, 11, 1, 1, 5, 0, tzinfo=UTC).timestamp())
    (key,) = stand.appear()
    assert key in changed_ids(connector, Kind.ORDER, cursor)


@pytest.mark.parametrize("columns", ["UpdateDate = NULL", "UpdateDate = NULL, CreateDate = NULL"])
def test_a_row_that_was_never_changed_is_in_the_initial_load(stand: SageStand, columns: str) -> None:
    clerk = stand.connector({**stand.values(), "sql_user": "sa", "sql_password": CLERK})
    clerk._sage.database.transaction(
        lambda work: work.execute(f"UPDATE tarCustomer SET {columns} WHERE CustID = 'LUMEN'")
    )
    connector = stand.connector()
    assert "LUMEN" in changed_ids(connector, Kind.CUSTOMER, connector.history(Kind.CUSTOMER, None))
    assert connector.fetch(Kind.CUSTOMER, "LUMEN").updated_at is None


def test_ids_that_mean_nothing_here_are_not_found(stand: SageStand) -> None:
    connector = stand.connector()
    for kind, key in ((Kind.ORDER, "1"), (Kind.ORDER, "x' OR 1=1"), (Kind.SHIPMENT, "7/8"), (Kind.CUSTOMER, "NOBODY"),
                      (Kind.PRODUCT, "NOPE"), (Kind.INVENTORY, "NOPE")):  # fmt: skip
        with pytest.raises(NotFound):
            connector.fetch(kind, key)


# -- the other kinds on their way in -----------------------------------------------------------------------


def shopper(**fields: Any) -> WriteRequest:
    given = {"CustID": "XC0123456789", "CustName": "Lee Ltd", "ContactName": "Pat Lee", "EMailAddr": "lee@example.com",
             "AddrLine1": "1 Main St", "City": "Austin", "StateID": "TX", "CountryID": "USA", **fields}  # fmt: skip
    return WriteRequest(Kind.CUSTOMER, given, reference="XC-lee@example.com")


def test_a_customer_is_added_once_found_by_reference_and_mail_and_changed_by_value(stand: SageStand) -> None:
    connector = stand.connector()
    made = connector.write(shopper())
    assert (made.external_id, made.fields["City"]) == ("XC0123456789", "Austin")
    for sought in ({"reference": "XC-lee@example.com"}, {"natural_key": "LEE@example.com"}):
        found = connector.find(Kind.CUSTOMER, hint={}, **sought)
        assert found is not None and found.external_id == made.external_id
    with pytest.raises(Duplicate) as raised:
        connector.write(shopper())
    assert raised.value.existing_id == made.external_id
    update = replace(shopper(City="Dallas"), external_id=made.external_id)
    assert connector.write(update).fields["City"] == "Dallas"
    assert connector.write(update).is_unchanged
    assert len(stand.simulator.control("GET", "customers?email=lee@example.com")) == 1


def test_a_customer_number_that_is_taken_is_told_by_sage_and_linked(stand: SageStand) -> None:
    with pytest.raises(Duplicate) as raised:
        stand.connector().write(shopper(CustID="ACME"))
    assert (raised.value.existing_id, raised.value.code) == ("ACME", "110067")


def test_a_kind_whose_procedure_is_not_named_is_refused_with_the_setting(stand: SageStand) -> None:
    connector = stand.connector({**stand.values(), "proc_customer": ""})
    with pytest.raises(Misconfigured) as raised:
        connector.write(shopper())
    assert raised.value.missing == "proc_customer"


def receipt(**fields: Any) -> WriteRequest:
    given = {"CustID": "ACME", "TranAmt": Decimal("134.47"), "TranDate": "2026-03-02", "CurrID": "USD",
             "GLAcctNo": "1010-00-00", **fields}  # fmt: skip
    return WriteRequest(Kind.PAYMENT, given, reference="XC-P701")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_cash_receipt_is_entered_once_posted_or_not(stand: SageStand, at_once: bool) -> None:
    setting(stand, is_posting_at_once=at_once)
    connector = stand.connector()
    made = connector.write(receipt())
    assert made.total == Decimal("134.47")
    with pytest.raises(Duplicate) as raised:
        connector.write(receipt())
    assert raised.value.existing_id == made.external_id
    kept = rows(stand, "tarCustPmt") + rows(stand, "tarPendCustPmt")
    assert [row["UserFld1"] for row in kept] == ["XC-P701"]


def test_a_receipt_lost_after_the_commit_is_found(stand: SageStand) -> None:
    connector = stand.connector()
    stand.simulator.fault("drop_after_commit", times=1, match="EXEC spARapiCashReceiptIns? slice 2")
    with pytest.raises(OutcomeUnknown):
        connector.write(receipt())
    assert connector.find(Kind.PAYMENT, reference="XC-P701", hint={}) is not None


def journal(**fields: Any) -> WriteRequest:
    lines = [
        {"GLAcctNo": "1010-00-00", "DebitAmt": Decimal("134.47")},
        {"GLAcctNo": "4000-00-00", "CreditAmt": Decimal("134.47")},
    ]
    return WriteRequest(Kind.JOURNAL, {"TranDate": "2026-03-02", "Lines": lines, **fields}, reference="XC-J1")


def test_a_journal_is_entered_once(stand: SageStand) -> None:
    connector = stand.connector()
    made = connector.write(journal())
    with pytest.raises(Duplicate) as raised:
        connector.write(journal())
    assert raised.value.existing_id == made.external_id
    assert len(rows(stand, "tglTransaction")) == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"TranDate": "2024-03-02"}, "TranDate"),
        ({"Lines": [{"GLAcctNo": "1010-00-00", "DebitAmt": Decimal(1)}]}, "Lines"),
        (
            {
                "Lines": [
                    {"GLAcctNo": "8888", "DebitAmt": Decimal(1)},
                    {"GLAcctNo": "1010-00-00", "CreditAmt": Decimal(1)},
                ]
            },
            "GLAcctNo",
        ),
    ],
)
def test_a_journal_that_cannot_be_posted_names_the_field(
    stand: SageStand, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Rejected) as raised:
        stand.connector().write(journal(**fields))
    assert raised.value.problems[0].field == field


def test_a_return_is_entered_against_its_order(stand: SageStand) -> None:
    connector = stand.connector()
    order = connector.write(stand.write_request())
    ship(stand, order.external_id)
    line = {"ItemID": "A50-HALO", "QtyRtrnCredit": 1, "UnitPrice": Decimal("59.99")}
    fields = {"CustID": "ACME", "SOTranNo": order.business_key, "Lines": [line]}
    request = WriteRequest(Kind.RETURN, fields, reference="XC-R1")
    made = connector.write(request)
    found = connector.find(Kind.RETURN, reference="XC-R1", hint={})
    assert found is not None and found.external_id == made.external_id
    with pytest.raises(Duplicate):
        connector.write(request)
    assert connector.find(Kind.ORDER, reference="XC-R1", hint={}) is None, "a return is no order"
    with pytest.raises(Rejected):
        connector.write(replace(request, reference="XC-R2"))


def test_an_item_is_added_once_and_changed_by_value(stand: SageStand) -> None:
    connector = stand.connector()
    request = WriteRequest(
        Kind.PRODUCT, {"ItemID": "NEW-1", "ShortDesc": "New lamp", "StdPrice": Decimal("12.50")}
    )
    made = connector.write(request)
    assert (made.external_id, made.fields["StdPrice"]) == ("NEW-1", Decimal("12.5"))
    with pytest.raises(Duplicate):
        connector.write(request)
    update = replace(request, fields={**request.fields, "StdPrice": Decimal("13")}, external_id="NEW-1")
    assert connector.write(update).fields["StdPrice"] == 13
    assert connector.write(update).is_unchanged


# -- the connection test -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "settings", "field"),
    [
        ({"company_id": "XYZ"}, {}, "company_id"),
        ({"warehouse_ids": "MAIN, NOWHERE"}, {}, "warehouse_ids"),
        ({"proc_customer": "spNotHere"}, {}, "proc_customer"),
        ({"setup_step_key": None}, {}, "setup_step_key"),
        ({"tracking_column": "NotThere"}, {}, "sql_user"),
        ({"sql_user": "reader"}, {}, "sql_user"),
        ({}, {"encryption": "off"}, "sql_encrypt"),
        ({"sql_database": "other"}, {}, "sql_database"),
        ({"sql_certificate": ""}, {}, "sql_certificate"),
    ],
)
def test_the_connection_test_names_the_field_to_mend(
    stand: SageStand, values: dict[str, Any], settings: dict[str, Any], field: str
) -> None:
    given = {**stand.values(), **values}
    setting(stand, **settings)
    failed = [result for result in stand.connector(given).check() if not result.ok]
    assert field in {result.field for result in failed}
    assert all(result.fix for result in failed)


def test_the_connection_test_leaves_nothing_behind(stand: SageStand) -> None:
    assert [result for result in stand.connector().check() if not result.ok] == []
    assert rows(stand, "StgSalesOrder") == []
