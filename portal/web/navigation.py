"""The pages of the side bar and the bottom bar, in the order of the design.

Read by the ``navigation`` tags of ``base.html``. A page that has no address yet is left out, so the bar is
complete at every stage and never links into nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse


@dataclass(frozen=True, slots=True)
class NavigationPage:
    """A page of the bar: ``name`` is its URL name in ``web``; ``covers`` are the URL names it also lights up for."""

    name: str
    label: str
    icon: str
    covers: frozenset[str] = frozenset()
    short_label: str = ""


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """What the template draws of a page that exists."""

    page: NavigationPage
    url: str
    is_current: bool
    count: int


NAVIGATION: tuple[tuple[str, tuple[NavigationPage, ...]], ...] = (
    (
        "",
        (
            NavigationPage("home", "Home", "home"),
            NavigationPage(
                "errors",
                "Error desk",
                "alert-square-rounded",
                frozenset({"error-group", "bulk-actions", "bulk-new", "bulk-action"}),
                "Errors",
            ),
            NavigationPage("runs", "Runs", "list-search", frozenset({"run", "run-edit"})),
            NavigationPage("alerts", "Alerts", "bell"),
        ),
    ),
    (
        "Operate",
        (
            NavigationPage(
                "pairs", "Pairs", "arrows-left-right", frozenset({"pair", "pair-new", "pair-draft"})
            ),
            NavigationPage("sync-jobs", "Sync jobs", "rotate-clockwise", frozenset({"sync-job", "sync-new"})),
        ),
    ),
    (
        "Build",
        (
            NavigationPage(
                "connections", "Connections", "plug-connected", frozenset({"connection", "connection-new"})
            ),
            NavigationPage("sandbox", "Sandbox", "flask"),
        ),
    ),
)

# The pages whose count asks for a person; others show theirs in grey.
URGENT_PAGES = frozenset({"errors"})
BOTTOM_BAR_LENGTH = 4


def page_address(name: str, slug: str) -> str:
    """Return the address of a tenant's page, or "" when this installation has no such page."""
    try:
        return reverse(f"web:{name}", kwargs={"slug": slug})
    except NoReverseMatch:
        return ""


def navigation_groups(
    slug: str, current: str, counts: Mapping[str, int]
) -> list[tuple[str, list[NavigationLink]]]:
    """Return the groups with a tenant's existing pages; ``current`` is the URL name of the page being drawn."""
    groups = []
    for label, pages in NAVIGATION:
        links = [
            NavigationLink(
                page, url, current == page.name or current in page.covers, counts.get(page.name, 0)
            )
            for page in pages
            if (url := page_address(page.name, slug))
        ]
        if links:
            groups.append((label, links))
    return groups
