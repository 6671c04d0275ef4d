"""The ready flows of Clarity eCommerce and Dynamics SL, served by the runner between the two simulators."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig
from integrations.flows.definition import compile_flow
from integrations.flows.outcome import Outcome
from integrations.flows.runner import run_record
from integrations.kinds import EntitySchema, Kind, RunStatus, Side
from integrations.mapping import ValueTable
from tests.contract.processes import SimulatorProcess, running
from tests.contract.test_clarity_ecommerce import CLIENT_ID, CLIENT_SECRET
from tests.contract.test_dynamics_sl import SITE_KEY
from tests.unit.flows.scripted import House, task_for

PACK = registry.template_pack("clarity_ecommerce", "dynamics_sl")
FLOWS = {one["definition"]["key"]: compile_flow(one["definition"]) for one in PACK}
TABLES = {
    table["key"]: ValueTable(table["key"], 1, table["rows"], table["unknown"], table.get("default", ""))
    for template in PACK
    for table in template.get("value_maps", ())
}


class Between(House):
    """Ports in memory over real connectors: schemas are asked for, calls are not counted."""

    def schema(self, side: Side, kind: Kind) -> EntitySchema:
        found: EntitySchema = self.connector(side).discover(kind)
        return found

    def call_count(self) -> int:
        return 0


@dataclass
class Pair:
    """Both simulators and what lies between them."""

    shop: SimulatorProcess
    erp: SimulatorProcess
    between: Between
    runs: int = 0

    def serve(self, flow: str, record_key: str, **changes: Any) -> Outcome:
        self.runs += 1
        task = task_for(FLOWS[flow], record_key=record_key, value_tables=TABLES, run_id=self.runs, **changes)
        outcome = run_record(replace(task, now=datetime.now(UTC)), self.between, chance=lambda: 0.5)
        if outcome.link is not None:
            self._keep(outcome)
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        """Store the link as the finish does: the newer one of a record takes the older one's place."""
        change = outcome.link
        assert change is not None
        kept = self.between.links.setdefault(change.kind, [])
        kept[:] = [each for each in kept if each.storefront_id != change.storefront_id]
        self.between.keep(change)

    def delivered(self, flow: str, record_key: str, **changes: Any) -> Outcome:
        outcome = self.serve(flow, record_key, **changes)
        assert outcome.status is RunStatus.SUCCEEDED, (outcome.error, outcome.reason, outcome.problems)
        return outcome

    def place(self, **options: Any) -> str:
        return str(self.shop.control("POST", "orders", options)["id"])

    def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.shop.control("GET", f"orders/{order_id}")
        return found

    def sales_order(self, order_id: str) -> tuple[str, dict[str, Any]]:
        number = self.delivered("order_out", order_id).target_id
        return number, self.erp.control("GET", f"orders/{number}")


@pytest.fixture(scope="module")
def simulators(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SimulatorProcess, SimulatorProcess]]:
    with ExitStack() as stack:
        folder: Path = tmp_path_factory.mktemp("pair")
        shop = stack.enter_context(running("clarity_ecommerce", folder))
        yield shop, stack.enter_context(running("dynamics_sl", folder, "--site-key", SITE_KEY))


