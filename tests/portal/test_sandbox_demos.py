"""Demos of the sandbox page over a real launcher: opened by a button, played with, closed, opened again."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from integrations.kinds import Role
from integrations.models import Connection, Flow, Pair, Tenant, in_tenant
from integrations.operations import demos, pairs, tenants
from integrations.stores import demo_places
from integrations.stores.demo_places import DemoKey
from portal.accounts.models import Membership, User
from portal.launcher.demos import Demos
from portal.launcher.state import State
from tests.conftest import database_role
from tests.portal.conftest import browser
from tests.processes.installation import wait_until
from tests.worlds import ACTOR

READY = ("x_cart-dynamics_sl", "x_cart-acumatica", "x_cart-sage_500", "clarity_ecommerce-dynamics_sl")


@dataclass
class Floor:
    """A company's owner before the sandbox page, and the launcher behind it."""

    tenant: Tenant
    client: Client
    launcher: Demos
    path: str

    def page(self, **query: str) -> str:
        answer = self.client.get(self.path, query)
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    def post(self, what: str, **given: str) -> str:
        answer = self.client.post(f"{self.path}/{what}", given, follow=True)
        assert answer.status_code == 200, what
        return " ".join(answer.content.decode().split())

    def pair(self) -> Pair:
        with in_tenant(self.tenant.pk):
            found: Pair = Pair.objects.select_related("storefront", "erp").get()
            return found

    def key(self, name: str) -> DemoKey:
        return DemoKey(self.tenant.pk, *name.split("-"))

    def has_processes(self) -> bool:
        return any(slot.demo is not None for slot in self.launcher._slots)


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> Iterator[Demos]:
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    made = Demos(State.open(), "token", slots=1)
    settings.DEMO_DIRECTORY = str(made.directory)
    settings.ALLOWED_PRIVATE_HOSTS = frozenset(made.hosts)
    settings.SANDBOXES = {}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            made.look()

    # A child of the launcher dies with the thread that started it, so that thread stops it too.
    thread = threading.Thread(target=lambda: (watch(), made.stop()))
    thread.start()
    yield made
    is_over.set()
    thread.join()


@pytest.fixture
def floor(database: None, launcher: Demos) -> Floor:
    tenant = tenants.create_tenant("Northline")
    owner = User.objects.create_user("owner@northline.example", "a-long-password")
    with in_tenant(tenant.pk):
        Membership.objects.create(user=owner, role=Role.OWNER.value)
    return Floor(tenant, browser(owner), launcher, f"/t/{tenant.slug}/sandbox")


def test_every_ready_pair_is_offered_and_no_simulator_runs_before_it_is_asked_for(floor: Floor) -> None:
    page = floor.page()
    assert [page.count(f'value="{name}"') for name in READY] == [1, 1, 1, 1]
    assert "Pairs to play with" in page
    assert not floor.has_processes()
    assert 'href="/t/northline/sandbox"' in page


@pytest.mark.parametrize("name", READY)
def test_a_demo_is_opened_by_a_button_and_everything_on_its_page_works(floor: Floor, name: str) -> None:
    page = floor.post("open", demo=name)
    assert "runs. Place an order." in page
    pair = floor.pair()
    assert pair.environment == "sandbox"
    with in_tenant(floor.tenant.pk):
        assert Flow.objects.filter(pair=pair, current__isnull=False).count() >= 5
    at = {"pair": str(pair.pk)}
    assert "Halo pendant" in page and "A50-HALO" in page
    assert "is placed. Watch it arrive." in floor.post(
        "orders", **at, **{"quantity:A50-HALO": "2", "with": "guest"}
    )
    assert "is placed. Watch it arrive." in floor.post("orders", **at, **{"with": "unknown"})
    assert "A50-HALO: 7 on hand." in (page := floor.post("stock", **at, sku="A50-HALO", quantity="7"))
    assert 'name="quantity" value="7"' in page
    assert "1 on" in floor.post("faults", **at, fault="lost", on="1")
    assert "Everything works again." in floor.post("reset", **at)
    bench = next(one.bench for one in _choices(floor) if one.bench is not None)
    placed = bench.erp.ask("POST", "orders", {})["orders"][0].rpartition("/")[2]
    assert "Shipped as" in floor.post("ship", **at, order=placed)
    assert ">shipped" in floor.page().replace(" ", "")


