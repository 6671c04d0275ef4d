"""Every ready flow of every ready pair over the real processes: what is done on one side is seen on the other.

Polls, webhooks, workers, beat and simulators are those of ``./connect up --pairs all``; nothing is called by hand.
"""

import json
import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, WriteRequest
from integrations.kinds import Kind
from integrations.operations import demos
from integrations.operations.demo_settings import settings_of
from integrations.stores.demo_places import Place
from tests.processes.installation import Installation, running, wait_until
from tests.processes.pair_benches import PairBench, Placed, SalesOrder, bench_of

pytestmark = pytest.mark.processes

PAIRS = (
    ("x_cart", "dynamics_sl"), ("x_cart", "acumatica"), ("x_cart", "sage_500"), ("clarity_ecommerce", "dynamics_sl"),
)  # fmt: skip
TESTED = {
    "order_out", "order_acknowledge", "shipment_back", "order_status_back", "inventory_out", "product_out",
    "customer_in", "customer_back", "payment_out", "return_out",
}  # fmt: skip
_PATIENCE_SECONDS = 40.0


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running(tmp_path_factory.mktemp("pairs") / "state", "--pairs", "all") as one:
        yield one


@pytest.fixture(params=PAIRS, ids="-".join)
def bench(request: pytest.FixtureRequest, installation: Installation) -> PairBench:
    return bench_of(installation.ready, *request.param)


@pytest.fixture(params=[pair for pair in PAIRS if pair[0] == "x_cart"], ids="-".join)
def x_cart(request: pytest.FixtureRequest, installation: Installation) -> PairBench:
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


def test_a_price_of_the_erp_is_seen_in_the_shop(bench: PairBench) -> None:
    bench.erp.reprice("SHD-LIN-40", "43.5")
    price = Decimal("43.5")
    wait_until(lambda: bench.store.price("SHD-LIN-40") == price, _PATIENCE_SECONDS, "the new price")


def test_an_account_becomes_one_customer(bench: PairBench) -> None:
    email = "nia.fox@example.com"
    bench.store.open_account(email)
    wait_until(lambda: bench.erp.customers(email), _PATIENCE_SECONDS, "the customer in the ERP")
    assert len(bench.erp.customers(email)) == 1


def test_what_was_paid_is_received_in_the_erp_once(bench: PairBench) -> None:
    placed = bench.store.place()
    order = arrived(bench, placed)
    wait_until(lambda: bench.erp.receipts(order), _PATIENCE_SECONDS, "the receipt in the ERP")
    assert bench.erp.receipts(order) == [bench.store.total(placed)]


def test_what_is_captured_later_is_received_in_the_erp_once(x_cart: PairBench) -> None:
    placed = x_cart.store.place(payment_status="A", payment_method="PayPal")
    order = arrived(x_cart, placed)
    assert x_cart.erp.receipts(order) == [], "an authorisation is no money"
    x_cart.store.capture(placed)
    wait_until(lambda: x_cart.erp.receipts(order), _PATIENCE_SECONDS, "the receipt in the ERP")
    assert x_cart.erp.receipts(order) == [x_cart.store.total(placed)]


def test_a_customer_number_of_the_erp_is_seen_in_the_shop(bench: PairBench) -> None:
    email = "omar.fox@example.com"
    store, erp = bench.store, bench.erp
    store.open_account(email)
    wait_until(lambda: erp.customers(email), _PATIENCE_SECONDS, "the customer in the ERP")
    (customer,) = erp.customers(email)
    number = erp.number_of(customer)
    wait_until(
        lambda: store.shows_number(email, number), _PATIENCE_SECONDS, "the customer number in the shop"
    )


def test_an_approved_return_is_a_return_order_in_the_erp(
    clarity: PairBench, installation: Installation
) -> None:
    placed = clarity.store.place()
    arrived(clarity, placed)
    asked = clarity.store.ask_return(placed)
    approve(installation, str(asked["returnId"]))
    returned = Placed(str(asked["returnId"]), str(asked["returnNumber"]))
    arrived(clarity, returned)


def approve(installation: Installation, return_id: str) -> None:
    """Do what the site's staff does; the control API has no such desk, so it is done by the site's own interface."""
    told = next((installation.directory / "sandbox" / "demos").glob("*-clarity_ecommerce-dynamics_sl.ready"))
    places = json.loads(told.read_text())
    store = Place(**places["storefront"])
    config = ConnectionConfig(
        values=settings_of("clarity_ecommerce", store, places["secret"]),
        allowed_hosts=frozenset({store.url.removeprefix("http://")}),
    )
    connector = registry.build("clarity_ecommerce", config)
    try:
        connector.write(WriteRequest(Kind.RETURN, {"status": "approved"}, external_id=return_id))  # type: ignore[attr-defined]
    finally:
        connector.close()
