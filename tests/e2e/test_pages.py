"""The main pages in Chromium: nothing on the console, no policy violated, axe content, no sideways scroll."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from integrations.models import in_tenant
from integrations.operations import bulk_steps
from integrations.queries import causes
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.e2e.conftest import Watched

pytestmark = pytest.mark.e2e


def serious(page: Page) -> list[Any]:
    """Return what axe calls serious or critical: rule and the first place."""
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def paths(watched: Watched) -> list[str]:
    company = watched.company
    with in_tenant(company.world.tenant.pk):
        keys = [cause.key for cause in causes.list_causes()]
    ids = [company.run(number).pk for number in (1001, 1002, 1003, 1004)]
    return [
        "",
        "runs",
        "runs?q=1003&tab=needs",
        "runs?q=nothing",
        *(f"runs/{run_id}" for run_id in ids),
        f"runs/{ids[3]}/edit",
        f"runs/{ids[3]}/edit?view=all",
        f"runs/{ids[3]}/edit?view=json",
        "errors",
        *(f"errors/{key}" for key in keys),
        "bulk-actions",
        "bulk-actions/new",
        "bulk-actions/new?code=nothing",
        "sync-jobs",
        "sync-jobs/new",
        "alerts",
        "pairs",
        "pairs/new",
        f"pairs/{company.world.pair.pk}",
        f"pairs/{company.world.pair.pk}/draft",
        "sandbox",
        "connections",
        "connections/new?system=dynamics_sl",
        f"connections/{company.world.store.pk}",
    ]


@pytest.mark.parametrize(
    ("width", "theme"), [(1440, "light"), (1440, "dark"), (1000, "light"), (360, "light")]
)
def test_every_page_is_quiet_fits_and_can_be_read_by_everybody(
    watched: Watched, width: int, theme: str
) -> None:
    for path in paths(watched):
        page = watched.open(path, width=width, theme=theme)
        assert watched.complaints == [], path
        assert serious(page) == [], path
        # axe itself sets styles that the policy stops; what the page said was looked at before.
        watched.complaints.clear()
        sideways = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sideways <= 0, f"{path} scrolls {sideways} px sideways"
        page.close()


def test_a_sku_is_linked_from_home_with_the_keyboard_alone(watched: Watched) -> None:
    page = watched.open()
    page.get_by_role("link", name="Link SKU").focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Item in Bench ERP")
    field.focus()
    page.keyboard.type("A50HALO")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("A50-HALO is A50HALO now. 1 record goes in order.")


def test_a_skip_asks_for_its_reason_first(watched: Watched) -> None:
    run = watched.company.run(1004)
    page = watched.open(f"runs/{run.pk}")
    page.get_by_role("button", name="Skip with reason…").click()
    dialog = page.get_by_role("dialog", name="Skip order 1004")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Skip with reason…").click()
    dialog.get_by_label("Reason").fill("test order")
    dialog.get_by_role("button", name="Skip it").click()
    expect(page.locator(".badge").first).to_contain_text("Skipped")


def test_a_connection_test_says_what_it_found_without_leaving_the_page(watched: Watched) -> None:
    page = watched.open(f"connections/{watched.company.world.erp.pk}")
    page.get_by_role("button", name="Test now").click()
    expect(page.locator("#test-results")).to_contain_text("It answers.")


def test_the_next_row_is_one_key_away(watched: Watched) -> None:
    page = watched.open("runs")
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")
    expect(page.locator("h1")).to_contain_text("1003")


def test_home_refreshes_itself_and_keeps_its_chart(watched: Watched) -> None:
    page = watched.open()
    chart = page.locator("#day-chart canvas")
    expect(chart).to_have_count(1)
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        pass
    expect(chart).to_have_count(1)


def test_an_edit_is_checked_and_saved_and_a_bulk_retry_tries_one_first(watched: Watched) -> None:
    company = watched.company
    run = company.run(1004)
    page = watched.open(f"runs/{run.pk}/edit")
    page.get_by_role("button", name="All ").click()
    page.get_by_label("lines[0].quantity").fill("3")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="What does not fit")).to_be_visible()
    page.get_by_role("button", name="JSON").click()
    record = page.get_by_label("Record as JSON")
    record.fill(record.input_value().replace('"total": 23.0', '"total": 33.0'))
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#sent")).to_contain_text("What Bench ERP would get")
    expect(page.get_by_text("lines[0].quantity").first).to_be_visible()
    company.ledger.faults.append("422")
    page.get_by_role("button", name="Save and retry").click()
    expect(page.locator(".toast")).to_contain_text("Order 1004 was sent again as edited.")
    drain()
    page.goto(f"{watched.address}{company.at('runs?tab=needs')}")
    page.get_by_role("link", name="Plan for all 2 that wait for you here…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Held and failed records: 2")
    page.get_by_role("button", name="Try one, then retry 2").click()
    page.wait_for_url("**/bulk-actions/*")
    expect(page.locator("#bulk-action")).to_contain_text("the others wait for it.")
    with database_role("engine"):
        bulk_steps.advance_all()
    drain()
    # 1003 goes first, the ERP knows its SKU by now: the page finds out by itself.
    expect(page.locator("#bulk-action")).to_contain_text("1003 goes first: succeeded.", timeout=15_000)
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_label("Reason, for those who wonder").fill("enough seen")
    page.get_by_role("button", name="Cancel the action").click()
    expect(page.locator(".badge").first).to_contain_text("Cancelled")
