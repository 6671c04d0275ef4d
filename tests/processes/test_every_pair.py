"""Every ready flow of every ready pair over the real processes: what is done on one side is seen on the other.

Polls, webhooks, workers, beat and simulators are those of ``./connect up --pairs all``; nothing is called by hand.
"""

import uuid
from collections.abc import Iterator

import pytest

from integrations.connectors import registry
from integrations.operations import demos
from tests.processes.installation import Installation, running, wait_until
from tests.processes.pair_benches import PairBench, Placed, SalesOrder, bench_of

pytestmark = pytest.mark.processes

PAIRS = (
    ("x_cart", "dynamics_sl"), ("x_cart", "acumatica"), ("x_cart", "sage_500"), ("clarity_ecommerce", "dynamics_sl"),
)  # fmt: skip
TESTED = {
    "order_out", "order_acknowledge", "shipment_back", "order_status_back", "inventory_out", "product_out",
    "customer_in", "customer_back",
}  # fmt: skip
_PATIENCE_SECONDS = 40.0


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("pairs") / "state", "--pairs", "all") as one:
        yield one


@pytest.fixture(params=PAIRS, ids="-".join)
def bench(request: pytest.FixtureRequest, installation: Installation) -> PairBench:
    return bench_of(installation.ready, *request.param)


@pytest.fixture
def clarity(installation: Installation) -> PairBench:
    return bench_of(installation.ready, "clarity_ecommerce", "dynamics_sl")


def arrived(bench: PairBench, placed: Placed) -> SalesOrder:
    """Return the one sales order that an order became, once it is there."""
    wait_until(lambda: bench.sales_orders(placed), _PATIENCE_SECONDS, f"order {placed.number} in the ERP")
    (order,) = bench.sales_orders(placed)
    return order


def acknowledged(bench: PairBench, placed: Placed) -> SalesOrder:
    order = arrived(bench, placed)
    wait_until(
        lambda: bench.store.is_acknowledged(placed, order.number), _PATIENCE_SECONDS, "the acknowledgement"
    )
    return order


def test_every_ready_pair_and_every_flow_of_it_is_tested_here() -> None:
    ready = [(offer.storefront, offer.erp) for offer in demos.offers()]
    assert set(ready) == set(PAIRS)
    assert {one["definition"]["key"] for pair in ready for one in registry.template_pack(*pair)} == TESTED


def test_an_order_arrives_once_with_its_total_and_is_acknowledged(bench: PairBench) -> None:
    placed = bench.store.place(email="pat@example.com")
    order = acknowledged(bench, placed)
    assert order.total == bench.store.total(placed)
    assert len(bench.sales_orders(placed)) == 1


def test_a_shipment_comes_back_with_its_tracking_number_once(bench: PairBench) -> None:
    placed = bench.store.place()
    tracking = f"1Z999AA1{uuid.uuid4().int % 10**8:08d}"
    bench.erp.ship(acknowledged(bench, placed), tracking)
    wait_until(lambda: bench.store.is_shipped(placed), _PATIENCE_SECONDS, "the shop says shipped")
    assert bench.store.tracking(placed) == [tracking]


def test_a_cancellation_in_the_erp_is_seen_in_the_shop(bench: PairBench) -> None:
    placed = bench.store.place_unpaid()
    bench.erp.cancel(acknowledged(bench, placed))
    wait_until(lambda: bench.store.is_cancelled(placed), _PATIENCE_SECONDS, "the shop says cancelled")


def test_stock_that_is_counted_in_the_erp_is_seen_in_the_shop(bench: PairBench) -> None:
    bench.erp.count("CBL-TXT-3M", 77)
    wait_until(lambda: bench.store.stock("CBL-TXT-3M") == 77, _PATIENCE_SECONDS, "77 pieces in the shop")


def test_a_price_of_the_erp_is_seen_in_the_shop(clarity: PairBench) -> None:
    item = {"InvtID": "SHD-LIN-40", "Descr": "Linen shade, 40 cm", "price": 43.5, "stock": 33}
    clarity.erp.ask("POST", "items", item)
    wait_until(lambda: str(clarity.store.price("SHD-LIN-40")) == "43.5", _PATIENCE_SECONDS, "the new price")


def test_an_account_becomes_one_customer_and_gets_its_number(clarity: PairBench) -> None:
    email = "nia.fox@example.com"
    clarity.store.ask("POST", "customers", {"name": "Nia Fox", "email": email})
    wait_until(
        lambda: clarity.erp.ask("GET", f"customers?email={email}"),
        _PATIENCE_SECONDS,
        "the customer in the ERP",
    )
    (customer,) = clarity.erp.ask("GET", f"customers?email={email}")

    def has_number() -> bool:
        (account,) = [each for each in clarity.store.ask("GET", "customers") if each["email"] == email]
        return bool(account["customerKey"] == customer["CustId"])

    wait_until(has_number, _PATIENCE_SECONDS, "the customer number in the shop")
