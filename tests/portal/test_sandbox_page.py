"""The sandbox page against the real simulators: order, ship, stock, break, mend; and what it says when they are gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from integrations.kinds import Environment, Role
from integrations.models import in_tenant
from integrations.operations import connections, pairs, tenants
from tests.contract.processes import SimulatorProcess, running
from tests.portal.conftest import browser
from tests.worlds import ACTOR, BenchWorld


@dataclass
class Bench:
    client: Client
    store: SimulatorProcess
    erp: SimulatorProcess
    path: str

    def page(self) -> str:
        answer = self.client.get(self.path)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def post(self, what: str, **given: str) -> str:
        answer = self.client.post(f"{self.path}/{what}", given, follow=True)
        return " ".join(answer.content.decode().split())


@pytest.fixture
def bench(database: None, settings: LazySettings, tmp_path: Path) -> Iterator[Bench]:
    with running("x_cart", tmp_path) as store, running("dynamics_sl", tmp_path) as erp:
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({store.host, erp.host})
        settings.SANDBOXES = {
            name: {"url": one.url, "control_url": f"{one.url}/control/", "token": ""}
            for name, one in (("x_cart", store), ("dynamics_sl", erp))
        }
        tenant = tenants.create_tenant("Northline")
        with in_tenant(tenant.pk):
            shop = connections.create_connection("x_cart", "Demo store", {"base_url": store.url}, actor=ACTOR)
            ledger = connections.create_connection(
                "dynamics_sl",
                "Demo ERP",
                {"base_url": f"{erp.url}/ctDynamicsSL", "cpny_id": "0060", "site_key": "k"},
                actor=ACTOR,
            )
            pair = pairs.create_pair("Demo", Environment.SANDBOX, shop.pk, ledger.pk, actor=ACTOR)
        world = BenchWorld(tenant, pair, shop, ledger, "")
        from tests.portal.conftest import member

        client = browser(member(world, Role.OWNER))
        yield Bench(client, store, erp, f"/t/{tenant.slug}/sandbox")


def test_the_page_shows_goods_switches_and_an_empty_feed(bench: Bench) -> None:
    page = bench.page()
    for words in ("Halo pendant", "Break things", "0 on", "Timeout after saving", "No sales order yet."):
        assert words in page, words
    assert 'href="/t/northline/sandbox"' in page


def test_an_order_is_placed_as_the_form_says(bench: Bench) -> None:
    page = bench.post("orders", **{"quantity:A50-HALO": "2", "quantity:LMP-ARC-BRS": "0", "with": "guest"})
    assert "is placed. Watch it arrive." in page
    (placed,) = bench.store.control("GET", "orders")
    order = bench.store.control("GET", f"orders/{placed['id']}")
    assert [(line["sku"], line["amount"]) for line in order["items"]] == [("A50-HALO", 2)]


def test_an_order_with_an_unknown_sku_carries_it(bench: Bench) -> None:
    bench.post("orders", **{"with": "unknown"})
    (placed,) = bench.store.control("GET", "orders")
    order = bench.store.control("GET", f"orders/{placed['id']}")
    assert "ZZ-404" in [line["sku"] for line in order["items"]]


def test_an_empty_basket_places_nothing(bench: Bench) -> None:
    assert "Choose at least one piece." in bench.post("orders", **{"quantity:A50-HALO": "0"})
    assert bench.store.control("GET", "orders") == []


def test_a_sales_order_is_shipped(bench: Bench) -> None:
    (number,) = bench.erp.control("POST", "orders", {})["orders"]
    assert "Shipped as" in bench.post("ship", order=number)
    assert bench.erp.control("GET", f"orders/{number}")["shippers"]
    assert "refused that" in bench.post("ship", order="../items")


def test_stock_is_counted_and_nonsense_refused(bench: Bench) -> None:
    assert "A50-HALO: 7 on hand." in bench.post("stock", sku="A50-HALO", quantity="7")
    assert "Stock is a whole number" in bench.post("stock", sku="A50-HALO", quantity="-1")
    items = {one["InvtID"].strip(): one for one in bench.erp.control("GET", "items")}
    assert 7 in [one["QtyOnHand"] for one in items["A50-HALO"]["bins"]]


def test_a_switch_breaks_something_and_mends_it_again(bench: Bench) -> None:
    page = bench.post("faults", fault="lost", on="1")
    assert "1 on" in page
    assert "Demo ERP: timeout after saving" in page
    assert [one["kind"] for one in bench.erp.control("GET", "faults")] == ["drop_after_commit"]
    bench.post("faults", fault="lost", on="0")
    assert bench.erp.control("GET", "faults") == []
    assert bench.client.post(f"{bench.path}/faults", {"fault": "nope"}).status_code == 404


def test_everything_is_mended_at_once(bench: Bench) -> None:
    for key in ("slow", "hooks"):
        bench.post("faults", fault=key, on="1")
    bench.post("reset")
    assert bench.erp.control("GET", "faults") == bench.store.control("GET", "faults") == []


def test_the_live_part_has_a_place_for_everything_that_moves(bench: Bench) -> None:
    page = bench.client.get(f"{bench.path}/live").content.decode()
    assert page.count("hx-swap-oob") == 4
    assert "<html" not in page


def test_a_simulator_that_is_gone_is_told_and_the_page_still_opens(bench: Bench) -> None:
    bench.erp.stop()
    assert "The sandbox of dynamics_sl does not answer." in bench.page()
    bench.erp._start()
