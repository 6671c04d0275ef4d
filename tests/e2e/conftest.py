"""A web process in a thread (the web role, as in production) and Chromium before it; any console message fails a test."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from integrations.kinds import Role
from tests.bench.erp_server import Ledger, serving
from tests.portal.conftest import Company, browser, member
from tests.worlds import make_bench_world

CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# Playwright's sync API keeps an event loop on this thread, and Django then takes every query for an async one.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        return None


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    playwright: Playwright
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield opened
        opened.close()


@dataclass
class Watched:
    """Pages of one signed-in person, and everything the console said on them."""

    company: Company
    address: str
    context: BrowserContext
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str = "", *, width: int = 1440, theme: str = "light") -> Page:
        """Open a page below the company's address and watch its console."""
        self.context.add_cookies([{"name": "theme", "value": theme, "url": self.address}])
        page = self.context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        answer = page.goto(f"{self.address}{self.company.at(path)}")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        page.wait_for_load_state("networkidle")
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def ledger(settings: LazySettings) -> Iterator[Ledger]:
    with serving() as (url, ledger):
        settings.ALLOWED_PRIVATE_HOSTS = frozenset({url.removeprefix("http://")})
        ledger.url = url  # type: ignore[attr-defined]
        yield ledger


@pytest.fixture
def company(database: None, ledger: Ledger) -> Company:
    """Return a company with one record in each state a person meets."""
    world = make_bench_world(ledger.url)  # type: ignore[attr-defined]
    owner = member(world, Role.OWNER)
    made = Company(world, ledger, owner, browser(owner))
    made.deliver_order(1001)
    ledger.faults.append("drop_after_commit")
    made.deliver_order(1002)
    made.hold_order(1003)
    made.fail_order(1004)
    return made


@pytest.fixture
def watched(company: Company, chromium: Browser) -> Iterator[Watched]:
    from django.core.wsgi import get_wsgi_application

    server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    context = chromium.new_context()
    session = company.client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])
    watched = Watched(company, address, context)
    try:
        yield watched
        assert watched.complaints == []
    finally:
        context.close()
        server.shutdown()
        server.server_close()
        thread.join()
