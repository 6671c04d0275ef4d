"""What the connector reads from Sage 500: statuses, shipments, stock and changes, over TDS."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.connectors.errors import Misconfigured, NotFound
from integrations.kinds import Kind
from tests.contract import sage_stand
from tests.contract.sage_stand import CLERK, setting, ship
from tests.contract.suite import changed_ids, cursor_at_end
from tests.contract.test_sage_500 import SageStand

process, stand = sage_stand.process, sage_stand.stand


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