def _choices(floor: Floor) -> list[Any]:
    from portal.web import sandbox_benches

    return sandbox_benches.choices(floor.tenant)


def test_a_closed_demo_is_paused_as_one_and_goes_on_with_what_it_held(floor: Floor) -> None:
    floor.post("open", demo="x_cart-dynamics_sl")
    floor.post("orders", **{"quantity:A50-HALO": "1", "with": "guest"})
    first = floor.pair()
    assert "The demo is closed." in floor.post("close", demo="x_cart-dynamics_sl")
    wait_until(lambda: not floor.has_processes(), 10, "the simulators to end")
    closed = floor.pair()
    assert closed.pause_reason == closed.erp.pause_reason == closed.storefront.pause_reason == demos.CLOSED
    home = floor.client.get(f"/t/{floor.tenant.slug}/").content.decode()
    assert "stopped at" not in home, "a closed demo is nobody's trouble"
    page = floor.post("open", demo="x_cart-dynamics_sl")
    again = floor.pair()
    assert again.pk == first.pk
    assert (again.paused_at, again.erp.paused_at, again.storefront.paused_at) == (None, None, None)
    assert "No order yet." not in page


def test_a_demo_that_nobody_looks_at_is_closed(floor: Floor, settings: LazySettings) -> None:
    floor.post("open", demo="x_cart-dynamics_sl")
    wish = Path(settings.DEMO_DIRECTORY) / f"{floor.key('x_cart-dynamics_sl')}.wish"
    long_ago = time.time() - settings.DEMO_IDLE_SECONDS - 60
    with database_role("engine"):
        assert demos.tend_demos() == 0
    os.utime(wish, (long_ago, long_ago))
    floor.client.get(f"{floor.path}/live")
    with database_role("engine"):
        assert demos.tend_demos() == 0, "a page that is open keeps it"
        os.utime(wish, (long_ago, long_ago))
        assert demos.tend_demos() == 1
    assert floor.pair().pause_reason == demos.CLOSED
    with in_tenant(floor.tenant.pk):
        pairs.resume_pair(floor.pair().pk, actor=ACTOR)
    with database_role("engine"):
        assert demos.tend_demos() == 1, "resumed by hand while nothing runs behind it"
        assert demos.tend_demos() == 0
    answer = floor.client.get(f"{floor.path}/live")
    assert answer["HX-Redirect"] == floor.path


def test_a_simulator_that_was_started_again_is_known_by_its_new_certificate(floor: Floor) -> None:
    floor.post("open", demo="x_cart-sage_500")
    before = floor.pair().erp
    killed = next(slot.demo for slot in floor.launcher._slots if slot.demo is not None)
    process = killed.children["sage_500"].process
    assert process is not None
    process.kill()

    def is_known() -> bool:
        with database_role("engine"):
            demos.tend_demos()
        return bool(floor.pair().erp.settings["sql_certificate"] != before.settings["sql_certificate"])

    wait_until(is_known, 30, "the new certificate")
    assert floor.pair().erp.settings["sql_port"] == before.settings["sql_port"]


def test_when_all_places_are_taken_the_page_says_so(floor: Floor) -> None:
    floor.post("open", demo="x_cart-dynamics_sl")
    page = floor.post("open", demo="x_cart-acumatica")
    assert "All places for demos are taken" in page
    with in_tenant(floor.tenant.pk):
        assert Pair.objects.count() == 1
        assert Connection.objects.count() == 2


def test_a_demo_that_is_not_offered_is_404(floor: Floor) -> None:
    for name in ("x_cart-x_cart", "../../x", ""):
        assert floor.client.post(f"{floor.path}/open", {"demo": name}).status_code == 404


def test_without_a_launcher_the_page_says_why_and_what_to_do(floor: Floor, settings: LazySettings) -> None:
    settings.DEMO_DIRECTORY = ""
    page = floor.page()
    assert "Simulators are not started from here." in page
    assert "./connect up" in page
    assert "sandbox/open" not in page
    assert "This installation starts no simulators" in floor.post("open", demo="x_cart-acumatica")
    assert demo_places.wished() == []