@pytest.fixture
def pair(simulators: tuple[SimulatorProcess, SimulatorProcess]) -> Iterator[Pair]:
    shop, erp = simulators
    shop.control("POST", "reset")
    erp.control("POST", "reset")
    hosts = frozenset({shop.host, erp.host})
    shop_values = {"base_url": shop.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    erp_values = {
        "base_url": f"{erp.url}/ctDynamicsSL",
        "cpny_id": "0060",
        "site_key": SITE_KEY,
        "default_site": "MAIN",
    }
    storefront = registry.build("clarity_ecommerce", ConnectionConfig(shop_values, allowed_hosts=hosts))
    dynamics = registry.build("dynamics_sl", ConnectionConfig(erp_values, allowed_hosts=hosts))
    yield Pair(shop, erp, Between(storefront, dynamics))
    storefront.close()
    dynamics.close()


LINES = [
    {"sku": "A50-HALO", "quantity": 2, "price": 59.99, "discount": 5},
    {"sku": "BLB-E27-4W", "quantity": 7, "price": 6.49},
]


def test_an_order_becomes_a_sales_order_whose_total_agrees_to_the_cent(pair: Pair) -> None:
    order_id = pair.place(
        email="pat.lee@example.com", lines=LINES, discount=3.5, handling=1.25, fees=0.5, coupon="LAMP5",
        purchase_order="PO-77", notes="Leave at the door",
    )  # fmt: skip
    number, sales_order = pair.sales_order(order_id)
    order = pair.order(order_id)
    assert sales_order["CustOrdNbr"] == f"CE-{order['orderNumber']}"
    assert Decimal(str(sales_order["CuryTotOrd"])) == Decimal(str(order["totalAmount"]))
    assert [line["InvtID"] for line in sales_order["lines"]] == ["A50-HALO", "BLB-E27-4W"]
    assert sales_order["ShipViaID"] == "UPSGRND"
    assert number


def test_the_same_order_again_is_no_second_sales_order(pair: Pair) -> None:
    order_id = pair.place()
    _, sales_order = pair.sales_order(order_id)
    assert pair.serve("order_out", order_id).reason_code == "unchanged"
    assert len(pair.erp.control("GET", f"orders?reference={sales_order['CustOrdNbr']}")) == 1


def test_a_change_after_release_is_held_for_a_person(pair: Pair) -> None:
    order_id = pair.place()
    pair.sales_order(order_id)
    pair.shop.control("POST", f"orders/{order_id}/status", {"status": "Void"})
    assert pair.serve("order_out", order_id).reason_code == "changed_after_release"


@pytest.mark.parametrize("status", ["Pending", "On Hold", "Split", "Void", "Awaiting Artwork"])
def test_orders_that_are_not_confirmed_stay_out_with_a_reason(pair: Pair, status: str) -> None:
    outcome = pair.serve("order_out", pair.place(status=status))
    assert (outcome.status, outcome.reason_code) == (RunStatus.SKIPPED, "filtered")
    assert "confirmed" in outcome.reason


def test_a_guest_order_makes_its_customer_once(pair: Pair) -> None:
    options = {"guest": True, "email": "new.guest@example.com"}
    first, second = pair.place(**options), pair.place(**options)
    _, one = pair.sales_order(first)
    _, other = pair.sales_order(second)
    assert one["CustID"] == other["CustID"]
    assert len(pair.erp.control("GET", "customers?email=new.guest@example.com")) == 1


def test_the_acknowledgement_sets_processing_and_the_erp_number(pair: Pair) -> None:
    order_id = pair.place()
    number, _ = pair.sales_order(order_id)
    pair.delivered("order_acknowledge", number, parent_target_id=number, parent_source_id=order_id)
    order = pair.order(order_id)
    assert (order["status"], order["attributes"]) == ("Processing", {"erpOrderNumber": number})


def test_two_shippers_become_two_shipments_and_the_last_one_moves_the_order(pair: Pair) -> None:
    order_id = pair.place(lines=LINES)
    number, _ = pair.sales_order(order_id)
    pair.delivered("order_acknowledge", number, parent_target_id=number, parent_source_id=order_id)
    for tracking, lines in (("1Z001", {"A50-HALO": 2, "BLB-E27-4W": 3}), ("1Z002", {"BLB-E27-4W": 4})):
        asked = {"lines": lines, "tracking": [tracking]}
        shipper = pair.erp.control("POST", f"orders/{number}/ship", asked)
        pair.delivered("shipment_back", shipper["ShipperID"])
        again = pair.serve("shipment_back", shipper["ShipperID"])
        assert again.reason_code == "unchanged"
    order = pair.order(order_id)
    assert order["status"] == "Shipped"
    assert [each["trackingNumber"] for each in order["shipments"]] == ["1Z001", "1Z002"]
    assert [sum(line["quantity"] for line in each["lines"]) for each in order["shipments"]] == [5, 4]
    mails = [each for each in pair.shop.control("GET", "outbox") if each["order_id"] == int(order_id)]
    assert [mail["subject"].rpartition(" ")[2] for mail in mails] == ["Processing", "Shipped"]


def test_a_cancelled_sales_order_voids_the_order(pair: Pair) -> None:
    order_id = pair.place()
    number, _ = pair.sales_order(order_id)
    pair.erp.control("POST", f"orders/{number}/cancel")
    pair.delivered("order_status_back", number)
    assert pair.order(order_id)["status"] == "Void"


def test_stock_of_a_warehouse_reaches_its_location(pair: Pair) -> None:
    pair.erp.control("POST", "items/A50-HALO/stock", {"qty": 12})
    pair.delivered("inventory_out", "A50-HALO")
    rows = [each for each in pair.shop.control("GET", "inventory") if each["sku"] == "A50-HALO"]
    assert {each["locationKey"]: each["quantity"] for each in rows} == {"MAIN": 12, "WEST": 5}


def test_an_item_that_the_store_does_not_sell_is_skipped(pair: Pair) -> None:
    pair.erp.control("POST", "items", {"InvtID": "RAW-GLASS", "Descr": "Raw glass", "price": 1, "cost": 1})
    assert pair.serve("product_out", "RAW-GLASS").status is RunStatus.SKIPPED


def test_a_price_reaches_the_product_and_its_name_stays_the_stores(pair: Pair) -> None:
    pair.shop.control("POST", "products/A50-HALO/price", {"price": 1})
    pair.delivered("product_out", "A50-HALO")
    (product,) = [each for each in pair.shop.control("GET", "products") if each["sku"] == "A50-HALO"]
    assert (product["price"], product["name"]) == (59.99, "Halo pendant, 50 cm, opal")


def test_an_account_becomes_one_customer_and_gets_its_number_back(pair: Pair) -> None:
    account = pair.shop.control("POST", "customers", {"name": "Nia Fox", "email": "nia@example.com"})
    for _ in range(2):
        pair.delivered("customer_in", str(account["customerId"]))
    (customer,) = pair.erp.control("GET", "customers?email=nia@example.com")
    pair.delivered("customer_back", customer["CustId"])
    (told,) = [each for each in pair.shop.control("GET", "customers") if each["email"] == "nia@example.com"]
    assert told["customerKey"] == customer["CustId"]
    assert pair.serve("customer_in", str(account["customerId"])).reason_code == "filtered"
