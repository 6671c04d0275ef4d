"""The same edit for all in Chromium: offered beside a checked edit, planned, started; axe content, no sideways scroll."""

import pytest
from playwright.sync_api import Page, expect

from integrations.operations import bulk_steps
from tests.conftest import database_role
from tests.domain.test_delivery import drain
from tests.e2e.conftest import Watched
from tests.e2e.test_pages import serious

pytestmark = pytest.mark.e2e


def look_at(watched: Watched, page: Page) -> None:
    """Fail unless the page is quiet, can be read by everybody, and does not scroll sideways."""
    assert watched.complaints == []
    assert serious(page) == []
    # axe itself sets styles that the policy stops; what the page said was looked at before.
    watched.complaints.clear()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [1440, 390])
def test_an_edit_of_one_is_planned_for_all_that_hold_the_same(watched: Watched, width: int) -> None:
    company = watched.company
    for number in (1005, 1006):
        company.fail_order(number)
    page = watched.open(f"runs/{company.run(1004).pk}/edit?view=all", width=width)
    page.get_by_label("lines[0].quantity").fill("3")
    page.get_by_label("total").fill("33")
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".note")).to_contain_text("2 other orders that wait for this hold the same")
    look_at(watched, page)
    page.get_by_role("button", name="Plan the same edit for all 3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The same edit for 3 orders")
    look_at(watched, page)
    page.get_by_role("button", name="Back to the edit").click()
    expect(page.get_by_label("lines[0].quantity")).to_have_value("3")
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Plan the same edit for all 3").click()
    page.get_by_role("button", name="Edit one, then all 3").click()
    page.wait_for_url("**/bulk-actions/*")
    expect(page.locator("#bulk-action")).to_contain_text("1004 goes first")
    drain()
    for _ in range(2):
        with database_role("engine"):
            bulk_steps.advance_all()
    drain()
    with database_role("engine"):
        bulk_steps.advance_all()
    expect(page.locator("#bulk-action")).to_contain_text("None of them needs you any more", timeout=15_000)
    look_at(watched, page)
